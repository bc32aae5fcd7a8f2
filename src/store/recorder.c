#include "store/recorder.h"

#include "base/checked.h"
#include "base/time.h"
#include "crypto/random.h"
#include "model/events.h"
#include "model/states.h"
#include "store/recorder_state.h"
#include "store/segment.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#define SEGMENT_US        KM_TIME_MINUTE_US
#define SEGMENT_BYTES_MAX (UINT64_C(64) << 20)
#define SYNC_US           (KM_TIME_SECOND_US / 2)
#define KEY_AHEAD_US      (10 * KM_TIME_MINUTE_US)
#define LABEL_JUMP_US     (10 * KM_TIME_SECOND_US) /* more between chunks begins a new segment */
#define HOLE_US           (KM_TIME_SECOND_US / 5)  /* less is no gap if nothing is known missing */
#define CHUNKS_MAX        (KM_SEGMENT_CHUNKS_MAX - 16)
#define WRITE_TRIES       8 /* each after a deletion */

/* --- opening --- */

static void report_recovery(struct km_recorder *recorder, const struct km_recovery_result *result)
{
	char text[256];

	if (recorder->options.on_event == NULL || result->repaired + result->adopted +
							  result->unreadable + result->missing +
							  result->postponed ==
						      0) {
		return;
	}
	(void)snprintf(text, sizeof(text),
	    "%u segments closed, %u files adopted, %u put aside as unreadable, %u files missing,"
	    " %u left for later, %" PRIu64 " bytes cut",
	    result->repaired, result->adopted, result->unreadable, result->missing,
	    result->postponed, result->cut_bytes);
	recorder->options.on_event(recorder->options.context, KM_EVENT_RECOVERED, NULL, text);
}

static void pass_report(void *context, const struct km_uuid *camera, const char *text)
{
	const struct km_recorder *recorder = context;

	if (recorder->options.on_event != NULL) {
		recorder->options.on_event(
		    recorder->options.context, KM_EVENT_RECOVERED, camera, text);
	}
}

static int find_key(void *context, const struct km_uuid *key, uint8_t *ret_key)
{
	const struct km_recorder *recorder = context;

	if (recorder->options.find_key == NULL) {
		return KM_ERR_NOT_FOUND;
	}
	return recorder->options.find_key(recorder->options.context, key, ret_key);
}

static int recover(struct km_recorder *recorder)
{
	struct km_recovery recovery = { .index = recorder->index,
		.disk = recorder->options.disk,
		.root = recorder->root,
		.find_key = find_key,
		.on_report = pass_report,
		.context = recorder };
	struct km_recovery_result result;
	int err = km_recovery_run(&recovery, &result);

	if (err == 0) {
		report_recovery(recorder, &result);
	}
	return err;
}

/* A damaged index is kept for whoever wants to look, and made anew from the files. */
static int open_index(struct km_recorder *recorder)
{
	const char *path = recorder->options.index;
	char aside[1100];
	char text[1200];
	int err = km_index_open(path, false, &recorder->index);

	if (err != KM_ERR_FORMAT) {
		return err;
	}
	for (unsigned i = 0; i < 3; i++) {
		static const char *const suffixes[] = { "", "-wal", "-shm" };
		char from[1100];

		(void)snprintf(from, sizeof(from), "%.1024s%s", path, suffixes[i]);
		(void)snprintf(aside, sizeof(aside), "%.1024s.damaged%s", path, suffixes[i]);
		if (rename(from, aside) < 0 && errno != ENOENT) {
			return KM_ERR_SYS;
		}
	}
	(void)snprintf(text, sizeof(text), "the index %.1024s is damaged; made anew", path);
	pass_report(recorder, NULL, text);
	return km_index_open(path, false, &recorder->index);
}

static void set_defaults(struct km_recorder_options *options)
{
	if (options->segment_us <= 0) {
		options->segment_us = SEGMENT_US;
	}
	if (options->segment_bytes_max == 0) {
		options->segment_bytes_max = SEGMENT_BYTES_MAX;
	}
	if (options->sync_us <= 0) {
		options->sync_us = SYNC_US;
	}
	if (options->disk == NULL) {
		options->disk = km_disk_system();
	}
}

