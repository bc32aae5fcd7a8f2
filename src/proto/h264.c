#include "proto/h264.h"

#include "proto/bit_reader.h"

#include <stdio.h>
#include <string.h>

#define SPS_CLAUSE    "ITU-T H.264 7.3.2.1"
#define SIDE_MBS_MAX  1055 /* level 6.2: sqrt(8 * 139264) macroblocks [ITU-T H.264 A.3.1] */
#define FPS_MILLI_MAX 1000000
#define EXTENDED_SAR  255

unsigned km_h264_nal_type(struct km_bytes nal)
{
	return nal.size == 0 ? 0 : nal.data[0] & 0x1fU;
}

bool km_h264_is_slice(unsigned type)
{
	return type >= KM_H264_SLICE && type <= KM_H264_IDR;
}

bool km_h264_is_first_slice(struct km_bytes nal)
{
	unsigned type = km_h264_nal_type(nal);

	/* ue(v) of 0 is a single 1 bit. */
	return (type == KM_H264_SLICE || type == KM_H264_PARTITION_A || type == KM_H264_IDR) &&
	       nal.size > 1 && (nal.data[1] & 0x80) != 0;
}

static void skip_scaling_list(struct km_bit_reader *reader, unsigned size)
{
	int32_t last = 8;
	int32_t next = 8;

	for (unsigned i = 0; i < size && next != 0; i++) {
		next = (last + km_bit_reader_se(reader, -128, 127) + 256) % 256;
		last = next == 0 ? last : next;
	}
}

static bool has_chroma_info(uint8_t profile)
{
	static const uint8_t profiles[] = { 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134,
		135 };

	return memchr(profiles, profile, sizeof(profiles)) != NULL;
}

static void read_chroma_info(struct km_bit_reader *reader, struct km_h264_sps *sps)
{
	sps->chroma_format = (uint8_t)km_bit_reader_ue(reader, 3);
	if (sps->chroma_format == 3) {
		km_bit_reader_skip(reader, 1); /* separate_colour_plane_flag */
	}
	sps->bit_depth_luma = (uint8_t)(8 + km_bit_reader_ue(reader, 6));
	sps->bit_depth_chroma = (uint8_t)(8 + km_bit_reader_ue(reader, 6));
	km_bit_reader_skip(reader, 1); /* qpprime_y_zero_transform_bypass_flag */
	if (km_bit_reader_flag(reader)) {
		unsigned count = sps->chroma_format == 3 ? 12 : 8;

		for (unsigned i = 0; i < count; i++) {
			if (km_bit_reader_flag(reader)) {
				skip_scaling_list(reader, i < 6 ? 16 : 64);
			}
		}
	}
}

static void skip_picture_order(struct km_bit_reader *reader)
{
	uint32_t type = km_bit_reader_ue(reader, 2);

	if (type == 0) {
		(void)km_bit_reader_ue(reader, 12); /* log2_max_pic_order_cnt_lsb_minus4 */
	} else if (type == 1) {
		uint32_t count = 0;

		km_bit_reader_skip(reader, 1); /* delta_pic_order_always_zero_flag */
		(void)km_bit_reader_se(reader, INT32_MIN, INT32_MAX);
		(void)km_bit_reader_se(reader, INT32_MIN, INT32_MAX);
		count = km_bit_reader_ue(reader, 255);
		for (uint32_t i = 0; i < count; i++) {
			(void)km_bit_reader_se(reader, INT32_MIN, INT32_MAX);
		}
	}
}

