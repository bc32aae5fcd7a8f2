/* sources: base/error.c base/bytes.c base/buf.c base/reader.c proto/track.c proto/bit_reader.c proto/parameter_sets.c proto/h264.c */
/*
 * Parameter sets of H.264 [ITU-T H.264 7.3.2.1] and avcC [ISO 14496-15 5.3.3]. The sets are those
 * of x264 at settings named with each.
 */
#include "proto/h264.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* High, 1920x1080 cropped from 1088, interlaced, 25 frames */
static const uint8_t sps_interlaced[] = { 0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40, 0x78, 0x04,
	0x4f, 0xde, 0x02, 0x20, 0x00, 0x00, 0x03, 0x00, 0x20, 0x00, 0x00, 0x06, 0x43, 0xe2, 0xc5,
	0xb2, 0xc0 };
static const uint8_t pps_interlaced[] = { 0x68, 0xfb, 0xa3, 0xcb, 0x22, 0xc0 };
/* Constrained Baseline, 640x480, 30000/1001 */
static const uint8_t sps_baseline[] = { 0x67, 0x42, 0xc0, 0x1e, 0xd9, 0x00, 0xa0, 0x3d, 0xb0, 0x11,
	0x00, 0x00, 0x03, 0x03, 0xe9, 0x00, 0x00, 0xea, 0x60, 0x0f, 0x16, 0x2e, 0x48 };
static const uint8_t pps_baseline[] = { 0x68, 0xcb, 0x83, 0xcb, 0x20 };
/* High 4:4:4, 640x360 cropped from 368, scaling lists, 10 frames */
static const uint8_t sps_444[] = { 0x67, 0xf4, 0x00, 0x16, 0x91, 0x9b, 0x28, 0x14, 0x05, 0xff, 0x13,
	0x80, 0x88, 0x00, 0x00, 0x03, 0x00, 0x08, 0x00, 0x00, 0x03, 0x00, 0xa0, 0x78, 0xb1, 0x6c,
	0xb0 };

static void test_sps(void **state)
{
	struct km_h264_sps sps = { 0 };

	(void)state;
	assert_int_equal(km_h264_parse_sps(KM_BYTES_OF(sps_interlaced), &sps, NULL), 0);
	assert_int_equal(sps.profile, 100);
	assert_int_equal(sps.level, 40);
	assert_int_equal(sps.width, 1920);
	assert_int_equal(sps.height, 1080);
	assert_int_equal(sps.fps_milli, 25000);
	assert_false(sps.is_frame_only);
	assert_int_equal(km_h264_parse_sps(KM_BYTES_OF(sps_baseline), &sps, NULL), 0);
	assert_int_equal(sps.profile, 66);
	assert_int_equal(sps.constraints, 0xc0);
	assert_int_equal(sps.width, 640);
	assert_int_equal(sps.height, 480);
	assert_int_equal(sps.fps_milli, 29970);
	assert_true(sps.is_frame_only);
	assert_int_equal(km_h264_parse_sps(KM_BYTES_OF(sps_444), &sps, NULL), 0);
	assert_int_equal(sps.chroma_format, 3);
	assert_int_equal(sps.width, 640);
	assert_int_equal(sps.height, 360);
	assert_int_equal(sps.fps_milli, 10000);
}

static void test_sps_trailing_bytes(void **state)
{
	uint8_t padded[sizeof(sps_baseline) + 7] = { 0 };
	struct km_h264_sps sps = { 0 };

	(void)state;
	memcpy(padded, sps_baseline, sizeof(sps_baseline));
	memset(padded + sizeof(sps_baseline), 0xff, 5);
	assert_int_equal(km_h264_parse_sps(KM_BYTES_OF(padded), &sps, NULL), 0);
	assert_int_equal(sps.fps_milli, 29970);
}

