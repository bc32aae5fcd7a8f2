/* sources: base/error.c base/bytes.c base/reader.c */
#include "base/reader.h"

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_numbers(void **state)
{
	struct km_reader reader = km_reader_from(KM_BYTES("\x01"
							  "\x02\x03"
							  "\x04\x05\x06"
							  "\xff\xfe\xfd\xfc"
							  "\x80\x00\x00\x00\x00\x00\x00\x01"
							  "\xff\xff\xff\xff\xff\xff\xff\xfe"));
	uint8_t u8 = 0;
	uint16_t u16 = 0;
	uint32_t u32 = 0;
	uint64_t u64 = 0;
	int64_t i64 = 0;

	(void)state;
	assert_int_equal(km_reader_u8(&reader, &u8), 0);
	assert_int_equal(u8, 1);
	assert_int_equal(km_reader_u16(&reader, &u16), 0);
	assert_int_equal(u16, 0x0203);
	assert_int_equal(km_reader_u24(&reader, &u32), 0);
	assert_int_equal(u32, 0x040506);
	assert_int_equal(km_reader_u32(&reader, &u32), 0);
	assert_true(u32 == 0xfffefdfcU);
	assert_int_equal(km_reader_u64(&reader, &u64), 0);
	assert_true(u64 == (UINT64_C(1) << 63) + 1);
	assert_int_equal(km_reader_left(&reader), 8);
	assert_int_equal(km_reader_i64(&reader, &i64), 0);
	assert_true(i64 == -2);
	assert_int_equal(km_reader_left(&reader), 0);
	assert_int_equal(km_reader_rest(&reader).size, 0);
}

/* A read that fails leaves the reader and the result as they were. */
static void test_short(void **state)
{
	struct km_reader reader = km_reader_from(KM_BYTES("\x01"));
	struct km_bytes view = KM_BYTES("before");
	char copy[] = "before";
	uint8_t u8 = 77;
	uint16_t u16 = 77;
	uint32_t u32 = 77;
	uint64_t u64 = 77;
	int64_t i64 = 77;

	(void)state;
	assert_int_equal(km_reader_u16(&reader, &u16), KM_ERR_SHORT);
	assert_int_equal(km_reader_u24(&reader, &u32), KM_ERR_SHORT);
	assert_int_equal(km_reader_u32(&reader, &u32), KM_ERR_SHORT);
	assert_int_equal(km_reader_u64(&reader, &u64), KM_ERR_SHORT);
	assert_int_equal(km_reader_i64(&reader, &i64), KM_ERR_SHORT);
	assert_int_equal(km_reader_skip(&reader, 2), KM_ERR_SHORT);
	assert_int_equal(km_reader_skip(&reader, SIZE_MAX), KM_ERR_SHORT);
	assert_int_equal(km_reader_bytes(&reader, SIZE_MAX, &view), KM_ERR_SHORT);
	assert_int_equal(km_reader_copy(&reader, copy, 2), KM_ERR_SHORT);
	assert_int_equal(reader.at, 0);
	assert_true(u16 == 77 && u32 == 77 && u64 == 77 && i64 == 77);
	assert_true(km_bytes_is_equal(view, KM_BYTES("before")));
	assert_string_equal(copy, "before");
	assert_int_equal(km_reader_skip(&reader, 1), 0);
	assert_int_equal(km_reader_u8(&reader, &u8), KM_ERR_SHORT);
	assert_int_equal(u8, 77);
}

static void test_views(void **state)
{
	struct km_bytes whole = KM_BYTES("abcdef");
	struct km_reader reader = km_reader_from(whole);
	struct km_bytes view = { 0 };
	char copy[3] = "";

	(void)state;
	assert_int_equal(km_reader_bytes(&reader, 2, &view), 0);
	assert_ptr_equal(view.data, whole.data);
	assert_int_equal(view.size, 2);
	assert_int_equal(km_reader_skip(&reader, 1), 0);
	assert_int_equal(km_reader_copy(&reader, copy, 2), 0);
	assert_memory_equal(copy, "de", 2);
	assert_true(km_bytes_is_equal(km_reader_rest(&reader), KM_BYTES("f")));
	assert_int_equal(km_reader_copy(&reader, copy, 0), 0);
	reader = km_reader_from((struct km_bytes){ 0 });
	assert_int_equal(km_reader_bytes(&reader, 0, &view), 0);
	assert_int_equal(view.size, 0);
	assert_int_equal(km_reader_skip(&reader, 0), 0);
}

static void test_varint(void **state)
{
	static const struct {
		struct km_bytes text;
		int err;
		uint64_t value;
	} rows[] = {
		{ KM_BYTES("\x00"), 0, 0 },
		{ KM_BYTES("\x7f"), 0, 127 },
		{ KM_BYTES("\x80\x01"), 0, 128 },
		{ KM_BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), 0, UINT64_MAX },
		{ KM_BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), KM_ERR_FORMAT, 0 },
		{ KM_BYTES("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"), KM_ERR_FORMAT, 0 },
		{ KM_BYTES(""), KM_ERR_SHORT, 0 },
		{ KM_BYTES("\x80"), KM_ERR_SHORT, 0 },
		{ KM_BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff"), KM_ERR_SHORT, 0 },
	};

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		struct km_reader reader = km_reader_from(rows[i].text);
		uint64_t value = 77;

		assert_int_equal(km_reader_varint(&reader, &value), rows[i].err);
		assert_true(value == (rows[i].err == 0 ? rows[i].value : 77));
		assert_int_equal(reader.at, rows[i].err == 0 ? rows[i].text.size : 0);
	}
}

static void test_varint_signed(void **state)
{
	struct km_reader reader =
	    km_reader_from(KM_BYTES("\x00\x01\x02\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
				    "\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01\x80"));
	static const int64_t values[] = { 0, -1, 1, INT64_MIN, INT64_MAX };
	int64_t value = 0;

	(void)state;
	for (size_t i = 0; i < KM_COUNT(values); i++) {
		assert_int_equal(km_reader_varint_signed(&reader, &value), 0);
		assert_true(value == values[i]);
	}
	assert_int_equal(km_reader_varint_signed(&reader, &value), KM_ERR_SHORT);
	assert_true(value == INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_views),
		cmocka_unit_test(test_varint),
		cmocka_unit_test(test_varint_signed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
