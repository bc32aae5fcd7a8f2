/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/time.c base/uuid.c crypto/aead.c crypto/box.c crypto/digest.c crypto/random.c crypto/password.c io/clock.c model/states.c guard/database.c guard/schema.c guard/vault.c guard/journal.c guard/alarms.c guard/care_logins.c guard/duties.c guard/incidents.c guard/maintenances.c ../tests/unit/guard_stage.c */
/* libraries: crypto sodium sqlite3 */
/*
 * Alarms, incidents, duties and maintenance, as records in the database.
 */
#include "base/buf.h"
#include "base/time.h"
#include "guard/alarms.h"
#include "guard/care_logins.h"
#include "guard/duties.h"
#include "guard/incidents.h"
#include "guard/journal.h"
#include "guard/maintenances.h"
#include "guard_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NOW_US GUARD_STAGE_NOW_US

static const struct km_uuid gate = { .bytes = { [15] = 1 } };

static bool open_one(struct guard_stage *stage, unsigned kind, const char *subject)
{
	struct km_alarm_cause cause = {
		.kind = kind, .camera = gate, .subject = km_bytes_text(subject)
	};
	bool is_new = false;

	assert_int_equal(km_alarms_open(stage->database, &cause, KM_SEVERITY_WARNING, NOW_US,
			     "for a test", &is_new),
	    0);
	return is_new;
}

static int count_alarm(void *context, struct km_message_alarm *alarm)
{
	(void)alarm;
	(*(size_t *)context)++;
	return 0;
}

static size_t count_open(struct guard_stage *stage)
{
	size_t count = 0;

	assert_int_equal(km_alarms_each(stage->database, true, 0, 0, count_alarm, &count), 0);
	return count;
}

static void one_alarm_per_cause(void **state)
{
	struct guard_stage *stage = *state;
	struct km_alarm_cause cause = { .kind = KM_ALARM_CAMERA_LOST, .camera = gate };
	struct km_message_alarm alarm;
	bool was_open = false;

	assert_true(open_one(stage, KM_ALARM_CAMERA_LOST, ""));
	assert_false(open_one(stage, KM_ALARM_CAMERA_LOST, ""));
	assert_true(open_one(stage, KM_ALARM_CAMERA_LOST, "another subject"));
	assert_true(open_one(stage, KM_ALARM_CAMERA_CLOCK, ""));
	assert_int_equal(count_open(stage), 3);
	assert_int_equal(km_alarms_find(stage->database, 1, &alarm), 0);
	assert_int_equal(alarm.count, 2);
	assert_int_equal(km_alarms_clear(stage->database, &cause, NOW_US + 5, &was_open), 0);
	assert_true(was_open);
	assert_int_equal(km_alarms_clear(stage->database, &cause, NOW_US + 6, &was_open), 0);
	assert_false(was_open);
	/* The same cause again is another alarm. */
	assert_true(open_one(stage, KM_ALARM_CAMERA_LOST, ""));
	assert_int_equal(count_open(stage), 3);
}

static void alarms_are_seen_once(void **state)
{
	struct guard_stage *stage = *state;
	struct km_message_alarm alarm;
	uint32_t unseen = 0;
	unsigned severity = 0;

	(void)open_one(stage, KM_ALARM_CAMERA_LOST, "");
	(void)open_one(stage, KM_ALARM_CLOCK_STEP, "");
	assert_int_equal(
	    km_alarms_acknowledge(stage->database, 1, "anna", NOW_US + 9, false, &alarm), 0);
	assert_string_equal(alarm.acknowledged_by, "anna");
	assert_int_equal(alarm.cleared_unix_us, 0);
	assert_int_equal(
	    km_alarms_acknowledge(stage->database, 1, "ben", NOW_US + 9, false, &alarm),
	    KM_ERR_STATE);
	assert_int_equal(
	    km_alarms_acknowledge(stage->database, 2, "ben", NOW_US + 9, true, &alarm), 0);
	assert_int_equal(alarm.cleared_unix_us, NOW_US + 9);
	assert_int_equal(km_alarms_acknowledge(stage->database, 3, "ben", NOW_US + 9, true, &alarm),
	    KM_ERR_NOT_FOUND);
	assert_int_equal(km_alarms_count(stage->database, &unseen, &severity), 0);
	assert_int_equal(unseen, 0);
	assert_int_equal(severity, KM_SEVERITY_WARNING);
}

