#include "writer/writer.h"

#include "io/clock.h"
#include "io/loop.h"
#include "model/messages.h"
#include "priv/channel.h"
#include "priv/child.h"
#include "priv/loaded.h"
#include "priv/log.h"
#include "priv/sandbox.h"
#include "writer/storage.h"

#include <signal.h>
#include <stdlib.h>

#define DESCRIPTORS_MAX 8192 /* two for each ring, up to three for each segment file */

struct writer {
	struct km_loop *loop;
	struct km_log *log;
	struct km_channel *channel;
	struct km_storage *storage;
	struct km_watch *storage_watch;
	bool is_stopping;
	int exit_status;
};

static void stop_with(struct writer *writer, const char *what, int err)
{
	KM_LOG(writer->log, KM_LOG_ERROR, what, km_log_error("why", err));
	writer->exit_status = EXIT_FAILURE;
	km_loop_stop(writer->loop);
}

/* Everything that is there shall be stored; on_storage ends the loop when it is. */
static void begin_stop(struct writer *writer)
{
	if (writer->is_stopping) {
		return;
	}
	writer->is_stopping = true;
	if (writer->storage == NULL) {
		km_loop_stop(writer->loop);
	} else {
		km_storage_stop(writer->storage);
	}
}

/* --- what the storage thread says --- */

static void pass_on(void *context, struct km_bytes packed)
{
	struct writer *writer = context;

	if (writer->channel != NULL && km_channel_send(writer->channel, packed, NULL, 0) < 0) {
		KM_LOG_EVENT(writer->log, KM_LOG_WARNING, "message-lost");
	}
}

static void on_storage(void *context, unsigned events)
{
	struct writer *writer = context;
	bool is_ended = km_storage_is_ended(writer->storage);

	(void)events;
	km_storage_fetch(writer->storage, pass_on, writer);
	if (is_ended) {
		km_loop_stop(writer->loop);
	}
}

/* --- starting --- */

static void directory_of(const char *path, char *ret_directory, size_t size)
{
	char *slash = NULL;

	(void)snprintf(ret_directory, size, "%s", path);
	slash = strrchr(ret_directory, '/');
	if (slash == NULL) {
		(void)snprintf(ret_directory, size, ".");
	} else if (slash != ret_directory) {
		*slash = '\0';
	}
}

static int shut_in(const struct km_message_writer_start *start, struct km_sandbox_result *ret_walls)
{
	char index_directory[sizeof(start->index)];
	const char *const write_paths[] = { start->root, index_directory, NULL };
	const struct km_sandbox_rules rules = {
		.profiles = KM_SANDBOX_DISK,
		.write_paths = write_paths,
	};

	/* SQLite makes its companion files beside the index. */
	directory_of(start->index, index_directory, sizeof(index_directory));
	return km_sandbox_apply(&rules, ret_walls);
}

static int send_ready(struct writer *writer, const struct km_sandbox_result *walls)
{
	struct km_message_ready message = { 0 };
	uint8_t storage[sizeof(message) + 64];
	struct km_buf packed;
	int err = 0;

	km_loaded_write(message.libraries, sizeof(message.libraries));
	(void)snprintf(message.kernel, sizeof(message.kernel), "landlock %d%s, seccomp%s",
	    walls->landlock_abi, walls->has_files ? "" : " (files not restricted)",
	    walls->is_relaxed ? " (relaxed for the sanitizer)" : "");
	km_buf_init_fixed(&packed, storage, sizeof(storage));
	err = km_messages_pack_ready(&message, &packed);
	return err < 0 ? err : km_channel_send(writer->channel, km_buf_view(&packed), NULL, 0);
}

static void on_start(struct writer *writer, struct km_bytes packed)
{
	struct km_message_writer_start start;
	struct km_sandbox_result walls = { 0 };
	int err = km_messages_unpack_writer_start(packed, &start);

	if (err < 0 || writer->storage != NULL) {
		stop_with(writer, "bad-start", err < 0 ? err : KM_ERR_STATE);
		return;
	}
	err = shut_in(&start, &walls);
	if (err < 0) {
		stop_with(writer, "no-sandbox", err);
		return;
	}
	/* The thread inherits the walls, as it comes after them. */
	err = km_storage_create(&start, &writer->storage);
	if (err == 0) {
		err = km_watch_create(writer->loop, km_storage_event_fd(writer->storage),
		    on_storage, writer, &writer->storage_watch);
	}
	if (err == 0) {
		km_watch_set(writer->storage_watch, KM_LOOP_READ);
		err = send_ready(writer, &walls);
	}
	if (err < 0) {
		stop_with(writer, "no-start", err);
	}
}

/* --- messages --- */

static int on_stream_add(struct writer *writer, struct km_bytes packed)
{
	struct km_message_stream_add add;
	int err = km_messages_unpack_stream_add(packed, &add);

	return err < 0 ? err : km_storage_add_stream(writer->storage, &add);
}

