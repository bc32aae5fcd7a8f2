#include "store/verify.h"

#include "base/time.h"
#include "store/index.h"
#include "store/segment.h"
#include "store/segment_writer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>

#define BATCH_ROWS  128
#define CAMERAS_MAX 4096
#define YOUNG_US    (3 * KM_TIME_SECOND_US) /* a file of the running writer may wait for its row */

struct run {
	const struct km_verify_options *options;
	struct km_verify_result *result;
	struct km_index *index;
	int root;
	struct km_segment_media media;
	int64_t newest_us; /* end of the newest row of the camera being scanned */
};

static void problem(struct run *run, const char *path, uint64_t offset, const char *text)
{
	run->result->problems++;
	if (run->options->on_problem != NULL) {
		run->options->on_problem(run->options->context, path, offset, text);
	}
}

/* --- from the index to the files --- */

static void check_chunks(struct run *run, struct km_segment *segment, const char *path)
{
	for (size_t i = 0; i < km_segment_chunk_count(segment); i++) {
		const struct km_segment_chunk *chunk = km_segment_chunk(segment, i);
		int err = km_segment_read(segment, i, &run->media);
		char text[128];

		if (err < 0) {
			(void)snprintf(
			    text, sizeof(text), "chunk %zu: %.80s", i, km_error_text(err));
			problem(run, path, chunk->offset, text);
			continue;
		}
		run->result->chunks++;
		run->result->samples += run->media.count;
		run->result->bytes += chunk->file_bytes;
	}
}

/* What the row says against what the file says. An open segment may have grown meanwhile. */
static void check_row(struct run *run, const struct km_segment *segment,
    const struct km_index_segment *row, const char *path)
{
	const struct km_segment_header *header = km_segment_header(segment);
	bool is_open = row->end == KM_INDEX_OPEN;
	struct km_segment_file file;

	km_segment_describe(segment, &file);
	if (!km_uuid_is_equal(&header->camera, &row->camera)) {
		problem(run, path, 0, "the header names another camera than the index");
	}
	if (header->start_us != row->start_us) {
		problem(run, path, 0, "the header tells another start than the index");
	}
	if (is_open ? file.file_bytes < row->bytes : file.file_bytes != row->bytes) {
		problem(
		    run, path, file.file_bytes, "the file has another size than the index says");
	}
	if (is_open ? file.video_samples < row->video_samples
		    : file.video_samples != row->video_samples) {
		problem(
		    run, path, 0, "the file has another number of pictures than the index says");
	}
	if (!is_open && file.end_us != row->end_us) {
		problem(run, path, 0, "the file tells another end than the index");
	}
	if (!is_open && !file.has_trailer && row->end != KM_INDEX_FAILED) {
		problem(run, path, file.good_bytes, "the trailer is missing or was changed");
	}
}

static int open_segment(
    struct run *run, const struct km_index_segment *row, struct km_segment **ret_segment)
{
	const struct km_verify_options *options = run->options;
	/* What stands behind the last good sync of a failed segment does not count. */
	uint64_t limit = row->end == KM_INDEX_FAILED ? row->bytes : UINT64_MAX;
	char path[KM_SEGMENT_PATH_SIZE];
	struct km_secret key;
	int fd = -1;
	int err = options->find_key(options->context, &row->key, key.bytes);