/* What is over for long goes; what is open, over since lately, or the newest of all stays. */
static void old_alarms_are_forgotten(void **state)
{
	struct guard_stage *stage = *state;
	struct km_alarm_cause cause = { .kind = KM_ALARM_LOGINS, .camera = gate };
	struct km_message_alarm alarm;
	int64_t count = 0;

	for (int i = 0; i < 4; i++) {
		(void)open_one(stage, KM_ALARM_LOGINS, "");
		assert_int_equal(
		    km_alarms_clear(stage->database, &cause, NOW_US + i * 10 + 5, NULL), 0);
	}
	assert_int_equal(km_alarms_forget(stage->database, NOW_US + 5, &count), 0);
	assert_true(count == 0);
	assert_int_equal(km_alarms_forget(stage->database, NOW_US + 16, &count), 0);
	assert_true(count == 2);
	assert_int_equal(km_alarms_find(stage->database, 2, &alarm), KM_ERR_NOT_FOUND);
	assert_int_equal(km_alarms_find(stage->database, 3, &alarm), 0);
	assert_int_equal(km_alarms_forget(stage->database, INT64_MAX, &count), 0);
	assert_true(count == 1);
	assert_int_equal(km_alarms_find(stage->database, 4, &alarm), 0);
	assert_true(open_one(stage, KM_ALARM_LOGINS, ""));
	assert_int_equal(km_alarms_forget(stage->database, INT64_MAX, &count), 0);
	assert_true(count == 1);
	assert_int_equal(count_open(stage), 1);
}

static void long_words_are_cut_between_characters(void **state)
{
	struct guard_stage *stage = *state;
	struct km_message_alarm alarm;
	char subject[400] = "x";

	for (size_t i = 1; i + 3 < sizeof(subject); i += 3) {
		memcpy(subject + i, "門", 4);
	}
	assert_true(open_one(stage, KM_ALARM_LOGINS, subject));
	assert_false(open_one(stage, KM_ALARM_LOGINS, subject));
	assert_int_equal(km_alarms_find(stage->database, 1, &alarm), 0);
	assert_int_equal(strlen(alarm.subject), 127); /* 1 + 42 x 3 */
}

static int keep_note(void *context, struct km_message_incident_note *note)
{
	*(struct km_message_incident_note *)context = *note;
	return 0;
}

static void incident_has_owner_steps_notes_and_end(void **state)
{
	struct guard_stage *stage = *state;
	struct km_database *database = stage->database;
	struct km_message_incident incident;
	struct km_message_incident_note note = { 0 };

	assert_int_equal(
	    km_incidents_open(database, KM_ALARM_LOGINS, "who was it", "anna", NOW_US, &incident),
	    0);
	assert_int_equal(incident.number, 1);
	assert_int_equal(km_incidents_work(database, 1, 3, false, NULL, "", "anna", NOW_US), 0);
	assert_int_equal(
	    km_incidents_work(database, 1, 32, false, "ben", "asked the shop", "anna", NOW_US + 1),
	    0);
	assert_int_equal(
	    km_incidents_work(database, 1, 33, false, NULL, "", "anna", NOW_US), KM_ERR_RANGE);
	assert_int_equal(
	    km_incidents_work(database, 2, 1, false, NULL, "", "anna", NOW_US), KM_ERR_NOT_FOUND);
	assert_int_equal(km_incidents_find(database, 1, &incident), 0);
	assert_int_equal(incident.steps_done, UINT32_C(1) << 31 | 1 << 2);
	/* Ticked by mistake. */
	assert_int_equal(km_incidents_work(database, 1, 3, true, NULL, "", "anna", NOW_US), 0);
	assert_int_equal(km_incidents_work(database, 1, 4, true, NULL, "", "anna", NOW_US), 0);
	assert_int_equal(km_incidents_find(database, 1, &incident), 0);
	assert_int_equal(incident.steps_done, UINT32_C(1) << 31);
	assert_string_equal(incident.owner, "ben");
	assert_int_equal(km_incidents_each_note(database, 1, keep_note, &note), 0);
	assert_string_equal(note.text, "asked the shop");
	assert_int_equal(km_incidents_end(database, 1, "a typing error", NOW_US + 2), 0);
	assert_int_equal(km_incidents_end(database, 1, "again", NOW_US + 3), KM_ERR_STATE);
	assert_int_equal(
	    km_incidents_work(database, 1, 1, false, NULL, "", "anna", NOW_US), KM_ERR_STATE);
}

