#include "guard/schema.h"

static const char first[] =
    "CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE data_key ("
    " id BLOB PRIMARY KEY, camera BLOB NOT NULL, day INTEGER NOT NULL, wrapped BLOB,"
    " created_us INTEGER NOT NULL, destroyed_us INTEGER, UNIQUE (camera, day)) WITHOUT ROWID;"
    "CREATE TABLE camera ("
    " id BLOB PRIMARY KEY, name TEXT NOT NULL, url TEXT NOT NULL, user TEXT NOT NULL,"
    " password BLOB, transport INTEGER NOT NULL, allows_basic INTEGER NOT NULL, pin BLOB,"
    " retain_us INTEGER NOT NULL, retain_bytes INTEGER NOT NULL, is_enabled INTEGER NOT NULL,"
    " created_us INTEGER NOT NULL, dropped_us INTEGER) WITHOUT ROWID;"
    "CREATE UNIQUE INDEX camera_name ON camera (name) WHERE dropped_us IS NULL;"
    "CREATE TABLE account ("
    " id BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE, role INTEGER NOT NULL, hash TEXT NOT NULL,"
    " is_disabled INTEGER NOT NULL, failures INTEGER NOT NULL, locked_until_us INTEGER NOT NULL,"
    " created_us INTEGER NOT NULL, password_us INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE camera_grant ("
    " account BLOB NOT NULL, camera BLOB NOT NULL, right_number INTEGER NOT NULL,"
    " PRIMARY KEY (account, camera, right_number)) WITHOUT ROWID;"
    "CREATE TABLE journal ("
    " number INTEGER PRIMARY KEY, unix_us INTEGER NOT NULL, monotonic_us INTEGER NOT NULL,"
    " event INTEGER NOT NULL, camera BLOB, account BLOB, text TEXT NOT NULL, hash BLOB NOT NULL);"
    "CREATE TRIGGER journal_keeps BEFORE UPDATE ON journal"
    " BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;"
    "CREATE TRIGGER journal_keeps_all BEFORE DELETE ON journal"
    " BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;";

/* Signed checkpoints of the journal. */
static const char journal[] = "";

/* Second factors, tokens, source addresses, earlier passwords. */
static const char people[] = "";

/* Alarms, incidents, duties. */
static const char care[] = "";

/* What waits to be sent, and certificates. */
static const char outside[] = "";

const char *const km_schema_steps[KM_SCHEMA_VERSION] = { first, journal, people, care, outside };
