/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/uuid.c crypto/aead.c crypto/box.c crypto/random.c crypto/password.c model/rights.c guard/database.c guard/schema.c guard/vault.c guard/accounts.c ../tests/unit/guard_stage.c */
/* libraries: crypto sodium sqlite3 */
#include "guard/accounts.h"

#include "base/time.h"
#include "guard_stage.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct km_uuid add(struct guard_stage *stage, const char *name, enum km_account_role role)
{
	struct km_uuid id = { 0 };

	assert_int_equal(
	    km_accounts_add(stage->database, name, role, "$hash", GUARD_STAGE_NOW_US, &id), 0);
	return id;
}

static int on_account(void *context, const struct km_account *account)
{
	km_buf_add_format(context, "%s:%d ", account->name, account->is_disabled);
	return 0;
}

static void test_add_and_find(void **state)
{
	struct guard_stage *stage = *state;
	struct km_account account = { 0 };
	struct km_uuid anna = add(stage, "anna", KM_ACCOUNT_USER);
	struct km_uuid again = anna;
	struct km_buf list;
	int64_t count = 0;

	assert_int_equal(km_accounts_add(stage->database, "anna", KM_ACCOUNT_ADMINISTRATOR, "$x",
			     GUARD_STAGE_NOW_US, &again),
	    KM_ERR_EXISTS);
	assert_int_equal(km_accounts_add(stage->database, "An na", KM_ACCOUNT_ADMINISTRATOR, "$x",
			     GUARD_STAGE_NOW_US, &again),
	    KM_ERR_FORMAT);
	assert_true(km_uuid_is_equal(&anna, &again));
	(void)add(stage, "aaron", KM_ACCOUNT_MAINTENANCE);
	guard_stage_reopen(stage);
	assert_int_equal(km_accounts_find(stage->database, KM_BYTES("anna"), &account), 0);
	assert_true(km_uuid_is_equal(&account.id, &anna));
	assert_string_equal(account.name, "anna");
	assert_string_equal(account.hash, "$hash");
	assert_int_equal(account.role, KM_ACCOUNT_USER);
	assert_true(account.created_us == GUARD_STAGE_NOW_US);
	assert_int_equal(
	    km_accounts_find(stage->database, KM_BYTES("ann"), &account), KM_ERR_NOT_FOUND);
	assert_int_equal(
	    km_accounts_find(stage->database, KM_BYTES("anna\0x"), &account), KM_ERR_NOT_FOUND);
	assert_int_equal(
	    km_accounts_find(stage->database, KM_BYTES("' OR 1=1 --"), &account), KM_ERR_NOT_FOUND);
	assert_int_equal(km_accounts_set_disabled(stage->database, &anna, true), 0);
	km_buf_init(&list, 200);
	assert_int_equal(km_accounts_each(stage->database, on_account, &list), 0);
	assert_true(km_bytes_is_equal(km_buf_view(&list), KM_BYTES("aaron:0 anna:1 ")));
	assert_int_equal(km_accounts_count(stage->database, &count), 0);
	assert_true(count == 2);
	km_buf_finish(&list);
}

/* [IPA a03-4] 3 failures, then 1, 2, 4, 8, 15, 15, ... minutes; and a restart forgets nothing. */
static void test_lock(void **state)
{
	static const int minutes[] = { 0, 0, 1, 2, 4, 8, 15, 15, 15 };
	struct guard_stage *stage = *state;
	struct km_uuid anna = add(stage, "anna", KM_ACCOUNT_USER);
	struct km_account account = { 0 };
	int64_t until_us = -1;

	for (size_t i = 0; i < KM_COUNT(minutes); i++) {
		int64_t now_us = GUARD_STAGE_NOW_US + (int64_t)i;
		int64_t expected = minutes[i] == 0 ? 0 : now_us + minutes[i] * KM_TIME_MINUTE_US;

		assert_int_equal(
		    km_accounts_note_failure(stage->database, &anna, now_us, &until_us), 0);
		assert_true(until_us == expected);
		guard_stage_reopen(stage);
		assert_int_equal(km_accounts_find_id(stage->database, &anna, &account), 0);
		assert_int_equal(account.failures, i + 1);
		assert_true(account.locked_until_us == expected);
	}
	assert_int_equal(km_accounts_note_success(stage->database, &anna), 0);
	assert_int_equal(km_accounts_find_id(stage->database, &anna, &account), 0);
	assert_int_equal(account.failures, 0);
	assert_true(account.locked_until_us == 0);
	assert_int_equal(
	    km_accounts_note_failure(stage->database, &anna, GUARD_STAGE_NOW_US, &until_us), 0);
	assert_true(until_us == 0);
}

/* A clock that was set back does not make a lock of a minute into one of years. */
static void test_lock_after_clock_step(void **state)
{
	const struct km_account account = { .locked_until_us = 60000001 };

	(void)state;
	assert_true(km_accounts_lock_left_us(&account, 1) == 60000000);
	assert_true(km_accounts_lock_left_us(&account, 60000000) == 1);
	assert_true(km_accounts_lock_left_us(&account, 60000001) == 0);
	assert_true(km_accounts_lock_left_us(&account, INT64_C(-1000000000)) == 0);
}

