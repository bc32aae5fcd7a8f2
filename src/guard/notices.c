#include "guard/notices.h"

#include "crypto/random.h"
#include "model/states.h"

#include <stdio.h>
#include <string.h>

#define NOTICE_COLUMNS                                                                             \
	"id, event, severity, phase, alarm, unix_us, camera, camera_name, account_name, text_en,"  \
	" text_ja, alarm_kind"
#define ENTRY_COLUMNS                                                                              \
	"n.id, n.event, n.severity, n.phase, n.alarm, n.unix_us, n.camera, n.camera_name,"         \
	" n.account_name, n.text_en, n.text_ja, n.alarm_kind, n.number, n.destination, d.name, "   \
	"n.state,"                                                                                 \
	" n.created_us, n.due_us, n.done_us, n.tries, n.error"

int km_notices_put(
    struct km_database *database, const struct km_notice *notice, int64_t now_us, size_t *ret_count)
{
	struct km_uuid id = notice->id;
	int err = km_uuid_is_nil(&id) ? km_random_uuid(&id) : 0;

	if (err < 0) {
		return err;
	}
	/* What a full queue does not take is listed as given up: never silently. */
	err = km_database_run(database,
	    "INSERT INTO notice (destination, state, created_us, due_us, tries, done_us, error,"
	    " " NOTICE_COLUMNS ")"
	    " SELECT d.id, CASE WHEN d.waiting < ?2 THEN 0 ELSE 2 END, ?1, 0, 0,"
	    " CASE WHEN d.waiting < ?2 THEN NULL ELSE ?1 END,"
	    " CASE WHEN d.waiting < ?2 THEN '' ELSE 'too many were waiting' END,"
	    " ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14"
	    " FROM (SELECT id, name, (SELECT count(*) FROM notice n WHERE n.destination ="
	    " destination.id AND n.state = 0) AS waiting FROM destination"
	    " WHERE is_enabled AND minimum <= ?5) d ORDER BY d.name",
	    KM_VALUES(KM_NUMBER(now_us), KM_NUMBER(KM_NOTICES_WAITING_MAX), KM_UUID_DATA(&id),
		KM_NUMBER(notice->event), KM_NUMBER(notice->severity), KM_NUMBER(notice->phase),
		KM_NUMBER(notice->alarm), KM_NUMBER(notice->unix_us), KM_UUID_DATA(&notice->camera),
		KM_WORDS(notice->camera_name), KM_WORDS(notice->account_name),
		KM_WORDS(notice->text_en), KM_WORDS(notice->text_ja),
		KM_NUMBER(notice->alarm_kind)),
	    NULL, NULL);
	if (err == 0) {
		*ret_count = (size_t)km_database_changes(database);
	}
	return err;
}

/* --- how it stands --- */

/* Cut, if it is too long, where a character ends. */
static void copy_text(sqlite3_stmt *row, int column, char *ret_text, size_t size)
{
	struct km_bytes text = km_database_text(row, column);

	if (text.size >= size) {
		text.size = size - 1;
		while (text.size > 0 && (text.data[text.size] & 0xc0) == 0x80) {
			text.size--;
		}
	}
	if (km_bytes_copy_text(text, ret_text, size) < 0) {
		ret_text[0] = '\0';
	}
}

/* Columns: state, count, first created. */
static int on_state(void *context, sqlite3_stmt *row)
{
	struct km_notices_queue *queue = context;
	uint64_t count = (uint64_t)sqlite3_column_int64(row, 1);

	switch (sqlite3_column_int(row, 0)) {
	case KM_NOTICE_WAITING:
		queue->waiting = count;
		queue->oldest_us = sqlite3_column_int64(row, 2);
		break;
	case KM_NOTICE_DELIVERED:
		queue->delivered = count;
		break;
	default:
		queue->given_up = count;
		break;
	}
	return 0;
}

/* Columns: due, tries, error. */
static int on_first(void *context, sqlite3_stmt *row)
{
	struct km_notices_queue *queue = context;

	queue->due_us = sqlite3_column_int64(row, 0);
	queue->tries = (unsigned)sqlite3_column_int(row, 1);
	copy_text(row, 2, queue->error, sizeof(queue->error));
	return 0;
}

/* Columns: count, first done. */
static int on_sent(void *context, sqlite3_stmt *row)
{
	struct km_notices_queue *queue = context;

	queue->sent = (uint64_t)sqlite3_column_int64(row, 0);
	queue->oldest_sent_us = sqlite3_column_int64(row, 1);
	return 0;
}

