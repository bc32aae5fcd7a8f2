/*
 * The queue of notices: what waits to be told to the world, per destination and in order, in the
 * database, so that a restart loses nothing. Kept as fields; how a mail or a JSON looks is decided
 * when it is sent.
 *
 * Whoever has something to tell calls km_notices_put; sending is the hub's business. Delivery is at
 * least once: ids are stable, so that receivers can drop what comes twice.
 */
#ifndef KM_GUARD_NOTICES_H
#define KM_GUARD_NOTICES_H

#include "guard/database.h"
#include "model/events.h"

#define KM_NOTICES_TEXT_SIZE   512
#define KM_NOTICES_NAME_SIZE   64
#define KM_NOTICES_WAITING_MAX 10000 /* for one destination; further ones are given up at once */

struct km_notice {
	struct km_uuid id; /* nil: one is made */
	enum km_event event;
	uint8_t severity; /* severity in states.tbl; that of an alarm's end is its own */
	uint8_t phase;    /* notice_phase in states.tbl */
	int64_t alarm;    /* its number; 0: none, but an event */
	uint8_t alarm_kind;
	int64_t unix_us; /* when it happened */
	struct km_uuid camera;
	char camera_name[KM_NOTICES_NAME_SIZE];  /* empty: none */
	char account_name[KM_NOTICES_NAME_SIZE]; /* who did it; empty: nobody */
	char text_en[KM_NOTICES_TEXT_SIZE];      /* a sentence each, without secrets */
	char text_ja[KM_NOTICES_TEXT_SIZE];
};

/*
 * Queue it for each enabled destination whose minimum is not above its severity. One statement: it
 * may stand in a transaction of the caller's. ret_count: how many destinations took it.
 */
KM_MUST_USE int km_notices_put(struct km_database *database, const struct km_notice *notice,
    int64_t now_us, size_t *ret_count);

/* How a destination's queue stands. */
struct km_notices_queue {
	uint64_t waiting;
	uint64_t delivered; /* of those still listed */
	uint64_t given_up;
	int64_t oldest_us; /* when the first that waits was queued; 0: none waits */
	int64_t due_us;    /* when it may be tried */
	unsigned tries;    /* of it, that failed */
	uint64_t sent;     /* deliveries since `since_us` */
	int64_t oldest_sent_us;
	char error[256]; /* why the last try failed; empty: it did not */
};

KM_MUST_USE int km_notices_look(struct km_database *database, const struct km_uuid *destination,
    int64_t since_us, struct km_notices_queue *ret_queue);

/*
 * Make a delivery of the first `count` notices, unless the first one belongs to a delivery that was
 * tried already: then exactly that one again. on_notice is called for each in order.
 */
KM_MUST_USE int km_notices_take(struct km_database *database, const struct km_uuid *destination,
    size_t count, struct km_uuid *ret_delivery,
    int (*on_notice)(void *context, const struct km_notice *notice), void *context);

/* It has arrived. What arrived or was given up before `forget_us` is taken off the list. */
KM_MUST_USE int km_notices_note_success(struct km_database *database,
    const struct km_uuid *destination, const struct km_uuid *delivery, int64_t now_us,
    int64_t forget_us);

/* It has not, and may be tried again from due_us on. */
KM_MUST_USE int km_notices_note_failure(struct km_database *database,
    const struct km_uuid *destination, const struct km_uuid *delivery, int64_t due_us,
    const char *error);

/* This delivery, and whatever waits since before `queued_before_us`, is given up. */
KM_MUST_USE int km_notices_give_up(struct km_database *database, const struct km_uuid *destination,
    const struct km_uuid *delivery, int64_t queued_before_us, int64_t now_us, uint64_t *ret_count);

/* Do not wait for the next try any longer: something was changed. */
KM_MUST_USE int km_notices_hurry(
    struct km_database *database, const struct km_uuid *destination, int64_t now_us);

struct km_notices_entry {
	int64_t number;
	struct km_uuid destination;
	char destination_name[KM_NOTICES_NAME_SIZE];
	uint8_t state; /* notice_state in states.tbl */
	int64_t created_us;
	int64_t due_us;
	int64_t done_us; /* 0: it waits */
	unsigned tries;
	char error[256];
	struct km_notice notice;
};

/* From the newest on, at most `limit`, with numbers below `before` (0: all). */
KM_MUST_USE int km_notices_each(struct km_database *database, bool only_waiting, int64_t before,
    unsigned limit, int (*on_entry)(void *context, const struct km_notices_entry *entry),
    void *context);

#endif
