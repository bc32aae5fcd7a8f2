/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/uuid.c crypto/aead.c crypto/box.c crypto/random.c crypto/password.c crypto/digest.c io/clock.c guard/database.c guard/schema.c guard/vault.c guard/journal.c ../tests/unit/guard_stage.c */
/* libraries: crypto sodium sqlite3 */
#include "guard/journal.h"

#include "guard_stage.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ENTRIES 40

static const struct km_uuid camera = { .bytes = { 1 } };
static const struct km_uuid account = { .bytes = { 2 } };

static int64_t verify(struct guard_stage *stage, int expected)
{
	int64_t count = -1;

	assert_int_equal(km_journal_verify(stage->database, &count), expected);
	return count;
}

static void fill(struct guard_stage *stage)
{
	for (int i = 0; i < ENTRIES; i++) {
		assert_int_equal(
		    km_journal_note(stage->database, KM_EVENT_LOGIN, i % 2 == 0 ? &camera : NULL,
			i % 3 == 0 ? &account : NULL, "entry %d", i),
		    0);
	}
}

static void drop_triggers(struct guard_stage *stage)
{
	assert_int_equal(km_database_exec(stage->database,
			     "DROP TRIGGER journal_keeps; DROP TRIGGER journal_keeps_all"),
	    0);
}

static void test_note(void **state)
{
	struct guard_stage *stage = *state;
	char text[2000];

	assert_true(verify(stage, 0) == 0);
	fill(stage);
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(
	    km_journal_note(stage->database, KM_EVENT_STARTED, NULL, NULL, "%s", text), 0);
	assert_int_equal(
	    km_journal_note(stage->database, KM_EVENT_STARTED, NULL, NULL, "%s", ""), 0);
	assert_true(verify(stage, 0) == ENTRIES + 2);
	guard_stage_reopen(stage);
	assert_int_equal(km_journal_note(stage->database, KM_EVENT_STOPPED, NULL, NULL, "%s",
			     "\xe7\x8b\x9b '); DROP TABLE journal; --"),
	    0);
	assert_true(verify(stage, 0) == ENTRIES + 3);
	assert_int_equal(guard_stage_number(stage, "SELECT max(number) FROM journal"), ENTRIES + 3);
}

static void test_append_only(void **state)
{
	struct guard_stage *stage = *state;

	fill(stage);
	assert_true(km_database_exec(stage->database, "UPDATE journal SET text = 'x'") < 0);
	assert_true(km_database_exec(stage->database, "DELETE FROM journal WHERE number = 1") < 0);
	assert_true(km_database_exec(stage->database, "DELETE FROM journal") < 0);
	assert_true(verify(stage, 0) == ENTRIES);
}

/* Every column of every entry, changed in every way that SQLite can tell apart. */
static void test_changed_columns(void **state)
{
	static const char *const columns[] = { "unix_us", "monotonic_us", "event", "camera",
		"account", "text", "hash" };
	static const char *const values[] = { "%s + 1", "%s - 1", "%s + 0.5", "-%s", "0",
		"CAST(%s AS BLOB)", "CAST(%s AS TEXT)", "x''", "zeroblob(16)", "zeroblob(17)",
		"zeroblob(32)", "'x' || %s", "''", "CAST(%s || x'00' AS TEXT)",
		"CAST(zeroblob(100000) AS TEXT)", "hex(zeroblob(100000))" };
	static const char differs[] =
	    "SELECT count(*) FROM journal AS a JOIN temp.before AS b USING (number) WHERE"
	    " quote(a.unix_us) <> quote(b.unix_us) OR quote(a.event) <> quote(b.event)"
	    " OR quote(a.monotonic_us) <> quote(b.monotonic_us)"
	    " OR quote(a.camera) <> quote(b.camera) OR quote(a.account) <> quote(b.account)"
	    " OR quote(a.hash) <> quote(b.hash) OR typeof(a.text) <> typeof(b.text)"
	    " OR CAST(a.text AS BLOB) <> CAST(b.text AS BLOB)";
	struct guard_stage *stage = *state;
	unsigned changed = 0;

	fill(stage);
	drop_triggers(stage);
	assert_int_equal(
	    km_database_exec(stage->database, "CREATE TEMP TABLE before AS SELECT * FROM journal"),
	    0);
	for (int number = 1; number <= ENTRIES; number += 13) {
		for (size_t i = 0; i < KM_COUNT(columns) * KM_COUNT(values); i++) {
			const char *column = columns[i % KM_COUNT(columns)];
			char value[80];
			char sql[300];

			/* The format is one of those above. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			(void)snprintf(value, sizeof(value), values[i / KM_COUNT(columns)], column);
#pragma GCC diagnostic pop
			(void)snprintf(sql, sizeof(sql),
			    "UPDATE journal SET %s = %s WHERE number = %d", column, value, number);
			assert_int_equal(km_database_exec(stage->database, "BEGIN"), 0);
			/* What SQLite stores as it was before is no change. */
			if (km_database_exec(stage->database, sql) == 0 &&
			    guard_stage_number(stage, differs) == 1) {
				assert_true(verify(stage, KM_ERR_AUTH) == number - 1);
				changed++;
			}
			km_database_undo(stage->database);
		}
	}
	assert_true(changed > 200);
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525U + 1013904223U;
	return *seed >> 8;
}

