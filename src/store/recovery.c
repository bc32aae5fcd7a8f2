#include "store/recovery.h"

#include "base/time.h"
#include "model/states.h"
#include "store/retention.h"
#include "store/segment.h"
#include "store/segment_writer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

#define ROWS_MAX         65536 /* open rows looked at in one start */
#define UNREADABLE       "unreadable"
#define SCAN_BEFORE_DAYS 2 /* a file without row is about as old as its camera's newest */
#define REPORT_SIZE      256

struct run {
	const struct km_recovery *recovery;
	struct km_recovery_result result;
	/* The index knows nothing of this camera: so many files are new to it that their trailers
	 * must do as proof. */
	bool is_rebuild;
	struct km_segment_media media;
	struct km_buf scratch;
};

static void report(
    struct run *run, const struct km_uuid *camera, const char *path, const char *what)
{
	char text[REPORT_SIZE];

	if (run->recovery->on_report != NULL) {
		(void)snprintf(text, sizeof(text), "%s: %s", path, what);
		run->recovery->on_report(run->recovery->context, camera, text);
	}
}

static int open_file(struct run *run, const char *path, int flags, int *ret_fd)
{
	const struct km_disk *disk = run->recovery->disk;
	int fd = disk->openat(
	    disk->context, run->recovery->root, path, flags | O_NONBLOCK | O_NOFOLLOW, 0);

	if (fd < 0) {
		return errno == ENOENT || errno == ENOTDIR ? KM_ERR_NOT_FOUND : KM_ERR_SYS;
	}
	*ret_fd = fd;
	return 0;
}

/* --- single rows, each in a transaction of its own: recovery is rare --- */

static int in_transaction(struct run *run, int err)
{
	if (err == 0) {
		err = km_index_commit(run->recovery->index);
	}
	if (err < 0) {
		km_index_rollback(run->recovery->index);
	}
	return err;
}

static int begin(struct run *run)
{
	return km_index_begin(run->recovery->index, true);
}

/* A row that stands for nothing (any more) becomes a gap. */
static int replace_by_gap(struct run *run, const struct km_index_segment *row)
{
	struct km_archive_gap gap = { .start_us = row->start_us,
		.end_us = row->end_us,
		.reason = KM_GAP_DAMAGED,
		.lost = row->video_samples };
	int err = begin(run);

	if (err == 0) {
		err = km_index_drop_segment(run->recovery->index, &row->id);
	}
	if (err == 0) {
		err = km_index_add_gap(run->recovery->index, &row->camera, &gap);
	}
	return in_transaction(run, err);
}

/* --- putting aside and removing --- */

static int put_aside(struct run *run, const char *path, const struct km_uuid *camera)
{
	const struct km_disk *disk = run->recovery->disk;
	int root = run->recovery->root;
	const char *name = strrchr(path, '/');
	char to[KM_SEGMENT_PATH_SIZE];

	name = name == NULL ? path : name + 1;
	(void)snprintf(to, sizeof(to), UNREADABLE "/%.60s", name);
	if (disk->mkdirat(disk->context, root, UNREADABLE, 0750) < 0 && errno != EEXIST) {
		return KM_ERR_SYS;
	}
	if (disk->renameat(disk->context, root, path, to) < 0) {
		return KM_ERR_SYS;
	}
	run->result.unreadable++;
	report(run, camera, path, "cannot be read; moved to " UNREADABLE "/");
	return 0;
}

static int remove_file(struct run *run, const char *path)
{
	const struct km_disk *disk = run->recovery->disk;

	if (disk->unlinkat(disk->context, run->recovery->root, path, 0) < 0 && errno != ENOENT) {
		return KM_ERR_SYS;
	}
	run->result.deleted++;
	return 0;
}

/* --- one file --- */

/* The chunk from which on nothing was synced for sure. */
static size_t first_unsynced(const struct km_segment *segment, uint64_t synced_bytes)
{
	size_t count = km_segment_chunk_count(segment);
	size_t first = 0;

	while (first < count) {
		const struct km_segment_chunk *chunk = km_segment_chunk(segment, first);

		if (chunk->offset + chunk->file_bytes > synced_bytes) {
			break;
		}
		first++;
	}
	return first;
}