static void test_lock_of_long_ago(void **state)
{
	struct guard_stage *stage = *state;
	struct km_uuid anna = add(stage, "anna", KM_ACCOUNT_USER);
	struct km_uuid nobody = { .bytes = { 1 } };
	int64_t until_us = -1;

	assert_int_equal(
	    km_accounts_note_failure(stage->database, &nobody, 1, &until_us), KM_ERR_NOT_FOUND);
	assert_true(until_us == -1);
	assert_int_equal(
	    km_database_exec(stage->database, "UPDATE account SET failures = 65535"), 0);
	assert_int_equal(km_accounts_note_failure(stage->database, &anna, 0, &until_us), 0);
	assert_true(until_us == 15 * KM_TIME_MINUTE_US);
	assert_int_equal(guard_stage_number(stage, "SELECT failures FROM account"), 65535);
	/* A new password is a new beginning. */
	assert_int_equal(km_accounts_set_hash(stage->database, &anna, "$new", 7), 0);
	assert_int_equal(
	    guard_stage_number(stage, "SELECT failures + locked_until_us FROM account"), 0);
	assert_int_equal(guard_stage_number(stage, "SELECT password_us FROM account"), 7);
}

static bool may(struct guard_stage *stage, const struct km_uuid *id, enum km_right right,
    const struct km_uuid *camera)
{
	struct km_account account = { 0 };
	bool is_allowed = false;

	assert_int_equal(km_accounts_find_id(stage->database, id, &account), 0);
	assert_int_equal(km_accounts_may(stage->database, &account, right, camera, &is_allowed), 0);
	return is_allowed;
}

static void test_may(void **state)
{
	static const struct km_uuid nil;
	static const struct km_uuid door = { .bytes = { 1 } };
	static const struct km_uuid yard = { .bytes = { 2 } };
	struct guard_stage *stage = *state;
	struct km_database *database = stage->database;
	struct km_uuid boss = add(stage, "boss", KM_ACCOUNT_ADMINISTRATOR);
	struct km_uuid anna = add(stage, "anna", KM_ACCOUNT_USER);
	struct km_uuid bob = add(stage, "bob", KM_ACCOUNT_USER);
	struct km_uuid smith = add(stage, "smith", KM_ACCOUNT_MAINTENANCE);

	assert_true(may(stage, &boss, KM_RIGHT_LIVE, &door));
	assert_false(may(stage, &boss, KM_RIGHT_LIVE, &nil));
	assert_true(may(stage, &boss, KM_RIGHT_CAMERAS, &nil));
	assert_false(may(stage, &boss, (enum km_right)99, &door));
	assert_false(may(stage, &anna, KM_RIGHT_LIVE, &door));
	assert_int_equal(km_accounts_grant(database, &anna, &door, KM_RIGHT_LIVE, true), 0);
	assert_int_equal(km_accounts_grant(database, &anna, &door, KM_RIGHT_LIVE, true), 0);
	assert_true(may(stage, &anna, KM_RIGHT_LIVE, &door));
	assert_false(may(stage, &anna, KM_RIGHT_LIVE, &yard));
	assert_false(may(stage, &anna, KM_RIGHT_LIVE, &nil));
	assert_false(may(stage, &anna, KM_RIGHT_PLAYBACK, &door));
	assert_false(may(stage, &bob, KM_RIGHT_LIVE, &door));
	assert_true(may(stage, &anna, KM_RIGHT_STATUS, &nil));
	assert_false(may(stage, &anna, KM_RIGHT_ACCOUNTS, &nil));
	/* A grant gives nobody what his role does not have. */
	assert_int_equal(km_accounts_grant(database, &smith, &door, KM_RIGHT_LIVE, true), 0);
	assert_false(may(stage, &smith, KM_RIGHT_LIVE, &door));
	assert_int_equal(km_accounts_grant(database, &anna, &nil, KM_RIGHT_CAMERAS, true), 0);
	assert_false(may(stage, &anna, KM_RIGHT_CAMERAS, &nil));
	assert_int_equal(km_accounts_grant(database, &anna, &nil, KM_RIGHT_LIVE, true), 0);
	assert_false(may(stage, &anna, KM_RIGHT_LIVE, &nil));
	assert_int_equal(km_accounts_grant(database, &anna, &door, KM_RIGHT_LIVE, false), 0);
	assert_false(may(stage, &anna, KM_RIGHT_LIVE, &door));
	assert_int_equal(km_accounts_set_disabled(database, &boss, true), 0);
	assert_false(may(stage, &boss, KM_RIGHT_LIVE, &door));
	assert_false(may(stage, &boss, KM_RIGHT_SESSION, &nil));
}

#define GUARD_TEST(test)                                                                           \
	cmocka_unit_test_setup_teardown(test, guard_stage_set_up, guard_stage_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUARD_TEST(test_add_and_find),
		GUARD_TEST(test_lock),
		GUARD_TEST(test_lock_of_long_ago),
		cmocka_unit_test(test_lock_after_clock_step),
		GUARD_TEST(test_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