static int on_camera_remove(struct writer *writer, struct km_bytes packed)
{
	struct km_message_camera_remove remove;
	int err = km_messages_unpack_camera_remove(packed, &remove);

	return err < 0 ? err : km_storage_remove_camera(writer->storage, &remove);
}

static int on_key_reply(struct writer *writer, struct km_bytes packed)
{
	struct km_message_key_reply reply;
	int err = km_messages_unpack_key_reply(packed, &reply);

	if (err == 0) {
		err = km_storage_give_key(writer->storage, &reply);
	}
	explicit_bzero(&reply, sizeof(reply));
	return err;
}

static int on_ring_open(struct writer *writer, struct km_bytes packed, int *fds)
{
	struct km_message_ring_open open;
	struct km_ring *ring = NULL;
	int err = km_messages_unpack_ring_open(packed, &open);

	if (err < 0) {
		return err;
	}
	err = km_ring_attach(fds[0], fds[1], &ring);
	if (err < 0) {
		/* The receiver's fault, which guard passed on: no reason to end. */
		KM_LOG(writer->log, KM_LOG_WARNING, "bad-ring", km_log_error("why", err));
		return 0;
	}
	fds[0] = -1;
	fds[1] = -1;
	return km_storage_open_ring(writer->storage, &open, ring);
}

static int on_known(
    struct writer *writer, enum km_message_kind kind, struct km_bytes packed, int *fds)
{
	if (kind == KM_MESSAGE_stop) {
		begin_stop(writer);
		return 0;
	}
	if (kind == KM_MESSAGE_writer_start) {
		on_start(writer, packed);
		return 0;
	}
	if (writer->storage == NULL) {
		return KM_ERR_STATE;
	}
	switch ((int)kind) {
	case KM_MESSAGE_stream_add:
		return on_stream_add(writer, packed);
	case KM_MESSAGE_camera_remove:
		return on_camera_remove(writer, packed);
	case KM_MESSAGE_ring_open:
		return on_ring_open(writer, packed, fds);
	case KM_MESSAGE_key_reply:
		return on_key_reply(writer, packed);
	default:
		return KM_ERR_DENIED;
	}
}

static void on_message(void *context, struct km_bytes message, int *fds, size_t fd_count)
{
	struct writer *writer = context;
	enum km_message_kind kind = 0;
	int err = km_messages_kind(message, &kind);

	if (err == 0 && !km_messages_may_send(kind, KM_ROLE_GUARD, KM_ROLE_WRITER, fd_count)) {
		err = KM_ERR_DENIED;
	}
	if (err == 0) {
		err = on_known(writer, kind, message, fds);
	}
	if (err < 0) {
		KM_LOG(writer->log, KM_LOG_ERROR, "bad-message",
		    km_log_text("kind", km_messages_name(kind)), km_log_error("why", err));
		writer->exit_status = EXIT_FAILURE;
		begin_stop(writer);
	}
	for (size_t i = 0; i < fd_count; i++) {
		if (fds[i] >= 0) {
			(void)close(fds[i]);
		}
	}
}

static void on_closed(void *context, int err)
{
	struct writer *writer = context;

	(void)err; /* guard has gone: store what is there, and go too */
	km_channel_destroy(writer->channel);
	writer->channel = NULL;
	begin_stop(writer);
}

static void on_terminate(void *context)
{
	begin_stop(context);
}

static const struct km_channel_events channel_events = {
	.on_message = on_message,
	.on_closed = on_closed,
};

static void serve(struct writer *writer)
{
	struct km_signal *terminate = NULL;
	int err = km_signal_create(writer->loop, SIGTERM, on_terminate, writer, &terminate);

	if (err == 0) {
		err = km_channel_create(
		    writer->loop, KM_CHILD_CHANNEL_FD, &channel_events, writer, &writer->channel);
	}
	if (err < 0) {
		stop_with(writer, "no-start", err);
	} else {
		km_loop_run(writer->loop);
	}
	km_watch_destroy(writer->storage_watch);
	km_storage_destroy(writer->storage);
	km_channel_destroy(writer->channel);
	km_signal_destroy(terminate);
}

int km_writer_run(void)
{
	const struct km_child_limits limits = { .descriptors = DESCRIPTORS_MAX };
	const struct km_log_options log_options = { .role = "writer",
		.fd = STDERR_FILENO,
		.level = KM_LOG_INFO,
		.clock_us = km_clock_monotonic_us };
	struct writer writer = { .exit_status = EXIT_SUCCESS };
	int err = km_child_enter("komainu-writer", &limits);

	if (err < 0) {
		(void)fprintf(
		    stderr, "komainu-writer: to be started by komainu: %s\n", km_error_text(err));
		return EXIT_FAILURE;
	}
	err = km_log_create(&log_options, &writer.log);
	if (err == 0) {
		err = km_loop_create(&writer.loop);
	}
	if (err < 0) {
		(void)fprintf(stderr, "komainu-writer: %s\n", km_error_text(err));
		km_log_destroy(writer.log);
		return EXIT_FAILURE;
	}
	serve(&writer);
	km_loop_destroy(writer.loop);
	km_log_destroy(writer.log);
	return writer.exit_status;
}
