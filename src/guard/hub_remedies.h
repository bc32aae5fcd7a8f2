/*
 * Putting cameras right: plans that people look at, orders to the auditor, and what comes of them.
 * Private to guard/.
 */
#ifndef KM_GUARD_HUB_REMEDIES_H
#define KM_GUARD_HUB_REMEDIES_H

#include "guard/hub.h"
#include "guard/remedy_plans.h"

/* What was under way when the recorder ended last is seen to. */
KM_MUST_USE int km_hub_remedies_create(struct km_hub *hub);
void km_hub_remedies_destroy(struct km_hub *hub);

struct km_remedy_plans *km_hub_remedies_plans(struct km_hub *hub);

/*
 * Let the auditor work out what this order would send; the plan's steps follow. KM_ERR_NOT_FOUND or
 * KM_ERR_FORMAT: the file of firmware. KM_ERR_LIMIT: there is no room for a plan. The order's
 * passwords are the caller's to wipe.
 */
KM_MUST_USE int km_hub_remedies_plan(struct km_hub *hub, struct km_message_remedy_begin *order,
    const struct km_uuid *asker, struct km_remedy_plan **ret_plan);

/*
 * Carry out a plan that is READY, for this account (NULL: the command line). KM_ERR_EXISTS: one of
 * this camera is not over. KM_ERR_LIMIT: too many are under way. KM_ERR_STATE, KM_ERR_NOT_FOUND:
 * the camera's entry or the file is not what it was when the plan was made. Then ret_text says so;
 * static.
 */
KM_MUST_USE int km_hub_remedies_start(struct km_hub *hub, struct km_remedy_plan *plan,
    const char *by, const struct km_uuid *account, int64_t *ret_number, const char **ret_text);

/* The auditor ended, and with it what it did for us. */
void km_hub_remedies_end(struct km_hub *hub);

/* remedy_said, remedy_done. 0, or an error: the auditor talks nonsense. */
KM_MUST_USE int km_hub_remedies_on_message(
    struct km_hub *hub, enum km_message_kind kind, struct km_bytes message);

/* The camera that a job of ours is about (its number is below 0); NULL: there is no such job. */
const struct km_uuid *km_hub_remedies_camera_of(struct km_hub *hub, int64_t job);

/* The camera was audited to the end: the last step of first aid. */
void km_hub_remedies_on_audited(struct km_hub *hub, const struct km_uuid *camera);

#endif
