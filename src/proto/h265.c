#include "proto/h265.h"

#include "proto/bit_reader.h"

#include <stdio.h>
#include <string.h>

#define SPS_CLAUSE           "ITU-T H.265 7.3.2.2"
#define SIDE_MAX             16888 /* level 6.2: sqrt(8 * 35651584) [ITU-T H.265 A.4.1] */
#define FPS_MILLI_MAX        1000000
#define EXTENDED_SAR         255
#define SHORT_TERM_SETS      64
#define SHORT_TERM_PICS      16
#define SUB_LAYERS_MAX       7
#define BIT_DEPTH_MINUS8_MAX 7 /* what hvcC has room for */

unsigned km_h265_nal_type(struct km_bytes nal)
{
	return nal.size < KM_H265_HEADER_BYTES ? 63 : (nal.data[0] >> 1) & 0x3fU;
}

bool km_h265_is_slice(unsigned type)
{
	return type <= KM_H265_SLICE_LAST;
}

bool km_h265_is_irap(unsigned type)
{
	return type >= KM_H265_IRAP_FIRST && type <= KM_H265_IRAP_LAST;
}

bool km_h265_is_first_slice(struct km_bytes nal)
{
	return km_h265_is_slice(km_h265_nal_type(nal)) && nal.size > KM_H265_HEADER_BYTES &&
	       (nal.data[KM_H265_HEADER_BYTES] & 0x80) != 0;
}

int km_h265_parse_vps(struct km_bytes nal, uint8_t *ret_id)
{
	if (km_h265_nal_type(nal) != KM_H265_VPS) {
		return KM_ERR_FORMAT;
	}
	if (nal.size <= KM_H265_HEADER_BYTES) {
		return KM_ERR_SHORT;
	}
	*ret_id = nal.data[KM_H265_HEADER_BYTES] >> 4;
	return 0;
}

static void read_profile(
    struct km_bit_reader *reader, unsigned sub_layers, struct km_h265_profile *profile)
{
	bool has_profile[SUB_LAYERS_MAX] = { false };
	bool has_level[SUB_LAYERS_MAX] = { false };

	profile->space = (uint8_t)km_bit_reader_bits(reader, 2);
	profile->is_high_tier = km_bit_reader_flag(reader);
	profile->profile = (uint8_t)km_bit_reader_bits(reader, 5);
	profile->compatibility = km_bit_reader_bits(reader, 32);
	for (size_t i = 0; i < sizeof(profile->constraints); i++) {
		profile->constraints[i] = (uint8_t)km_bit_reader_bits(reader, 8);
	}
	profile->level = (uint8_t)km_bit_reader_bits(reader, 8);
	for (unsigned i = 0; i + 1 < sub_layers; i++) {
		has_profile[i] = km_bit_reader_flag(reader);
		has_level[i] = km_bit_reader_flag(reader);
	}
	if (sub_layers > 1) {
		km_bit_reader_skip(
		    reader, 2 * (9 - sub_layers)); /* up to 8 sub-layers are aligned */
	}
	for (unsigned i = 0; i + 1 < sub_layers; i++) {
		km_bit_reader_skip(reader, has_profile[i] ? 88 : 0);
		km_bit_reader_skip(reader, has_level[i] ? 8 : 0);
	}
}

/* Picture size and conformance window [ITU-T H.265 7.4.3.2.1]. */
static void read_size(struct km_bit_reader *reader, struct km_h265_sps *sps)
{
	uint32_t width = 0;
	uint32_t height = 0;
	uint32_t unit_x = 1;
	uint32_t unit_y = 1;

	sps->chroma_format = (uint8_t)km_bit_reader_ue(reader, 3);
	if (sps->chroma_format == 3) {
		km_bit_reader_skip(reader, 1); /* separate_colour_plane_flag */
	}
	unit_x = sps->chroma_format == 1 || sps->chroma_format == 2 ? 2 : 1;
	unit_y = sps->chroma_format == 1 ? 2 : 1;
	width = km_bit_reader_ue(reader, SIDE_MAX);
	height = km_bit_reader_ue(reader, SIDE_MAX);
	if (km_bit_reader_flag(reader)) {
		uint32_t left = unit_x * km_bit_reader_ue(reader, UINT16_MAX);
		uint32_t right = unit_x * km_bit_reader_ue(reader, UINT16_MAX);
		uint32_t top = unit_y * km_bit_reader_ue(reader, UINT16_MAX);
		uint32_t bottom = unit_y * km_bit_reader_ue(reader, UINT16_MAX);

		width = left + right < width ? width - left - right : 0;
		height = top + bottom < height ? height - top - bottom : 0;
	}
	if (reader->err == 0 && (width == 0 || height == 0)) {
		reader->err = KM_ERR_RANGE;
	}
	sps->width = (uint16_t)width;
	sps->height = (uint16_t)height;
}

