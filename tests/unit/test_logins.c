/* sources: base/error.c base/bytes.c base/buf.c base/cidr.c base/reader.c base/text.c base/time.c base/uuid.c crypto/aead.c crypto/box.c crypto/digest.c crypto/random.c crypto/password.c crypto/secret.c model/rights.c model/roles.c model/messages.c io/clock.c io/loop.c io/work.c guard/database.c guard/schema.c guard/vault.c guard/accounts.c guard/journal.c guard/login_locks.c guard/second_factor.c guard/logins.c ../tests/unit/guard_stage.c */
/* libraries: crypto sodium sqlite3 uv oath */
/*
 * On a real loop with its pool. Each check costs 128 MiB and some tenths of a second, so the cases
 * are few.
 */
#include "guard/logins.h"

#include "base/time.h"
#include "guard/journal.h"
#include "guard/second_factor.h"
#include "guard_stage.h"
#include "io/clock.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define AT_ONCE     2
#define RESULTS_MAX 64

struct result {
	uint32_t request;
	int err;
	int64_t retry_after_us;
	bool has_account;
	bool needs_code;
};

static struct {
	struct km_loop *loop;
	struct km_timer *timer; /* a test that hangs ends */
	struct km_logins *logins;
	struct result results[RESULTS_MAX];
	size_t count;
	size_t wanted;
} bench;

static void on_login(void *context, const struct km_logins_result *result)
{
	(void)context;
	assert_non_null(result->text);
	assert_true(bench.count < RESULTS_MAX);
	assert_int_equal(result->account != NULL, result->err == 0);
	bench.results[bench.count++] = (struct result){ result->request, result->err,
		result->retry_after_us, result->account != NULL, result->needs_code };
	if (bench.count == bench.wanted) {
		km_loop_stop(bench.loop);
	}
}

static const struct km_logins_events events = { .on_login = on_login };

static void on_late(void *context)
{
	(void)context;
	km_loop_stop(bench.loop);
}

static struct km_cidr_list allow_from = { .is_any = true };

static void create(struct guard_stage *stage)
{
	const struct km_logins_rules rules = {
		.at_once = AT_ONCE,
		.password_characters = 12,
		.password_history = 2,
		.allow_from = &allow_from,
	};

	if (stage->vault == NULL) {
		guard_stage_open_vault(stage);
	}
	assert_int_equal(km_logins_create(bench.loop, stage->database, stage->vault, &rules,
			     &events, NULL, &bench.logins),
	    0);
}

static int set_up(void **state)
{
	int err = guard_stage_set_up(state);

	memset(&bench, 0, sizeof(bench));
	assert_int_equal(km_loop_create(&bench.loop), 0);
	assert_int_equal(km_timer_create(bench.loop, on_late, NULL, &bench.timer), 0);
	return err;
}

static int tear_down(void **state)
{
	km_logins_destroy(bench.logins);
	km_timer_destroy(bench.timer);
	km_loop_destroy(bench.loop);
	return guard_stage_tear_down(state);
}

/* Run until so many more results are there. */
static void wait_for(size_t count)
{
	bench.wanted = count;
	if (bench.count < count) {
		km_timer_start(bench.timer, 60 * KM_TIME_SECOND_US, 0);
		km_loop_run(bench.loop);
		km_timer_stop(bench.timer);
	}
	assert_int_equal(bench.count, count);
}

static void send_login_from(unsigned host, uint32_t request, const char *name, const char *password)
{
	static struct km_message_login login;

	login = (struct km_message_login){ .request = request };
	(void)snprintf(login.address, sizeof(login.address), "192.0.2.%u", host);
	(void)snprintf(login.name, sizeof(login.name), "%s", name);
	(void)snprintf(login.password, sizeof(login.password), "%s", password);
	km_logins_login(bench.logins, &login);
	assert_string_equal(login.password, ""); /* wiped */
}

static void send_login(uint32_t request, const char *name, const char *password)
{
	send_login_from(7, request, name, password);
}

