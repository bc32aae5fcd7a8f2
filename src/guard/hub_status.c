/*
 * All that is known now, as messages: for the page and for `komainu status`.
 */
#include "guard/hub.h"
#include "guard/hub_certificates.h"
#include "guard/hub_journal.h"
#include "guard/hub_listeners.h"
#include "guard/logins.h"
#include "io/clock.h"

#include <string.h>

static void fill_settings(const struct km_camera *entry, struct km_message_status_camera *status)
{
	status->camera = entry->id;
	memcpy(status->name, entry->name, sizeof(status->name));
	memcpy(status->url, entry->url, sizeof(status->url));
	memcpy(status->user, entry->user, sizeof(status->user));
	status->is_enabled = entry->is_enabled;
	status->wished_transport = entry->transport;
	status->allows_basic = entry->allows_basic;
	status->pin_size = entry->has_pin ? KM_CAMERA_PIN_BYTES : 0;
	memcpy(status->pin, entry->pin, sizeof(status->pin));
	status->retain_us = entry->retain_us;
	status->retain_bytes = entry->retain_bytes;
}

static void fill_counters(
    const struct km_hub_camera *camera, struct km_message_status_camera *status)
{
	const struct km_message_camera_state *received = &camera->received;
	const struct km_message_stream_state *stored = &camera->stored;

	status->state = received->state;
	status->since_unix_us = received->since_unix_us;
	status->frames_received = camera->frames_before + received->frames;
	status->frames_stored = camera->stored_before + stored->frames;
	status->bytes_received = received->bytes;
	status->bytes_stored = stored->bytes;
	status->kept_bytes = stored->kept_bytes;
	status->oldest_unix_us = stored->oldest_unix_us;
	status->last_unix_us = stored->last_unix_us;
	status->gaps = stored->gaps;
	status->lost = received->lost + stored->lost;
	status->damaged = received->damaged;
	status->reconnects = received->reconnects;
	status->clock_offset_us = received->clock_offset_us;
	memcpy(status->error, received->error, sizeof(status->error));
	memcpy(status->transport, received->transport, sizeof(status->transport));
	memcpy(status->authentication, received->authentication, sizeof(status->authentication));
	status->tracks_size = received->tracks_size;
	memcpy(status->tracks, received->tracks, received->tracks_size);
}

struct telling {
	uint32_t request;
	void (*send)(void *context, enum km_message_kind kind, const void *message);
	void *context;
};

static void on_child(void *context, struct km_process *child)
{
	struct telling *telling = context;
	struct km_message_status_role status = {
		.request = telling->request,
		.instance = child->instance,
		.pid = child->pid,
		.is_ready = child->is_ready,
		.restarts = child->restarts,
		.started_unix_us = child->started_unix_us,
	};

	(void)km_bytes_copy_text(
	    km_bytes_text(km_roles_name(child->role)), status.role, sizeof(status.role));
	memcpy(status.kernel, child->kernel, sizeof(status.kernel));
	telling->send(telling->context, KM_MESSAGE_status_role, &status);
}

void km_hub_tell_status(struct km_hub *hub, uint32_t request,
    void (*send)(void *context, enum km_message_kind kind, const void *message),
    bool (*may_see)(void *context, const struct km_uuid *camera), void *context)
{
	struct telling telling = { .request = request, .send = send, .context = context };
	struct km_message_status_system system = {
		.request = request,
		.version = KM_VERSION,
		.started_unix_us = hub->started_unix_us,
		.is_setup_done = km_logins_is_setup_done(hub->logins),
		.storage = hub->storage.state,
		.total_bytes = hub->storage.total_bytes,
		.free_bytes = hub->storage.free_bytes,
		.kept_bytes = hub->storage.kept_bytes,
	};

	memcpy(system.storage_error, hub->storage.error, sizeof(system.storage_error));
	km_hub_journal_look(hub, &system);
	km_hub_certificates_tell(hub, &system);
	system.is_clock_kept = km_clock_is_kept(&system.clock_error_us);
	system.unexpected_listeners = km_hub_listeners_unexpected(hub);
	send(context, KM_MESSAGE_status_system, &system);
	for (size_t i = 0; i < hub->camera_count; i++) {
		struct km_message_status_camera camera = { .request = request };

		if (may_see != NULL && !may_see(context, &hub->cameras[i]->entry.id)) {
			continue;
		}
		fill_settings(&hub->cameras[i]->entry, &camera);
		fill_counters(hub->cameras[i], &camera);
		send(context, KM_MESSAGE_status_camera, &camera);
	}
	km_children_each(hub->children, on_child, &telling);
}
