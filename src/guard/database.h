/*
 * The guard's own database (guard.db): accounts, cameras, wrapped keys, journal. SQLite in WAL
 * mode, readable by the guard's user alone. The command line opens it too; SQLite keeps the two
 * apart, and a running guard is told to look again.
 */
#ifndef KM_GUARD_DATABASE_H
#define KM_GUARD_DATABASE_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/uuid.h"

#include <sqlite3.h>

struct km_database;

/*
 * Open the database in a directory, or make it if `may_create`; brings an older schema up to date.
 * Returns 0, KM_ERR_NOT_FOUND (there is none), KM_ERR_UNSUPPORTED (made by a newer version),
 * KM_ERR_DATABASE or KM_ERR_SYS.
 */
KM_MUST_USE int km_database_open(
    const char *path, bool may_create, struct km_database **ret_database);
void km_database_close(struct km_database *database);

/*
 * Open a copy that may come from anybody, only to read it; its schema stays as it is. Nothing that
 * stands in it is executed. Returns 0, KM_ERR_NOT_FOUND, KM_ERR_FORMAT (no such database, or one
 * without a table of the journal) or KM_ERR_DATABASE.
 */
KM_MUST_USE int km_database_open_copy(const char *path, struct km_database **ret_database);

/* A value for a `?` of a statement. */
struct km_database_value {
	enum { KM_VALUE_NULL, KM_VALUE_NUMBER, KM_VALUE_TEXT, KM_VALUE_BLOB } kind;
	int64_t number;
	struct km_bytes bytes;
};

#define KM_NULL ((struct km_database_value){ .kind = KM_VALUE_NULL })
#define KM_NUMBER(value)                                                                           \
	((struct km_database_value){ .kind = KM_VALUE_NUMBER, .number = (int64_t)(value) })
#define KM_WORDS(text)                                                                             \
	((struct km_database_value){ .kind = KM_VALUE_TEXT, .bytes = km_bytes_text(text) })
#define KM_DATA(view)      ((struct km_database_value){ .kind = KM_VALUE_BLOB, .bytes = (view) })
#define KM_UUID_DATA(uuid) KM_DATA(km_uuid_view(uuid))
#define KM_VALUES(...)                                                                             \
	(const struct km_database_value[]){ __VA_ARGS__ },                                         \
	    sizeof((const struct km_database_value[]){ __VA_ARGS__ }) /                            \
		sizeof(struct km_database_value)

/*
 * Run one statement with its values: km_database_run(db, "... ? ...", KM_VALUES(...), f, context).
 * on_row may be NULL; a negative result of it ends the walk and is returned.
 * Returns 0, KM_ERR_EXISTS (a UNIQUE constraint), KM_ERR_NO_SPACE, KM_ERR_DATABASE, or what on_row
 * returned.
 */
KM_MUST_USE int km_database_run(struct km_database *database, const char *sql,
    const struct km_database_value *values, size_t count,
    int (*on_row)(void *context, sqlite3_stmt *row), void *context);

/* A statement without values and rows: BEGIN IMMEDIATE, COMMIT, ROLLBACK. */
KM_MUST_USE int km_database_exec(struct km_database *database, const char *sql);

/* ROLLBACK; there is nothing to do if that fails too. */
void km_database_undo(struct km_database *database);

/* Whether a BEGIN waits for its COMMIT. */
bool km_database_is_in_transaction(struct km_database *database);

/* What guard/journal keeps beside a database: the entries that wait. NULL at first; borrowed. */
struct km_journal_queue;
void km_database_set_journal(struct km_database *database, struct km_journal_queue *queue);
struct km_journal_queue *km_database_journal(const struct km_database *database);

/* How many rows the last statement changed. */
int km_database_changes(struct km_database *database);

/* Columns, checked: the wrong type or size gives an empty view, 0 or a nil UUID. */
struct km_bytes km_database_blob(sqlite3_stmt *row, int column);
struct km_bytes km_database_text(sqlite3_stmt *row, int column);
struct km_uuid km_database_uuid(sqlite3_stmt *row, int column);

/* Named values: certificate, sealed root key, ... Get appends to buf; KM_ERR_NOT_FOUND. */
KM_MUST_USE int km_database_put(
    struct km_database *database, const char *name, struct km_bytes value);
struct km_buf;
KM_MUST_USE int km_database_get(struct km_database *database, const char *name, struct km_buf *buf);
KM_MUST_USE int km_database_forget(struct km_database *database, const char *name);

#endif
