/* sources: base/error.c base/bytes.c base/buf.c base/cidr.c base/reader.c base/text.c base/uuid.c crypto/aead.c crypto/box.c crypto/random.c crypto/password.c model/rights.c guard/database.c guard/schema.c guard/vault.c guard/accounts.c guard/login_locks.c ../tests/unit/guard_stage.c */
/* libraries: crypto sodium sqlite3 */
#include "guard/accounts.h"

#include "guard_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

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

/* The hash of now and those before it, newest first; as many as are to be kept. */
static void test_old_hashes(void **state)
{
	struct guard_stage *stage = *state;
	struct km_uuid anna = add(stage, "anna", KM_ACCOUNT_USER);
	char hashes[8][KM_PASSWORD_HASH_SIZE];
	struct km_account account = { 0 };
	size_t count = 0;

	for (int i = 0; i < 5; i++) {
		char hash[16];

		(void)snprintf(hash, sizeof(hash), "$%d", i);
		assert_int_equal(km_accounts_set_hash(stage->database, &anna, hash, 3, 7 + i), 0);
	}
	assert_int_equal(km_accounts_hashes(stage->database, &anna, hashes, 8, &count), 0);
	assert_int_equal(count, 4);
	assert_string_equal(hashes[0], "$4");
	assert_string_equal(hashes[1], "$3");
	assert_string_equal(hashes[3], "$1");
	assert_int_equal(km_accounts_hashes(stage->database, &anna, hashes, 2, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(km_accounts_find_id(stage->database, &anna, &account), 0);
	assert_true(account.password_us == 11);
	assert_int_equal(account.generation, 5);
	/* The same password with other parameters: nobody is logged out. */
	assert_int_equal(km_accounts_renew_hash(stage->database, &anna, "$4", "$new"), 0);
	assert_int_equal(km_accounts_renew_hash(stage->database, &anna, "$4", "$late"), 0);
	assert_int_equal(km_accounts_find_id(stage->database, &anna, &account), 0);
	assert_string_equal(account.hash, "$new");
	assert_int_equal(account.generation, 5);
	assert_int_equal(km_accounts_set_hash(stage->database, &anna, "$last", 0, 12), 0);
	assert_int_equal(guard_stage_number(stage, "SELECT count(*) FROM old_password"), 0);
}

static void test_changes(void **state)
{
	struct guard_stage *stage = *state;
	struct km_uuid boss = add(stage, "boss", KM_ACCOUNT_ADMINISTRATOR);
	struct km_uuid anna = add(stage, "anna", KM_ACCOUNT_USER);
	struct km_account account = { 0 };
	uint8_t address[KM_CIDR_ADDRESS_BYTES];
	bool is_last = false;

	assert_int_equal(km_accounts_is_last_administrator(stage->database, &boss, &is_last), 0);
	assert_true(is_last);
	assert_int_equal(km_accounts_set_role(stage->database, &anna, KM_ACCOUNT_ADMINISTRATOR), 0);
	assert_int_equal(km_accounts_set_role(stage->database, &anna, KM_ACCOUNT_ADMINISTRATOR), 0);
	assert_int_equal(km_accounts_is_last_administrator(stage->database, &boss, &is_last), 0);
	assert_false(is_last);
	assert_int_equal(km_accounts_find_id(stage->database, &anna, &account), 0);
	assert_int_equal(account.generation, 1); /* the second change was none */
	assert_int_equal(km_cidr_parse_address(KM_BYTES("192.0.2.7"), address), 0);
	assert_true(km_accounts_may_come_from(&account, address));
	assert_int_equal(km_accounts_set_allow_from(stage->database, &anna, "198.51.100.0/24"), 0);
	assert_int_equal(km_accounts_find_id(stage->database, &anna, &account), 0);
	assert_false(km_accounts_may_come_from(&account, address));
	(void)snprintf(account.allow_from, sizeof(account.allow_from), "192.0.2.0/33");
	assert_false(km_accounts_may_come_from(&account, address)); /* broken: nobody */
	assert_int_equal(km_accounts_bump(stage->database, &anna), 0);
	assert_int_equal(guard_stage_number(stage, "SELECT max(generation) FROM account"), 2);
	assert_int_equal(km_accounts_set_disabled(stage->database, &anna, true), 0);
	assert_int_equal(km_accounts_is_last_administrator(stage->database, &boss, &is_last), 0);
	assert_true(is_last);
}

static int on_grant(void *context, const struct km_uuid *camera, enum km_right right)
{
	km_buf_add_format(context, "%u:%d ", camera->bytes[0], (int)right);
	return 0;
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
	struct km_buf grants;

	assert_true(may(stage, &boss, KM_RIGHT_LIVE, &door));
	assert_false(may(stage, &boss, KM_RIGHT_LIVE, &nil));
	assert_true(may(stage, &boss, KM_RIGHT_CAMERAS, &nil));
	assert_false(may(stage, &boss, (enum km_right)99, &door));
	assert_false(may(stage, &anna, KM_RIGHT_LIVE, &door));
	assert_int_equal(km_accounts_grant(database, &anna, &door, KM_RIGHT_LIVE, true), 0);
	assert_int_equal(km_accounts_grant(database, &anna, &door, KM_RIGHT_LIVE, true), 0);
	km_buf_init(&grants, 100);
	assert_int_equal(km_accounts_each_grant(database, &anna, on_grant, &grants), 0);
	assert_true(km_bytes_is_equal(km_buf_view(&grants), KM_BYTES("1:2 ")));
	km_buf_finish(&grants);
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
		GUARD_TEST(test_old_hashes),
		GUARD_TEST(test_changes),
		GUARD_TEST(test_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
