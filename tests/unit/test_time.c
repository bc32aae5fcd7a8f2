/* sources: base/error.c base/bytes.c base/time.c */
#include "base/time.h"

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

static void test_write(void **state)
{
	static const struct {
		int64_t unix_us;
		const char *text;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00.000000Z" },
		{ -1, "1969-12-31T23:59:59.999999Z" },
		{ INT64_C(951827696000004), "2000-02-29T12:34:56.000004Z" },
		{ INT64_C(4107542400000000), "2100-03-01T00:00:00.000000Z" },
		{ INT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z" },
		{ INT64_C(253402300800000000), "9999-12-31T23:59:59.999999Z" },
		{ INT64_MAX, "9999-12-31T23:59:59.999999Z" },
		{ INT64_MIN, "0001-01-01T00:00:00.000000Z" },
		{ INT64_C(-62135596800000000), "0001-01-01T00:00:00.000000Z" },
	};
	char text[KM_TIME_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		km_time_write(rows[i].unix_us, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void test_parse(void **state)
{
	static const struct {
		struct km_bytes text;
		int64_t unix_us;
	} rows[] = {
		{ KM_BYTES("1970-01-01T00:00:00Z"), 0 },
		{ KM_BYTES("1970-01-01t00:00:00z"), 0 },
		{ KM_BYTES("1970-01-01 09:00:00+09:00"), 0 },
		{ KM_BYTES("1969-12-31T18:30:00.5-05:30"), 500000 },
		{ KM_BYTES("2000-02-29T12:34:56.0000049Z"), INT64_C(951827696000004) },
		{ KM_BYTES("2016-12-31T23:59:60Z"), INT64_C(1483228800000000) },
		{ KM_BYTES("0001-01-01T00:00:00Z"), INT64_C(-62135596800000000) },
		{ KM_BYTES("9999-12-31T23:59:59.999999Z"), INT64_C(253402300799999999) },
		{ KM_BYTES("@0"), 0 },
		{ KM_BYTES("@951827696.000004"), INT64_C(951827696000004) },
	};

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		int64_t unix_us = -77;

		assert_int_equal(km_time_parse(rows[i].text, INT64_MIN, &unix_us), 0);
		assert_true(unix_us == rows[i].unix_us);
	}
}

static void test_parse_refused(void **state)
{
	static const struct km_bytes rows[] = { KM_BYTES(""), KM_BYTES("2026"),
		KM_BYTES("2026-11-22"), KM_BYTES("2026-11-22T"), KM_BYTES("2026-11-22T01:02:03"),
		KM_BYTES("2026-11-22T01:02Z"), KM_BYTES("2026-13-22T01:02:03Z"),
		KM_BYTES("2026-00-22T01:02:03Z"), KM_BYTES("2026-11-00T01:02:03Z"),
		KM_BYTES("2026-11-31T01:02:03Z"), KM_BYTES("2025-02-29T01:02:03Z"),
		KM_BYTES("2100-02-29T01:02:03Z"), KM_BYTES("0000-01-01T01:02:03Z"),
		KM_BYTES("2026-11-22T24:02:03Z"), KM_BYTES("2026-11-22T01:60:03Z"),
		KM_BYTES("2026-11-22T01:02:61Z"), KM_BYTES("2026-11-22T01:02:03.Z"),
		KM_BYTES("2026-11-22T01:02:03ZZ"), KM_BYTES("2026-11-22T01:02:03+9:00"),
		KM_BYTES("2026-11-22T01:02:03+24:00"), KM_BYTES("2026-11-22T01:02:03+0900"),
		KM_BYTES("2026-11-22T01:02:03+09:00x"), KM_BYTES(" 2026-11-22T01:02:03Z"),
		KM_BYTES("2026-11-22X01:02:03Z"), KM_BYTES("-026-11-22T01:02:03Z"),
		KM_BYTES("12026-11-22T01:02:03Z"), KM_BYTES("@"), KM_BYTES("@-1"), KM_BYTES("@1."),
		KM_BYTES("@1x"), KM_BYTES("@99999999999999999999") };
	int64_t unix_us = -77;

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		assert_int_equal(km_time_parse(rows[i], INT64_MIN, &unix_us), KM_ERR_FORMAT);
		assert_true(unix_us == -77);
	}
}

static void test_default_offset(void **state)
{
	struct km_bytes local = KM_BYTES("1970-01-01T09:00:00");
	int64_t unix_us = -77;

	(void)state;
	assert_int_equal(km_time_parse(local, 9 * KM_TIME_HOUR_US, &unix_us), 0);
	assert_true(unix_us == 0);
	/* An offset that is given wins. */
	assert_int_equal(
	    km_time_parse(KM_BYTES("1970-01-01T00:00:00Z"), 9 * KM_TIME_HOUR_US, &unix_us), 0);
	assert_true(unix_us == 0);
}

/* Every day of the range, there and back, beside the C library's calendar where that is handy. */
static void test_every_day(void **state)
{
	char text[KM_TIME_TEXT_SIZE];

	(void)state;
	for (int64_t day = -719162; day <= 2932896; day += 13) {
		int64_t unix_us = day * KM_TIME_DAY_US + 12345678901;
		int64_t back = 0;
		time_t seconds = (time_t)(day * 86400);
		struct tm tm = { 0 };
		char date[40];

		km_time_write(unix_us, text);
		assert_int_equal(km_time_parse(km_bytes_text(text), INT64_MIN, &back), 0);
		assert_true(back == unix_us);
		assert_int_equal(km_time_day(unix_us), day);
		assert_non_null(gmtime_r(&seconds, &tm));
		(void)snprintf(date, sizeof(date), "%04d-%02d-%02dT", tm.tm_year + 1900,
		    tm.tm_mon + 1, tm.tm_mday);
		assert_memory_equal(text, date, 11);
	}
}

static void test_day(void **state)
{
	(void)state;
	assert_int_equal(km_time_day(0), 0);
	assert_int_equal(km_time_day(KM_TIME_DAY_US - 1), 0);
	assert_int_equal(km_time_day(KM_TIME_DAY_US), 1);
	assert_int_equal(km_time_day(-1), -1);
	assert_int_equal(km_time_day(-KM_TIME_DAY_US), -1);
	assert_int_equal(km_time_day(-KM_TIME_DAY_US - 1), -2);
	assert_int_equal(km_time_day(INT64_MIN), -106751992);
	assert_int_equal(km_time_day(INT64_MAX), 106751991);
}

static void test_span(void **state)
{
	static const struct {
		struct km_bytes text;
		int err;
		int64_t us;
	} rows[] = {
		{ KM_BYTES("0s"), 0, 0 },
		{ KM_BYTES("7us"), 0, 7 },
		{ KM_BYTES("7ms"), 0, 7000 },
		{ KM_BYTES("7s"), 0, 7000000 },
		{ KM_BYTES("7min"), 0, INT64_C(420000000) },
		{ KM_BYTES("2h"), 0, INT64_C(7200000000) },
		{ KM_BYTES("30d"), 0, INT64_C(2592000000000) },
		{ KM_BYTES("1w"), 0, INT64_C(604800000000) },
		{ KM_BYTES("9223372036854775807us"), 0, INT64_MAX },
		{ KM_BYTES("9223372036854775807ms"), KM_ERR_RANGE, 0 },
		{ KM_BYTES("9223372036854775808us"), KM_ERR_RANGE, 0 },
		{ KM_BYTES("1.5h"), KM_ERR_FORMAT, 0 },
		{ KM_BYTES("-1h"), KM_ERR_FORMAT, 0 },
		{ KM_BYTES("1"), KM_ERR_FORMAT, 0 },
		{ KM_BYTES("h"), KM_ERR_FORMAT, 0 },
		{ KM_BYTES("1H"), KM_ERR_FORMAT, 0 },
		{ KM_BYTES("1 h"), KM_ERR_FORMAT, 0 },
		{ KM_BYTES("1hh"), KM_ERR_FORMAT, 0 },
		{ KM_BYTES(""), KM_ERR_FORMAT, 0 },
	};

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		int64_t us = 77;

		assert_int_equal(km_time_parse_span(rows[i].text, &us), rows[i].err);
		assert_true(us == (rows[i].err == 0 ? rows[i].us : 77));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_refused),
		cmocka_unit_test(test_default_offset),
		cmocka_unit_test(test_every_day),
		cmocka_unit_test(test_day),
		cmocka_unit_test(test_span),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
