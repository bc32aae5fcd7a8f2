/*
 * Snapshots after audits, and what is told of their differences. Private to guard/.
 */
#ifndef KM_GUARD_HUB_DRIFT_H
#define KM_GUARD_HUB_DRIFT_H

#include "guard/hub.h"

/*
 * An audit of the camera, that began then, came to its end: take a snapshot of what it saw. What
 * nobody announced becomes an alarm by way of the journal. Logs what fails.
 */
void km_hub_drift_look(struct km_hub *hub, const struct km_uuid *camera, int64_t began_us);

/*
 * Keep what is known of the camera now: reason is snapshot_reason in states.tbl. ret_number: the
 * snapshot that holds. KM_ERR_STATE: there is none to keep, as nothing is known of it yet, or
 * (which is logged) more than a snapshot holds.
 */
KM_MUST_USE int km_hub_drift_keep(
    struct km_hub *hub, const struct km_uuid *camera, unsigned reason, int64_t *ret_number);

#endif