int km_notices_look(struct km_database *database, const struct km_uuid *destination,
    int64_t since_us, struct km_notices_queue *ret_queue)
{
	struct km_notices_queue queue = { 0 };
	int err = km_database_run(database,
	    "SELECT state, count(*), min(created_us) FROM notice WHERE destination = ?1 GROUP BY "
	    "state",
	    KM_VALUES(KM_UUID_DATA(destination)), on_state, &queue);

	if (err == 0 && queue.waiting > 0) {
		err = km_database_run(database,
		    "SELECT due_us, tries, error FROM notice WHERE destination = ?1 AND state = 0"
		    " ORDER BY number LIMIT 1",
		    KM_VALUES(KM_UUID_DATA(destination)), on_first, &queue);
	}
	if (err == 0) {
		err = km_database_run(database,
		    "SELECT count(DISTINCT delivery), min(done_us) FROM notice"
		    " WHERE destination = ?1 AND state = 1 AND done_us > ?2",
		    KM_VALUES(KM_UUID_DATA(destination), KM_NUMBER(since_us)), on_sent, &queue);
	}
	if (err == 0) {
		*ret_queue = queue;
	}
	return err;
}

/* --- deliveries --- */

static void read_notice(sqlite3_stmt *row, struct km_notice *notice)
{
	notice->id = km_database_uuid(row, 0);
	notice->event = (enum km_event)sqlite3_column_int(row, 1);
	notice->severity = (uint8_t)sqlite3_column_int(row, 2);
	notice->phase = (uint8_t)sqlite3_column_int(row, 3);
	notice->alarm = sqlite3_column_int64(row, 4);
	notice->unix_us = sqlite3_column_int64(row, 5);
	notice->camera = km_database_uuid(row, 6);
	copy_text(row, 7, notice->camera_name, sizeof(notice->camera_name));
	copy_text(row, 8, notice->account_name, sizeof(notice->account_name));
	copy_text(row, 9, notice->text_en, sizeof(notice->text_en));
	copy_text(row, 10, notice->text_ja, sizeof(notice->text_ja));
	notice->alarm_kind = (uint8_t)sqlite3_column_int(row, 11);
}

struct taking {
	struct km_uuid delivery; /* nil: it was not tried yet */
	struct km_uuid first;
	bool is_found;
	int (*on_notice)(void *context, const struct km_notice *notice);
	void *context;
};

/* Columns: delivery, id. */
static int on_front(void *context, sqlite3_stmt *row)
{
	struct taking *taking = context;

	taking->is_found = true;
	taking->delivery = km_database_uuid(row, 0);
	taking->first = km_database_uuid(row, 1);
	return 0;
}

static int on_taken(void *context, sqlite3_stmt *row)
{
	struct taking *taking = context;
	struct km_notice notice = { 0 };

	read_notice(row, &notice);
	return taking->on_notice(taking->context, &notice);
}

int km_notices_take(struct km_database *database, const struct km_uuid *destination, size_t count,
    struct km_uuid *ret_delivery, int (*on_notice)(void *context, const struct km_notice *notice),
    void *context)
{
	struct taking taking = { .on_notice = on_notice, .context = context };
	int err = km_database_run(database,
	    "SELECT delivery, id FROM notice WHERE destination = ?1 AND state = 0"
	    " ORDER BY number LIMIT 1",
	    KM_VALUES(KM_UUID_DATA(destination)), on_front, &taking);

	if (err == 0 && !taking.is_found) {
		err = KM_ERR_NOT_FOUND;
	}
	if (err == 0 && km_uuid_is_nil(&taking.delivery)) {
		taking.delivery = taking.first;
		err = km_database_run(database,
		    "UPDATE notice SET delivery = ?2 WHERE number IN (SELECT number FROM notice"
		    " WHERE destination = ?1 AND state = 0 ORDER BY number LIMIT ?3)",
		    KM_VALUES(KM_UUID_DATA(destination), KM_UUID_DATA(&taking.delivery),
			KM_NUMBER(count)),
		    NULL, NULL);
	}
	if (err == 0) {
		*ret_delivery = taking.delivery;
		err = km_database_run(database,
		    "SELECT " NOTICE_COLUMNS " FROM notice"
		    " WHERE destination = ?1 AND state = 0 AND delivery = ?2 ORDER BY number",
		    KM_VALUES(KM_UUID_DATA(destination), KM_UUID_DATA(&taking.delivery)), on_taken,
		    &taking);
	}
	return err;
}

