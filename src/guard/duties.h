/*
 * The calendar of what people must do again and again, and the record of each time it was done.
 * [IPA g01-2, g02-1, g03-2, g04-1, f01-2, b02-1]
 */
#ifndef KM_GUARD_DUTIES_H
#define KM_GUARD_DUTIES_H

#include "guard/database.h"
#include "model/messages.h"

#define KM_DUTIES_INTERVAL_MAX 3660 /* days */

/* Make the duties that every recorder has (model/duties.tbl), where they are missing. */
KM_MUST_USE int km_duties_prepare(struct km_database *database, int64_t now_us);

/* Returns 0 or KM_ERR_NOT_FOUND. */
KM_MUST_USE int km_duties_find(
    struct km_database *database, int64_t number, int64_t now_us, struct km_message_duty *ret_duty);

/* By due date. A negative result ends the walk. */
KM_MUST_USE int km_duties_each(struct km_database *database, bool is_overdue, int64_t now_us,
    int (*on_duty)(void *context, struct km_message_duty *duty), void *context);

/*
 * A new one of one's own (number 0) or a change; due_us 0: one interval from now, or as it was.
 * Returns 0, KM_ERR_NOT_FOUND, KM_ERR_RANGE (interval), KM_ERR_FORMAT (a title is missing).
 */
KM_MUST_USE int km_duties_put(struct km_database *database, const struct km_message_duty_put *put,
    int64_t now_us, struct km_message_duty *ret_duty);

/* Returns 0, KM_ERR_NOT_FOUND, or KM_ERR_DENIED: every recorder has this one. */
KM_MUST_USE int km_duties_drop(struct km_database *database, int64_t number, int64_t now_us);

/* It was done: the next time is an interval from now. */
KM_MUST_USE int km_duties_done(struct km_database *database, int64_t number, const char *who,
    unsigned result, const char *note, int64_t now_us);

/* The newest first; number 0: of all duties. */
KM_MUST_USE int km_duties_each_record(struct km_database *database, int64_t number,
    int (*on_record)(void *context, struct km_message_duty_record *record), void *context);

#endif
