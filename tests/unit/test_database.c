/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/uuid.c crypto/aead.c crypto/box.c crypto/random.c crypto/password.c guard/database.c guard/schema.c guard/vault.c ../tests/unit/guard_stage.c */
/* libraries: crypto sodium sqlite3 */
#include "guard/database.h"

#include "guard/schema.h"

#include "base/buf.h"
#include "guard_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

static void test_open(void **state)
{
	struct guard_stage *stage = *state;
	struct km_database *other = NULL;
	char path[100];
	struct stat info;

	(void)snprintf(path, sizeof(path), "%s/none.db", stage->directory);
	assert_int_equal(km_database_open(path, false, &other), KM_ERR_NOT_FOUND);
	assert_int_not_equal(stat(path, &info), 0); /* and none was made */
	(void)snprintf(path, sizeof(path), "%s/none/none.db", stage->directory);
	assert_true(km_database_open(path, true, &other) < 0);
	assert_null(other);
	assert_int_equal(stat(stage->path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	/* The command line opens it while the guard has it open. */
	assert_int_equal(km_database_open(stage->path, true, &other), 0);
	assert_int_equal(km_database_put(other, "x", KM_BYTES("y")), 0);
	km_database_close(other);
	assert_int_equal(guard_stage_number(stage, "SELECT count(*) FROM setting"), 1);
	guard_stage_reopen(stage);
	assert_int_equal(guard_stage_number(stage, "SELECT count(*) FROM setting"), 1);
}

static void test_others_are_refused(void **state)
{
	struct guard_stage *stage = *state;
	struct km_database *other = NULL;
	char path[100];
	char target[100];

	assert_int_equal(km_database_exec(stage->database, "PRAGMA user_version = 99"), 0);
	assert_int_equal(km_database_open(stage->path, false, &other), KM_ERR_UNSUPPORTED);
	assert_int_equal(
	    km_database_exec(stage->database, "PRAGMA user_version = " KM_SCHEMA_VERSION_TEXT), 0);
	(void)snprintf(path, sizeof(path), "%s/noise.db", stage->directory);
	guard_stage_write_file(path, "this is not a database, and it is longer than its header, "
				     "which has one hundred bytes at the front of every file");
	assert_int_equal(km_database_open(path, false, &other), KM_ERR_DATABASE);
	(void)snprintf(target, sizeof(target), "%s/link.db", stage->directory);
	assert_int_equal(symlink(stage->path, target), 0);
	assert_int_equal(km_database_open(target, false, &other), KM_ERR_DATABASE);
	assert_null(other);
}

static void test_settings(void **state)
{
	struct guard_stage *stage = *state;
	struct km_buf buf;

	km_buf_init(&buf, 100);
	km_buf_add_text(&buf, "<");
	assert_int_equal(km_database_get(stage->database, "a", &buf), KM_ERR_NOT_FOUND);
	assert_int_equal(km_database_put(stage->database, "a", KM_BYTES("one\0two")), 0);
	assert_int_equal(km_database_put(stage->database, "b", (struct km_bytes){ 0 }), 0);
	assert_int_equal(km_database_get(stage->database, "a", &buf), 0);
	assert_int_equal(km_database_get(stage->database, "b", &buf), 0);
	assert_true(km_bytes_is_equal(km_buf_view(&buf), KM_BYTES("<one\0two")));
	assert_int_equal(km_database_put(stage->database, "a", KM_BYTES("three")), 0);
	guard_stage_reopen(stage);
	km_buf_clear(&buf);
	assert_int_equal(km_database_get(stage->database, "a", &buf), 0);
	assert_true(km_bytes_is_equal(km_buf_view(&buf), KM_BYTES("three")));
	assert_int_equal(km_database_forget(stage->database, "a"), 0);
	assert_int_equal(km_database_forget(stage->database, "a"), 0);
	assert_int_equal(km_database_get(stage->database, "a", &buf), KM_ERR_NOT_FOUND);
	km_buf_finish(&buf);
	km_buf_init(&buf, 2);
	assert_int_equal(km_database_put(stage->database, "a", KM_BYTES("three")), 0);
	assert_int_equal(km_database_get(stage->database, "a", &buf), KM_ERR_LIMIT);
	km_buf_finish(&buf);
}

static int on_types(void *context, sqlite3_stmt *row)
{
	(void)context;
	assert_int_equal(sqlite3_column_type(row, 0), SQLITE_NULL);
	assert_int_equal(sqlite3_column_type(row, 1), SQLITE_INTEGER);
	assert_true(sqlite3_column_int64(row, 1) == INT64_MIN);
	assert_int_equal(sqlite3_column_type(row, 2), SQLITE_TEXT);
	assert_true(km_bytes_is_equal(km_database_text(row, 2), KM_BYTES("text")));
	assert_int_equal(sqlite3_column_type(row, 3), SQLITE_BLOB);
	assert_int_equal(km_database_blob(row, 3).size, 0);
	/* Another type, or a blob of another size, is no UUID. */
	for (int column = 0; column < 4; column++) {
		struct km_uuid uuid = km_database_uuid(row, column);

		assert_true(km_uuid_is_nil(&uuid));
	}
	assert_int_equal(km_database_blob(row, 0).size, 0);
	assert_int_equal(km_database_text(row, 0).size, 0);
	return 0;
}

static int on_row_that_stops(void *context, sqlite3_stmt *row)
{
	(void)row;
	*(int *)context += 1;
	return KM_ERR_RANGE;
}

static void test_values(void **state)
{
	struct guard_stage *stage = *state;
	int calls = 0;

	assert_int_equal(km_database_run(stage->database, "SELECT ?1, ?2, ?3, ?4",
			     KM_VALUES(KM_NULL, KM_NUMBER(INT64_MIN), KM_WORDS("text"),
				 KM_DATA(((struct km_bytes){ 0 }))),
			     on_types, NULL),
	    0);
	assert_int_equal(km_database_run(stage->database, "SELECT 1 UNION SELECT 2", NULL, 0,
			     on_row_that_stops, &calls),
	    KM_ERR_RANGE);
	assert_int_equal(calls, 1);
	assert_int_equal(
	    km_database_run(stage->database, "SELECT nothing FROM nowhere", NULL, 0, NULL, NULL),
	    KM_ERR_DATABASE);
	/* More values than places. */
	assert_int_equal(
	    km_database_run(stage->database, "SELECT ?1", KM_VALUES(KM_NULL, KM_NULL), NULL, NULL),
	    KM_ERR_DATABASE);
}

static void test_constraints(void **state)
{
	struct guard_stage *stage = *state;
	const char *insert = "INSERT INTO setting (name, value) VALUES ('a', x'00')";

	assert_int_equal(km_database_run(stage->database, insert, NULL, 0, NULL, NULL), 0);
	assert_int_equal(km_database_changes(stage->database), 1);
	assert_int_equal(
	    km_database_run(stage->database, insert, NULL, 0, NULL, NULL), KM_ERR_EXISTS);
	/* A constraint of another kind is no entry that exists. */
	assert_int_equal(
	    km_database_exec(stage->database, "INSERT INTO setting VALUES ('b', NULL)"),
	    KM_ERR_DATABASE);
}

static void test_transactions(void **state)
{
	struct guard_stage *stage = *state;

	assert_int_equal(km_database_exec(stage->database, "BEGIN IMMEDIATE"), 0);
	assert_int_equal(km_database_put(stage->database, "a", KM_BYTES("1")), 0);
	km_database_undo(stage->database);
	km_database_undo(stage->database);
	assert_int_equal(guard_stage_number(stage, "SELECT count(*) FROM setting"), 0);
	assert_int_equal(km_database_exec(stage->database, "BEGIN IMMEDIATE"), 0);
	assert_int_equal(km_database_put(stage->database, "a", KM_BYTES("1")), 0);
	assert_int_equal(km_database_exec(stage->database, "COMMIT"), 0);
	assert_int_equal(guard_stage_number(stage, "SELECT count(*) FROM setting"), 1);
	assert_int_equal(guard_stage_number(stage, "PRAGMA synchronous"), 2);
	assert_int_equal(guard_stage_number(stage, "PRAGMA secure_delete"), 1);
}

/* A copy from anybody: read and never changed; what is no journal is refused. */
static void test_copy(void **state)
{
	static const char *const hostile[] = {
		"CREATE VIEW journal AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n)"
		" SELECT i FROM n",
		"CREATE TABLE other (number INTEGER PRIMARY KEY)",
	};
	struct guard_stage *stage = *state;
	struct km_database *copy = NULL;
	char path[100];

	assert_int_equal(km_database_open_copy(stage->path, &copy), 0);
	assert_true(km_database_exec(copy, "DELETE FROM setting") < 0);
	assert_true(km_database_exec(copy, "CREATE TABLE x (y)") < 0);
	km_database_close(copy);
	assert_int_equal(km_database_open_copy("/nonexistent/guard.db", &copy), KM_ERR_NOT_FOUND);
	(void)snprintf(path, sizeof(path), "%s/foreign.db", stage->directory);
	guard_stage_write_file(path, "no database at all, but long enough to look at");
	assert_true(km_database_open_copy(path, &copy) < 0);
	for (size_t i = 0; i < KM_COUNT(hostile); i++) {
		sqlite3 *sqlite = NULL;

		(void)unlink(path);
		assert_int_equal(sqlite3_open(path, &sqlite), SQLITE_OK);
		assert_int_equal(sqlite3_exec(sqlite, hostile[i], NULL, NULL, NULL), SQLITE_OK);
		assert_int_equal(sqlite3_close(sqlite), SQLITE_OK);
		assert_true(km_database_open_copy(path, &copy) < 0);
	}
}

#define GUARD_TEST(test)                                                                           \
	cmocka_unit_test_setup_teardown(test, guard_stage_set_up, guard_stage_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUARD_TEST(test_copy),
		GUARD_TEST(test_open),
		GUARD_TEST(test_others_are_refused),
		GUARD_TEST(test_settings),
		GUARD_TEST(test_values),
		GUARD_TEST(test_constraints),
		GUARD_TEST(test_transactions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
