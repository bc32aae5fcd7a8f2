/*
 * Which sockets of the recorder's own processes listen, compared with what should: looked at each
 * minute, and whenever somebody asks. Private to guard/. [IPA a22-2]
 *
 * What a process has open is read from /proc/PID/fd. Where the kernel does not let us (the roles
 * protect themselves, and the guard has no right to trace), the socket's user tells whose it is:
 * each role has one of its own when root starts the recorder. If other programs of the same user
 * run that we cannot look into either, a socket that we do not know is "unsure", not "unexpected".
 */
#ifndef KM_GUARD_HUB_LISTENERS_H
#define KM_GUARD_HUB_LISTENERS_H

#include "guard/hub.h"

struct km_hub_listeners;

KM_MUST_USE int km_hub_listeners_create(
    struct km_hub *hub, struct km_hub_listeners **ret_listeners);

/* NULL is fine. */
void km_hub_listeners_destroy(struct km_hub_listeners *listeners);

/* How many the last look found that should not be there. */
uint32_t km_hub_listeners_unexpected(const struct km_hub *hub);

/*
 * Why that it found none would not mean that there is none: nobody has looked yet, the look failed,
 * or a socket is "unsure". Static; NULL: it does.
 */
const char *km_hub_listeners_why_unsure(const struct km_hub *hub);

#endif