static int count_duty(void *context, struct km_message_duty *duty)
{
	(void)duty;
	(*(size_t *)context)++;
	return 0;
}

static size_t count_duties(struct guard_stage *stage, bool is_overdue, int64_t now_us)
{
	size_t count = 0;

	assert_int_equal(
	    km_duties_each(stage->database, is_overdue, now_us, count_duty, &count), 0);
	return count;
}

static void duties_fall_due_and_are_done(void **state)
{
	struct guard_stage *stage = *state;
	struct km_database *database = stage->database;
	struct km_message_duty_put put = { .title = "clean the domes", .interval_days = 90 };
	struct km_message_duty duty;
	int64_t later_us = NOW_US + 91 * KM_TIME_DAY_US;

	assert_int_equal(km_duties_prepare(database, NOW_US), 0);
	assert_int_equal(km_duties_prepare(database, NOW_US + 1), 0);
	assert_int_equal(count_duties(stage, false, NOW_US), 7);
	assert_int_equal(count_duties(stage, true, NOW_US), 0);
	assert_int_equal(km_duties_put(database, &put, NOW_US, &duty), 0);
	assert_int_equal(duty.due_unix_us, NOW_US + 90 * KM_TIME_DAY_US);
	assert_int_equal(km_duties_find(database, duty.number, later_us, &duty), 0);
	assert_true(duty.is_overdue);
	assert_int_equal(
	    km_duties_done(database, duty.number, "anna", KM_DUTY_RESULT_FINE, "", later_us), 0);
	assert_int_equal(km_duties_find(database, duty.number, later_us, &duty), 0);
	assert_false(duty.is_overdue);
	assert_string_equal(duty.done_by, "anna");
	assert_int_equal(duty.done_unix_us, later_us);
	put.interval_days = 0;
	assert_int_equal(km_duties_put(database, &put, NOW_US, &duty), KM_ERR_RANGE);
	put = (struct km_message_duty_put){ .interval_days = 3 };
	assert_int_equal(km_duties_put(database, &put, NOW_US, &duty), KM_ERR_FORMAT);
	assert_int_equal(km_duties_drop(database, 1, NOW_US), KM_ERR_DENIED);
	assert_int_equal(km_duties_drop(database, duty.number, NOW_US), 0);
	assert_int_equal(km_duties_drop(database, duty.number, NOW_US), KM_ERR_NOT_FOUND);
}

static void maintenance_holds_for_its_time(void **state)
{
	struct guard_stage *stage = *state;
	struct km_database *database = stage->database;
	struct km_message_maintenance_begin begin = { .camera = gate,
		.to_unix_us = NOW_US + KM_TIME_HOUR_US };
	struct km_message_maintenance made;
	bool holds = true;

	assert_int_equal(
	    km_maintenances_begin(database, &begin, "anna", NOW_US, &made), KM_ERR_NOT_FOUND);
	assert_int_equal(km_database_run(database,
			     "INSERT INTO camera (id, name, url, user, transport, allows_basic,"
			     " retain_us, retain_bytes, is_enabled, created_us)"
			     " VALUES (?1, 'gate', '', '', 0, 0, 0, 0, 1, 0)",
			     KM_VALUES(KM_UUID_DATA(&gate)), NULL, NULL),
	    0);
	assert_int_equal(km_maintenances_begin(database, &begin, "anna", NOW_US, &made), 0);
	assert_string_equal(made.camera_name, "gate");
	assert_int_equal(km_maintenances_holds(database, &gate, NOW_US + 1, &holds), 0);
	assert_true(holds);
	assert_int_equal(km_maintenances_holds(database, &gate, begin.to_unix_us, &holds), 0);
	assert_false(holds);
	assert_int_equal(km_maintenances_end(database, made.number, NOW_US + 2, &made), 0);
	assert_int_equal(km_maintenances_holds(database, &gate, NOW_US + 3, &holds), 0);
	assert_false(holds);
	assert_int_equal(
	    km_maintenances_end(database, made.number, NOW_US + 4, &made), KM_ERR_STATE);
	begin.to_unix_us = NOW_US - 1;
	assert_int_equal(
	    km_maintenances_begin(database, &begin, "anna", NOW_US, &made), KM_ERR_RANGE);
	begin.to_unix_us = NOW_US + 15 * KM_TIME_DAY_US;
	assert_int_equal(
	    km_maintenances_begin(database, &begin, "anna", NOW_US, &made), KM_ERR_RANGE);
}

