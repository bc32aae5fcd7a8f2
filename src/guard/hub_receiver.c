/*
 * What the receivers say: rings and the state of their cameras.
 */
#include "guard/hub.h"
#include "guard/journal.h"
#include "io/clock.h"
#include "model/states.h"
#include "priv/log.h"

#include <unistd.h>

#define RINGS_MAX 64 /* of a camera; growing by half, a ring comes to its limit in some 20 */

void km_hub_start_receiver(struct km_hub *hub, struct km_process *child)
{
	struct km_message_receiver_start start = {
		.tick_us = (int64_t)hub->options.drain_ms * 1000,
		.stall_us = (int64_t)hub->options.stall_seconds * KM_TIME_SECOND_US,
		.ring_bytes_first = hub->options.ring_kib_first * 1024,
		.ring_bytes_max = hub->options.ring_kib_max * 1024,
	};

	km_hub_send(child, KM_MESSAGE_receiver_start, &start);
	for (size_t i = 0; i < hub->camera_count; i++) {
		if (hub->cameras[i]->receiver == child) {
			km_hub_tell_receiver(hub, hub->cameras[i]);
		}
	}
}

/* Its cameras are lost, whatever the reason. */
static void note_end(struct km_hub *hub, const struct km_hub_camera *camera)
{
	if (camera->received.state == KM_CAMERA_STREAMING && !hub->is_stopping) {
		km_journal_note(hub->database, KM_EVENT_CAMERA_LOST, &camera->entry.id, NULL,
		    "%s: its receiver ended", camera->entry.name);
	}
}

void km_hub_end_receiver(struct km_hub *hub, struct km_process *child)
{
	for (size_t i = 0; i < hub->camera_count; i++) {
		struct km_hub_camera *camera = hub->cameras[i];

		if (camera->receiver != child) {
			continue;
		}
		/* The ring stays: the writer still reads what is in it, up to a new one. */
		camera->frames_before += camera->received.frames;
		camera->ring_count = 0;
		note_end(hub, camera);
		camera->received.frames = 0;
		camera->received.state = KM_CAMERA_WAITING;
		camera->received.since_unix_us = km_clock_unix_us();
	}
}

static void on_ring(struct km_hub *hub, struct km_process *child, struct km_bytes message, int *fds)
{
	struct km_message_ring_open open;
	struct km_message_camera_watch watch = { .is_watched = true };
	struct km_hub_camera *camera = NULL;

	if (km_messages_unpack_ring_open(message, &open) < 0) {
		goto refuse;
	}
	camera = km_hub_find(hub, &open.camera);
	if (camera == NULL || camera->receiver != child) {
		goto refuse;
	}
	/* Rings grow a few times; one that makes them without end would fill the channels of
	 * others. */
	if (++camera->ring_count > RINGS_MAX) {
		km_children_restart(child);
		goto refuse;
	}
	km_hub_close_ring(camera);
	camera->ring_memory_fd = fds[0];
	camera->ring_event_fd = fds[1];
	/* Receivers count their own generations from 1; a restarted one must not go back. */
	camera->ring_generation++;
	km_hub_send_ring(hub->writer, camera, 0);
	if (camera->is_watched) {
		km_hub_send_ring(hub->web, camera, 0);
		watch.camera = camera->entry.id;
		km_hub_send(child, KM_MESSAGE_camera_watch, &watch);
	}
	return;
refuse:
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void note_change(struct km_hub *hub, struct km_process *child,
    const struct km_hub_camera *camera, const struct km_message_camera_state *now)
{
	unsigned before = camera->received.state;
	enum km_event event = KM_EVENT_CAMERA_UP;

	if (before == now->state) {
		return;
	}
	if (now->state == KM_CAMERA_STREAMING) {
		event = KM_EVENT_CAMERA_UP;
	} else if (now->state == KM_CAMERA_REFUSED) {
		event = KM_EVENT_CAMERA_REFUSED;
	} else if (before == KM_CAMERA_STREAMING) {
		event = KM_EVENT_CAMERA_LOST;
	} else {
		return;
	}
	if (km_hub_may_note(hub, child)) {
		km_journal_note(hub->database, event, &camera->entry.id, NULL, "%s: %s",
		    camera->entry.name, now->error[0] == '\0' ? now->transport : now->error);
	}
	KM_LOG(hub->log, now->state == KM_CAMERA_STREAMING ? KM_LOG_NOTICE : KM_LOG_WARNING,
	    "camera", km_log_text("camera", camera->entry.name),
	    km_log_text("state", km_states_camera_state(now->state)),
	    km_log_text("why", now->error));
}

static void on_camera_state(struct km_hub *hub, struct km_process *child, struct km_bytes message)
{
	struct km_message_camera_state state;
	struct km_hub_camera *camera = NULL;

	if (km_messages_unpack_camera_state(message, &state) < 0) {
		km_children_restart(child);
		return;
	}
	camera = km_hub_find(hub, &state.camera);
	if (camera != NULL && camera->receiver == child) {
		note_change(hub, child, camera, &state);
		camera->received = state;
	}
}

void km_hub_on_receiver(struct km_hub *hub, struct km_process *child, enum km_message_kind kind,
    struct km_bytes message, int *fds, size_t fd_count)
{
	(void)fd_count; /* the table says two for ring_open, none for the others */
	if (km_hub_on_any(hub, child, kind, message)) {
		return;
	}
	switch (kind) {
	case KM_MESSAGE_ring_open:
		on_ring(hub, child, message, fds);
		break;
	case KM_MESSAGE_camera_state:
		on_camera_state(hub, child, message);
		break;
	default:
		break;
	}
}
