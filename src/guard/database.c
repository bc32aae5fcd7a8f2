#include "guard/database.h"

#include "base/buf.h"
#include "guard/schema.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_TIMEOUT_MS 5000
#define URI_SIZE        4096
#define COPY_VALUE_MAX  (1 << 20) /* bytes of a value or row in a copy from anybody */

struct km_database {
	sqlite3 *sqlite;
	sqlite3_stmt *undo; /* ready from the start: it must work when memory has run out */
	struct km_journal_queue *journal;
};

static int error_of(int status)
{
	switch (status & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return 0;
	case SQLITE_CONSTRAINT:
		return status == SQLITE_CONSTRAINT_UNIQUE || status == SQLITE_CONSTRAINT_PRIMARYKEY
			   ? KM_ERR_EXISTS
			   : KM_ERR_DATABASE;
	case SQLITE_FULL:
		return KM_ERR_NO_SPACE;
	case SQLITE_NOMEM:
		return KM_ERR_MEMORY;
	default:
		return KM_ERR_DATABASE;
	}
}

int km_database_exec(struct km_database *database, const char *sql)
{
	return error_of(sqlite3_exec(database->sqlite, sql, NULL, NULL, NULL));
}

void km_database_undo(struct km_database *database)
{
	(void)sqlite3_step(database->undo);
	(void)sqlite3_reset(database->undo);
}

static int on_version(void *context, sqlite3_stmt *row)
{
	*(int *)context = sqlite3_column_int(row, 0);
	return 0;
}

static int prepare_schema(struct km_database *database)
{
	int version = 0;
	int err = km_database_exec(database,
	    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
	    "PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF;");

	if (err == 0) {
		err =
		    km_database_run(database, "PRAGMA user_version", NULL, 0, on_version, &version);
	}
	if (err < 0) {
		return err;
	}
	if (version > KM_SCHEMA_VERSION) {
		return KM_ERR_UNSUPPORTED;
	}
	if (version == KM_SCHEMA_VERSION) {
		return 0;
	}
	err = km_database_exec(database, "BEGIN IMMEDIATE");
	for (int step = version; err == 0 && step < KM_SCHEMA_VERSION; step++) {
		err = km_database_exec(database, km_schema_steps[step]);
	}
	if (err == 0) {
		err = km_database_exec(database, "PRAGMA user_version = " KM_SCHEMA_VERSION_TEXT);
	}
	if (err == 0) {
		return km_database_exec(database, "COMMIT");
	}
	km_database_undo(database);
	return err;
}

int km_database_open(const char *path, bool may_create, struct km_database **ret_database)
{
	struct km_database *database = calloc(1, sizeof(*database));
	int flags =
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW | (may_create ? SQLITE_OPEN_CREATE : 0);
	mode_t mask = 0;
	int err = 0;

	if (database == NULL) {
		return KM_ERR_MEMORY;
	}
	if (!may_create && access(path, F_OK) < 0) {
		err = errno == ENOENT ? KM_ERR_NOT_FOUND : KM_ERR_SYS;
		goto out;
	}
	mask = umask(077);
	err = error_of(sqlite3_open_v2(path, &database->sqlite, flags, NULL));
	if (err == 0) {
		(void)sqlite3_extended_result_codes(database->sqlite, 1);
		(void)sqlite3_busy_timeout(database->sqlite, BUSY_TIMEOUT_MS);
		err = error_of(
		    sqlite3_prepare_v2(database->sqlite, "ROLLBACK", -1, &database->undo, NULL));
	}
	if (err == 0) {
		err = prepare_schema(database);
	}
	(void)umask(mask);
	if (err < 0) {
		goto out;
	}
	*ret_database = database;
	database = NULL;
out:
	km_database_close(database);
	return err;
}

/* A table, not a view, which could compute for ever. */
static const char journal_sql[] =
    "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'journal'"
    " AND sql NOT LIKE 'CREATE VIRTUAL%'";

