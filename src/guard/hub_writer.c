/*
 * What the writer asks and says: keys, the state of streams and of the disk.
 */
#include "guard/hub.h"
#include "io/clock.h"
#include "model/states.h"
#include "priv/log.h"

#include <string.h>

void km_hub_start_writer(struct km_hub *hub, struct km_process *child)
{
	struct km_message_writer_start start = {
		.segment_us = (int64_t)hub->options.segment_seconds * KM_TIME_SECOND_US,
		.segment_bytes_max = hub->options.segment_bytes_max,
		.sync_us = (int64_t)hub->options.sync_ms * 1000,
		.retain_bytes = hub->options.retain_bytes,
		.free_bytes_min = hub->options.free_bytes_min,
	};

	memcpy(start.root, hub->recordings, sizeof(start.root));
	memcpy(start.index, hub->index, sizeof(start.index));
	hub->writer = child;
	km_hub_send(child, KM_MESSAGE_writer_start, &start);
	for (size_t i = 0; i < hub->camera_count; i++) {
		km_hub_tell_writer(hub, hub->cameras[i]);
		km_hub_send_ring(child, hub->cameras[i], 0);
	}
}

void km_hub_end_writer(struct km_hub *hub)
{
	for (size_t i = 0; i < hub->camera_count; i++) {
		hub->cameras[i]->stored_before += hub->cameras[i]->stored.frames;
		hub->cameras[i]->stored.frames = 0;
	}
	hub->storage.state = KM_STORAGE_STARTING;
}

static void on_key_request(struct km_hub *hub, struct km_process *child, struct km_bytes message)
{
	struct km_message_key_request request;
	struct km_vault_key key = { 0 };
	int err = km_messages_unpack_key_request(message, &request);

	if (err < 0) {
		km_children_restart(child);
		return;
	}
	err = km_vault_day_key(hub->vault, &request.camera, request.day, km_clock_unix_us(), &key);
	if (err < 0) {
		KM_LOG(hub->log, KM_LOG_ERROR, "no-data-key", km_log_error("why", err));
	}
	km_hub_answer_key(child, request.request, err, &key);
}

static void on_key_open(struct km_hub *hub, struct km_process *child, struct km_bytes message)
{
	struct km_message_key_open open;
	struct km_vault_key key = { 0 };
	int err = km_messages_unpack_key_open(message, &open);

	if (err < 0) {
		km_children_restart(child);
		return;
	}
	err = km_vault_find_key(hub->vault, &open.key, &key);
	km_hub_answer_key(child, open.request, err, &key);
}

static void on_stream_state(struct km_hub *hub, struct km_process *child, struct km_bytes message)
{
	struct km_message_stream_state state;
	struct km_hub_camera *camera = NULL;

	if (km_messages_unpack_stream_state(message, &state) < 0) {
		km_children_restart(child);
		return;
	}
	camera = km_hub_find(hub, &state.camera);
	if (camera != NULL) {
		camera->stored = state;
	}
}

static void on_storage_state(struct km_hub *hub, struct km_process *child, struct km_bytes message)
{
	struct km_message_storage_state state;

	if (km_messages_unpack_storage_state(message, &state) < 0) {
		km_children_restart(child);
		return;
	}
	if (state.state != hub->storage.state) {
		KM_LOG(hub->log, state.state == KM_STORAGE_OK ? KM_LOG_NOTICE : KM_LOG_ERROR,
		    "storage", km_log_text("state", km_states_storage_state(state.state)),
		    km_log_text("why", state.error));
	}
	hub->storage = state;
}

void km_hub_on_writer(struct km_hub *hub, struct km_process *child, enum km_message_kind kind,
    struct km_bytes message)
{
	if (km_hub_on_any(hub, child, kind, message)) {
		return;
	}
	switch (kind) {
	case KM_MESSAGE_key_request:
		on_key_request(hub, child, message);
		break;
	case KM_MESSAGE_key_open:
		on_key_open(hub, child, message);
		break;
	case KM_MESSAGE_stream_state:
		on_stream_state(hub, child, message);
		break;
	case KM_MESSAGE_storage_state:
		on_storage_state(hub, child, message);
		break;
	default:
		break;
	}
}
