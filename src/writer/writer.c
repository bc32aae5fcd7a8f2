#include "writer/writer.h"

#include "priv/role_process.h"
#include "writer/storage.h"

#include <stdlib.h>
#include <string.h>

#define DESCRIPTORS_MAX 8192 /* two for each ring, up to three for each segment file */

struct writer {
	struct km_role_process *process;
	struct km_storage *storage;
	struct km_watch *storage_watch;
	bool is_stopping;
};

/* Everything that is there shall be stored; on_storage ends the loop when it is. */
static void on_stop(void *context)
{
	struct writer *writer = context;

	if (writer->is_stopping) {
		return;
	}
	writer->is_stopping = true;
	if (writer->storage == NULL) {
		km_loop_stop(km_role_process_loop(writer->process));
	} else {
		km_storage_stop(writer->storage);
	}
}

/* --- what the storage thread says --- */

static void pass_on(void *context, struct km_bytes packed)
{
	struct writer *writer = context;

	(void)km_role_process_send_packed(writer->process, packed);
}

static void on_storage(void *context, unsigned events)
{
	struct writer *writer = context;
	bool is_ended = km_storage_is_ended(writer->storage);

	(void)events;
	km_storage_fetch(writer->storage, pass_on, writer);
	if (is_ended) {
		km_loop_stop(km_role_process_loop(writer->process));
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

static int on_start(struct writer *writer, struct km_bytes packed)
{
	struct km_message_writer_start start;
	struct km_sandbox_result walls = { 0 };
	int err = km_messages_unpack_writer_start(packed, &start);

	if (err < 0 || writer->storage != NULL) {
		return err < 0 ? err : KM_ERR_STATE;
	}
	err = shut_in(&start, &walls);
	/* The thread inherits the walls, as it comes after them. */
	if (err == 0) {
		err = km_storage_create(&start, &writer->storage);
	}
	if (err == 0) {
		err = km_watch_create(km_role_process_loop(writer->process),
		    km_storage_event_fd(writer->storage), on_storage, writer,
		    &writer->storage_watch);
	}
	if (err == 0) {
		km_watch_set(writer->storage_watch, KM_LOOP_READ);
		km_role_process_ready(writer->process, &walls);
	}
	return err;
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
		KM_LOG(km_role_process_log(writer->process), KM_LOG_WARNING, "bad-ring",
		    km_log_error("why", err));
		return 0;
	}
	fds[0] = -1;
	fds[1] = -1;
	return km_storage_open_ring(writer->storage, &open, ring);
}

static int on_message(
    void *context, enum km_message_kind kind, struct km_bytes packed, int *fds, size_t fd_count)
{
	struct writer *writer = context;

	(void)fd_count;
	if (kind == KM_MESSAGE_writer_start) {
		return on_start(writer, packed);
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

/* --- life --- */

static int on_begin(void *context, struct km_role_process *process)
{
	struct writer *writer = context;

	writer->process = process;
	return 0;
}

static void on_end(void *context)
{
	struct writer *writer = context;

	km_watch_destroy(writer->storage_watch);
	km_storage_destroy(writer->storage);
}

int km_writer_run(void)
{
	static const struct km_role_process_options options = {
		.role = KM_ROLE_WRITER,
		.senders = KM_ROLE_GUARD,
		.limits = { .descriptors = DESCRIPTORS_MAX },
		.on_begin = on_begin,
		.on_message = on_message,
		.on_stop = on_stop,
		.on_end = on_end,
	};
	struct writer writer = { 0 };

	return km_role_process_run(&options, &writer);
}