/* The folder of the index; -1 and errno. */
static int open_index_folder(const char *index)
{
	const char *slash = strrchr(index, '/');
	char folder[1024];

	if (slash == NULL) {
		return open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	}
	if ((size_t)(slash - index) + 1 >= sizeof(folder)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(folder, index, (size_t)(slash - index) + 1);
	folder[slash - index + 1] = '\0';
	return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/*
 * The index may be on a file system of its own. The index itself is not opened here: to close it
 * would take away SQLite's locks on it, which belong to the process (POSIX, fcntl: F_SETLK).
 */
static int prepare_syncs(struct km_recorder *recorder)
{
	struct stat files;
	struct stat index;

	if (stat(recorder->options.index, &index) < 0 || fstat(recorder->root, &files) < 0) {
		return KM_ERR_SYS;
	}
	recorder->synced_fds[recorder->synced_fd_count++] = recorder->root;
	if (files.st_dev != index.st_dev) {
		int fd = open_index_folder(recorder->options.index);

		if (fd < 0) {
			return KM_ERR_SYS;
		}
		recorder->synced_fds[recorder->synced_fd_count++] = fd;
	}
	return km_sync_thread_create(recorder->options.disk, &recorder->syncing);
}

int km_recorder_open(const struct km_recorder_options *options, struct km_recorder **ret_recorder)
{
	struct km_recorder *recorder = calloc(1, sizeof(*recorder));
	int err = KM_ERR_SYS;

	if (recorder == NULL) {
		return KM_ERR_MEMORY;
	}
	recorder->options = *options;
	recorder->state.state = KM_STORAGE_STARTING;
	set_defaults(&recorder->options);
	km_buf_init(&recorder->sealed, KM_SEGMENT_CHUNK_MAX + KM_SEGMENT_HEADER_MAX);
	recorder->root = open(options->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (recorder->root < 0) {
		goto out;
	}
	err = open_index(recorder);
	if (err == 0) {
		err = recover(recorder);
	}
	if (err == 0 && options->syncs_aside) {
		err = prepare_syncs(recorder);
	}
	if (err < 0) {
		goto out;
	}
	recorder->state.state = KM_STORAGE_OK;
	recorder->options.root = NULL; /* the caller's strings need not outlive this call */
	recorder->options.index = NULL;
	*ret_recorder = recorder;
	return 0;
out:
	km_recorder_close(recorder);
	return err;
}

static void destroy_stream(struct km_recorder_stream *stream)
{
	km_secret_wipe(&stream->keys[0].material);
	km_secret_wipe(&stream->keys[1].material);
	free(stream);
}

void km_recorder_close(struct km_recorder *recorder)
{
	if (recorder == NULL) {
		return;
	}
	for (struct km_recorder_stream *stream = recorder->streams; stream != NULL;
	     stream = stream->next) {
		if (stream->current != NULL) {
			km_recorder_sync_end(stream->current, KM_INDEX_STOPPED);
		}
	}
	if (recorder->index != NULL) {
		(void)km_recorder_sync(recorder); /* else recovery does it at the next start */
	}
	km_sync_thread_destroy(recorder->syncing);
	if (recorder->synced_fd_count > 1) {
		(void)close(recorder->synced_fds[1]);
	}
	while (recorder->files != NULL) {
		struct km_recorder_file *file = recorder->files;

		recorder->files = file->next;
		km_segment_writer_destroy(file->writer);
		free(file);
	}
	while (recorder->streams != NULL) {
		struct km_recorder_stream *stream = recorder->streams;

		recorder->streams = stream->next;
		destroy_stream(stream);
	}
	km_index_close(recorder->index);
	if (recorder->root >= 0) {
		(void)close(recorder->root);
	}
	km_buf_finish(&recorder->sealed);
	free(recorder);
}

/* --- streams --- */

static struct km_recorder_stream *find_stream(
    struct km_recorder *recorder, const struct km_uuid *camera)
{
	for (struct km_recorder_stream *stream = recorder->streams; stream != NULL;
	     stream = stream->next) {
		if (km_uuid_is_equal(&stream->rule.camera, camera)) {
			return stream;
		}
	}
	return NULL;
}

/* The row of the camera, and what it says about the time before. */
static int load_camera(struct km_recorder *recorder, struct km_recorder_stream *stream)
{
	struct km_index_camera row = { 0 };
	int err = km_index_begin(recorder->index, false);

	if (err == 0) {
		err = km_index_add_camera(recorder->index, &stream->rule.camera);
	}
	if (err == 0) {
		err = km_index_find_camera(recorder->index, &stream->rule.camera, &row);
	}
	if (err == 0) {
		err = km_index_commit(recorder->index);
	}
	if (err < 0) {
		km_index_rollback(recorder->index);
		return err;
	}
	stream->end_us = row.end_us;
	stream->last_us = row.last_us;
	stream->synced_last_us = row.last_us;
	stream->state.kept_bytes = row.bytes;
	stream->state.oldest_us = row.start_us;
	stream->why_ended = row.why_ended;
	if (row.end_us != INT64_MIN) {
		stream->has_gap = true;
		stream->gap_reason =
		    row.why_ended == KM_GAP_UNKNOWN ? KM_GAP_RECORDER_DOWN : row.why_ended;
	}
	return 0;
}

int km_recorder_stream_add(struct km_recorder *recorder, const struct km_uuid *camera,
    int64_t retain_us, uint64_t retain_bytes, struct km_recorder_stream **ret_stream)
{
	struct km_recorder_stream *stream = find_stream(recorder, camera);
	int err = 0;

	if (stream == NULL) {
		stream = calloc(1, sizeof(*stream));
		if (stream == NULL) {
			return KM_ERR_MEMORY;
		}
		stream->recorder = recorder;
		stream->rule.camera = *camera;
		stream->state.last_us = INT64_MIN;
		err = km_random_uuid(&stream->run);
		if (err == 0) {
			err = load_camera(recorder, stream);
		}
		if (err < 0) {
			free(stream);
			return err;
		}
		stream->synced_end_us = stream->end_us;
		stream->next = recorder->streams;
		recorder->streams = stream;
	}
	stream->rule.retain_us = retain_us;
	stream->rule.retain_bytes = retain_bytes;
	*ret_stream = stream;
	return 0;
}

static const struct km_recorder_key *key_of_day(
    const struct km_recorder_stream *stream, int32_t day)
{
	for (size_t i = 0; i < KM_COUNT(stream->keys); i++) {
		if (stream->keys[i].is_set && stream->keys[i].day == day) {
			return &stream->keys[i];
		}
	}
	return NULL;
}

bool km_recorder_wants_key(
    const struct km_recorder_stream *stream, int64_t unix_us, int32_t *ret_day)
{
	int32_t today = km_time_day(unix_us);
	int32_t soon = km_time_day(unix_us + KEY_AHEAD_US);

	if (key_of_day(stream, today) == NULL) {
		*ret_day = today;
		return true;
	}
	if (key_of_day(stream, soon) == NULL) {
		*ret_day = soon;
		return true;
	}
	return false;
}

void km_recorder_set_key(struct km_recorder_stream *stream, const struct km_uuid *key, int32_t day,
    const struct km_secret *material)
{
	struct km_recorder_key *slot = &stream->keys[0];

	if (key_of_day(stream, day) != NULL) {
		return;
	}
	/* Into the free slot, or over the older day. */
	if (slot->is_set && (!stream->keys[1].is_set || stream->keys[1].day < slot->day)) {
		slot = &stream->keys[1];
	}
	km_secret_wipe(&slot->material);
	*slot = (struct km_recorder_key){
		.id = *key, .day = day, .is_set = true, .material = *material
	};
}

void km_recorder_set_tracks(struct km_recorder_stream *stream, const struct km_tracks *tracks)
{
	if (km_tracks_is_equal(&stream->tracks, tracks)) {
		return;
	}
	stream->tracks = *tracks;
	if (stream->current != NULL) {
		km_recorder_sync_end(stream->current, KM_INDEX_TRACKS);
	}
}

void km_recorder_new_run(struct km_recorder_stream *stream)
{
	struct km_uuid run;

	if (stream->current != NULL) {
		km_recorder_sync_end(stream->current, KM_INDEX_BROKEN);
	}
	/* Without random bytes the old id says that it goes on: players then show a jump. */
	if (km_random_uuid(&run) == 0) {
		stream->run = run;
	}
}

void km_recorder_gap(struct km_recorder_stream *stream, unsigned reason, uint64_t lost)
{
	km_recorder_new_run(stream);
	stream->state.lost += lost;
	stream->gap_lost += lost;
	/* The first reason is the cause; what comes while nothing is stored anyway is not. */
	if (!stream->has_gap || stream->gap_reason == KM_GAP_RECORDER_DOWN) {
		stream->gap_reason = reason;
	}
	stream->has_gap = true;
	stream->recorder->is_dirty = true;
}

unsigned km_recorder_gap_reason(const struct km_recorder *recorder)
{
	switch (recorder->state.state) {
	case KM_STORAGE_FULL:
		return KM_GAP_DISK_FULL;
	case KM_STORAGE_FAILED:
		return KM_GAP_DISK_FAILED;
	default:
		return KM_GAP_DISK_SLOW;
	}
}

/* --- segments --- */

static bool has_video(const struct km_recorder_stream *stream)
{
	return stream->tracks.count > 0 && km_codec_is_video(stream->tracks.track[0].codec);
}

/* Where the ticks of each track begin: the moment the first video sample is decoded. */
static void set_base(struct km_recorder_stream *stream, const struct km_recorder_chunk *chunk)
{
	const struct km_segment_writer_sample *first = &chunk->samples[0];
	int64_t origin = 0;

	for (size_t i = 0; i < chunk->count && has_video(stream); i++) {
		if (chunk->samples[i].track == 0) {
			first = &chunk->samples[i];
			break;
		}
	}
	if (__builtin_sub_overflow(first->ticks, first->decode_offset_ticks, &origin)) {
		origin = first->ticks;
	}
	for (size_t i = 0; i < stream->tracks.count; i++) {
		stream->base_ticks[i] = km_checked_scale_i64(origin,
		    stream->tracks.track[i].clock_hz, stream->tracks.track[first->track].clock_hz);
	}
}

/*
 * Cameras end their segments at different moments, so that not all files are closed and made in
 * the same second; the first segment is cut short to get there.
 */
static int64_t rotation_after(const struct km_recorder_stream *stream, int64_t start_us)
{
	int64_t length_us = stream->recorder->options.segment_us;
	const uint8_t *id = stream->rule.camera.bytes;
	uint64_t seed =
	    (uint64_t)id[0] << 24 | (uint64_t)id[1] << 16 | (uint64_t)id[2] << 8 | id[3];
	int64_t phase_us = (int64_t)(seed * (uint64_t)(length_us >> 16 | 1) % (uint64_t)length_us);
	int64_t past_us = (start_us - phase_us) % length_us;
	int64_t left_us = length_us - (past_us < 0 ? past_us + length_us : past_us);

	return start_us + (left_us < length_us / 4 ? left_us + length_us : left_us);
}

static const struct km_recorder_key *choose_key(
    const struct km_recorder_stream *stream, int64_t unix_us)
{
	const struct km_recorder_key *key = key_of_day(stream, km_time_day(unix_us));

	for (size_t i = 0; key == NULL && i < KM_COUNT(stream->keys); i++) {
		if (stream->keys[i].is_set) {
			key = &stream->keys[i];
		}
	}
	return key;
}

static int begin_segment(struct km_recorder_stream *stream, const struct km_recorder_chunk *chunk)
{
	struct km_recorder *recorder = stream->recorder;
	int64_t start_us = chunk->samples[0].unix_us;
	const struct km_recorder_key *key = choose_key(stream, start_us);
	struct km_segment_header header = { .camera = stream->rule.camera,
		.run = stream->run,
		.start_us = start_us,
		.tracks = stream->tracks };
	struct km_recorder_file *file = NULL;
	int err = 0;

	if (key == NULL) {
		return KM_ERR_AGAIN;
	}
	if (recorder->file_count >= KM_RECORDER_FILES_MAX) {
		return KM_ERR_STATE;
	}
	header.key = key->id;
	err = km_random_uuid(&header.segment);
	if (err < 0) {
		return err;
	}
	file = calloc(1, sizeof(*file));
	if (file == NULL) {
		return KM_ERR_MEMORY;
	}
	err = km_segment_writer_create(
	    recorder->options.disk, recorder->root, &header, key->material.bytes, &file->writer);
	if (err < 0) {
		free(file);
		return err;
	}
	file->stream = stream;
	file->last_us = INT64_MIN;
	file->synced = (struct km_recorder_mark){ .end_us = start_us, .last_us = INT64_MIN };
	file->next = recorder->files;
	recorder->files = file;
	recorder->file_count++;
	stream->current = file;
	stream->rotate_us = rotation_after(stream, start_us);
	set_base(stream, chunk);
	return 0;
}

/* Whether the current segment ends in front of this chunk. */
static bool is_rotation_due(
    const struct km_recorder_stream *stream, const struct km_recorder_chunk *chunk)
{
	const struct km_recorder_options *options = &stream->recorder->options;
	const struct km_segment_writer *writer = stream->current->writer;
	int64_t start_us = chunk->samples[0].unix_us;
	int64_t jump_us = start_us - km_segment_writer_end_us(writer);

	if (km_segment_writer_chunks(writer) == 0) {
		return false;
	}
	if (jump_us > LABEL_JUMP_US || jump_us < -LABEL_JUMP_US ||
	    km_segment_writer_chunks(writer) >= CHUNKS_MAX) {
		return true;
	}
	return (chunk->is_key || !has_video(stream)) &&
	       (start_us >= stream->rotate_us ||
		   km_segment_writer_bytes(writer) >= options->segment_bytes_max);
}

/* --- chunks --- */

static bool is_acceptable(
    const struct km_recorder_stream *stream, const struct km_recorder_chunk *chunk)
{
	const int64_t most_us = INT64_C(1) << 61;

	if (chunk->count == 0 || chunk->count > KM_SEGMENT_SAMPLES_MAX) {
		return false;
	}
	for (size_t i = 0; i < chunk->count; i++) {
		if (chunk->samples[i].track >= stream->tracks.count ||
		    chunk->samples[i].unix_us > most_us || chunk->samples[i].unix_us < -most_us) {
			return false;
		}
	}
	return true;
}

/* The time that a chunk covers: until the next sample, or until its own last sample ends. */
static int64_t chunk_duration(
    const struct km_recorder_stream *stream, const struct km_recorder_chunk *chunk)
{
	const struct km_segment_writer_sample *last = &chunk->samples[chunk->count - 1];
	int64_t start_us = chunk->samples[0].unix_us;
	int64_t length_us = 0;

	if (chunk->next_us != INT64_MIN && chunk->next_us >= last->unix_us &&
	    chunk->next_us - last->unix_us < LABEL_JUMP_US) {
		return chunk->next_us - start_us;
	}
	length_us = km_checked_scale_i64(chunk->last_duration[last->track], KM_TIME_SECOND_US,
	    stream->tracks.track[last->track].clock_hz);
	return last->unix_us - start_us + (length_us < LABEL_JUMP_US ? length_us : 0);
}

static int write_sealed(struct km_recorder_stream *stream)
{
	struct km_recorder *recorder = stream->recorder;
	struct km_recorder_file *file = stream->current;
	struct km_bytes sealed = km_buf_view(&recorder->sealed);
	int err = km_segment_writer_write(file->writer, sealed);

	for (int i = 0; err == KM_ERR_NO_SPACE && i < WRITE_TRIES; i++) {
		if (!km_recorder_sync_make_room(recorder, sealed.size)) {
			break;
		}
		err = km_segment_writer_write(file->writer, sealed);
	}
	if (err == KM_ERR_NO_SPACE) {
		km_recorder_sync_set_state(recorder, KM_STORAGE_FULL, "no space left on the disk");
		return KM_ERR_STATE;
	}
	if (err < 0) {
		km_recorder_sync_fail(file, "writing");
		return KM_ERR_STATE;
	}
	return 0;
}

/* append has seen to it that there is room. */
static void add_gap(struct km_recorder_stream *stream, int64_t start_us)
{
	struct km_recorder *recorder = stream->recorder;
	struct km_archive_gap gap = { .start_us = stream->end_us,
		.end_us = start_us,
		.reason = stream->gap_reason,
		.lost = stream->gap_lost };
	bool is_trifle = gap.lost == 0 && gap.start_us != INT64_MIN &&
			 gap.end_us - gap.start_us < HOLE_US &&
			 (gap.reason == KM_GAP_RECORDER_DOWN || gap.reason == KM_GAP_DISK_FAILED ||
			     gap.reason == KM_GAP_DISK_FULL);

	stream->has_gap = false;
	stream->gap_lost = 0;
	if (gap.start_us == INT64_MIN || is_trifle) {
		return;
	}
	if (gap.end_us <= gap.start_us) {
		/* The clock went back: a mark at the moment where it goes on. */
		gap.start_us = start_us;
		gap.end_us = start_us + 1;
	}
	assert(recorder->gap_count < KM_RECORDER_GAPS_MAX);
	recorder->gaps[recorder->gap_count++] =
	    (struct km_recorder_gap){ .camera = stream->rule.camera, .gap = gap };
	stream->state.gaps++;
}

static void note_written(struct km_recorder_stream *stream, const struct km_recorder_chunk *chunk)
{
	struct km_recorder *recorder = stream->recorder;
	struct km_recorder_file *file = stream->current;

	if (stream->has_gap) {
		add_gap(stream, chunk->samples[0].unix_us);
	}
	for (size_t i = 0; i < chunk->count; i++) {
		int64_t unix_us = chunk->samples[i].unix_us;

		file->last_us = unix_us > file->last_us ? unix_us : file->last_us;
	}
	file->is_dirty = true;
	file->is_row_stale = true;
	stream->end_us = km_segment_writer_end_us(file->writer);
	stream->last_us = file->last_us;
	recorder->is_dirty = true;
}

int km_recorder_append(struct km_recorder_stream *stream, struct km_recorder_chunk *chunk)
{
	struct km_recorder *recorder = stream->recorder;
	struct km_segment_writer_chunk sealed = {
		.samples = chunk->samples, .count = chunk->count, .is_key = chunk->is_key
	};
	int err = 0;

	if (!is_acceptable(stream, chunk)) {
		return KM_ERR_FORMAT;
	}
	if (recorder->gap_count == KM_RECORDER_GAPS_MAX) {
		(void)km_recorder_sync(recorder);
	}
	if (stream->is_rewound || recorder->retry_us > recorder->now_us ||
	    recorder->gap_count == KM_RECORDER_GAPS_MAX) {
		return KM_ERR_STATE;
	}
	if (stream->current != NULL && is_rotation_due(stream, chunk)) {
		km_recorder_sync_end(stream->current, KM_INDEX_ROTATED);
		if (stream->is_rewound) {
			return KM_ERR_STATE;
		}
	}
	if (stream->current == NULL) {
		err = begin_segment(stream, chunk);
		if (err < 0) {
			return err;
		}
	}
	for (size_t i = 0; i < chunk->count; i++) {
		struct km_segment_writer_sample *sample = &chunk->samples[i];

		sample->ticks = (int64_t)((uint64_t)sample->ticks -
					  (uint64_t)stream->base_ticks[sample->track]);
	}
	sealed.duration_us = chunk_duration(stream, chunk);
	memcpy(sealed.last_duration, chunk->last_duration, sizeof(sealed.last_duration));
	err = km_segment_writer_seal(stream->current->writer, &sealed, &recorder->sealed);
	if (err == 0 && chunk->is_valid != NULL && !chunk->is_valid(chunk->context)) {
		err = KM_ERR_STALE;
	}
	if (err == 0) {
		err = write_sealed(stream);
	}
	if (err == 0) {
		note_written(stream, chunk);
		if (recorder->state.state == KM_STORAGE_FULL) {
			km_recorder_sync_set_state(recorder, KM_STORAGE_OK, "");
		}
	} else if (stream->current != NULL &&
		   km_segment_writer_chunks(stream->current->writer) == 0) {
		/* Its header tells the start of a chunk that is not in. */
		km_recorder_sync_end(stream->current, KM_INDEX_BROKEN);
	}
	return err;
}

int64_t km_recorder_last_us(const struct km_recorder_stream *stream)
{
	return stream->last_us;
}

/* The newest segment: rows come oldest first. */
static int keep_last(void *context, const struct km_index_segment *row)
{
	struct km_index_segment *last = context;

	*last = *row;
	return 0;
}

int km_recorder_last_tracks(struct km_recorder_stream *stream, struct km_tracks *ret_tracks)
{
	struct km_recorder *recorder = stream->recorder;
	struct km_segment_header header;
	struct km_index_segment row;
	char path[KM_SEGMENT_PATH_SIZE];
	int fd = -1;
	int err = 0;

	memset(&row, 0, sizeof(row));
	if (stream->end_us == INT64_MIN) {
		return KM_ERR_NOT_FOUND;
	}
	err = km_index_each_segment(recorder->index, &stream->rule.camera, stream->end_us - 1,
	    stream->end_us, keep_last, &row);
	if (err < 0 || km_uuid_is_nil(&row.id)) {
		return err < 0 ? err : KM_ERR_NOT_FOUND;
	}
	km_segment_writer_path(&row.camera, row.start_us, &row.id, path);
	fd = openat(recorder->root, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0) {
		return KM_ERR_NOT_FOUND;
	}
	err = km_segment_peek(fd, &header);
	(void)close(fd);
	if (err == 0) {
		*ret_tracks = header.tracks;
	}
	return err;
}

bool km_recorder_take_rewind(struct km_recorder_stream *stream, int64_t *ret_last_us)
{
	if (!stream->is_rewound) {
		return false;
	}
	stream->is_rewound = false;
	*ret_last_us = stream->synced_last_us;
	return true;
}

/* --- describing --- */

void km_recorder_stream_describe(
    const struct km_recorder_stream *stream, struct km_recorder_stream_state *ret_state)
{
	*ret_state = stream->state;
}

void km_recorder_describe(const struct km_recorder *recorder, struct km_recorder_state *ret_state)
{
	*ret_state = recorder->state;
}
