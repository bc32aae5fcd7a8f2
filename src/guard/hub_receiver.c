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
		.retry_us = (int64_t)hub->options.reconnect_ms * 1000,
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

/* --- outages: one entry when the pictures end, one when they come again [IPA a04-1, a21-1] --- */

static void note_lost(
    struct km_hub *hub, struct km_hub_camera *camera, int64_t since_unix_us, const char *why)
{
	if (camera->is_lost || hub->is_stopping) {
		return;
	}
	camera->is_lost = true;
	camera->lost_unix_us = since_unix_us;
	km_journal_note(hub->database, KM_EVENT_CAMERA_LOST, &camera->entry.id, NULL, "%s: %s",
	    camera->entry.name, why[0] == '\0' ? "the connection ended" : why);
}

static void note_refused(struct km_hub *hub, struct km_hub_camera *camera, const char *why)
{
	if (!camera->is_refused) {
		camera->is_refused = true;
		km_journal_note(hub->database, KM_EVENT_CAMERA_REFUSED, &camera->entry.id, NULL,
		    "%s: %s", camera->entry.name, why);
	}
}

static void note_up(
    struct km_hub *hub, struct km_hub_camera *camera, const struct km_message_camera_state *now)
{
	double seconds = (double)(now->back_unix_us - camera->lost_unix_us) / 1e6;

	if (camera->is_lost) {
		km_journal_note(hub->database, KM_EVENT_CAMERA_UP, &camera->entry.id, NULL,
		    "%s: %s, after %.1f seconds without pictures", camera->entry.name,
		    now->transport, seconds < 0 ? 0 : seconds);
	} else if (!camera->was_up) {
		km_journal_note(hub->database, KM_EVENT_CAMERA_UP, &camera->entry.id, NULL,
		    "%s: %s", camera->entry.name, now->transport);
	}
	camera->was_up = true;
	camera->is_lost = false;
	camera->is_refused = false;
}

/* What has happened between two states; in a second it may be an end and a new beginning. */
static void note_change(
    struct km_hub *hub, struct km_hub_camera *camera, const struct km_message_camera_state *now)
{
	const struct km_message_camera_state *before = &camera->received;
	bool has_ended = now->outages > before->outages;
	bool is_back = now->back_unix_us != 0 && now->back_unix_us != before->back_unix_us;
	bool is_unreached = now->state == KM_CAMERA_WAITING && !camera->was_up;
	bool is_refused = now->state == KM_CAMERA_REFUSED && before->state != now->state;

	if ((has_ended || is_back || (is_unreached && !camera->is_lost) || is_refused) &&
	    !km_hub_may_note_camera(hub, camera)) {
		return;
	}
	if (has_ended) {
		note_lost(hub, camera, now->lost_unix_us, now->error);
	} else if (is_unreached) {
		note_lost(hub, camera, now->since_unix_us, now->error);
	}
	if (is_refused) {
		note_refused(hub, camera, now->error);
	}
	if (is_back) {
		note_up(hub, camera, now);
	}
	if (before->state != now->state) {
		KM_LOG(hub->log, now->state == KM_CAMERA_STREAMING ? KM_LOG_NOTICE : KM_LOG_WARNING,
		    "camera", km_log_text("camera", camera->entry.name),
		    km_log_text("state", km_states_camera_state(now->state)),
		    km_log_text("why", now->error));
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
		if (camera->was_up) {
			note_lost(
			    hub, camera, camera->received.media_unix_us, "its receiver ended");
		}
		camera->received.frames = 0;
		camera->received.outages = 0;
		camera->received.back_unix_us = 0;
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
		note_change(hub, camera, &state);
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
