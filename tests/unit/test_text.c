/* sources: base/error.c base/bytes.c base/buf.c base/text.c */
#include "base/text.h"

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_hex(void **state)
{
	char text[7] = "before";
	uint8_t data[3] = { 9, 9, 9 };

	(void)state;
	assert_int_equal(km_text_write_hex(KM_BYTES("\x00\x7f\xff"), text, sizeof(text)), 0);
	assert_string_equal(text, "007fff");
	assert_int_equal(
	    km_text_write_hex(KM_BYTES("\x00\x7f\xff"), text, sizeof(text) - 1), KM_ERR_LIMIT);
	assert_int_equal(km_text_write_hex(KM_BYTES(""), text, 0), KM_ERR_LIMIT);
	assert_int_equal(km_text_write_hex((struct km_bytes){ 0 }, text, 1), 0);
	assert_string_equal(text, "");
	assert_int_equal(km_text_parse_hex(KM_BYTES("00:7f:FF"), data, 3), 0);
	assert_memory_equal(data, "\x00\x7f\xff", 3);
	assert_int_equal(km_text_parse_hex(KM_BYTES("Ab01:cD"), data, 3), 0);
	assert_memory_equal(data, "\xab\x01\xcd", 3);
}

/* What does not fit leaves the result alone, wherever it goes wrong. */
static void test_hex_refused(void **state)
{
	static const struct km_bytes rows[] = { KM_BYTES(""), KM_BYTES("0102"), KM_BYTES("01020"),
		KM_BYTES("01020g"), KM_BYTES("01020304"), KM_BYTES(":010203"), KM_BYTES("010203:"),
		KM_BYTES("01::0203"), KM_BYTES("0:10203"), KM_BYTES("01 02 03"), KM_BYTES("0x0102"),
		KM_BYTES("01020\0") };
	uint8_t data[3] = { 7, 8, 9 };

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		assert_int_equal(km_text_parse_hex(rows[i], data, 3), KM_ERR_FORMAT);
		assert_memory_equal(data, "\7\10\11", 3);
	}
}

/* [RFC 4648 10] */
static const struct {
	const char *plain;
	const char *base64;
	const char *base64url;
} base64_rows[] = {
	{ "", "", "" },
	{ "f", "Zg==", "Zg" },
	{ "fo", "Zm8=", "Zm8" },
	{ "foo", "Zm9v", "Zm9v" },
	{ "foob", "Zm9vYg==", "Zm9vYg" },
	{ "fooba", "Zm9vYmE=", "Zm9vYmE" },
	{ "foobar", "Zm9vYmFy", "Zm9vYmFy" },
	{ "\xfb\xff\xbf", "+/+/", "-_-_" },
};

static void test_base64(void **state)
{
	struct km_buf buf;

	(void)state;
	km_buf_init(&buf, 1000);
	for (size_t i = 0; i < KM_COUNT(base64_rows); i++) {
		struct km_bytes plain = km_bytes_text(base64_rows[i].plain);
		struct km_bytes base64 = km_bytes_text(base64_rows[i].base64);
		struct km_bytes base64url = km_bytes_text(base64_rows[i].base64url);

		km_buf_clear(&buf);
		km_text_add_base64(&buf, plain);
		assert_true(km_bytes_is_equal(km_buf_view(&buf), base64));
		km_buf_clear(&buf);
		km_text_add_base64url(&buf, plain);
		assert_true(km_bytes_is_equal(km_buf_view(&buf), base64url));
		km_buf_clear(&buf);
		assert_int_equal(km_text_parse_base64(base64, &buf), 0);
		assert_int_equal(km_text_parse_base64(base64url, &buf), 0);
		assert_int_equal(buf.size, 2 * plain.size);
		assert_true(
		    km_bytes_is_equal(km_bytes_slice(km_buf_view(&buf), 0, plain.size), plain));
	}
	km_buf_clear(&buf);
	assert_int_equal(km_text_parse_base64(KM_BYTES(" Zm 9v\r\n\tYg = = "), &buf), 0);
	assert_true(km_bytes_is_equal(km_buf_view(&buf), KM_BYTES("foob")));
	km_buf_finish(&buf);
}

