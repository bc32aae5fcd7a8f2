/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/time.c base/uuid.c crypto/aead.c crypto/box.c crypto/digest.c crypto/random.c crypto/password.c io/clock.c model/states.c model/facts.c model/kept_facts.c model/remedies.c judge/difference.c judge/port_set.c guard/database.c guard/schema.c guard/vault.c guard/maintenances.c guard/snapshots.c ../tests/unit/guard_stage.c */
/* libraries: crypto sodium sqlite3 */
/*
 * Snapshots of cameras: kept when something is new, compared, announced or not. [IPA h01-1]
 */
#include "base/time.h"
#include "guard/maintenances.h"
#include "guard/snapshots.h"
#include "guard_stage.h"
#include "model/remedies.h"
#include "model/states.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW_US  GUARD_STAGE_NOW_US
#define HOUR_US KM_TIME_HOUR_US

static const struct km_uuid gate = { .bytes = { [15] = 1 } };
static const struct km_uuid yard = { .bytes = { [15] = 2 } };

struct saw {
	size_t count;
	unsigned by[8]; /* who announced each */
};

static void on_difference(
    void *context, const struct km_difference *difference, unsigned announced_by)
{
	struct saw *saw = context;

	(void)difference;
	saw->by[saw->count++] = announced_by;
}

static struct km_fact fact_of(enum km_fact_kind kind, const char *subject, const char *value)
{
	struct km_fact fact = { .kind = (uint16_t)kind, .source = KM_FROM_ONVIF, .is_known = true };

	(void)snprintf(fact.subject, sizeof(fact.subject), "%s", subject);
	(void)snprintf(fact.value, sizeof(fact.value), "%s", value);
	return fact;
}

/* An audit of a minute that saw this firmware and, besides the administrator, this account. */
static struct km_snapshots_find audit(struct guard_stage *stage, const struct km_uuid *camera,
    const char *firmware, const char *account, int64_t now_us, struct saw *saw)
{
	struct km_fact facts[] = {
		fact_of(KM_FACT_FIRMWARE, "", firmware),
		fact_of(KM_FACT_ACCOUNT, "admin", "administrator"),
		fact_of(KM_FACT_CLOCK_OFFSET, "", "12"),
		fact_of(KM_FACT_ACCOUNT, account == NULL ? "" : account, "user"),
	};
	struct km_snapshots_find find = { 0 };

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		facts[i].observed_unix_us = now_us;
	}
	assert_int_equal(km_snapshots_take(stage->database, camera, KM_SNAPSHOT_AUDIT, facts,
			     account == NULL ? 3 : 4, now_us - KM_TIME_MINUTE_US, now_us,
			     on_difference, saw, &find),
	    0);
	return find;
}

static int64_t begin_maintenance(struct guard_stage *stage, int64_t from_us, int64_t to_us)
{
	struct km_message_maintenance_begin begin = {
		.camera = gate, .from_unix_us = from_us, .to_unix_us = to_us
	};
	struct km_message_maintenance made;

	assert_int_equal(
	    km_database_run(stage->database,
		"INSERT INTO camera (id, name, url, user, transport, allows_basic, retain_us,"
		" retain_bytes, is_enabled, created_us) VALUES (?1, 'gate', '', '', 0, 0, 0, 0, 1, "
		"0)",
		KM_VALUES(KM_UUID_DATA(&gate)), NULL, NULL),
	    0);
	assert_int_equal(km_maintenances_begin(stage->database, &begin, "anna", from_us, &made), 0);
	return made.number;
}

static void put_remedy(struct guard_stage *stage, unsigned kind, int64_t begun_us, int64_t ended_us)
{
	assert_int_equal(
	    km_database_run(stage->database,
		"INSERT INTO remedy (camera, kind, state, step, text, by, plan, before, begun_us,"
		" ended_us, user, tries, due_us) VALUES (?1, ?2, 2, '', '', '', '', 0, ?3, ?4, '', "
		"0,"
		" 0)",
		KM_VALUES(
		    KM_UUID_DATA(&gate), KM_NUMBER(kind), KM_NUMBER(begun_us), KM_NUMBER(ended_us)),
		NULL, NULL),
	    0);
}

static void the_same_is_not_stored_twice(void **state)
{
	struct guard_stage *stage = *state;
	struct saw saw = { 0 };
	struct km_snapshots_find find = audit(stage, &gate, "1.2", NULL, NOW_US, &saw);

	assert_true(find.is_first);
	assert_true(find.is_new);
	assert_int_equal(find.snapshot.number, 1);
	find = audit(stage, &gate, "1.2", NULL, NOW_US + HOUR_US, &saw);
	assert_false(find.is_new);
	assert_int_equal(find.snapshot.number, 1);
	assert_int_equal(find.snapshot.taken_us, NOW_US);
	assert_int_equal(find.snapshot.confirmed_us, NOW_US + HOUR_US);
	assert_int_equal(saw.count, 0);
	assert_int_equal(guard_stage_number(stage, "SELECT count(*) FROM snapshot"), 1);
	/* The clock's offset is not kept. */
	assert_int_equal(guard_stage_number(stage, "SELECT count(*) FROM snapshot_fact"), 2);
}