/* --- logins --- */

struct seen {
	unsigned count;
	unsigned kind;
	char text[200];
};

static int on_open(void *context, const struct km_alarm_cause *cause, unsigned severity,
    int64_t now_us, const char *text)
{
	struct seen *seen = context;

	(void)severity;
	(void)now_us;
	seen->count++;
	seen->kind = cause->kind;
	(void)snprintf(seen->text, sizeof(seen->text), "%s", text);
	return 0;
}

static struct seen log_in(struct guard_stage *stage, const char *text, int64_t unix_us)
{
	struct km_care_entry entry = { .number = 1,
		.unix_us = unix_us,
		.event = KM_EVENT_LOGIN,
		.account = { .bytes = { 7 } } };
	struct seen seen = { 0 };

	(void)snprintf(entry.text, sizeof(entry.text), "%s", text);
	assert_int_equal(km_care_logins_follow(stage->database, &entry, on_open, &seen), 0);
	return seen;
}

static void new_places_and_hours_are_noticed(void **state)
{
	struct guard_stage *stage = *state;
	int64_t noon_us = NOW_US / KM_TIME_DAY_US * KM_TIME_DAY_US + 12 * KM_TIME_HOUR_US;

	assert_int_equal(log_in(stage, "anna from 192.0.2.7", noon_us).count, 0);
	assert_int_equal(log_in(stage, "anna from ::ffff:192.0.2.99", noon_us).count, 0);
	assert_int_equal(log_in(stage, "anna from 198.51.100.1", noon_us).count, 1);
	assert_int_equal(log_in(stage, "anna from 198.51.100.2", noon_us).count, 0);
	assert_int_equal(log_in(stage, "anna from 2001:db8::1", noon_us).count, 1);
	assert_int_equal(log_in(stage, "anna from 2001:db8::2", noon_us).count, 0);
	for (int i = 0; i < 14; i++) {
		assert_int_equal(log_in(stage, "anna from 192.0.2.7", noon_us).count, 0);
	}
	assert_int_equal(log_in(stage, "anna from 192.0.2.7", noon_us + KM_TIME_HOUR_US).count, 0);
	assert_int_equal(log_in(stage, "anna from 192.0.2.7", noon_us + 9 * KM_TIME_HOUR_US).kind,
	    KM_ALARM_LOGIN_UNUSUAL);
}

static void failures_from_all_sides_are_noticed(void **state)
{
	struct guard_stage *stage = *state;
	struct km_care_entry entry = { .event = KM_EVENT_LOGIN_FAILED };
	struct seen seen = { 0 };

	for (int i = 0; i < 10; i++) {
		assert_int_equal(seen.count, 0);
		assert_int_equal(
		    km_journal_note(stage->database, KM_EVENT_LOGIN_FAILED, NULL, NULL, "somebody"),
		    0);
		entry.number = i + 1;
		entry.unix_us = guard_stage_number(stage, "SELECT max(unix_us) FROM journal");
		assert_int_equal(km_care_logins_follow(stage->database, &entry, on_open, &seen), 0);
	}
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.kind, KM_ALARM_LOGINS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, guard_stage_set_up, guard_stage_tear_down)
		TEST(one_alarm_per_cause),
		TEST(alarms_are_seen_once),
		TEST(long_words_are_cut_between_characters),
		TEST(old_alarms_are_forgotten),
		TEST(incident_has_owner_steps_notes_and_end),
		TEST(duties_fall_due_and_are_done),
		TEST(maintenance_holds_for_its_time),
		TEST(new_places_and_hours_are_noticed),
		TEST(failures_from_all_sides_are_noticed),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
