/*
 * Incidents: what people do about an alarm, with an owner, steps, notes and an end. [IPA g01-1,
 * g03-1, g05-2]
 */
#ifndef KM_GUARD_INCIDENTS_H
#define KM_GUARD_INCIDENTS_H

#include "guard/database.h"
#include "model/messages.h"

#define KM_INCIDENTS_STEPS_MAX 32

/* Begin one; kind is that of the alarm it grew from (0: none). */
KM_MUST_USE int km_incidents_open(struct km_database *database, unsigned kind, const char *title,
    const char *owner, int64_t now_us, struct km_message_incident *ret_incident);

/* Returns 0 or KM_ERR_NOT_FOUND. */
KM_MUST_USE int km_incidents_find(
    struct km_database *database, int64_t number, struct km_message_incident *ret_incident);

/*
 * A step done (1 to 32; 0: none) or, with is_undone, not done after all; another owner (NULL: the
 * same), a note (may be empty). Returns 0, KM_ERR_NOT_FOUND, KM_ERR_STATE (it is over),
 * KM_ERR_RANGE (the step).
 */
KM_MUST_USE int km_incidents_work(struct km_database *database, int64_t number, unsigned step,
    bool is_undone, const char *owner, const char *note, const char *who, int64_t now_us);

/* Returns 0, KM_ERR_NOT_FOUND or KM_ERR_STATE. */
KM_MUST_USE int km_incidents_end(
    struct km_database *database, int64_t number, const char *outcome, int64_t now_us);

KM_MUST_USE int km_incidents_each(struct km_database *database, bool is_open,
    int (*on_incident)(void *context, struct km_message_incident *incident), void *context);

/* Notes of one, in their order. */
KM_MUST_USE int km_incidents_each_note(struct km_database *database, int64_t number,
    int (*on_note)(void *context, struct km_message_incident_note *note), void *context);

#endif
