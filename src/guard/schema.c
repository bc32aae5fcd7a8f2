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
static const char people[] =
    "ALTER TABLE account DROP COLUMN failures;"
    "ALTER TABLE account DROP COLUMN locked_until_us;"
    "ALTER TABLE account ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE account ADD COLUMN allow_from TEXT NOT NULL DEFAULT 'any';"
    "CREATE TABLE old_password ("
    " account BLOB NOT NULL, number INTEGER NOT NULL, hash TEXT NOT NULL,"
    " PRIMARY KEY (account, number)) WITHOUT ROWID;"
    "CREATE TABLE login_count ("
    " who BLOB NOT NULL, network BLOB NOT NULL, failures INTEGER NOT NULL,"
    " failed_us INTEGER NOT NULL, boot BLOB NOT NULL, PRIMARY KEY (who, network)) WITHOUT ROWID;"
    "CREATE TABLE known_place ("
    " account BLOB NOT NULL, network BLOB NOT NULL, used_us INTEGER NOT NULL,"
    " PRIMARY KEY (account, network)) WITHOUT ROWID;"
    "CREATE TABLE second_factor ("
    " account BLOB PRIMARY KEY, secret BLOB NOT NULL, is_active INTEGER NOT NULL,"
    " counter INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE recovery_code ("
    " account BLOB NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (account, hash)) WITHOUT ROWID;"
    "CREATE TABLE token ("
    " id BLOB PRIMARY KEY, account BLOB NOT NULL, name TEXT NOT NULL, hash BLOB NOT NULL UNIQUE,"
    " rights INTEGER NOT NULL, allow_from TEXT NOT NULL, created_us INTEGER NOT NULL,"
    " expires_us INTEGER NOT NULL, used_us INTEGER NOT NULL, used_from TEXT NOT NULL,"
    " revoked_us INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE token_camera ("
    " token BLOB NOT NULL, camera BLOB NOT NULL, PRIMARY KEY (token, camera)) WITHOUT ROWID;";

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
static const char outside[] =
    "CREATE TABLE destination ("
    " id BLOB PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind INTEGER NOT NULL,"
    " minimum INTEGER NOT NULL, language INTEGER NOT NULL, is_enabled INTEGER NOT NULL,"
    " url TEXT NOT NULL, user TEXT NOT NULL, secret BLOB, sender TEXT NOT NULL,"
    " recipients TEXT NOT NULL, topic TEXT NOT NULL, discovery TEXT NOT NULL, ca BLOB NOT NULL,"
    " pin BLOB NOT NULL, created_us INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE notice ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL, destination BLOB NOT NULL,"
    " state INTEGER NOT NULL, delivery BLOB, created_us INTEGER NOT NULL,"
    " due_us INTEGER NOT NULL, tries INTEGER NOT NULL, done_us INTEGER, error TEXT NOT NULL,"
    " event INTEGER NOT NULL, severity INTEGER NOT NULL, phase INTEGER NOT NULL,"
    " alarm INTEGER NOT NULL, alarm_kind INTEGER NOT NULL, unix_us INTEGER NOT NULL, camera BLOB "
    "NOT NULL,"
    " camera_name TEXT NOT NULL, account_name TEXT NOT NULL, text_en TEXT NOT NULL,"
    " text_ja TEXT NOT NULL);"
    "CREATE INDEX notice_queue ON notice (destination, state, number);"
    "CREATE INDEX notice_done ON notice (destination, done_us) WHERE state <> 0;"
    /* What became of alarms, until it is queued; whoever changes them. Phases: states.tbl. */
    "CREATE TABLE alarm_change (number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " alarm INTEGER NOT NULL, phase INTEGER NOT NULL);"
    "CREATE TRIGGER alarm_opened AFTER INSERT ON alarm"
    " BEGIN INSERT INTO alarm_change (alarm, phase) VALUES (NEW.number, 1); END;"
    "CREATE TRIGGER alarm_acknowledged AFTER UPDATE OF acknowledged_us ON alarm"
    " WHEN OLD.acknowledged_us = 0 AND NEW.acknowledged_us <> 0"
    " BEGIN INSERT INTO alarm_change (alarm, phase) VALUES (NEW.number, 3); END;"
    "CREATE TRIGGER alarm_cleared AFTER UPDATE OF cleared_us ON alarm"
    " WHEN OLD.cleared_us = 0 AND NEW.cleared_us <> 0"
    " BEGIN INSERT INTO alarm_change (alarm, phase) VALUES (NEW.number, 2); END;";

