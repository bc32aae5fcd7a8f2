#include "store/archive.h"

#include "store/index.h"
#include "store/segment.h"
#include "store/segment_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

struct km_archive {
	int root;
	struct km_index *index;
};

int km_archive_open(const char *root, const char *index, struct km_archive **ret_archive)
{
	struct km_archive *archive = calloc(1, sizeof(*archive));
	int err = 0;

	if (archive == NULL) {
		return KM_ERR_MEMORY;
	}
	archive->root = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (archive->root < 0) {
		err = errno == ENOENT ? KM_ERR_NOT_FOUND : KM_ERR_SYS;
	} else {
		err = km_index_open(index, true, &archive->index);
	}
	if (err < 0) {
		km_archive_close(archive);
		return err;
	}
	*ret_archive = archive;
	return 0;
}

void km_archive_close(struct km_archive *archive)
{
	if (archive == NULL) {
		return;
	}
	if (archive->root >= 0) {
		(void)close(archive->root);
	}
	km_index_close(archive->index);
	free(archive);
}

/* --- the index --- */

static struct km_archive_segment row_from(const struct km_index_segment *segment)
{
	return (struct km_archive_segment){
		.id = segment->id,
		.camera = segment->camera,
		.key = segment->key,
		.start_us = segment->start_us,
		.end_us = segment->end_us,
		.file_bytes = segment->bytes,
		.video_samples = segment->video_samples,
		.is_open = segment->end == KM_INDEX_OPEN,
	};
}

struct segment_walk {
	int (*on_segment)(void *context, const struct km_archive_segment *segment);
	void *context;
};

static int pass_segment(void *context, const struct km_index_segment *segment)
{
	const struct segment_walk *walk = context;
	struct km_archive_segment row = row_from(segment);

	return walk->on_segment(walk->context, &row);
}

int km_archive_each_segment(struct km_archive *archive, const struct km_uuid *camera,
    int64_t from_us, int64_t to_us,
    int (*on_segment)(void *context, const struct km_archive_segment *segment), void *context)
{
	struct segment_walk walk = { .on_segment = on_segment, .context = context };

	return km_index_each_segment(archive->index, camera, from_us, to_us, pass_segment, &walk);
}

int km_archive_each_gap(struct km_archive *archive, const struct km_uuid *camera, int64_t from_us,
    int64_t to_us, int (*on_gap)(void *context, const struct km_archive_gap *gap), void *context)
{
	return km_index_each_gap(archive->index, camera, from_us, to_us, on_gap, context);
}

struct stretch_walk {
	int (*on_stretch)(void *context, int64_t start_us, int64_t end_us);
	void *context;
	int64_t resolution_us;
	size_t left; /* stretches that may still be told */
	int64_t start_us;
	int64_t end_us;
	bool has_one;
};

static int tell_stretch(struct stretch_walk *walk)
{
	if (!walk->has_one) {
		return 0;
	}
	if (walk->left == 0) {
		return KM_ERR_LIMIT;
	}
	walk->left--;
	return walk->on_stretch(walk->context, walk->start_us, walk->end_us);
}

static int join_span(void *context, int64_t start_us, int64_t end_us)
{
	struct stretch_walk *walk = context;
	int64_t hole_us = 0;
	int err = 0;

	if (walk->has_one && (__builtin_sub_overflow(start_us, walk->end_us, &hole_us) ||
				 hole_us < walk->resolution_us)) {
		walk->end_us = end_us > walk->end_us ? end_us : walk->end_us;
		return 0;
	}
	err = tell_stretch(walk);
	walk->has_one = true;
	walk->start_us = start_us;
	walk->end_us = end_us;
	return err;
}

int km_archive_each_stretch(struct km_archive *archive, const struct km_uuid *camera,
    int64_t from_us, int64_t to_us, int64_t resolution_us, size_t most,
    int (*on_stretch)(void *context, int64_t start_us, int64_t end_us), void *context)
{
	struct stretch_walk walk = { .on_stretch = on_stretch,
		.context = context,
		.resolution_us = resolution_us > 0 ? resolution_us : 1,
		.left = most };
	int err = km_index_each_span(archive->index, camera, from_us, to_us, join_span, &walk);

	return err != 0 ? err : tell_stretch(&walk);
}

int km_archive_find(struct km_archive *archive, const struct km_uuid *segment,
    struct km_archive_segment *ret_segment)
{
	struct km_index_segment row;
	int err = km_index_find(archive->index, segment, &row);

	if (err == 0) {
		*ret_segment = row_from(&row);
	}
	return err;
}

int km_archive_extent(struct km_archive *archive, const struct km_uuid *camera, uint64_t *ret_bytes,
    int64_t *ret_start_us, int64_t *ret_end_us)
{
	struct km_index_camera row;
	int err = km_index_find_camera(archive->index, camera, &row);

	if (err == KM_ERR_NOT_FOUND) {
		row = (struct km_index_camera){ .start_us = INT64_MAX, .end_us = INT64_MIN };
		err = 0;
	}
	if (err == 0) {
		*ret_bytes = row.bytes;
		*ret_start_us = row.start_us;
		*ret_end_us = row.end_us;
	}
	return err;
}

/* --- files --- */

int km_segment_open(struct km_archive *archive, const struct km_archive_segment *row,
    const uint8_t key[static 32], struct km_segment **ret_segment)
{
	char path[KM_SEGMENT_PATH_SIZE];
	int fd = -1;
	int err = 0;

	km_segment_writer_path(&row->camera, row->start_us, &row->id, path);
	fd = openat(archive->root, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0) {
		return errno == ENOENT ? KM_ERR_NOT_FOUND : KM_ERR_SYS;
	}
	err = km_segment_open_fd(
	    fd, &row->id, row->is_open ? UINT64_MAX : row->file_bytes, key, ret_segment);
	if (err < 0) {
		(void)close(fd);
	}
	return err;
}
