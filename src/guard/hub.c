#include "guard/hub.h"

#include "base/text.h"
#include "base/time.h"
#include "guard/hub_certificates.h"
#include "guard/hub_courier.h"
#include "guard/journal.h"
#include "io/clock.h"
#include "model/states.h"
#include "priv/channel.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Entries in the journal, which keeps everything: at once, and then one in so long. */
#define CHILD_NOTES    256
#define CHILD_NOTE_US  KM_TIME_SECOND_US
#define CAMERA_NOTES   64
#define CAMERA_NOTE_US (10 * KM_TIME_SECOND_US)

struct km_hub_camera *km_hub_find(struct km_hub *hub, const struct km_uuid *id)
{
	for (size_t i = 0; i < hub->camera_count; i++) {
		if (km_uuid_is_equal(&hub->cameras[i]->entry.id, id)) {
			return hub->cameras[i];
		}
	}
	return NULL;
}

void km_hub_send_fds(struct km_process *child, enum km_message_kind kind, const void *message,
    const int *fds, size_t fd_count)
{
	uint8_t storage[KM_CHANNEL_MESSAGE_MAX];
	struct km_buf buf;
	int err = 0;

	if (child == NULL) {
		return;
	}
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	err = km_messages_pack(kind, message, &buf);
	assert(err == 0);
	km_children_send(child, km_buf_view(&buf), fds, fd_count);
	explicit_bzero(storage, buf.size);
}

void km_hub_send(struct km_process *child, enum km_message_kind kind, const void *message)
{
	km_hub_send_fds(child, kind, message, NULL, 0);
}

/* --- cameras: entries against what runs --- */

void km_hub_close_ring(struct km_hub_camera *camera)
{
	if (camera->ring_memory_fd >= 0) {
		(void)close(camera->ring_memory_fd);
		(void)close(camera->ring_event_fd);
	}
	camera->ring_memory_fd = -1;
	camera->ring_event_fd = -1;
}

static void free_camera(struct km_hub_camera *camera)
{
	km_hub_close_ring(camera);
	free(camera);
}

struct counting {
	struct km_hub *hub;
	struct km_process *least;
	size_t least_count;
	unsigned receivers;
};

static size_t count_cameras(const struct km_hub *hub, const struct km_process *receiver)
{
	size_t count = 0;

	for (size_t i = 0; i < hub->camera_count; i++) {
		count += hub->cameras[i]->receiver == receiver ? 1 : 0;
	}
	return count;
}

static void on_counted(void *context, struct km_process *child)
{
	struct counting *counting = context;
	size_t count = 0;

	if (child->role != KM_ROLE_RECEIVER) {
		return;
	}
	counting->receivers++;
	count = count_cameras(counting->hub, child);
	if (counting->least == NULL || count < counting->least_count) {
		counting->least = child;
		counting->least_count = count;
	}
}

/* The receiver with the fewest cameras; a new one when all are full. */
static struct km_process *choose_receiver(struct km_hub *hub)
{
	struct counting counting = { .hub = hub };
	struct km_process *child = NULL;
	int err = 0;

	km_children_each(hub->children, on_counted, &counting);
	if (counting.least != NULL && counting.least_count < hub->options.cameras_per_receiver) {
		return counting.least;
	}
	err = km_children_add(hub->children, KM_ROLE_RECEIVER, counting.receivers, &child);
	if (err < 0) {
		KM_LOG(hub->log, KM_LOG_ERROR, "no-further-receiver", km_log_error("why", err));
		return counting.least;
	}
	return child;
}

void km_hub_tell_receiver(struct km_hub *hub, const struct km_hub_camera *camera)
{
	const struct km_camera *entry = &camera->entry;
	struct km_message_camera_add add = {
		.camera = entry->id,
		.transport = entry->transport,
		.allows_basic = entry->allows_basic,
		.pin_size = entry->has_pin ? KM_CAMERA_PIN_BYTES : 0,
	};
	int err = km_cameras_password(hub->database, hub->vault, &entry->id, add.password);

	if (err < 0) {
		KM_LOG(hub->log, KM_LOG_ERROR, "password-unreadable",
		    km_log_text("camera", entry->name), km_log_error("why", err));
	}
	memcpy(add.name, entry->name, sizeof(add.name));
	memcpy(add.url, entry->url, sizeof(add.url));
	memcpy(add.user, entry->user, sizeof(add.user));
	memcpy(add.pin, entry->pin, sizeof(add.pin));
	km_hub_send(camera->receiver, KM_MESSAGE_camera_add, &add);
	explicit_bzero(&add, sizeof(add));
}

