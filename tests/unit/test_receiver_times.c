/* sources: receiver/retry.c receiver/label_clock.c receiver/decode_time.c */
#include "base/compiler.h"
#include "base/time.h"
#include "receiver/decode_time.h"
#include "receiver/label_clock.h"
#include "receiver/retry.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void retry_backs_off(void **state)
{
	static const int64_t seconds[] = { 0, 1, 2, 4, 8, 16, 32, 32, 32 };
	struct km_retry retry = { 0 };

	(void)state;
	for (size_t i = 0; i < KM_COUNT(seconds); i++) {
		assert_int_equal(km_retry_delay_us(&retry, KM_TIME_SECOND_US, false, 0),
		    seconds[i] * KM_TIME_SECOND_US);
	}
	km_retry_note_good(&retry);
	assert_int_equal(km_retry_delay_us(&retry, KM_TIME_SECOND_US, false, 0), 0);
}

static void retry_has_jitter(void **state)
{
	(void)state;
	for (uint32_t random = 0; random < 5000; random += 7) {
		struct km_retry retry = { .failures = 3 };
		int64_t delay_us = km_retry_delay_us(&retry, KM_TIME_SECOND_US, false, random);

		assert_in_range(delay_us, 4 * KM_TIME_SECOND_US, 48 * KM_TIME_SECOND_US / 10);
	}
}

/* A camera's own lock-out against guessing must not hit the recorder. */
static void retry_after_refusal_is_slow(void **state)
{
	struct km_retry retry = { 0 };

	(void)state;
	assert_int_equal(
	    km_retry_delay_us(&retry, KM_TIME_SECOND_US, true, 0), 60 * KM_TIME_SECOND_US);
	assert_int_equal(
	    km_retry_delay_us(&retry, KM_TIME_SECOND_US, true, 0), 300 * KM_TIME_SECOND_US);
	assert_int_equal(
	    km_retry_delay_us(&retry, KM_TIME_SECOND_US, true, 0), 300 * KM_TIME_SECOND_US);
}

static void label_takes_the_least_delayed(void **state)
{
	struct km_label_clock clock = { 0 };
	const int64_t start_us = INT64_C(1700000000000000);

	(void)state;
	km_label_clock_begin(&clock, 200000);
	km_label_clock_observe(&clock, 0, start_us + 90000);
	assert_int_equal(km_label_clock_at(&clock, 0), start_us + 90000);
	km_label_clock_observe(&clock, 66000, start_us + 66000 + 2000);
	assert_int_equal(km_label_clock_at(&clock, 0), start_us + 2000);
	km_label_clock_observe(&clock, 133000, start_us + 133000 + 50000);
	assert_int_equal(km_label_clock_at(&clock, 133000), start_us + 133000 + 2000);
}

/* Arrivals on the tick are up to 200 ms late: that must not move the labels. */
static void label_ignores_the_tick(void **state)
{
	struct km_label_clock clock = { 0 };

	(void)state;
	km_label_clock_begin(&clock, 200000);
	km_label_clock_observe(&clock, 0, 1000);
	for (int64_t media_us = 0; media_us < 120 * KM_TIME_SECOND_US; media_us += 66000) {
		int64_t arrival_us = (media_us / 200000 + 1) * 200000 + 1000;

		km_label_clock_observe(
		    &clock, media_us, media_us < 3000000 ? media_us + 1000 : arrival_us);
	}
	assert_int_equal(km_label_clock_at(&clock, 0), 1000);
}

/* A camera whose crystal is 100 ppm fast or slow is followed within the tick, by 500 ppm at most.
 */
static void label_follows_drift(void **state)
{
	static const int64_t ppms[] = { 100, -100 };

	(void)state;
	for (size_t i = 0; i < KM_COUNT(ppms); i++) {
		struct km_label_clock clock = { 0 };
		int64_t label_us = 0;
		int64_t last_us = 0;
		int64_t truth_us = 0;

		km_label_clock_begin(&clock, 200000);
		for (int64_t media_us = 0; media_us < 2 * KM_TIME_HOUR_US; media_us += 500000) {
			truth_us = media_us + media_us / 1000000 * ppms[i];
			km_label_clock_observe(&clock, media_us, truth_us);
			label_us = km_label_clock_at(&clock, media_us);
			if (media_us > 0) {
				assert_in_range(label_us - last_us, 500000 - 251, 500000 + 251);
			}
			last_us = label_us;
		}
		assert_true(label_us - truth_us < 210000 && truth_us - label_us < 210000);
	}
}

static void check_decode(const int64_t *presentation, size_t count, unsigned depth)
{
	struct km_decode_time time = { 0 };
	int64_t last = INT64_MIN;

	for (size_t i = 0; i < count; i++) {
		int64_t decoding = km_decode_time_push(&time, presentation[i]);

		assert_true(decoding > last);
		last = decoding;
	}
	assert_int_equal(time.depth, depth);
}

static void decode_time_learns_the_depth(void **state)
{
	static const int64_t plain[] = { 0, 6000, 12000, 18000 };
	static const int64_t one[] = { 0, 12000, 6000, 24000, 18000, 36000, 30000 };
	static const int64_t pyramid[] = { 0, 24000, 12000, 6000, 18000, 48000, 36000, 30000, 42000,
		72000, 60000, 54000, 66000 };

	(void)state;
	check_decode(plain, KM_COUNT(plain), 0);
	check_decode(one, KM_COUNT(one), 1);
	check_decode(pyramid, KM_COUNT(pyramid), 2);
}

/* Once the depth is known, nothing is decoded after it shows. */
static void decode_time_is_before_presentation(void **state)
{
	struct km_decode_time time = { .depth = 1 };

	(void)state;
	km_decode_time_begin(&time);
	assert_int_equal(km_decode_time_push(&time, 0), 0);
	for (int64_t gop = 0; gop < 100; gop++) {
		static const int64_t order[] = { 2, 1 };

		for (size_t i = 0; i < KM_COUNT(order); i++) {
			int64_t presentation = (gop * 2 + order[i]) * 3000;

			assert_true(km_decode_time_push(&time, presentation) <= presentation);
		}
	}
	assert_int_equal(time.depth, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(retry_backs_off),
		cmocka_unit_test(retry_has_jitter),
		cmocka_unit_test(retry_after_refusal_is_slow),
		cmocka_unit_test(label_takes_the_least_delayed),
		cmocka_unit_test(label_ignores_the_tick),
		cmocka_unit_test(label_follows_drift),
		cmocka_unit_test(decode_time_learns_the_depth),
		cmocka_unit_test(decode_time_is_before_presentation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
