#include "guard/duties.h"

#include "base/time.h"
#include "model/states.h"

#define COLUMNS                                                                                    \
	"number, kind, title, owner, interval_days, due_us,"                                       \
	" coalesce((SELECT max(done_us) FROM duty_record WHERE duty = number), 0),"                \
	" coalesce((SELECT by FROM duty_record WHERE duty = number"                                \
	" ORDER BY done_us DESC LIMIT 1), '') FROM duty"

int km_duties_prepare(struct km_database *database, int64_t now_us)
{
	static const struct {
		unsigned kind;
		int64_t days;
	} duties[] = {
#define KM_DUTY(KIND, days) { KM_DUTY_KIND_##KIND, (days) },
#include "model/duties.tbl"
#undef KM_DUTY
	};
	int err = 0;

	for (size_t i = 0; err == 0 && i < KM_COUNT(duties); i++) {
		err = km_database_run(database,
		    "INSERT INTO duty (kind, title, interval_days, due_us) SELECT ?1, '', ?2, ?3"
		    " WHERE NOT EXISTS (SELECT 1 FROM duty WHERE kind = ?1)",
		    KM_VALUES(KM_NUMBER(duties[i].kind), KM_NUMBER(duties[i].days),
			KM_NUMBER(now_us + duties[i].days * KM_TIME_DAY_US)),
		    NULL, NULL);
	}
	return err;
}

struct walk {
	int64_t now_us;
	int (*on_duty)(void *context, struct km_message_duty *duty);
	int (*on_record)(void *context, struct km_message_duty_record *record);
	void *context;
};

static int on_row(void *context, sqlite3_stmt *row)
{
	struct walk *walk = context;
	struct km_message_duty duty = {
		.number = sqlite3_column_int64(row, 0),
		.kind = (uint8_t)sqlite3_column_int(row, 1),
		.interval_days = (uint32_t)sqlite3_column_int64(row, 4),
		.due_unix_us = sqlite3_column_int64(row, 5),
		.done_unix_us = sqlite3_column_int64(row, 6),
	};

	(void)km_bytes_copy_text(km_database_text(row, 2), duty.title, sizeof(duty.title));
	(void)km_bytes_copy_text(km_database_text(row, 3), duty.owner, sizeof(duty.owner));
	(void)km_bytes_copy_text(km_database_text(row, 7), duty.done_by, sizeof(duty.done_by));
	duty.is_overdue = duty.due_unix_us < walk->now_us;
	return walk->on_duty(walk->context, &duty);
}

int km_duties_each(struct km_database *database, bool is_overdue, int64_t now_us,
    int (*on_duty)(void *context, struct km_message_duty *duty), void *context)
{
	struct walk walk = { .now_us = now_us, .on_duty = on_duty, .context = context };

	return km_database_run(database,
	    "SELECT " COLUMNS
	    " WHERE dropped_us = 0 AND (?1 = 0 OR due_us < ?2) ORDER BY due_us, number",
	    KM_VALUES(KM_NUMBER(is_overdue ? 1 : 0), KM_NUMBER(now_us)), on_row, &walk);
}

static int on_found(void *context, struct km_message_duty *duty)
{
	*(struct km_message_duty *)context = *duty;
	return 0;
}

int km_duties_find(
    struct km_database *database, int64_t number, int64_t now_us, struct km_message_duty *ret_duty)
{
	struct km_message_duty duty = { 0 };
	struct walk walk = { .now_us = now_us, .on_duty = on_found, .context = &duty };
	int err =
	    km_database_run(database, "SELECT " COLUMNS " WHERE number = ?1 AND dropped_us = 0",
		KM_VALUES(KM_NUMBER(number)), on_row, &walk);

	if (err == 0 && duty.number == 0) {
		err = KM_ERR_NOT_FOUND;
	}
	if (err == 0) {
		*ret_duty = duty;
	}
	return err;
}

static int on_number(void *context, sqlite3_stmt *row)
{
	*(int64_t *)context = sqlite3_column_int64(row, 0);
	return 0;
}