static void send_setup(const char *token, const char *name, const char *password)
{
	static struct km_message_setup setup;

	setup = (struct km_message_setup){ .request = 99, .address = "192.0.2.7" };
	(void)snprintf(setup.token, sizeof(setup.token), "%s", token);
	(void)snprintf(setup.name, sizeof(setup.name), "%s", name);
	(void)snprintf(setup.password, sizeof(setup.password), "%s", password);
	km_logins_setup(bench.logins, &setup);
	assert_string_equal(setup.password, "");
	assert_string_equal(setup.token, "");
}

static void add_account(struct guard_stage *stage, const char *name)
{
	static char hash[KM_PASSWORD_HASH_SIZE];
	struct km_uuid id = { 0 };

	if (hash[0] == '\0') {
		assert_int_equal(km_password_hash(KM_BYTES("battery staple"), hash), 0);
	}
	assert_int_equal(km_accounts_add(stage->database, name, KM_ACCOUNT_USER, hash, 1, &id), 0);
}

static int64_t count_events(struct guard_stage *stage, enum km_event event)
{
	char sql[80];
	int64_t entries = 0;

	assert_int_equal(km_journal_verify(stage->database, &entries), 0);
	(void)snprintf(sql, sizeof(sql), "SELECT count(*) FROM journal WHERE event = %d", event);
	return guard_stage_number(stage, sql);
}

static void test_setup(void **state)
{
	struct guard_stage *stage = *state;
	char old_token[KM_LOGINS_TOKEN_SIZE];
	char token[KM_LOGINS_TOKEN_SIZE];

	create(stage);
	assert_false(km_logins_is_setup_done(bench.logins));
	send_setup("", "anna", "battery staple"); /* no token was made yet */
	assert_int_equal(km_logins_make_token(bench.logins, old_token), 0);
	assert_int_equal(km_logins_make_token(bench.logins, token), 0);
	assert_int_equal(strlen(token), KM_LOGINS_TOKEN_SIZE - 1);
	assert_string_not_equal(token, old_token);
	send_setup("", "anna", "battery staple");
	send_setup(old_token, "anna", "battery staple");
	send_setup(token, "An na", "battery staple");
	send_setup(token, "anna", "short");
	send_setup(token, "anna", "my anna likes tea");
	assert_int_equal(bench.count, 6);
	assert_int_equal(bench.results[0].err, KM_ERR_STATE);
	assert_int_equal(bench.results[1].err, KM_ERR_DENIED);
	assert_int_equal(bench.results[2].err, KM_ERR_DENIED);
	for (size_t i = 3; i < 6; i++) {
		assert_int_equal(bench.results[i].err, KM_ERR_FORMAT);
	}
	assert_int_equal(guard_stage_number(stage, "SELECT count(*) FROM account"), 0);
	/* Two that race: one wins. */
	send_setup(token, "anna", "battery staple");
	send_setup(token, "eve", "battery staple");
	wait_for(8);
	assert_int_equal(bench.results[6].err, KM_ERR_STATE);
	assert_int_equal(bench.results[7].err, 0);
	assert_true(km_logins_is_setup_done(bench.logins));
	send_setup(token, "eve", "battery staple");
	assert_int_equal(bench.results[8].err, KM_ERR_STATE);
	assert_int_equal(km_logins_make_token(bench.logins, token), KM_ERR_STATE);
	assert_int_equal(
	    guard_stage_number(stage, "SELECT count(*) FROM account WHERE name = 'anna'"), 1);
	assert_int_equal(
	    guard_stage_number(stage, "SELECT role FROM account"), KM_ACCOUNT_ADMINISTRATOR);
	assert_int_equal(count_events(stage, KM_EVENT_SETUP_DONE), 1);
	/* And after another start. */
	km_logins_destroy(bench.logins);
	create(stage);
	assert_true(km_logins_is_setup_done(bench.logins));
	assert_int_equal(km_logins_make_token(bench.logins, token), KM_ERR_STATE);
}

