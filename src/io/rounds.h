/*
 * Readiness of many descriptors, told in rounds: the first one after a rest at once, then all that
 * become ready together, once each period. What many streams bring piece by piece costs few
 * wake-ups so, and waits for a period at most.
 */
#ifndef KM_IO_ROUNDS_H
#define KM_IO_ROUNDS_H

#include "io/loop.h"

struct km_rounds;
struct km_rounds_entry;

enum km_rounds_trigger {
	KM_ROUNDS_WHILE_READY, /* in each round as long as there is something to read */
	KM_ROUNDS_BY_EVENT, /* once for what has come since the last round; nobody needs to read */
};

/* loop is borrowed. Returns 0, KM_ERR_MEMORY or KM_ERR_SYS. */
KM_MUST_USE int km_rounds_create(
    struct km_loop *loop, int64_t period_us, struct km_rounds **ret_rounds);

/* All entries must have been removed. NULL is fine. */
void km_rounds_destroy(struct km_rounds *rounds);

/*
 * Have on_ready called when fd can be read, or has an error. It may add and remove entries, also
 * its own. Returns 0, KM_ERR_MEMORY, or KM_ERR_SYS for a descriptor that cannot be waited for.
 */
KM_MUST_USE int km_rounds_add(struct km_rounds *rounds, int fd, enum km_rounds_trigger trigger,
    void (*on_ready)(void *context), void *context, struct km_rounds_entry **ret_entry);

/* Must come before fd is closed. NULL is fine. */
void km_rounds_remove(struct km_rounds_entry *entry);

#endif
