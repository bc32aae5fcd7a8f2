/*
 * The system users of the roles, when root starts the recorder.
 *
 * Each role has a user of its own (packaging/komainu.sysusers): komainu-receiver, komainu-writer,
 * komainu-web. Writer and web share the group komainu-media, so that web can read the recordings'
 * ciphertext and the index. Where these users do not exist, fixed numbers from the range that
 * systemd keeps for dynamic users are used instead.
 */
#ifndef KM_GUARD_USERS_H
#define KM_GUARD_USERS_H

#include "base/compiler.h"

#include "model/roles.h"

#include <sys/types.h>

/* Both 0 if this process is not root: the role then keeps its parent's. */
void km_users_of(enum km_role role, uid_t *ret_uid, gid_t *ret_gid);

/* Give a directory to the writer, readable by web. Does nothing if not root. 0 or KM_ERR_SYS. */
KM_MUST_USE int km_users_give_to_writer(const char *directory);

/*
 * Whether the roles' users can get to a directory: each one above it must be searchable (o+x).
 * Returns 0, or KM_ERR_DENIED with the first that is not in ret_obstacle. Always 0 if not root.
 */
KM_MUST_USE int km_users_can_reach(const char *directory, char *ret_obstacle, size_t size);

#endif