/* [ITU-T H.265 7.3.4] */
static void skip_scaling_lists(struct km_bit_reader *reader)
{
	for (unsigned size = 0; size < 4; size++) {
		for (unsigned matrix = 0; matrix < 6; matrix += size == 3 ? 3 : 1) {
			if (!km_bit_reader_flag(reader)) {
				(void)km_bit_reader_ue(reader, 5);
				continue;
			}
			if (size > 1) {
				(void)km_bit_reader_se(reader, -7, 247);
			}
			for (unsigned i = 0; i < (size == 0 ? 16 : 64); i++) {
				(void)km_bit_reader_se(reader, -128, 127);
			}
		}
	}
}

/*
 * Skip st_ref_pic_set(index) [ITU-T H.265 7.3.7]; counts[] holds the number of pictures in each of
 * those before, and takes that of this one.
 */
static void skip_short_term_set(struct km_bit_reader *reader, unsigned index, uint8_t *counts)
{
	bool is_predicted = index > 0 && km_bit_reader_flag(reader);
	unsigned count = 0;

	if (is_predicted) {
		km_bit_reader_skip(reader, 1);              /* delta_rps_sign */
		(void)km_bit_reader_ue(reader, UINT16_MAX); /* abs_delta_rps_minus1 */
		for (unsigned i = 0; i <= counts[index - 1]; i++) {
			bool is_used = km_bit_reader_flag(reader);

			if (is_used || km_bit_reader_flag(reader)) {
				count++;
			}
		}
	} else {
		unsigned negative = km_bit_reader_ue(reader, SHORT_TERM_PICS);
		unsigned positive = km_bit_reader_ue(reader, SHORT_TERM_PICS);

		count = negative + positive;
		for (unsigned i = 0; i < count; i++) {
			(void)km_bit_reader_ue(reader, UINT16_MAX);
			km_bit_reader_skip(reader, 1);
		}
	}
	if (count > SHORT_TERM_PICS) {
		reader->err = reader->err < 0 ? reader->err : KM_ERR_RANGE;
		count = 0;
	}
	counts[index] = (uint8_t)count;
}

/* Everything between the bit depths and the VUI. */
static void skip_coding_tools(struct km_bit_reader *reader, unsigned sub_layers)
{
	uint8_t counts[SHORT_TERM_SETS] = { 0 };
	unsigned log2_order = 4 + km_bit_reader_ue(reader, 12);
	unsigned first = km_bit_reader_flag(reader) ? 0 : sub_layers - 1;
	unsigned sets = 0;

	for (unsigned i = first; i < sub_layers; i++) {
		(void)km_bit_reader_ue(reader, SHORT_TERM_PICS); /* max_dec_pic_buffering_minus1 */
		(void)km_bit_reader_ue(reader, SHORT_TERM_PICS); /* max_num_reorder_pics */
		(void)km_bit_reader_ue(reader, UINT32_MAX - 1);  /* max_latency_increase_plus1 */
	}
	for (unsigned i = 0; i < 6; i++) {
		(void)km_bit_reader_ue(reader, 32); /* block sizes and hierarchy depths */
	}
	if (km_bit_reader_flag(reader) && km_bit_reader_flag(reader)) {
		skip_scaling_lists(reader);
	}
	km_bit_reader_skip(reader, 2); /* amp_enabled_flag, sample_adaptive_offset_enabled_flag */
	if (km_bit_reader_flag(reader)) {
		km_bit_reader_skip(reader, 8); /* PCM bit depths */
		(void)km_bit_reader_ue(reader, 2);
		(void)km_bit_reader_ue(reader, 2);
		km_bit_reader_skip(reader, 1);
	}
	sets = km_bit_reader_ue(reader, SHORT_TERM_SETS);
	for (unsigned i = 0; i < sets && reader->err == 0; i++) {
		skip_short_term_set(reader, i, counts);
	}
	if (km_bit_reader_flag(reader)) {
		unsigned count = km_bit_reader_ue(reader, 32);

		km_bit_reader_skip(
		    reader, (size_t)count * (log2_order + 1)); /* long-term pictures */
	}
	km_bit_reader_skip(reader, 2); /* temporal motion vectors, strong intra smoothing */
}