/* [IPA a03-4] */
static void test_lock(void **state)
{
	struct guard_stage *stage = *state;

	add_account(stage, "anna");
	create(stage);
	send_login(1, "anna", "battery staple");
	wait_for(1);
	assert_int_equal(bench.results[0].err, 0);
	for (uint32_t i = 1; i <= 3; i++) {
		send_login(1 + i, "anna", "wrong");
		wait_for(1 + i);
		assert_int_equal(bench.results[i].err, KM_ERR_AUTH);
	}
	/* Locked, also for the right password, and told at once. */
	send_login(5, "anna", "battery staple");
	assert_int_equal(bench.count, 5);
	assert_int_equal(bench.results[4].err, KM_ERR_LOCKED);
	assert_in_range(bench.results[4].retry_after_us, 50 * KM_TIME_SECOND_US, KM_TIME_MINUTE_US);
	assert_int_equal(count_events(stage, KM_EVENT_LOGIN), 1);
	assert_int_equal(count_events(stage, KM_EVENT_LOGIN_FAILED), 2);
	assert_int_equal(count_events(stage, KM_EVENT_LOGIN_LOCKED), 1);
	assert_int_equal(km_database_exec(stage->database,
			     "UPDATE login_count SET failed_us = failed_us - 60000000"),
	    0);
	send_login(6, "anna", "battery staple");
	wait_for(6);
	assert_int_equal(bench.results[5].err, 0);
	assert_int_equal(guard_stage_number(stage, "SELECT count(*) FROM login_count"), 0);
	assert_int_equal(
	    guard_stage_number(stage, "SELECT count(*) FROM journal WHERE text LIKE '%battery%'"),
	    0);
}

/* Names that do not exist and disabled accounts look like a wrong password. */
static void test_unknown(void **state)
{
	struct guard_stage *stage = *state;

	add_account(stage, "anna");
	create(stage);
	assert_int_equal(
	    km_database_exec(stage->database, "UPDATE account SET is_disabled = 1"), 0);
	send_login(1, "anna", "battery staple");
	send_login(2, "nobody", "battery staple");
	wait_for(2);
	assert_int_equal(bench.results[0].err, KM_ERR_AUTH);
	assert_int_equal(bench.results[1].err, KM_ERR_AUTH);
	/* Both are counted and locked in the same way, and what was typed is nowhere. */
	for (uint32_t i = 2; i < 6; i++) {
		send_login(i + 1, i % 2 == 0 ? "anna" : "nobody", "wrong");
		wait_for(i + 1);
		assert_int_equal(bench.results[i].err, KM_ERR_AUTH);
	}
	send_login(7, "anna", "wrong");
	send_login(8, "nobody", "wrong");
	wait_for(8);
	assert_int_equal(bench.results[6].err, KM_ERR_LOCKED);
	assert_int_equal(bench.results[7].err, KM_ERR_LOCKED);
	assert_int_equal(
	    guard_stage_number(stage, "SELECT count(*) FROM journal WHERE text LIKE '%nobody%'"),
	    0);
	/* Another start knows the same names by the same hashes. */
	km_logins_destroy(bench.logins);
	create(stage);
	send_login(9, "nobody", "wrong");
	wait_for(9);
	assert_int_equal(bench.results[8].err, KM_ERR_LOCKED);
}

static struct {
	int err;
	bool is_waited_for;
	bool has_hash;
	char hash[KM_PASSWORD_HASH_SIZE];
} changed;

static void on_ready(
    void *context, int err, int64_t retry_after_us, const char *hash, const char *text)
{
	(void)context;
	(void)retry_after_us;
	assert_non_null(text);
	changed.err = err;
	changed.has_hash = hash != NULL;
	(void)snprintf(changed.hash, sizeof(changed.hash), "%s", hash == NULL ? "" : hash);
	if (changed.is_waited_for) {
		km_loop_stop(bench.loop);
	}
}

