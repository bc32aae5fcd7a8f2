/*
 * A bounded queue of items between two threads of the writer.
 */
#ifndef KM_WRITER_MAILBOX_H
#define KM_WRITER_MAILBOX_H

#include "base/bytes.h"

struct km_mailbox;

/* The head of an item, which is allocated by who puts it and freed by who takes it. */
struct km_mailbox_item {
	struct km_mailbox_item *next;
};

KM_MUST_USE int km_mailbox_create(size_t most, struct km_mailbox **ret_mailbox);

/* Must be empty. NULL is fine. */
void km_mailbox_destroy(struct km_mailbox *mailbox);

/* Returns 0 or KM_ERR_LIMIT: then the item stays the caller's. */
KM_MUST_USE int km_mailbox_put(struct km_mailbox *mailbox, struct km_mailbox_item *item);

/* The oldest item, or NULL; waits until `until_us` (monotonic) for one. 0: does not wait. */
struct km_mailbox_item *km_mailbox_take(struct km_mailbox *mailbox, int64_t until_us);

/*
 * The oldest item for which is_wanted says yes; waits as above. The others stay, in their order.
 */
struct km_mailbox_item *km_mailbox_take_wanted(struct km_mailbox *mailbox, int64_t until_us,
    bool (*is_wanted)(void *context, const struct km_mailbox_item *item), void *context);

#endif