/* Width, height and cropping [ITU-T H.264 7.4.2.1.1, equations 7-19 to 7-22]. */
static void read_size(struct km_bit_reader *reader, struct km_h264_sps *sps)
{
	uint32_t width = 16 * (km_bit_reader_ue(reader, SIDE_MBS_MAX - 1) + 1);
	uint32_t map_height = 16 * (km_bit_reader_ue(reader, SIDE_MBS_MAX - 1) + 1);
	uint32_t unit_x = sps->chroma_format == 1 || sps->chroma_format == 2 ? 2 : 1;
	uint32_t unit_y = sps->chroma_format == 1 ? 2 : 1;
	uint32_t height = 0;

	sps->is_frame_only = km_bit_reader_flag(reader);
	if (!sps->is_frame_only) {
		km_bit_reader_skip(reader, 1); /* mb_adaptive_frame_field_flag */
		map_height *= 2;
		unit_y *= 2;
	}
	height = map_height;
	km_bit_reader_skip(reader, 1); /* direct_8x8_inference_flag */
	if (km_bit_reader_flag(reader)) {
		uint32_t left = unit_x * km_bit_reader_ue(reader, UINT16_MAX);
		uint32_t right = unit_x * km_bit_reader_ue(reader, UINT16_MAX);
		uint32_t top = unit_y * km_bit_reader_ue(reader, UINT16_MAX);
		uint32_t bottom = unit_y * km_bit_reader_ue(reader, UINT16_MAX);

		if (left + right >= width || top + bottom >= height) {
			reader->err = reader->err < 0 ? reader->err : KM_ERR_RANGE;
			return;
		}
		width -= left + right;
		height -= top + bottom;
	}
	if (width > UINT16_MAX || height > UINT16_MAX) {
		reader->err = reader->err < 0 ? reader->err : KM_ERR_RANGE;
		return;
	}
	sps->width = (uint16_t)width;
	sps->height = (uint16_t)height;
}

/* The frame rate by VUI [ITU-T H.264 E.1.1], or 0. */
static uint32_t read_frame_rate(struct km_bit_reader *reader)
{
	uint64_t units = 0;
	uint64_t scale = 0;

	if (km_bit_reader_flag(reader) && km_bit_reader_bits(reader, 8) == EXTENDED_SAR) {
		km_bit_reader_skip(reader, 32);
	}
	if (km_bit_reader_flag(reader)) {
		km_bit_reader_skip(reader, 1); /* overscan_appropriate_flag */
	}
	if (km_bit_reader_flag(reader)) {
		km_bit_reader_skip(reader, 4); /* video_format, video_full_range_flag */
		if (km_bit_reader_flag(reader)) {
			km_bit_reader_skip(reader, 24); /* colour description */
		}
	}
	if (km_bit_reader_flag(reader)) {
		(void)km_bit_reader_ue(reader, 5); /* chroma_sample_loc_type */
		(void)km_bit_reader_ue(reader, 5);
	}
	if (!km_bit_reader_flag(reader)) {
		return 0;
	}
	units = km_bit_reader_bits(reader, 32);
	scale = km_bit_reader_bits(reader, 32);
	if (km_bit_reader_error(reader) < 0 || units == 0 || scale * 500 / units > FPS_MILLI_MAX) {
		return 0;
	}
	return (uint32_t)(scale * 500 / units); /* two ticks are one frame */
}

int km_h264_parse_sps(struct km_bytes nal, struct km_h264_sps *ret_sps, struct km_fault *ret_fault)
{
	struct km_bit_reader reader = km_bit_reader_from(km_bytes_after(nal, 1));
	struct km_h264_sps sps = { .chroma_format = 1, .bit_depth_luma = 8, .bit_depth_chroma = 8 };
	int err = 0;

	if (km_h264_nal_type(nal) != KM_H264_SPS) {
		return km_fault_set(ret_fault, 0, SPS_CLAUSE, "not an SPS", KM_ERR_FORMAT);
	}
	sps.profile = (uint8_t)km_bit_reader_bits(&reader, 8);
	sps.constraints = (uint8_t)km_bit_reader_bits(&reader, 8);
	sps.level = (uint8_t)km_bit_reader_bits(&reader, 8);
	sps.id = (uint8_t)km_bit_reader_ue(&reader, 31);
	if (has_chroma_info(sps.profile)) {
		read_chroma_info(&reader, &sps);
	}
	(void)km_bit_reader_ue(&reader, 12); /* log2_max_frame_num_minus4 */
	skip_picture_order(&reader);
	(void)km_bit_reader_ue(&reader, 16); /* max_num_ref_frames */
	km_bit_reader_skip(&reader, 1);      /* gaps_in_frame_num_value_allowed_flag */
	read_size(&reader, &sps);
	err = km_bit_reader_error(&reader);
	if (err < 0) {
		return km_fault_set(ret_fault, nal.size - reader.view.size, SPS_CLAUSE,
		    err == KM_ERR_SHORT ? "the SPS ends too early" : "a value out of range", err);
	}
	if (km_bit_reader_flag(&reader)) {
		sps.fps_milli = read_frame_rate(&reader);
	}
	*ret_sps = sps;
	return 0;
}

