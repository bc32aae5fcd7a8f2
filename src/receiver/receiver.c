#include "receiver/receiver.h"

#include "base/time.h"
#include "io/clock.h"
#include "model/events.h"
#include "priv/role_process.h"
#include "receiver/camera_session.h"
#include "receiver/media_path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAMERAS_MAX     1024
#define PROBES_MAX      8
#define DESCRIPTORS_MAX 16384
#define STATE_US        KM_TIME_SECOND_US
#define ROUND_US        INT64_C(20000) /* watched cameras are drained together */
#define CLOCK_STEP_US   (2 * KM_TIME_SECOND_US)
#define TICK_MIN_US     INT64_C(10000)
#define TICK_MAX_US     INT64_C(1000000)
#define STALL_MIN_US    KM_TIME_SECOND_US
#define RETRY_MIN_US    INT64_C(1000)
#define RETRY_MAX_US    KM_TIME_MINUTE_US

struct camera {
	struct receiver *receiver;
	struct km_uuid id;
	uint32_t request; /* of a probe */
	struct km_camera_session *session;
	struct km_message_camera_state told; /* last */
};

struct receiver {
	struct km_role_process *process;
	struct km_timer *timer;
	struct km_camera_shared shared;
	bool is_started;
	int64_t wall_us;       /* CLOCK_REALTIME minus CLOCK_MONOTONIC, as of the last tick */
	int64_t next_state_us; /* when states are told again */
	size_t camera_count;
	size_t probe_count;
	struct camera *camera[CAMERAS_MAX];
	struct camera *probe[PROBES_MAX];
};

/* --- what we send --- */

static void on_ring(void *context, struct km_camera_session *session, const struct km_ring *ring,
    uint64_t generation)
{
	struct camera *camera = context;
	const struct km_message_ring_open message = {
		.camera = camera->id,
		.generation = generation,
	};
	const int fds[] = { km_ring_memory_fd(ring), km_ring_event_fd(ring) };

	(void)session;
	km_role_process_send_fds(
	    camera->receiver->process, KM_MESSAGE_ring_open, &message, fds, KM_COUNT(fds));
}

static const struct km_camera_session_events session_events = { .on_ring = on_ring };

static void tell_state(struct receiver *receiver, struct camera *camera)
{
	struct km_message_camera_state state;

	km_camera_session_state(camera->session, &state);
	state.camera = camera->id;
	if (memcmp(&state, &camera->told, sizeof(state)) != 0) {
		camera->told = state;
		km_role_process_send(receiver->process, KM_MESSAGE_camera_state, &state);
	}
}

/* --- cameras --- */

static void destroy_camera(struct camera *camera)
{
	if (camera != NULL) {
		km_camera_session_destroy(camera->session);
		free(camera);
	}
}

static int make_camera(struct receiver *receiver, const struct km_uuid *id,
    const struct km_camera_settings *settings, int64_t probe_us, struct camera **ret_camera)
{
	struct camera *camera = calloc(1, sizeof(*camera));
	int err = 0;

	if (camera == NULL) {
		return KM_ERR_MEMORY;
	}
	camera->receiver = receiver;
	camera->id = *id;
	err = km_camera_session_create(
	    &receiver->shared, settings, probe_us, &session_events, camera, &camera->session);
	if (err < 0) {
		free(camera);
		return err;
	}
	*ret_camera = camera;
	return 0;
}

/* The camera's place, or camera_count. */
static size_t find_camera(const struct receiver *receiver, const struct km_uuid *id)
{
	size_t i = 0;

	while (i < receiver->camera_count && !km_uuid_is_equal(&receiver->camera[i]->id, id)) {
		i++;
	}
	return i;
}

static int add_camera(
    struct receiver *receiver, const struct km_uuid *id, const struct km_camera_settings *settings)
{
	size_t at = find_camera(receiver, id);
	int err = 0;

	if (at < receiver->camera_count) {
		km_camera_session_change(receiver->camera[at]->session, settings);
		return 0;
	}
	if (receiver->camera_count == CAMERAS_MAX) {
		return KM_ERR_LIMIT;
	}
	err = make_camera(receiver, id, settings, 0, &receiver->camera[receiver->camera_count]);
	if (err == 0) {
		receiver->camera_count++;
	}
	return err;
}

static void remove_camera(struct receiver *receiver, const struct km_uuid *id)
{
	size_t at = find_camera(receiver, id);

	if (at < receiver->camera_count) {
		destroy_camera(receiver->camera[at]);
		receiver->camera[at] = receiver->camera[--receiver->camera_count];
	}
}

static void watch_camera(struct receiver *receiver, const struct km_uuid *id, bool is_watched)
{
	size_t at = find_camera(receiver, id);

	if (at < receiver->camera_count) {
		km_camera_session_set_watched(receiver->camera[at]->session, is_watched);
	}
}

static void refuse_probe(struct receiver *receiver, uint32_t request, int err, const char *text)
{
	struct km_message_probe_result result = { .request = request, .err = err };

	(void)snprintf(result.error, sizeof(result.error), "%s", text);
	km_role_process_send(receiver->process, KM_MESSAGE_probe_result, &result);
}

