#include "store/index.h"

#include <limits.h>
#include <sqlite3.h>
#include <stdlib.h>

#define BUSY_MS        5000
#define SCHEMA_VERSION 1

/*
 * longest_us bounds how far before a moment a segment (or gap) may begin that still touches it, so
 * that a search by time is a range of the index.
 */
static const char schema_1[] =
    "CREATE TABLE camera(number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE,"
    " bytes INTEGER NOT NULL DEFAULT 0, segments INTEGER NOT NULL DEFAULT 0,"
    " longest_us INTEGER NOT NULL DEFAULT 0, longest_gap_us INTEGER NOT NULL DEFAULT 0,"
    " why_ended INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE segment(number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE,"
    " camera INTEGER NOT NULL REFERENCES camera(number), key BLOB NOT NULL,"
    " start_us INTEGER NOT NULL, end_us INTEGER NOT NULL, bytes INTEGER NOT NULL,"
    " last_us INTEGER NOT NULL, video_samples INTEGER NOT NULL, ended INTEGER NOT NULL);"
    "CREATE INDEX segment_time ON segment(camera, start_us, end_us);"
    "CREATE INDEX segment_age ON segment(start_us) WHERE ended <> 0;"
    "CREATE INDEX segment_open ON segment(number) WHERE ended = 0;"
    "CREATE TABLE gap(number INTEGER PRIMARY KEY,"
    " camera INTEGER NOT NULL REFERENCES camera(number), start_us INTEGER NOT NULL,"
    " end_us INTEGER NOT NULL, reason INTEGER NOT NULL, lost INTEGER NOT NULL);"
    "CREATE INDEX gap_time ON gap(camera, start_us, end_us);"
    "CREATE TABLE garbage(id BLOB PRIMARY KEY, camera BLOB NOT NULL, start_us INTEGER NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TRIGGER segment_added AFTER INSERT ON segment BEGIN"
    " UPDATE camera SET bytes = bytes + new.bytes, segments = segments + 1,"
    " longest_us = max(longest_us, new.end_us - new.start_us) WHERE number = new.camera; END;"
    "CREATE TRIGGER segment_changed AFTER UPDATE OF end_us, bytes ON segment BEGIN"
    " UPDATE camera SET bytes = bytes + new.bytes - old.bytes,"
    " longest_us = max(longest_us, new.end_us - new.start_us) WHERE number = new.camera; END;"
    "CREATE TRIGGER segment_dropped AFTER DELETE ON segment BEGIN"
    " UPDATE camera SET bytes = bytes - old.bytes, segments = segments - 1"
    " WHERE number = old.camera; END;"
    "CREATE TRIGGER gap_added AFTER INSERT ON gap BEGIN"
    " UPDATE camera SET longest_gap_us = max(longest_gap_us, new.end_us - new.start_us)"
    " WHERE number = new.camera; END;"
    "PRAGMA user_version = 1;";

#define SEGMENT_COLUMNS                                                                            \
	"segment.id, camera.id, key, start_us, end_us, segment.bytes, video_samples, ended,"       \
	" last_us "
#define SEGMENT_TABLES "FROM segment JOIN camera ON camera.number = segment.camera "
#define CAMERA_COLUMNS                                                                             \
	"id, bytes, segments, why_ended,"                                                          \
	" (SELECT start_us FROM segment WHERE camera = camera.number"                              \
	"  ORDER BY start_us LIMIT 1),"                                                            \
	" (SELECT max(end_us) FROM (SELECT end_us FROM segment WHERE camera = camera.number"       \
	"  ORDER BY start_us DESC LIMIT 8)),"                                                      \
	" (SELECT max(last_us) FROM (SELECT last_us FROM segment WHERE camera = camera.number"     \
	"  ORDER BY start_us DESC LIMIT 8)) FROM camera "

