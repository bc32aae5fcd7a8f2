/* sources: model/facts.c model/states.c base/bytes.c base/error.c base/uuid.c base/reader.c base/text.c base/buf.c */
/* libraries: */
#include "model/facts.h"
#include "model/states.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct km_fact fact_of(enum km_fact_kind kind, const char *value)
{
	struct km_fact fact = { .kind = (uint16_t)kind, .source = KM_FROM_PROBE, .is_known = true };

	(void)snprintf(fact.value, sizeof(fact.value), "%s", value);
	return fact;
}

static int check(enum km_fact_kind kind, const char *value)
{
	struct km_fact fact = fact_of(kind, value);

	return km_facts_check(&fact);
}

static void test_names(void **state)
{
	enum km_fact_kind kind = KM_FACT_MAKER;

	(void)state;
	assert_string_equal(km_facts_name(KM_FACT_PORT_OPEN), "port_open");
	assert_string_equal(km_facts_name(9999), "unknown");
	assert_int_equal(km_facts_find(km_bytes_text("tls_suite"), &kind), 0);
	assert_int_equal(kind, KM_FACT_TLS_SUITE);
	assert_int_equal(km_facts_find(km_bytes_text("tls"), &kind), KM_ERR_NOT_FOUND);
}

static void test_values_fit_their_shape(void **state)
{
	(void)state;
	assert_int_equal(check(KM_FACT_HTTPS, "yes"), 0);
	assert_int_equal(check(KM_FACT_HTTPS, "maybe"), KM_ERR_FORMAT);
	assert_int_equal(check(KM_FACT_HTTPS, ""), KM_ERR_FORMAT);
	assert_int_equal(check(KM_FACT_CLOCK_OFFSET, "-1250"), 0);
	assert_int_equal(check(KM_FACT_CLOCK_OFFSET, "1.5"), KM_ERR_FORMAT);
	assert_int_equal(check(KM_FACT_FILTER_KIND, "allow"), 0);
	assert_int_equal(check(KM_FACT_FILTER_KIND, "allo"), KM_ERR_FORMAT);
	assert_int_equal(check(KM_FACT_ACCOUNT, "administrator"), 0);
	assert_int_equal(check(KM_FACT_ACCOUNT, "level"), KM_ERR_FORMAT);
	assert_int_equal(check(KM_FACT_TLS_SUITE, "weak"), 0);
	assert_int_equal(check((enum km_fact_kind)9999, "yes"), KM_ERR_NOT_FOUND);
}

static void test_what_is_not_known_has_no_value(void **state)
{
	struct km_fact fact = fact_of(KM_FACT_HTTPS, "");
	int64_t number = 7;

	(void)state;
	fact.is_known = false;
	assert_int_equal(km_facts_check(&fact), 0);
	assert_false(km_facts_is_yes(&fact));
	assert_false(km_facts_is_no(&fact));
	assert_int_equal(km_facts_number(&fact, &number), KM_ERR_STATE);
	assert_int_equal(number, 7);
	(void)snprintf(fact.value, sizeof(fact.value), "yes");
	assert_int_equal(km_facts_check(&fact), KM_ERR_FORMAT);
}

static void test_sources_and_ends_are_checked(void **state)
{
	struct km_fact fact = fact_of(KM_FACT_MAKER, "Example");

	(void)state;
	fact.source = 77;
	assert_int_equal(km_facts_check(&fact), KM_ERR_FORMAT);
	fact.source = KM_FROM_ONVIF;
	assert_int_equal(km_facts_check(&fact), 0);
	memset(fact.subject, 'a', sizeof(fact.subject));
	assert_int_equal(km_facts_check(&fact), KM_ERR_FORMAT);
}

static void test_texts_are_clean(void **state)
{
	struct km_fact fact = fact_of(KM_FACT_BANNER, "Boa/0.94");

	(void)state;
	(void)snprintf(fact.subject, sizeof(fact.subject), "tcp/80");
	(void)snprintf(fact.detail, sizeof(fact.detail), "正面玄関");
	assert_int_equal(km_facts_check(&fact), 0);
	(void)snprintf(fact.detail, sizeof(fact.detail), "\x1b[2J");
	assert_int_equal(km_facts_check(&fact), KM_ERR_FORMAT);
	(void)snprintf(fact.detail, sizeof(fact.detail), "\xff");
	assert_int_equal(km_facts_check(&fact), KM_ERR_FORMAT);
	fact.detail[0] = '\0';
	(void)snprintf(fact.subject, sizeof(fact.subject), "tcp\n80");
	assert_int_equal(km_facts_check(&fact), KM_ERR_FORMAT);
	fact.subject[0] = '\0';
	assert_int_equal(check(KM_FACT_BANNER, "a\x7f"), KM_ERR_FORMAT);
	fact.is_known = false;
	fact.value[0] = '\0';
	(void)snprintf(fact.detail, sizeof(fact.detail), "\r");
	assert_int_equal(km_facts_check(&fact), KM_ERR_FORMAT);
}

static void test_cameras_do_not_say_what_others_know(void **state)
{
	static const enum km_fact_kind others[] = { KM_FACT_SUPPORT_END, KM_FACT_BOUGHT,
		KM_FACT_JC_STAR, KM_FACT_VULNERABILITY, KM_FACT_WEAKNESSES_COMPARED,
		KM_FACT_FRAMES_LOST, KM_FACT_VIDEO_TLS, KM_FACT_SELF_HTTPS_ONLY,
		KM_FACT_SELF_CAMERA_TRUST };

	(void)state;
	for (size_t i = 0; i < KM_COUNT(others); i++) {
		assert_false(km_facts_is_from_camera(others[i]));
	}
	assert_true(km_facts_is_from_camera(KM_FACT_MAKER));
	assert_true(km_facts_is_from_camera(KM_FACT_PORT_OPEN));
	assert_false(km_facts_is_from_camera(9999));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_values_fit_their_shape),
		cmocka_unit_test(test_what_is_not_known_has_no_value),
		cmocka_unit_test(test_sources_and_ends_are_checked),
		cmocka_unit_test(test_texts_are_clean),
		cmocka_unit_test(test_cameras_do_not_say_what_others_know),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