static void a_change_nobody_announced(void **state)
{
	struct guard_stage *stage = *state;
	struct saw saw = { 0 };
	struct km_snapshots_find find = audit(stage, &gate, "1.2", NULL, NOW_US, &saw);

	(void)audit(stage, &yard, "7", NULL, NOW_US, &saw);
	find = audit(stage, &gate, "1.2", "intruder", NOW_US + HOUR_US, &saw);
	assert_true(find.is_new);
	assert_false(find.is_first);
	assert_int_equal(find.before, 1);
	assert_int_equal(find.snapshot.changes, 1);
	assert_int_equal(find.snapshot.unannounced, 1);
	assert_int_equal(saw.count, 1);
	assert_int_equal(saw.by[0], KM_ANNOUNCED_NOBODY);
	/* It is told once. */
	find = audit(stage, &gate, "1.2", "intruder", NOW_US + 2 * HOUR_US, &saw);
	assert_false(find.is_new);
	assert_int_equal(saw.count, 1);
}

static void maintenance_announces_and_is_checked(void **state)
{
	struct guard_stage *stage = *state;
	struct saw saw = { 0 };
	struct km_snapshots_find find = audit(stage, &gate, "1.2", NULL, NOW_US, &saw);
	int64_t work = begin_maintenance(stage, NOW_US + HOUR_US, NOW_US + 2 * HOUR_US);

	find = audit(stage, &gate, "1.3", NULL, NOW_US + HOUR_US * 3 / 2, &saw);
	assert_int_equal(find.snapshot.unannounced, 0);
	assert_int_equal(find.snapshot.announced_by, KM_ANNOUNCED_MAINTENANCE);
	assert_int_equal(saw.by[0], KM_ANNOUNCED_MAINTENANCE);
	assert_int_equal(guard_stage_number(stage, "SELECT count(*) FROM maintenance_check"), 0);
	(void)audit(stage, &gate, "1.3", NULL, NOW_US + 3 * HOUR_US, &saw);
	assert_int_equal(work, 1);
	assert_int_equal(guard_stage_number(stage,
			     "SELECT before * 100 + after * 10 + changes FROM maintenance_check"
			     " WHERE maintenance = 1"),
	    121);
	/* Afterwards nothing is announced any more. */
	find = audit(stage, &gate, "1.4", NULL, NOW_US + 5 * HOUR_US, &saw);
	assert_int_equal(find.snapshot.unannounced, 1);
	assert_int_equal(guard_stage_number(stage, "SELECT count(*) FROM maintenance_check"), 1);
}

static void a_remedy_explains_its_own_doing_only(void **state)
{
	struct guard_stage *stage = *state;
	struct saw saw = { 0 };
	struct km_snapshots_find find = audit(stage, &gate, "1.2", NULL, NOW_US, &saw);

	put_remedy(stage, KM_REMEDY_NTP, NOW_US + HOUR_US, NOW_US + HOUR_US + 1);
	find = audit(stage, &gate, "1.2", "intruder", NOW_US + 2 * HOUR_US, &saw);
	assert_int_equal(find.snapshot.unannounced, 1);
	put_remedy(stage, KM_REMEDY_FIRMWARE, NOW_US + 3 * HOUR_US, NOW_US + 3 * HOUR_US + 1);
	find = audit(stage, &gate, "1.3", "intruder", NOW_US + 4 * HOUR_US, &saw);
	assert_int_equal(find.snapshot.unannounced, 0);
	assert_int_equal(find.snapshot.announced_by, KM_ANNOUNCED_REMEDY);
	find = audit(stage, &gate, "1.4", "intruder", NOW_US + 5 * HOUR_US, &saw);
	assert_int_equal(find.snapshot.unannounced, 1);
}

/* Set back to its delivery, the camera lets no audit in for a while. */
static void a_remedy_explains_what_is_seen_only_later(void **state)
{
	struct guard_stage *stage = *state;
	struct saw saw = { 0 };
	struct km_fact model = fact_of(KM_FACT_MODEL, "", "LC-1");
	struct km_snapshots_find find = audit(stage, &gate, "1.2", "guest", NOW_US, &saw);

	put_remedy(stage, KM_REMEDY_RESET, NOW_US + HOUR_US, NOW_US + HOUR_US + 1);
	model.observed_unix_us = NOW_US + 2 * HOUR_US;
	for (int i = 2; i < 4; i++) {
		assert_int_equal(
		    km_snapshots_take(stage->database, &gate, KM_SNAPSHOT_AUDIT, &model, 1,
			NOW_US + i * HOUR_US, NOW_US + i * HOUR_US, NULL, NULL, &find),
		    0);
	}
	find = audit(stage, &gate, "1.0", NULL, NOW_US + 4 * HOUR_US, &saw);
	assert_int_equal(saw.count, 2);
	assert_int_equal(find.snapshot.unannounced, 0);
	assert_int_equal(find.snapshot.announced_by, KM_ANNOUNCED_REMEDY);
	/* Seen once after it, it explains nothing more. */
	(void)audit(stage, &gate, "1.0", NULL, NOW_US + 5 * HOUR_US, &saw);
	find = audit(stage, &gate, "1.1", NULL, NOW_US + 6 * HOUR_US, &saw);
	assert_int_equal(find.snapshot.unannounced, 1);
}

