/* sources: guard/statements.c guard/database.c guard/schema.c model/requirements.c model/states.c base/bytes.c base/buf.c base/error.c base/uuid.c base/reader.c base/text.c base/time.c */
/* libraries: sqlite3 */
#include "base/time.h"
#include "guard/statements.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NOW_US INT64_C(1700000000000000)

static const struct km_uuid door = { { 1, 2, 3 } };

struct fixture {
	char directory[64];
	char path[96];
	struct km_database *database;
};

static int set_up(void **state)
{
	static struct fixture fixture;

	(void)snprintf(fixture.directory, sizeof(fixture.directory), "/tmp/test-statements-XXXXXX");
	assert_non_null(mkdtemp(fixture.directory));
	(void)snprintf(fixture.path, sizeof(fixture.path), "%s/guard.db", fixture.directory);
	assert_int_equal(km_database_open(fixture.path, true, &fixture.database), 0);
	assert_int_equal(
	    km_database_run(fixture.database,
		"INSERT INTO camera (id, name, url, user, transport, allows_basic, retain_us,"
		" retain_bytes, is_enabled, created_us) VALUES (?1, 'door', '', '', 0, 0, 0, 0, 1, "
		"0)",
		KM_VALUES(KM_UUID_DATA(&door)), NULL, NULL),
	    0);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	km_database_close(fixture->database);
	(void)unlink(fixture->path);
	return rmdir(fixture->directory);
}

static int attest(struct fixture *fixture, const char *requirement, const struct km_uuid *camera,
    const char *document, int64_t until_us, struct km_message_attestation *ret_made)
{
	struct km_message_attest wish = { .until_unix_us = until_us };
	const char *right = NULL;
	int err = 0;

	(void)snprintf(wish.requirement, sizeof(wish.requirement), "%s", requirement);
	(void)snprintf(wish.document, sizeof(wish.document), "%s", document);
	if (camera != NULL) {
		wish.camera = *camera;
	}
	err = km_statements_attest(fixture->database, &wish, "kato", NOW_US, ret_made, &right);
	assert_int_equal(err < 0, right != NULL);
	return err;
}

static void test_attest(void **state)
{
	struct fixture *fixture = *state;
	struct km_message_attestation made = { 0 };
	const struct km_uuid nobody = { { 9 } };

	assert_int_equal(attest(fixture, "a01-1", NULL, "plan 7", 0, &made), 0);
	assert_string_equal(made.by, "kato");
	assert_int_equal(made.state, KM_ANSWER_MET);
	assert_int_equal(made.until_unix_us, NOW_US + 365 * KM_TIME_DAY_US);
	assert_int_equal(attest(fixture, "c01-2", &door, "IK10", NOW_US + 1, &made), 0);
	assert_string_equal(made.camera_name, "door");
	assert_int_equal(attest(fixture, "qa-1", NULL, "rules.pdf", 0, &made), 0);

	assert_int_equal(attest(fixture, "a99-9", NULL, "x", 0, &made), KM_ERR_NOT_FOUND);
	assert_int_equal(attest(fixture, "a12-2", NULL, "x", 0, &made), KM_ERR_UNSUPPORTED);
	assert_int_equal(attest(fixture, "a01-1", NULL, "", 0, &made), KM_ERR_FORMAT);
	assert_int_equal(attest(fixture, "a01-1", &door, "x", 0, &made), KM_ERR_FORMAT);
	assert_int_equal(attest(fixture, "c01-2", &nobody, "x", 0, &made), KM_ERR_NOT_FOUND);
	assert_int_equal(attest(fixture, "a01-1", NULL, "x", NOW_US, &made), KM_ERR_RANGE);
	assert_int_equal(attest(fixture, "a01-1", NULL, "x", INT64_MAX, &made), KM_ERR_RANGE);
}

static void test_withdraw(void **state)
{
	struct fixture *fixture = *state;
	struct km_message_attestation made = { 0 };
	struct km_statements all = { 0 };

	assert_int_equal(attest(fixture, "a01-1", NULL, "plan 7", 0, &made), 0);
	assert_int_equal(km_statements_read(fixture->database, &all), 0);
	assert_int_equal(all.attestation_count, 1);
	assert_int_equal(all.attestations[0].requirement, KM_REQUIREMENT_A01_1);
	km_statements_finish(&all);
	assert_int_equal(km_statements_withdraw_attestation(
			     fixture->database, made.number, "sato", NOW_US + 5, &made),
	    0);
	assert_string_equal(made.withdrawn_by, "sato");
	assert_int_equal(km_statements_withdraw_attestation(
			     fixture->database, made.number, "sato", NOW_US + 6, &made),
	    KM_ERR_STATE);
	assert_int_equal(
	    km_statements_withdraw_attestation(fixture->database, 99, "sato", NOW_US, &made),
	    KM_ERR_NOT_FOUND);
	assert_int_equal(km_statements_read(fixture->database, &all), 0);
	assert_int_equal(all.attestation_count, 0);
	km_statements_finish(&all);
}

static void test_waive(void **state)
{
	struct fixture *fixture = *state;
	struct km_message_waive wish = { .requirement = "a12-2", .until_unix_us = NOW_US + 9 };
	struct km_message_waiver made = { 0 };
	struct km_statements all = { 0 };
	const char *right = NULL;

	assert_int_equal(
	    km_statements_waive(fixture->database, &wish, "kato", NOW_US, &made, &right),
	    KM_ERR_FORMAT);
	assert_non_null(strstr(right, "reason"));
	(void)snprintf(wish.reason, sizeof(wish.reason), "until May");
	assert_int_equal(
	    km_statements_waive(fixture->database, &wish, "kato", NOW_US, &made, &right), 0);
	assert_string_equal(made.reason, "until May");
	wish.until_unix_us = 0;
	assert_int_equal(
	    km_statements_waive(fixture->database, &wish, "kato", NOW_US, &made, &right),
	    KM_ERR_RANGE);
	assert_int_equal(km_statements_read(fixture->database, &all), 0);
	assert_int_equal(all.waiver_count, 1);
	km_statements_finish(&all);
	assert_int_equal(km_statements_withdraw_waiver(
			     fixture->database, made.number, "sato", NOW_US + 1, &made),
	    0);
	assert_int_equal(km_statements_withdraw_waiver(
			     fixture->database, made.number, "sato", NOW_US + 1, &made),
	    KM_ERR_STATE);
}

static void test_profile(void **state)
{
	struct fixture *fixture = *state;
	struct km_message_profile profile = { 0 };

	assert_int_equal(km_statements_profile(fixture->database, &profile), 0);
	assert_false(profile.is_set);
	assert_int_equal(km_statements_set_profile(
			     fixture->database, "wireless, availability", "kato", NOW_US, &profile),
	    0);
	assert_string_equal(profile.parts, "wireless,availability");
	assert_int_equal(
	    km_statements_set_profile(fixture->database, "moon", "kato", NOW_US, &profile),
	    KM_ERR_NOT_FOUND);
	assert_int_equal(
	    km_statements_set_profile(fixture->database, "none", "sato", NOW_US + 1, &profile), 0);
	assert_true(profile.is_set);
	assert_string_equal(profile.parts, "");
	assert_string_equal(profile.by, "sato");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_attest, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_withdraw, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_waive, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_profile, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
