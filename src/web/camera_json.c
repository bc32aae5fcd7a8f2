#include "web/camera_json.h"

#include "model/status_json.h"

#include <stdlib.h>
#include <string.h>

#define LIST_MAX ((size_t)4 * 1024 * 1024)

static void take_part(struct km_camera_json_status *status, const struct km_ask_answer *answer)
{
	const struct km_message_status_camera *camera = answer->message;

	switch ((int)answer->kind) {
	case KM_MESSAGE_status_system:
		status->system = *(const struct km_message_status_system *)answer->message;
		status->has_system = true;
		break;
	case KM_MESSAGE_status_camera:
		km_status_json_camera(&status->cameras, NULL, camera);
		if (km_uuid_is_equal(&camera->camera, &status->wanted)) {
			status->found = *camera;
			status->is_found = true;
		}
		break;
	case KM_MESSAGE_status_role:
		km_status_json_role(&status->roles, NULL, answer->message);
		break;
	default:
		break;
	}
}

static void finish(struct km_camera_json_status *status)
{
	km_json_close(&status->cameras, ']');
	km_json_close(&status->roles, ']');
	status->on_status(status);
	km_json_finish(&status->cameras);
	km_json_finish(&status->roles);
	free(status);
}

static void on_answer(void *context, const struct km_ask_answer *answer)
{
	struct km_camera_json_status *status = context;
	const struct km_message_done *done = answer->message;
	int err = answer->err;

	if (err == 0 && !answer->is_last) {
		take_part(status, answer);
		return;
	}
	if (err == 0) {
		err = answer->kind == KM_MESSAGE_done ? done->err : KM_ERR_AGAIN;
	}
	if (err != 0 || !status->has_system) {
		status->has_system = false;
		km_call_fail_err(
		    status->call, err != 0 ? err : KM_ERR_AGAIN, "the recorder is busy: try again");
	}
	finish(status);
}

void km_camera_json_collect(struct km_call *call, const struct km_uuid *wanted,
    void (*on_status)(struct km_camera_json_status *status), void *context)
{
	struct km_message_status_get message = { .session_size = KM_SECRET_BYTES };
	struct km_camera_json_status *status = calloc(1, sizeof(*status));

	if (status == NULL) {
		struct km_camera_json_status none = { .call = call, .context = context };

		km_call_fail_err(call, KM_ERR_MEMORY, NULL);
		on_status(&none);
		return;
	}
	status->call = call;
	status->on_status = on_status;
	status->context = context;
	if (wanted != NULL) {
		status->wanted = *wanted;
	}
	km_json_init(&status->cameras, LIST_MAX);
	km_json_open(&status->cameras, NULL, '[');
	km_json_init(&status->roles, LIST_MAX);
	km_json_open(&status->roles, NULL, '[');
	memcpy(message.session, call->session, KM_SECRET_BYTES);
	if (km_call_ask(call, KM_MESSAGE_status_get, &message, on_answer, status) < 0) {
		km_call_fail(call, 503, "busy", "the recorder is busy: try again");
		finish(status);
	}
	explicit_bzero(&message, sizeof(message));
}
