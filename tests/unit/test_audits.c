/* sources: guard/audits.c guard/database.c guard/schema.c model/facts.c model/states.c base/bytes.c base/buf.c base/error.c base/uuid.c base/reader.c base/text.c base/time.c */
/* libraries: sqlite3 */
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
static const struct km_uuid other = { { 4, 5, 6 } };

struct fixture {
	char directory[64];
	char path[96];
	struct km_database *database;
};

static int set_up(void **state)
{
	static struct fixture fixture;

	(void)snprintf(fixture.directory, sizeof(fixture.directory), "/tmp/test-audits-XXXXXX");
	assert_non_null(mkdtemp(fixture.directory));
	(void)snprintf(fixture.path, sizeof(fixture.path), "%s/guard.db", fixture.directory);
	assert_int_equal(km_database_open(fixture.path, true, &fixture.database), 0);
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

static int64_t queue(struct fixture *fixture, const struct km_uuid *of, unsigned reason)
{
	int64_t number = 0;

	assert_int_equal(
	    km_audits_queue(fixture->database, of, reason, "", false, NOW_US, &number), 0);
	return number;
}

static void put(struct fixture *fixture, enum km_fact_kind kind, unsigned source,
    const char *subject, const char *value, int64_t observed_us)
{
	struct km_fact fact = {
		.camera = camera,
		.kind = (uint16_t)kind,
		.source = (uint8_t)source,
		.is_known = true,
		.observed_unix_us = observed_us,
	};

	(void)snprintf(fact.subject, sizeof(fact.subject), "%s", subject);
	(void)snprintf(fact.value, sizeof(fact.value), "%s", value);
	assert_int_equal(km_audits_put_fact(fixture->database, &fact), 0);
}

static int collect(void *context, const struct km_fact *fact)
{
	char *text = context;
	size_t size = strlen(text);

	(void)snprintf(text + size, 1024 - size, "%s %s=%s;", km_facts_name(fact->kind),
	    fact->subject, fact->value);
	return 0;
}

static void assert_facts(struct fixture *fixture, const char *expected)
{
	char text[1024] = "";

	assert_int_equal(km_audits_each_fact(fixture->database, &camera, 0, collect, text), 0);
	assert_string_equal(text, expected);
}

static void test_one_audit_waits_for_a_camera(void **state)
{
	struct fixture *fixture = *state;
	int64_t first = queue(fixture, &camera, KM_REASON_SCHEDULE);
	struct km_message_audit audit = { 0 };
	int64_t again = 0;

	assert_int_equal(km_audits_queue(fixture->database, &camera, KM_REASON_PERSON, "eve", true,
			     NOW_US, &again),
	    0);
	assert_int_equal(again, first);
	assert_int_equal(km_audits_find(fixture->database, first, &audit), 0);
	assert_true(audit.is_thorough);
}

/* One that runs may have looked before the change; none runs beside it. */
static void test_another_follows_the_one_that_runs(void **state)
{
	struct fixture *fixture = *state;
	struct km_message_audit audit = { 0 };
	int64_t running = queue(fixture, &camera, KM_REASON_SCHEDULE);
	int64_t following = 0;

	assert_int_equal(km_audits_begin(fixture->database, running, NOW_US), 0);
	assert_int_equal(queue(fixture, &camera, KM_REASON_SCHEDULE), running);
	assert_int_equal(queue(fixture, &camera, KM_REASON_RECONNECT), running);
	following = queue(fixture, &camera, KM_REASON_CHANGE);
	assert_int_not_equal(following, running);
	assert_int_equal(queue(fixture, &camera, KM_REASON_PERSON), following);
	assert_int_equal(km_audits_next(fixture->database, &audit), KM_ERR_NOT_FOUND);
	assert_int_equal(
	    km_audits_end(fixture->database, running, KM_AUDIT_DONE, 1, "", NOW_US + 1), 0);
	assert_int_equal(km_audits_next(fixture->database, &audit), 0);
	assert_int_equal(audit.number, following);
}

static void test_people_come_first(void **state)
{
	struct fixture *fixture = *state;
	struct km_message_audit audit = { 0 };
	int64_t scheduled = queue(fixture, &camera, KM_REASON_SCHEDULE);
	int64_t asked = queue(fixture, &other, KM_REASON_PERSON);

	assert_int_equal(km_audits_next(fixture->database, &audit), 0);
	assert_int_equal(audit.number, asked);
	assert_int_equal(km_audits_begin(fixture->database, asked, NOW_US), 0);
	assert_int_equal(km_audits_next(fixture->database, &audit), 0);
	assert_int_equal(audit.number, scheduled);
	assert_int_equal(km_audits_begin(fixture->database, scheduled, NOW_US), 0);
	assert_int_equal(km_audits_next(fixture->database, &audit), KM_ERR_NOT_FOUND);
}

static void test_what_was_left_of_an_earlier_run_is_over(void **state)
{
	struct fixture *fixture = *state;
	struct km_message_audit audit = { 0 };
	int64_t number = queue(fixture, &camera, KM_REASON_PERSON);

	assert_int_equal(km_audits_prepare(fixture->database, NOW_US), 0);
	assert_int_equal(km_audits_find(fixture->database, number, &audit), 0);
	assert_int_equal(audit.state, KM_AUDIT_STOPPED);
}

static int64_t begin(struct fixture *fixture, int64_t at_us)
{
	int64_t number = queue(fixture, &camera, KM_REASON_PERSON);

	assert_int_equal(km_audits_begin(fixture->database, number, at_us), 0);
	return number;
}

static void end(struct fixture *fixture, int64_t number, unsigned result)
{
	assert_int_equal(km_audits_end(fixture->database, number, result, 9, "", NOW_US + 1000), 0);
}

static void test_a_port_that_is_closed_now_is_gone(void **state)
{
	struct fixture *fixture = *state;
	int64_t number = 0;

	put(fixture, KM_FACT_PORT_OPEN, KM_FROM_PROBE, "tcp/23", "telnet", NOW_US - 1);
	put(fixture, KM_FACT_PORT_OPEN, KM_FROM_PROBE, "tcp/554", "rtsp", NOW_US - 1);
	put(fixture, KM_FACT_PORT_OPEN, KM_FROM_PROBE, "tcp/40000", "http", NOW_US - 1);
	number = begin(fixture, NOW_US);
	put(fixture, KM_FACT_REACHABLE, KM_FROM_PROBE, "", "yes", NOW_US + 1);
	put(fixture, KM_FACT_PORT_OPEN, KM_FROM_PROBE, "tcp/554", "rtsp", NOW_US + 1);
	put(fixture, KM_FACT_PORTS_TRIED, KM_FROM_PROBE, "tcp", "21-25, 80,554", NOW_US + 1);
	end(fixture, number, KM_AUDIT_DONE);
	/* 40000 was not tried this time: it stays, and ages. */
	assert_facts(fixture, "reachable =yes;port_open tcp/40000=http;port_open tcp/554=rtsp;"
			      "ports_tried tcp=21-25, 80,554;");
}

static void test_an_audit_that_reached_nothing_takes_nothing_away(void **state)
{
	struct fixture *fixture = *state;
	int64_t number = 0;

	put(fixture, KM_FACT_ACCOUNT, KM_FROM_ONVIF, "admin", "administrator", NOW_US - 1);
	put(fixture, KM_FACT_OPEN_VIDEO, KM_FROM_PROBE, "/live", "yes", NOW_US - 1);
	number = begin(fixture, NOW_US);
	put(fixture, KM_FACT_REACHABLE, KM_FROM_PROBE, "", "no", NOW_US + 1);
	end(fixture, number, KM_AUDIT_DONE);
	assert_facts(fixture, "reachable =no;account admin=administrator;open_video /live=yes;");
	number = begin(fixture, NOW_US);
	put(fixture, KM_FACT_REACHABLE, KM_FROM_PROBE, "", "yes", NOW_US + 1);
	end(fixture, number, KM_AUDIT_STOPPED);
	assert_facts(fixture, "reachable =yes;account admin=administrator;open_video /live=yes;");
}

static void test_an_account_that_onvif_no_longer_tells_is_gone(void **state)
{
	struct fixture *fixture = *state;
	int64_t number = 0;

	put(fixture, KM_FACT_ACCOUNT, KM_FROM_ONVIF, "admin", "administrator", NOW_US - 1);
	put(fixture, KM_FACT_SUPPORT_END, KM_FROM_PERSON, "", "1800000000000000", NOW_US - 1);
	number = begin(fixture, NOW_US);
	put(fixture, KM_FACT_ACCOUNT, KM_FROM_ONVIF, "root", "administrator", NOW_US + 1);
	end(fixture, number, KM_AUDIT_DONE);
	assert_facts(fixture, "account root=administrator;support_end =1800000000000000;");
}

static int64_t count(struct fixture *fixture, const char *sql)
{
	sqlite3 *database = NULL;
	sqlite3_stmt *row = NULL;
	int64_t number = 0;

	assert_int_equal(sqlite3_open(fixture->path, &database), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &row, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(row), SQLITE_ROW);
	number = sqlite3_column_int64(row, 0);
	(void)sqlite3_finalize(row);
	(void)sqlite3_close(database);
	return number;
}

static void run_at(struct fixture *fixture, unsigned result, int64_t ended_us)
{
	int64_t number = begin(fixture, ended_us - 1);

	assert_int_equal(km_audits_end(fixture->database, number, result, 9, "", ended_us), 0);
}

static struct km_audits_past past_of(struct fixture *fixture)
{
	struct km_audits_past past = { 0 };

	assert_int_equal(km_audits_past(fixture->database, &camera, &past), 0);
	return past;
}

static void test_one_that_was_stopped_is_not_due_at_once(void **state)
{
	struct fixture *fixture = *state;
	const int64_t hour = KM_AUDITS_BACKOFF_US;
	struct km_audits_past past = past_of(fixture);

	assert_int_equal(km_audits_due_us(&past, 24 * hour), 0);
	run_at(fixture, KM_AUDIT_DONE, NOW_US);
	past = past_of(fixture);
	assert_int_equal(past.misses, 0);
	assert_int_equal(km_audits_due_us(&past, 24 * hour), NOW_US + 24 * hour);
	run_at(fixture, KM_AUDIT_STOPPED, NOW_US + 5);
	past = past_of(fixture);
	assert_int_equal(past.misses, 1);
	assert_int_equal(km_audits_due_us(&past, 24 * hour), NOW_US + 5 + hour);
	run_at(fixture, KM_AUDIT_FAILED, NOW_US + 6);
	run_at(fixture, KM_AUDIT_FAILED, NOW_US + 7);
	past = past_of(fixture);
	assert_int_equal(km_audits_due_us(&past, 24 * hour), NOW_US + 7 + 4 * hour);
	past.misses = INT64_MAX;
	assert_int_equal(km_audits_due_us(&past, 24 * hour), NOW_US + 7 + 24 * hour);
	/* Nor sooner than it is every time. */
	assert_int_equal(km_audits_due_us(&past, hour / 2), NOW_US + 7 + hour / 2);
	/* One that waits or runs is no miss. */
	(void)queue(fixture, &camera, KM_REASON_SCHEDULE);
	assert_int_equal(past_of(fixture).misses, 3);
	assert_int_equal(past_of(fixture).ended_us, NOW_US + 7);
}

static void test_old_audits_and_tries_are_forgotten(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(km_audits_try(fixture->database, &camera, "rtsp", "admin", 1, NOW_US), 0);
	run_at(fixture, KM_AUDIT_DONE, NOW_US);
	for (int i = 1; i <= KM_AUDITS_KEPT_MAX + 20; i++) {
		run_at(fixture, KM_AUDIT_FAILED, NOW_US + i);
	}
	/* Besides, the last that was done. */
	assert_int_equal(count(fixture, "SELECT count(*) FROM audit"), KM_AUDITS_KEPT_MAX + 1);
	assert_int_equal(count(fixture, "SELECT min(ended_us) FROM audit"), NOW_US);
	assert_int_equal(past_of(fixture).misses, KM_AUDITS_KEPT_MAX);
	assert_int_equal(count(fixture, "SELECT count(*) FROM login_try"), 1);
	run_at(fixture, KM_AUDIT_FAILED, NOW_US + KM_AUDITS_LOCK_US);
	assert_int_equal(count(fixture, "SELECT count(*) FROM login_try"), 0);
}

/* New account names in every audit, none of which comes to its end. */
static void test_a_camera_cannot_fill_the_database(void **state)
{
	static struct km_fact facts[KM_AUDITS_FACTS_MAX + 100];
	struct fixture *fixture = *state;

	put(fixture, KM_FACT_PORT_OPEN, KM_FROM_PROBE, "tcp/23", "telnet", NOW_US - 1);
	put(fixture, KM_FACT_SUPPORT_END, KM_FROM_PERSON, "", "1800000000000000", NOW_US - 1);
	for (size_t i = 0; i < KM_COUNT(facts); i++) {
		facts[i] = (struct km_fact){
			.camera = camera,
			.kind = KM_FACT_ACCOUNT,
			.source = KM_FROM_ONVIF,
			.is_known = true,
			.value = "user",
			.observed_unix_us = NOW_US + (int64_t)i,
		};
		(void)snprintf(facts[i].subject, sizeof(facts[i].subject), "user-%zu", i);
	}
	assert_int_equal(km_audits_put_facts(fixture->database, facts, KM_COUNT(facts)), 0);
	assert_int_equal(
	    count(fixture, "SELECT count(*) FROM fact WHERE kind = 30"), KM_AUDITS_FACTS_MAX);
	assert_int_equal(
	    count(fixture, "SELECT min(observed_us) FROM fact WHERE kind = 30"), NOW_US + 100);
	assert_int_equal(count(fixture, "SELECT count(*) FROM fact WHERE kind <> 30"), 2);
	/* All or none. */
	(void)snprintf(facts[1].value, sizeof(facts[1].value), "nonsense");
	(void)snprintf(facts[0].subject, sizeof(facts[0].subject), "none");
	assert_int_equal(km_audits_put_facts(fixture->database, facts, 2), KM_ERR_FORMAT);
	assert_int_equal(count(fixture, "SELECT count(*) FROM fact WHERE subject = 'none'"), 0);
}

static int try_once(struct fixture *fixture, const char *account, int64_t at_us)
{
	return km_audits_try(fixture->database, &camera, "rtsp", account, 1, at_us);
}

static void test_a_login_that_was_let_in_is_forgotten(void **state)
{
	struct fixture *fixture = *state;
	struct km_database *database = fixture->database;

	assert_int_equal(try_once(fixture, "admin", NOW_US), 0);
	assert_int_equal(try_once(fixture, "admin", NOW_US + 1), 0);
	assert_int_equal(try_once(fixture, "root", NOW_US + 1), 0);
	assert_int_equal(try_once(fixture, "root", NOW_US + 1), 0);
	assert_int_equal(km_audits_forget_tries(database, &other, "rtsp", "admin"), 0);
	assert_int_equal(km_audits_forget_tries(database, &camera, "http", "admin"), 0);
	assert_int_equal(try_once(fixture, "admin", NOW_US + 2), KM_ERR_DENIED);
	assert_int_equal(km_audits_forget_tries(database, &camera, "rtsp", "admin"), 0);
	assert_int_equal(try_once(fixture, "admin", NOW_US + 2), 0);
	assert_int_equal(try_once(fixture, "root", NOW_US + 2), KM_ERR_DENIED);
	assert_int_equal(km_audits_note_lock(database, &camera, "rtsp", "admin", NOW_US + 3), 0);
	assert_int_equal(km_audits_forget_tries(database, &camera, "rtsp", "admin"), 0);
	assert_int_equal(try_once(fixture, "admin", NOW_US + 4), KM_ERR_DENIED);
}

static void test_random_accounts_are_counted_on_all_services(void **state)
{
	struct km_database *database = ((struct fixture *)*state)->database;

	assert_int_equal(
	    km_audits_try(database, &camera, "rtsp", KM_FACT_CONTROL_ACCOUNT, 0, NOW_US), 0);
	assert_int_equal(
	    km_audits_try(database, &camera, "http", KM_FACT_CONTROL_ACCOUNT, 0, NOW_US), 0);
	assert_int_equal(
	    km_audits_try(database, &camera, "tls", KM_FACT_CONTROL_ACCOUNT, 0, NOW_US + 1),
	    KM_ERR_DENIED);
	assert_int_equal(
	    km_audits_try(database, &other, "tls", KM_FACT_CONTROL_ACCOUNT, 0, NOW_US + 1), 0);
	assert_int_equal(km_audits_try(database, &camera, "rtsp", "admin", 1, NOW_US + 1), 0);
}

static void test_two_tries_in_a_window(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(try_once(fixture, "admin", NOW_US), 0);
	assert_int_equal(try_once(fixture, "admin", NOW_US + 1), 0);
	assert_int_equal(try_once(fixture, "admin", NOW_US + 2), KM_ERR_DENIED);
	assert_int_equal(try_once(fixture, "root", NOW_US + 2), 0);
	assert_int_equal(try_once(fixture, "admin", NOW_US + KM_AUDITS_WINDOW_US), 0);
	assert_int_equal(try_once(fixture, "admin", NOW_US + KM_AUDITS_WINDOW_US), KM_ERR_DENIED);
}

static void test_after_a_lock_nothing_is_tried_for_a_week(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(
	    km_audits_note_lock(fixture->database, &camera, "rtsp", "admin", NOW_US), 0);
	assert_int_equal(try_once(fixture, "admin", NOW_US + 1), KM_ERR_DENIED);
	assert_int_equal(try_once(fixture, "root", NOW_US + 1), KM_ERR_DENIED);
	assert_int_equal(try_once(fixture, "root", NOW_US + KM_AUDITS_LOCK_US), 0);
	assert_int_equal(
	    km_audits_try(fixture->database, &other, "rtsp", "admin", 1, NOW_US + 1), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_one_audit_waits_for_a_camera),
		TEST(test_another_follows_the_one_that_runs),
		TEST(test_people_come_first),
		TEST(test_what_was_left_of_an_earlier_run_is_over),
		TEST(test_a_port_that_is_closed_now_is_gone),
		TEST(test_an_audit_that_reached_nothing_takes_nothing_away),
		TEST(test_an_account_that_onvif_no_longer_tells_is_gone),
		TEST(test_one_that_was_stopped_is_not_due_at_once),
		TEST(test_old_audits_and_tries_are_forgotten),
		TEST(test_a_camera_cannot_fill_the_database),
		TEST(test_two_tries_in_a_window),
		TEST(test_a_login_that_was_let_in_is_forgotten),
		TEST(test_random_accounts_are_counted_on_all_services),
		TEST(test_after_a_lock_nothing_is_tried_for_a_week),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
