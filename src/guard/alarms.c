#include "guard/alarms.h"

#define SUBJECT_MAX  127
#define TEXT_MAX     500
#define LIST_LIMIT   100
#define FORGET_LIMIT 500

#define COLUMNS                                                                                    \
	"alarm.number, alarm.kind, severity, alarm.camera, coalesce(camera.name, ''), subject,"    \
	" opened_us, cleared_us, count, text, acknowledged_by, acknowledged_us, incident"          \
	" FROM alarm LEFT JOIN camera ON camera.id = alarm.camera"

static struct km_bytes shortened(struct km_bytes text, size_t most)
{
	size_t size = text.size < most ? text.size : most;

	/* Not in the middle of a character. */
	while (size > 0 && size < text.size && (text.data[size] & 0xc0) == 0x80) {
		size--;
	}
	return km_bytes_slice(text, 0, size);
}

int km_alarms_open(struct km_database *database, const struct km_alarm_cause *cause,
    unsigned severity, int64_t now_us, const char *text, bool *ret_is_new)
{
	struct km_database_value subject = { .kind = KM_VALUE_TEXT,
		.bytes = shortened(cause->subject, SUBJECT_MAX) };
	struct km_database_value words = { .kind = KM_VALUE_TEXT,
		.bytes = shortened(km_bytes_text(text), TEXT_MAX) };
	int err = km_database_run(database,
	    "UPDATE alarm SET count = count + 1, text = ?4, severity = max(severity, ?5)"
	    " WHERE kind = ?1 AND camera = ?2 AND subject = ?3 AND cleared_us = 0",
	    KM_VALUES(KM_NUMBER(cause->kind), KM_UUID_DATA(&cause->camera), subject, words,
		KM_NUMBER(severity)),
	    NULL, NULL);

	if (err < 0 || km_database_changes(database) > 0) {
		*ret_is_new = false;
		return err;
	}
	err = km_database_run(database,
	    "INSERT INTO alarm (kind, severity, camera, subject, opened_us, text)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	    KM_VALUES(KM_NUMBER(cause->kind), KM_NUMBER(severity), KM_UUID_DATA(&cause->camera),
		subject, KM_NUMBER(now_us), words),
	    NULL, NULL);
	*ret_is_new = err == 0;
	return err;
}

int km_alarms_clear(struct km_database *database, const struct km_alarm_cause *cause,
    int64_t now_us, bool *ret_was_open)
{
	struct km_database_value subject = { .kind = KM_VALUE_TEXT,
		.bytes = shortened(cause->subject, SUBJECT_MAX) };
	int err = km_database_run(database,
	    "UPDATE alarm SET cleared_us = max(?4, opened_us + 1)"
	    " WHERE kind = ?1 AND camera = ?2 AND subject = ?3 AND cleared_us = 0",
	    KM_VALUES(
		KM_NUMBER(cause->kind), KM_UUID_DATA(&cause->camera), subject, KM_NUMBER(now_us)),
	    NULL, NULL);

	if (err == 0 && ret_was_open != NULL) {
		*ret_was_open = km_database_changes(database) > 0;
	}
	return err;
}

static int on_count(void *context, sqlite3_stmt *row)
{
	*(int64_t *)context = sqlite3_column_int64(row, 0);
	return 0;
}

int km_alarms_is_open(
    struct km_database *database, const struct km_alarm_cause *cause, bool *ret_is_open)
{
	struct km_database_value subject = { .kind = KM_VALUE_TEXT,
		.bytes = shortened(cause->subject, SUBJECT_MAX) };
	int64_t count = 0;
	int err = km_database_run(database,
	    "SELECT count(*) FROM alarm WHERE kind = ?1 AND camera = ?2 AND subject = ?3"
	    " AND cleared_us = 0",
	    KM_VALUES(KM_NUMBER(cause->kind), KM_UUID_DATA(&cause->camera), subject), on_count,
	    &count);

	if (err == 0) {
		*ret_is_open = count > 0;
	}
	return err;
}

static void read_alarm(sqlite3_stmt *row, struct km_message_alarm *ret_alarm)
{
	*ret_alarm = (struct km_message_alarm){
		.number = sqlite3_column_int64(row, 0),
		.kind = (uint8_t)sqlite3_column_int(row, 1),
		.severity = (uint8_t)sqlite3_column_int(row, 2),
		.camera = km_database_uuid(row, 3),
		.opened_unix_us = sqlite3_column_int64(row, 6),
		.cleared_unix_us = sqlite3_column_int64(row, 7),
		.count = (uint32_t)sqlite3_column_int64(row, 8),
		.acknowledged_unix_us = sqlite3_column_int64(row, 11),
		.incident = sqlite3_column_int64(row, 12),
	};
	/* What is too long for its field was not written by us: it stays empty. */
	(void)km_bytes_copy_text(
	    km_database_text(row, 4), ret_alarm->camera_name, sizeof(ret_alarm->camera_name));
	(void)km_bytes_copy_text(
	    km_database_text(row, 5), ret_alarm->subject, sizeof(ret_alarm->subject));
	(void)km_bytes_copy_text(
	    km_database_text(row, 9), ret_alarm->text, sizeof(ret_alarm->text));
	(void)km_bytes_copy_text(km_database_text(row, 10), ret_alarm->acknowledged_by,
	    sizeof(ret_alarm->acknowledged_by));
}

