/*
 * When to send what, and when to try again: decisions without clock or database.
 *
 * Order is kept per destination, so a delivery that fails holds up what is behind it. Mail goes to
 * people: after some single ones within a time, what comes next waits until that time is over and
 * goes as one digest; so a flapping camera makes a handful of mails, not hundreds.
 */
#ifndef KM_GUARD_NOTICE_PLAN_H
#define KM_GUARD_NOTICE_PLAN_H

#include <stddef.h>
#include <stdint.h>

#define KM_NOTICE_PLAN_DIGEST_MAX 100 /* notices of one delivery */

struct km_notice_plan_limits {
	uint64_t singles; /* mails that may go one by one within span_us */
	int64_t span_us;
	int64_t retry_us; /* before the second try; doubles up to retry_max_us */
	int64_t retry_max_us;
	int64_t keep_us; /* what could not be delivered for so long is given up */
};

struct km_notice_plan_queue {
	uint8_t kind;           /* destination_kind in states.tbl */
	size_t waiting;         /* notices; > 0 */
	size_t sent;            /* deliveries that succeeded within span_us */
	int64_t oldest_sent_us; /* the first of them */
};

/*
 * How many notices from the front of the queue make the next delivery; 0: wait until *ret_from_us.
 */
size_t km_notice_plan_next(const struct km_notice_plan_limits *limits,
    const struct km_notice_plan_queue *queue, int64_t now_us, int64_t *ret_from_us);

/* How long to wait after try number `tries` (from 1 on) has failed. random: any number. */
int64_t km_notice_plan_delay_us(
    const struct km_notice_plan_limits *limits, unsigned tries, uint32_t random);

#endif
