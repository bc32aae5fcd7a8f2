/*
 * The recordings, to read: which segments and gaps there are (the index), and the media in a
 * segment file, decrypted. Used by web, export and verify; the writing side is store/recorder.
 *
 * Any number of processes may read while the writer writes. What the index or a file says is
 * checked before it is used: a damaged archive gives errors, never a crash. Times are unix_us.
 * Everything here may block on the disk.
 */
#ifndef KM_STORE_ARCHIVE_H
#define KM_STORE_ARCHIVE_H

#include "base/buf.h"
#include "base/uuid.h"
#include "proto/track.h"

struct km_archive;

/*
 * Open an index for reading; `root` is the directory of the segment files.
 * Returns 0, KM_ERR_NOT_FOUND, KM_ERR_UNSUPPORTED (a newer version of the format), KM_ERR_DATABASE
 * or KM_ERR_SYS.
 */
KM_MUST_USE int km_archive_open(
    const char *root, const char *index, struct km_archive **ret_archive);
void km_archive_close(struct km_archive *archive);

/* A row of the index. */
struct km_archive_segment {
	struct km_uuid id;
	struct km_uuid camera;
	struct km_uuid key; /* of its data key */
	int64_t start_us;
	int64_t end_us; /* of a segment still being written: as of the last sync */
	uint64_t file_bytes;
	uint64_t video_samples;
	bool is_open; /* still being written: its chunks are found by walking the file */
};

struct km_archive_gap {
	int64_t start_us;
	int64_t end_us;
	unsigned reason; /* gap_reason in model/states.tbl */
	uint64_t lost;   /* packets or samples known to be missing */
};

/*
 * Call back for each segment, or gap, of the camera that touches [from_us, to_us), oldest first. A
 * callback that does not return 0 ends the walk, and is what the function returns.
 */
KM_MUST_USE int km_archive_each_segment(struct km_archive *archive, const struct km_uuid *camera,
    int64_t from_us, int64_t to_us,
    int (*on_segment)(void *context, const struct km_archive_segment *segment), void *context);
KM_MUST_USE int km_archive_each_gap(struct km_archive *archive, const struct km_uuid *camera,
    int64_t from_us, int64_t to_us, int (*on_gap)(void *context, const struct km_archive_gap *gap),
    void *context);

/*
 * Recorded stretches for a timeline: neighbours less than resolution_us apart are joined, and at
 * most `most` are told (KM_ERR_LIMIT beyond that). Must stay quick for a year of one camera.
 */
KM_MUST_USE int km_archive_each_stretch(struct km_archive *archive, const struct km_uuid *camera,
    int64_t from_us, int64_t to_us, int64_t resolution_us, size_t most,
    int (*on_stretch)(void *context, int64_t start_us, int64_t end_us), void *context);

/* Returns 0 or KM_ERR_NOT_FOUND. */
KM_MUST_USE int km_archive_find(struct km_archive *archive, const struct km_uuid *segment,
    struct km_archive_segment *ret_segment);

/* Bytes kept of a camera, and its first and last moment. No recordings: bytes 0. */
KM_MUST_USE int km_archive_extent(struct km_archive *archive, const struct km_uuid *camera,
    uint64_t *ret_bytes, int64_t *ret_start_us, int64_t *ret_end_us);

/* --- the media of one segment --- */

struct km_segment;

/* One chunk, as its header (in the clear, authenticated with the chunk) and position say. */
struct km_segment_chunk {
	uint64_t offset;      /* in the file */
	uint32_t file_bytes;  /* with header and tag */
	uint32_t media_bytes; /* sum of its samples */
	int64_t start_us;     /* label of its first sample */
	int64_t duration_us;
	uint32_t samples[KM_TRACKS_MAX]; /* per track */
	bool is_key;                     /* its first video sample is a key frame */
};

/*
 * Open a segment's file with its data key (32 bytes; copied, wiped at close). For an open segment
 * only whole chunks that are there now are seen.
 * Returns 0, KM_ERR_NOT_FOUND (no file), KM_ERR_FORMAT, KM_ERR_AUTH (wrong key or changed header),
 * KM_ERR_UNSUPPORTED, KM_ERR_MEMORY or KM_ERR_SYS.
 */
KM_MUST_USE int km_segment_open(struct km_archive *archive, const struct km_archive_segment *row,
    const uint8_t key[static 32], struct km_segment **ret_segment);
void km_segment_close(struct km_segment *segment);

const struct km_tracks *km_segment_tracks(const struct km_segment *segment);
size_t km_segment_chunk_count(const struct km_segment *segment);
const struct km_segment_chunk *km_segment_chunk(const struct km_segment *segment, size_t number);

/* The last chunk that starts at or before unix_us; the first one if all start later. */
size_t km_segment_chunk_at(const struct km_segment *segment, int64_t unix_us);

/* One sample of a chunk that was read. */
struct km_segment_sample {
	uint8_t track;
	bool is_key;
	int64_t ticks; /* presentation time in the track's clock; 0 is when the segment's first
			  video sample is decoded, so audio of about that moment may be negative */
	int32_t decode_offset_ticks;
	uint32_t duration_ticks;
	uint32_t offset; /* into the chunk's media bytes */
	uint32_t size;
};

/* A chunk in the clear. A plain struct, zeroed at first; its buffers are used again. */
struct km_segment_media {
	struct km_buf bytes;               /* media, samples one after another */
	struct km_segment_sample *samples; /* in the order in which they arrived */
	size_t count;
	size_t capacity;
};

/*
 * Read, authenticate and decrypt a chunk.
 * Returns 0, KM_ERR_AUTH (the file was changed or is damaged there), KM_ERR_FORMAT, KM_ERR_SHORT,
 * KM_ERR_MEMORY or KM_ERR_SYS.
 */
KM_MUST_USE int km_segment_read(
    struct km_segment *segment, size_t chunk, struct km_segment_media *media);

void km_segment_media_finish(struct km_segment_media *media);

#endif
