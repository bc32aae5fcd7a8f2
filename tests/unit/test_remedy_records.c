/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/time.c base/uuid.c crypto/aead.c crypto/box.c crypto/digest.c crypto/random.c crypto/password.c io/clock.c model/states.c model/remedies.c guard/database.c guard/schema.c guard/vault.c guard/remedy_records.c ../tests/unit/guard_stage.c */
/* libraries: crypto sodium sqlite3 */
/*
 * A new password is on the disk, sealed, beside the old one, before anything is sent; whatever
 * ends when, both are there until one is known to hold. [IPA a12-3]
 */
#include "base/time.h"
#include "guard/remedy_records.h"
#include "guard_stage.h"
#include "model/remedies.h"
#include "model/states.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW_US GUARD_STAGE_NOW_US

static const struct km_uuid gate = { .bytes = { [15] = 1 } };
static const struct km_uuid yard = { .bytes = { [15] = 2 } };

static int begin(
    struct guard_stage *stage, const struct km_uuid *camera, unsigned kind, int64_t *ret_number)
{
	bool is_password = kind == KM_REMEDY_PASSWORD;
	const struct km_remedy_records_order order = {
		.camera = *camera,
		.kind = kind,
		.by = "anna",
		.plan = "SetUser",
		.user = is_password ? "admin" : "",
		.wanted = is_password ? "the new one" : NULL,
		.earlier = is_password ? "the old one" : NULL,
	};

	return km_remedy_records_begin(stage->database, stage->vault, &order, NOW_US, ret_number);
}

static struct km_remedy_record find(struct guard_stage *stage, int64_t number)
{
	struct km_remedy_record record = { 0 };

	assert_int_equal(km_remedy_records_find(stage->database, number, &record), 0);
	return record;
}

static int set_up(void **state)
{
	int err = guard_stage_set_up(state);

	guard_stage_open_vault(*state);
	return err;
}

static void assert_both_kept(struct guard_stage *stage, int64_t number)
{
	struct km_remedy_record record = find(stage, number);
	char wanted[KM_CAMERA_PASSWORD_SIZE];
	char earlier[KM_CAMERA_PASSWORD_SIZE];

	assert_int_equal(
	    km_remedy_records_passwords(stage->database, stage->vault, &record, wanted, earlier),
	    0);
	assert_string_equal(wanted, "the new one");
	assert_string_equal(earlier, "the old one");
	assert_string_equal(record.user, "admin");
}

static void killed_between_store_and_send(void **state)
{
	struct guard_stage *stage = *state;
	int64_t number = 0;

	assert_int_equal(begin(stage, &gate, KM_REMEDY_PASSWORD, &number), 0);
	guard_stage_reopen(stage);
	assert_both_kept(stage, number);
	assert_int_equal(km_remedy_records_prepare(stage->database, NOW_US + 5), 0);
	assert_int_equal(find(stage, number).state, KM_REMEDY_IS_UNSURE);
	assert_int_equal(find(stage, number).due_us, NOW_US + 5);
	assert_both_kept(stage, number);
	/* Nothing else is begun on this camera meanwhile, on another one it is. */
	assert_int_equal(begin(stage, &gate, KM_REMEDY_REBOOT, &number), KM_ERR_EXISTS);
	assert_int_equal(begin(stage, &yard, KM_REMEDY_REBOOT, &number), 0);
}

static void an_unsure_one_keeps_both_until_it_is_known(void **state)
{
	struct guard_stage *stage = *state;
	int64_t number = 0;

	assert_int_equal(begin(stage, &gate, KM_REMEDY_PASSWORD, &number), 0);
	assert_int_equal(km_remedy_records_end(stage->database, number, KM_REMEDY_IS_UNSURE,
			     "no answer", NOW_US + 60, NOW_US),
	    0);
	guard_stage_reopen(stage);
	assert_int_equal(km_remedy_records_prepare(stage->database, NOW_US + 5), 0);
	assert_both_kept(stage, number);
	assert_int_equal(
	    km_remedy_records_end(stage->database, number, KM_REMEDY_IS_DONE, "", 0, NOW_US + 9),
	    0);
	assert_int_equal(guard_stage_number(stage,
			     "SELECT count(*) FROM remedy WHERE wanted IS NULL AND earlier IS NULL"
			     " AND ended_us > 0"),
	    1);
	assert_int_equal(begin(stage, &gate, KM_REMEDY_PASSWORD, &number), 0);
}

static void no_password_lies_in_the_clear(void **state)
{
	struct guard_stage *stage = *state;
	int64_t number = 0;

	assert_int_equal(begin(stage, &gate, KM_REMEDY_PASSWORD, &number), 0);
	assert_int_equal(guard_stage_number(stage,
			     "SELECT count(*) FROM remedy WHERE instr(wanted, 'the new one') > 0"
			     " OR instr(earlier, 'the old one') > 0"),
	    0);
	/* A box that was moved to another camera, or to the other place, does not open. */
	assert_int_equal(km_database_run(stage->database, "UPDATE remedy SET wanted = earlier",
			     NULL, 0, NULL, NULL),
	    0);
	{
		struct km_remedy_record record = find(stage, number);
		char wanted[KM_CAMERA_PASSWORD_SIZE];
		char earlier[KM_CAMERA_PASSWORD_SIZE];

		assert_int_equal(km_remedy_records_passwords(
				     stage->database, stage->vault, &record, wanted, earlier),
		    KM_ERR_AUTH);
	}
}