/* Cut the file behind its last good chunk and append the trailer. */
static int close_file(struct run *run, int fd, const struct km_segment *segment, const uint8_t *key,
    uint64_t *ret_bytes)
{
	const struct km_disk *disk = run->recovery->disk;
	struct km_segment_writer *writer = NULL;
	struct km_segment_file file;
	int err = 0;

	km_segment_describe(segment, &file);
	if (file.file_bytes > file.good_bytes) {
		run->result.cut_bytes += file.file_bytes - file.good_bytes;
		if (disk->ftruncate(disk->context, fd, (off_t)file.good_bytes) < 0) {
			return KM_ERR_SYS;
		}
	}
	err = km_segment_writer_reopen(disk, dup(fd), km_segment_header(segment), key,
	    file.good_bytes, km_segment_table(segment), &writer);
	if (err < 0) {
		return err;
	}
	err = km_segment_writer_close(writer, &run->scratch);
	*ret_bytes = km_segment_writer_bytes(writer);
	if (err < 0) {
		/* Readers walk the chunks where there is no trailer. */
		km_segment_writer_cut(writer, file.good_bytes);
		*ret_bytes = file.good_bytes;
		err = err == KM_ERR_NO_SPACE ? 0 : err;
	}
	if (err == 0 && disk->fdatasync(disk->context, fd) < 0) {
		err = KM_ERR_SYS;
	}
	km_segment_writer_destroy(writer);
	return err;
}

/*
 * Make a whole segment of a file that may be torn. KM_ERR_NOT_FOUND: there is no good chunk in it.
 */
static int repair(struct run *run, int fd, const struct km_uuid *id, uint64_t synced_bytes,
    struct km_index_segment *ret_row)
{
	const struct km_recovery *recovery = run->recovery;
	bool is_cut = false;
	struct km_segment_header header;
	struct km_segment *segment = NULL;
	struct km_segment_file file;
	struct km_secret key;
	uint64_t bytes = 0;
	int reading = -1;
	int err = km_segment_peek(fd, &header);

	if (err < 0) {
		return err;
	}
	err = recovery->find_key(recovery->context, &header.key, key.bytes);
	if (err < 0) {
		return err == KM_ERR_NOT_FOUND ? KM_ERR_AUTH : err;
	}
	reading = dup(fd);
	err = reading < 0 ? KM_ERR_SYS
			  : km_segment_open_fd(reading, id, UINT64_MAX, key.bytes, &segment);
	if (err < 0) {
		if (reading >= 0) {
			(void)close(reading);
		}
		goto out;
	}
	km_segment_describe(segment, &file);
	bytes = file.file_bytes;
	if (!file.has_trailer || !run->is_rebuild) {
		err =
		    km_segment_cut_bad(segment, first_unsynced(segment, synced_bytes), &run->media);
		is_cut = err > 0;
		err = err > 0 ? 0 : err;
	}
	if (err == 0 && km_segment_chunk_count(segment) == 0) {
		err = KM_ERR_NOT_FOUND;
	}
	if (err == 0 && (is_cut || !file.has_trailer)) {
		err = close_file(run, fd, segment, key.bytes, &bytes);
	}
	if (err == 0) {
		km_segment_describe(segment, &file);
		*ret_row = (struct km_index_segment){ .id = header.segment,
			.camera = header.camera,
			.key = header.key,
			.start_us = header.start_us,
			.end_us = file.end_us,
			.last_us = file.last_us,
			.bytes = bytes,
			.video_samples = file.video_samples,
			.end = KM_INDEX_RECOVERED };
	}
out:
	km_segment_close(segment);
	km_secret_wipe(&key);
	return err;
}

/* --- rows that say "open" --- */

struct rows {
	struct km_index_segment *rows;
	size_t count;
	size_t capacity;
};

static int collect_row(void *context, const struct km_index_segment *row)
{
	struct rows *rows = context;

	if (rows->count == rows->capacity) {
		size_t capacity = rows->capacity == 0 ? 64 : rows->capacity * 2;
		struct km_index_segment *grown = NULL;

		if (capacity > ROWS_MAX) {
			return 1; /* the rest at the next start */
		}
		grown = realloc(rows->rows, capacity * sizeof(*grown));
		if (grown == NULL) {
			return KM_ERR_MEMORY;
		}
		rows->rows = grown;
		rows->capacity = capacity;
	}
	rows->rows[rows->count++] = *row;
	return 0;
}

static int drop_missing(struct run *run, const struct km_index_segment *row, const char *path)
{
	run->result.missing++;
	report(run, &row->camera, path, "is in the index, but there is no such file");
	return replace_by_gap(run, row);
}

