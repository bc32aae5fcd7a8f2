/*
 * H.264 as far as a recorder needs it [ITU-T H.264 7.3, 7.4]: kinds of NAL units, what the
 * parameter sets say, and the decoder configuration for MP4 [ISO 14496-15 5.3.3].
 *
 * NAL units are given with their header and without start code or length.
 */
#ifndef KM_PROTO_H264_H
#define KM_PROTO_H264_H

#include "proto/parameter_sets.h"
#include "proto/track.h"

/* nal_unit_type [ITU-T H.264 table 7-1]; from 24 on as RTP uses them [RFC 6184 table 1]. */
enum km_h264_nal {
	KM_H264_SLICE = 1,
	KM_H264_PARTITION_A = 2,
	KM_H264_PARTITION_C = 4,
	KM_H264_IDR = 5,
	KM_H264_SEI = 6,
	KM_H264_SPS = 7,
	KM_H264_PPS = 8,
	KM_H264_AUD = 9,
	KM_H264_END_OF_SEQUENCE = 10,
	KM_H264_END_OF_STREAM = 11,
	KM_H264_STAP_A = 24,
	KM_H264_STAP_B = 25,
	KM_H264_MTAP24 = 27,
	KM_H264_FU_A = 28,
	KM_H264_FU_B = 29,
};

struct km_h264_sps {
	uint8_t id;
	uint8_t profile;     /* profile_idc */
	uint8_t constraints; /* the byte of constraint_set flags */
	uint8_t level;       /* level_idc */
	uint8_t chroma_format;
	uint8_t bit_depth_luma;
	uint8_t bit_depth_chroma;
	bool is_frame_only; /* no fields */
	uint16_t width;     /* pixels after cropping */
	uint16_t height;
	uint32_t fps_milli; /* frames per 1000 seconds by VUI; 0 if it does not say */
};

/* nal_unit_type; 0 for an empty unit. */
unsigned km_h264_nal_type(struct km_bytes nal);

/* Whether it carries picture data: slices and data partitions. */
bool km_h264_is_slice(unsigned type);

/* Whether a slice of type 1, 2 or 5 is the first of its picture: first_mb_in_slice is 0. */
bool km_h264_is_first_slice(struct km_bytes nal);

/*
 * A sequence parameter set. Bytes behind it are tolerated, and so is an unreadable VUI (fps_milli
 * is 0 then). ret_fault may be NULL.
 * Returns 0, KM_ERR_SHORT, KM_ERR_FORMAT (not an SPS) or KM_ERR_RANGE.
 */
KM_MUST_USE int km_h264_parse_sps(
    struct km_bytes nal, struct km_h264_sps *ret_sps, struct km_fault *ret_fault);

/* The id of a picture parameter set and of the SPS that it refers to. Errors as above. */
KM_MUST_USE int km_h264_parse_pps(struct km_bytes nal, uint8_t *ret_id, uint8_t *ret_sps_id);

/*
 * Append the body of avcC for these sets, 4-byte lengths. Returns 0, KM_ERR_STATE (no SPS or no
 * PPS), an error of km_h264_parse_sps, or that of the buffer.
 */
KM_MUST_USE int km_h264_write_config(const struct km_parameter_sets *sets, struct km_buf *buf);

/*
 * Put into the track what the sets say: config, codec_text, width, height, fps_milli. Returns as
 * km_h264_write_config; the track is as before on failure.
 */
KM_MUST_USE int km_h264_fill_track(const struct km_parameter_sets *sets, struct km_track *track);

#endif