struct walk {
	int (*on_alarm)(void *context, struct km_message_alarm *alarm);
	void *context;
};

static int on_row(void *context, sqlite3_stmt *row)
{
	struct walk *walk = context;
	struct km_message_alarm alarm;

	read_alarm(row, &alarm);
	return walk->on_alarm(walk->context, &alarm);
}

int km_alarms_each(struct km_database *database, bool is_open, int64_t before_number,
    uint32_t limit, int (*on_alarm)(void *context, struct km_message_alarm *alarm), void *context)
{
	struct walk walk = { on_alarm, context };

	return km_database_run(database,
	    "SELECT " COLUMNS " WHERE (?1 = 0 OR cleared_us = 0) AND (?2 = 0 OR number < ?2)"
	    " ORDER BY alarm.number DESC LIMIT ?3",
	    KM_VALUES(KM_NUMBER(is_open ? 1 : 0), KM_NUMBER(before_number),
		KM_NUMBER(limit == 0 ? LIST_LIMIT : limit)),
	    on_row, &walk);
}

static int on_found(void *context, sqlite3_stmt *row)
{
	read_alarm(row, context);
	return 0;
}

int km_alarms_find(struct km_database *database, int64_t number, struct km_message_alarm *ret_alarm)
{
	struct km_message_alarm alarm = { 0 };
	int err = km_database_run(database, "SELECT " COLUMNS " WHERE alarm.number = ?1",
	    KM_VALUES(KM_NUMBER(number)), on_found, &alarm);

	if (err == 0 && alarm.number == 0) {
		err = KM_ERR_NOT_FOUND;
	}
	if (err == 0) {
		*ret_alarm = alarm;
	}
	return err;
}

int km_alarms_acknowledge(struct km_database *database, int64_t number, const char *who,
    int64_t now_us, bool is_over, struct km_message_alarm *ret_alarm)
{
	struct km_message_alarm alarm = { 0 };
	int err = km_alarms_find(database, number, &alarm);

	if (err < 0) {
		return err;
	}
	if (alarm.acknowledged_unix_us != 0) {
		return KM_ERR_STATE;
	}
	err = km_database_run(database,
	    "UPDATE alarm SET acknowledged_by = ?2, acknowledged_us = ?3,"
	    " cleared_us = CASE WHEN cleared_us = 0 AND ?4 THEN ?3 ELSE cleared_us END"
	    " WHERE number = ?1",
	    KM_VALUES(
		KM_NUMBER(number), KM_WORDS(who), KM_NUMBER(now_us), KM_NUMBER(is_over ? 1 : 0)),
	    NULL, NULL);
	return err < 0 ? err : km_alarms_find(database, number, ret_alarm);
}

int km_alarms_set_incident(struct km_database *database, int64_t number, int64_t incident)
{
	return km_database_run(database, "UPDATE alarm SET incident = ?2 WHERE number = ?1",
	    KM_VALUES(KM_NUMBER(number), KM_NUMBER(incident)), NULL, NULL);
}

int km_alarms_forget(struct km_database *database, int64_t before_us, int64_t *ret_count)
{
	int err = km_database_run(database,
	    "DELETE FROM alarm WHERE number IN (SELECT number FROM alarm"
	    " WHERE cleared_us != 0 AND cleared_us < ?1"
	    " AND number < (SELECT max(number) FROM alarm) ORDER BY number LIMIT ?2)",
	    KM_VALUES(KM_NUMBER(before_us), KM_NUMBER(FORGET_LIMIT)), NULL, NULL);

	if (err == 0) {
		*ret_count = km_database_changes(database);
	}
	return err;
}

struct counts {
	uint32_t unseen;
	unsigned severity;
};

static int on_counts(void *context, sqlite3_stmt *row)
{
	struct counts *counts = context;

	counts->unseen = (uint32_t)sqlite3_column_int64(row, 0);
	counts->severity = (unsigned)sqlite3_column_int(row, 1);
	return 0;
}

int km_alarms_count(struct km_database *database, uint32_t *ret_unseen, unsigned *ret_severity)
{
	struct counts counts = { 0 };
	int err = km_database_run(database,
	    "SELECT coalesce(sum(acknowledged_us = 0), 0), coalesce(max(severity), 0)"
	    " FROM alarm WHERE cleared_us = 0",
	    NULL, 0, on_counts, &counts);

	if (err == 0) {
		*ret_unseen = counts.unseen;
		*ret_severity = counts.severity;
	}
	return err;
}