static int change(struct guard_stage *stage, const char *current, const char *wanted)
{
	struct km_account account;
	const struct km_logins_change wish = {
		.account = &account,
		.address = "192.0.2.7",
		.current = current,
		.wanted = wanted,
		.on_ready = on_ready,
	};

	assert_int_equal(km_accounts_find(stage->database, KM_BYTES("anna"), &account), 0);
	changed.err = 1;
	km_logins_change(bench.logins, &wish);
	if (changed.err == 1) {
		changed.is_waited_for = true;
		km_timer_start(bench.timer, 60 * KM_TIME_SECOND_US, 0);
		km_loop_run(bench.loop);
		km_timer_stop(bench.timer);
		changed.is_waited_for = false;
	}
	if (changed.has_hash) {
		assert_int_equal(
		    km_accounts_set_hash(stage->database, &account.id, changed.hash, 2, 1), 0);
	}
	return changed.err;
}

static void test_change(void **state)
{
	struct guard_stage *stage = *state;

	add_account(stage, "anna");
	create(stage);
	assert_int_equal(change(stage, "battery staple", "short"), KM_ERR_FORMAT);
	assert_int_equal(change(stage, "wrong", "river and stone"), KM_ERR_DENIED);
	assert_int_equal(count_events(stage, KM_EVENT_LOGIN_FAILED), 1);
	assert_int_equal(change(stage, "battery staple", NULL), 0);
	assert_false(changed.has_hash);
	assert_int_equal(change(stage, "battery staple", "river and stone"), 0);
	assert_true(changed.has_hash);
	/* Neither the one of now nor the one before; an administrator need not know it. */
	assert_int_equal(change(stage, NULL, "river and stone"), KM_ERR_FORMAT);
	assert_int_equal(change(stage, NULL, "battery staple"), KM_ERR_FORMAT);
	assert_int_equal(change(stage, NULL, "lantern at night"), 0);
	assert_int_equal(change(stage, NULL, "battery staple"), 0); /* long enough ago */
	assert_int_equal(change(stage, "wrong", NULL), KM_ERR_DENIED);
	assert_int_equal(change(stage, "wrong", NULL), KM_ERR_DENIED);
	assert_int_equal(change(stage, "wrong", NULL), KM_ERR_DENIED);
	assert_int_equal(change(stage, "battery staple", NULL), KM_ERR_LOCKED);
}

static void test_addresses(void **state)
{
	static const struct km_cidr_list nothing;
	struct guard_stage *stage = *state;

	add_account(stage, "anna");
	create(stage);
	allow_from = nothing;
	send_login(1, "anna", "battery staple");
	assert_int_equal(bench.count, 1);
	assert_int_equal(bench.results[0].err, KM_ERR_DENIED);
	allow_from.is_any = true;
	assert_int_equal(
	    km_database_exec(stage->database, "UPDATE account SET allow_from = '198.51.100.0/24'"),
	    0);
	send_login(2, "anna", "battery staple");
	wait_for(2);
	assert_int_equal(bench.results[1].err, KM_ERR_AUTH);
	assert_int_equal(
	    km_database_exec(stage->database, "UPDATE account SET allow_from = '192.0.2.0/29'"), 0);
	send_login(3, "anna", "battery staple");
	wait_for(3);
	assert_int_equal(bench.results[2].err, 0);
	assert_int_equal(count_events(stage, KM_EVENT_LOGIN_NEW_PLACE), 1);
	send_login(4, "anna", "battery staple");
	wait_for(4);
	assert_int_equal(count_events(stage, KM_EVENT_LOGIN_NEW_PLACE), 1);
}

