/*
 * Announced work on cameras: their alarms are held meanwhile. [IPA f01-1, g05-1]
 */
#ifndef KM_GUARD_MAINTENANCES_H
#define KM_GUARD_MAINTENANCES_H

#include "base/time.h"
#include "guard/database.h"
#include "model/messages.h"

/* Longer than this nobody looks away from a camera. */
#define KM_MAINTENANCES_MOST_US (14 * KM_TIME_DAY_US)

/* Whether the camera is being worked on. */
KM_MUST_USE int km_maintenances_holds(
    struct km_database *database, const struct km_uuid *camera, int64_t now_us, bool *ret_holds);

/* from_us 0: now. Returns 0, KM_ERR_RANGE (the times), or KM_ERR_NOT_FOUND (the camera). */
KM_MUST_USE int km_maintenances_begin(struct km_database *database,
    const struct km_message_maintenance_begin *begin, const char *who, int64_t now_us,
    struct km_message_maintenance *ret_maintenance);

/* Now, instead of when it was announced for. Returns 0, KM_ERR_NOT_FOUND or KM_ERR_STATE. */
KM_MUST_USE int km_maintenances_end(struct km_database *database, int64_t number, int64_t now_us,
    struct km_message_maintenance *ret_maintenance);

/* The newest first; those that are over only if is_past. */
KM_MUST_USE int km_maintenances_each(struct km_database *database, bool is_past, int64_t now_us,
    int (*on_maintenance)(void *context, struct km_message_maintenance *maintenance),
    void *context);

#endif
