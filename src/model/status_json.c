#include "model/status_json.h"

#include "base/text.h"
#include "model/states.h"
#include "proto/track.h"

#include <stdio.h>

/* In thousandths, as a number: 25 or 29.970. */
static void write_rate(struct km_json *json, uint32_t fps_milli)
{
	char text[32];
	int length = snprintf(text, sizeof(text), "%u", fps_milli / 1000);

	if (fps_milli % 1000 != 0) {
		length =
		    snprintf(text, sizeof(text), "%u.%03u", fps_milli / 1000, fps_milli % 1000);
	}
	km_json_raw(json, "fps", km_bytes_from(text, (size_t)length));
}

static void write_track(struct km_json *json, const struct km_track *track)
{
	km_json_open(json, NULL, '{');
	km_json_text(json, "kind", km_codec_is_video(track->codec) ? "video" : "audio");
	km_json_text(json, "codec", km_codec_name(track->codec));
	km_json_text(json, "codec_text", track->codec_text);
	km_json_i64(json, "width", track->width);
	km_json_i64(json, "height", track->height);
	write_rate(json, track->fps_milli);
	km_json_i64(json, "clock_hz", track->clock_hz);
	km_json_i64(json, "channels", track->channels);
	km_json_close(json, '}');
}

void km_status_json_tracks(struct km_json *json, const char *key, struct km_bytes packed)
{
	struct km_tracks tracks = { 0 };

	km_json_open(json, key, '[');
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

void km_status_json_camera(
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
	km_status_json_tracks(json, "tracks", km_bytes_from(camera->tracks, camera->tracks_size));
	km_json_close(json, '}');
}

void km_status_json_role(
    struct km_json *json, const char *key, const struct km_message_status_role *role)
{
	km_json_open(json, key, '{');
	km_json_text(json, "role", role->role);
	km_json_u64(json, "instance", role->instance);
	km_json_i64(json, "pid", role->pid);
	km_json_bool(json, "ready", role->is_ready != 0);
	km_json_u64(json, "restarts", role->restarts);
	km_json_i64(json, "started_us", role->started_unix_us);
	km_json_text(json, "kernel", role->kernel);
	km_json_close(json, '}');
}

void km_status_json_system(
    struct km_json *json, const struct km_message_status_system *system, int64_t now_unix_us)
{
	km_json_text(json, "version", system->version);
	km_json_i64(json, "started_us", system->started_unix_us);
	km_json_i64(json, "now_us", now_unix_us);
	km_json_bool(json, "setup_done", system->is_setup_done != 0);
	km_json_open(json, "storage", '{');
	km_json_text(json, "state", km_states_storage_state(system->storage));
	km_json_u64(json, "total_bytes", system->total_bytes);
	km_json_u64(json, "free_bytes", system->free_bytes);
	km_json_u64(json, "kept_bytes", system->kept_bytes);
	km_json_text(json, "error", system->storage_error);
	km_json_close(json, '}');
	km_json_open(json, "journal", '{');
	km_json_text(json, "state", km_states_name("journal_state", system->journal));
	km_json_text(json, "error", system->journal_error);
	km_json_close(json, '}');
	km_json_open(json, "certificate", '{');
	write_time(json, "until_us", system->certificate_until_unix_us, 0);
	km_json_text(
	    json, "origin", km_states_name("certificate_origin", system->certificate_origin));
	km_json_close(json, '}');
	km_json_u64(json, "unexpected_listeners", system->unexpected_listeners);
	km_json_open(json, "clock", '{');
	km_json_bool(json, "kept", system->is_clock_kept != 0);
	if (system->is_clock_kept) {
		km_json_i64(json, "error_us", system->clock_error_us);
	}
	km_json_close(json, '}');
}
