/*
 * One segment file being written: chunks are sealed into a buffer that the caller shares between
 * segments, and appended. Nothing here syncs, knows the index or decides when a segment ends: that
 * is store/recorder.
 */
#ifndef KM_STORE_SEGMENT_WRITER_H
#define KM_STORE_SEGMENT_WRITER_H

#include "store/disk.h"
#include "store/segment_format.h"

#define KM_SEGMENT_PATH_SIZE 96 /* "<camera>/<YYYY-MM-DD>/<segment>.kms" and the NUL */

/* Where the file of a segment is, below the root. */
void km_segment_writer_path(const struct km_uuid *camera, int64_t start_us,
    const struct km_uuid *segment, char ret_path[static KM_SEGMENT_PATH_SIZE]);

struct km_segment_writer_sample {
	struct km_bytes data;
	int64_t ticks; /* since the segment's start */
	int64_t unix_us;
	int32_t decode_offset_ticks;
	uint8_t track;
	bool is_key;
	bool is_damaged;
};

struct km_segment_writer_chunk {
	const struct km_segment_writer_sample *samples;
	size_t count; /* 1 to KM_SEGMENT_SAMPLES_MAX */
	int64_t duration_us;
	uint32_t last_duration[KM_TRACKS_MAX]; /* in ticks, of the last sample of each track */
	bool is_key;                           /* its first video sample is a key frame */
};

struct km_segment_writer;

/*
 * Begin a segment. The file is made by the first write. `root` is a directory descriptor, which
 * with `disk` must outlive the writer. Returns 0, KM_ERR_MEMORY or KM_ERR_CRYPTO.
 */
KM_MUST_USE int km_segment_writer_create(const struct km_disk *disk, int root,
    const struct km_segment_header *header, const uint8_t data_key[static KM_SECRET_BYTES],
    struct km_segment_writer **ret_writer);

/* Go on with a file that recovery has walked: `size` bytes of it are good, `table` is of them. */
KM_MUST_USE int km_segment_writer_reopen(const struct km_disk *disk, int fd,
    const struct km_segment_header *header, const uint8_t data_key[static KM_SECRET_BYTES],
    uint64_t size, struct km_bytes table, struct km_segment_writer **ret_writer);

/*
 * Encrypt a chunk (with the header, if it is the first) into `sealed`, which is cleared before. It
 * may be sealed again, with other samples, as long as it was not written. Returns 0, KM_ERR_LIMIT
 * (the chunk or segment is too large), KM_ERR_MEMORY or KM_ERR_CRYPTO.
 */
KM_MUST_USE int km_segment_writer_seal(struct km_segment_writer *writer,
    const struct km_segment_writer_chunk *chunk, struct km_buf *sealed);

/*
 * Append what was sealed last. On failure (KM_ERR_NO_SPACE, KM_ERR_SYS) the same may be written
 * again; what stands behind km_segment_writer_bytes() in the file does not count.
 */
KM_MUST_USE int km_segment_writer_write(struct km_segment_writer *writer, struct km_bytes sealed);

/* Append the trailer. `scratch` is cleared and used. Errors as above. */
KM_MUST_USE int km_segment_writer_close(struct km_segment_writer *writer, struct km_buf *scratch);

/* -1 until the first write. */
int km_segment_writer_fd(const struct km_segment_writer *writer);

/*
 * Make what was written durable, with the names made for it; _set_synced: somebody did so for the
 * whole file system. Returns 0 or KM_ERR_SYS.
 */
KM_MUST_USE int km_segment_writer_sync(struct km_segment_writer *writer);
void km_segment_writer_set_synced(struct km_segment_writer *writer);

const struct km_segment_header *km_segment_writer_header(const struct km_segment_writer *writer);

/* What is in the file. */
uint64_t km_segment_writer_bytes(const struct km_segment_writer *writer);
uint64_t km_segment_writer_video_samples(const struct km_segment_writer *writer);
int64_t km_segment_writer_end_us(const struct km_segment_writer *writer);
size_t km_segment_writer_chunks(const struct km_segment_writer *writer);

/* Cut the file to `size` bytes; best effort after failures. */
void km_segment_writer_cut(struct km_segment_writer *writer, uint64_t size);

/* Remove the file, of which nothing is worth keeping. Returns 0 or KM_ERR_SYS. */
KM_MUST_USE int km_segment_writer_unlink(struct km_segment_writer *writer);

/* Close the descriptor, wipe the key, free. NULL is fine. */
void km_segment_writer_destroy(struct km_segment_writer *writer);

#endif
