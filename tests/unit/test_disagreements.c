/* sources: judge/disagreements.c model/fact_words.c model/facts.c model/requirements.c model/states.c base/bytes.c base/error.c base/uuid.c base/reader.c base/text.c base/buf.c */
/* libraries: */
/*
 * Which spellings of two sources mean the same, and which are a contradiction.
 */
#include "judge/disagreements.h"

#include "model/states.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static const struct {
	enum km_fact_kind kind;
	const char *said;
	const char *seen;
	bool is_same;
} pairs[] = {
	{ KM_FACT_FIRMWARE, "V5.4.0 build 160530", "V5.4.0", true },
	{ KM_FACT_FIRMWARE, "V5.4.0build 160530", "V5.4.0", true },
	{ KM_FACT_FIRMWARE, "V5.4.0build 160530", "5.4.0 Build 160530", true },
	{ KM_FACT_FIRMWARE, "V5.4.0build 160530", "V5.4.0 build 160531", false },
	{ KM_FACT_FIRMWARE, "V5.4.0build 160530", "V5.4", true },
	{ KM_FACT_FIRMWARE, "V5.4.01build 160530", "V5.4.0", false },
	{ KM_FACT_FIRMWARE, "1.2b", "1.2", false },
	{ KM_FACT_MODEL, "P12V", "P12", false },
	{ KM_FACT_MODEL, "build", "Build", true },
};

static void test_spellings(void **state)
{
	static struct km_disagreement list[KM_DISAGREEMENTS_MAX];
	const struct km_uuid camera = { .bytes = { 1 } };

	(void)state;
	for (size_t i = 0; i < KM_COUNT(pairs); i++) {
		struct km_fact facts[] = {
			{ .kind = pairs[i].kind, .source = KM_FROM_ONVIF, .is_known = true },
			{ .kind = pairs[i].kind, .source = KM_FROM_PROBE, .is_known = true },
		};

		(void)snprintf(facts[0].value, sizeof(facts[0].value), "%s", pairs[i].said);
		(void)snprintf(facts[1].value, sizeof(facts[1].value), "%s", pairs[i].seen);
		if (km_disagreements_find(&camera, facts, KM_COUNT(facts), list) !=
		    (pairs[i].is_same ? 0 : 1)) {
			fail_msg("%s and %s", pairs[i].said, pairs[i].seen);
		}
	}
}

/* The longest value has room for the space. */
static void test_the_longest(void **state)
{
	static struct km_disagreement list[KM_DISAGREEMENTS_MAX];
	const struct km_uuid camera = { .bytes = { 1 } };
	struct km_fact facts[] = {
		{ .kind = KM_FACT_FIRMWARE, .source = KM_FROM_ONVIF, .is_known = true },
		{ .kind = KM_FACT_FIRMWARE, .source = KM_FROM_PROBE, .is_known = true },
	};

	(void)state;
	(void)snprintf(facts[0].value, sizeof(facts[0].value), "1build %0504d", 7);
	(void)snprintf(facts[1].value, sizeof(facts[1].value), "1build %0504d", 8);
	assert_int_equal(km_disagreements_find(&camera, facts, KM_COUNT(facts), list), 1);
	assert_int_equal(km_disagreements_find(&camera, facts, 1, list), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_the_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
