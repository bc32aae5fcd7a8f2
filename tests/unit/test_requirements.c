/* sources: model/requirements.c base/bytes.c base/error.c */
/* libraries: */
#include "model/requirements.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_table(void **state)
{
	unsigned of_section[9] = { 0 };
	static const unsigned expected[9] = { 27, 11, 5, 6, 5, 3, 8, 1, 1 };

	(void)state;
	assert_int_equal(KM_REQUIREMENTS, 67);
	assert_int_equal(KM_REQUIREMENTS_ALL - KM_REQUIREMENTS, 16);
	assert_null(km_requirements_get(KM_REQUIREMENTS_ALL));
	for (unsigned i = 0; i < KM_REQUIREMENTS_ALL; i++) {
		const struct km_requirement *row = km_requirements_get(i);

		assert_int_equal(row->name, i);
		assert_ptr_equal(km_requirements_find(km_bytes_text(row->id)), row);
		assert_int_equal(row->is_audit_point, i >= KM_REQUIREMENTS);
		assert_true(row->section >= 'a' && row->section <= 'i');
		assert_true(row->kinds != 0 && row->fresh_days >= 1);
		assert_true(strlen(row->title_en) < 48 && strlen(row->title_ja) < 96);
		assert_true(strlen(row->question_en) < 256 && strlen(row->question_ja) < 256);
		if (!row->is_audit_point) {
			of_section[row->section - 'a']++;
			assert_int_equal(row->id[0], row->section);
			assert_true(strlen(row->id) == 5 && isdigit((unsigned char)row->id[1]));
			assert_true(row->per != 0);
		}
	}
	assert_memory_equal(of_section, expected, sizeof(expected));
	assert_null(km_requirements_find(km_bytes_text("a01")));
}

/* What an audit point leans on is there, and applies whenever the point does. */
static void test_points(void **state)
{
	(void)state;
	for (unsigned i = KM_REQUIREMENTS; i < KM_REQUIREMENTS_ALL; i++) {
		const struct km_requirement *point = km_requirements_get(i);
		struct km_bytes rest = km_bytes_text(point->leans_on);

		assert_true(rest.size > 0 || (point->kinds & KM_ANSWER_ATTESTED) != 0);
		while (rest.size > 0) {
			assert_non_null(km_requirements_find(km_bytes_split(&rest, ' ')));
		}
	}
}

static void test_profile(void **state)
{
	const struct km_requirement *wireless = km_requirements_get(KM_REQUIREMENT_E01_1);
	char text[KM_PROFILE_TEXT_SIZE];
	uint32_t profile = 9;
	uint32_t again = 0;

	(void)state;
	assert_int_equal(km_requirements_parse_profile(km_bytes_text(" none "), &profile), 0);
	assert_int_equal(profile, 0);
	assert_false(km_requirements_applies(wireless, profile));
	assert_true(km_requirements_applies(km_requirements_get(KM_REQUIREMENT_A01_1), profile));
	assert_int_equal(
	    km_requirements_parse_profile(km_bytes_text("wireless, availability"), &profile), 0);
	assert_true(km_requirements_applies(wireless, profile));
	km_requirements_write_profile(profile, text);
	assert_string_equal(text, "wireless,availability");
	assert_int_equal(
	    km_requirements_parse_profile(km_bytes_text("moon"), &profile), KM_ERR_NOT_FOUND);
	km_requirements_write_profile(UINT32_MAX, text);
	assert_int_equal(km_requirements_parse_profile(km_bytes_text(text), &again), 0);
	for (size_t i = 0; km_requirements_profile(i) != NULL; i++) {
		assert_true((again & 1U << km_requirements_profile(i)->part) != 0);
	}
}

static void test_words(void **state)
{
	char kinds[6];

	(void)state;
	km_requirements_write_kinds(KM_ANSWER_ENFORCED | KM_ANSWER_ATTESTED, kinds);
	assert_string_equal(kinds, "EA");
	km_requirements_write_kinds(31, kinds);
	assert_string_equal(kinds, "ESPDA");
	assert_string_equal(km_requirements_section('i', true), "廃棄");
	assert_string_equal(km_requirements_section('j', false), "");
	assert_string_equal(km_requirements_section('A', false), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_points),
		cmocka_unit_test(test_profile),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