enum query {
	Q_BEGIN,
	Q_COMMIT,
	Q_ROLLBACK,
	Q_DURABLE,
	Q_QUICK,
	Q_ADD_CAMERA,
	Q_SET_WHY_ENDED,
	Q_ADD_SEGMENT,
	Q_SET_SEGMENT,
	Q_DROP_SEGMENT,
	Q_ADD_GARBAGE,
	Q_DROP_GARBAGE,
	Q_ADD_GAP,
	Q_DROP_GAPS,
	Q_EACH_SEGMENT,
	Q_EACH_SPAN,
	Q_EACH_GAP,
	Q_EACH_OPEN,
	Q_EACH_GARBAGE,
	Q_EACH_OLDEST,
	Q_EACH_OLDEST_OF,
	Q_EACH_CAMERA,
	Q_FIND,
	Q_FIND_CAMERA,
	Q_COUNT,
};

static const char *const sql[Q_COUNT] = {
	[Q_BEGIN] = "BEGIN IMMEDIATE",
	[Q_COMMIT] = "COMMIT",
	[Q_ROLLBACK] = "ROLLBACK",
	[Q_DURABLE] = "PRAGMA synchronous = FULL",
	[Q_QUICK] = "PRAGMA synchronous = NORMAL",
	[Q_ADD_CAMERA] = "INSERT INTO camera(id) VALUES(?1) ON CONFLICT DO NOTHING",
	[Q_SET_WHY_ENDED] = "UPDATE camera SET why_ended = ?2 WHERE id = ?1",
	[Q_ADD_SEGMENT] = "INSERT INTO segment(id, camera, key, start_us, end_us, bytes,"
			  " video_samples, ended, last_us) VALUES(?1,"
			  " (SELECT number FROM camera WHERE id = ?2), ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[Q_SET_SEGMENT] = "UPDATE segment SET end_us = ?2, bytes = ?3, video_samples = ?4,"
			  " ended = ?5, last_us = ?6 WHERE id = ?1",
	[Q_DROP_SEGMENT] = "DELETE FROM segment WHERE id = ?1",
	[Q_ADD_GARBAGE] =
	    "INSERT OR REPLACE INTO garbage(id, camera, start_us)"
	    " SELECT segment.id, camera.id, start_us " SEGMENT_TABLES "WHERE segment.id = ?1",
	[Q_DROP_GARBAGE] = "DELETE FROM garbage WHERE id = ?1",
	[Q_ADD_GAP] = "INSERT INTO gap(camera, start_us, end_us, reason, lost)"
		      " VALUES((SELECT number FROM camera WHERE id = ?1), ?2, ?3, ?4, ?5)",
	[Q_DROP_GAPS] = "DELETE FROM gap WHERE camera = (SELECT number FROM camera WHERE id = ?1)"
			" AND start_us < ?2 AND end_us < ?2",
	[Q_EACH_SEGMENT] = "SELECT " SEGMENT_COLUMNS SEGMENT_TABLES
			   "WHERE segment.camera = (SELECT number FROM camera WHERE id = ?1)"
			   " AND start_us > ?2 - (SELECT longest_us FROM camera WHERE id = ?1) - 1"
			   " AND start_us < ?3 AND end_us > ?2 ORDER BY start_us",
	[Q_EACH_SPAN] = "SELECT start_us, end_us FROM segment"
			" WHERE camera = (SELECT number FROM camera WHERE id = ?1)"
			" AND start_us > ?2 - (SELECT longest_us FROM camera WHERE id = ?1) - 1"
			" AND start_us < ?3 AND end_us > ?2 ORDER BY start_us",
	[Q_EACH_GAP] = "SELECT start_us, end_us, reason, lost FROM gap"
		       " WHERE camera = (SELECT number FROM camera WHERE id = ?1)"
		       " AND start_us > ?2 - (SELECT longest_gap_us FROM camera WHERE id = ?1) - 1"
		       " AND start_us < ?3 AND end_us > ?2 ORDER BY start_us",
	[Q_EACH_OPEN] = "SELECT " SEGMENT_COLUMNS SEGMENT_TABLES "WHERE ended = 0",
	[Q_EACH_GARBAGE] = "SELECT id, camera, start_us FROM garbage",
	[Q_EACH_OLDEST] =
	    "SELECT " SEGMENT_COLUMNS SEGMENT_TABLES "WHERE ended <> 0 ORDER BY start_us LIMIT ?1",
	[Q_EACH_OLDEST_OF] = "SELECT " SEGMENT_COLUMNS SEGMENT_TABLES
			     "WHERE segment.camera = (SELECT number FROM camera WHERE id = ?2)"
			     " AND ended <> 0 ORDER BY start_us LIMIT ?1",
	[Q_EACH_CAMERA] = "SELECT " CAMERA_COLUMNS "ORDER BY number",
	[Q_FIND] = "SELECT " SEGMENT_COLUMNS SEGMENT_TABLES "WHERE segment.id = ?1",
	[Q_FIND_CAMERA] = "SELECT " CAMERA_COLUMNS "WHERE id = ?1",
};

