/*
 * Segment files, to read, without an index: what the offline verbs and recovery need beyond
 * store/archive.
 */
#ifndef KM_STORE_SEGMENT_H
#define KM_STORE_SEGMENT_H

#include "store/segment_format.h"

struct km_segment_file {
	uint64_t file_bytes;    /* as fstat says */
	uint64_t good_bytes;    /* header and whole chunks */
	uint64_t video_samples; /* of the chunks */
	int64_t start_us;
	int64_t end_us;
	int64_t last_us; /* the latest label */
	bool has_trailer;
};

/*
 * Open a file by descriptor (taken on success). `id` is what the segment must be; NULL: any.
 * Chunks beyond `limit` bytes are not looked at (UINT64_MAX: all that are there).
 * Errors as km_segment_open.
 */
KM_MUST_USE int km_segment_open_fd(int fd, const struct km_uuid *id, uint64_t limit,
    const uint8_t key[static KM_SECRET_BYTES], struct km_segment **ret_segment);

/* Read only the header, without a key: which key and camera it belongs to. */
KM_MUST_USE int km_segment_peek(int fd, struct km_segment_header *ret_header);

const struct km_segment_header *km_segment_header(const struct km_segment *segment);
void km_segment_describe(const struct km_segment *segment, struct km_segment_file *ret_file);

/*
 * Read and check chunks from this number on, and drop the first bad one with all that follow.
 * Returns how many were dropped, or an error (KM_ERR_MEMORY, KM_ERR_SYS).
 */
KM_MUST_USE int km_segment_cut_bad(
    struct km_segment *segment, size_t first, struct km_segment_media *media);

/* The packed chunk headers, one after another. */
struct km_bytes km_segment_table(const struct km_segment *segment);

#endif
