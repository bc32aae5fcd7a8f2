#include "guard/guard.h"

#include "guard/care.h"
#include "guard/control.h"
#include "guard/hub.h"
#include "guard/hub_auditor.h"
#include "guard/hub_certificates.h"
#include "guard/hub_courier.h"
#include "guard/hub_journal.h"
#include "guard/hub_listeners.h"
#include "guard/hub_login.h"
#include "guard/hub_remedies.h"
#include "guard/journal.h"
#include "guard/users.h"
#include "io/clock.h"
#include "priv/log.h"

#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define PATIENCE_US (10 * KM_TIME_SECOND_US)

/* What ends the recorder in order; the last one comes when its terminal is closed. */
static const int stop_signals[] = { SIGTERM, SIGINT, SIGHUP };

struct guard {
	struct km_hub hub;
	const struct km_state *state;
	const struct km_guard_events *events;
	void *context;
	bool is_announced;
	struct km_control *control;
	struct km_signal *signals[KM_COUNT(stop_signals)];
};

static void close_all(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		(void)close(fds[i]);
	}
}

static void on_started(void *context, struct km_process *process)
{
	struct guard *guard = context;

	switch (process->role) {
	case KM_ROLE_RECEIVER:
		km_hub_start_receiver(&guard->hub, process);
		break;
	case KM_ROLE_WRITER:
		km_hub_start_writer(&guard->hub, process);
		break;
	case KM_ROLE_WEB:
		km_hub_start_web(&guard->hub, process);
		break;
	case KM_ROLE_COURIER:
		km_hub_courier_start(&guard->hub, process);
		break;
	case KM_ROLE_AUDITOR:
		km_hub_auditor_start(&guard->hub, process);
		break;
	case KM_ROLE_GUARD:
	case KM_ROLE_COMMAND:
		break;
	}
}

/*
 * Once web listens; or once it has failed to, since recording goes on without it and the log says
 * why.
 */
static void announce(struct guard *guard)
{
	char token[KM_LOGINS_TOKEN_SIZE];
	bool wants_setup = false;

	if (guard->is_announced || guard->hub.is_stopping) {
		return;
	}
	guard->is_announced = true;
	wants_setup = km_logins_make_token(guard->hub.logins, token) == 0;
	guard->events->on_serving(guard->context, guard->state, wants_setup ? token : NULL);
	explicit_bzero(token, sizeof(token));
}

static void on_message(
    void *context, struct km_process *process, struct km_bytes message, int *fds, size_t fd_count)
{
	struct guard *guard = context;
	enum km_message_kind kind = KM_MESSAGE_ready;

	if (km_messages_kind(message, &kind) < 0 ||
	    !km_messages_may_send(kind, process->role, KM_ROLE_GUARD, fd_count)) {
		close_all(fds, fd_count);
		km_children_restart(process);
		return;
	}
	switch (process->role) {
	case KM_ROLE_RECEIVER:
		km_hub_on_receiver(&guard->hub, process, kind, message, fds, fd_count);
		break;
	case KM_ROLE_WRITER:
		km_hub_on_writer(&guard->hub, process, kind, message);
		break;
	case KM_ROLE_WEB:
		km_hub_on_web(&guard->hub, process, kind, message);
		if (process->is_ready) {
			announce(guard);
		}
		break;
	case KM_ROLE_COURIER:
		km_hub_courier_on_message(&guard->hub, process, kind, message);
		break;
	case KM_ROLE_AUDITOR:
		km_hub_auditor_on_message(&guard->hub, process, kind, message);
		break;
	case KM_ROLE_GUARD:
	case KM_ROLE_COMMAND:
		break;
	}
}

static void on_ended(void *context, struct km_process *process, const char *text)
{
	struct guard *guard = context;
	struct km_hub *hub = &guard->hub;

	if (!hub->is_stopping) {
		KM_LOG(hub->log, KM_LOG_ERROR, "role-died",
		    km_log_text("role", km_roles_name(process->role)),
		    km_log_number("instance", process->instance), km_log_text("how", text));
		km_journal_note(hub->database, KM_EVENT_ROLE_DIED, NULL, NULL, "%s %u %s",
		    km_roles_name(process->role), process->instance, text);
	}
	if (process->role == KM_ROLE_RECEIVER) {
		km_hub_end_receiver(hub, process);
	} else if (process->role == KM_ROLE_WRITER) {
		km_hub_end_writer(hub);
	} else if (process->role == KM_ROLE_WEB) {
		km_hub_end_web(hub);
		announce(guard);
	} else if (process->role == KM_ROLE_COURIER) {
		km_hub_courier_end(hub);
	} else if (process->role == KM_ROLE_AUDITOR) {
		km_hub_auditor_end(hub);
		km_hub_remedies_end(hub);
	}
}

static void on_all_ended(void *context)
{
	struct guard *guard = context;

	km_loop_stop(guard->hub.loop);
}

static const struct km_children_events children_events = {
	.on_started = on_started,
	.on_message = on_message,
	.on_ended = on_ended,
	.on_all_ended = on_all_ended,
};

static void on_stop(void *context)
{
	struct guard *guard = context;

	if (!guard->hub.is_stopping) {
		guard->hub.is_stopping = true;
		km_children_stop(guard->hub.children, PATIENCE_US);
	}
}

static int prepare_directories(const struct km_hub *hub)
{
	char path[KM_HUB_PATH_SIZE];
	int err = km_users_give_to_writer(hub->recordings);

	memcpy(path, hub->index, sizeof(path));
	return err < 0 ? err : km_users_give_to_writer(dirname(path));
}

