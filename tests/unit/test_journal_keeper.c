/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/time.c base/uuid.c crypto/aead.c crypto/box.c crypto/random.c crypto/password.c crypto/digest.c crypto/signature.c io/clock.c io/loop.c model/events.c guard/database.c guard/schema.c guard/vault.c guard/journal.c guard/journal_chain.c guard/journal_file.c guard/journal_key.c guard/journal_keeper.c guard/journal_walk.c ../tests/unit/guard_stage.c */
/* libraries: crypto sodium sqlite3 uv */
#include "guard/journal_keeper.h"

#include "base/time.h"
#include "guard_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

#define EVERY 10

static struct {
	struct km_loop *loop;
	struct km_timer *timer;
	struct km_journal_keeper *keeper;
	unsigned broken;
	int writing;
	unsigned writings;
	int64_t whole_us; /* 0: not in this test */
	char text[256];
} bench;

static void on_writing(void *context, int err)
{
	(void)context;
	bench.writing = err;
	bench.writings++;
}

static void on_broken(void *context, const char *text)
{
	(void)context;
	bench.broken++;
	(void)snprintf(bench.text, sizeof(bench.text), "%s", text);
}

static const struct km_journal_keeper_events events = { on_writing, on_broken };

static void on_over(void *context)
{
	(void)context;
	km_loop_stop(bench.loop);
}

static void run_for(int64_t us)
{
	km_timer_start(bench.timer, us, 0);
	km_loop_run(bench.loop);
}

static void create(struct guard_stage *stage)
{
	const struct km_journal_keeper_options options = {
		.entries = EVERY,
		.period_us = KM_TIME_HOUR_US,
		.whole_us = bench.whole_us == 0 ? KM_TIME_HOUR_US : bench.whole_us,
	};

	assert_int_equal(km_journal_keeper_create(bench.loop, stage->database, stage->vault,
			     &options, &events, NULL, &bench.keeper),
	    0);
}

static int set_up(void **state)
{
	int err = guard_stage_set_up(state);

	memset(&bench, 0, sizeof(bench));
	guard_stage_open_vault(*state);
	assert_int_equal(km_loop_create(&bench.loop), 0);
	assert_int_equal(km_timer_create(bench.loop, on_over, NULL, &bench.timer), 0);
	create(*state);
	return err;
}

static int tear_down(void **state)
{
	km_journal_keeper_destroy(bench.keeper);
	km_timer_destroy(bench.timer);
	km_loop_destroy(bench.loop);
	return guard_stage_tear_down(state);
}

static struct km_journal_keeper_state look(void)
{
	struct km_journal_keeper_state now;

	km_journal_keeper_look(bench.keeper, &now);
	return now;
}

static void note(struct guard_stage *stage, enum km_event event)
{
	assert_int_equal(km_journal_note(stage->database, event, NULL, NULL, "%s", "x"), 0);
}

static int64_t count_rows(struct guard_stage *stage)
{
	return guard_stage_number(stage, "SELECT count(*) FROM journal");
}

static struct km_journal_chain verify(struct guard_stage *stage)
{
	struct km_journal_chain chain;
	int err = 0;

	km_journal_chain_init(&chain, km_journal_keeper_key(bench.keeper)->signer);
	err = km_journal_walk_database(stage->database, &chain);
	assert_int_equal(err, chain.fault == KM_JOURNAL_WHOLE ? 0 : KM_ERR_AUTH);
	return chain;
}

static void damage(struct guard_stage *stage, const char *sql)
{
	assert_int_equal(
	    km_database_exec(stage->database, "DROP TRIGGER IF EXISTS journal_keeps;"
					      " DROP TRIGGER IF EXISTS journal_keeps_all"),
	    0);
	assert_int_equal(km_database_exec(stage->database, sql), 0);
}

/* What the machine tells waits a moment; what somebody did is there at once, in order. */
static void test_waiting(void **state)
{
	struct guard_stage *stage = *state;

	note(stage, KM_EVENT_CAMERA_UP);
	note(stage, KM_EVENT_CAMERA_LOST);
	assert_true(count_rows(stage) == 0);
	note(stage, KM_EVENT_LOGIN);
	assert_true(count_rows(stage) == 3);
	assert_true(guard_stage_number(stage, "SELECT event FROM journal WHERE number = 3") ==
		    KM_EVENT_LOGIN);
	note(stage, KM_EVENT_CAMERA_UP);
	assert_true(count_rows(stage) == 3);
	run_for(5 * KM_JOURNAL_WAIT_US);
	assert_true(count_rows(stage) == 4);
	note(stage, KM_EVENT_CAMERA_UP);
	km_journal_keeper_destroy(bench.keeper);
	bench.keeper = NULL;
	assert_true(count_rows(stage) == 5);
	create(stage);
}

