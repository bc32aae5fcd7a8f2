#include "courier/courier.h"

#include "base/text.h"
#include "courier/mqtt_link.h"
#include "courier/outlet.h"
#include "priv/role_process.h"

#include <stdlib.h>
#include <string.h>

#define OUTLETS_MAX     32
#define DESCRIPTORS_MAX 512

struct courier {
	struct km_role_process *process;
	bool is_started;
	struct km_outlet_shared shared;
	size_t count;
	struct km_outlet *outlets[OUTLETS_MAX];
};

static void on_done(void *context, const struct km_message_courier_done *done)
{
	struct courier *courier = context;

	km_role_process_send(courier->process, KM_MESSAGE_courier_done, done);
}

/* --- the start --- */

/* What looking up names needs, and the system's authorities, which may be renewed while it runs. */
static int enter_sandbox(struct km_sandbox_result *ret_walls)
{
	static const char *const readable[] = { "/etc/resolv.conf", "/etc/hosts",
		"/etc/nsswitch.conf", "/etc/gai.conf", "/etc/host.conf", "/etc/services",
		"/etc/ssl/certs", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
		NULL };
	const struct km_sandbox_rules rules = {
		.profiles = KM_SANDBOX_BASE | KM_SANDBOX_NET_CLIENT | KM_SANDBOX_FILES,
		.read_paths = readable,
	};

	return km_sandbox_apply(&rules, ret_walls);
}

static int on_start(struct courier *courier, struct km_bytes message)
{
	struct km_message_courier_start start;
	struct km_sandbox_result walls = { 0 };
	int err = km_messages_unpack_courier_start(message, &start);

	if (err < 0 || courier->is_started) {
		return err < 0 ? err : KM_ERR_STATE;
	}
	err = km_transfers_create(courier->shared.loop, &courier->shared.transfers);
	if (err == 0) {
		err = km_mqtt_link_prepare();
	}
	if (err == 0) {
		err = enter_sandbox(&walls);
	}
	if (err < 0) {
		return err;
	}
	memcpy(courier->shared.host_name, start.host_name, sizeof(courier->shared.host_name));
	courier->is_started = true;
	km_role_process_ready(courier->process, &walls);
	return 0;
}

/* --- destinations --- */

/* Its place, or count. */
static size_t find_outlet(const struct courier *courier, const struct km_uuid *id)
{
	size_t i = 0;

	while (i < courier->count && !km_uuid_is_equal(km_outlet_id(courier->outlets[i]), id)) {
		i++;
	}
	return i;
}

static int put_outlet(
    struct courier *courier, const struct km_message_courier_destination *settings)
{
	size_t at = find_outlet(courier, &settings->destination);
	int err = 0;

	if (at < courier->count) {
		return km_outlet_change(courier->outlets[at], settings);
	}
	if (courier->count == OUTLETS_MAX) {
		return KM_ERR_LIMIT;
	}
	err = km_outlet_create(&courier->shared, settings, &courier->outlets[courier->count]);
	if (err == 0) {
		courier->count++;
	}
	return err;
}

static int on_destination(struct courier *courier, struct km_bytes packed)
{
	struct km_message_courier_destination settings;
	int err = km_messages_unpack_courier_destination(packed, &settings);

	if (err == 0) {
		err = put_outlet(courier, &settings);
	}
	explicit_bzero(&settings, sizeof(settings));
	return err;
}

static int on_forget(struct courier *courier, struct km_bytes packed)
{
	struct km_message_courier_forget forget;
	size_t at = 0;
	int err = km_messages_unpack_courier_forget(packed, &forget);

	if (err < 0) {
		return err;
	}
	at = find_outlet(courier, &forget.destination);
	if (at < courier->count) {
		km_outlet_destroy(courier->outlets[at]);
		courier->outlets[at] = courier->outlets[--courier->count];
	}
	return 0;
}

static int on_notice(struct courier *courier, struct km_bytes packed)
{
	struct km_message_courier_notice notice;
	size_t at = 0;
	int err = km_messages_unpack_courier_notice(packed, &notice);

	if (err < 0) {
		return err;
	}
	at = find_outlet(courier, &notice.destination);
	return at == courier->count ? KM_ERR_NOT_FOUND
				    : km_outlet_take(courier->outlets[at], &notice);
}

/* --- cameras --- */

static int note_camera(struct courier *courier, const struct km_message_courier_camera *camera)
{
	struct km_outlet_shared *shared = &courier->shared;
	struct km_message_courier_camera *cameras = NULL;
	size_t at = 0;

	while (at < shared->camera_count &&
	       !km_uuid_is_equal(&shared->cameras[at].camera, &camera->camera)) {
		at++;
	}
	if (at < shared->camera_count && camera->is_gone) {
		shared->cameras[at] = shared->cameras[--shared->camera_count];
		return 0;
	}
	if (at == shared->camera_count) {
		if (at == KM_OUTLET_CAMERAS_MAX) {
			return KM_ERR_LIMIT;
		}
		cameras = reallocarray(shared->cameras, at + 1, sizeof(*cameras));
		if (cameras == NULL) {
			return KM_ERR_MEMORY;
		}
		shared->cameras = cameras;
		shared->camera_count++;
	}
	shared->cameras[at] = *camera;
	return 0;
}

static int on_camera(struct courier *courier, struct km_bytes packed)
{
	struct km_message_courier_camera camera;
	int err = km_messages_unpack_courier_camera(packed, &camera);

	if (err == 0) {
		err = note_camera(courier, &camera);
	}
	for (size_t i = 0; err == 0 && i < courier->count; i++) {
		km_outlet_tell_camera(courier->outlets[i], &camera);
	}
	return err;
}

/* --- messages --- */

static int on_message(
    void *context, enum km_message_kind kind, struct km_bytes packed, int *fds, size_t fd_count)
{
	struct courier *courier = context;

	(void)fds;
	(void)fd_count;
	if (kind == KM_MESSAGE_courier_start) {
		return on_start(courier, packed);
	}
	if (!courier->is_started) {
		return KM_ERR_STATE;
	}
	switch (kind) {
	case KM_MESSAGE_courier_destination:
		return on_destination(courier, packed);
	case KM_MESSAGE_courier_forget:
		return on_forget(courier, packed);
	case KM_MESSAGE_courier_notice:
		return on_notice(courier, packed);
	case KM_MESSAGE_courier_camera:
		return on_camera(courier, packed);
	default:
		return KM_ERR_UNSUPPORTED;
	}
}

/* --- life --- */

static int on_begin(void *context, struct km_role_process *process)
{
	struct courier *courier = context;

	courier->process = process;
	courier->shared.loop = km_role_process_loop(process);
	courier->shared.on_done = on_done;
	courier->shared.context = courier;
	return 0;
}

static void on_end(void *context)
{
	struct courier *courier = context;

	for (size_t i = 0; i < courier->count; i++) {
		km_outlet_destroy(courier->outlets[i]);
	}
	km_transfers_destroy(courier->shared.transfers);
	free(courier->shared.cameras);
}

int km_courier_run(void)
{
	static const struct km_role_process_options options = {
		.role = KM_ROLE_COURIER,
		.senders = KM_ROLE_GUARD,
		.limits = { .descriptors = DESCRIPTORS_MAX },
		.on_begin = on_begin,
		.on_message = on_message,
		.on_end = on_end,
	};
	struct courier courier = { 0 };

	return km_role_process_run(&options, &courier);
}
