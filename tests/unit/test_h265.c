/* sources: base/error.c base/bytes.c base/buf.c base/reader.c proto/track.c proto/bit_reader.c proto/parameter_sets.c proto/h265.c */
/*
 * Parameter sets of H.265 [ITU-T H.265 7.3.2] and hvcC [ISO 14496-15 8.3.3]. The sets are those of
 * x265 at settings named with each.
 */
#include "proto/h265.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Main, 1920x1080, 30 frames */
static const uint8_t vps_main[] = { 0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x01, 0x60, 0x00, 0x00,
	0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x78, 0x95, 0x98, 0x09 };
static const uint8_t sps_main[] = { 0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90,
	0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x78, 0xa0, 0x03, 0xc0, 0x80, 0x10, 0xe5, 0x96,
	0x56, 0x69, 0x24, 0xca, 0xf0, 0x16, 0x80, 0x80, 0x00, 0x00, 0x03, 0x00, 0x80, 0x00, 0x00,
	0x0f, 0x04 };
static const uint8_t pps_main[] = { 0x44, 0x01, 0xc1, 0x72, 0xb4, 0x62, 0x40 };
/* Main 10, 642x362 in a conformance window, two temporal layers, default scaling lists, 20 frames
 */
static const uint8_t sps_layers[] = { 0x42, 0x01, 0x02, 0x02, 0x20, 0x00, 0x00, 0x03, 0x00, 0x90,
	0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x3f, 0x00, 0x00, 0xa0, 0x05, 0x12, 0x01, 0x71,
	0xc9, 0x23, 0x65, 0x95, 0x98, 0xac, 0xd2, 0x49, 0xca, 0xf0, 0x16, 0x80, 0x80, 0x00, 0x00,
	0x03, 0x00, 0x80, 0x00, 0x00, 0x0a, 0x04 };

static void test_sps(void **state)
{
	struct km_h265_sps sps = { 0 };

	(void)state;
	assert_int_equal(km_h265_parse_sps(KM_BYTES_OF(sps_main), &sps, NULL), 0);
	assert_int_equal(sps.profile.profile, 1);
	assert_int_equal(sps.profile.level, 120);
	assert_int_equal(sps.width, 1920);
	assert_int_equal(sps.height, 1080);
	assert_int_equal(sps.fps_milli, 30000);
	assert_int_equal(sps.bit_depth_luma, 8);
	assert_int_equal(sps.temporal_layers, 1);
	assert_int_equal(km_h265_parse_sps(KM_BYTES_OF(sps_layers), &sps, NULL), 0);
	assert_int_equal(sps.profile.profile, 2);
	assert_int_equal(sps.profile.level, 63);
	assert_int_equal(sps.width, 642);
	assert_int_equal(sps.height, 362);
	assert_int_equal(sps.fps_milli, 20000);
	assert_int_equal(sps.bit_depth_luma, 10);
	assert_int_equal(sps.temporal_layers, 2);
}

static void test_sps_cut(void **state)
{
	(void)state;
	for (size_t size = 0; size < sizeof(sps_layers); size++) {
		struct km_h265_sps sps = { .width = 1 };
		struct km_fault fault = { 0 };

		if (km_h265_parse_sps(km_bytes_from(sps_layers, size), &sps, &fault) == 0) {
			assert_int_equal(sps.width, 642);
		} else {
			assert_int_equal(sps.width, 1);
			assert_non_null(fault.text);
			assert_true(fault.offset <= size || fault.offset <= 3);
		}
	}
}

static void test_types(void **state)
{
	static const uint8_t idr[] = { 19 << 1, 1, 0x80 };
	static const uint8_t trail[] = { 1 << 1, 1, 0x40 };

	(void)state;
	assert_true(km_h265_is_irap(km_h265_nal_type(KM_BYTES_OF(idr))));
	assert_false(km_h265_is_irap(km_h265_nal_type(KM_BYTES_OF(trail))));
	assert_true(km_h265_is_first_slice(KM_BYTES_OF(idr)));
	assert_false(km_h265_is_first_slice(KM_BYTES_OF(trail)));
	assert_false(km_h265_is_first_slice(km_bytes_from(idr, 2)));
	assert_int_equal(km_h265_nal_type(km_bytes_from(idr, 1)), 63);
	assert_int_equal(km_h265_nal_type(KM_BYTES_OF(vps_main)), KM_H265_VPS);
}

static void test_config(void **state)
{
	/* As ffmpeg writes it, but for min_spatial_segmentation_idc and parallelismType. */
	static const uint8_t head[] = { 0x01, 0x01, 0x60, 0x00, 0x00, 0x00, 0x90, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x78, 0xf0, 0x00, 0xfc, 0xfd, 0xf8, 0xf8, 0x00, 0x00, 0x0f, 0x03, 0xa0,
		0x00, 0x01, 0x00, sizeof(vps_main) };
	struct km_parameter_sets sets = { 0 };
	struct km_track track = { .codec = KM_CODEC_H265, .clock_hz = 90000 };
	uint8_t id = 9;
	uint8_t sps_id = 9;

	(void)state;
	assert_int_equal(km_h265_parse_vps(KM_BYTES_OF(vps_main), &id), 0);
	assert_int_equal(id, 0);
	assert_int_equal(km_h265_parse_pps(KM_BYTES_OF(pps_main), &id, &sps_id), 0);
	assert_int_equal(id, 0);
	assert_int_equal(sps_id, 0);
	assert_int_equal(km_h265_parse_pps(KM_BYTES_OF(sps_main), &id, &sps_id), KM_ERR_FORMAT);
	assert_int_equal(km_parameter_sets_put(&sets, KM_H265_SPS, 0, KM_BYTES_OF(sps_main)), 1);
	assert_int_equal(km_parameter_sets_put(&sets, KM_H265_PPS, 0, KM_BYTES_OF(pps_main)), 1);
	assert_int_equal(km_h265_fill_track(&sets, &track), KM_ERR_STATE);
	assert_int_equal(km_parameter_sets_put(&sets, KM_H265_VPS, 0, KM_BYTES_OF(vps_main)), 1);
	assert_int_equal(km_h265_fill_track(&sets, &track), 0);
	assert_string_equal(track.codec_text, "hvc1.1.6.L120.90");
	assert_memory_equal(track.config, head, sizeof(head));
	assert_memory_equal(track.config + sizeof(head), vps_main, sizeof(vps_main));
	assert_int_equal(track.config_size,
	    sizeof(head) + sizeof(vps_main) + 5 + sizeof(sps_main) + 5 + sizeof(pps_main));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sps),
		cmocka_unit_test(test_sps_cut),
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
