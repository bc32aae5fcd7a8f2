/*
 * The index: which segments and gaps there are, in SQLite (WAL).
 *
 * It can be rebuilt from the segment files, so it never says more than they do: rows come after
 * the data is on the disk, and go before files are deleted. One process writes (the writer); any
 * number of others read. Sums per camera are kept by triggers, so that they cannot drift.
 *
 * Functions return 0, KM_ERR_DATABASE (see km_index_error), KM_ERR_FORMAT (the database is damaged)
 * or KM_ERR_NO_SPACE unless said otherwise. All may block on the disk.
 */
#ifndef KM_STORE_INDEX_H
#define KM_STORE_INDEX_H

#include "store/archive.h"

struct km_index;

/* Why a segment ended; in the database. */
enum km_index_end {
	KM_INDEX_OPEN = 0, /* it has not */
	KM_INDEX_ROTATED = 1,
	KM_INDEX_TRACKS = 2, /* the parameter sets or tracks changed */
	KM_INDEX_BROKEN = 3, /* the stream was interrupted */
	KM_INDEX_STOPPED = 4,
	KM_INDEX_RECOVERED = 5, /* closed by recovery after an unclean end */
	KM_INDEX_FAILED = 6,    /* the disk failed: cut at what was surely stored */
};

struct km_index_segment {
	struct km_uuid id;
	struct km_uuid camera;
	struct km_uuid key;
	int64_t start_us;
	int64_t end_us;
	int64_t last_us; /* label of its latest sample: what a restarted writer goes on behind */
	uint64_t bytes;
	uint64_t video_samples;
	enum km_index_end end;
};

struct km_index_camera {
	struct km_uuid id;
	uint64_t bytes;
	uint64_t segments;
	int64_t start_us;   /* of the oldest; INT64_MAX: none */
	int64_t end_us;     /* of the newest; INT64_MIN: none */
	int64_t last_us;    /* label of the latest sample; INT64_MIN: none */
	unsigned why_ended; /* gap_reason of the time after the newest segment */
};

/*
 * Open; made if it is not there, unless is_read_only. A version that is older is brought up to
 * date. Returns also KM_ERR_NOT_FOUND, KM_ERR_UNSUPPORTED (made by a newer version), KM_ERR_MEMORY.
 */
KM_MUST_USE int km_index_open(const char *path, bool is_read_only, struct km_index **ret_index);
void km_index_close(struct km_index *index);

/* What SQLite said last; borrowed until the next call. */
const char *km_index_error(struct km_index *index);

/* --- to write: inside begin ... commit --- */

/* With is_durable, commit returns only when the rows are on the disk. */
KM_MUST_USE int km_index_begin(struct km_index *index, bool is_durable);
KM_MUST_USE int km_index_commit(struct km_index *index);
void km_index_rollback(struct km_index *index);

/* A camera must be known before its segments and gaps. */
KM_MUST_USE int km_index_add_camera(struct km_index *index, const struct km_uuid *camera);
KM_MUST_USE int km_index_set_why_ended(
    struct km_index *index, const struct km_uuid *camera, unsigned reason);

KM_MUST_USE int km_index_add_segment(
    struct km_index *index, const struct km_index_segment *segment);

/* Set end_us, last_us, bytes, video_samples and end of the segment with this id. */
KM_MUST_USE int km_index_set_segment(
    struct km_index *index, const struct km_index_segment *segment);

/* Forget a segment whose file is not there. */
KM_MUST_USE int km_index_drop_segment(struct km_index *index, const struct km_uuid *segment);

/* The first half of a deletion: from the segments to the garbage. */
KM_MUST_USE int km_index_discard_segment(struct km_index *index, const struct km_uuid *segment);

/* The second half, when the file is gone. */
KM_MUST_USE int km_index_drop_garbage(struct km_index *index, const struct km_uuid *segment);

KM_MUST_USE int km_index_add_gap(
    struct km_index *index, const struct km_uuid *camera, const struct km_archive_gap *gap);

/* Forget gaps that end before this moment. */
KM_MUST_USE int km_index_drop_gaps(
    struct km_index *index, const struct km_uuid *camera, int64_t before_us);

/* --- to read --- */

/* Callbacks must not write; one that does not return 0 ends the walk with that value. */
typedef int km_index_on_segment(void *context, const struct km_index_segment *segment);
typedef int km_index_on_gap(void *context, const struct km_archive_gap *gap);
typedef int km_index_on_camera(void *context, const struct km_index_camera *camera);

/* Those that touch [from_us, to_us), oldest first. */
KM_MUST_USE int km_index_each_segment(struct km_index *index, const struct km_uuid *camera,
    int64_t from_us, int64_t to_us, km_index_on_segment *on_segment, void *context);
KM_MUST_USE int km_index_each_gap(struct km_index *index, const struct km_uuid *camera,
    int64_t from_us, int64_t to_us, km_index_on_gap *on_gap, void *context);

/* Only start and end of each, read from the index alone. */
KM_MUST_USE int km_index_each_span(struct km_index *index, const struct km_uuid *camera,
    int64_t from_us, int64_t to_us, int (*on_span)(void *context, int64_t start_us, int64_t end_us),
    void *context);

/* Those not closed; those being deleted (only id, camera and start_us are set). */
KM_MUST_USE int km_index_each_open(
    struct km_index *index, km_index_on_segment *on_segment, void *context);
KM_MUST_USE int km_index_each_garbage(
    struct km_index *index, km_index_on_segment *on_segment, void *context);

/* At most `most` closed segments, oldest first, of a camera or (NULL) of all. */
KM_MUST_USE int km_index_each_oldest(struct km_index *index, const struct km_uuid *camera,
    size_t most, km_index_on_segment *on_segment, void *context);

KM_MUST_USE int km_index_each_camera(
    struct km_index *index, km_index_on_camera *on_camera, void *context);

/* Returns also KM_ERR_NOT_FOUND. */
KM_MUST_USE int km_index_find(
    struct km_index *index, const struct km_uuid *segment, struct km_index_segment *ret_segment);
KM_MUST_USE int km_index_find_camera(
    struct km_index *index, const struct km_uuid *camera, struct km_index_camera *ret_camera);

#endif
