/*
 * From what a person asks for to what the auditor is told: which remedy, with which parameters, and
 * what must not be done although it is asked for.
 */
#ifndef KM_GUARD_REMEDY_ORDERS_H
#define KM_GUARD_REMEDY_ORDERS_H

#include "guard/cameras.h"
#include "guard/database.h"
#include "model/messages.h"
#include "model/remedies.h"

#define KM_REMEDY_ORDERS_TEXT_SIZE 256

/*
 * The order for this camera, by what is known of it: kind and parameters are set, and the login
 * (user; password only if one was given). Reads facts. Returns 0, KM_ERR_FORMAT, KM_ERR_DENIED
 * or KM_ERR_STATE, and then ret_text says what would be right; or an error of the database.
 */
KM_MUST_USE int km_remedy_orders_make(struct km_database *database, const struct km_camera *entry,
    const struct km_message_remedy_plan *ask, struct km_message_remedy_begin *ret_order,
    char ret_text[static KM_REMEDY_ORDERS_TEXT_SIZE]);

/*
 * Whether the camera's entry still says what the order was made by: addresses, certificate, and the
 * user, unless the order has a login of its own. Else the entry's password, which is looked up when
 * the order is carried out, would go elsewhere.
 */
bool km_remedy_orders_is_of(
    const struct km_message_remedy_begin *order, const struct km_camera *entry);

#endif
