/*
 * What the guard tells about the system, as JSON: the same for `komainu status --json` and for
 * /api/v1/status.
 */
#ifndef KM_MODEL_STATUS_JSON_H
#define KM_MODEL_STATUS_JSON_H

#include "base/json.h"
#include "model/messages.h"

/* The members of the system's object, without its brackets. now_unix_us: the recorder's clock. */
void km_status_json_system(
    struct km_json *json, const struct km_message_status_system *system, int64_t now_unix_us);

/* A camera, or a process, as a member or, with key NULL, as an element. */
void km_status_json_camera(
    struct km_json *json, const char *key, const struct km_message_status_camera *camera);
void km_status_json_role(
    struct km_json *json, const char *key, const struct km_message_status_role *role);

/* The tracks of a packed km_tracks; an empty list for what does not unpack. */
void km_status_json_tracks(struct km_json *json, const char *key, struct km_bytes packed);

#endif
