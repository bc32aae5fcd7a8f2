/* sources: base/error.c base/bytes.c */
#include "base/bytes.h"

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_view(struct km_bytes view, const char *text)
{
	assert_int_equal(view.size, strlen(text));
	assert_true(km_bytes_is_equal(view, km_bytes_text(text)));
}

static void test_make(void **state)
{
	static const uint8_t three[] = { 1, 2, 3 };

	(void)state;
	assert_int_equal(KM_BYTES("ab").size, 2);
	assert_int_equal(KM_BYTES("").size, 0);
	assert_int_equal(KM_BYTES_OF(three).size, 3);
	assert_ptr_equal(KM_BYTES_OF(three).data, three);
	assert_int_equal(km_bytes_text(NULL).size, 0);
	assert_int_equal(km_bytes_text("abc").size, 3);
}

static void test_slice(void **state)
{
	struct km_bytes view = KM_BYTES("abcdef");

	(void)state;
	assert_view(km_bytes_slice(view, 0, 6), "abcdef");
	assert_view(km_bytes_slice(view, 2, 3), "cde");
	assert_view(km_bytes_slice(view, 4, 100), "ef");
	assert_view(km_bytes_slice(view, 4, SIZE_MAX), "ef");
	assert_view(km_bytes_slice(view, 6, 1), "");
	assert_view(km_bytes_slice(view, SIZE_MAX, SIZE_MAX), "");
	assert_view(km_bytes_slice((struct km_bytes){ 0 }, 0, 1), "");
	assert_view(km_bytes_after(view, 5), "f");
	assert_view(km_bytes_after(view, 6), "");
	assert_view(km_bytes_after(view, SIZE_MAX), "");
}

static void test_compare(void **state)
{
	struct km_bytes nothing = { 0 };

	(void)state;
	assert_true(km_bytes_is_equal(nothing, KM_BYTES("")));
	assert_false(km_bytes_is_equal(KM_BYTES("ab"), KM_BYTES("aB")));
	assert_false(km_bytes_is_equal(KM_BYTES("ab"), KM_BYTES("abc")));
	assert_true(km_bytes_is_equal_nocase(KM_BYTES("Range"), KM_BYTES("rANGE")));
	/* 0x20 apart but not letters; and bytes above ASCII are never folded. */
	assert_false(km_bytes_is_equal_nocase(KM_BYTES("@["), KM_BYTES("`{")));
	assert_false(km_bytes_is_equal_nocase(KM_BYTES("\xc4"), KM_BYTES("\xe4")));
	assert_true(km_bytes_has_prefix(KM_BYTES("rtsp://"), KM_BYTES("rtsp")));
	assert_false(km_bytes_has_prefix(KM_BYTES("rts"), KM_BYTES("rtsp")));
	assert_true(km_bytes_has_prefix(nothing, nothing));
	assert_true(km_bytes_has_prefix_nocase(KM_BYTES("DIGEST realm"), KM_BYTES("Digest ")));
	assert_false(km_bytes_has_prefix_nocase(KM_BYTES("Dig"), KM_BYTES("Digest ")));
}

static void test_find(void **state)
{
	struct km_bytes view = KM_BYTES("a\r\n\r\nb");

	(void)state;
	assert_int_equal(km_bytes_find(view, 'b'), 5);
	assert_int_equal(km_bytes_find(view, 'x'), view.size);
	assert_int_equal(km_bytes_find((struct km_bytes){ 0 }, 0), 0);
	assert_int_equal(km_bytes_find_seq(view, KM_BYTES("\r\n\r\n")), 1);
	assert_int_equal(km_bytes_find_seq(view, KM_BYTES("\n\n")), view.size);
	assert_int_equal(km_bytes_find_seq(view, KM_BYTES("")), 0);
	assert_int_equal(km_bytes_find_seq(KM_BYTES("ab"), KM_BYTES("abc")), 2);
}

static void test_trim_and_split(void **state)
{
	struct km_bytes rest = KM_BYTES("a;;b;");
	struct km_bytes lines = KM_BYTES("one\r\ntwo\n\r\n\nlast\r");

	(void)state;
	assert_view(km_bytes_trim(KM_BYTES(" \t\r\n a b \n")), "a b");
	assert_view(km_bytes_trim(KM_BYTES(" \t ")), "");
	assert_view(km_bytes_trim((struct km_bytes){ 0 }), "");
	assert_view(km_bytes_split(&rest, ';'), "a");
	assert_view(km_bytes_split(&rest, ';'), "");
	assert_view(km_bytes_split(&rest, ';'), "b");
	assert_int_equal(rest.size, 0);
	assert_view(km_bytes_split(&rest, ';'), "");
	assert_view(km_bytes_line(&lines), "one");
	assert_view(km_bytes_line(&lines), "two");
	assert_view(km_bytes_line(&lines), "");
	assert_view(km_bytes_line(&lines), "");
	assert_view(km_bytes_line(&lines), "last");
	assert_int_equal(lines.size, 0);
}

