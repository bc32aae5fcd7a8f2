/* sources: guard/weaknesses.c guard/audits.c guard/cameras.c guard/database.c guard/schema.c guard/vault.c judge/weakness_match.c store/weakness_file.c model/facts.c model/states.c model/weakness.c model/makers.c model/known_cases.c model/own_products.c proto/cpe.c proto/version_text.c proto/url.c crypto/aead.c crypto/box.c crypto/random.c crypto/password.c base/bytes.c base/buf.c base/error.c base/uuid.c base/reader.c base/text.c base/time.c */
/* libraries: crypto sodium sqlite3 */
#include "guard/weaknesses.h"

#include "base/time.h"
#include "guard/audits.h"
#include "model/states.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW_US INT64_C(1700000000000000)

static const struct km_uuid camera = { { 1, 2, 3 } };
static const struct km_uuid self;

struct fixture {
	char directory[64];
	char path[96];
	char lists[96];
	struct km_database *database;
};

static void put(struct fixture *fixture, enum km_fact_kind kind, const char *value)
{
	struct km_fact fact = {
		.camera = camera,
		.kind = (uint16_t)kind,
		.source = KM_FROM_ONVIF,
		.is_known = true,
		.observed_unix_us = NOW_US,
	};

	(void)snprintf(fact.value, sizeof(fact.value), "%s", value);
	assert_int_equal(km_audits_put_fact(fixture->database, &fact), 0);
}

static int set_up(void **state)
{
	static struct fixture fixture;

	(void)snprintf(fixture.directory, sizeof(fixture.directory), "/tmp/test-weaknesses-XXXXXX");
	assert_non_null(mkdtemp(fixture.directory));
	(void)snprintf(fixture.path, sizeof(fixture.path), "%s/guard.db", fixture.directory);
	(void)snprintf(
	    fixture.lists, sizeof(fixture.lists), "%s/" KM_WEAKNESS_FILE_NAME, fixture.directory);
	assert_int_equal(km_database_open(fixture.path, true, &fixture.database), 0);
	put(&fixture, KM_FACT_MAKER, "Canon");
	put(&fixture, KM_FACT_MODEL, "VB-H45");
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	km_database_close(fixture->database);
	(void)unlink(fixture->path);
	(void)unlink(fixture->lists);
	return rmdir(fixture->directory);
}

/* Lists with one entry, imported then. */
static void import(struct fixture *fixture, int64_t imported_us)
{
	static const struct km_weakness weakness = {
		.id = "CVE-2020-0001", .source = KM_WEAKNESS_NVD, .published = "2020-01-01"
	};
	const struct km_weakness_file_import import = { .unix_us = imported_us };
	struct km_weakness_file *file = NULL;

	(void)unlink(fixture->lists);
	assert_int_equal(km_weakness_file_make(fixture->lists, NULL, &file), 0);
	assert_int_equal(km_weakness_file_put(file, &weakness), 0);
	assert_int_equal(km_weakness_file_commit(file, &import), 0);
	km_weakness_file_close(file);
}

static int on_fact(void *context, const struct km_fact *fact)
{
	struct km_fact *found = context;

	if (fact->kind == KM_FACT_WEAKNESSES_COMPARED) {
		*found = *fact;
	}
	return 0;
}

/* What is known of the comparison of a camera, or of the recorder's parts, after one more. */
static struct km_fact compare(struct fixture *fixture, const struct km_uuid *of)
{
	struct km_fact found = { 0 };

	if (km_uuid_is_nil(of)) {
		assert_int_equal(
		    km_weaknesses_look_at_parts(fixture->database, fixture->lists, NULL, 0, NOW_US),
		    0);
	} else {
		assert_int_equal(
		    km_weaknesses_look(fixture->database, fixture->lists, of, NOW_US), 0);
	}
	assert_int_equal(km_audits_each_fact(fixture->database, of, 0, on_fact, &found), 0);
	assert_int_equal(found.kind, KM_FACT_WEAKNESSES_COMPARED);
	return found;
}

/* The program's own list alone does not make a05-1 met. [IPA a05-1] */
static void test_nothing_imported(void **state)
{
	struct km_fact fact = compare(*state, &camera);

	assert_false(fact.is_known);
	assert_string_equal(fact.value, "");
	assert_non_null(strstr(fact.detail, "nothing was imported"));
	assert_true(fact.observed_unix_us == NOW_US);
	assert_false(compare(*state, &self).is_known);
}

/* To compare again does not make old lists new. [IPA a05-1] */
static void test_as_old_as_the_import(void **state)
{
	const int64_t imported_us = NOW_US - 40 * KM_TIME_DAY_US;
	struct km_fact fact;

	import(*state, imported_us);
	fact = compare(*state, &camera);
	assert_true(fact.is_known);
	assert_string_equal(fact.value, "known, nvd 2020-01-01");
	assert_true(fact.observed_unix_us == imported_us);
	assert_true(compare(*state, &self).observed_unix_us == imported_us);
}

/* An import while the clock was ahead does not count for longer. [IPA a05-1] */
static void test_import_from_the_future(void **state)
{
	import(*state, NOW_US + 40 * KM_TIME_DAY_US);
	assert_true(compare(*state, &camera).observed_unix_us == NOW_US);
}

static void test_not_identified(void **state)
{
	struct fixture *fixture = *state;
	struct km_fact fact;

	import(fixture, NOW_US);
	put(fixture, KM_FACT_MODEL, "");
	fact = compare(fixture, &camera);
	assert_false(fact.is_known);
	assert_string_equal(fact.detail, "its model is not known");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_imported, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_as_old_as_the_import, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_import_from_the_future, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_not_identified, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