static void test_signing(void **state)
{
	struct guard_stage *stage = *state;
	struct km_journal_chain chain;

	note(stage, KM_EVENT_STARTED);
	assert_int_equal(km_journal_keeper_start(bench.keeper), 0);
	assert_true(look().signed_number == 1);
	for (unsigned i = 0; i < 3 * EVERY; i++) {
		note(stage, KM_EVENT_LOGIN);
		run_for(2 * KM_JOURNAL_WAIT_US);
	}
	chain = verify(stage);
	assert_int_equal(chain.fault, KM_JOURNAL_WHOLE);
	assert_true(chain.number == 1 + 3 * EVERY && chain.signed_number == 1 + 3 * EVERY);
	assert_true(chain.checkpoints == 4);
	/* Nothing new: nothing is signed. */
	assert_int_equal(km_journal_keeper_sign(bench.keeper), 0);
	assert_true(guard_stage_number(stage, "SELECT count(*) FROM journal_checkpoint") == 4);
	/* Another start goes on with the same key. */
	km_journal_keeper_destroy(bench.keeper);
	create(stage);
	note(stage, KM_EVENT_STARTED);
	assert_int_equal(km_journal_keeper_start(bench.keeper), 0);
	chain = verify(stage);
	assert_int_equal(chain.fault, KM_JOURNAL_WHOLE);
	assert_true(chain.signed_number == chain.number && chain.checkpoints == 5);
	assert_int_equal(bench.broken, 0);
	assert_true(km_database_exec(stage->database, "DELETE FROM journal_checkpoint") < 0);
	assert_true(
	    km_database_exec(stage->database, "UPDATE journal_checkpoint SET unix_us = 1") < 0);
}

/* Behind the keeper's back, between two checkpoints: it is said, once, and later ones are signed.
 */
static void test_broken_tail(void **state)
{
	static const char *const damages[] = {
		"UPDATE journal SET text = 'y' WHERE number = 5",
		"DELETE FROM journal WHERE number = 5",
		"DELETE FROM journal WHERE number >= 5",
		"UPDATE journal SET hash = zeroblob(32) WHERE number = (SELECT max(number) FROM "
		"journal)",
	};
	struct guard_stage *stage = *state;

	for (size_t i = 0; i < KM_COUNT(damages); i++) {
		note(stage, KM_EVENT_STARTED);
		assert_int_equal(km_journal_keeper_start(bench.keeper), 0);
		for (unsigned k = 0; k < EVERY / 2; k++) {
			note(stage, KM_EVENT_LOGIN);
		}
		run_for(3 * KM_JOURNAL_WAIT_US); /* seen, not signed */
		assert_int_equal(bench.broken, 0);
		damage(stage, damages[i]);
		km_journal_keeper_destroy(bench.keeper);
		create(stage);
		if (i >= 2) {
			/* Only who saw the end notices: not the one that starts anew. */
			tear_down(state);
			set_up(state);
			stage = *state;
			note(stage, KM_EVENT_STARTED);
			assert_int_equal(km_journal_keeper_start(bench.keeper), 0);
			for (unsigned k = 0; k < EVERY / 2; k++) {
				note(stage, KM_EVENT_LOGIN);
			}
			run_for(3 * KM_JOURNAL_WAIT_US);
			damage(stage, damages[i]);
			assert_int_equal(km_journal_keeper_sign(bench.keeper), 0);
		} else {
			assert_int_equal(km_journal_keeper_start(bench.keeper), 0);
		}
		assert_int_equal(bench.broken, 1);
		assert_true(look().is_broken);
		assert_non_null(strstr(bench.text, i < 3 ? "entry 5" : "entry 6"));
		note(stage, KM_EVENT_LOGIN);
		assert_int_equal(km_journal_keeper_sign(bench.keeper), 0);
		assert_true(look().signed_number == look().number);
		assert_int_equal(bench.broken, 1);
		tear_down(state);
		set_up(state);
		stage = *state;
	}
}

static void test_forged_checkpoint(void **state)
{
	struct guard_stage *stage = *state;

	note(stage, KM_EVENT_STARTED);
	assert_int_equal(km_journal_keeper_start(bench.keeper), 0);
	assert_int_equal(
	    km_database_exec(stage->database, "DROP TRIGGER journal_checkpoint_keeps;"
					      " UPDATE journal_checkpoint SET unix_us = 1"),
	    0);
	km_journal_keeper_destroy(bench.keeper);
	create(stage);
	assert_int_equal(km_journal_keeper_start(bench.keeper), 0);
	assert_int_equal(bench.broken, 1);
	assert_int_equal(verify(stage).fault, KM_JOURNAL_FORGED);
}