static void begin_probe(struct receiver *receiver, uint32_t request, int64_t span_us,
    const struct km_camera_settings *settings)
{
	const struct km_uuid nobody = { 0 };
	struct camera *probe = NULL;
	int err = 0;

	if (receiver->probe_count == PROBES_MAX) {
		refuse_probe(receiver, request, KM_ERR_LIMIT, "too many tests at a time");
		return;
	}
	err = make_camera(receiver, &nobody, settings, span_us > 0 ? span_us : 1, &probe);
	if (err < 0) {
		refuse_probe(receiver, request, err, km_error_text(err));
		return;
	}
	probe->request = request;
	receiver->probe[receiver->probe_count++] = probe;
}

static void end_probes(struct receiver *receiver)
{
	size_t i = 0;

	while (i < receiver->probe_count) {
		struct camera *probe = receiver->probe[i];
		struct km_message_probe_result result;

		if (!km_camera_session_is_probed(probe->session)) {
			i++;
			continue;
		}
		km_camera_session_probe(probe->session, &result);
		result.request = probe->request;
		km_role_process_send(receiver->process, KM_MESSAGE_probe_result, &result);
		destroy_camera(probe);
		receiver->probe[i] = receiver->probe[--receiver->probe_count];
	}
}

/* --- the tick --- */

static void check_clock(struct receiver *receiver, int64_t now_us, int64_t now_unix_us)
{
	int64_t wall_us = now_unix_us - now_us;
	int64_t step_us = wall_us - receiver->wall_us;

	/* Slower changes than this are slewing, which labels follow. */
	receiver->wall_us = wall_us;
	if (step_us > -CLOCK_STEP_US && step_us < CLOCK_STEP_US) {
		return;
	}
	for (size_t i = 0; i < receiver->camera_count; i++) {
		km_camera_session_clock_step(receiver->camera[i]->session);
	}
}

static void on_tick(void *context)
{
	struct receiver *receiver = context;
	int64_t now_us = km_clock_monotonic_us();
	int64_t now_unix_us = km_clock_unix_us();

	check_clock(receiver, now_us, now_unix_us);
	for (size_t i = 0; i < receiver->camera_count; i++) {
		km_camera_session_tick(receiver->camera[i]->session, now_us);
	}
	for (size_t i = 0; i < receiver->probe_count; i++) {
		km_camera_session_tick(receiver->probe[i]->session, now_us);
	}
	end_probes(receiver);
	if (now_us >= receiver->next_state_us) {
		receiver->next_state_us = now_us + STATE_US;
		for (size_t i = 0; i < receiver->camera_count; i++) {
			tell_state(receiver, receiver->camera[i]);
		}
		km_log_flush(km_role_process_log(receiver->process));
	}
}

/* --- messages --- */

static int64_t clamp(int64_t value, int64_t least, int64_t most)
{
	return value < least ? least : value > most ? most : value;
}

/* The file system closes here, but for what looking up names needs. */
static int enter_sandbox(struct km_sandbox_result *ret_walls)
{
	static const char *const names[] = { "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf",
		"/etc/gai.conf", "/etc/host.conf", "/etc/services", NULL };
	const struct km_sandbox_rules rules = {
		.profiles = KM_SANDBOX_BASE | KM_SANDBOX_NET_CLIENT | KM_SANDBOX_FILES,
		.read_paths = names,
	};

	return km_sandbox_apply(&rules, ret_walls);
}

static int on_start(struct receiver *receiver, struct km_bytes message)
{
	struct km_message_receiver_start start;
	struct km_sandbox_result walls = { 0 };
	int err = km_messages_unpack_receiver_start(message, &start);

	if (err < 0 || receiver->is_started) {
		return err < 0 ? err : KM_ERR_STATE;
	}
	err = km_tls_roots_create(NULL, &receiver->shared.tls_roots);
	if (err == 0) {
		err = enter_sandbox(&walls);
	}
	if (err < 0) {
		return err;
	}
	receiver->shared.intake = (struct km_intake_settings){
		.ring_bytes_first = (size_t)start.ring_bytes_first,
		.ring_bytes_max = (size_t)start.ring_bytes_max,
		.tick_us = clamp(start.tick_us, TICK_MIN_US, TICK_MAX_US),
	};
	receiver->shared.stall_us = clamp(start.stall_us, STALL_MIN_US, INT64_MAX);
	receiver->shared.retry_us = clamp(start.retry_us, RETRY_MIN_US, RETRY_MAX_US);
	receiver->wall_us = km_clock_unix_us() - km_clock_monotonic_us();
	receiver->is_started = true;
	km_timer_start(
	    receiver->timer, receiver->shared.intake.tick_us, receiver->shared.intake.tick_us);
	km_role_process_ready(receiver->process, &walls);
	return 0;
}

