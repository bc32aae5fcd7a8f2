/*
 * H.265 as far as a recorder needs it [ITU-T H.265 7.3, 7.4]: kinds of NAL units, what the
 * parameter sets say, and the decoder configuration for MP4 [ISO 14496-15 8.3.3].
 *
 * NAL units are given with their header of two bytes and without start code or length.
 */
#ifndef KM_PROTO_H265_H
#define KM_PROTO_H265_H

#include "proto/parameter_sets.h"
#include "proto/track.h"

#define KM_H265_HEADER_BYTES 2

/* nal_unit_type [ITU-T H.265 table 7-1]; from 48 on as RTP uses them [RFC 7798 4.4]. */
enum km_h265_nal {
	KM_H265_IRAP_FIRST = 16, /* BLA, IDR, CRA and two reserved types */
	KM_H265_IRAP_LAST = 23,
	KM_H265_SLICE_LAST = 31,
	KM_H265_VPS = 32,
	KM_H265_SPS = 33,
	KM_H265_PPS = 34,
	KM_H265_AUD = 35,
	KM_H265_END_OF_SEQUENCE = 36,
	KM_H265_END_OF_BITSTREAM = 37,
	KM_H265_SEI_PREFIX = 39,
	KM_H265_SEI_SUFFIX = 40,
	KM_H265_AP = 48,
	KM_H265_FU = 49,
	KM_H265_PACI = 50,
};

/* profile_tier_level() without sub-layers [ITU-T H.265 7.3.3]. */
struct km_h265_profile {
	uint8_t space;
	bool is_high_tier;
	uint8_t profile;        /* general_profile_idc */
	uint32_t compatibility; /* flag 0 is the highest bit */
	uint8_t constraints[6]; /* progressive_source_flag is the highest bit of the first */
	uint8_t level;          /* 30 times the level's number */
};

struct km_h265_sps {
	uint8_t id;
	uint8_t vps_id;
	uint8_t temporal_layers; /* 1 to 7 */
	bool is_temporal_nested;
	struct km_h265_profile profile;
	uint8_t chroma_format;
	uint8_t bit_depth_luma;
	uint8_t bit_depth_chroma;
	uint16_t width; /* pixels inside the conformance window */
	uint16_t height;
	uint32_t fps_milli; /* frames per 1000 seconds by VUI; 0 if it does not say */
};

/* nal_unit_type; 63 for a unit without a whole header. */
unsigned km_h265_nal_type(struct km_bytes nal);

bool km_h265_is_slice(unsigned type);

/* Whether decoding may start at pictures of this type. */
bool km_h265_is_irap(unsigned type);

/* Whether a slice is the first of its picture: first_slice_segment_in_pic_flag. */
bool km_h265_is_first_slice(struct km_bytes nal);

/* The id of a video parameter set. Returns 0, KM_ERR_SHORT or KM_ERR_FORMAT. */
KM_MUST_USE int km_h265_parse_vps(struct km_bytes nal, uint8_t *ret_id);

/*
 * A sequence parameter set. Bytes behind it are tolerated; what follows the picture size and bit
 * depths only serves fps_milli, and is tolerated if unreadable.
 * ret_fault may be NULL.
 * Returns 0, KM_ERR_SHORT, KM_ERR_FORMAT (not an SPS), KM_ERR_RANGE or KM_ERR_UNSUPPORTED (profile
 * space other than 0).
 */
KM_MUST_USE int km_h265_parse_sps(
    struct km_bytes nal, struct km_h265_sps *ret_sps, struct km_fault *ret_fault);

/* The id of a picture parameter set and of the SPS that it refers to. */
KM_MUST_USE int km_h265_parse_pps(struct km_bytes nal, uint8_t *ret_id, uint8_t *ret_sps_id);

/*
 * Append the body of hvcC for these sets, 4-byte lengths. Returns 0, KM_ERR_STATE (no VPS, SPS or
 * PPS), an error of km_h265_parse_sps, or that of the buffer.
 */
KM_MUST_USE int km_h265_write_config(const struct km_parameter_sets *sets, struct km_buf *buf);

/*
 * Put into the track what the sets say: config, codec_text [ISO 14496-15 E.3], width, height,
 * fps_milli. Returns as km_h265_write_config; the track is as before on failure.
 */
KM_MUST_USE int km_h265_fill_track(const struct km_parameter_sets *sets, struct km_track *track);

#endif
