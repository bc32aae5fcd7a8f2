/* sources: guard/notice_plan.c */
#include "guard/notice_plan.h"

#include "model/states.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)
#define NOW    INT64_C(1795000000000000)

static const struct km_notice_plan_limits limits = {
	.singles = 3,
	.span_us = 600 * SECOND,
	.retry_us = 5 * SECOND,
	.retry_max_us = 900 * SECOND,
	.keep_us = 86400 * SECOND,
};

static size_t next(unsigned kind, size_t waiting, size_t sent, int64_t oldest_us, int64_t *from_us)
{
	const struct km_notice_plan_queue queue = {
		.kind = (uint8_t)kind, .waiting = waiting, .sent = sent, .oldest_sent_us = oldest_us
	};

	return km_notice_plan_next(&limits, &queue, NOW, from_us);
}

static void test_digest(void **state)
{
	int64_t from_us = 0;

	(void)state;
	assert_int_equal(next(KM_DESTINATION_MAIL, 1, 0, 0, &from_us), 1);
	assert_int_equal(next(KM_DESTINATION_MAIL, 3, 0, 0, &from_us), 1);
	/* More than may go one by one: all together. */
	assert_int_equal(next(KM_DESTINATION_MAIL, 4, 0, 0, &from_us), 4);
	assert_int_equal(next(KM_DESTINATION_MAIL, 500, 0, 0, &from_us), KM_NOTICE_PLAN_DIGEST_MAX);
	/* The last that may go takes all. */
	assert_int_equal(next(KM_DESTINATION_MAIL, 2, 2, NOW - SECOND, &from_us), 2);
	/* Enough were sent: wait until the first of them is long ago. */
	assert_int_equal(next(KM_DESTINATION_MAIL, 9, 3, NOW - 100 * SECOND, &from_us), 0);
	assert_int_equal(from_us, NOW + 500 * SECOND);
	assert_int_equal(next(KM_DESTINATION_MAIL, 9, 3, NOW - 600 * SECOND, &from_us), 9);
	/* The clock was set back: never longer than the span. */
	assert_int_equal(next(KM_DESTINATION_MAIL, 9, 3, NOW + 86400 * SECOND, &from_us), 9);
}

static void test_machines(void **state)
{
	int64_t from_us = 0;

	(void)state;
	assert_int_equal(next(KM_DESTINATION_WEBHOOK, 50, 50, NOW, &from_us), 1);
	assert_int_equal(next(KM_DESTINATION_MQTT, 50, 50, NOW, &from_us), 1);
	assert_int_equal(next(KM_DESTINATION_SYSLOG, 50, 50, NOW, &from_us), 50);
	assert_int_equal(
	    next(KM_DESTINATION_SYSLOG, 101, 0, NOW, &from_us), KM_NOTICE_PLAN_DIGEST_MAX);
}

static void test_back_off(void **state)
{
	static const int64_t delays[] = { 5, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900 };

	(void)state;
	for (unsigned tries = 0; tries < sizeof(delays) / sizeof(delays[0]); tries++) {
		int64_t least_us = delays[tries] * SECOND;

		assert_int_equal(km_notice_plan_delay_us(&limits, tries, 0), least_us);
		for (uint32_t random = 0; random < 100000; random += 777) {
			int64_t delay_us = km_notice_plan_delay_us(&limits, tries, random);

			assert_true(delay_us >= least_us && delay_us <= least_us + least_us / 5);
		}
	}
	assert_true(km_notice_plan_delay_us(&limits, UINT32_MAX, UINT32_MAX) <= 1080 * SECOND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_machines),
		cmocka_unit_test(test_back_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
