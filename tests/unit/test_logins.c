/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/time.c base/uuid.c crypto/aead.c crypto/box.c crypto/digest.c crypto/random.c crypto/password.c crypto/secret.c model/rights.c model/roles.c model/messages.c io/clock.c io/loop.c io/work.c guard/database.c guard/schema.c guard/vault.c guard/accounts.c guard/journal.c guard/logins.c ../tests/unit/guard_stage.c */
/* libraries: crypto sodium sqlite3 uv */
/*
 * On a real loop with its pool. Each check costs 128 MiB and some tenths of a second, so the cases
 * are few.
 */
#include "guard/logins.h"

#include "base/time.h"
#include "guard/journal.h"
#include "guard_stage.h"

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
};

static struct {
	struct km_loop *loop;
	struct km_timer *timer; /* a test that hangs ends */
	struct km_logins *logins;
	struct result results[RESULTS_MAX];
	size_t count;
	size_t wanted;
} bench;

static void on_login(void *context, uint32_t request, int err, const struct km_account *account,
    int64_t retry_after_us, const char *text)
{
	(void)context;
	assert_non_null(text);
	assert_true(bench.count < RESULTS_MAX);
	assert_int_equal(account != NULL, err == 0);
	bench.results[bench.count++] =
	    (struct result){ request, err, retry_after_us, account != NULL };
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

static void create(struct guard_stage *stage)
{
	assert_int_equal(km_logins_create(bench.loop, stage->database, AT_ONCE, 12, &events, NULL,
			     &bench.logins),
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
	assert_int_equal(
	    km_database_exec(stage->database, "UPDATE account SET locked_until_us = 1"), 0);
	send_login(6, "anna", "battery staple");
	wait_for(6);
	assert_int_equal(bench.results[5].err, 0);
	assert_int_equal(guard_stage_number(stage, "SELECT failures FROM account"), 0);
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
	assert_int_equal(guard_stage_number(stage, "SELECT failures FROM account"), 0);
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
	assert_in_range(wrong, 3, 3 + AT_ONCE - 1);
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
	assert_int_equal(guard_stage_number(stage, "SELECT failures FROM account"), 0);
}

#define LOGINS_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOGINS_TEST(test_setup),
		LOGINS_TEST(test_lock),
		LOGINS_TEST(test_unknown),
		LOGINS_TEST(test_storm),
		LOGINS_TEST(test_one_address),
		LOGINS_TEST(test_end_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
