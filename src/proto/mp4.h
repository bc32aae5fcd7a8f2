/*
 * What all our MP4 has in common [ISO 14496-12]: samples, and how a player is told which codecs to
 * expect. mp4_fragment writes what is streamed, mp4_movie files for keeping.
 *
 * Track ids are the index in km_tracks plus 1; each track's time scale is its clock_hz. Samples are
 * stored as they come from proto/depacketize. Nothing is allocated: writers append to a km_buf.
 */
#ifndef KM_PROTO_MP4_H
#define KM_PROTO_MP4_H

#include "proto/track.h"

/* Audio frames are samples as well; all of them are keys. */
struct km_mp4_sample {
	uint32_t bytes;
	uint32_t duration_ticks;   /* until the next sample of the track is decoded */
	int32_t composition_ticks; /* presentation minus decoding time */
	bool is_key;
};

/*
 * Append the value of the codecs parameter [RFC 6381 3.3]: "avc1.64001f,mp4a.40.2". Returns 0,
 * KM_ERR_STATE if some track's codec_text is still unknown, or the error of the buffer.
 */
KM_MUST_USE int km_mp4_write_codecs(const struct km_tracks *tracks, struct km_buf *buf);

/*
 * Whether all that a movie needs is known: at least one track, with sizes for video and a
 * configuration where the codec has one. Returns 0, KM_ERR_STATE or KM_ERR_RANGE.
 */
KM_MUST_USE int km_mp4_check_tracks(const struct km_tracks *tracks);

#endif
