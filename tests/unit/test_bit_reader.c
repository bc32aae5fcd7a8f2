/* sources: base/error.c base/bytes.c proto/bit_reader.c */
/*
 * Bits, Exp-Golomb numbers and emulation prevention [ITU-T H.264 7.2, 9.1].
 */
#include "proto/bit_reader.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_bits(void **state)
{
	static const uint8_t data[] = { 0xa5, 0x0f, 0xff, 0x00, 0x12, 0x34, 0x56, 0x78 };
	struct km_bit_reader reader = km_bit_reader_from(KM_BYTES_OF(data));

	(void)state;
	assert_int_equal(km_bit_reader_bits(&reader, 0), 0);
	assert_int_equal(km_bit_reader_bits(&reader, 3), 5);
	assert_false(km_bit_reader_flag(&reader));
	assert_int_equal(km_bit_reader_bits(&reader, 12), 0x50f);
	km_bit_reader_skip(&reader, 16);
	assert_int_equal(km_bit_reader_bits(&reader, 32), 0x12345678);
	assert_int_equal(km_bit_reader_error(&reader), 0);
	assert_int_equal(km_bit_reader_bits(&reader, 1), 0);
	assert_int_equal(km_bit_reader_error(&reader), KM_ERR_SHORT);
}

static void test_emulation_prevention(void **state)
{
	static const uint8_t data[] = { 0x00, 0x00, 0x03, 0x01, 0x00, 0x00, 0x03, 0x00, 0x00,
		0x03 };
	struct km_bit_reader reader = km_bit_reader_from(KM_BYTES_OF(data));
	struct km_bit_reader plain = reader;

	(void)state;
	assert_int_equal(km_bit_reader_bits(&reader, 24), 1);
	assert_int_equal(km_bit_reader_bits(&reader, 32), 0);
	assert_int_equal(km_bit_reader_error(&reader), 0);
	assert_int_equal(km_bit_reader_bits(&reader, 8), 0);
	assert_int_equal(km_bit_reader_error(&reader), KM_ERR_SHORT);
	plain.keeps_all = true;
	assert_int_equal(km_bit_reader_bits(&plain, 32), 0x00000301);
}

static void test_exp_golomb(void **state)
{
	/* 1 010 011 00100 00101 1 010 011 00100 -> 0 1 2 3 4, and signed 0 1 -1 2 */
	static const uint8_t data[] = { 0xa6, 0x42, 0xd3, 0x20 };
	struct km_bit_reader reader = km_bit_reader_from(KM_BYTES_OF(data));

	(void)state;
	for (uint32_t i = 0; i < 5; i++) {
		assert_int_equal(km_bit_reader_ue(&reader, 4), i);
	}
	assert_int_equal(km_bit_reader_se(&reader, -2, 2), 0);
	assert_int_equal(km_bit_reader_se(&reader, -2, 2), 1);
	assert_int_equal(km_bit_reader_se(&reader, -2, 2), -1);
	assert_int_equal(km_bit_reader_error(&reader), 0);
	assert_int_equal(km_bit_reader_se(&reader, -1, 1), 0);
	assert_int_equal(km_bit_reader_error(&reader), KM_ERR_RANGE);
}

static void test_exp_golomb_limits(void **state)
{
	static const uint8_t largest[] = { 0x00, 0x00, 0x03, 0x00, 0x01, 0xff, 0xff, 0xff, 0xfe };
	static const uint8_t too_long[] = { 0x00, 0x00, 0x03, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff };
	static const uint8_t cut[] = { 0x00, 0x01, 0xff };
	struct km_bit_reader reader = km_bit_reader_from(KM_BYTES_OF(largest));

	(void)state;
	assert_int_equal(km_bit_reader_ue(&reader, UINT32_MAX), UINT32_MAX - 1);
	assert_int_equal(km_bit_reader_error(&reader), 0);
	reader = km_bit_reader_from(KM_BYTES_OF(largest));
	assert_int_equal(km_bit_reader_ue(&reader, UINT32_MAX - 2), 0);
	assert_int_equal(km_bit_reader_error(&reader), KM_ERR_RANGE);
	reader = km_bit_reader_from(KM_BYTES_OF(too_long));
	assert_int_equal(km_bit_reader_ue(&reader, UINT32_MAX), 0);
	assert_int_equal(km_bit_reader_error(&reader), KM_ERR_RANGE);
	reader = km_bit_reader_from(KM_BYTES_OF(cut));
	assert_int_equal(km_bit_reader_ue(&reader, UINT32_MAX), 0);
	assert_int_equal(km_bit_reader_error(&reader), KM_ERR_SHORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bits),
		cmocka_unit_test(test_emulation_prevention),
		cmocka_unit_test(test_exp_golomb),
		cmocka_unit_test(test_exp_golomb_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