void km_hub_tell_writer(struct km_hub *hub, const struct km_hub_camera *camera)
{
	struct km_message_stream_add add = {
		.camera = camera->entry.id,
		.retain_us = camera->entry.retain_us,
		.retain_bytes = camera->entry.retain_bytes,
	};

	if (add.retain_us == 0) {
		add.retain_us = (int64_t)hub->options.retain_days * KM_TIME_DAY_US;
	}
	memcpy(add.name, camera->entry.name, sizeof(add.name));
	km_hub_send(hub->writer, KM_MESSAGE_stream_add, &add);
}

static void stop_receiving(struct km_hub_camera *camera)
{
	struct km_message_camera_remove remove = { .camera = camera->entry.id };

	if (camera->receiver != NULL) {
		km_hub_send(camera->receiver, KM_MESSAGE_camera_remove, &remove);
		camera->receiver = NULL;
		camera->ring_count = 0;
	}
	camera->received.state = KM_CAMERA_OFF;
	camera->received.since_unix_us = km_clock_unix_us();
	camera->received.error[0] = '\0';
	camera->was_up = false;
	camera->is_lost = false;
	camera->is_refused = false;
}

static struct km_hub_camera *add_camera(struct km_hub *hub, const struct km_camera *entry)
{
	struct km_hub_camera *camera = calloc(1, sizeof(*camera));
	struct km_hub_camera **cameras =
	    reallocarray(hub->cameras, hub->camera_count + 1, sizeof(struct km_hub_camera *));

	if (cameras != NULL) {
		hub->cameras = cameras;
	}
	if (camera == NULL || cameras == NULL || hub->camera_count >= KM_HUB_CAMERAS_MAX) {
		free(camera);
		return NULL;
	}
	camera->entry = *entry;
	camera->ring_memory_fd = -1;
	camera->ring_event_fd = -1;
	camera->received.clock_offset_us = INT64_MIN;
	camera->received.since_unix_us = km_clock_unix_us();
	camera->stored.oldest_unix_us = INT64_MAX;
	hub->cameras[hub->camera_count++] = camera;
	return camera;
}

static int on_entry(void *context, const struct km_camera *entry)
{
	struct km_hub *hub = context;
	struct km_hub_camera *camera = km_hub_find(hub, &entry->id);
	bool is_new = camera == NULL;

	if (is_new) {
		camera = add_camera(hub, entry);
		if (camera == NULL) {
			return KM_ERR_MEMORY;
		}
	}
	camera->is_marked = true;
	camera->is_told = false;
	camera->is_changed |= !is_new && (strcmp(camera->entry.url, entry->url) != 0 ||
					     strcmp(camera->entry.user, entry->user) != 0);
	camera->entry = *entry;
	km_hub_tell_writer(hub, camera);
	if (!entry->is_enabled) {
		if (camera->receiver != NULL || is_new) {
			stop_receiving(camera);
		}
		return 0;
	}
	if (camera->receiver == NULL) {
		camera->receiver = choose_receiver(hub);
	}
	/* The receiver goes on undisturbed if nothing differs. */
	km_hub_tell_receiver(hub, camera);
	return 0;
}

static void remove_camera(struct km_hub *hub, size_t number)
{
	struct km_hub_camera *camera = hub->cameras[number];
	struct km_message_camera_remove remove = { .camera = camera->entry.id };

	stop_receiving(camera);
	km_hub_send(hub->writer, KM_MESSAGE_camera_remove, &remove);
	km_hub_courier_forget_camera(hub, camera);
	free_camera(camera);
	hub->camera_count--;
	memmove(&hub->cameras[number], &hub->cameras[number + 1],
	    (hub->camera_count - number) * sizeof(struct km_hub_camera *));
}

int km_hub_reload(struct km_hub *hub)
{
	int err = 0;

	km_hub_certificates_apply(hub);
	for (size_t i = 0; i < hub->camera_count; i++) {
		hub->cameras[i]->is_marked = false;
	}
	err = km_cameras_each(hub->database, on_entry, hub);
	if (err < 0) {
		return err;
	}
	for (size_t i = hub->camera_count; i > 0; i--) {
		if (!hub->cameras[i - 1]->is_marked) {
			remove_camera(hub, i - 1);
		}
	}
	return 0;
}