/* VUI [ITU-T H.265 E.2.1], as far as we want it. */
static void read_vui(struct km_bit_reader *reader, struct km_h265_sps *sps)
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
	km_bit_reader_skip(reader, 3); /* neutral_chroma, field_seq, frame_field_info */
	if (km_bit_reader_flag(reader)) {
		for (unsigned i = 0; i < 4; i++) {
			(void)km_bit_reader_ue(reader, UINT16_MAX); /* default display window */
		}
	}
	if (!km_bit_reader_flag(reader)) {
		return;
	}
	units = km_bit_reader_bits(reader, 32);
	scale = km_bit_reader_bits(reader, 32);
	if (km_bit_reader_error(reader) == 0 && units != 0 &&
	    scale * 1000 / units <= FPS_MILLI_MAX) {
		sps->fps_milli = (uint32_t)(scale * 1000 / units);
	}
}

int km_h265_parse_sps(struct km_bytes nal, struct km_h265_sps *ret_sps, struct km_fault *ret_fault)
{
	struct km_bit_reader reader = km_bit_reader_from(km_bytes_after(nal, KM_H265_HEADER_BYTES));
	struct km_h265_sps sps = { 0 };
	int err = 0;

	if (km_h265_nal_type(nal) != KM_H265_SPS) {
		return km_fault_set(ret_fault, 0, SPS_CLAUSE, "not an SPS", KM_ERR_FORMAT);
	}
	sps.vps_id = (uint8_t)km_bit_reader_bits(&reader, 4);
	sps.temporal_layers = (uint8_t)(km_bit_reader_bits(&reader, 3) + 1);
	sps.is_temporal_nested = km_bit_reader_flag(&reader);
	if (sps.temporal_layers > SUB_LAYERS_MAX) {
		return km_fault_set(
		    ret_fault, 2, SPS_CLAUSE, "more than 7 temporal layers", KM_ERR_RANGE);
	}
	read_profile(&reader, sps.temporal_layers, &sps.profile);
	sps.id = (uint8_t)km_bit_reader_ue(&reader, 15);
	read_size(&reader, &sps);
	sps.bit_depth_luma = (uint8_t)(8 + km_bit_reader_ue(&reader, BIT_DEPTH_MINUS8_MAX));
	sps.bit_depth_chroma = (uint8_t)(8 + km_bit_reader_ue(&reader, BIT_DEPTH_MINUS8_MAX));
	err = km_bit_reader_error(&reader);
	if (err < 0) {
		return km_fault_set(ret_fault, nal.size - reader.view.size, SPS_CLAUSE,
		    err == KM_ERR_SHORT ? "the SPS ends too early" : "a value out of range", err);
	}
	if (sps.profile.space != 0) {
		return km_fault_set(ret_fault, 3, "ITU-T H.265 7.4.4", "an unknown profile space",
		    KM_ERR_UNSUPPORTED);
	}
	skip_coding_tools(&reader, sps.temporal_layers);
	if (km_bit_reader_flag(&reader)) {
		read_vui(&reader, &sps);
	}
	*ret_sps = sps;
	return 0;
}

int km_h265_parse_pps(struct km_bytes nal, uint8_t *ret_id, uint8_t *ret_sps_id)
{
	struct km_bit_reader reader = km_bit_reader_from(km_bytes_after(nal, KM_H265_HEADER_BYTES));
	uint8_t id = (uint8_t)km_bit_reader_ue(&reader, 63);
	uint8_t sps_id = (uint8_t)km_bit_reader_ue(&reader, 15);
	int err = km_bit_reader_error(&reader);

	if (km_h265_nal_type(nal) != KM_H265_PPS) {
		return KM_ERR_FORMAT;
	}
	if (err < 0) {
		return err;
	}
	*ret_id = id;
	*ret_sps_id = sps_id;
	return 0;
}

static void add_array(struct km_buf *buf, const struct km_parameter_sets *sets, uint8_t type)
{
	struct km_bytes nals[KM_PARAMETER_SETS_MAX];
	size_t count = km_parameter_sets_list(sets, type, nals);

	km_buf_add_u8(buf, 0x80U | type); /* array_completeness, as hvc1 demands */
	km_buf_add_u16(buf, (unsigned)count);
	for (size_t i = 0; i < count; i++) {
		km_buf_add_u16(buf, (unsigned)nals[i].size);
		km_buf_add(buf, nals[i]);
	}
}