static void test_numbers(void **state)
{
	static const struct {
		struct km_bytes text;
		uint64_t max;
		int err;
		uint64_t value;
	} rows[] = {
		{ KM_BYTES("0"), 0, 0, 0 },
		{ KM_BYTES("0000000000000000000000007"), 9, 0, 7 },
		{ KM_BYTES("18446744073709551615"), UINT64_MAX, 0, UINT64_MAX },
		{ KM_BYTES("18446744073709551616"), UINT64_MAX, KM_ERR_RANGE, 0 },
		{ KM_BYTES("99999999999999999999999"), UINT64_MAX, KM_ERR_RANGE, 0 },
		{ KM_BYTES("18446744073709551615"), UINT64_MAX - 1, KM_ERR_RANGE, 0 },
		{ KM_BYTES("10"), 9, KM_ERR_RANGE, 0 },
		{ KM_BYTES(""), 9, KM_ERR_FORMAT, 0 },
		{ KM_BYTES("-1"), 9, KM_ERR_FORMAT, 0 },
		{ KM_BYTES("+1"), 9, KM_ERR_FORMAT, 0 },
		{ KM_BYTES(" 1"), 9, KM_ERR_FORMAT, 0 },
		{ KM_BYTES("1 "), 9, KM_ERR_FORMAT, 0 },
		{ KM_BYTES("0x1"), 9, KM_ERR_FORMAT, 0 },
		{ KM_BYTES("1\0"), 9, KM_ERR_FORMAT, 0 },
		{ KM_BYTES("a"), 9, KM_ERR_FORMAT, 0 },
	};

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		uint64_t value = 4711;

		assert_int_equal(
		    km_bytes_parse_u64(rows[i].text, rows[i].max, &value), rows[i].err);
		assert_true(value == (rows[i].err == 0 ? rows[i].value : 4711));
	}
}

static void test_numbers_u32_and_hex(void **state)
{
	uint64_t wide = 1;
	uint32_t value = 1;

	(void)state;
	assert_int_equal(km_bytes_parse_u32(KM_BYTES("4294967295"), UINT32_MAX, &value), 0);
	assert_int_equal(value, UINT32_MAX);
	assert_int_equal(
	    km_bytes_parse_u32(KM_BYTES("4294967296"), UINT32_MAX, &value), KM_ERR_RANGE);
	assert_int_equal(value, UINT32_MAX);
	assert_int_equal(km_bytes_parse_hex(KM_BYTES("FfFfffFFffffffff"), UINT64_MAX, &wide), 0);
	assert_true(wide == UINT64_MAX);
	assert_int_equal(
	    km_bytes_parse_hex(KM_BYTES("10000000000000000"), UINT64_MAX, &wide), KM_ERR_RANGE);
	assert_int_equal(km_bytes_parse_hex(KM_BYTES("g"), UINT64_MAX, &wide), KM_ERR_FORMAT);
	assert_int_equal(km_bytes_parse_hex(KM_BYTES("0x1f"), UINT64_MAX, &wide), KM_ERR_FORMAT);
	assert_true(wide == UINT64_MAX);
}

static void test_copy_text(void **state)
{
	char text[4] = "xyz";

	(void)state;
	assert_int_equal(km_bytes_copy_text(KM_BYTES("abc"), text, sizeof(text)), 0);
	assert_string_equal(text, "abc");
	assert_int_equal(km_bytes_copy_text(KM_BYTES("abcd"), text, sizeof(text)), KM_ERR_LIMIT);
	assert_string_equal(text, "");
	assert_int_equal(km_bytes_copy_text(KM_BYTES("a\0b"), text, sizeof(text)), KM_ERR_FORMAT);
	assert_string_equal(text, "");
	assert_int_equal(km_bytes_copy_text((struct km_bytes){ 0 }, text, sizeof(text)), 0);
	assert_string_equal(text, "");
	assert_int_equal(km_bytes_copy_text(KM_BYTES(""), text, 0), KM_ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_make),
		cmocka_unit_test(test_slice),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_trim_and_split),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_numbers_u32_and_hex),
		cmocka_unit_test(test_copy_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