static void test_sps_cut(void **state)
{
	struct km_h264_sps whole = { 0 };

	(void)state;
	assert_int_equal(km_h264_parse_sps(KM_BYTES_OF(sps_baseline), &whole, NULL), 0);
	for (size_t size = 0; size < sizeof(sps_baseline); size++) {
		struct km_h264_sps sps = { .width = 1 };
		struct km_fault fault = { 0 };
		int err = km_h264_parse_sps(km_bytes_from(sps_baseline, size), &sps, &fault);

		/* Without its VUI it is still good for everything but the frame rate. */
		if (err == 0) {
			assert_int_equal(sps.width, 640);
			assert_true(size >= 9);
		} else {
			assert_int_equal(sps.width, 1);
			assert_non_null(fault.text);
			assert_true(fault.offset <= size);
		}
	}
}

static void test_sps_refused(void **state)
{
	/* 640x480, and frame_crop_right_offset takes all of it away. */
	static const uint8_t cropped[] = { 0x67, 0x42, 0x00, 0x1e, 0xda, 0x02, 0x80, 0xf7, 0x80,
		0x50, 0x74 };
	struct km_h264_sps sps = { 0 };

	(void)state;
	assert_int_equal(km_h264_parse_sps(KM_BYTES_OF(pps_baseline), &sps, NULL), KM_ERR_FORMAT);
	assert_int_equal(km_h264_parse_sps(KM_BYTES(""), &sps, NULL), KM_ERR_FORMAT);
	assert_int_equal(km_h264_parse_sps(KM_BYTES_OF(cropped), &sps, NULL), KM_ERR_RANGE);
}

static void test_slices(void **state)
{
	static const uint8_t first[] = { 0x65, 0x88 };
	static const uint8_t later[] = { 0x41, 0x48 };

	(void)state;
	assert_true(km_h264_is_first_slice(KM_BYTES_OF(first)));
	assert_false(km_h264_is_first_slice(KM_BYTES_OF(later)));
	assert_false(km_h264_is_first_slice(km_bytes_from(first, 1)));
	assert_false(km_h264_is_first_slice(KM_BYTES_OF(sps_baseline)));
	assert_int_equal(km_h264_nal_type(KM_BYTES_OF(first)), KM_H264_IDR);
	assert_int_equal(km_h264_nal_type(KM_BYTES("")), 0);
}

static void test_config(void **state)
{
	static const uint8_t head[] = { 1, 0x64, 0x00, 0x28, 0xff, 0xe1, 0,
		sizeof(sps_interlaced) };
	static const uint8_t tail[] = { 0xfd, 0xf8, 0xf8, 0 };
	struct km_parameter_sets sets = { 0 };
	struct km_track track = { .codec = KM_CODEC_H264, .clock_hz = 90000 };
	uint8_t id = 9;
	uint8_t sps_id = 9;

	(void)state;
	assert_int_equal(km_h264_fill_track(&sets, &track), KM_ERR_STATE);
	assert_int_equal(
	    km_parameter_sets_put(&sets, KM_H264_SPS, 0, KM_BYTES_OF(sps_interlaced)), 1);
	assert_int_equal(km_h264_fill_track(&sets, &track), KM_ERR_STATE);
	assert_int_equal(km_h264_parse_pps(KM_BYTES_OF(pps_interlaced), &id, &sps_id), 0);
	assert_int_equal(id, 0);
	assert_int_equal(sps_id, 0);
	assert_int_equal(
	    km_parameter_sets_put(&sets, KM_H264_PPS, id, KM_BYTES_OF(pps_interlaced)), 1);
	assert_int_equal(km_h264_fill_track(&sets, &track), 0);
	assert_string_equal(track.codec_text, "avc1.640028");
	assert_int_equal(track.width, 1920);
	assert_int_equal(track.config_size,
	    sizeof(head) + sizeof(sps_interlaced) + 3 + sizeof(pps_interlaced) + sizeof(tail));
	assert_memory_equal(track.config, head, sizeof(head));
	assert_memory_equal(track.config + sizeof(head), sps_interlaced, sizeof(sps_interlaced));
	assert_memory_equal(track.config + track.config_size - sizeof(tail), tail, sizeof(tail));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sps),
		cmocka_unit_test(test_sps_trailing_bytes),
		cmocka_unit_test(test_sps_cut),
		cmocka_unit_test(test_sps_refused),
		cmocka_unit_test(test_slices),
		cmocka_unit_test(test_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