static int check_copy(struct km_database *database)
{
	int count = 0;
	int err = 0;

	(void)sqlite3_db_config(database->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(database->sqlite, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_db_config(database->sqlite, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	(void)sqlite3_db_config(database->sqlite, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	err = km_database_exec(database, "PRAGMA cell_size_check = ON; PRAGMA query_only = ON");
	if (err == 0) {
		err = km_database_run(database, journal_sql, NULL, 0, on_version, &count);
	}
	return err == 0 && count != 1 ? KM_ERR_FORMAT : err;
}

static int open_copy(struct km_database *database, const char *name, int flags)
{
	int err = 0;

	(void)sqlite3_close(database->sqlite);
	database->sqlite = NULL;
	err = error_of(sqlite3_open_v2(name, &database->sqlite, flags, NULL));
	if (err < 0) {
		return err;
	}
	(void)sqlite3_extended_result_codes(database->sqlite, 1);
	(void)sqlite3_busy_timeout(database->sqlite, BUSY_TIMEOUT_MS);
	(void)sqlite3_limit(database->sqlite, SQLITE_LIMIT_LENGTH, COPY_VALUE_MAX);
	return check_copy(database);
}

/*
 * Where nothing may be written, SQLite reads a database in WAL mode only if it is told that nobody
 * else writes. Returns whether that can be said: there is no log beside it, and the name fits.
 */
static bool write_immutable(const char *path, char ret_uri[static URI_SIZE])
{
	struct km_buf uri;

	km_buf_init_fixed(&uri, ret_uri, URI_SIZE - 1);
	km_buf_add_format(&uri, "%s-wal", path);
	ret_uri[uri.size] = '\0';
	if (km_buf_error(&uri) < 0 || access(ret_uri, F_OK) == 0) {
		return false;
	}
	km_buf_clear(&uri);
	km_buf_add_text(&uri, "file:");
	for (; *path != '\0'; path++) {
		if (strchr("?#%", *path) == NULL) {
			km_buf_add_u8(&uri, (unsigned char)*path);
		} else {
			km_buf_add_format(&uri, "%%%02x", (unsigned char)*path);
		}
	}
	km_buf_add_text(&uri, "?immutable=1");
	ret_uri[uri.size] = '\0';
	return km_buf_error(&uri) == 0;
}

int km_database_open_copy(const char *path, struct km_database **ret_database)
{
	struct km_database *database = calloc(1, sizeof(*database));
	char uri[URI_SIZE];
	int err = 0;

	if (database == NULL) {
		return KM_ERR_MEMORY;
	}
	if (access(path, R_OK) < 0) {
		err = errno == ENOENT ? KM_ERR_NOT_FOUND : KM_ERR_SYS;
	}
	if (err == 0) {
		err = open_copy(database, path, SQLITE_OPEN_READONLY);
	}
	if (err == KM_ERR_DATABASE && write_immutable(path, uri)) {
		err = open_copy(database, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
	}
	if (err == 0) {
		err = error_of(
		    sqlite3_prepare_v2(database->sqlite, "ROLLBACK", -1, &database->undo, NULL));
	}
	if (err < 0) {
		km_database_close(database);
		return err;
	}
	*ret_database = database;
	return 0;
}

void km_database_close(struct km_database *database)
{
	if (database != NULL) {
		(void)sqlite3_finalize(database->undo);
		(void)sqlite3_close(database->sqlite);
		free(database);
	}
}

static int bind(sqlite3_stmt *statement, int position, const struct km_database_value *value)
{
	/* An empty value is a value: NULL data would be bound as NULL. */
	const void *data = value->bytes.size == 0 ? "" : (const void *)value->bytes.data;

	switch (value->kind) {
	case KM_VALUE_NUMBER:
		return sqlite3_bind_int64(statement, position, value->number);
	case KM_VALUE_TEXT:
		return sqlite3_bind_text64(
		    statement, position, data, value->bytes.size, SQLITE_STATIC, SQLITE_UTF8);
	case KM_VALUE_BLOB:
		return sqlite3_bind_blob64(
		    statement, position, data, value->bytes.size, SQLITE_STATIC);
	case KM_VALUE_NULL:
		break;
	}
	return sqlite3_bind_null(statement, position);
}

int km_database_run(struct km_database *database, const char *sql,
    const struct km_database_value *values, size_t count,
    int (*on_row)(void *context, sqlite3_stmt *row), void *context)
{
	sqlite3_stmt *statement = NULL;
	int status = sqlite3_prepare_v2(database->sqlite, sql, -1, &statement, NULL);
	int err = error_of(status);

	for (size_t i = 0; err == 0 && i < count; i++) {
		err = error_of(bind(statement, (int)i + 1, &values[i]));
	}
	while (err == 0) {
		status = sqlite3_step(statement);
		if (status != SQLITE_ROW) {
			err = error_of(status);
			break;
		}
		if (on_row != NULL) {
			err = on_row(context, statement);
		}
	}
	(void)sqlite3_finalize(statement);
	return err;
}

bool km_database_is_in_transaction(struct km_database *database)
{
	return sqlite3_get_autocommit(database->sqlite) == 0;
}

void km_database_set_journal(struct km_database *database, struct km_journal_queue *queue)
{
	database->journal = queue;
}

struct km_journal_queue *km_database_journal(const struct km_database *database)
{
	return database->journal;
}

int km_database_changes(struct km_database *database)
{
	return sqlite3_changes(database->sqlite);
}

struct km_bytes km_database_blob(sqlite3_stmt *row, int column)
{
	const void *data = sqlite3_column_blob(row, column);

	return km_bytes_from(data, data == NULL ? 0 : (size_t)sqlite3_column_bytes(row, column));
}

struct km_bytes km_database_text(sqlite3_stmt *row, int column)
{
	const void *data = sqlite3_column_text(row, column);

	return km_bytes_from(data, data == NULL ? 0 : (size_t)sqlite3_column_bytes(row, column));
}

struct km_uuid km_database_uuid(sqlite3_stmt *row, int column)
{
	struct km_bytes blob = km_database_blob(row, column);
	struct km_uuid uuid = { 0 };

	if (blob.size == sizeof(uuid.bytes)) {
		memcpy(uuid.bytes, blob.data, sizeof(uuid.bytes));
	}
	return uuid;
}

int km_database_put(struct km_database *database, const char *name, struct km_bytes value)
{
	return km_database_run(database,
	    "INSERT INTO setting (name, value) VALUES (?1, ?2)"
	    " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
	    KM_VALUES(KM_WORDS(name), KM_DATA(value)), NULL, NULL);
}

struct getting {
	struct km_buf *buf;
	bool is_found;
};

static int on_setting(void *context, sqlite3_stmt *row)
{
	struct getting *getting = context;

	getting->is_found = true;
	km_buf_add(getting->buf, km_database_blob(row, 0));
	return km_buf_error(getting->buf);
}

int km_database_get(struct km_database *database, const char *name, struct km_buf *buf)
{
	struct getting getting = { .buf = buf };
	int err = km_database_run(database, "SELECT value FROM setting WHERE name = ?1",
	    KM_VALUES(KM_WORDS(name)), on_setting, &getting);

	return err < 0 || getting.is_found ? err : KM_ERR_NOT_FOUND;
}

int km_database_forget(struct km_database *database, const char *name)
{
	return km_database_run(
	    database, "DELETE FROM setting WHERE name = ?1", KM_VALUES(KM_WORDS(name)), NULL, NULL);
}
