#include "cmd/status_json.h"

#include "io/clock.h"
#include "model/states.h"

json_t *km_status_json_begin(void)
{
	return json_pack("{s:[], s:[]}", "cameras", "roles");
}

int km_status_json_system(json_t *root, const struct km_message_status_system *system)
{
	json_t *storage = json_pack("{s:s, s:I, s:I, s:I, s:s}", "state",
	    km_states_storage_state(system->storage), "total_bytes",
	    (json_int_t)system->total_bytes, "free_bytes", (json_int_t)system->free_bytes,
	    "kept_bytes", (json_int_t)system->kept_bytes, "error", system->storage_error);

	if (json_object_set_new(root, "version", json_string(system->version)) < 0 ||
	    json_object_set_new(root, "started_us", json_integer(system->started_unix_us)) < 0 ||
	    json_object_set_new(root, "now_us", json_integer(km_clock_unix_us())) < 0 ||
	    json_object_set_new(root, "setup_done", json_boolean(system->is_setup_done)) < 0 ||
	    json_object_set_new(root, "storage", storage) < 0 ||
	    json_object_set_new(root, "journal",
		json_pack("{s:s, s:s}", "state", km_states_name("journal_state", system->journal),
		    "error", system->journal_error)) < 0) {
		return KM_ERR_MEMORY;
	}
	return 0;
}

json_t *km_status_json_tracks(struct km_bytes packed)
{
	json_t *list = json_array();
	struct km_tracks tracks = { 0 };

	if (list == NULL || packed.size == 0 || km_tracks_unpack(packed, &tracks) < 0) {
		return list;
	}
	for (size_t i = 0; i < tracks.count; i++) {
		const struct km_track *track = &tracks.track[i];

		(void)json_array_append_new(
		    list, json_pack("{s:s, s:s, s:s, s:i, s:i, s:f, s:i, s:i}", "kind",
			      km_codec_is_video(track->codec) ? "video" : "audio", "codec",
			      km_codec_name(track->codec), "codec_text", track->codec_text, "width",
			      (int)track->width, "height", (int)track->height, "fps",
			      (double)track->fps_milli / 1000.0, "clock_hz", (int)track->clock_hz,
			      "channels", (int)track->channels));
	}
	return list;
}

/* A number, or null where it is the one that stands for "none". */
static json_t *number_unless(int64_t value, int64_t none)
{
	return value == none ? json_null() : json_integer(value);
}

static json_t *counters(const struct km_message_status_camera *camera)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o}",
	    "frames_received", (json_int_t)camera->frames_received, "frames_stored",
	    (json_int_t)camera->frames_stored, "bytes_received", (json_int_t)camera->bytes_received,
	    "bytes_stored", (json_int_t)camera->bytes_stored, "bytes",
	    (json_int_t)camera->kept_bytes, "kept_bytes", (json_int_t)camera->kept_bytes, "gaps",
	    (json_int_t)camera->gaps, "lost", (json_int_t)camera->lost, "damaged",
	    (json_int_t)camera->damaged, "reconnects", (json_int_t)camera->reconnects, "oldest_us",
	    number_unless(camera->oldest_unix_us, INT64_MAX), "last_us",
	    number_unless(camera->last_unix_us, 0), "clock_offset_us",
	    number_unless(camera->clock_offset_us, INT64_MIN));
}

int km_status_json_camera(json_t *root, const struct km_message_status_camera *camera)
{
	char id_text[KM_UUID_TEXT_SIZE];
	json_t *object = NULL;
	json_t *numbers = counters(camera);

	km_uuid_write(&camera->camera, id_text);
	object = json_pack("{s:s, s:s, s:s, s:b, s:s, s:I, s:s, s:s, s:s, s:o}", "id", id_text,
	    "name", camera->name, "url", camera->url, "enabled", (int)camera->is_enabled, "state",
	    km_states_camera_state(camera->state), "since_us", (json_int_t)camera->since_unix_us,
	    "error", camera->error, "active_transport", camera->transport, "authentication",
	    camera->authentication, "tracks",
	    km_status_json_tracks(km_bytes_from(camera->tracks, camera->tracks_size)));
	if (object == NULL || numbers == NULL || json_object_update(object, numbers) < 0 ||
	    json_array_append(json_object_get(root, "cameras"), object) < 0) {
		json_decref(object);
		json_decref(numbers);
		return KM_ERR_MEMORY;
	}
	json_decref(object);
	json_decref(numbers);
	return 0;
}

int km_status_json_role(json_t *root, const struct km_message_status_role *role)
{
	json_t *object = json_pack("{s:s, s:i, s:i, s:b, s:i, s:I, s:s}", "role", role->role,
	    "instance", (int)role->instance, "pid", (int)role->pid, "ready", (int)role->is_ready,
	    "restarts", (int)role->restarts, "started_us", (json_int_t)role->started_unix_us,
	    "kernel", role->kernel);

	return json_array_append_new(json_object_get(root, "roles"), object) < 0 ? KM_ERR_MEMORY
										 : 0;
}
