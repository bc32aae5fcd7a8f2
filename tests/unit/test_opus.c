/* sources: base/error.c base/bytes.c base/buf.c proto/opus.c */
/*
 * Lengths of Opus packets [RFC 6716 3.1, 3.2] and the body of dOps.
 */
#include "proto/opus.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_ticks(void **state)
{
	static const struct {
		struct km_bytes packet;
		uint32_t ticks;
	} rows[] = {
		{ KM_BYTES("\x08x"), 960 },        /* SILK 20 ms, one frame */
		{ KM_BYTES("\x18x"), 2880 },       /* SILK 60 ms */
		{ KM_BYTES("\x60x"), 480 },        /* hybrid 10 ms */
		{ KM_BYTES("\x80x"), 120 },        /* CELT 2.5 ms */
		{ KM_BYTES("\xf9x"), 1920 },       /* CELT 20 ms, two frames */
		{ KM_BYTES("\xfb\x06x"), 5760 },   /* six frames */
		{ KM_BYTES("\x83\x30xyz"), 5760 }, /* 48 of 2.5 ms */
	};

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		uint32_t ticks = 0;

		assert_int_equal(km_opus_packet_ticks(rows[i].packet, &ticks), 0);
		assert_int_equal(ticks, rows[i].ticks);
	}
}

static void test_refused(void **state)
{
	uint32_t ticks = 7;

	(void)state;
	assert_int_equal(km_opus_packet_ticks(KM_BYTES(""), &ticks), KM_ERR_SHORT);
	assert_int_equal(km_opus_packet_ticks(KM_BYTES("\xfb"), &ticks), KM_ERR_SHORT);
	assert_int_equal(km_opus_packet_ticks(KM_BYTES("\xfb\x00"), &ticks), KM_ERR_FORMAT);
	assert_int_equal(km_opus_packet_ticks(KM_BYTES("\xfb\x07"), &ticks), KM_ERR_FORMAT);
	assert_int_equal(ticks, 7);
}

static void test_config(void **state)
{
	uint8_t storage[16];
	struct km_buf buf;

	(void)state;
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	assert_int_equal(km_opus_write_config(2, &buf), 0);
	assert_int_equal(buf.size, 11);
	assert_memory_equal(storage, "\0\2\0\0\0\0\xbb\x80\0\0\0", 11);
	assert_int_equal(km_opus_write_config(3, &buf), KM_ERR_RANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ticks),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
