/* sources: base/error.c */
#include "base/error.h"

#include "base/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
	int code;
	const char *name;
	const char *text;
} rows[] = {
#define KM_ERROR(name, number, text) { KM_ERR_##name, #name, text },
#include "base/error.tbl"
#undef KM_ERROR
};

static void test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		assert_true(rows[i].code < 0);
		assert_string_equal(km_error_name(rows[i].code), rows[i].name);
		assert_string_equal(km_error_text(rows[i].code), rows[i].text);
		for (size_t k = 0; k < i; k++) {
			assert_int_not_equal(rows[i].code, rows[k].code);
		}
	}
}

static void test_others(void **state)
{
	static const int codes[] = { 1, -1000, INT32_MIN, INT32_MAX };

	(void)state;
	assert_string_equal(km_error_name(0), "OK");
	assert_string_equal(km_error_text(0), "success");
	for (size_t i = 0; i < KM_COUNT(codes); i++) {
		assert_string_equal(km_error_name(codes[i]), "UNKNOWN");
		assert_string_equal(km_error_text(codes[i]), "unknown error");
	}
}

static void test_fault(void **state)
{
	struct km_fault fault = { 0 };

	(void)state;
	assert_int_equal(km_fault_set(NULL, 1, "a", "b", KM_ERR_SHORT), KM_ERR_SHORT);
	assert_int_equal(
	    km_fault_set(&fault, 7, "RFC 3550 5.1", "text", KM_ERR_RANGE), KM_ERR_RANGE);
	assert_int_equal(fault.offset, 7);
	assert_string_equal(fault.clause, "RFC 3550 5.1");
	assert_string_equal(fault.text, "text");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