struct km_index {
	sqlite3 *database;
	sqlite3_stmt *statements[Q_COUNT]; /* prepared when first used */
	bool is_durable;
};

static int error_from(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return KM_ERR_NO_SPACE;
	case SQLITE_NOMEM:
		return KM_ERR_MEMORY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return KM_ERR_FORMAT;
	default:
		return KM_ERR_DATABASE;
	}
}

/* --- opening --- */

static int user_version(sqlite3 *database, int *ret_version)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(database, "PRAGMA user_version", -1, &statement, NULL);

	if (code == SQLITE_OK) {
		code = sqlite3_step(statement);
	}
	if (code == SQLITE_ROW) {
		*ret_version = sqlite3_column_int(statement, 0);
	}
	(void)sqlite3_finalize(statement);
	return error_from(code);
}

static int migrate(sqlite3 *database)
{
	int version = 0;
	int err = error_from(sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL));

	if (err < 0) {
		return err;
	}
	err = user_version(database, &version);
	if (err == 0 && version < 1) {
		err = error_from(sqlite3_exec(database, schema_1, NULL, NULL, NULL));
	}
	if (err < 0) {
		(void)sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL);
		return err;
	}
	return error_from(sqlite3_exec(database, "COMMIT", NULL, NULL, NULL));
}

/* What SQLite must know before the first statement. */
static int configure(sqlite3 *database, bool is_read_only)
{
	int persist = 1;
	int code = sqlite3_busy_timeout(database, BUSY_MS);

	(void)sqlite3_extended_result_codes(database, 1);
	(void)sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	if (code == SQLITE_OK && !is_read_only) {
		/* Readers without the right to write need both files of the log to be there. */
		(void)sqlite3_file_control(database, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
		code = sqlite3_exec(database,
		    "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
		    "PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;"
		    "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;",
		    NULL, NULL, NULL);
	}
	return error_from(code);
}

int km_index_open(const char *path, bool is_read_only, struct km_index **ret_index)
{
	int flags =
	    is_read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	struct km_index *index = calloc(1, sizeof(*index));
	int version = 0;
	int err = KM_ERR_MEMORY;
	int code = 0;

	if (index == NULL) {
		return KM_ERR_MEMORY;
	}
	code = sqlite3_open_v2(
	    path, &index->database, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL);
	if (code != SQLITE_OK) {
		err = is_read_only && (code & 0xff) == SQLITE_CANTOPEN && access(path, F_OK) != 0
			  ? KM_ERR_NOT_FOUND
			  : error_from(code);
		goto out;
	}
	err = configure(index->database, is_read_only);
	if (err == 0) {
		err = user_version(index->database, &version);
	}
	if (err == 0 && version > SCHEMA_VERSION) {
		err = KM_ERR_UNSUPPORTED;
	}
	if (err == 0 && version < SCHEMA_VERSION) {
		err = is_read_only ? KM_ERR_UNSUPPORTED : migrate(index->database);
	}
	if (err < 0) {
		goto out;
	}
	*ret_index = index;
	index = NULL;
out:
	km_index_close(index);
	return err;
}

void km_index_close(struct km_index *index)
{
	if (index == NULL) {
		return;
	}
	for (size_t i = 0; i < Q_COUNT; i++) {
		(void)sqlite3_finalize(index->statements[i]);
	}
	(void)sqlite3_close(index->database);
	free(index);
}

const char *km_index_error(struct km_index *index)
{
	return sqlite3_errmsg(index->database);
}

/* --- statements --- */

/* A statement, ready to be bound. NULL if SQLite refuses it. */
static sqlite3_stmt *statement_for(struct km_index *index, enum query query, int *ret_err)
{
	sqlite3_stmt **statement = &index->statements[query];

	if (*statement == NULL) {
		int code = sqlite3_prepare_v3(
		    index->database, sql[query], -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);

		if (code != SQLITE_OK) {
			*ret_err = error_from(code);
			return NULL;
		}
	}
	*ret_err = 0;
	return *statement;
}

static void bind_uuid(sqlite3_stmt *statement, int number, const struct km_uuid *uuid)
{
	(void)sqlite3_bind_blob(statement, number, uuid->bytes, KM_UUID_BYTES, SQLITE_TRANSIENT);
}

/* Step a statement that gives no rows. */
static int finish(sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);

	(void)sqlite3_reset(statement);
	return error_from(code);
}