/* The second factor is asked for after the password, and wrong codes count as failures. */
static void test_second_factor(void **state)
{
	static struct km_message_login login;
	struct guard_stage *stage = *state;
	char secret[KM_SECOND_FACTOR_SECRET_SIZE];
	char codes[KM_SECOND_FACTOR_CODES][KM_SECOND_FACTOR_CODE_SIZE];
	struct km_account account;

	add_account(stage, "anna");
	create(stage);
	assert_int_equal(km_accounts_find(stage->database, KM_BYTES("anna"), &account), 0);
	assert_int_equal(
	    km_second_factor_begin(stage->vault, stage->database, &account.id, secret), 0);
	assert_int_equal(km_second_factor_confirm(stage->vault, stage->database, &account.id,
			     KM_BYTES(""), km_clock_unix_us(), codes),
	    0);
	send_login(1, "anna", "battery staple");
	wait_for(1);
	assert_int_equal(bench.results[0].err, KM_ERR_AUTH);
	assert_true(bench.results[0].needs_code);
	send_login(2, "anna", "wrong");
	wait_for(2);
	assert_false(bench.results[1].needs_code);
	for (uint32_t i = 3; i < 7; i++) {
		login = (struct km_message_login){ .request = i, .address = "192.0.2.7" };
		(void)snprintf(login.name, sizeof(login.name), "anna");
		(void)snprintf(login.password, sizeof(login.password), "battery staple");
		(void)snprintf(login.code, sizeof(login.code), "%s", i == 3 ? codes[4] : "aaaaaa");
		km_logins_login(bench.logins, &login);
		assert_string_equal(login.code, "");
		wait_for(i);
	}
	assert_int_equal(bench.results[2].err, 0);
	for (size_t i = 3; i < 6; i++) {
		assert_int_equal(bench.results[i].err, KM_ERR_AUTH);
		assert_true(bench.results[i].needs_code);
	}
	assert_int_equal(count_events(stage, KM_EVENT_RECOVERY_CODE_USED), 1);
	send_login(7, "anna", "battery staple");
	wait_for(7);
	assert_int_equal(bench.results[6].err, KM_ERR_LOCKED);
}

/*
 * Many at once: a few are checked, as many wait, the rest is sent away; and of those that came
 * together only as many count as may fail.
 */
static void test_storm(void **state)
{
	struct guard_stage *stage = *state;
	size_t wrong = 0;
	size_t locked = 0;

	add_account(stage, "anna");
	create(stage);
	for (uint32_t i = 0; i < 60; i++) {
		send_login_from(i / 4, i, "anna", i == 20 ? "battery staple" : "wrong");
	}
	assert_int_equal(bench.count, 60 - AT_ONCE - 32);
	wait_for(60);
	for (size_t i = 0; i < 60; i++) {
		wrong += bench.results[i].err == KM_ERR_AUTH ? 1 : 0;
		locked += bench.results[i].err == KM_ERR_LOCKED ? 1 : 0;
		assert_true(
		    bench.results[i].err != KM_ERR_LOCKED || bench.results[i].retry_after_us > 0);
	}
	assert_int_equal(wrong, 3);
	assert_int_equal(wrong + locked, 60); /* the right one came too late */
}

/* One address does not take all the places in which others could wait. */
static void test_one_address(void **state)
{
	struct guard_stage *stage = *state;

	add_account(stage, "anna");
	create(stage);
	for (uint32_t i = 0; i < 60; i++) {
		send_login(i, "nobody", "wrong");
	}
	assert_int_equal(bench.count, 60 - AT_ONCE - 4);
	send_login_from(8, 60, "anna", "battery staple");
	wait_for(61);
	for (size_t i = 0; i < 61; i++) { /* two are checked at once: either may end first */
		if (bench.results[i].request == 60) {
			assert_int_equal(bench.results[i].err, 0);
			return;
		}
	}
	fail_msg("the login from the other address was not answered");
}

/* The recorder is stopped while passwords are checked: no answer, and nothing is touched later. */
static void test_end_meanwhile(void **state)
{
	struct guard_stage *stage = *state;

	add_account(stage, "anna");
	create(stage);
	for (uint32_t i = 0; i < 5; i++) {
		send_login(i, "anna", "wrong");
	}
	km_logins_destroy(bench.logins);
	bench.logins = NULL;
	km_timer_start(bench.timer, 2 * KM_TIME_SECOND_US, 0);
	km_loop_run(bench.loop);
	assert_int_equal(bench.count, 0);
	assert_int_equal(guard_stage_number(stage, "SELECT count(*) FROM login_count"), 0);
}

#define LOGINS_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOGINS_TEST(test_setup),
		LOGINS_TEST(test_lock),
		LOGINS_TEST(test_unknown),
		LOGINS_TEST(test_change),
		LOGINS_TEST(test_addresses),
		LOGINS_TEST(test_second_factor),
		LOGINS_TEST(test_storm),
		LOGINS_TEST(test_one_address),
		LOGINS_TEST(test_end_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