static int count(void *context, const struct km_difference *difference)
{
	(void)difference;
	(*(size_t *)context)++;
	return 0;
}

static void any_two_of_a_camera_can_be_compared(void **state)
{
	struct guard_stage *stage = *state;
	struct saw saw = { 0 };
	size_t found = 0;

	(void)audit(stage, &gate, "1.2", NULL, NOW_US, &saw);
	(void)audit(stage, &gate, "1.3", NULL, NOW_US + HOUR_US, &saw);
	(void)audit(stage, &gate, "1.3", "guest", NOW_US + 2 * HOUR_US, &saw);
	(void)audit(stage, &yard, "1.3", NULL, NOW_US, &saw);
	assert_int_equal(km_snapshots_compare(stage->database, 1, 3, count, &found), 0);
	assert_int_equal(found, 2);
	assert_int_equal(km_snapshots_compare(stage->database, 1, 4, count, &found), KM_ERR_RANGE);
	assert_int_equal(
	    km_snapshots_compare(stage->database, 1, 9, count, &found), KM_ERR_NOT_FOUND);
	assert_int_equal(
	    km_snapshots_compare(stage->database, 9, 1, count, &found), KM_ERR_NOT_FOUND);
}

static void nothing_known_makes_no_snapshot(void **state)
{
	struct guard_stage *stage = *state;
	const struct km_fact facts[] = { fact_of(KM_FACT_CLOCK_OFFSET, "", "12") };
	struct km_snapshots_find find;

	assert_int_equal(km_snapshots_take(stage->database, &gate, KM_SNAPSHOT_ASKED, facts, 1,
			     NOW_US, NOW_US, NULL, NULL, &find),
	    KM_ERR_STATE);
	assert_int_equal(guard_stage_number(stage, "SELECT count(*) FROM snapshot"), 0);
}

static void the_oldest_go_but_those_that_records_name(void **state)
{
	struct guard_stage *stage = *state;
	struct saw saw = { 0 };
	int64_t now_us = NOW_US;

	(void)audit(stage, &gate, "0", NULL, now_us, &saw);
	(void)begin_maintenance(stage, now_us + 1, now_us + 2);
	for (int i = 1; i < KM_SNAPSHOTS_KEPT + 20; i++) {
		char firmware[16];

		saw.count = 0;
		now_us += HOUR_US;
		(void)snprintf(firmware, sizeof(firmware), "%d", i);
		(void)audit(stage, &gate, firmware, NULL, now_us, &saw);
	}
	/* Those kept, and the two of the maintenance. */
	assert_int_equal(
	    guard_stage_number(stage, "SELECT count(*) FROM snapshot"), KM_SNAPSHOTS_KEPT + 2);
	assert_int_equal(guard_stage_number(stage, "SELECT min(number) FROM snapshot"), 1);
	assert_int_equal(guard_stage_number(stage, "SELECT count(*) FROM snapshot_fact"),
	    2 * (KM_SNAPSHOTS_KEPT + 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    the_same_is_not_stored_twice, guard_stage_set_up, guard_stage_tear_down),
		cmocka_unit_test_setup_teardown(
		    a_change_nobody_announced, guard_stage_set_up, guard_stage_tear_down),
		cmocka_unit_test_setup_teardown(maintenance_announces_and_is_checked,
		    guard_stage_set_up, guard_stage_tear_down),
		cmocka_unit_test_setup_teardown(a_remedy_explains_its_own_doing_only,
		    guard_stage_set_up, guard_stage_tear_down),
		cmocka_unit_test_setup_teardown(a_remedy_explains_what_is_seen_only_later,
		    guard_stage_set_up, guard_stage_tear_down),
		cmocka_unit_test_setup_teardown(
		    any_two_of_a_camera_can_be_compared, guard_stage_set_up, guard_stage_tear_down),
		cmocka_unit_test_setup_teardown(
		    nothing_known_makes_no_snapshot, guard_stage_set_up, guard_stage_tear_down),
		cmocka_unit_test_setup_teardown(the_oldest_go_but_those_that_records_name,
		    guard_stage_set_up, guard_stage_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