static int recover_row(struct run *run, const struct km_index_segment *row)
{
	struct km_index_segment repaired;
	char path[KM_SEGMENT_PATH_SIZE];
	int fd = -1;
	int err = 0;

	km_segment_writer_path(&row->camera, row->start_us, &row->id, path);
	err = open_file(run, path, O_RDWR, &fd);
	if (err < 0) {
		return err == KM_ERR_NOT_FOUND ? drop_missing(run, row, path) : err;
	}
	err = repair(run, fd, &row->id, row->bytes, &repaired);
	(void)close(fd);
	switch (err) {
	case 0:
		err = begin(run);
		if (err == 0) {
			err = km_index_set_segment(run->recovery->index, &repaired);
		}
		run->result.repaired++;
		return in_transaction(run, err);
	case KM_ERR_AGAIN:
		run->result.postponed++;
		return 0;
	case KM_ERR_AUTH:
	case KM_ERR_FORMAT:
	case KM_ERR_UNSUPPORTED:
	case KM_ERR_NOT_FOUND:
		/* It was synced with at least one chunk, and has none now: the disk lost it. */
		err = put_aside(run, path, &row->camera);
		return err < 0 ? err : replace_by_gap(run, row);
	default:
		return err;
	}
}

static int recover_open_rows(struct run *run)
{
	struct rows rows = { 0 };
	int err = km_index_each_open(run->recovery->index, collect_row, &rows);

	err = err > 0 ? 0 : err;
	for (size_t i = 0; err == 0 && i < rows.count; i++) {
		err = recover_row(run, &rows.rows[i]);
	}
	free(rows.rows);
	return err;
}

/* --- files that no row knows --- */

static int add_row(struct run *run, const struct km_index_segment *row)
{
	const struct km_disk *disk = run->recovery->disk;
	int err = KM_ERR_SYS;

	/* The file's name may not be on the disk yet. */
	if (disk->syncfs(disk->context, run->recovery->root) == 0) {
		err = begin(run);
	}

	if (err == 0) {
		err = km_index_add_camera(run->recovery->index, &row->camera);
	}
	if (err == 0) {
		err = km_index_add_segment(run->recovery->index, row);
	}
	return in_transaction(run, err);
}

/*
 * A file without one good chunk. If it is no longer than one torn first chunk, nothing of it was
 * ever acknowledged, as its row would have come with the first sync: the usual trace of a power
 * cut. Otherwise it may be a damaged recording.
 */
static bool is_stillborn(int fd)
{
	uint8_t bytes[KM_SEGMENT_HEADER_MAX + KM_SEGMENT_CHUNK_HEADER];
	struct km_segment_header header;
	struct km_segment_chunk_header chunk;
	struct stat status;
	size_t count = 0;
	size_t header_bytes = 0;
	size_t zeros = 0;

	if (fstat(fd, &status) < 0 || km_disk_read(fd, bytes, sizeof(bytes), 0, &count) < 0) {
		return false;
	}
	while (zeros < count && bytes[zeros] == 0) {
		zeros++;
	}
	if (zeros == count) {
		return true; /* empty, or never filled */
	}
	if (km_segment_format_unpack_header(km_bytes_from(bytes, count), &header, &header_bytes) <
	    0) {
		return false;
	}
	if (km_segment_format_unpack_chunk(
		km_bytes_after(km_bytes_from(bytes, count), header_bytes), &chunk) < 0) {
		return (uint64_t)status.st_size <= header_bytes + KM_SEGMENT_CHUNK_HEADER;
	}
	return (uint64_t)status.st_size <= header_bytes + chunk.chunk.file_bytes;
}

static int adopt(
    struct run *run, const char *path, const struct km_uuid *camera, const struct km_uuid *id)
{
	struct km_index_segment row;
	char right_path[KM_SEGMENT_PATH_SIZE];
	bool is_empty = false;
	int fd = -1;
	int err = open_file(run, path, O_RDWR, &fd);

	if (err < 0) {
		return err;
	}
	err = repair(run, fd, id, 0, &row);
	is_empty = (err == KM_ERR_NOT_FOUND || err == KM_ERR_FORMAT) && is_stillborn(fd);
	(void)close(fd);
	if (err == KM_ERR_AGAIN) {
		run->result.postponed++;
		return 0;
	}
	if (is_empty) {
		return remove_file(run, path);
	}
	if (err == 0) {
		km_segment_writer_path(&row.camera, row.start_us, &row.id, right_path);
		err = strcmp(path, right_path) == 0 ? add_row(run, &row) : KM_ERR_FORMAT;
	}
	switch (err) {
	case 0:
		run->result.adopted++;
		return 0;
	case KM_ERR_AUTH:
	case KM_ERR_FORMAT:
	case KM_ERR_UNSUPPORTED:
	case KM_ERR_NOT_FOUND:
		return put_aside(run, path, camera);
	default:
		return err;
	}
}

