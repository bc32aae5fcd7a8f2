#include "web/camera_json.h"

#include "base/text.h"
#include "model/states.h"

#include <stdlib.h>
#include <string.h>

#define LIST_MAX ((size_t)4 * 1024 * 1024)

static void write_track(struct km_json *json, const struct km_track *track)
{
	km_json_open(json, NULL, '{');
	km_json_text(json, "kind", km_codec_is_video(track->codec) ? "video" : "audio");
	km_json_text(json, "codec", km_codec_name(track->codec));
	km_json_text(json, "codec_text", track->codec_text);
	km_json_i64(json, "width", track->width);
	km_json_i64(json, "height", track->height);
	km_json_i64(json, "fps", (track->fps_milli + 500) / 1000);
	km_json_i64(json, "clock_hz", track->clock_hz);
	km_json_i64(json, "channels", track->channels);
	km_json_close(json, '}');
}

static void write_tracks(struct km_json *json, struct km_bytes packed)
{
	struct km_tracks tracks = { 0 };

	km_json_open(json, "tracks", '[');
	if (packed.size > 0 && km_tracks_unpack(packed, &tracks) == 0) {
		for (size_t i = 0; i < tracks.count; i++) {
			write_track(json, &tracks.track[i]);
		}
	}
	km_json_close(json, ']');
}

/* A time, or null where it is the number that stands for "none". */
static void write_time(struct km_json *json, const char *key, int64_t value, int64_t none)
{
	if (value == none) {
		km_json_null(json, key);
	} else {
		km_json_i64(json, key, value);
	}
}

static void write_settings(struct km_json *json, const struct km_message_status_camera *camera)
{
	char pin[2 * sizeof(camera->pin) + 1] = "";

	(void)km_text_write_hex(km_bytes_from(camera->pin, camera->pin_size), pin, sizeof(pin));
	km_json_uuid(json, "id", &camera->camera);
	km_json_text(json, "name", camera->name);
	km_json_text(json, "url", camera->url);
	km_json_text(json, "user", camera->user);
	km_json_bool(json, "enabled", camera->is_enabled != 0);
	km_json_text(json, "transport", km_states_camera_transport(camera->wished_transport));
	km_json_bool(json, "allow_basic", camera->allows_basic != 0);
	km_json_text(json, "pin", pin);
	km_json_i64(json, "retain_us", camera->retain_us);
	km_json_u64(json, "retain_bytes", camera->retain_bytes);
}

void km_camera_json_write(
    struct km_json *json, const char *key, const struct km_message_status_camera *camera)
{
	km_json_open(json, key, '{');
	write_settings(json, camera);
	km_json_text(json, "state", km_states_camera_state(camera->state));
	km_json_i64(json, "since_us", camera->since_unix_us);
	km_json_u64(json, "frames_received", camera->frames_received);
	km_json_u64(json, "frames_stored", camera->frames_stored);
	km_json_u64(json, "bytes_received", camera->bytes_received);
	km_json_u64(json, "bytes_stored", camera->bytes_stored);
	km_json_u64(json, "kept_bytes", camera->kept_bytes);
	write_time(json, "oldest_us", camera->oldest_unix_us, INT64_MAX);
	write_time(json, "last_us", camera->last_unix_us, 0);
	km_json_u64(json, "gaps", camera->gaps);
	km_json_u64(json, "lost", camera->lost);
	km_json_u64(json, "damaged", camera->damaged);
	km_json_u64(json, "reconnects", camera->reconnects);
	write_time(json, "clock_offset_us", camera->clock_offset_us, INT64_MIN);
	km_json_text(json, "error", camera->error);
	km_json_text(json, "active_transport", camera->transport);
	km_json_text(json, "authentication", camera->authentication);
	write_tracks(json, km_bytes_from(camera->tracks, camera->tracks_size));
	km_json_close(json, '}');
}

static void write_role(struct km_json *json, const struct km_message_status_role *role)
{
	km_json_open(json, NULL, '{');
	km_json_text(json, "role", role->role);
	km_json_u64(json, "instance", role->instance);
	km_json_i64(json, "pid", role->pid);
	km_json_bool(json, "ready", role->is_ready != 0);
	km_json_u64(json, "restarts", role->restarts);
	km_json_i64(json, "started_us", role->started_unix_us);
	km_json_text(json, "kernel", role->kernel);
	km_json_close(json, '}');
}

static void take_part(struct km_camera_json_status *status, const struct km_ask_answer *answer)
{
	const struct km_message_status_camera *camera = answer->message;

	switch ((int)answer->kind) {
	case KM_MESSAGE_status_system:
		status->system = *(const struct km_message_status_system *)answer->message;
		status->has_system = true;
		break;
	case KM_MESSAGE_status_camera:
		km_camera_json_write(&status->cameras, NULL, camera);
		if (km_uuid_is_equal(&camera->camera, &status->wanted)) {
			status->found = *camera;
			status->is_found = true;
		}
		break;
	case KM_MESSAGE_status_role:
		write_role(&status->roles, answer->message);
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
