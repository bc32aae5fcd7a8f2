/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/time.c base/uuid.c crypto/aead.c crypto/box.c crypto/digest.c crypto/random.c crypto/password.c io/clock.c model/states.c model/events.c proto/service_url.c guard/database.c guard/schema.c guard/vault.c guard/journal.c guard/alarms.c guard/destinations.c guard/notices.c guard/notice_source.c ../tests/unit/guard_stage.c */
/* libraries: crypto sodium sqlite3 */
/*
 * Destinations, the queue, and what comes into it, over restarts.
 */
#include "guard/alarms.h"
#include "guard/destinations.h"
#include "guard/journal.h"
#include "guard/notice_source.h"
#include "guard/notices.h"
#include "guard_stage.h"
#include "model/states.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define NOW GUARD_STAGE_NOW_US

static struct km_destination make(const char *name, unsigned kind, const char *url)
{
	struct km_destination destination = {
		.kind = (uint8_t)kind, .minimum = KM_SEVERITY_WARNING, .is_enabled = true
	};

	(void)snprintf(destination.name, sizeof(destination.name), "%s", name);
	(void)snprintf(destination.url, sizeof(destination.url), "%s", url);
	(void)snprintf(destination.sender, sizeof(destination.sender), "recorder@example.org");
	(void)snprintf(
	    destination.recipients, sizeof(destination.recipients), "a@example.org, b@example.org");
	return destination;
}

static struct km_uuid add(struct guard_stage *stage, const char *name)
{
	struct km_destination destination = make(name, KM_DESTINATION_MAIL, "smtps://mail.example");
	struct km_bytes password = KM_BYTES("a secret of the mail server");
	struct km_uuid id = { 0 };

	assert_int_equal(
	    km_destinations_put(stage->database, stage->vault, &destination, &password, NOW, &id),
	    0);
	return id;
}

static int set_up(void **state)
{
	int err = guard_stage_set_up(state);

	guard_stage_open_vault(*state);
	return err;
}

static size_t put(struct guard_stage *stage, const char *text, unsigned severity)
{
	struct km_notice notice = {
		.event = KM_EVENT_STARTED, .severity = (uint8_t)severity, .unix_us = NOW
	};
	size_t count = 0;

	(void)snprintf(notice.text_en, sizeof(notice.text_en), "%s", text);
	assert_int_equal(km_notices_put(stage->database, &notice, NOW, &count), 0);
	return count;
}

struct heard {
	size_t count;
	char text[4096];
};

static int on_notice(void *context, const struct km_notice *notice)
{
	struct heard *heard = context;
	size_t used = strlen(heard->text);

	assert_false(km_uuid_is_nil(&notice->id));
	(void)snprintf(heard->text + used, sizeof(heard->text) - used, "%s;", notice->text_en);
	heard->count++;
	return 0;
}

static struct km_uuid take(
    struct guard_stage *stage, const struct km_uuid *id, size_t count, const char *wanted)
{
	struct heard heard = { 0 };
	struct km_uuid delivery = { 0 };

	assert_int_equal(
	    km_notices_take(stage->database, id, count, &delivery, on_notice, &heard), 0);
	assert_string_equal(heard.text, wanted);
	return delivery;
}

static struct km_notices_queue look(struct guard_stage *stage, const struct km_uuid *id)
{
	struct km_notices_queue queue = { 0 };

	assert_int_equal(km_notices_look(stage->database, id, 0, &queue), 0);
	return queue;
}