static int parse_first_sps(const struct km_parameter_sets *sets, struct km_h265_sps *ret_sps)
{
	struct km_bytes nals[KM_PARAMETER_SETS_MAX];

	if (km_parameter_sets_list(sets, KM_H265_VPS, nals) == 0 ||
	    km_parameter_sets_list(sets, KM_H265_PPS, nals) == 0 ||
	    km_parameter_sets_list(sets, KM_H265_SPS, nals) == 0) {
		return KM_ERR_STATE;
	}
	return km_h265_parse_sps(nals[0], ret_sps, NULL);
}

int km_h265_write_config(const struct km_parameter_sets *sets, struct km_buf *buf)
{
	struct km_h265_sps sps = { 0 };
	int err = parse_first_sps(sets, &sps);

	if (err < 0) {
		return err;
	}
	km_buf_add_u8(buf, 1);
	km_buf_add_u8(buf, (sps.profile.is_high_tier ? 0x20U : 0) | sps.profile.profile);
	km_buf_add_u32(buf, sps.profile.compatibility);
	km_buf_add_data(buf, sps.profile.constraints, sizeof(sps.profile.constraints));
	km_buf_add_u8(buf, sps.profile.level);
	km_buf_add_u16(buf, 0xf000); /* min_spatial_segmentation_idc: not known */
	km_buf_add_u8(buf, 0xfc);    /* parallelismType: not known */
	km_buf_add_u8(buf, 0xfcU | sps.chroma_format);
	km_buf_add_u8(buf, 0xf8U | (sps.bit_depth_luma - 8U));
	km_buf_add_u8(buf, 0xf8U | (sps.bit_depth_chroma - 8U));
	km_buf_add_u16(buf, 0); /* avgFrameRate: not known */
	km_buf_add_u8(
	    buf, (unsigned)sps.temporal_layers << 3 | (sps.is_temporal_nested ? 4U : 0) | 3U);
	km_buf_add_u8(buf, 3);
	add_array(buf, sets, KM_H265_VPS);
	add_array(buf, sets, KM_H265_SPS);
	add_array(buf, sets, KM_H265_PPS);
	return km_buf_error(buf);
}

static uint32_t reverse_bits(uint32_t value)
{
	uint32_t reversed = 0;

	for (unsigned i = 0; i < 32; i++) {
		reversed = reversed << 1 | (value >> i & 1);
	}
	return reversed;
}

/* The codec's name for MIME types [ISO 14496-15 E.3]: "hvc1.1.6.L93.B0". */
static int write_codec_text(const struct km_h265_profile *profile, char *text, size_t size)
{
	struct km_buf buf;
	size_t count = sizeof(profile->constraints);

	while (count > 0 && profile->constraints[count - 1] == 0) {
		count--;
	}
	km_buf_init_fixed(&buf, text, size);
	km_buf_add_format(&buf, "hvc1.%u.%X.%c%u", profile->profile,
	    reverse_bits(profile->compatibility), profile->is_high_tier ? 'H' : 'L',
	    profile->level);
	for (size_t i = 0; i < count; i++) {
		km_buf_add_format(&buf, ".%X", profile->constraints[i]);
	}
	km_buf_add_u8(&buf, 0);
	return km_buf_error(&buf);
}

int km_h265_fill_track(const struct km_parameter_sets *sets, struct km_track *track)
{
	uint8_t config[KM_TRACK_CONFIG_MAX];
	char codec_text[KM_TRACK_CODEC_MAX] = { 0 };
	struct km_h265_sps sps = { 0 };
	struct km_buf buf;
	int err = parse_first_sps(sets, &sps);

	if (err < 0) {
		return err;
	}
	err = write_codec_text(&sps.profile, codec_text, sizeof(codec_text));
	if (err < 0) {
		return err;
	}
	km_buf_init_fixed(&buf, config, sizeof(config));
	err = km_h265_write_config(sets, &buf);
	if (err < 0) {
		return err;
	}
	memcpy(track->config, config, buf.size);
	track->config_size = (uint16_t)buf.size;
	memcpy(track->codec_text, codec_text, sizeof(codec_text));
	track->width = sps.width;
	track->height = sps.height;
	track->fps_milli = sps.fps_milli;
	return 0;
}