static int run(struct km_index *index, enum query query)
{
	int err = 0;
	sqlite3_stmt *statement = statement_for(index, query, &err);

	return statement == NULL ? err : finish(statement);
}

static int run_with_uuid(struct km_index *index, enum query query, const struct km_uuid *uuid)
{
	int err = 0;
	sqlite3_stmt *statement = statement_for(index, query, &err);

	if (statement == NULL) {
		return err;
	}
	bind_uuid(statement, 1, uuid);
	return finish(statement);
}

static bool column_uuid(sqlite3_stmt *statement, int column, struct km_uuid *ret_uuid)
{
	const void *data = sqlite3_column_blob(statement, column);

	if (data == NULL || sqlite3_column_bytes(statement, column) != KM_UUID_BYTES) {
		return false;
	}
	memcpy(ret_uuid->bytes, data, KM_UUID_BYTES);
	return true;
}

static uint64_t column_count(sqlite3_stmt *statement, int column)
{
	sqlite3_int64 value = sqlite3_column_int64(statement, column);

	return value < 0 ? 0 : (uint64_t)value;
}

/* --- writing --- */

int km_index_begin(struct km_index *index, bool is_durable)
{
	int err = 0;

	/* A PRAGMA costs a parse: only when it changes. */
	if (is_durable != index->is_durable) {
		err = run(index, is_durable ? Q_DURABLE : Q_QUICK);
		if (err < 0) {
			return err;
		}
		index->is_durable = is_durable;
	}
	return run(index, Q_BEGIN);
}

int km_index_commit(struct km_index *index)
{
	return run(index, Q_COMMIT);
}

void km_index_rollback(struct km_index *index)
{
	if (sqlite3_get_autocommit(index->database) == 0) {
		(void)run(index, Q_ROLLBACK);
	}
}

int km_index_add_camera(struct km_index *index, const struct km_uuid *camera)
{
	return run_with_uuid(index, Q_ADD_CAMERA, camera);
}

int km_index_set_why_ended(struct km_index *index, const struct km_uuid *camera, unsigned reason)
{
	int err = 0;
	sqlite3_stmt *statement = statement_for(index, Q_SET_WHY_ENDED, &err);

	if (statement == NULL) {
		return err;
	}
	bind_uuid(statement, 1, camera);
	(void)sqlite3_bind_int(statement, 2, (int)reason);
	return finish(statement);
}