void km_hub_send_ring(struct km_process *to, const struct km_hub_camera *camera, uint32_t request)
{
	struct km_message_ring_open open = {
		.request = request,
		.camera = camera->entry.id,
		.generation = camera->ring_generation,
	};
	int fds[2] = { camera->ring_memory_fd, camera->ring_event_fd };

	if (camera->ring_memory_fd >= 0) {
		km_hub_send_fds(to, KM_MESSAGE_ring_open, &open, fds, 2);
	}
}

/* --- what every role may say --- */

/* Each entry costs each_us; what was not used is kept, up to `most` entries. */
static bool take_note(int64_t *spent_us, int64_t each_us, int64_t most)
{
	int64_t now_us = km_clock_monotonic_us();

	if (*spent_us < now_us - most * each_us) {
		*spent_us = now_us - most * each_us;
	}
	if (*spent_us + each_us > now_us) {
		return false;
	}
	*spent_us += each_us;
	return true;
}

bool km_hub_may_note(struct km_hub *hub, struct km_process *child)
{
	if (take_note(&child->noted_us, CHILD_NOTE_US, CHILD_NOTES)) {
		return true;
	}
	KM_LOG(
	    hub->log, KM_LOG_ERROR, "not-noted", km_log_text("role", km_roles_name(child->role)));
	return false;
}

bool km_hub_may_note_camera(struct km_hub *hub, struct km_hub_camera *camera)
{
	if (take_note(&camera->noted_us, CAMERA_NOTE_US, CAMERA_NOTES)) {
		return true;
	}
	KM_LOG(hub->log, KM_LOG_WARNING, "not-noted", km_log_text("camera", camera->entry.name));
	return false;
}

/* Whether it is this child's to report, and of a camera that it has. */
static bool is_its_own(
    struct km_hub *hub, const struct km_process *child, const struct km_message_event *event)
{
	const struct km_hub_camera *camera = km_hub_find(hub, &event->camera);

	return km_events_may_report(event->event, child->role) &&
	       (child->role != KM_ROLE_RECEIVER || km_uuid_is_nil(&event->camera) ||
		   (camera != NULL && camera->receiver == child));
}

static void on_event(struct km_hub *hub, struct km_process *child, struct km_bytes message)
{
	struct km_message_event event;
	const struct km_session *session = NULL;

	if (km_messages_unpack_event(message, &event) < 0 || !is_its_own(hub, child, &event)) {
		km_children_restart(child);
		return;
	}
	/* What a user did is written down in any case; web is not asked for it without a session.
	 */
	if (child->role != KM_ROLE_WEB && !km_hub_may_note(hub, child)) {
		return;
	}
	KM_LOG(hub->log, KM_LOG_WARNING, "event", km_log_text("event", km_events_name(event.event)),
	    km_log_text("text", event.text));
	if (child->role == KM_ROLE_WEB) {
		session = km_sessions_find(&hub->sessions,
		    km_bytes_from(event.session, event.session_size), km_clock_monotonic_us());
	}
	km_journal_note(hub->database, (enum km_event)event.event, &event.camera,
	    session == NULL ? NULL : &session->account, "%s", event.text);
	explicit_bzero(event.session, sizeof(event.session));
}

static void on_ready(struct km_process *child, struct km_bytes message)
{
	struct km_message_ready ready;

	if (km_messages_unpack_ready(message, &ready) < 0) {
		km_children_restart(child);
		return;
	}
	child->is_ready = true;
	memcpy(child->kernel, ready.kernel, sizeof(child->kernel));
	memcpy(child->libraries, ready.libraries, sizeof(child->libraries));
}

/* What every role may say. Returns whether it was one of those. */
bool km_hub_on_any(struct km_hub *hub, struct km_process *child, enum km_message_kind kind,
    struct km_bytes message)
{
	if (kind == KM_MESSAGE_ready) {
		on_ready(child, message);
		return true;
	}
	if (kind == KM_MESSAGE_event) {
		on_event(hub, child, message);
		return true;
	}
	return false;
}

void km_hub_answer_key(
    struct km_process *child, uint32_t request, int err, struct km_vault_key *key)
{
	struct km_message_key_reply reply = { .request = request, .err = err };

	if (err == 0) {
		reply.key = key->id;
		reply.camera = key->camera;
		reply.day = key->day;
		(void)km_text_write_hex(km_bytes_from(key->material, sizeof(key->material)),
		    reply.material, sizeof(reply.material));
	}
	km_hub_send(child, KM_MESSAGE_key_reply, &reply);
	explicit_bzero(&reply, sizeof(reply));
	explicit_bzero(key, sizeof(*key));
}
