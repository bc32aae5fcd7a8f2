#include "store/retention.h"

#include "store/segment_writer.h"

#include <errno.h>
#include <fcntl.h>

struct batch {
	struct km_index_segment segments[KM_RETENTION_BATCH];
	size_t count;
	/* What still has to go, as seen by the collecting callbacks. */
	int64_t before_us; /* INT64_MIN: age does not matter */
	uint64_t bytes;    /* and until so much is collected */
	uint64_t collected;
};

static void day_path(const struct km_index_segment *segment, char *ret_path)
{
	km_segment_writer_path(&segment->camera, segment->start_us, &segment->id, ret_path);
	*strrchr(ret_path, '/') = '\0';
}

/* Make the removal of names durable, once for neighbours in the same directory. */
static int sync_directories(const struct km_retention *retention, const struct batch *batch)
{
	const struct km_disk *disk = retention->disk;
	char last[KM_SEGMENT_PATH_SIZE] = "";
	int err = 0;

	for (size_t i = 0; i < batch->count; i++) {
		char path[KM_SEGMENT_PATH_SIZE];
		int fd = -1;

		day_path(&batch->segments[i], path);
		if (strcmp(path, last) == 0) {
			continue;
		}
		memcpy(last, path, sizeof(last));
		fd = disk->openat(disk->context, retention->root, path, O_RDONLY | O_DIRECTORY, 0);
		if (fd < 0) {
			err = errno == ENOENT ? err : KM_ERR_SYS;
			continue;
		}
		if (disk->fsync(disk->context, fd) < 0) {
			err = KM_ERR_SYS;
		}
		(void)close(fd);
	}
	return err;
}

/* Days that have become empty; most are not, and say so. */
static void remove_directories(const struct km_retention *retention, const struct batch *batch)
{
	const struct km_disk *disk = retention->disk;

	for (size_t i = 0; i < batch->count; i++) {
		char path[KM_SEGMENT_PATH_SIZE];

		day_path(&batch->segments[i], path);
		(void)disk->unlinkat(disk->context, retention->root, path, AT_REMOVEDIR);
	}
}

static int unlink_files(const struct km_retention *retention, const struct batch *batch)
{
	const struct km_disk *disk = retention->disk;

	for (size_t i = 0; i < batch->count; i++) {
		const struct km_index_segment *segment = &batch->segments[i];
		char path[KM_SEGMENT_PATH_SIZE];

		km_segment_writer_path(&segment->camera, segment->start_us, &segment->id, path);
		if (disk->unlinkat(disk->context, retention->root, path, 0) < 0 &&
		    errno != ENOENT) {
			return KM_ERR_SYS;
		}
	}
	return 0;
}

/* One transaction over all of the batch. */
static int change_rows(const struct km_retention *retention, const struct batch *batch,
    bool is_durable, int (*change)(struct km_index *index, const struct km_uuid *segment))
{
	int err = km_index_begin(retention->index, is_durable);

	for (size_t i = 0; err == 0 && i < batch->count; i++) {
		err = change(retention->index, &batch->segments[i].id);
	}
	if (err == 0) {
		err = km_index_commit(retention->index);
	}
	if (err < 0) {
		km_index_rollback(retention->index);
	}
	return err;
}

/* The second half: files, directories, garbage rows. */
static int finish_deletion(const struct km_retention *retention, const struct batch *batch)
{
	int err = unlink_files(retention, batch);

	if (err == 0) {
		err = sync_directories(retention, batch);
	}
	if (err < 0) {
		return err;
	}
	remove_directories(retention, batch);
	/* If this is lost, the next start finds the files gone already. */
	return change_rows(retention, batch, false, km_index_drop_garbage);
}

static int delete_batch(
    const struct km_retention *retention, const struct batch *batch, size_t *ret_deleted)
{
	int err = 0;

	if (batch->count == 0) {
		*ret_deleted = 0;
		return 0;
	}
	err = change_rows(retention, batch, true, km_index_discard_segment);
	if (err == KM_ERR_NO_SPACE) {
		/* Not even the index can grow: the files go first, in the hope that the rows can
		 * follow. A crash right here is found, and reported, as recordings missing. */
		err = unlink_files(retention, batch);
		if (err == 0) {
			err = change_rows(retention, batch, true, km_index_discard_segment);
		}
	}
	if (err == 0) {
		err = finish_deletion(retention, batch);
	}
	if (err == 0) {
		*ret_deleted = batch->count;
	}
	return err;
}

static int collect(void *context, const struct km_index_segment *segment)
{
	struct batch *batch = context;
	bool is_too_old = segment->end_us < batch->before_us;

	if (!is_too_old && batch->collected >= batch->bytes) {
		return 1;
	}
	batch->segments[batch->count++] = *segment;
	batch->collected += segment->bytes;
	return batch->count < KM_RETENTION_BATCH ? 0 : 1;
}

int km_retention_apply(const struct km_retention *retention, const struct km_retention_rule *rule,
    int64_t now_us, size_t *ret_deleted)
{
	struct batch batch = { .before_us = INT64_MIN };
	struct km_index_camera camera;
	int err = 0;

	*ret_deleted = 0;
	if (rule->retain_us == 0 && rule->retain_bytes == 0) {
		return 0;
	}
	err = km_index_find_camera(retention->index, &rule->camera, &camera);
	if (err < 0) {
		return err == KM_ERR_NOT_FOUND ? 0 : err;
	}
	if (rule->retain_us > 0 &&
	    __builtin_sub_overflow(now_us, rule->retain_us, &batch.before_us)) {
		batch.before_us = INT64_MIN;
	}
	if (rule->retain_bytes > 0 && camera.bytes > rule->retain_bytes) {
		batch.bytes = camera.bytes - rule->retain_bytes;
	}
	if (camera.start_us >= batch.before_us && batch.bytes == 0) {
		return 0;
	}
	err = km_index_each_oldest(
	    retention->index, &rule->camera, KM_RETENTION_BATCH, collect, &batch);
	return err < 0 ? err : delete_batch(retention, &batch, ret_deleted);
}

int km_retention_free(const struct km_retention *retention, uint64_t bytes, size_t *ret_deleted)
{
	struct batch batch = { .before_us = INT64_MIN, .bytes = bytes };
	int err = km_index_each_oldest(retention->index, NULL, KM_RETENTION_BATCH, collect, &batch);

	*ret_deleted = 0;
	return err < 0 ? err : delete_batch(retention, &batch, ret_deleted);
}

static int collect_garbage(void *context, const struct km_index_segment *segment)
{
	struct batch *batch = context;

	batch->segments[batch->count++] = *segment;
	return batch->count < KM_RETENTION_BATCH ? 0 : 1;
}

int km_retention_resume(const struct km_retention *retention, size_t *ret_deleted)
{
	struct batch batch = { .before_us = INT64_MIN };
	int err = km_index_each_garbage(retention->index, collect_garbage, &batch);

	*ret_deleted = 0;
	if (err < 0 || batch.count == 0) {
		return err < 0 ? err : 0;
	}
	err = finish_deletion(retention, &batch);
	if (err == 0) {
		*ret_deleted = batch.count;
	}
	return err;
}