struct cell {
	int type;
	int64_t number;
	uint8_t bytes[700];
	size_t size;
};

static int on_cell(void *context, sqlite3_stmt *row)
{
	struct cell *cell = context;
	struct km_bytes bytes = km_database_blob(row, 0);

	cell->type = sqlite3_column_type(row, 0);
	if (cell->type == SQLITE_INTEGER) {
		cell->number = sqlite3_column_int64(row, 0);
		return 0;
	}
	assert_true(bytes.size <= sizeof(cell->bytes));
	memcpy(cell->bytes, bytes.data, bytes.size);
	cell->size = bytes.size;
	return 0;
}

static void flip_bit(struct guard_stage *stage, const char *column, int64_t number, uint32_t random)
{
	static struct cell cell;
	struct km_database_value value = { .kind = KM_VALUE_NUMBER };
	char sql[120];

	cell = (struct cell){ 0 };
	(void)snprintf(sql, sizeof(sql), "SELECT %s FROM journal WHERE number = ?1", column);
	assert_int_equal(
	    km_database_run(stage->database, sql, KM_VALUES(KM_NUMBER(number)), on_cell, &cell), 0);
	if (cell.type == SQLITE_INTEGER) {
		value.number = cell.number ^ (int64_t)(UINT64_C(1) << (random % 63));
	} else {
		assert_true(cell.size > 0);
		cell.bytes[random / 8 % cell.size] ^= (uint8_t)(1U << (random % 8));
		value.kind = cell.type == SQLITE_TEXT ? KM_VALUE_TEXT : KM_VALUE_BLOB;
		value.bytes = km_bytes_from(cell.bytes, cell.size);
	}
	(void)snprintf(sql, sizeof(sql), "UPDATE journal SET %s = ?2 WHERE number = ?1", column);
	assert_int_equal(
	    km_database_run(stage->database, sql,
		(const struct km_database_value[]){ KM_NUMBER(number), value }, 2, NULL, NULL),
	    0);
}

/* One bit anywhere: the chain breaks at that entry. */
static void test_flipped_bits(void **state)
{
	static const char *const columns[] = { "unix_us", "monotonic_us", "event", "camera",
		"account", "text", "hash" };
	struct guard_stage *stage = *state;
	uint32_t seed = 1;

	fill(stage);
	drop_triggers(stage);
	for (unsigned i = 0; i < 5000; i++) {
		int64_t number = 1 + next_random(&seed) % ENTRIES;

		assert_int_equal(km_database_exec(stage->database, "BEGIN"), 0);
		flip_bit(stage, columns[i % KM_COUNT(columns)], number, next_random(&seed));
		assert_true(verify(stage, KM_ERR_AUTH) == number - 1);
		km_database_undo(stage->database);
	}
	assert_true(verify(stage, 0) == ENTRIES);
}

/* Entries that are missing, moved, doubled or put in between. */
static void test_moved_entries(void **state)
{
	static const char *const changes[] = {
		"DELETE FROM journal WHERE number = %d",
		"UPDATE journal SET number = 1000 WHERE number = %d",
		"UPDATE journal SET number = -number WHERE number = %d",
		"DELETE FROM journal WHERE number = %1$d;"
		" UPDATE journal SET number = number - 1 WHERE number > %1$d",
		"UPDATE journal SET number = -number WHERE number >= %1$d;"
		" UPDATE journal SET number = 1 - number WHERE number < 0;"
		" INSERT INTO journal SELECT %1$d, unix_us, monotonic_us, event, camera, account,"
		" text, hash FROM journal WHERE number = %1$d + 1",
		"UPDATE journal SET (text, hash) = (SELECT text, hash FROM journal WHERE number = "
		"%1$d + 1) WHERE number = %1$d",
	};
	struct guard_stage *stage = *state;

	fill(stage);
	drop_triggers(stage);
	for (size_t i = 0; i < KM_COUNT(changes); i++) {
		for (int number = 1; number < ENTRIES; number++) {
			char sql[400];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			(void)snprintf(sql, sizeof(sql), changes[i], number);
#pragma GCC diagnostic pop
			assert_int_equal(km_database_exec(stage->database, "BEGIN"), 0);
			assert_int_equal(km_database_exec(stage->database, sql), 0);
			assert_true(verify(stage, KM_ERR_AUTH) <= number);
			km_database_undo(stage->database);
		}
	}
	assert_true(verify(stage, 0) == ENTRIES);
}

/* What the chain alone cannot show: the count is smaller, and that is all. */
static void test_cut_end(void **state)
{
	struct guard_stage *stage = *state;

	fill(stage);
	drop_triggers(stage);
	assert_int_equal(
	    km_database_exec(stage->database, "DELETE FROM journal WHERE number > 30"), 0);
	assert_true(verify(stage, 0) == 30);
}

#define GUARD_TEST(test)                                                                           \
	cmocka_unit_test_setup_teardown(test, guard_stage_set_up, guard_stage_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUARD_TEST(test_note),
		GUARD_TEST(test_append_only),
		GUARD_TEST(test_changed_columns),
		GUARD_TEST(test_flipped_bits),
		GUARD_TEST(test_moved_entries),
		GUARD_TEST(test_cut_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
