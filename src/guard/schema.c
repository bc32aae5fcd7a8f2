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
static const char journal[] =
    "CREATE TABLE journal_checkpoint ("
    " number INTEGER PRIMARY KEY, unix_us INTEGER NOT NULL, hash BLOB NOT NULL,"
    " signature BLOB NOT NULL);"
    "CREATE TRIGGER journal_checkpoint_keeps BEFORE UPDATE ON journal_checkpoint"
    " BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;"
    "CREATE TRIGGER journal_checkpoint_keeps_all BEFORE DELETE ON journal_checkpoint"
    " BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;"
    "CREATE INDEX journal_time ON journal (unix_us);";

/* Second factors, tokens, source addresses, earlier passwords. */
static const char people[] = "";

/* Alarms, incidents, duties. */
static const char care[] =
    "CREATE INDEX journal_event ON journal (event, unix_us);"
    "CREATE TABLE alarm ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, severity INTEGER NOT NULL,"
    " camera BLOB NOT NULL, subject TEXT NOT NULL, opened_us INTEGER NOT NULL,"
    " cleared_us INTEGER NOT NULL DEFAULT 0, count INTEGER NOT NULL DEFAULT 1, text TEXT NOT NULL,"
    " acknowledged_by TEXT NOT NULL DEFAULT '', acknowledged_us INTEGER NOT NULL DEFAULT 0,"
    " incident INTEGER NOT NULL DEFAULT 0);"
    "CREATE UNIQUE INDEX alarm_open ON alarm (kind, camera, subject) WHERE cleared_us = 0;"
    "CREATE TABLE incident ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, title TEXT NOT NULL,"
    " owner TEXT NOT NULL, steps_done INTEGER NOT NULL DEFAULT 0, opened_us INTEGER NOT NULL,"
    " ended_us INTEGER NOT NULL DEFAULT 0, outcome TEXT NOT NULL DEFAULT '');"
    "CREATE TABLE incident_note ("
    " incident INTEGER NOT NULL, at_us INTEGER NOT NULL, by TEXT NOT NULL, text TEXT NOT NULL);"
    "CREATE INDEX incident_notes ON incident_note (incident);"
    "CREATE TABLE duty ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL, title TEXT NOT NULL,"
    " owner TEXT NOT NULL DEFAULT '', interval_days INTEGER NOT NULL, due_us INTEGER NOT NULL,"
    " dropped_us INTEGER NOT NULL DEFAULT 0);"
    "CREATE TABLE duty_record ("
    " duty INTEGER NOT NULL, done_us INTEGER NOT NULL, by TEXT NOT NULL, result INTEGER NOT NULL,"
    " note TEXT NOT NULL);"
    "CREATE INDEX duty_records ON duty_record (duty, done_us);"
    "CREATE TABLE maintenance ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT, camera BLOB NOT NULL, from_us INTEGER NOT NULL,"
    " to_us INTEGER NOT NULL, by TEXT NOT NULL, note TEXT NOT NULL);"
    "CREATE TABLE login_place ("
    " account BLOB NOT NULL, place TEXT NOT NULL, first_us INTEGER NOT NULL,"
    " PRIMARY KEY (account, place)) WITHOUT ROWID;"
    "CREATE TABLE login_hour ("
    " account BLOB NOT NULL, hour INTEGER NOT NULL, count INTEGER NOT NULL,"
    " PRIMARY KEY (account, hour)) WITHOUT ROWID;";

/* What waits to be sent, and certificates. */
static const char outside[] = "";

const char *const km_schema_steps[KM_SCHEMA_VERSION] = { first, journal, people, care, outside };