static int on_camera_add(struct receiver *receiver, struct km_bytes packed)
{
	struct km_message_camera_add message;
	struct km_camera_settings settings = { 0 };
	int err = km_messages_unpack_camera_add(packed, &message);

	if (err < 0) {
		return err;
	}
	memcpy(settings.url, message.url, sizeof(settings.url));
	memcpy(settings.user, message.user, sizeof(settings.user));
	memcpy(settings.password, message.password, sizeof(settings.password));
	settings.transport = message.transport;
	settings.allows_basic = message.allows_basic != 0;
	settings.has_pin = message.pin_size == sizeof(settings.pin);
	memcpy(settings.pin, message.pin, sizeof(settings.pin));
	err = add_camera(receiver, &message.camera, &settings);
	if (err < 0) {
		KM_LOG(km_role_process_log(receiver->process), KM_LOG_ERROR, "camera-not-added",
		    km_log_text("camera", message.name), km_log_error("why", err));
	}
	explicit_bzero(&settings, sizeof(settings));
	km_messages_wipe(KM_MESSAGE_camera_add, &message);
	return 0;
}

static int on_camera_probe(struct receiver *receiver, struct km_bytes packed)
{
	struct km_message_camera_probe message;
	struct km_camera_settings settings = { 0 };
	int err = km_messages_unpack_camera_probe(packed, &message);

	if (err < 0) {
		return err;
	}
	memcpy(settings.url, message.url, sizeof(settings.url));
	memcpy(settings.user, message.user, sizeof(settings.user));
	memcpy(settings.password, message.password, sizeof(settings.password));
	settings.transport = message.transport;
	settings.allows_basic = message.allows_basic != 0;
	settings.has_pin = message.pin_size == sizeof(settings.pin);
	memcpy(settings.pin, message.pin, sizeof(settings.pin));
	begin_probe(receiver, message.request, message.span_us, &settings);
	explicit_bzero(&settings, sizeof(settings));
	km_messages_wipe(KM_MESSAGE_camera_probe, &message);
	return 0;
}

static int on_camera_remove(struct receiver *receiver, struct km_bytes packed)
{
	struct km_message_camera_remove message;
	int err = km_messages_unpack_camera_remove(packed, &message);

	if (err == 0) {
		remove_camera(receiver, &message.camera);
	}
	return err;
}

static int on_camera_watch(struct receiver *receiver, struct km_bytes packed)
{
	struct km_message_camera_watch message;
	int err = km_messages_unpack_camera_watch(packed, &message);

	if (err == 0) {
		watch_camera(receiver, &message.camera, message.is_watched != 0);
	}
	return err;
}

static int on_message(
    void *context, enum km_message_kind kind, struct km_bytes packed, int *fds, size_t fd_count)
{
	struct receiver *receiver = context;

	(void)fds;
	(void)fd_count;
	if (kind == KM_MESSAGE_receiver_start) {
		return on_start(receiver, packed);
	}
	if (!receiver->is_started) {
		return KM_ERR_STATE;
	}
	switch (kind) {
	case KM_MESSAGE_camera_add:
		return on_camera_add(receiver, packed);
	case KM_MESSAGE_camera_remove:
		return on_camera_remove(receiver, packed);
	case KM_MESSAGE_camera_watch:
		return on_camera_watch(receiver, packed);
	case KM_MESSAGE_camera_probe:
		return on_camera_probe(receiver, packed);
	default:
		return KM_ERR_UNSUPPORTED;
	}
}

/* --- life --- */

static int on_begin(void *context, struct km_role_process *process)
{
	struct receiver *receiver = context;
	struct km_loop *loop = km_role_process_loop(process);
	int err = km_timer_create(loop, on_tick, receiver, &receiver->timer);

	receiver->process = process;
	if (err == 0) {
		err = km_rounds_create(loop, ROUND_US, &receiver->shared.rounds);
	}
	if (err == 0) {
		receiver->shared.loop = loop;
		receiver->shared.scratch = malloc(KM_MEDIA_PATH_SCRATCH_BYTES);
		err = receiver->shared.scratch == NULL ? KM_ERR_MEMORY : 0;
	}
	return err;
}

static void on_end(void *context)
{
	struct receiver *receiver = context;

	for (size_t i = 0; i < receiver->camera_count; i++) {
		destroy_camera(receiver->camera[i]);
	}
	for (size_t i = 0; i < receiver->probe_count; i++) {
		destroy_camera(receiver->probe[i]);
	}
	if (receiver->timer != NULL) {
		km_timer_destroy(receiver->timer);
	}
	km_rounds_destroy(receiver->shared.rounds);
	km_tls_roots_destroy(receiver->shared.tls_roots);
	free(receiver->shared.scratch);
}

int km_receiver_run(void)
{
	static const struct km_role_process_options options = {
		.role = KM_ROLE_RECEIVER,
		.senders = KM_ROLE_GUARD | KM_ROLE_COMMAND,
		.limits = { .descriptors = DESCRIPTORS_MAX },
		.on_begin = on_begin,
		.on_message = on_message,
		.on_end = on_end,
	};
	struct receiver receiver = { 0 };

	return km_role_process_run(&options, &receiver);
}