int km_index_add_segment(struct km_index *index, const struct km_index_segment *segment)
{
	int err = 0;
	sqlite3_stmt *statement = statement_for(index, Q_ADD_SEGMENT, &err);

	if (statement == NULL) {
		return err;
	}
	bind_uuid(statement, 1, &segment->id);
	bind_uuid(statement, 2, &segment->camera);
	bind_uuid(statement, 3, &segment->key);
	(void)sqlite3_bind_int64(statement, 4, segment->start_us);
	(void)sqlite3_bind_int64(statement, 5, segment->end_us);
	(void)sqlite3_bind_int64(statement, 6, (sqlite3_int64)segment->bytes);
	(void)sqlite3_bind_int64(statement, 7, (sqlite3_int64)segment->video_samples);
	(void)sqlite3_bind_int(statement, 8, (int)segment->end);
	(void)sqlite3_bind_int64(statement, 9, segment->last_us);
	return finish(statement);
}

int km_index_set_segment(struct km_index *index, const struct km_index_segment *segment)
{
	int err = 0;
	sqlite3_stmt *statement = statement_for(index, Q_SET_SEGMENT, &err);

	if (statement == NULL) {
		return err;
	}
	bind_uuid(statement, 1, &segment->id);
	(void)sqlite3_bind_int64(statement, 2, segment->end_us);
	(void)sqlite3_bind_int64(statement, 3, (sqlite3_int64)segment->bytes);
	(void)sqlite3_bind_int64(statement, 4, (sqlite3_int64)segment->video_samples);
	(void)sqlite3_bind_int(statement, 5, (int)segment->end);
	(void)sqlite3_bind_int64(statement, 6, segment->last_us);
	return finish(statement);
}

int km_index_drop_segment(struct km_index *index, const struct km_uuid *segment)
{
	return run_with_uuid(index, Q_DROP_SEGMENT, segment);
}

int km_index_discard_segment(struct km_index *index, const struct km_uuid *segment)
{
	int err = run_with_uuid(index, Q_ADD_GARBAGE, segment);

	return err < 0 ? err : run_with_uuid(index, Q_DROP_SEGMENT, segment);
}

int km_index_drop_garbage(struct km_index *index, const struct km_uuid *segment)
{
	return run_with_uuid(index, Q_DROP_GARBAGE, segment);
}

int km_index_add_gap(
    struct km_index *index, const struct km_uuid *camera, const struct km_archive_gap *gap)
{
	int err = 0;
	sqlite3_stmt *statement = statement_for(index, Q_ADD_GAP, &err);

	if (statement == NULL) {
		return err;
	}
	bind_uuid(statement, 1, camera);
	(void)sqlite3_bind_int64(statement, 2, gap->start_us);
	(void)sqlite3_bind_int64(statement, 3, gap->end_us);
	(void)sqlite3_bind_int(statement, 4, (int)gap->reason);
	(void)sqlite3_bind_int64(statement, 5, (sqlite3_int64)gap->lost);
	return finish(statement);
}

int km_index_drop_gaps(struct km_index *index, const struct km_uuid *camera, int64_t before_us)
{
	int err = 0;
	sqlite3_stmt *statement = statement_for(index, Q_DROP_GAPS, &err);

	if (statement == NULL) {
		return err;
	}
	bind_uuid(statement, 1, camera);
	(void)sqlite3_bind_int64(statement, 2, before_us);
	return finish(statement);
}

/* --- reading --- */

static bool segment_from(sqlite3_stmt *statement, struct km_index_segment *ret_segment)
{
	struct km_index_segment segment = {
		.start_us = sqlite3_column_int64(statement, 3),
		.end_us = sqlite3_column_int64(statement, 4),
		.bytes = column_count(statement, 5),
		.video_samples = column_count(statement, 6),
		.end = (enum km_index_end)sqlite3_column_int(statement, 7),
		.last_us = sqlite3_column_int64(statement, 8),
	};

	if (!column_uuid(statement, 0, &segment.id) ||
	    !column_uuid(statement, 1, &segment.camera) ||
	    !column_uuid(statement, 2, &segment.key)) {
		return false;
	}
	*ret_segment = segment;
	return true;
}

