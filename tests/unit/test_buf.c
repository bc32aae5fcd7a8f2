/* sources: base/error.c base/bytes.c base/buf.c base/reader.c */
#include "base/buf.h"

#include "base/error.h"
#include "base/reader.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_content(const struct km_buf *buf, const char *text)
{
	assert_int_equal(buf->size, strlen(text));
	assert_true(km_bytes_is_equal(km_buf_view(buf), km_bytes_text(text)));
}

static void test_heap(void **state)
{
	struct km_buf buf = { 0 };

	(void)state;
	km_buf_finish(&buf); /* a zeroed one */
	km_buf_init(&buf, 1000);
	assert_null(buf.data);
	assert_int_equal(km_buf_view(&buf).size, 0);
	for (size_t i = 0; i < 1000; i++) {
		km_buf_add_u8(&buf, (unsigned)i);
	}
	assert_int_equal(km_buf_error(&buf), 0);
	assert_int_equal(buf.size, 1000);
	assert_int_equal(buf.data[999], 999 % 256);
	km_buf_add_u8(&buf, 0);
	assert_int_equal(km_buf_error(&buf), KM_ERR_LIMIT);
	assert_int_equal(buf.size, 1000);
	km_buf_clear(&buf);
	assert_int_equal(km_buf_error(&buf), 0);
	assert_int_equal(buf.capacity, 1000);
	km_buf_finish(&buf);
	km_buf_finish(&buf);
}

/* The first error stays, and nothing is appended after it. */
static void test_limit_is_sticky(void **state)
{
	uint8_t storage[8];
	struct km_buf buf;

	(void)state;
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	km_buf_add_text(&buf, "123456");
	km_buf_add_text(&buf, "789");
	km_buf_add_text(&buf, "7");
	km_buf_add_varint(&buf, 1);
	km_buf_set_u32(&buf, 100, 1);
	assert_null(km_buf_grow(&buf, 1));
	assert_int_equal(km_buf_reserve(&buf, 0), KM_ERR_LIMIT);
	assert_int_equal(km_buf_error(&buf), KM_ERR_LIMIT);
	assert_content(&buf, "123456");
	km_buf_clear(&buf);
	km_buf_add_text(&buf, "12345678");
	assert_int_equal(km_buf_error(&buf), 0);
	assert_content(&buf, "12345678");
	assert_ptr_equal(buf.data, storage);
}

static void test_sizes_that_wrap(void **state)
{
	struct km_buf buf;

	(void)state;
	km_buf_init(&buf, SIZE_MAX);
	km_buf_add_text(&buf, "x");
	assert_int_equal(km_buf_reserve(&buf, SIZE_MAX), KM_ERR_LIMIT);
	km_buf_finish(&buf);
	km_buf_init(&buf, 0);
	km_buf_add(&buf, (struct km_bytes){ 0 });
	assert_int_equal(km_buf_error(&buf), 0);
	km_buf_add_u8(&buf, 1);
	assert_int_equal(km_buf_error(&buf), KM_ERR_LIMIT);
	km_buf_finish(&buf);
}

static void test_grow(void **state)
{
	struct km_buf buf;
	uint8_t *start = NULL;

	(void)state;
	km_buf_init(&buf, 1 << 20);
	start = km_buf_grow(&buf, 5);
	assert_non_null(start);
	memcpy(start, "abcde", 5);
	assert_content(&buf, "abcde");
	assert_int_equal(km_buf_reserve(&buf, 1 << 10), 0);
	assert_true(buf.capacity >= 5 + (1 << 10));
	assert_content(&buf, "abcde");
	km_buf_wipe(&buf);
	assert_null(buf.data);
}

static void test_wipe(void **state)
{
	uint8_t storage[16] = "not wiped yet";
	static const uint8_t zeros[16];
	struct km_buf buf;

	(void)state;
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	km_buf_add_text(&buf, "secret");
	km_buf_wipe(&buf);
	assert_memory_equal(storage, zeros, sizeof(zeros));
}

static void test_numbers(void **state)
{
	struct km_buf buf;

	(void)state;
	km_buf_init(&buf, 100);
	km_buf_add_u8(&buf, 0x101);
	km_buf_add_u16(&buf, 0x10203);
	km_buf_add_u24(&buf, 0x1040506);
	km_buf_add_u32(&buf, 0x0708090a);
	km_buf_add_u64(&buf, UINT64_C(0x0b0c0d0e0f101112));
	km_buf_add_i64(&buf, -2);
	assert_true(km_bytes_is_equal(km_buf_view(&buf),
	    KM_BYTES("\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12"
		     "\xff\xff\xff\xff\xff\xff\xff\xfe")));
	km_buf_set_u32(&buf, 22, 0xa1a2a3a4);
	km_buf_set_u32(&buf, 0, 0xb1b2b3b4);
	assert_memory_equal(buf.data + 22, "\xa1\xa2\xa3\xa4", 4);
	assert_memory_equal(buf.data, "\xb1\xb2\xb3\xb4\x05", 5);
	km_buf_finish(&buf);
}

static void test_varint_round_trip(void **state)
{
	struct km_buf buf;

	(void)state;
	km_buf_init(&buf, 64);
	for (unsigned bit = 0; bit < 64; bit++) {
		for (uint64_t around = 0; around < 3; around++) {
			uint64_t value = (UINT64_C(1) << bit) + around - 1;
			uint64_t back = 0;
			int64_t signed_value = (int64_t)(UINT64_MAX - value);
			int64_t signed_back = 0;
			struct km_reader reader;

			km_buf_clear(&buf);
			km_buf_add_varint(&buf, value);
			km_buf_add_varint_signed(&buf, signed_value);
			reader = km_reader_from(km_buf_view(&buf));
			assert_int_equal(km_reader_varint(&reader, &back), 0);
			assert_int_equal(km_reader_varint_signed(&reader, &signed_back), 0);
			assert_true(back == value && signed_back == signed_value);
			assert_int_equal(km_reader_left(&reader), 0);
		}
	}
	km_buf_finish(&buf);
}

static void test_format(void **state)
{
	uint8_t storage[6];
	struct km_buf buf;

	(void)state;
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	km_buf_add_format(&buf, "%d-%s", 12, "ab");
	assert_content(&buf, "12-ab");
	km_buf_add_format(&buf, "%s", "");
	assert_content(&buf, "12-ab");
	km_buf_add_format(&buf, "%s", "c");
	assert_int_equal(km_buf_error(&buf), KM_ERR_LIMIT);
	assert_content(&buf, "12-ab");
	km_buf_init(&buf, 100000);
	km_buf_add_format(&buf, "%*d", 5000, 7);
	assert_int_equal(buf.size, 5000);
	assert_int_equal(buf.data[4999], '7');
	km_buf_finish(&buf);
}

static void test_consume(void **state)
{
	struct km_buf buf;

	(void)state;
	km_buf_init(&buf, 100);
	km_buf_consume(&buf, 1);
	km_buf_add_text(&buf, "abcdef");
	km_buf_consume(&buf, 0);
	assert_content(&buf, "abcdef");
	km_buf_consume(&buf, 4);
	assert_content(&buf, "ef");
	km_buf_consume(&buf, 100);
	assert_content(&buf, "");
	km_buf_add_text(&buf, "g");
	assert_content(&buf, "g");
	km_buf_finish(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heap),
		cmocka_unit_test(test_limit_is_sticky),
		cmocka_unit_test(test_sizes_that_wrap),
		cmocka_unit_test(test_grow),
		cmocka_unit_test(test_wipe),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_varint_round_trip),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_consume),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
