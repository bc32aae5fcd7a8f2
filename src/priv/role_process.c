#include "priv/role_process.h"

#include "io/clock.h"
#include "priv/channel.h"
#include "priv/loaded.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct km_role_process {
	const struct km_role_process_options *options;
	void *context;
	struct km_log *log;
	struct km_loop *loop;
	struct km_channel *channel;
	struct km_signal *terminate;
	int exit_status;
};

struct km_loop *km_role_process_loop(struct km_role_process *process)
{
	return process->loop;
}

struct km_log *km_role_process_log(struct km_role_process *process)
{
	return process->log;
}

void km_role_process_stop(struct km_role_process *process, int exit_status)
{
	process->exit_status = exit_status;
	if (process->options->on_stop != NULL) {
		process->options->on_stop(process->context);
	} else {
		km_loop_stop(process->loop);
	}
}

int km_role_process_fail(struct km_role_process *process, const char *what, int err)
{
	KM_LOG(process->log, KM_LOG_ERROR, what, km_log_error("why", err));
	km_role_process_stop(process, EXIT_FAILURE);
	return err;
}

/* --- what it says --- */

static void note_unsent(struct km_role_process *process, enum km_message_kind kind, int err)
{
	KM_LOG(process->log, KM_LOG_ERROR, "message-not-sent",
	    km_log_text("message", km_messages_name(kind)), km_log_error("why", err));
}

static int send_packed(
    struct km_role_process *process, struct km_bytes packed, const int *fds, size_t fd_count)
{
	enum km_message_kind kind = KM_MESSAGE_ready;
	int err = 0;

	if (process->channel == NULL) {
		return KM_ERR_CLOSED; /* and on its way to its end */
	}
	err = km_channel_send(process->channel, packed, fds, fd_count);
	if (err < 0 && km_messages_kind(packed, &kind) == 0) {
		note_unsent(process, kind, err);
	}
	return err;
}

int km_role_process_send_packed(struct km_role_process *process, struct km_bytes packed)
{
	return send_packed(process, packed, NULL, 0);
}

void km_role_process_send_fds(struct km_role_process *process, enum km_message_kind kind,
    const void *message, const int *fds, size_t fd_count)
{
	struct km_buf buf = { 0 };
	int err = 0;

	km_buf_init(&buf, KM_CHANNEL_MESSAGE_MAX);
	err = km_messages_pack(kind, message, &buf);
	if (err < 0) {
		note_unsent(process, kind, err);
	} else {
		(void)send_packed(process, km_buf_view(&buf), fds, fd_count);
	}
	km_buf_finish(&buf);
}

void km_role_process_send(
    struct km_role_process *process, enum km_message_kind kind, const void *message)
{
	km_role_process_send_fds(process, kind, message, NULL, 0);
}

void km_role_process_ready(struct km_role_process *process, const struct km_sandbox_result *walls)
{
	struct km_message_ready ready = { 0 };

	km_loaded_write(ready.libraries, sizeof(ready.libraries));
	(void)snprintf(ready.kernel, sizeof(ready.kernel), "landlock %d%s%s%s, seccomp %s%s",
	    walls->landlock_abi, walls->has_files ? " files" : "", walls->has_ports ? " ports" : "",
	    walls->has_scope ? " scope" : "", walls->has_seccomp ? "on" : "off",
	    walls->is_relaxed ? ", relaxed for a sanitizer" : "");
	km_role_process_send(process, KM_MESSAGE_ready, &ready);
}

/* --- what it hears --- */

static bool may_come(
    const struct km_role_process_options *options, enum km_message_kind kind, size_t fd_count)
{
	static const enum km_role senders[] = { KM_ROLE_GUARD, KM_ROLE_COMMAND };

	for (size_t i = 0; i < KM_COUNT(senders); i++) {
		if ((options->senders & (unsigned)senders[i]) != 0 &&
		    km_messages_may_send(kind, senders[i], options->role, fd_count)) {
			return true;
		}
	}
	return false;
}

static void on_message(void *context, struct km_bytes message, int *fds, size_t fd_count)
{
	struct km_role_process *process = context;
	enum km_message_kind kind = KM_MESSAGE_stop;
	int err = km_messages_kind(message, &kind);

	if (err == 0 && !may_come(process->options, kind, fd_count)) {
		err = KM_ERR_DENIED;
	}
	if (err == 0 && kind == KM_MESSAGE_stop) {
		km_role_process_stop(process, process->exit_status);
	} else if (err == 0) {
		err = process->options->on_message(process->context, kind, message, fds, fd_count);
	}
	for (size_t i = 0; i < fd_count; i++) {
		if (fds[i] >= 0) {
			(void)close(fds[i]);
		}
	}
	if (err < 0) {
		KM_LOG(process->log, KM_LOG_ERROR, "message-refused",
		    km_log_text("message", km_messages_name(kind)), km_log_error("why", err));
		km_role_process_stop(process, EXIT_FAILURE);
	}
}

/* Who started it has gone: so does this. */
static void on_closed(void *context, int err)
{
	struct km_role_process *process = context;

	(void)err;
	km_channel_destroy(process->channel);
	process->channel = NULL;
	km_role_process_stop(process, process->exit_status);
}

static void on_terminate(void *context)
{
	struct km_role_process *process = context;

	km_role_process_stop(process, process->exit_status);
}

static const struct km_channel_events channel_events = {
	.on_message = on_message,
	.on_closed = on_closed,
};

/* --- life --- */

static int begin(struct km_role_process *process)
{
	const struct km_log_options log_options = {
		.role = km_roles_name(process->options->role),
		.fd = STDERR_FILENO,
		.level = KM_LOG_NOTICE,
		.clock_us = km_clock_monotonic_us,
	};
	int err = km_log_create(&log_options, &process->log);

	if (err == 0) {
		err = km_loop_create(&process->loop);
	}
	if (err == 0 && process->options->on_begin != NULL) {
		err = process->options->on_begin(process->context, process);
	}
	if (err == 0) {
		err = km_channel_create(process->loop, KM_CHILD_CHANNEL_FD, &channel_events,
		    process, &process->channel);
	}
	if (err == 0) {
		err = km_signal_create(
		    process->loop, SIGTERM, on_terminate, process, &process->terminate);
	}
	return err;
}

int km_role_process_run(const struct km_role_process_options *options, void *context)
{
	struct km_role_process process = { .options = options, .context = context };
	char name[32];
	int err = 0;

	(void)snprintf(name, sizeof(name), "komainu-%s", km_roles_name(options->role));
	err = km_child_enter(name, &options->limits);
	if (err < 0) {
		(void)fprintf(
		    stderr, "%s: started by komainu only: %s\n", name, km_error_text(err));
		return EXIT_FAILURE;
	}
	err = begin(&process);
	if (err < 0) {
		(void)fprintf(stderr, "%s: could not start: %s\n", name, km_error_text(err));
	} else {
		km_loop_run(process.loop);
	}
	km_signal_destroy(process.terminate);
	options->on_end(context);
	km_channel_destroy(process.channel);
	km_log_destroy(process.log);
	if (!options->leaves_rest) {
		km_loop_destroy(process.loop);
	}
	return err < 0 ? EXIT_FAILURE : process.exit_status;
}