/* Step through rows of segments; the statement is bound. */
static int walk_segments(sqlite3_stmt *statement, km_index_on_segment *on_segment, void *context)
{
	int err = 0;
	int code = sqlite3_step(statement);

	while (code == SQLITE_ROW && err == 0) {
		struct km_index_segment segment;

		err = segment_from(statement, &segment) ? on_segment(context, &segment)
							: KM_ERR_DATABASE;
		if (err == 0) {
			code = sqlite3_step(statement);
		}
	}
	(void)sqlite3_reset(statement);
	return err != 0 ? err : error_from(code);
}

/*
 * A moment as the queries take it: they subtract from it, so the ends of the range are cut to what
 * leaves room.
 */
static sqlite3_int64 bounded(int64_t unix_us)
{
	int64_t most = INT64_MAX / 4;

	return unix_us > most ? most : unix_us < -most ? -most : unix_us;
}

static sqlite3_stmt *range_statement(struct km_index *index, enum query query,
    const struct km_uuid *camera, int64_t from_us, int64_t to_us, int *ret_err)
{
	sqlite3_stmt *statement = statement_for(index, query, ret_err);

	if (statement != NULL) {
		bind_uuid(statement, 1, camera);
		(void)sqlite3_bind_int64(statement, 2, bounded(from_us));
		(void)sqlite3_bind_int64(statement, 3, bounded(to_us));
	}
	return statement;
}

int km_index_each_segment(struct km_index *index, const struct km_uuid *camera, int64_t from_us,
    int64_t to_us, km_index_on_segment *on_segment, void *context)
{
	int err = 0;
	sqlite3_stmt *statement =
	    range_statement(index, Q_EACH_SEGMENT, camera, from_us, to_us, &err);

	return statement == NULL ? err : walk_segments(statement, on_segment, context);
}

int km_index_each_span(struct km_index *index, const struct km_uuid *camera, int64_t from_us,
    int64_t to_us, int (*on_span)(void *context, int64_t start_us, int64_t end_us), void *context)
{
	int err = 0;
	int code = 0;
	sqlite3_stmt *statement = range_statement(index, Q_EACH_SPAN, camera, from_us, to_us, &err);

	if (statement == NULL) {
		return err;
	}
	code = sqlite3_step(statement);
	while (code == SQLITE_ROW && err == 0) {
		err = on_span(context, sqlite3_column_int64(statement, 0),
		    sqlite3_column_int64(statement, 1));
		if (err == 0) {
			code = sqlite3_step(statement);
		}
	}
	(void)sqlite3_reset(statement);
	return err != 0 ? err : error_from(code);
}

int km_index_each_gap(struct km_index *index, const struct km_uuid *camera, int64_t from_us,
    int64_t to_us, km_index_on_gap *on_gap, void *context)
{
	int err = 0;
	int code = 0;
	sqlite3_stmt *statement = range_statement(index, Q_EACH_GAP, camera, from_us, to_us, &err);

	if (statement == NULL) {
		return err;
	}
	code = sqlite3_step(statement);
	while (code == SQLITE_ROW && err == 0) {
		struct km_archive_gap gap = {
			.start_us = sqlite3_column_int64(statement, 0),
			.end_us = sqlite3_column_int64(statement, 1),
			.reason = (unsigned)sqlite3_column_int(statement, 2),
			.lost = column_count(statement, 3),
		};

		err = on_gap(context, &gap);
		if (err == 0) {
			code = sqlite3_step(statement);
		}
	}
	(void)sqlite3_reset(statement);
	return err != 0 ? err : error_from(code);
}

int km_index_each_open(struct km_index *index, km_index_on_segment *on_segment, void *context)
{
	int err = 0;
	sqlite3_stmt *statement = statement_for(index, Q_EACH_OPEN, &err);

	return statement == NULL ? err : walk_segments(statement, on_segment, context);
}

