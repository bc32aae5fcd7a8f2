/* sources: base/error.c */
#include "base/checked.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_sizes(void **state)
{
	size_t value = 77;

	(void)state;
	assert_true(km_checked_add_size(SIZE_MAX - 1, 1, &value));
	assert_true(value == SIZE_MAX);
	assert_false(km_checked_add_size(SIZE_MAX, 1, &value));
	assert_true(km_checked_mul_size(SIZE_MAX / 2, 2, &value));
	assert_true(value == SIZE_MAX - 1);
	assert_false(km_checked_mul_size(SIZE_MAX / 2 + 1, 2, &value));
	assert_true(value == SIZE_MAX - 1);
	assert_true(km_checked_mul_size(SIZE_MAX, 0, &value));
	assert_true(value == 0);
}

static void test_signed(void **state)
{
	int64_t value = 77;

	(void)state;
	assert_true(km_checked_add_i64(INT64_MAX, INT64_MIN, &value));
	assert_true(value == -1);
	assert_false(km_checked_add_i64(INT64_MAX, 1, &value));
	assert_false(km_checked_add_i64(INT64_MIN, -1, &value));
	assert_false(km_checked_mul_i64(INT64_MIN, -1, &value));
	assert_false(km_checked_mul_i64(INT64_C(1) << 32, INT64_C(1) << 31, &value));
	assert_true(value == -1);
	assert_true(km_checked_mul_i64(INT64_C(1) << 32, -(INT64_C(1) << 31), &value));
	assert_true(value == INT64_MIN);
}

static void test_scale(void **state)
{
	(void)state;
	assert_true(km_checked_scale_i64(90000, 1000000, 90000) == 1000000);
	assert_true(km_checked_scale_i64(1, 1000000, 90000) == 11);
	assert_true(km_checked_scale_i64(-1, 1000000, 90000) == -11);
	assert_true(km_checked_scale_i64(INT64_MAX, INT64_MAX, INT64_MAX) == INT64_MAX);
	assert_true(km_checked_scale_i64(INT64_MIN, 1000000, 1000000) == INT64_MIN);
	assert_true(km_checked_scale_i64(INT64_MAX, 2, 1) == INT64_MAX);
	assert_true(km_checked_scale_i64(INT64_MIN, 2, 1) == INT64_MIN);
	assert_true(km_checked_scale_i64(INT64_MIN, INT64_MIN, 1) == INT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_signed),
		cmocka_unit_test(test_scale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
