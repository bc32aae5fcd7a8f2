#include "auditor/auditor.h"

#include "auditor/job_runner.h"
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

#define DESCRIPTORS_MAX 2048

struct auditor {
	struct km_loop *loop;
	struct km_channel *channel;
	struct km_log *log;
	struct km_job_runner *runner; /* once it is started */
	int exit_status;
};

static void stop(struct auditor *auditor, int exit_status)
{
	auditor->exit_status = exit_status;
	km_loop_stop(auditor->loop);
}

static void send_packed(void *context, struct km_bytes packed)
{
	struct auditor *auditor = context;
	int err = km_channel_send(auditor->channel, packed, NULL, 0);

	if (err < 0) {
		KM_LOG(auditor->log, KM_LOG_ERROR, "message-not-sent", km_log_error("why", err));
	}
}

static void send_message(struct auditor *auditor, enum km_message_kind kind, const void *message)
{
	struct km_buf buf = { 0 };

	km_buf_init(&buf, KM_CHANNEL_MESSAGE_MAX);
	if (km_messages_pack(kind, message, &buf) == 0) {
		send_packed(auditor, km_buf_view(&buf));
	}
	km_buf_finish(&buf);
}

/* --- the start --- */

static void tell_ready(struct auditor *auditor, const struct km_sandbox_result *walls)
{
	struct km_message_ready ready = { 0 };

	(void)snprintf(ready.kernel, sizeof(ready.kernel), "landlock %d%s%s%s, seccomp %s%s",
	    walls->landlock_abi, walls->has_files ? " files" : "", walls->has_ports ? " ports" : "",
	    walls->has_scope ? " scope" : "", walls->has_seccomp ? "on" : "off",
	    walls->is_relaxed ? ", relaxed for a sanitizer" : "");
	km_loaded_write(ready.libraries, sizeof(ready.libraries));
	send_message(auditor, KM_MESSAGE_ready, &ready);
}

/* What looking up names needs, the list of makers, and the neighbours' hardware addresses. */
static int enter_sandbox(struct km_sandbox_result *ret_walls)
{
	static const char *const readable[] = { "/etc/resolv.conf", "/etc/hosts",
		"/etc/nsswitch.conf", "/etc/gai.conf", "/etc/host.conf", "/etc/services",
		"/usr/share/ieee-data", "/proc/net/arp", "/etc/ssl/certs",
		"/usr/share/ca-certificates", "/usr/local/share/ca-certificates", NULL };
	const struct km_sandbox_rules rules = {
		.profiles = KM_SANDBOX_BASE | KM_SANDBOX_NET_CLIENT | KM_SANDBOX_FILES,
		.read_paths = readable,
		.may_choose_source = true,
	};

	return km_sandbox_apply(&rules, ret_walls);
}

static int on_start(struct auditor *auditor, struct km_bytes packed)
{
	struct km_message_auditor_start start;
	struct km_sandbox_result walls = { 0 };
	int err = km_messages_unpack_auditor_start(packed, &start);

	if (err < 0 || auditor->runner != NULL) {
		return err < 0 ? err : KM_ERR_STATE;
	}
	err = enter_sandbox(&walls);
	if (err == 0) {
		err = km_job_runner_create(
		    auditor->loop, start.jobs_max, send_packed, auditor, &auditor->runner);
	}
	if (err == 0) {
		tell_ready(auditor, &walls);
	}
	return err;
}

/* --- messages --- */

static int on_job_begin(struct auditor *auditor, struct km_bytes packed)
{
	struct km_message_job_begin begin;
	struct km_message_job_ended ended = { 0 };
	int err = km_messages_unpack_job_begin(packed, &begin);

	if (err < 0) {
		return err;
	}
	err = km_job_runner_begin(auditor->runner, &begin);
	if (err < 0) {
		ended.audit = begin.audit;
		ended.err = err;
		(void)snprintf(ended.text, sizeof(ended.text), "%s", km_error_text(err));
		send_message(auditor, KM_MESSAGE_job_ended, &ended);
	}
	explicit_bzero(&begin, sizeof(begin));
	return 0;
}

