#include "guard/notice_source.h"

#include "base/buf.h"
#include "guard/notices.h"
#include "model/states.h"

#include <stdio.h>
#include <string.h>

#define SETTING    "notice_source" /* number of the last entry that was read, as text */
#define AT_A_TIME  200
#define DIGITS_MAX 20

static const struct row {
	enum km_event event;
	uint8_t severity;
	const char *en;
	const char *ja;
} rows[] = {
#define KM_NOTICE_EVENT(NAME, SEVERITY, en, ja)                                                    \
	{ KM_EVENT_##NAME, KM_SEVERITY_##SEVERITY, (en), (ja) },
#include "guard/notice_events.tbl"
};

static const struct alarm_row {
	unsigned kind;
	const char *en;
	const char *ja;
} alarm_rows[] = {
#define KM_NOTICE_ALARM(KIND, en, ja) { KM_ALARM_##KIND, (en), (ja) },
#include "guard/notice_events.tbl"
};

struct reading {
	struct km_database *database;
	int64_t now_us;
	int64_t last;
	int64_t last_change;
	size_t count; /* entries and changes */
};

static const struct row *find_row(int event)
{
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		if ((int)rows[i].event == event) {
			return &rows[i];
		}
	}
	return NULL;
}

/* "sentence: detail", cut where a character ends. */
static void write_text(
    char ret_text[static KM_NOTICES_TEXT_SIZE], const char *sentence, struct km_bytes detail)
{
	size_t size = 0;

	(void)snprintf(ret_text, KM_NOTICES_TEXT_SIZE, "%s%s%.*s", sentence,
	    detail.size > 0 ? ": " : "", (int)detail.size, (const char *)detail.data);
	size = strlen(ret_text);
	if (size + 1 < KM_NOTICES_TEXT_SIZE) {
		return;
	}
	while (size > 0 && ((unsigned char)ret_text[size - 1] & 0xc0) == 0x80) {
		size--;
	}
	if (size > 0 && (unsigned char)ret_text[size - 1] >= 0xc0) {
		size--;
	}
	ret_text[size] = '\0';
}

/* Columns: number, unix_us, event, camera, text, camera's name, account's name. */
static int on_entry(void *context, sqlite3_stmt *row)
{
	struct reading *reading = context;
	const struct row *found = find_row(sqlite3_column_int(row, 2));
	struct km_notice notice = { 0 };
	size_t count = 0;

	reading->last = sqlite3_column_int64(row, 0);
	reading->count++;
	if (found == NULL) {
		return 0;
	}
	notice.event = found->event;
	notice.severity = found->severity;
	notice.unix_us = sqlite3_column_int64(row, 1);
	notice.camera = km_database_uuid(row, 3);
	(void)km_bytes_copy_text(
	    km_database_text(row, 5), notice.camera_name, sizeof(notice.camera_name));
	(void)km_bytes_copy_text(
	    km_database_text(row, 6), notice.account_name, sizeof(notice.account_name));
	write_text(notice.text_en, found->en, km_database_text(row, 4));
	write_text(notice.text_ja, found->ja, km_database_text(row, 4));
	return km_notices_put(reading->database, &notice, reading->now_us, &count);
}

/* --- alarms --- */

static const struct alarm_row *find_alarm_row(unsigned kind)
{
	static const struct alarm_row unknown = { 0, "An alarm", "警報" };

	for (size_t i = 0; i < KM_COUNT(alarm_rows); i++) {
		if (alarm_rows[i].kind == kind) {
			return &alarm_rows[i];
		}
	}
	return &unknown;
}

static void write_alarm_texts(
    struct km_notice *notice, const struct alarm_row *row, struct km_bytes text)
{
	char en[200];
	char ja[200];

	switch (notice->phase) {
	case KM_PHASE_CLEARED:
		(void)snprintf(en, sizeof(en), "Over: %s", row->en);
		(void)snprintf(ja, sizeof(ja), "【解除】%s", row->ja);
		break;
	case KM_PHASE_ACKNOWLEDGED:
		(void)snprintf(en, sizeof(en), "Seen: %s", row->en);
		(void)snprintf(ja, sizeof(ja), "【確認済み】%s", row->ja);
		break;
	default:
		(void)snprintf(en, sizeof(en), "%s", row->en);
		(void)snprintf(ja, sizeof(ja), "%s", row->ja);
		break;
	}
	write_text(notice->text_en, en, text);
	write_text(notice->text_ja, ja, text);
}

/*
 * Columns: number of the change, phase, alarm's number, kind, severity, camera, its name, opened,
 * cleared, acknowledged, by whom, text.
 */