/* What is known of the cameras, and the ledger of logins that were tried on them. */
static const char audit[] =
    "CREATE TABLE audit ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT, camera BLOB NOT NULL, reason INTEGER NOT NULL,"
    " by TEXT NOT NULL, is_thorough INTEGER NOT NULL, state INTEGER NOT NULL,"
    " asked_us INTEGER NOT NULL, began_us INTEGER NOT NULL DEFAULT 0,"
    " ended_us INTEGER NOT NULL DEFAULT 0, packets INTEGER NOT NULL DEFAULT 0,"
    " facts INTEGER NOT NULL DEFAULT 0, text TEXT NOT NULL DEFAULT '');"
    "CREATE INDEX audit_camera ON audit (camera, number);"
    "CREATE TABLE fact ("
    " camera BLOB NOT NULL, kind INTEGER NOT NULL, subject TEXT NOT NULL, source INTEGER NOT NULL,"
    " is_known INTEGER NOT NULL, value TEXT NOT NULL, detail TEXT NOT NULL, proof BLOB,"
    " observed_us INTEGER NOT NULL, PRIMARY KEY (camera, kind, subject, source)) WITHOUT ROWID;"
    "CREATE TABLE login_try ("
    " camera BLOB NOT NULL, service TEXT NOT NULL, account TEXT NOT NULL, pair INTEGER NOT NULL,"
    " tried_us INTEGER NOT NULL, is_lock INTEGER NOT NULL);"
    "CREATE INDEX login_tries ON login_try (camera, tried_us);";

/* What people say about the checklist. */
static const char answers[] =
    "CREATE TABLE attestation ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT, requirement TEXT NOT NULL, camera BLOB NOT NULL,"
    " state INTEGER NOT NULL, by TEXT NOT NULL, document TEXT NOT NULL, note TEXT NOT NULL,"
    " made_us INTEGER NOT NULL, until_us INTEGER NOT NULL,"
    " withdrawn_us INTEGER NOT NULL DEFAULT 0, withdrawn_by TEXT NOT NULL DEFAULT '');"
    "CREATE TABLE waiver ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT, requirement TEXT NOT NULL, camera BLOB NOT NULL,"
    " by TEXT NOT NULL, reason TEXT NOT NULL, made_us INTEGER NOT NULL, until_us INTEGER NOT NULL,"
    " withdrawn_us INTEGER NOT NULL DEFAULT 0, withdrawn_by TEXT NOT NULL DEFAULT '');"
    "CREATE TABLE deployment_profile ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT, parts TEXT NOT NULL, by TEXT NOT NULL,"
    " set_us INTEGER NOT NULL);";

/* Where a camera's ONVIF device service is. */
static const char onvif[] = "ALTER TABLE camera ADD COLUMN onvif_url TEXT NOT NULL DEFAULT '';";

/* What cameras were set to, and what was put right. */
static const char drift[] =
    "CREATE TABLE snapshot ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT, camera BLOB NOT NULL, reason INTEGER NOT NULL,"
    " taken_us INTEGER NOT NULL, confirmed_us INTEGER NOT NULL, changes INTEGER NOT NULL,"
    " unannounced INTEGER NOT NULL, announced_by INTEGER NOT NULL);"
    "CREATE INDEX snapshots ON snapshot (camera, number);"
    /* value NULL: it was looked for, and is not known */
    "CREATE TABLE snapshot_fact ("
    " snapshot INTEGER NOT NULL, kind INTEGER NOT NULL, source INTEGER NOT NULL,"
    " subject TEXT NOT NULL, value TEXT, observed_us INTEGER NOT NULL,"
    " PRIMARY KEY (snapshot, kind, source, subject)) WITHOUT ROWID;"
    "CREATE TABLE maintenance_check ("
    " maintenance INTEGER PRIMARY KEY, before INTEGER NOT NULL, after INTEGER NOT NULL,"
    " changes INTEGER NOT NULL, at_us INTEGER NOT NULL);"
    "CREATE TABLE remedy ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT, camera BLOB NOT NULL, kind INTEGER NOT NULL,"
    " state INTEGER NOT NULL, step TEXT NOT NULL, text TEXT NOT NULL, by TEXT NOT NULL,"
    " plan TEXT NOT NULL, before INTEGER NOT NULL, begun_us INTEGER NOT NULL,"
    " ended_us INTEGER NOT NULL, user TEXT NOT NULL, wanted BLOB, earlier BLOB,"
    " tries INTEGER NOT NULL, due_us INTEGER NOT NULL);"
    "CREATE UNIQUE INDEX remedy_open ON remedy (camera) WHERE ended_us = 0;";

const char *const km_schema_steps[KM_SCHEMA_VERSION] = { first, journal, people, care, outside,
	audit, onvif, answers, drift };