int km_notices_note_success(struct km_database *database, const struct km_uuid *destination,
    const struct km_uuid *delivery, int64_t now_us, int64_t forget_us)
{
	int err = km_database_run(database,
	    "UPDATE notice SET state = 1, done_us = ?3, error = '' WHERE destination = ?1"
	    " AND state = 0 AND delivery = ?2",
	    KM_VALUES(KM_UUID_DATA(destination), KM_UUID_DATA(delivery), KM_NUMBER(now_us)), NULL,
	    NULL);

	if (err == 0) {
		err = km_database_run(database,
		    "DELETE FROM notice WHERE destination = ?1 AND state <> 0 AND done_us < ?2",
		    KM_VALUES(KM_UUID_DATA(destination), KM_NUMBER(forget_us)), NULL, NULL);
	}
	return err;
}

int km_notices_note_failure(struct km_database *database, const struct km_uuid *destination,
    const struct km_uuid *delivery, int64_t due_us, const char *error)
{
	return km_database_run(database,
	    "UPDATE notice SET tries = tries + 1, due_us = ?3, error = ?4 WHERE destination = ?1"
	    " AND state = 0 AND delivery = ?2",
	    KM_VALUES(KM_UUID_DATA(destination), KM_UUID_DATA(delivery), KM_NUMBER(due_us),
		KM_WORDS(error)),
	    NULL, NULL);
}

int km_notices_give_up(struct km_database *database, const struct km_uuid *destination,
    const struct km_uuid *delivery, int64_t queued_before_us, int64_t now_us, uint64_t *ret_count)
{
	int err = km_database_run(database,
	    "UPDATE notice SET state = 2, done_us = ?4 WHERE destination = ?1 AND state = 0"
	    " AND (delivery = ?2 OR created_us < ?3)",
	    KM_VALUES(KM_UUID_DATA(destination), KM_UUID_DATA(delivery),
		KM_NUMBER(queued_before_us), KM_NUMBER(now_us)),
	    NULL, NULL);

	if (err == 0) {
		*ret_count = (uint64_t)km_database_changes(database);
	}
	return err;
}

int km_notices_hurry(
    struct km_database *database, const struct km_uuid *destination, int64_t now_us)
{
	return km_database_run(database,
	    "UPDATE notice SET due_us = ?2 WHERE destination = ?1 AND state = 0 AND due_us > ?2",
	    KM_VALUES(KM_UUID_DATA(destination), KM_NUMBER(now_us)), NULL, NULL);
}

/* --- the list --- */

struct listing {
	int (*on_entry)(void *context, const struct km_notices_entry *entry);
	void *context;
};

static int on_listed(void *context, sqlite3_stmt *row)
{
	struct listing *listing = context;
	struct km_notices_entry entry = { 0 };

	read_notice(row, &entry.notice);
	entry.number = sqlite3_column_int64(row, 12);
	entry.destination = km_database_uuid(row, 13);
	copy_text(row, 14, entry.destination_name, sizeof(entry.destination_name));
	entry.state = (uint8_t)sqlite3_column_int(row, 15);
	entry.created_us = sqlite3_column_int64(row, 16);
	entry.due_us = sqlite3_column_int64(row, 17);
	entry.done_us = sqlite3_column_int64(row, 18);
	entry.tries = (unsigned)sqlite3_column_int(row, 19);
	copy_text(row, 20, entry.error, sizeof(entry.error));
	return listing->on_entry(listing->context, &entry);
}

int km_notices_each(struct km_database *database, bool only_waiting, int64_t before, unsigned limit,
    int (*on_entry)(void *context, const struct km_notices_entry *entry), void *context)
{
	struct listing listing = { .on_entry = on_entry, .context = context };

	return km_database_run(database,
	    "SELECT " ENTRY_COLUMNS " FROM notice n JOIN destination d ON d.id = n.destination"
	    " WHERE (?1 = 0 OR n.state = 0) AND (?2 = 0 OR n.number < ?2)"
	    " ORDER BY n.number DESC LIMIT ?3",
	    KM_VALUES(KM_NUMBER(only_waiting), KM_NUMBER(before), KM_NUMBER(limit)), on_listed,
	    &listing);
}