static void others_are_over_with_the_recorder(void **state)
{
	struct guard_stage *stage = *state;
	int64_t number = 0;

	assert_int_equal(begin(stage, &gate, KM_REMEDY_REBOOT, &number), 0);
	assert_int_equal(km_remedy_records_prepare(stage->database, NOW_US + 5), 0);
	assert_int_equal(find(stage, number).state, KM_REMEDY_IS_FAILED);
	assert_int_equal(find(stage, number).due_us, NOW_US + 5);
}

static int count_due(void *context, const struct km_remedy_record *record)
{
	(void)record;
	(*(size_t *)context)++;
	return 0;
}

static void what_is_due_comes_once(void **state)
{
	struct guard_stage *stage = *state;
	size_t due = 0;
	int64_t number = 0;

	assert_int_equal(begin(stage, &gate, KM_REMEDY_REBOOT, &number), 0);
	/* While it runs it has no time, and is looked at always. */
	assert_int_equal(km_remedy_records_each_due(stage->database, NOW_US, count_due, &due), 0);
	assert_int_equal(due, 1);
	due = 0;
	assert_int_equal(km_remedy_records_end(
			     stage->database, number, KM_REMEDY_IS_DONE, "", NOW_US + 90, NOW_US),
	    0);
	assert_int_equal(
	    km_remedy_records_each_due(stage->database, NOW_US + 89, count_due, &due), 0);
	assert_int_equal(due, 0);
	assert_int_equal(
	    km_remedy_records_each_due(stage->database, NOW_US + 90, count_due, &due), 0);
	assert_int_equal(due, 1);
	assert_int_equal(km_remedy_records_put_off(stage->database, number, 0, 0), 0);
	assert_int_equal(
	    km_remedy_records_each_due(stage->database, NOW_US + 99, count_due, &due), 0);
	assert_int_equal(due, 1);
}

static void judges_the_end(void **state)
{
	static const struct {
		int err;
		unsigned may_be_taken, wanted, earlier, state;
	} rows[] = {
		{ 0, 0, KM_LOGIN_IS_TAKEN, KM_LOGIN_IS_REFUSED, KM_REMEDY_IS_DONE },
		{ 0, 0, KM_LOGIN_IS_TAKEN, KM_LOGIN_IS_UNTRIED, KM_REMEDY_IS_DONE },
		{ 0, 0, KM_LOGIN_IS_ANY, KM_LOGIN_IS_UNTRIED, KM_REMEDY_IS_DONE },
		/* no answer to SetUser, and yet it was taken */
		{ 0, 1, KM_LOGIN_IS_TAKEN, KM_LOGIN_IS_REFUSED, KM_REMEDY_IS_DONE },
		{ KM_ERR_AUTH, 0, KM_LOGIN_IS_UNTRIED, KM_LOGIN_IS_UNTRIED, KM_REMEDY_IS_FAILED },
		/* the camera may take it late */
		{ 0, 0, KM_LOGIN_IS_REFUSED, KM_LOGIN_IS_TAKEN, KM_REMEDY_IS_UNSURE },
		{ KM_ERR_TIMEOUT, 1, KM_LOGIN_IS_REFUSED, KM_LOGIN_IS_TAKEN, KM_REMEDY_IS_UNSURE },
		{ KM_ERR_TIMEOUT, 1, KM_LOGIN_IS_NO_ANSWER, KM_LOGIN_IS_UNTRIED,
		    KM_REMEDY_IS_UNSURE },
		{ KM_ERR_CLOSED, 1, KM_LOGIN_IS_UNTRIED, KM_LOGIN_IS_UNTRIED, KM_REMEDY_IS_UNSURE },
		{ 0, 0, KM_LOGIN_IS_REFUSED, KM_LOGIN_IS_UNTRIED, KM_REMEDY_IS_UNSURE },
		{ 0, 0, KM_LOGIN_IS_REFUSED, KM_LOGIN_IS_REFUSED, KM_REMEDY_IS_UNSURE },
		{ KM_ERR_TIMEOUT, 1, KM_LOGIN_IS_ANY, KM_LOGIN_IS_UNTRIED, KM_REMEDY_IS_UNSURE },
		/* an answer to SetUser that cannot be read */
		{ KM_ERR_FORMAT, 1, KM_LOGIN_IS_UNTRIED, KM_LOGIN_IS_UNTRIED, KM_REMEDY_IS_UNSURE },
		/* which of both holds is looked for later, and everybody is let in */
		{ 0, 1, KM_LOGIN_IS_ANY, KM_LOGIN_IS_UNTRIED, KM_REMEDY_IS_UNSURE },
		/* a refusal counts once the old one is let in */
		{ KM_ERR_STATE, 0, KM_LOGIN_IS_UNTRIED, KM_LOGIN_IS_TAKEN, KM_REMEDY_IS_FAILED },
		{ KM_ERR_STATE, 0, KM_LOGIN_IS_UNTRIED, KM_LOGIN_IS_ANY, KM_REMEDY_IS_FAILED },
		{ KM_ERR_STATE, 0, KM_LOGIN_IS_UNTRIED, KM_LOGIN_IS_NO_ANSWER,
		    KM_REMEDY_IS_UNSURE },
		{ KM_ERR_STATE, 0, KM_LOGIN_IS_TAKEN, KM_LOGIN_IS_REFUSED, KM_REMEDY_IS_DONE },
		{ KM_ERR_STATE, 0, KM_LOGIN_IS_REFUSED, KM_LOGIN_IS_REFUSED, KM_REMEDY_IS_UNSURE },
		{ KM_ERR_STATE, 0, KM_LOGIN_IS_NO_ANSWER, KM_LOGIN_IS_REFUSED,
		    KM_REMEDY_IS_UNSURE },
		{ KM_ERR_STATE, 0, KM_LOGIN_IS_ANY, KM_LOGIN_IS_REFUSED, KM_REMEDY_IS_UNSURE },
	};

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		const struct km_message_remedy_done done = {
			.err = rows[i].err,
			.may_be_taken = (uint8_t)rows[i].may_be_taken,
			.wanted = (uint8_t)rows[i].wanted,
			.earlier = (uint8_t)rows[i].earlier,
		};

		assert_int_equal(km_remedy_records_judge(&done, false), rows[i].state);
	}
}