	km_segment_writer_path(&row->camera, row->start_us, &row->id, path);
	if (err < 0) {
		run->result->unchecked++;
		return KM_ERR_AGAIN;
	}
	fd = openat(run->root, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	err = fd < 0 ? (errno == ENOENT ? KM_ERR_NOT_FOUND : KM_ERR_SYS)
		     : km_segment_open_fd(fd, &row->id, limit, key.bytes, ret_segment);
	km_secret_wipe(&key);
	if (err < 0 && fd >= 0) {
		(void)close(fd);
	}
	return err;
}

static int check_segment(struct run *run, const struct km_index_segment *row)
{
	const struct km_verify_options *options = run->options;
	struct km_segment *segment = NULL;
	struct km_index_segment again;
	char path[KM_SEGMENT_PATH_SIZE];
	int err = 0;

	km_segment_writer_path(&row->camera, row->start_us, &row->id, path);
	run->result->segments++;
	err = open_segment(run, row, &segment);
	if (err == KM_ERR_MEMORY) {
		return err;
	}
	if (err == 0) {
		check_row(run, segment, row, path);
		check_chunks(run, segment, path);
	} else if (err != KM_ERR_AGAIN &&
		   /* Deleted by retention since the row was read? */
		   !(err == KM_ERR_NOT_FOUND &&
		       km_index_find(run->index, &row->id, &again) == KM_ERR_NOT_FOUND)) {
		problem(run, path, 0,
		    err == KM_ERR_NOT_FOUND ? "is in the index, but there is no such file"
					    : km_error_text(err));
	}
	km_segment_close(segment);
	if (options->on_progress != NULL && !options->on_progress(options->context, run->result)) {
		return KM_ERR_CLOSED;
	}
	return 0;
}

/*
 * Rows in batches, so that no transaction of ours stands in the way of the writer's checkpoints
 * while files are read.
 */
struct batch {
	struct km_index_segment rows[BATCH_ROWS];
	size_t count;
	int64_t after_us;
};

static int collect(void *context, const struct km_index_segment *row)
{
	struct batch *batch = context;

	if (row->start_us <= batch->after_us) {
		return 0;
	}
	if (batch->count == BATCH_ROWS) {
		return 1;
	}
	batch->rows[batch->count++] = *row;
	return 0;
}

/* Rows that begin at the same microsecond as the last one of a full batch come with the next. */
static void trim(struct batch *batch)
{
	size_t count = batch->count;

	while (count > 1 && batch->count == BATCH_ROWS &&
	       batch->rows[count - 1].start_us == batch->rows[batch->count - 1].start_us) {
		count--;
	}
	batch->count = count;
}

static int check_rows(struct run *run, const struct km_uuid *camera)
{
	struct batch *batch = calloc(1, sizeof(*batch));
	int err = 0;

	if (batch == NULL) {
		return KM_ERR_MEMORY;
	}
	batch->after_us = INT64_MIN;
	do {
		int64_t from_us = batch->after_us > run->options->from_us ? batch->after_us
									  : run->options->from_us;

		batch->count = 0;
		err = km_index_each_segment(
		    run->index, camera, from_us, run->options->to_us, collect, batch);
		err = err > 0 ? 0 : err;
		trim(batch);
		for (size_t i = 0; err == 0 && i < batch->count; i++) {
			err = check_segment(run, &batch->rows[i]);
			batch->after_us = batch->rows[i].start_us;
		}
	} while (err == 0 && batch->count > 0);
	free(batch);
	return err;
}

struct cameras {
	struct km_uuid ids[CAMERAS_MAX];
	size_t count;
};

static int collect_camera(void *context, const struct km_index_camera *camera)
{
	struct cameras *cameras = context;

	if (cameras->count == CAMERAS_MAX) {
		return KM_ERR_LIMIT;
	}
	cameras->ids[cameras->count++] = camera->id;
	return 0;
}

static int check_index(struct run *run)
{
	struct cameras *cameras = calloc(1, sizeof(*cameras));
	int err = 0;

	if (cameras == NULL) {
		return KM_ERR_MEMORY;
	}
	err = km_index_each_camera(run->index, collect_camera, cameras);
	for (size_t i = 0; err == 0 && i < cameras->count; i++) {
		if (km_uuid_is_nil(&run->options->camera) ||
		    km_uuid_is_equal(&run->options->camera, &cameras->ids[i])) {
			err = check_rows(run, &cameras->ids[i]);
		}
	}
	free(cameras);
	return err;
}

/* --- from the files to the index --- */

static DIR *open_directory(const struct run *run, const char *path)
{
	int fd = openat(run->root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);

	if (directory == NULL && fd >= 0) {
		(void)close(fd);
	}
	return directory;
}

/* A file without a row: a problem, unless it is so new that its row is still to come. */
static void check_stray(struct run *run, const char *path)
{
	struct km_segment_header header;
	int fd = openat(run->root, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	bool is_new = fd >= 0 && km_segment_peek(fd, &header) == 0 &&
		      header.start_us > run->newest_us - YOUNG_US;

	if (fd < 0 && errno == ENOENT) {
		return; /* deleted meanwhile */
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	if (!is_new) {
		problem(run, path, 0, "is not in the index");
	}
}

static int check_day(struct run *run, const char *day_path)
{
	DIR *directory = open_directory(run, day_path);
	int err = 0;

	if (directory == NULL) {
		return 0;
	}
	for (struct dirent *entry = readdir(directory); err == 0 && entry != NULL;
	     entry = readdir(directory)) {
		struct km_bytes name = km_bytes_text(entry->d_name);
		struct km_index_segment row;
		struct km_uuid id;
		char path[KM_SEGMENT_PATH_SIZE];

		if (entry->d_name[0] == '.') {
			continue;
		}
		(void)snprintf(path, sizeof(path), "%.47s/%.40s", day_path, entry->d_name);
		if (name.size != KM_UUID_TEXT_SIZE + 3 ||
		    km_uuid_parse(km_bytes_slice(name, 0, KM_UUID_TEXT_SIZE - 1), &id) < 0) {
			problem(run, path, 0, "is no file of the recorder");
			continue;
		}
		err = km_index_find(run->index, &id, &row);
		if (err == KM_ERR_NOT_FOUND) {
			check_stray(run, path);
			err = 0;
		}
	}
	(void)closedir(directory);
	return err;
}

static int check_camera(struct run *run, const struct km_uuid *camera, const char *name)
{
	DIR *directory = open_directory(run, name);
	struct km_index_camera known = { .end_us = INT64_MIN };
	int err = km_index_find_camera(run->index, camera, &known);

	err = err == KM_ERR_NOT_FOUND ? 0 : err;
	run->newest_us = known.end_us == INT64_MIN ? INT64_MAX / 2 : known.end_us;
	if (directory == NULL) {
		return err;
	}
	for (struct dirent *entry = readdir(directory); err == 0 && entry != NULL;
	     entry = readdir(directory)) {
		char path[KM_SEGMENT_PATH_SIZE];

		if (strlen(entry->d_name) == 10) {
			(void)snprintf(path, sizeof(path), "%.36s/%.10s", name, entry->d_name);
			err = check_day(run, path);
		}
	}
	(void)closedir(directory);
	return err;
}

static int check_files(struct run *run)
{
	DIR *directory = open_directory(run, ".");
	int err = 0;

	if (directory == NULL) {
		return KM_ERR_SYS;
	}
	for (struct dirent *entry = readdir(directory); err == 0 && entry != NULL;
	     entry = readdir(directory)) {
		struct km_uuid camera;

		if (km_uuid_parse(km_bytes_text(entry->d_name), &camera) == 0 &&
		    (km_uuid_is_nil(&run->options->camera) ||
			km_uuid_is_equal(&run->options->camera, &camera))) {
			err = check_camera(run, &camera, entry->d_name);
		}
	}
	(void)closedir(directory);
	return err;
}

int km_verify_run(const struct km_verify_options *options, struct km_verify_result *ret_result)
{
	struct run run = { .options = options, .result = ret_result, .root = -1 };
	int err = 0;

	*ret_result = (struct km_verify_result){ 0 };
	run.root = open(options->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (run.root < 0) {
		return errno == ENOENT ? KM_ERR_NOT_FOUND : KM_ERR_SYS;
	}
	err = km_index_open(options->index, true, &run.index);
	if (err == 0) {
		err = check_index(&run);
	}
	if (err == 0) {
		err = check_files(&run);
	}
	km_index_close(run.index);
	(void)close(run.root);
	km_segment_media_finish(&run.media);
	return err;
}
