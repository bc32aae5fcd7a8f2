/* sources: auditor/xml_duration.c base/bytes.c base/error.c */
#include "auditor/xml_duration.h"

#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void test_durations(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} rows[] = { { "PT30S", 30 }, { "PT1M30S", 90 }, { "PT2H", 7200 }, { "PT1H1M1S", 3661 },
		{ "PT1.75S", 1 }, { "PT0S", 0 }, { "PT100000H", 360000000 } };

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		assert_int_equal(km_xml_duration_parse(km_bytes_text(rows[i].text)),
		    rows[i].seconds * KM_TIME_SECOND_US);
	}
}

static void test_what_is_none(void **state)
{
	static const char *const texts[] = { "", "PT", "P1D", "P1DT1H", "30", "PT30", "PTS",
		"PT-1S", "PT1S1M", "PT1S1S", "PT1X", "PT100001S", "PT99999999999H" };

	(void)state;
	for (size_t i = 0; i < KM_COUNT(texts); i++) {
		assert_int_equal(km_xml_duration_parse(km_bytes_text(texts[i])), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