/* Only a login ends it: not that it could not begin, nor that the camera lets in everybody. */
static void judges_a_settling(void **state)
{
	static const struct {
		int err;
		unsigned wanted, earlier, state;
	} rows[] = {
		{ 0, KM_LOGIN_IS_TAKEN, KM_LOGIN_IS_UNTRIED, KM_REMEDY_IS_DONE },
		{ 0, KM_LOGIN_IS_REFUSED, KM_LOGIN_IS_TAKEN, KM_REMEDY_IS_FAILED },
		{ 0, KM_LOGIN_IS_REFUSED, KM_LOGIN_IS_REFUSED, KM_REMEDY_IS_UNSURE },
		{ 0, KM_LOGIN_IS_ANY, KM_LOGIN_IS_UNTRIED, KM_REMEDY_IS_UNSURE },
		{ 0, KM_LOGIN_IS_UNTRIED, KM_LOGIN_IS_UNTRIED, KM_REMEDY_IS_UNSURE },
		{ KM_ERR_NOT_FOUND, KM_LOGIN_IS_UNTRIED, KM_LOGIN_IS_UNTRIED, KM_REMEDY_IS_UNSURE },
		{ KM_ERR_MEMORY, KM_LOGIN_IS_UNTRIED, KM_LOGIN_IS_UNTRIED, KM_REMEDY_IS_UNSURE },
	};

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		const struct km_message_remedy_done done = {
			.err = rows[i].err,
			.wanted = (uint8_t)rows[i].wanted,
			.earlier = (uint8_t)rows[i].earlier,
		};

		assert_int_equal(km_remedy_records_judge(&done, true), rows[i].state);
	}
}

static void passwords_are_strong_and_typeable(void **state)
{
	char first[KM_REMEDY_RECORDS_PASSWORD_SIZE];
	char second[KM_REMEDY_RECORDS_PASSWORD_SIZE];

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_int_equal(km_remedy_records_make_password(first), 0);
		assert_int_equal(km_remedy_records_make_password(second), 0);
		assert_int_equal(strlen(first), 16);
		assert_int_equal(first[8], '-');
		assert_string_not_equal(first, second);
		assert_null(strpbrk(first, "01lIO"));
		assert_non_null(strpbrk(first, "23456789"));
	}
}

static void tries_become_rare(void **state)
{
	(void)state;
	assert_int_equal(km_remedy_records_pause_us(0), 30 * KM_TIME_MINUTE_US);
	assert_int_equal(km_remedy_records_pause_us(1), KM_TIME_HOUR_US);
	assert_int_equal(km_remedy_records_pause_us(1000000), KM_TIME_DAY_US);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    killed_between_store_and_send, set_up, guard_stage_tear_down),
		cmocka_unit_test_setup_teardown(
		    an_unsure_one_keeps_both_until_it_is_known, set_up, guard_stage_tear_down),
		cmocka_unit_test_setup_teardown(
		    no_password_lies_in_the_clear, set_up, guard_stage_tear_down),
		cmocka_unit_test_setup_teardown(
		    others_are_over_with_the_recorder, set_up, guard_stage_tear_down),
		cmocka_unit_test_setup_teardown(
		    what_is_due_comes_once, set_up, guard_stage_tear_down),
		cmocka_unit_test(judges_the_end),
		cmocka_unit_test(judges_a_settling),
		cmocka_unit_test(passwords_are_strong_and_typeable),
		cmocka_unit_test(tries_become_rare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
