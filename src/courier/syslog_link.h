/*
 * Syslog over TLS [RFC 5425]: a connection for each delivery.
 *
 * Syslog has no answer. So we say that we have ended, and only when the other side has ended too,
 * in order, did it read everything: then the delivery counts as taken. A collector that never ends
 * its side counts as one that did not take it.
 */
#ifndef KM_COURIER_SYSLOG_LINK_H
#define KM_COURIER_SYSLOG_LINK_H

#include "courier/post.h"
#include "io/loop.h"

struct km_syslog_link;

/* As km_transfer_start. */
KM_MUST_USE int km_syslog_link_start(struct km_loop *loop, const struct km_post *post,
    void (*on_done)(void *context, const struct km_post_outcome *outcome), void *context,
    struct km_syslog_link **ret_link);

/* End it; on_done is not called. NULL is fine. */
void km_syslog_link_cancel(struct km_syslog_link *link);

#endif
