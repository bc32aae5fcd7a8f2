#include "courier/courier.h"

#include "base/text.h"
#include "courier/mqtt_link.h"
#include "courier/outlet.h"
#include "io/clock.h"
#include "priv/channel.h"
#include "priv/child.h"
#include "priv/loaded.h"
#include "priv/log.h"
#include "priv/sandbox.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUTLETS_MAX     32
#define DESCRIPTORS_MAX 512

struct courier {
	struct km_loop *loop;
	struct km_channel *channel;
	struct km_log *log;
	bool is_started;
	int exit_status;
	struct km_outlet_shared shared;
	size_t count;
	struct km_outlet *outlets[OUTLETS_MAX];
};

static void stop(struct courier *courier, int exit_status)
{
	courier->exit_status = exit_status;
	km_loop_stop(courier->loop);
}

static void send_message(struct courier *courier, enum km_message_kind kind, const void *message)
{
	struct km_buf buf = { 0 };
	int err = 0;

	km_buf_init(&buf, KM_CHANNEL_MESSAGE_MAX);
	err = km_messages_pack(kind, message, &buf);
	if (err == 0) {
		err = km_channel_send(courier->channel, km_buf_view(&buf), NULL, 0);
	}
	if (err < 0) {
		KM_LOG(courier->log, KM_LOG_ERROR, "message-not-sent",
		    km_log_text("message", km_messages_name(kind)), km_log_error("why", err));
	}
	km_buf_finish(&buf);
}

static void on_done(void *context, const struct km_message_courier_done *done)
{
	send_message(context, KM_MESSAGE_courier_done, done);
}

/* --- the start --- */

static void tell_ready(struct courier *courier, const struct km_sandbox_result *walls)
{
	struct km_message_ready ready = { 0 };

	(void)snprintf(ready.kernel, sizeof(ready.kernel), "landlock %d%s%s%s, seccomp %s%s",
	    walls->landlock_abi, walls->has_files ? " files" : "", walls->has_ports ? " ports" : "",
	    walls->has_scope ? " scope" : "", walls->has_seccomp ? "on" : "off",
	    walls->is_relaxed ? ", relaxed for a sanitizer" : "");
	km_loaded_write(ready.libraries, sizeof(ready.libraries));
	send_message(courier, KM_MESSAGE_ready, &ready);
}

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
	err = km_transfers_create(courier->loop, &courier->shared.transfers);
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
	tell_ready(courier, &walls);
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

static int dispatch(struct courier *courier, enum km_message_kind kind, struct km_bytes message)
{
	if (kind == KM_MESSAGE_stop) {
		stop(courier, EXIT_SUCCESS);
		return 0;
	}
	if (kind == KM_MESSAGE_courier_start) {
		return on_start(courier, message);
	}
	if (!courier->is_started) {
		return KM_ERR_STATE;
	}
	switch (kind) {
	case KM_MESSAGE_courier_destination:
		return on_destination(courier, message);
	case KM_MESSAGE_courier_forget:
		return on_forget(courier, message);
	case KM_MESSAGE_courier_notice:
		return on_notice(courier, message);
	case KM_MESSAGE_courier_camera:
		return on_camera(courier, message);
	default:
		return KM_ERR_UNSUPPORTED;
	}
}

static void on_message(void *context, struct km_bytes message, int *fds, size_t fd_count)
{
	struct courier *courier = context;
	enum km_message_kind kind = KM_MESSAGE_stop;
	int err = km_messages_kind(message, &kind);

	if (err == 0 && !km_messages_may_send(kind, KM_ROLE_GUARD, KM_ROLE_COURIER, fd_count)) {
		err = KM_ERR_DENIED;
	}
	if (err == 0) {
		err = dispatch(courier, kind, message);
	}
	for (size_t i = 0; i < fd_count; i++) {
		(void)close(fds[i]);
	}
	if (err < 0) {
		KM_LOG(courier->log, KM_LOG_ERROR, "message-refused",
		    km_log_text("message", km_messages_name(kind)), km_log_error("why", err));
		stop(courier, EXIT_FAILURE);
	}
}

static void on_closed(void *context, int err)
{
	(void)err;
	stop(context, EXIT_SUCCESS);
}

static const struct km_channel_events channel_events = {
	.on_message = on_message,
	.on_closed = on_closed,
};

/* --- life --- */

static void on_terminate(void *context)
{
	stop(context, EXIT_SUCCESS);
}

static int set_up(struct courier *courier)
{
	const struct km_log_options log_options = {
		.role = "courier",
		.fd = STDERR_FILENO,
		.level = KM_LOG_NOTICE,
		.clock_us = km_clock_monotonic_us,
	};
	int err = km_log_create(&log_options, &courier->log);

	if (err == 0) {
		err = km_loop_create(&courier->loop);
	}
	if (err == 0) {
		err = km_channel_create(courier->loop, KM_CHILD_CHANNEL_FD, &channel_events,
		    courier, &courier->channel);
	}
	courier->shared.loop = courier->loop;
	courier->shared.on_done = on_done;
	courier->shared.context = courier;
	return err;
}

static void tear_down(struct courier *courier)
{
	for (size_t i = 0; i < courier->count; i++) {
		km_outlet_destroy(courier->outlets[i]);
	}
	km_transfers_destroy(courier->shared.transfers);
	free(courier->shared.cameras);
	km_channel_destroy(courier->channel);
	km_log_destroy(courier->log);
}

int km_courier_run(void)
{
	const struct km_child_limits limits = { .descriptors = DESCRIPTORS_MAX };
	struct courier *courier = NULL;
	struct km_signal *terminate = NULL;
	int status = EXIT_FAILURE;
	int err = km_child_enter("komainu-courier", &limits);

	if (err < 0) {
		(void)fprintf(
		    stderr, "komainu-courier: started by komainu only: %s\n", km_error_text(err));
		return EXIT_FAILURE;
	}
	courier = calloc(1, sizeof(*courier));
	if (courier == NULL) {
		return EXIT_FAILURE;
	}
	err = set_up(courier);
	if (err == 0) {
		err = km_signal_create(courier->loop, SIGTERM, on_terminate, courier, &terminate);
	}
	if (err < 0) {
		(void)fprintf(stderr, "komainu-courier: could not start: %s\n", km_error_text(err));
	} else {
		km_loop_run(courier->loop);
		status = courier->exit_status;
	}
	km_signal_destroy(terminate);
	tear_down(courier);
	km_loop_destroy(courier->loop);
	free(courier);
	return status;
}
