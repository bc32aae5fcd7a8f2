/*
 * Alarms: what is not in order, one per cause (kind, camera, subject) while it lasts. [IPA a04-1,
 * a04-2, g01-1]
 */
#ifndef KM_GUARD_ALARMS_H
#define KM_GUARD_ALARMS_H

#include "guard/database.h"
#include "model/messages.h"
#include "model/states.h"

/* The cause of an alarm. The camera is nil and the subject empty where none is meant. */
struct km_alarm_cause {
	unsigned kind; /* alarm_kind in states.tbl */
	struct km_uuid camera;
	struct km_bytes subject; /* at most 127 bytes are kept */
};

/* Open it, or count it in the one that is open. ret_is_new: it was opened. */
KM_MUST_USE int km_alarms_open(struct km_database *database, const struct km_alarm_cause *cause,
    unsigned severity, int64_t now_us, const char *text, bool *ret_is_new);

/* It is over. ret_was_open may be NULL. */
KM_MUST_USE int km_alarms_clear(struct km_database *database, const struct km_alarm_cause *cause,
    int64_t now_us, bool *ret_was_open);

KM_MUST_USE int km_alarms_is_open(
    struct km_database *database, const struct km_alarm_cause *cause, bool *ret_is_open);

/*
 * Somebody has seen it; an alarm that nothing clears by itself (`is_over`) is over with that.
 * Returns 0, KM_ERR_NOT_FOUND, or KM_ERR_STATE: somebody has already.
 */
KM_MUST_USE int km_alarms_acknowledge(struct km_database *database, int64_t number, const char *who,
    int64_t now_us, bool is_over, struct km_message_alarm *ret_alarm);

KM_MUST_USE int km_alarms_find(
    struct km_database *database, int64_t number, struct km_message_alarm *ret_alarm);

/* It has grown into an incident. */
KM_MUST_USE int km_alarms_set_incident(
    struct km_database *database, int64_t number, int64_t incident);

/* The newest first; before_number 0: from the newest on. A negative result ends the walk. */
KM_MUST_USE int km_alarms_each(struct km_database *database, bool is_open, int64_t before_number,
    uint32_t limit, int (*on_alarm)(void *context, struct km_message_alarm *alarm), void *context);

/*
 * Delete what was over before a moment, the oldest first; at most some hundreds at a time, and
 * never the newest of all, whose number must not come again. ret_count: how many.
 */
KM_MUST_USE int km_alarms_forget(
    struct km_database *database, int64_t before_us, int64_t *ret_count);

/* How many are open and not acknowledged, and the highest severity among the open ones (0: none).
 */
KM_MUST_USE int km_alarms_count(
    struct km_database *database, uint32_t *ret_unseen, unsigned *ret_severity);

#endif