/* Not "verified" before everything was walked: the end alone says nothing about what is older. */
static void test_whole(void **state)
{
	struct guard_stage *stage = *state;

	note(stage, KM_EVENT_LOGIN);
	assert_int_equal(km_journal_keeper_start(bench.keeper), 0);
	assert_true(look().signed_number == 1);
	assert_true(look().verified_unix_us == 0);
	km_journal_keeper_destroy(bench.keeper);
	bench.whole_us = KM_JOURNAL_WAIT_US;
	create(stage);
	assert_int_equal(km_journal_keeper_start(bench.keeper), 0);
	assert_true(look().verified_unix_us == 0);
	run_for(5 * KM_JOURNAL_WAIT_US);
	assert_true(look().verified_number == 1);
	assert_true(look().verified_unix_us != 0);
}

/* Nothing can be written: it waits, it is said, and it is written in the end. */
static void test_failing(void **state)
{
	struct guard_stage *stage = *state;

	note(stage, KM_EVENT_STARTED);
	assert_int_equal(km_database_exec(stage->database, "PRAGMA query_only = ON"), 0);
	assert_true(
	    km_journal_note(stage->database, KM_EVENT_LOGIN, NULL, NULL, "%s", "waits") < 0);
	note(stage, KM_EVENT_CAMERA_UP);
	run_for(5 * KM_JOURNAL_WAIT_US);
	assert_true(bench.writing < 0 && look().is_failing);
	assert_int_equal(km_database_exec(stage->database, "PRAGMA query_only = OFF"), 0);
	run_for(2 * KM_TIME_SECOND_US);
	assert_true(bench.writing == 0 && bench.writings == 2 && !look().is_failing);
	assert_true(count_rows(stage) == 3);
	assert_int_equal(verify(stage).number, 3);
}

/* A change in the caller's transaction: the entry comes behind it, not into it. */
static void test_in_transaction(void **state)
{
	struct guard_stage *stage = *state;

	assert_int_equal(km_database_exec(stage->database, "BEGIN IMMEDIATE"), 0);
	note(stage, KM_EVENT_LOGIN);
	km_database_undo(stage->database);
	run_for(3 * KM_JOURNAL_WAIT_US);
	assert_true(count_rows(stage) == 1);
}

static void test_names(void **state)
{
	struct guard_stage *stage = *state;
	char first[KM_JOURNAL_NAME_SIZE];
	char again[KM_JOURNAL_NAME_SIZE];
	char other[KM_JOURNAL_NAME_SIZE];

	km_journal_describe_name(stage->database, KM_BYTES("hunter2"), first);
	km_journal_describe_name(stage->database, KM_BYTES("hunter2"), again);
	km_journal_describe_name(stage->database, KM_BYTES("hunter3"), other);
	assert_string_equal(first, again);
	assert_string_not_equal(first, other);
	assert_null(strstr(first, "hunter"));
	assert_int_equal(strlen(first), strlen("an unknown name (12345678)"));
	/* The same after another start; nothing without the key. */
	km_journal_keeper_destroy(bench.keeper);
	bench.keeper = NULL;
	km_journal_describe_name(stage->database, KM_BYTES("hunter2"), again);
	assert_string_equal(again, "an unknown name");
	create(stage);
	km_journal_describe_name(stage->database, KM_BYTES("hunter2"), again);
	assert_string_equal(first, again);
}

static void test_key_file(void **state)
{
	struct guard_stage *stage = *state;
	const struct km_journal_key *key = km_journal_keeper_key(bench.keeper);
	uint8_t stored[KM_SIGNATURE_PUBLIC_BYTES];
	char path[100];
	bool was_other = true;
	struct stat info;

	(void)snprintf(path, sizeof(path), "%s/journal.pub", stage->directory);
	assert_int_equal(km_journal_key_publish(key, stage->directory, &was_other), 0);
	assert_false(was_other);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0644);
	guard_stage_write_file(path, "somebody else's");
	assert_int_equal(km_journal_key_publish(key, stage->directory, &was_other), 0);
	assert_true(was_other);
	assert_int_equal(km_journal_key_publish(key, stage->directory, &was_other), 0);
	assert_false(was_other);
	assert_int_equal(km_journal_key_public(stage->database, stored), 0);
	assert_memory_equal(stored, key->public_key, sizeof(stored));
}

#define KEEPER_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		KEEPER_TEST(test_waiting),
		KEEPER_TEST(test_signing),
		KEEPER_TEST(test_broken_tail),
		KEEPER_TEST(test_whole),
		KEEPER_TEST(test_forged_checkpoint),
		KEEPER_TEST(test_failing),
		KEEPER_TEST(test_in_transaction),
		KEEPER_TEST(test_names),
		KEEPER_TEST(test_key_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