static DIR *open_directory(struct run *run, const char *path)
{
	int fd = openat(run->recovery->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (directory == NULL && fd >= 0) {
		(void)close(fd);
	}
	return directory;
}

/* "<uuid>.kms" */
static bool parse_name(const char *name, struct km_uuid *ret_id)
{
	struct km_bytes text = km_bytes_text(name);
	size_t id_size = KM_UUID_TEXT_SIZE - 1;

	return text.size == id_size + 4 && strcmp(name + id_size, ".kms") == 0 &&
	       km_uuid_parse(km_bytes_slice(text, 0, id_size), ret_id) == 0;
}

static int scan_day(struct run *run, const struct km_uuid *camera, const char *day_path)
{
	DIR *directory = open_directory(run, day_path);
	int err = 0;

	if (directory == NULL) {
		return 0;
	}
	for (struct dirent *entry = readdir(directory); err == 0 && entry != NULL;
	     entry = readdir(directory)) {
		struct km_index_segment row;
		struct km_uuid id;
		char path[KM_SEGMENT_PATH_SIZE];

		if (!parse_name(entry->d_name, &id)) {
			continue;
		}
		err = km_index_find(run->recovery->index, &id, &row);
		if (err != KM_ERR_NOT_FOUND) {
			continue;
		}
		(void)snprintf(path, sizeof(path), "%.47s/%.40s", day_path, entry->d_name);
		err = adopt(run, path, camera, &id);
	}
	(void)closedir(directory);
	return err;
}

/* "2026-11-22" to a day number. */
static bool parse_day(const char *name, int32_t *ret_day)
{
	char text[32];
	int64_t unix_us = 0;

	if (strlen(name) != 10) {
		return false;
	}
	(void)snprintf(text, sizeof(text), "%.10sT00:00:00Z", name);
	if (km_time_parse(km_bytes_text(text), INT64_MIN, &unix_us) < 0) {
		return false;
	}
	*ret_day = km_time_day(unix_us);
	return true;
}

static int scan_camera(struct run *run, const struct km_uuid *camera, const char *name)
{
	struct km_index_camera known;
	int32_t first_day = INT32_MIN;
	DIR *directory = open_directory(run, name);
	int err = km_index_find_camera(run->recovery->index, camera, &known);

	if (directory == NULL) {
		return 0;
	}
	run->is_rebuild = err == KM_ERR_NOT_FOUND || known.segments == 0;
	if (err == 0 && known.segments > 0) {
		first_day = km_time_day(known.end_us) - SCAN_BEFORE_DAYS;
	}
	err = err == KM_ERR_NOT_FOUND ? 0 : err;
	for (struct dirent *entry = readdir(directory); err == 0 && entry != NULL;
	     entry = readdir(directory)) {
		char path[KM_SEGMENT_PATH_SIZE];
		int32_t day = 0;

		if (parse_day(entry->d_name, &day) && day >= first_day) {
			(void)snprintf(path, sizeof(path), "%.36s/%.10s", name, entry->d_name);
			err = scan_day(run, camera, path);
		}
	}
	(void)closedir(directory);
	return err;
}

static int scan_root(struct run *run)
{
	DIR *directory = open_directory(run, ".");
	int err = 0;

	if (directory == NULL) {
		return KM_ERR_SYS;
	}
	for (struct dirent *entry = readdir(directory); err == 0 && entry != NULL;
	     entry = readdir(directory)) {
		struct km_uuid camera;

		if (km_uuid_parse(km_bytes_text(entry->d_name), &camera) == 0) {
			err = scan_camera(run, &camera, entry->d_name);
		}
	}
	(void)closedir(directory);
	return err;
}

static int finish_deletions(struct run *run)
{
	struct km_retention retention = { .index = run->recovery->index,
		.disk = run->recovery->disk,
		.root = run->recovery->root };
	size_t deleted = 0;
	int err = 0;

	do {
		err = km_retention_resume(&retention, &deleted);
		run->result.deleted += (unsigned)deleted;
	} while (err == 0 && deleted > 0);
	return err;
}

int km_recovery_run(const struct km_recovery *recovery, struct km_recovery_result *ret_result)
{
	struct run run = { .recovery = recovery };
	int err = 0;

	km_buf_init(&run.scratch, KM_SEGMENT_CHUNK_MAX);
	err = finish_deletions(&run);
	if (err == 0) {
		err = recover_open_rows(&run);
	}
	if (err == 0) {
		err = scan_root(&run);
	}
	if (err == 0) {
		*ret_result = run.result;
	}
	km_segment_media_finish(&run.media);
	km_buf_finish(&run.scratch);
	return err;
}