static void test_base64_refused(void **state)
{
	static const struct km_bytes rows[] = { KM_BYTES("Z"), KM_BYTES("Zm9vY"), KM_BYTES("Zm9*"),
		KM_BYTES("Zm=v"), KM_BYTES("Zm9v\0"), KM_BYTES("\xc3\xa9"), KM_BYTES("Zg==Zg") };
	uint8_t storage[4];
	struct km_buf buf;

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		km_buf_init_fixed(&buf, storage, sizeof(storage));
		km_buf_add_u8(&buf, 'x');
		assert_int_equal(km_text_parse_base64(rows[i], &buf), KM_ERR_FORMAT);
		assert_true(km_bytes_is_equal(km_buf_view(&buf), KM_BYTES("x")));
	}
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	assert_int_equal(km_text_parse_base64(KM_BYTES("Zm9vYmE="), &buf), KM_ERR_LIMIT);
}

static void test_utf8(void **state)
{
	static const struct {
		struct km_bytes text;
		bool is_clean;
	} rows[] = {
		{ KM_BYTES(""), true },
		{ KM_BYTES("a\tb ~"), true },
		{ KM_BYTES("\xe7\x8b\x9b\xe7\x8a\xac"), true },
		{ KM_BYTES("\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf"), true },
		{ KM_BYTES("\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"), true },
		{ KM_BYTES("a\0b"), false },
		{ KM_BYTES("\n"), false },
		{ KM_BYTES("\x1b[2J"), false },
		{ KM_BYTES("\x7f"), false },
		{ KM_BYTES("\x80"), false },
		{ KM_BYTES("\xc0\x80"), false }, /* overlong */
		{ KM_BYTES("\xc1\xbf"), false },
		{ KM_BYTES("\xe0\x9f\xbf"), false },
		{ KM_BYTES("\xf0\x8f\xbf\xbf"), false },
		{ KM_BYTES("\xed\xa0\x80"), false }, /* surrogates */
		{ KM_BYTES("\xed\xbf\xbf"), false },
		{ KM_BYTES("\xf4\x90\x80\x80"), false }, /* past U+10FFFF */
		{ KM_BYTES("\xf5\x80\x80\x80"), false },
		{ KM_BYTES("\xff"), false },
		{ KM_BYTES("\xe7\x8b"), false }, /* cut off */
		{ KM_BYTES("\xe7\x8b"
			   "a"),
		    false },
	};

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		assert_int_equal(km_text_is_clean_utf8(rows[i].text), rows[i].is_clean);
	}
}

static void test_names(void **state)
{
	char longest[65] = "";

	(void)state;
	memset(longest, 'a', 64);
	assert_true(km_text_is_name(KM_BYTES("a")));
	assert_true(km_text_is_name(KM_BYTES("0-front_door.2")));
	assert_true(km_text_is_name(km_bytes_from(longest, 63)));
	assert_false(km_text_is_name(km_bytes_from(longest, 64)));
	assert_false(km_text_is_name(KM_BYTES("")));
	assert_false(km_text_is_name(KM_BYTES(".")));
	assert_false(km_text_is_name(KM_BYTES("..")));
	assert_false(km_text_is_name(KM_BYTES("-rf")));
	assert_false(km_text_is_name(KM_BYTES("_a")));
	assert_false(km_text_is_name(KM_BYTES("A")));
	assert_false(km_text_is_name(KM_BYTES("a/b")));
	assert_false(km_text_is_name(KM_BYTES("a b")));
	assert_false(km_text_is_name(KM_BYTES("a\0")));
	assert_false(km_text_is_name(KM_BYTES("\xe7\x8b\x9b")));
}

static void test_escaped(void **state)
{
	struct km_buf buf;

	(void)state;
	km_buf_init(&buf, 100);
	km_text_add_escaped(&buf, KM_BYTES("a\\b\r\n\x1b\xff~"), 100);
	assert_true(km_bytes_is_equal(km_buf_view(&buf), KM_BYTES("a\\x5cb\\x0d\\x0a\\x1b\\xff~")));
	km_buf_clear(&buf);
	km_text_add_escaped(&buf, KM_BYTES("abcd"), 3);
	km_text_add_escaped(&buf, KM_BYTES("abc"), 3);
	assert_true(km_bytes_is_equal(km_buf_view(&buf), KM_BYTES("abc...abc")));
	km_buf_finish(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_hex_refused),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_base64_refused),
		cmocka_unit_test(test_utf8),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
