/* /api/v1/status: all that is known now. */
#include "io/clock.h"
#include "model/status_json.h"
#include "web/camera_json.h"

#define ANSWER_MAX ((size_t)8 * 1024 * 1024)

void km_resource_status_show(struct km_call *call);

static void on_status(struct km_camera_json_status *status)
{
	struct km_json json;

	if (!status->has_system) {
		return;
	}
	km_json_init(&json, ANSWER_MAX);
	km_json_open(&json, NULL, '{');
	km_status_json_system(&json, &status->system, km_clock_unix_us());
	km_json_raw(&json, "cameras", km_buf_view(&status->cameras.buf));
	km_json_raw(&json, "roles", km_buf_view(&status->roles.buf));
	km_json_close(&json, '}');
	km_call_answer_json(status->call, 200, &json);
}

void km_resource_status_show(struct km_call *call)
{
	km_camera_json_collect(call, NULL, on_status, NULL);
}