static void test_judge(void **state)
{
	static const struct {
		unsigned kind;
		const char *url;
	} wrong[] = {
		{ KM_DESTINATION_MAIL, "https://a.example" },
		{ KM_DESTINATION_WEBHOOK, "http://a.example" },
		{ KM_DESTINATION_MQTT, "mqtt://a.example" },
		{ KM_DESTINATION_SYSLOG, "syslog://a.example" },
		{ 0, "https://a.example" },
		{ 5, "https://a.example" },
	};
	static const char *const addresses[] = { "", "a", "@b", "a@", "a@b\r\nBcc: c@d", "a@b, ",
		"a b@c", "<a@b>", "a@b@c", "a@.b", "\"a\"@b" };
	struct km_bytes key = KM_BYTES("0123456789abcdef");
	struct km_bytes short_key = KM_BYTES("0123456789abcde");
	struct km_destination destination;

	(void)state;
	for (size_t i = 0; i < KM_COUNT(wrong); i++) {
		destination = make("x", wrong[i].kind, wrong[i].url);
		assert_non_null(km_destinations_judge(&destination, &key));
	}
	for (size_t i = 0; i < KM_COUNT(addresses); i++) {
		destination = make("x", KM_DESTINATION_MAIL, "smtps://a.example");
		assert_null(km_destinations_judge(&destination, NULL));
		(void)snprintf(
		    destination.recipients, sizeof(destination.recipients), "%s", addresses[i]);
		assert_non_null(km_destinations_judge(&destination, NULL));
		destination = make("x", KM_DESTINATION_MAIL, "smtps://a.example");
		(void)snprintf(destination.sender, sizeof(destination.sender), "%s", addresses[i]);
		assert_non_null(km_destinations_judge(&destination, NULL));
	}
	destination = make("x", KM_DESTINATION_WEBHOOK, "https://a.example");
	assert_non_null(km_destinations_judge(&destination, NULL));
	assert_non_null(km_destinations_judge(&destination, &short_key));
	assert_null(km_destinations_judge(&destination, &key));
	destination = make("x", KM_DESTINATION_MQTT, "mqtts://a.example");
	(void)snprintf(destination.topic, sizeof(destination.topic), "a/+/b");
	assert_non_null(km_destinations_judge(&destination, NULL));
}

static void test_destinations(void **state)
{
	struct guard_stage *stage = *state;
	struct km_uuid id = add(stage, "owner");
	struct km_destination found = { 0 };
	char password[KM_DESTINATION_PASSWORD_SIZE];
	struct km_destination again = make("owner", KM_DESTINATION_MAIL, "smtps://other.example");
	struct km_uuid other = { 0 };

	assert_int_equal(
	    km_destinations_put(stage->database, stage->vault, &again, NULL, NOW, &other),
	    KM_ERR_EXISTS);
	guard_stage_reopen(stage);
	assert_int_equal(km_destinations_find_name(stage->database, KM_BYTES("owner"), &found), 0);
	assert_true(km_uuid_is_equal(&found.id, &id) && found.has_password);
	assert_int_equal(km_destinations_password(stage->database, stage->vault, &id, password), 0);
	assert_string_equal(password, "a secret of the mail server");
	assert_int_equal(
	    guard_stage_number(stage, "SELECT count(*) FROM destination WHERE"
				      " instr(secret, CAST('secret of the' AS BLOB)) > 0"),
	    0);
	(void)put(stage, "waits", KM_SEVERITY_CRITICAL);
	assert_int_equal(km_destinations_drop(stage->database, &id), 0);
	assert_int_equal(km_destinations_drop(stage->database, &id), KM_ERR_NOT_FOUND);
	assert_int_equal(guard_stage_number(stage, "SELECT count(*) FROM notice"), 0);
}

static void test_queue(void **state)
{
	struct guard_stage *stage = *state;
	struct km_uuid id = add(stage, "one");
	struct km_uuid other = add(stage, "two");
	struct km_uuid first;
	struct km_uuid again;

	assert_int_equal(put(stage, "too little", KM_SEVERITY_INFO), 0);
	assert_int_equal(put(stage, "a", KM_SEVERITY_WARNING), 2);
	assert_int_equal(put(stage, "b", KM_SEVERITY_CRITICAL), 2);
	assert_int_equal(put(stage, "c", KM_SEVERITY_WARNING), 2);
	first = take(stage, &id, 2, "a;b;");
	assert_int_equal(
	    km_notices_note_failure(stage->database, &id, &first, NOW + 7, "no answer"), 0);
	(void)put(stage, "d", KM_SEVERITY_WARNING);
	/* The same delivery after a restart, with the same id and content. */
	guard_stage_reopen(stage);
	again = take(stage, &id, 100, "a;b;");
	assert_true(km_uuid_is_equal(&first, &again));
	assert_int_equal(look(stage, &id).tries, 1);
	assert_int_equal(look(stage, &id).due_us, NOW + 7);
	assert_string_equal(look(stage, &id).error, "no answer");
	assert_int_equal(km_notices_note_success(stage->database, &id, &first, NOW + 10, 0), 0);
	assert_int_equal(look(stage, &id).waiting, 2);
	assert_int_equal(look(stage, &id).sent, 1);
	assert_int_equal(look(stage, &id).tries, 0);
	(void)take(stage, &id, 100, "c;d;");
	assert_int_equal(look(stage, &other).waiting, 4);
}

