/*
 * The door for the command line: a socket in the state directory (control.sock, mode 0600), for the
 * user that runs the guard and for root. Messages as between roles (KM_ROLE_COMMAND).
 */
#ifndef KM_GUARD_CONTROL_H
#define KM_GUARD_CONTROL_H

#include "guard/hub.h"

struct km_control;

/* Listen. A stale socket is replaced. Returns 0, KM_ERR_EXISTS (a guard runs here) or KM_ERR_SYS.
 */
KM_MUST_USE int km_control_create(struct km_hub *hub, struct km_control **ret_control);

/* Close the door and those who stand in it. NULL is fine. */
void km_control_destroy(struct km_control *control);

/*
 * The other side, for the command line: connect, blocking. Returns a descriptor, or KM_ERR_CLOSED
 * (no guard runs here), KM_ERR_LIMIT (path too long) or KM_ERR_SYS.
 */
int km_control_connect(const char *state_directory);

#endif
