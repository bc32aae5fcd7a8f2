/*
 * All that guard tells about the system, collected for an answer.
 */
#ifndef KM_WEB_CAMERA_JSON_H
#define KM_WEB_CAMERA_JSON_H

#include "model/messages.h"
#include "web/call.h"

/*
 * All that guard knows, collected: JSON arrays' inner parts. `found` is the camera that was asked
 * for by id.
 */
struct km_camera_json_status {
	struct km_call *call;
	struct km_message_status_system system;
	bool has_system;
	struct km_json cameras; /* an array */
	struct km_json roles;   /* an array */
	struct km_uuid wanted;  /* nil: none in particular */
	bool is_found;
	struct km_message_status_camera found;
	void (*on_status)(struct km_camera_json_status *status);
	void *context;
};

/*
 * Ask guard for the status on behalf of the call, then call on_status, and free all of it. On a
 * failure the call is answered instead, and context is the caller's again (on_status is called with
 * has_system false, to let go of it).
 */
void km_camera_json_collect(struct km_call *call, const struct km_uuid *wanted,
    void (*on_status)(struct km_camera_json_status *status), void *context);

#endif