int km_duties_put(struct km_database *database, const struct km_message_duty_put *put,
    int64_t now_us, struct km_message_duty *ret_duty)
{
	struct km_message_duty before = { 0 };
	int64_t number = put->number;
	int64_t due_us = put->due_unix_us;
	int err = 0;

	if (put->interval_days < 1 || put->interval_days > KM_DUTIES_INTERVAL_MAX) {
		return KM_ERR_RANGE;
	}
	if (number != 0) {
		err = km_duties_find(database, number, now_us, &before);
	}
	if (err == 0 && before.kind == KM_DUTY_KIND_OWN && put->title[0] == '\0') {
		err = KM_ERR_FORMAT;
	}
	if (err < 0) {
		return err;
	}
	if (due_us == 0) {
		due_us = number != 0 ? before.due_unix_us
				     : now_us + (int64_t)put->interval_days * KM_TIME_DAY_US;
	}
	err = number == 0
		  ? km_database_run(database,
			"INSERT INTO duty (kind, title, owner, interval_days, due_us)"
			" VALUES (0, ?1, ?2, ?3, ?4) RETURNING number",
			KM_VALUES(KM_WORDS(put->title), KM_WORDS(put->owner),
			    KM_NUMBER(put->interval_days), KM_NUMBER(due_us)),
			on_number, &number)
		  : km_database_run(database,
			"UPDATE duty SET title = ?1, owner = ?2, interval_days = ?3,"
			" due_us = ?4 WHERE number = ?5",
			KM_VALUES(KM_WORDS(put->title), KM_WORDS(put->owner),
			    KM_NUMBER(put->interval_days), KM_NUMBER(due_us), KM_NUMBER(number)),
			NULL, NULL);
	return err < 0 ? err : km_duties_find(database, number, now_us, ret_duty);
}

int km_duties_drop(struct km_database *database, int64_t number, int64_t now_us)
{
	struct km_message_duty duty = { 0 };
	int err = km_duties_find(database, number, now_us, &duty);

	if (err < 0) {
		return err;
	}
	if (duty.kind != KM_DUTY_KIND_OWN) {
		return KM_ERR_DENIED;
	}
	return km_database_run(database, "UPDATE duty SET dropped_us = ?2 WHERE number = ?1",
	    KM_VALUES(KM_NUMBER(number), KM_NUMBER(now_us)), NULL, NULL);
}

int km_duties_done(struct km_database *database, int64_t number, const char *who, unsigned result,
    const char *note, int64_t now_us)
{
	struct km_message_duty duty = { 0 };
	int err = km_duties_find(database, number, now_us, &duty);

	if (err == 0) {
		err = km_database_run(database,
		    "INSERT INTO duty_record (duty, done_us, by, result, note)"
		    " VALUES (?1, ?2, ?3, ?4, ?5)",
		    KM_VALUES(KM_NUMBER(number), KM_NUMBER(now_us), KM_WORDS(who),
			KM_NUMBER(result), KM_WORDS(note)),
		    NULL, NULL);
	}
	if (err == 0) {
		err = km_database_run(database, "UPDATE duty SET due_us = ?2 WHERE number = ?1",
		    KM_VALUES(KM_NUMBER(number),
			KM_NUMBER(now_us + (int64_t)duty.interval_days * KM_TIME_DAY_US)),
		    NULL, NULL);
	}
	return err;
}

static int on_record_row(void *context, sqlite3_stmt *row)
{
	struct walk *walk = context;
	struct km_message_duty_record record = {
		.number = sqlite3_column_int64(row, 0),
		.done_unix_us = sqlite3_column_int64(row, 1),
		.result = (uint8_t)sqlite3_column_int(row, 3),
	};

	(void)km_bytes_copy_text(km_database_text(row, 2), record.by, sizeof(record.by));
	(void)km_bytes_copy_text(km_database_text(row, 4), record.note, sizeof(record.note));
	return walk->on_record(walk->context, &record);
}

int km_duties_each_record(struct km_database *database, int64_t number,
    int (*on_record)(void *context, struct km_message_duty_record *record), void *context)
{
	struct walk walk = { .on_record = on_record, .context = context };

	return km_database_run(database,
	    "SELECT duty, done_us, by, result, note FROM duty_record WHERE ?1 = 0 OR duty = ?1"
	    " ORDER BY done_us DESC, rowid DESC",
	    KM_VALUES(KM_NUMBER(number)), on_record_row, &walk);
}
