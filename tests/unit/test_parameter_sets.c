/* sources: base/error.c base/bytes.c proto/parameter_sets.c */
/*
 * The store of parameter sets: order, replacement, limits.
 */
#include "proto/parameter_sets.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void expect(
    const struct km_parameter_sets *sets, uint8_t type, size_t index, struct km_bytes nal)
{
	struct km_bytes nals[KM_PARAMETER_SETS_MAX];

	assert_true(km_parameter_sets_list(sets, type, nals) > index);
	assert_true(km_bytes_is_equal(nals[index], nal));
}

static void test_put(void **state)
{
	struct km_parameter_sets sets = { 0 };
	struct km_parameter_sets other = { 0 };
	struct km_bytes nals[KM_PARAMETER_SETS_MAX];

	(void)state;
	assert_int_equal(km_parameter_sets_put(&sets, 8, 1, KM_BYTES("pps one")), 1);
	assert_int_equal(km_parameter_sets_put(&sets, 7, 0, KM_BYTES("sps")), 1);
	assert_int_equal(km_parameter_sets_put(&sets, 8, 0, KM_BYTES("pps zero")), 1);
	assert_int_equal(km_parameter_sets_put(&sets, 7, 0, KM_BYTES("sps")), 0);
	assert_int_equal(km_parameter_sets_list(&sets, 8, nals), 2);
	assert_int_equal(km_parameter_sets_list(&sets, 9, nals), 0);
	expect(&sets, 7, 0, KM_BYTES("sps"));
	expect(&sets, 8, 0, KM_BYTES("pps zero"));
	expect(&sets, 8, 1, KM_BYTES("pps one"));
	assert_int_equal(km_parameter_sets_put(&sets, 7, 0, KM_BYTES("longer sps")), 1);
	expect(&sets, 7, 0, KM_BYTES("longer sps"));
	expect(&sets, 8, 1, KM_BYTES("pps one"));
	assert_int_equal(km_parameter_sets_put(&sets, 8, 0, KM_BYTES("")), 1);
	expect(&sets, 8, 0, KM_BYTES(""));
	expect(&sets, 8, 1, KM_BYTES("pps one"));
	assert_false(km_parameter_sets_is_equal(&sets, &other));
	assert_int_equal(km_parameter_sets_merge(&other, &sets), 0);
	assert_true(km_parameter_sets_is_equal(&sets, &other));
}

static void test_limits(void **state)
{
	static const uint8_t large[KM_PARAMETER_SETS_BYTES_MAX + 1] = { 1 };
	struct km_parameter_sets sets = { 0 };
	struct km_parameter_sets before;

	(void)state;
	assert_int_equal(km_parameter_sets_put(&sets, 7, 0, KM_BYTES_OF(large)), KM_ERR_LIMIT);
	assert_int_equal(
	    km_parameter_sets_put(&sets, 7, 0, km_bytes_from(large, sizeof(large) - 1)), 1);
	before = sets;
	assert_int_equal(km_parameter_sets_put(&sets, 8, 0, KM_BYTES("x")), KM_ERR_LIMIT);
	assert_true(km_parameter_sets_is_equal(&sets, &before));
	assert_int_equal(km_parameter_sets_put(&sets, 7, 0, KM_BYTES("small")), 1);
	for (uint8_t id = 1; id < KM_PARAMETER_SETS_MAX; id++) {
		assert_int_equal(km_parameter_sets_put(&sets, 8, id, KM_BYTES("y")), 1);
	}
	assert_int_equal(km_parameter_sets_put(&sets, 8, 9, KM_BYTES("z")), KM_ERR_LIMIT);
	assert_int_equal(km_parameter_sets_put(&sets, 8, 3, KM_BYTES("z")), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
