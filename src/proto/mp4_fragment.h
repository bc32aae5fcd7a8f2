/*
 * Fragmented MP4 for streaming, Media Source Extensions and HLS [ISO 14496-12 8.8] [RFC 8216 3.3]:
 * one init segment, then fragments, each a moof and an mdat.
 *
 * How many bytes a fragment has before its samples depends on the numbers of samples only, so the
 * place of every byte of a virtual file is known before any of it is read.
 */
#ifndef KM_PROTO_MP4_FRAGMENT_H
#define KM_PROTO_MP4_FRAGMENT_H

#include "proto/mp4.h"

/* The init segment: at most this many bytes. */
#define KM_MP4_INIT_MAX (512 + KM_TRACKS_MAX * (KM_TRACK_CONFIG_MAX + 640))

/* One track's part of a fragment. */
struct km_mp4_fragment_track {
	const struct km_mp4_sample *samples;
	size_t count;          /* 0 leaves the track out */
	uint64_t decode_ticks; /* decoding time of the first sample, in the track's clock */
};

/*
 * Append ftyp and moov. The moment goes into the creation times. Returns 0, an error of
 * km_mp4_check_tracks, or that of the buffer.
 */
KM_MUST_USE int km_mp4_fragment_write_init(
    const struct km_tracks *tracks, int64_t unix_us, struct km_buf *buf);

/* The size of what km_mp4_fragment_write appends, for this many samples in each track. */
uint64_t km_mp4_fragment_bytes(const size_t *counts, size_t track_count);

/*
 * Append moof and the header of mdat. The caller then sends the samples: all of the first track,
 * then all of the second, and so on. sequence counts fragments from 1.
 * Returns 0, KM_ERR_STATE (no samples), KM_ERR_LIMIT (2 GiB or more in one fragment), or the
 * buffer's error.
 */
KM_MUST_USE int km_mp4_fragment_write(uint32_t sequence, const struct km_mp4_fragment_track *tracks,
    size_t track_count, struct km_buf *buf);

#endif
