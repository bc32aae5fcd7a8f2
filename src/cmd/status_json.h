/*
 * What the guard tells, as the JSON of `--json`: the same names as in the HTTPS API.
 */
#ifndef KM_CMD_STATUS_JSON_H
#define KM_CMD_STATUS_JSON_H

#include "model/messages.h"
#include "proto/track.h"

#include <jansson.h>

/* {"cameras": [], "roles": []}; NULL without memory. */
json_t *km_status_json_begin(void);

/* Add one message's content. Return 0 or KM_ERR_MEMORY. */
KM_MUST_USE int km_status_json_system(json_t *root, const struct km_message_status_system *system);
KM_MUST_USE int km_status_json_camera(json_t *root, const struct km_message_status_camera *camera);
KM_MUST_USE int km_status_json_role(json_t *root, const struct km_message_status_role *role);

/* The tracks of a packed km_tracks, as an array; an empty one for what does not unpack. */
json_t *km_status_json_tracks(struct km_bytes packed);

#endif
