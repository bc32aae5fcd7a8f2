/*
 * A segment as the fragmented MP4 that browsers play: a virtual file whose every byte has a known
 * place, although it is made, and decrypted, only where somebody looks.
 *
 * Each chunk of the segment becomes one fragment (moof and mdat); sizes follow from the chunk
 * headers. Decoding times count from the segment's start. Tracks that browsers cannot play (G.711)
 * are left out: their bytes are covered by a free box, so that sizes need no decryption.
 */
#ifndef KM_STORE_CLIP_H
#define KM_STORE_CLIP_H

#include "store/archive.h"

/*
 * The tracks that go into such a file. ret_map[i] is the index of track i in ret_tracks, or
 * KM_TRACKS_MAX if it is left out. Returns 0, or KM_ERR_UNSUPPORTED if none is left.
 */
KM_MUST_USE int km_clip_playable(const struct km_tracks *tracks, struct km_tracks *ret_tracks,
    uint8_t ret_map[static KM_TRACKS_MAX]);

/* Append the media type: video/mp4; codecs="...". Returns 0 or the error of the buffer. */
KM_MUST_USE int km_clip_write_mime(const struct km_tracks *playable, struct km_buf *buf);

struct km_clip;

/*
 * Lay a segment out. Takes the segment on success. Returns 0, KM_ERR_UNSUPPORTED, KM_ERR_RANGE or
 * KM_ERR_MEMORY.
 */
KM_MUST_USE int km_clip_create(
    struct km_segment *segment, const struct km_archive_segment *row, struct km_clip **ret_clip);
void km_clip_destroy(struct km_clip *clip);

/* The playable tracks. */
const struct km_tracks *km_clip_tracks(const struct km_clip *clip);

/* Append the init segment. Returns 0 or the error of the buffer. */
KM_MUST_USE int km_clip_write_init(const struct km_clip *clip, struct km_buf *buf);

/* All fragments together. */
uint64_t km_clip_media_bytes(const struct km_clip *clip);

struct km_clip_fragment {
	uint64_t offset; /* in the media file */
	uint64_t bytes;
	int64_t start_us; /* label of its first sample */
	int64_t duration_us;
	bool is_key;
};

size_t km_clip_fragment_count(const struct km_clip *clip);
struct km_clip_fragment km_clip_fragment_at(const struct km_clip *clip, size_t number);

/*
 * Append `count` bytes of the media file from offset on. Reads, checks and decrypts only the chunks
 * that are touched, and keeps the last one for the next call. Blocks on the disk.
 * Returns 0, KM_ERR_RANGE (past the end), the error of the buffer, or those of km_segment_read.
 */
KM_MUST_USE int km_clip_read(
    struct km_clip *clip, uint64_t offset, size_t count, struct km_buf *buf);

#endif