/* Two descriptors for each camera's ring, and copies of them on their way to others. */
static void allow_descriptors(void)
{
	struct rlimit limits;

	if (getrlimit(RLIMIT_NOFILE, &limits) == 0) {
		limits.rlim_cur = limits.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limits); /* with fewer, fewer cameras fit */
	}
}

/* nohup(1) */
static bool is_hangup_ignored(void)
{
	struct sigaction now;

	return sigaction(SIGHUP, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

static int catch_signals(struct guard *guard)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < KM_COUNT(stop_signals); i++) {
		if (stop_signals[i] != SIGHUP || !is_hangup_ignored()) {
			err = km_signal_create(
			    guard->hub.loop, stop_signals[i], on_stop, guard, &guard->signals[i]);
		}
	}
	return err;
}

static int start_roles(struct guard *guard)
{
	struct km_hub *hub = &guard->hub;
	int err = km_children_add(hub->children, KM_ROLE_WRITER, 0, &hub->writer);

	if (err == 0) {
		err = km_hub_reload(hub);
	}
	if (err == 0) {
		err = km_children_add(hub->children, KM_ROLE_WEB, 0, &hub->web);
	}
	if (err == 0) {
		err = km_hub_courier_create(hub);
	}
	if (err == 0) {
		err = km_hub_auditor_create(hub);
	}
	if (err == 0) {
		err = km_hub_remedies_create(hub);
	}
	return err;
}

static int begin(struct guard *guard, struct km_state *state, const char *programs)
{
	struct km_hub *hub = &guard->hub;
	const struct km_options *options = &state->options;
	const struct km_log_options log_options = {
		.role = "guard",
		.fd = STDERR_FILENO,
		.level = KM_LOG_NOTICE,
		.clock_us = km_clock_monotonic_us,
	};
	int err = km_log_create(&log_options, &hub->log);

	if (err == 0) {
		err = km_loop_create(&hub->loop);
	}
	hub->options = *options;
	memcpy(hub->state_directory, state->directory, sizeof(hub->state_directory));
	memcpy(hub->recordings, state->recordings, sizeof(hub->recordings));
	memcpy(hub->index, state->index, sizeof(hub->index));
	hub->database = state->database;
	hub->vault = state->vault;
	hub->started_unix_us = km_clock_unix_us();
	km_sessions_init(&hub->sessions, (int64_t)options->session_idle_minutes * KM_TIME_MINUTE_US,
	    (int64_t)options->session_hours * KM_TIME_HOUR_US);
	if (err == 0) {
		err = prepare_directories(hub);
	}
	if (err == 0) {
		err = km_control_create(hub, &guard->control);
	}
	if (err == 0) {
		err = km_hub_journal_open(hub);
	}
	if (err == 0) {
		err = km_hub_begin_people(hub);
	}
	if (err == 0) {
		const struct km_logins_rules rules = {
			.at_once = (unsigned)options->logins_at_once,
			.password_characters = (unsigned)options->password_characters,
			.password_history = (unsigned)options->password_history,
			.allow_from = &hub->allow_from,
		};

		err = km_logins_create(hub->loop, hub->database, hub->vault, &rules,
		    &km_hub_login_events, hub, &hub->logins);
	}
	if (err == 0) {
		err = km_hub_certificates_create(hub, &hub->certificates);
	}
	if (err == 0) {
		err = km_hub_listeners_create(hub, &hub->listeners);
	}
	if (err == 0) {
		err = km_children_create(
		    hub->loop, hub->log, programs, &children_events, guard, &hub->children);
	}
	if (err == 0) {
		err = km_care_create(hub, &hub->care);
	}
	return err < 0 ? err : catch_signals(guard);
}

static void finish(struct guard *guard)
{
	struct km_hub *hub = &guard->hub;

	km_control_destroy(guard->control);
	km_care_destroy(hub->care);
	km_hub_courier_destroy(hub);
	km_hub_remedies_destroy(hub);
	km_hub_auditor_destroy(hub);
	km_children_destroy(hub->children);
	for (size_t i = 0; i < hub->camera_count; i++) {
		km_hub_close_ring(hub->cameras[i]);
		free(hub->cameras[i]);
	}
	free(hub->cameras);
	km_logins_destroy(hub->logins);
	km_hub_journal_close(hub);
	km_hub_listeners_destroy(hub->listeners);
	km_hub_certificates_destroy(hub->certificates);
	for (size_t i = 0; i < KM_COUNT(stop_signals); i++) {
		km_signal_destroy(guard->signals[i]);
	}
	km_loop_destroy(hub->loop);
	km_log_destroy(hub->log);
	explicit_bzero(&hub->sessions, sizeof(hub->sessions));
	free(guard);
}

int km_guard_run(struct km_state *state, const char *programs, const struct km_guard_events *events,
    void *context)
{
	struct guard *guard = calloc(1, sizeof(*guard));
	int err = 0;

	if (guard == NULL) {
		return KM_ERR_MEMORY;
	}
	guard->state = state;
	guard->events = events;
	guard->context = context;
	allow_descriptors();
	err = begin(guard, state, programs);
	if (err < 0) {
		goto out;
	}
	km_journal_note(state->database, KM_EVENT_STARTED, NULL, NULL, "version %s", KM_VERSION);
	km_hub_journal_start(&guard->hub);
	err = start_roles(guard);
	if (err < 0) {
		goto out;
	}
	km_loop_run(guard->hub.loop);
	km_journal_note(state->database, KM_EVENT_STOPPED, NULL, NULL, "%s", "");
	km_hub_journal_sign(&guard->hub);
out:
	finish(guard);
	return err;
}
