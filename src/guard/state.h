/*
 * The state directory: where everything of one recorder lies, and how its parts are opened.
 *
 *     komainu.yaml    settings (guard/options)
 *     guard.db        accounts, cameras, wrapped keys, journal
 *     journal.pub     the public key of the journal's checkpoints
 *     root.key        what opens the root key, unless a passphrase or another file does
 *     index/index.db  which segments and gaps there are (the writer's)
 *     recordings/     the segment files
 *     control.sock    the command line's door while the guard runs
 */
#ifndef KM_GUARD_STATE_H
#define KM_GUARD_STATE_H

#include "guard/database.h"
#include "guard/options.h"
#include "guard/vault.h"

#define KM_STATE_PATH_SIZE 1024

struct km_state {
	char directory[KM_STATE_PATH_SIZE]; /* absolute */
	char recordings[KM_STATE_PATH_SIZE];
	char index[KM_STATE_PATH_SIZE];
	struct km_options options;
	struct km_database *database;
	struct km_vault *vault; /* NULL until km_state_unlock */
};

/* How the root key is to be opened: paths given by the user; both NULL: root.key in the directory.
 */
struct km_state_key {
	const char *key_file;
	const char *passphrase_file;
};

/*
 * Make a state directory: 0700, settings with all defaults, database, root key (in a new key file
 * unless a passphrase file is given), certificate for `host_name`. Nothing that exists is touched:
 * KM_ERR_EXISTS. On failure the files that were made are taken away again, and ret_error says what
 * went wrong, and where.
 */
KM_MUST_USE int km_state_make(const char *directory, const struct km_state_key *key,
    const char *host_name, struct km_buf *ret_error);

/* Open settings and database. KM_ERR_NOT_FOUND: `komainu init` was not run there. */
KM_MUST_USE int km_state_open(
    const char *directory, struct km_state *ret_state, struct km_buf *ret_error);

/* Open the root key. Returns 0, KM_ERR_AUTH, KM_ERR_NOT_FOUND (no key file), ... */
KM_MUST_USE int km_state_unlock(
    struct km_state *state, const struct km_state_key *key, struct km_buf *ret_error);

/* Wipes and closes. A zeroed struct is fine. */
void km_state_close(struct km_state *state);

#endif