static int on_job_stop(struct auditor *auditor, struct km_bytes packed)
{
	struct km_message_job_stop message;
	int err = km_messages_unpack_job_stop(packed, &message);

	if (err == 0) {
		km_job_runner_stop(auditor->runner, message.audit);
	}
	return err;
}

static int on_try_answer(struct auditor *auditor, struct km_bytes packed)
{
	struct km_message_try_answer answer;
	int err = km_messages_unpack_try_answer(packed, &answer);

	if (err == 0) {
		km_job_runner_answer(auditor->runner, &answer);
	}
	return err;
}

static int dispatch(struct auditor *auditor, enum km_message_kind kind, struct km_bytes packed)
{
	if (kind == KM_MESSAGE_stop) {
		stop(auditor, EXIT_SUCCESS);
		return 0;
	}
	if (kind == KM_MESSAGE_auditor_start) {
		return on_start(auditor, packed);
	}
	if (auditor->runner == NULL) {
		return KM_ERR_STATE;
	}
	switch (kind) {
	case KM_MESSAGE_job_begin:
		return on_job_begin(auditor, packed);
	case KM_MESSAGE_job_stop:
		return on_job_stop(auditor, packed);
	case KM_MESSAGE_try_answer:
		return on_try_answer(auditor, packed);
	default:
		return KM_ERR_UNSUPPORTED;
	}
}

static void on_message(void *context, struct km_bytes message, int *fds, size_t fd_count)
{
	struct auditor *auditor = context;
	enum km_message_kind kind = KM_MESSAGE_stop;
	int err = km_messages_kind(message, &kind);

	if (err == 0 && !km_messages_may_send(kind, KM_ROLE_GUARD, KM_ROLE_AUDITOR, fd_count)) {
		err = KM_ERR_DENIED;
	}
	if (err == 0) {
		err = dispatch(auditor, kind, message);
	}
	for (size_t i = 0; i < fd_count; i++) {
		(void)close(fds[i]);
	}
	if (err < 0) {
		KM_LOG(auditor->log, KM_LOG_ERROR, "message-refused",
		    km_log_text("message", km_messages_name(kind)), km_log_error("why", err));
		stop(auditor, EXIT_FAILURE);
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

static int set_up(struct auditor *auditor)
{
	const struct km_log_options log_options = {
		.role = "auditor",
		.fd = STDERR_FILENO,
		.level = KM_LOG_NOTICE,
		.clock_us = km_clock_monotonic_us,
	};
	int err = km_log_create(&log_options, &auditor->log);

	if (err == 0) {
		err = km_loop_create(&auditor->loop);
	}
	if (err == 0) {
		err = km_channel_create(auditor->loop, KM_CHILD_CHANNEL_FD, &channel_events,
		    auditor, &auditor->channel);
	}
	return err;
}

int km_auditor_run(void)
{
	const struct km_child_limits limits = { .descriptors = DESCRIPTORS_MAX };
	struct auditor auditor = { .exit_status = EXIT_FAILURE };
	struct km_signal *terminate = NULL;
	int err = km_child_enter("komainu-auditor", &limits);

	if (err < 0) {
		(void)fprintf(
		    stderr, "komainu-auditor: started by komainu only: %s\n", km_error_text(err));
		return EXIT_FAILURE;
	}
	err = set_up(&auditor);
	if (err == 0) {
		err = km_signal_create(auditor.loop, SIGTERM, on_terminate, &auditor, &terminate);
	}
	if (err < 0) {
		(void)fprintf(stderr, "komainu-auditor: could not start: %s\n", km_error_text(err));
	} else {
		km_loop_run(auditor.loop);
	}
	km_signal_destroy(terminate);
	km_job_runner_destroy(auditor.runner);
	km_channel_destroy(auditor.channel);
	km_log_destroy(auditor.log);
	km_loop_destroy(auditor.loop);
	return auditor.exit_status;
}