int km_h264_parse_pps(struct km_bytes nal, uint8_t *ret_id, uint8_t *ret_sps_id)
{
	struct km_bit_reader reader = km_bit_reader_from(km_bytes_after(nal, 1));
	uint8_t id = (uint8_t)km_bit_reader_ue(&reader, 255);
	uint8_t sps_id = (uint8_t)km_bit_reader_ue(&reader, 31);
	int err = km_bit_reader_error(&reader);

	if (km_h264_nal_type(nal) != KM_H264_PPS) {
		return KM_ERR_FORMAT;
	}
	if (err < 0) {
		return err;
	}
	*ret_id = id;
	*ret_sps_id = sps_id;
	return 0;
}

static void add_sets(struct km_buf *buf, const struct km_bytes *nals, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		km_buf_add_u16(buf, (unsigned)nals[i].size);
		km_buf_add(buf, nals[i]);
	}
}

int km_h264_write_config(const struct km_parameter_sets *sets, struct km_buf *buf)
{
	struct km_bytes sps_nals[KM_PARAMETER_SETS_MAX];
	struct km_bytes pps_nals[KM_PARAMETER_SETS_MAX];
	size_t sps_count = km_parameter_sets_list(sets, KM_H264_SPS, sps_nals);
	size_t pps_count = km_parameter_sets_list(sets, KM_H264_PPS, pps_nals);
	struct km_h264_sps sps = { 0 };
	int err = 0;

	if (sps_count == 0 || pps_count == 0) {
		return KM_ERR_STATE;
	}
	err = km_h264_parse_sps(sps_nals[0], &sps, NULL);
	if (err < 0) {
		return err;
	}
	km_buf_add_u8(buf, 1);
	km_buf_add_u8(buf, sps.profile);
	km_buf_add_u8(buf, sps.constraints);
	km_buf_add_u8(buf, sps.level);
	km_buf_add_u8(buf, 0xfc | 3); /* lengths of 4 bytes */
	km_buf_add_u8(buf, 0xe0 | (unsigned)sps_count);
	add_sets(buf, sps_nals, sps_count);
	km_buf_add_u8(buf, (unsigned)pps_count);
	add_sets(buf, pps_nals, pps_count);
	if (sps.profile != 66 && sps.profile != 77 && sps.profile != 88) {
		km_buf_add_u8(buf, 0xfcU | sps.chroma_format);
		km_buf_add_u8(buf, 0xf8U | (sps.bit_depth_luma - 8U));
		km_buf_add_u8(buf, 0xf8U | (sps.bit_depth_chroma - 8U));
		km_buf_add_u8(buf, 0); /* no SPS extensions */
	}
	return km_buf_error(buf);
}

int km_h264_fill_track(const struct km_parameter_sets *sets, struct km_track *track)
{
	struct km_bytes nals[KM_PARAMETER_SETS_MAX];
	uint8_t config[KM_TRACK_CONFIG_MAX];
	struct km_h264_sps sps = { 0 };
	struct km_buf buf;
	int err = 0;

	km_buf_init_fixed(&buf, config, sizeof(config));
	err = km_h264_write_config(sets, &buf);
	if (err < 0) {
		return err;
	}
	(void)km_parameter_sets_list(sets, KM_H264_SPS, nals);
	err = km_h264_parse_sps(nals[0], &sps, NULL);
	if (err < 0) {
		return err;
	}
	memcpy(track->config, config, buf.size);
	track->config_size = (uint16_t)buf.size;
	track->width = sps.width;
	track->height = sps.height;
	track->fps_milli = sps.fps_milli;
	(void)snprintf(track->codec_text, sizeof(track->codec_text), "avc1.%02x%02x%02x",
	    sps.profile, sps.constraints, sps.level);
	return 0;
}
