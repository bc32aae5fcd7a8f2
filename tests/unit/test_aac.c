/* sources: base/error.c base/bytes.c base/buf.c proto/bit_reader.c proto/aac.c */
/*
 * AudioSpecificConfig [ISO 14496-3 1.6.2.1] and ADTS headers.
 */
#include "proto/aac.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct km_aac_config parse(const void *data, size_t size)
{
	struct km_aac_config config = { 0 };

	assert_int_equal(km_aac_parse_config(km_bytes_from(data, size), &config, NULL), 0);
	return config;
}

static void test_config(void **state)
{
	struct km_aac_config config = parse("\x12\x10", 2);

	(void)state;
	assert_int_equal(config.object_type, KM_AAC_OBJECT_LC);
	assert_int_equal(config.rate_hz, 44100);
	assert_int_equal(config.channels, 2);
	assert_int_equal(config.frame_samples, 1024);
	config = parse("\x14\x0c", 2); /* frameLengthFlag */
	assert_int_equal(config.rate_hz, 16000);
	assert_int_equal(config.channels, 1);
	assert_int_equal(config.frame_samples, 960);
	config = parse("\x2b\x92\x08\x00", 4); /* SBR over 22050, 44100 out */
	assert_int_equal(config.object_type, KM_AAC_OBJECT_SBR);
	assert_int_equal(config.rate_hz, 22050);
	config = parse("\x17\x80\x0f\xa0\x08", 5); /* 8000 as an explicit rate */
	assert_int_equal(config.rate_hz, 8000);
	assert_int_equal(config.channels, 1);
}

static void test_config_refused(void **state)
{
	static const struct {
		struct km_bytes config;
		int err;
	} rows[] = {
		{ KM_BYTES(""), KM_ERR_SHORT }, { KM_BYTES("\x12"), KM_ERR_SHORT },
		{ KM_BYTES("\x12\x00"), KM_ERR_UNSUPPORTED }, /* program config element */
		{ KM_BYTES("\x12\x78"), KM_ERR_RANGE },       /* channelConfiguration 15 */
		{ KM_BYTES("\x16\x90"), KM_ERR_RANGE },       /* reserved rate */
		{ KM_BYTES("\x42\x10"), KM_ERR_UNSUPPORTED }, /* CELP */
	};
	struct km_aac_config config = { 0 };

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		struct km_fault fault = { 0 };

		assert_int_equal(km_aac_parse_config(rows[i].config, &config, &fault), rows[i].err);
		assert_non_null(fault.text);
	}
}

static void test_write(void **state)
{
	uint8_t storage[8];
	struct km_buf buf;

	(void)state;
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	assert_int_equal(km_aac_write_config(44100, 2, &buf), 0);
	assert_memory_equal(storage, "\x12\x10", 2);
	assert_int_equal(km_aac_write_config(44101, 2, &buf), KM_ERR_RANGE);
	assert_int_equal(km_aac_write_config(44100, 7, &buf), KM_ERR_RANGE);
	assert_int_equal(km_aac_write_config(44100, 0, &buf), KM_ERR_RANGE);
}

static void test_adts(void **state)
{
	static const uint8_t frame[] = { 0xff, 0xf1, 0x50, 0x80, 0x01, 0x3f, 0xfc, 1, 2 };

	(void)state;
	assert_int_equal(km_aac_adts_bytes(KM_BYTES_OF(frame)), 7);
	assert_int_equal(km_aac_adts_bytes(km_bytes_from(frame, 8)), 0);
	assert_int_equal(km_aac_adts_bytes(km_bytes_from(frame, 3)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_config_refused),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_adts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