int km_index_each_oldest(struct km_index *index, const struct km_uuid *camera, size_t most,
    km_index_on_segment *on_segment, void *context)
{
	int err = 0;
	sqlite3_stmt *statement =
	    statement_for(index, camera == NULL ? Q_EACH_OLDEST : Q_EACH_OLDEST_OF, &err);

	if (statement == NULL) {
		return err;
	}
	(void)sqlite3_bind_int64(statement, 1, most > INT_MAX ? INT_MAX : (sqlite3_int64)most);
	if (camera != NULL) {
		bind_uuid(statement, 2, camera);
	}
	return walk_segments(statement, on_segment, context);
}

int km_index_each_garbage(struct km_index *index, km_index_on_segment *on_segment, void *context)
{
	int err = 0;
	int code = 0;
	sqlite3_stmt *statement = statement_for(index, Q_EACH_GARBAGE, &err);

	if (statement == NULL) {
		return err;
	}
	code = sqlite3_step(statement);
	while (code == SQLITE_ROW && err == 0) {
		struct km_index_segment segment = { .start_us =
							sqlite3_column_int64(statement, 2) };

		err = column_uuid(statement, 0, &segment.id) &&
			      column_uuid(statement, 1, &segment.camera)
			  ? on_segment(context, &segment)
			  : KM_ERR_DATABASE;
		if (err == 0) {
			code = sqlite3_step(statement);
		}
	}
	(void)sqlite3_reset(statement);
	return err != 0 ? err : error_from(code);
}

static bool camera_from(sqlite3_stmt *statement, struct km_index_camera *ret_camera)
{
	bool has_segments = sqlite3_column_type(statement, 4) != SQLITE_NULL;
	struct km_index_camera camera = {
		.bytes = column_count(statement, 1),
		.segments = column_count(statement, 2),
		.why_ended = (unsigned)sqlite3_column_int(statement, 3),
		.start_us = has_segments ? sqlite3_column_int64(statement, 4) : INT64_MAX,
		.end_us = has_segments ? sqlite3_column_int64(statement, 5) : INT64_MIN,
		.last_us = has_segments ? sqlite3_column_int64(statement, 6) : INT64_MIN,
	};

	if (!column_uuid(statement, 0, &camera.id)) {
		return false;
	}
	*ret_camera = camera;
	return true;
}

int km_index_each_camera(struct km_index *index, km_index_on_camera *on_camera, void *context)
{
	int err = 0;
	int code = 0;
	sqlite3_stmt *statement = statement_for(index, Q_EACH_CAMERA, &err);

	if (statement == NULL) {
		return err;
	}
	code = sqlite3_step(statement);
	while (code == SQLITE_ROW && err == 0) {
		struct km_index_camera camera;

		err =
		    camera_from(statement, &camera) ? on_camera(context, &camera) : KM_ERR_DATABASE;
		if (err == 0) {
			code = sqlite3_step(statement);
		}
	}
	(void)sqlite3_reset(statement);
	return err != 0 ? err : error_from(code);
}

/* Step once; whether the row was there goes to the result. */
static int step_one(sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);

	return code == SQLITE_DONE ? KM_ERR_NOT_FOUND : error_from(code);
}

int km_index_find(
    struct km_index *index, const struct km_uuid *segment, struct km_index_segment *ret_segment)
{
	int err = 0;
	sqlite3_stmt *statement = statement_for(index, Q_FIND, &err);

	if (statement == NULL) {
		return err;
	}
	bind_uuid(statement, 1, segment);
	err = step_one(statement);
	if (err == 0 && !segment_from(statement, ret_segment)) {
		err = KM_ERR_DATABASE;
	}
	(void)sqlite3_reset(statement);
	return err;
}

int km_index_find_camera(
    struct km_index *index, const struct km_uuid *camera, struct km_index_camera *ret_camera)
{
	int err = 0;
	sqlite3_stmt *statement = statement_for(index, Q_FIND_CAMERA, &err);

	if (statement == NULL) {
		return err;
	}
	bind_uuid(statement, 1, camera);
	err = step_one(statement);
	if (err == 0 && !camera_from(statement, ret_camera)) {
		err = KM_ERR_DATABASE;
	}
	(void)sqlite3_reset(statement);
	return err;
}
