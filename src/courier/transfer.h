/*
 * Mail and webhooks over libcurl, driven by our loop: nothing blocks, everything has a time limit,
 * nothing goes without TLS, nothing is followed elsewhere.
 */
#ifndef KM_COURIER_TRANSFER_H
#define KM_COURIER_TRANSFER_H

#include "courier/post.h"
#include "io/loop.h"

struct km_transfers; /* all of this process */
struct km_transfer;  /* one that is under way */

/* Before the sandbox: libraries read their settings. One per process. */
KM_MUST_USE int km_transfers_create(struct km_loop *loop, struct km_transfers **ret_transfers);

/* All transfers must have ended or been cancelled. NULL is fine. */
void km_transfers_destroy(struct km_transfers *transfers);

/*
 * Begin to send a delivery to the mail server or webhook of its destination; post is borrowed for
 * the call only, its destination until the end. on_done is called once, from the loop; the transfer
 * is gone then. Returns 0, KM_ERR_MEMORY, or why it cannot be written.
 */
KM_MUST_USE int km_transfer_start(struct km_transfers *transfers, const struct km_post *post,
    void (*on_done)(void *context, const struct km_post_outcome *outcome), void *context,
    struct km_transfer **ret_transfer);

/* End it; on_done is not called. NULL is fine. */
void km_transfer_cancel(struct km_transfer *transfer);

#endif
