/* /api/v1/status: all that is known now. */
#include "io/clock.h"
#include "model/states.h"
#include "web/camera_json.h"

#define ANSWER_MAX ((size_t)8 * 1024 * 1024)

void km_resource_status_show(struct km_call *call);

static void on_status(struct km_camera_json_status *status)
{
	const struct km_message_status_system *system = &status->system;
	struct km_json json;

	if (!status->has_system) {
		return;
	}
	km_json_init(&json, ANSWER_MAX);
	km_json_open(&json, NULL, '{');
	km_json_text(&json, "version", system->version);
	km_json_i64(&json, "started_us", system->started_unix_us);
	km_json_i64(&json, "now_us", km_clock_unix_us());
	km_json_open(&json, "storage", '{');
	km_json_text(&json, "state", km_states_storage_state(system->storage));
	km_json_u64(&json, "total_bytes", system->total_bytes);
	km_json_u64(&json, "free_bytes", system->free_bytes);
	km_json_u64(&json, "kept_bytes", system->kept_bytes);
	km_json_text(&json, "error", system->storage_error);
	km_json_close(&json, '}');
	km_json_open(&json, "journal", '{');
	km_json_text(&json, "state", km_states_name("journal_state", system->journal));
	km_json_text(&json, "error", system->journal_error);
	km_json_close(&json, '}');
	km_json_raw(&json, "cameras", km_buf_view(&status->cameras.buf));
	km_json_raw(&json, "roles", km_buf_view(&status->roles.buf));
	km_json_close(&json, '}');
	km_call_answer_json(status->call, 200, &json);
}

void km_resource_status_show(struct km_call *call)
{
	km_camera_json_collect(call, NULL, on_status, NULL);
}