static void test_give_up(void **state)
{
	struct guard_stage *stage = *state;
	struct km_uuid id = add(stage, "one");
	struct km_uuid delivery;
	uint64_t count = 0;

	(void)put(stage, "a", KM_SEVERITY_WARNING);
	(void)put(stage, "b", KM_SEVERITY_WARNING);
	delivery = take(stage, &id, 1, "a;");
	assert_int_equal(
	    km_notices_give_up(stage->database, &id, &delivery, 0, NOW + 1, &count), 0);
	assert_int_equal(count, 1);
	delivery = take(stage, &id, 1, "b;");
	assert_int_equal(
	    km_notices_give_up(stage->database, &id, &delivery, NOW + 1, NOW + 2, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(look(stage, &id).waiting, 0);
	assert_int_equal(look(stage, &id).given_up, 2);
}

static void test_source(void **state)
{
	struct guard_stage *stage = *state;
	struct km_alarm_cause cause = { .kind = KM_ALARM_STORAGE };
	struct km_uuid id = add(stage, "one");
	struct km_message_alarm alarm;
	size_t count = 0;
	bool is_new = false;

	(void)km_journal_note(stage->database, KM_EVENT_STOPPED, NULL, NULL, "%s", "before");
	assert_int_equal(km_notice_source_run(stage->database, NOW, &count), 0);
	assert_int_equal(look(stage, &id).waiting, 0); /* from now on, not from long ago */
	(void)km_journal_note(stage->database, KM_EVENT_STOPPED, NULL, NULL, "%s", "after");
	(void)km_journal_note(stage->database, KM_EVENT_LOGIN, NULL, NULL, "%s", "not told");
	assert_int_equal(
	    km_alarms_open(stage->database, &cause, KM_SEVERITY_CRITICAL, NOW, "full", &is_new), 0);
	assert_int_equal(
	    km_alarms_open(stage->database, &cause, KM_SEVERITY_CRITICAL, NOW, "full", &is_new), 0);
	assert_int_equal(
	    km_alarms_acknowledge(stage->database, 1, "hana", NOW + 1, false, &alarm), 0);
	assert_int_equal(km_alarms_clear(stage->database, &cause, NOW + 2, NULL), 0);
	guard_stage_reopen(stage);
	assert_int_equal(km_notice_source_run(stage->database, NOW, &count), 0);
	assert_int_equal(km_notice_source_run(stage->database, NOW, &count), 0);
	assert_int_equal(count, 0);
	(void)take(stage, &id, 100,
	    "The recorder was stopped: after;Pictures cannot be stored: full;"
	    "Seen: Pictures cannot be stored: full;Over: Pictures cannot be stored: full;");
}

static void test_bound(void **state)
{
	struct guard_stage *stage = *state;
	struct km_uuid id = add(stage, "one");

	assert_int_equal(km_database_exec(stage->database, "BEGIN IMMEDIATE"), 0);
	for (int i = 0; i < KM_NOTICES_WAITING_MAX; i++) {
		if (put(stage, "x", KM_SEVERITY_WARNING) != 1) {
			fail();
		}
		/* Counting all for each would take long; the rest is made at once. */
		if (i == 10) {
			assert_int_equal(
			    km_database_exec(stage->database,
				"INSERT INTO notice (id, destination, state, created_us,"
				" due_us, tries, error, event, severity, phase, alarm,"
				" alarm_kind, unix_us, camera, camera_name, account_name,"
				" text_en, text_ja) WITH RECURSIVE c(n) AS (SELECT 1 UNION"
				" ALL SELECT n + 1 FROM c WHERE n < 9988) SELECT n.id,"
				" n.destination, 0, 0, 0, 0, '', 1, 2, 0, 0, 0, 0, n.camera,"
				" '', '', '', '' FROM c, (SELECT * FROM notice LIMIT 1) n"),
			    0);
			break;
		}
	}
	assert_int_equal(km_database_exec(stage->database, "COMMIT"), 0);
	(void)put(stage, "last", KM_SEVERITY_WARNING);
	assert_int_equal(look(stage, &id).waiting, KM_NOTICES_WAITING_MAX);
	(void)put(stage, "too many", KM_SEVERITY_WARNING);
	assert_int_equal(look(stage, &id).waiting, KM_NOTICES_WAITING_MAX);
	assert_int_equal(look(stage, &id).given_up, 1); /* and it is listed */
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, guard_stage_tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge),
		TEST(test_destinations),
		TEST(test_queue),
		TEST(test_give_up),
		TEST(test_source),
		TEST(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