static int on_change(void *context, sqlite3_stmt *row)
{
	struct reading *reading = context;
	struct km_notice notice = {
		.phase = (uint8_t)sqlite3_column_int(row, 1),
		.alarm = sqlite3_column_int64(row, 2),
		.alarm_kind = (uint8_t)sqlite3_column_int(row, 3),
		.severity = (uint8_t)sqlite3_column_int(row, 4),
		.camera = km_database_uuid(row, 5),
	};
	size_t count = 0;

	reading->last_change = sqlite3_column_int64(row, 0);
	reading->count++;
	notice.unix_us = sqlite3_column_int64(row, notice.phase == KM_PHASE_CLEARED        ? 8
						   : notice.phase == KM_PHASE_ACKNOWLEDGED ? 9
											   : 7);
	(void)km_bytes_copy_text(
	    km_database_text(row, 6), notice.camera_name, sizeof(notice.camera_name));
	if (notice.phase == KM_PHASE_ACKNOWLEDGED) {
		(void)km_bytes_copy_text(
		    km_database_text(row, 10), notice.account_name, sizeof(notice.account_name));
	}
	write_alarm_texts(&notice, find_alarm_row(notice.alarm_kind), km_database_text(row, 11));
	return km_notices_put(reading->database, &notice, reading->now_us, &count);
}

static int read_changes(struct reading *reading)
{
	int err = km_database_run(reading->database,
	    "SELECT x.number, x.phase, a.number, a.kind, a.severity, a.camera,"
	    " coalesce(c.name, ''), a.opened_us, a.cleared_us, a.acknowledged_us,"
	    " a.acknowledged_by, a.text FROM alarm_change x JOIN alarm a ON a.number = x.alarm"
	    " LEFT JOIN camera c ON c.id = a.camera ORDER BY x.number LIMIT ?1",
	    KM_VALUES(KM_NUMBER(AT_A_TIME)), on_change, reading);

	return err < 0 ? err
		       : km_database_run(reading->database,
			     "DELETE FROM alarm_change WHERE number <= ?1",
			     KM_VALUES(KM_NUMBER(reading->last_change)), NULL, NULL);
}

/* --- entries of the journal --- */

static int read_last(struct km_database *database, int64_t *ret_last, bool *ret_is_first)
{
	uint8_t storage[DIGITS_MAX];
	struct km_buf buf;
	uint64_t last = 0;
	int err = 0;

	km_buf_init_fixed(&buf, storage, sizeof(storage));
	err = km_database_get(database, SETTING, &buf);
	*ret_is_first = err == KM_ERR_NOT_FOUND;
	if (*ret_is_first) {
		return 0;
	}
	if (err == 0) {
		err = km_bytes_parse_u64(km_buf_view(&buf), INT64_MAX, &last);
		*ret_last = (int64_t)last;
	}
	return err;
}

static int write_last(struct km_database *database, int64_t last)
{
	uint8_t storage[DIGITS_MAX];
	struct km_buf buf;

	km_buf_init_fixed(&buf, storage, sizeof(storage));
	km_buf_add_format(&buf, "%lld", (long long)last);
	return km_database_put(database, SETTING, km_buf_view(&buf));
}

static int on_end(void *context, sqlite3_stmt *row)
{
	*(int64_t *)context = sqlite3_column_int64(row, 0);
	return 0;
}

static int read_entries(struct reading *reading)
{
	bool is_first = false;
	int err = read_last(reading->database, &reading->last, &is_first);

	if (err < 0) {
		return err;
	}
	if (is_first) {
		err = km_database_run(reading->database,
		    "SELECT coalesce(max(number), 0) FROM journal", NULL, 0, on_end,
		    &reading->last);
		return err < 0 ? err : write_last(reading->database, reading->last);
	}
	err = km_database_run(reading->database,
	    "SELECT j.number, j.unix_us, j.event, j.camera, j.text, c.name, a.name FROM journal j"
	    " LEFT JOIN camera c ON c.id = j.camera LEFT JOIN account a ON a.id = j.account"
	    " WHERE j.number > ?1 ORDER BY j.number LIMIT ?2",
	    KM_VALUES(KM_NUMBER(reading->last), KM_NUMBER(AT_A_TIME)), on_entry, reading);
	return err < 0 ? err : write_last(reading->database, reading->last);
}

/* Without a lock, as mostly nothing is new. */
static int look(struct km_database *database, bool *ret_is_new)
{
	int64_t last = -1;
	int64_t end = 0;
	int64_t changes = 0;
	bool is_first = false;
	int err = read_last(database, &last, &is_first);

	if (err == 0) {
		err = km_database_run(database, "SELECT coalesce(max(number), 0) FROM journal",
		    NULL, 0, on_end, &end);
	}
	if (err == 0) {
		err = km_database_run(
		    database, "SELECT count(*) FROM alarm_change", NULL, 0, on_end, &changes);
	}
	*ret_is_new = last != end || changes > 0;
	return err;
}

int km_notice_source_run(struct km_database *database, int64_t now_us, size_t *ret_count)
{
	struct reading reading = { .database = database, .now_us = now_us };
	bool is_new = false;
	int err = look(database, &is_new);

	if (err == 0 && !is_new) {
		*ret_count = 0;
		return 0;
	}
	if (err == 0) {
		err = km_database_exec(database, "BEGIN IMMEDIATE");
	}
	if (err < 0) {
		return err;
	}
	err = read_entries(&reading);
	if (err == 0) {
		err = read_changes(&reading);
	}
	if (err == 0) {
		err = km_database_exec(database, "COMMIT");
	}
	if (err < 0) {
		km_database_undo(database);
		return err;
	}
	*ret_count = reading.count;
	return 0;
}
