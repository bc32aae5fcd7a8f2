#include "guard/incidents.h"

#define COLUMNS "number, kind, title, owner, steps_done, opened_us, ended_us, outcome FROM incident"

static void read_incident(sqlite3_stmt *row, struct km_message_incident *ret_incident)
{
	*ret_incident = (struct km_message_incident){
		.number = sqlite3_column_int64(row, 0),
		.kind = (uint8_t)sqlite3_column_int(row, 1),
		.steps_done = (uint32_t)sqlite3_column_int64(row, 4),
		.opened_unix_us = sqlite3_column_int64(row, 5),
		.ended_unix_us = sqlite3_column_int64(row, 6),
	};
	(void)km_bytes_copy_text(
	    km_database_text(row, 2), ret_incident->title, sizeof(ret_incident->title));
	(void)km_bytes_copy_text(
	    km_database_text(row, 3), ret_incident->owner, sizeof(ret_incident->owner));
	(void)km_bytes_copy_text(
	    km_database_text(row, 7), ret_incident->outcome, sizeof(ret_incident->outcome));
}

static int on_found(void *context, sqlite3_stmt *row)
{
	read_incident(row, context);
	return 0;
}

int km_incidents_find(
    struct km_database *database, int64_t number, struct km_message_incident *ret_incident)
{
	struct km_message_incident incident = { 0 };
	int err = km_database_run(database, "SELECT " COLUMNS " WHERE number = ?1",
	    KM_VALUES(KM_NUMBER(number)), on_found, &incident);

	if (err == 0 && incident.number == 0) {
		err = KM_ERR_NOT_FOUND;
	}
	if (err == 0) {
		*ret_incident = incident;
	}
	return err;
}

int km_incidents_open(struct km_database *database, unsigned kind, const char *title,
    const char *owner, int64_t now_us, struct km_message_incident *ret_incident)
{
	struct km_message_incident incident = { 0 };
	int err = km_database_run(database,
	    "INSERT INTO incident (kind, title, owner, opened_us) VALUES (?1, ?2, ?3, ?4)"
	    " RETURNING "
	    "number, kind, title, owner, steps_done, opened_us, ended_us, outcome",
	    KM_VALUES(KM_NUMBER(kind), KM_WORDS(title), KM_WORDS(owner), KM_NUMBER(now_us)),
	    on_found, &incident);

	if (err == 0) {
		*ret_incident = incident;
	}
	return err;
}

static int find_open(
    struct km_database *database, int64_t number, struct km_message_incident *ret_incident)
{
	int err = km_incidents_find(database, number, ret_incident);

	return err == 0 && ret_incident->ended_unix_us != 0 ? KM_ERR_STATE : err;
}

static int add_note(
    struct km_database *database, int64_t number, const char *text, const char *who, int64_t now_us)
{
	return km_database_run(database,
	    "INSERT INTO incident_note (incident, at_us, by, text) VALUES (?1, ?2, ?3, ?4)",
	    KM_VALUES(KM_NUMBER(number), KM_NUMBER(now_us), KM_WORDS(who), KM_WORDS(text)), NULL,
	    NULL);
}

int km_incidents_work(struct km_database *database, int64_t number, unsigned step, bool is_undone,
    const char *owner, const char *note, const char *who, int64_t now_us)
{
	struct km_message_incident incident;
	int err = find_open(database, number, &incident);

	if (err == 0 && step > KM_INCIDENTS_STEPS_MAX) {
		err = KM_ERR_RANGE;
	}
	if (err == 0 && step > 0) {
		err = km_database_run(database,
		    "UPDATE incident SET steps_done ="
		    " CASE WHEN ?3 THEN steps_done & ~?2 ELSE steps_done | ?2 END WHERE number = "
		    "?1",
		    KM_VALUES(KM_NUMBER(number), KM_NUMBER(UINT32_C(1) << (step - 1)),
			KM_NUMBER(is_undone ? 1 : 0)),
		    NULL, NULL);
	}
	if (err == 0 && owner != NULL) {
		err = km_database_run(database, "UPDATE incident SET owner = ?2 WHERE number = ?1",
		    KM_VALUES(KM_NUMBER(number), KM_WORDS(owner)), NULL, NULL);
	}
	if (err == 0 && note[0] != '\0') {
		err = add_note(database, number, note, who, now_us);
	}
	return err;
}

int km_incidents_end(
    struct km_database *database, int64_t number, const char *outcome, int64_t now_us)
{
	struct km_message_incident incident;
	int err = find_open(database, number, &incident);

	if (err < 0) {
		return err;
	}
	return km_database_run(database,
	    "UPDATE incident SET ended_us = ?2, outcome = ?3 WHERE number = ?1",
	    KM_VALUES(KM_NUMBER(number), KM_NUMBER(now_us), KM_WORDS(outcome)), NULL, NULL);
}

struct walk {
	int (*on_incident)(void *context, struct km_message_incident *incident);
	int (*on_note)(void *context, struct km_message_incident_note *note);
	void *context;
};

static int on_row(void *context, sqlite3_stmt *row)
{
	struct walk *walk = context;
	struct km_message_incident incident;

	read_incident(row, &incident);
	return walk->on_incident(walk->context, &incident);
}

int km_incidents_each(struct km_database *database, bool is_open,
    int (*on_incident)(void *context, struct km_message_incident *incident), void *context)
{
	struct walk walk = { .on_incident = on_incident, .context = context };

	return km_database_run(database,
	    "SELECT " COLUMNS " WHERE ?1 = 0 OR ended_us = 0 ORDER BY number DESC",
	    KM_VALUES(KM_NUMBER(is_open ? 1 : 0)), on_row, &walk);
}

static int on_note_row(void *context, sqlite3_stmt *row)
{
	struct walk *walk = context;
	struct km_message_incident_note note = {
		.number = sqlite3_column_int64(row, 0),
		.at_unix_us = sqlite3_column_int64(row, 1),
	};

	(void)km_bytes_copy_text(km_database_text(row, 2), note.by, sizeof(note.by));
	(void)km_bytes_copy_text(km_database_text(row, 3), note.text, sizeof(note.text));
	return walk->on_note(walk->context, &note);
}

int km_incidents_each_note(struct km_database *database, int64_t number,
    int (*on_note)(void *context, struct km_message_incident_note *note), void *context)
{
	struct walk walk = { .on_note = on_note, .context = context };

	return km_database_run(database,
	    "SELECT incident, at_us, by, text FROM incident_note WHERE incident = ?1 ORDER BY "
	    "rowid",
	    KM_VALUES(KM_NUMBER(number)), on_note_row, &walk);
}
