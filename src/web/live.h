/*
 * Live viewers: each camera that somebody watches has one reader of its ring, whose fragments all
 * its viewers share.
 */
#ifndef KM_WEB_LIVE_H
#define KM_WEB_LIVE_H

#include "web/web.h"

KM_MUST_USE int km_live_create(struct km_web *web, struct km_live **ret_live);

/* All sockets must have gone. NULL is fine. */
void km_live_destroy(struct km_live *live);

/* km_server_events.on_socket_open; context is the struct km_web. Nothing is sent before the gate
 * has said yes. */
void km_live_on_socket_open(
    void *context, struct km_socket *socket, const struct km_request *request);

/*
 * Guard sent a ring without being asked: the camera has a new one. Sets descriptors to -1 that are
 * kept.
 */
void km_live_on_ring(
    struct km_live *live, const struct km_message_ring_open *message, int *fds, size_t fd_count);

/* Guard says that rights have changed: each viewer is asked about anew. */
void km_live_on_rights(struct km_live *live);

/* Close the viewers of a session that has ended. */
void km_live_end_session(struct km_live *live, struct km_bytes session);

#endif
