#include "guard/care.h"

#include "base/reader.h"
#include "base/text.h"
#include "guard/accounts.h"
#include "guard/alarms.h"
#include "guard/care_logins.h"
#include "guard/duties.h"
#include "guard/journal.h"
#include "guard/maintenances.h"
#include "io/clock.h"
#include "io/clock_watch.h"
#include "priv/log.h"

#include <stdlib.h>
#include <string.h>

#define FOLLOW_US       INT64_C(500000)
#define SLOW_US         (10 * KM_TIME_SECOND_US)
#define ENTRIES_AT_ONCE 64
#define RESTART_CALM_US (10 * KM_TIME_MINUTE_US) /* a role that lived so long is well again */
#define NETWORK_LEAST   3                        /* cameras that make a network */
#define CLOCK_LOOKS     3                        /* of SLOW_US: a camera's clock is really off */

static const char position_name[] = "care position";

enum does { OPENS, CLEARS };
enum subject { NONE, ACCOUNT, WORD };

static const struct rule {
	enum km_event event;
	enum does does;
	unsigned kind;
	unsigned severity;
	enum subject subject;
} rules[] = {
#define KM_ALARM_RULE(EVENT, does, KIND, SEVERITY, subject)                                        \
	{ KM_EVENT_##EVENT, does, KM_ALARM_##KIND, KM_SEVERITY_##SEVERITY, subject },
#include "model/alarm_rules.tbl"
#undef KM_ALARM_RULE
};

struct km_care {
	struct km_hub *hub;
	struct km_timer *timer;
	struct km_clock_watch *clock;
	int64_t position;  /* number of the last entry that was followed */
	int64_t slow_us;   /* when to look at the slow things again */
	int64_t forget_us; /* monotonic: when old alarms are deleted */
	int64_t synced_us;
	bool is_unsynced; /* noted */
	bool is_network_lost;
};

bool km_care_clears_itself(unsigned kind)
{
	for (size_t i = 0; i < KM_COUNT(rules); i++) {
		if (rules[i].kind == kind && rules[i].does == CLEARS) {
			return true;
		}
	}
	return kind == KM_ALARM_DUTY || kind == KM_ALARM_ROLE_RESTARTED;
}

/* --- one entry --- */

static struct km_bytes first_word(struct km_bytes text)
{
	struct km_bytes word = km_bytes_split(&text, ' ');
	bool has_colon = word.size > 0 && word.data[word.size - 1] == ':';

	return km_bytes_slice(word, 0, word.size - (has_colon ? 1 : 0));
}

static void tell(
    struct km_care *care, const struct km_alarm_cause *cause, const char *what, const char *text)
{
	KM_LOG(care->hub->log, KM_LOG_WARNING, "alarm", km_log_text("is", what),
	    km_log_text("kind", km_states_name("alarm_kind", cause->kind)),
	    km_log_text("text", text));
}

static int open_alarm(struct km_care *care, const struct km_alarm_cause *cause, unsigned severity,
    int64_t now_us, const char *text)
{
	bool is_new = false;
	bool holds = false;
	int err = km_maintenances_holds(care->hub->database, &cause->camera, now_us, &holds);

	if (err < 0 || holds) {
		return err;
	}
	err = km_alarms_open(care->hub->database, cause, severity, now_us, text, &is_new);
	if (err == 0 && is_new) {
		tell(care, cause, "open", text);
	}
	return err;
}

static int clear_alarm(struct km_care *care, const struct km_alarm_cause *cause, int64_t now_us)
{
	bool was_open = false;
	int err = km_alarms_clear(care->hub->database, cause, now_us, &was_open);

	if (err == 0 && was_open) {
		tell(care, cause, "over", "");
	}
	return err;
}

static int apply_rule(
    struct km_care *care, const struct rule *rule, const struct km_care_entry *entry)
{
	struct km_alarm_cause cause = { .kind = rule->kind, .camera = entry->camera };
	struct km_account account = { 0 };

	if (rule->subject == WORD) {
		cause.subject = first_word(km_bytes_text(entry->text));
	} else if (rule->subject == ACCOUNT) {
		/* Nobody's name, if there is no such account: all of those are one cause. */
		(void)!km_accounts_find_id(care->hub->database, &entry->account, &account);
		cause.subject = km_bytes_text(account.name);
	}
	if (rule->does == CLEARS) {
		return clear_alarm(care, &cause, entry->unix_us);
	}
	return open_alarm(care, &cause, rule->severity, entry->unix_us, entry->text);
}

static int open_found(void *context, const struct km_alarm_cause *cause, unsigned severity,
    int64_t now_us, const char *text)
{
	return open_alarm(context, cause, severity, now_us, text);
}

static int follow_entry(struct km_care *care, const struct km_care_entry *entry)
{
	int err = km_care_logins_follow(care->hub->database, entry, open_found, care);

	for (size_t i = 0; err == 0 && i < KM_COUNT(rules); i++) {
		if ((int64_t)rules[i].event == entry->event) {
			err = apply_rule(care, &rules[i], entry);
		}
	}
	return err;
}

/* --- the journal --- */

struct batch {
	struct km_care_entry entries[ENTRIES_AT_ONCE];
	size_t count;
};

static int on_entry(void *context, sqlite3_stmt *row)
{
	struct batch *batch = context;
	struct km_care_entry *entry = &batch->entries[batch->count++];

	*entry = (struct km_care_entry){
		.number = sqlite3_column_int64(row, 0),
		.unix_us = sqlite3_column_int64(row, 1),
		.event = sqlite3_column_int64(row, 2),
		.camera = km_database_uuid(row, 3),
		.account = km_database_uuid(row, 4),
	};
	(void)km_bytes_copy_text(km_database_text(row, 5), entry->text, sizeof(entry->text));
	return 0;
}

static int store_position(struct km_care *care, int64_t position)
{
	uint8_t storage[8];
	struct km_buf buf;

	km_buf_init_fixed(&buf, storage, sizeof(storage));
	km_buf_add_i64(&buf, position);
	return km_database_put(care->hub->database, position_name, km_buf_view(&buf));
}

static int on_number(void *context, sqlite3_stmt *row)
{
	*(int64_t *)context = sqlite3_column_int64(row, 0);
	return 0;
}

static int load_position(struct km_care *care)
{
	struct km_database *database = care->hub->database;
	uint8_t storage[8];
	struct km_buf buf;
	struct km_reader reader;
	int err = 0;

	km_buf_init_fixed(&buf, storage, sizeof(storage));
	err = km_database_get(database, position_name, &buf);
	if (err == 0) {
		reader = km_reader_from(km_buf_view(&buf));
		return km_reader_i64(&reader, &care->position);
	}
	if (err != KM_ERR_NOT_FOUND) {
		return err;
	}
	err = km_database_run(database, "SELECT coalesce(max(number), 0) FROM journal", NULL, 0,
	    on_number, &care->position);
	return err < 0 ? err : store_position(care, care->position);
}

static int follow_batch(struct km_care *care, const struct batch *batch)
{
	struct km_database *database = care->hub->database;
	int err = km_database_exec(database, "SAVEPOINT care");

	if (err < 0) {
		return err;
	}
	for (size_t i = 0; err == 0 && i < batch->count; i++) {
		err = follow_entry(care, &batch->entries[i]);
	}
	if (err == 0) {
		err = store_position(care, batch->entries[batch->count - 1].number);
	}
	if (err == 0) {
		err = km_database_exec(database, "RELEASE care");
	}
	if (err < 0) {
		(void)!km_database_exec(database, "ROLLBACK TO care");
		(void)!km_database_exec(database, "RELEASE care");
		return err;
	}
	care->position = batch->entries[batch->count - 1].number;
	return 0;
}

/* Returns whether there may be more. */
static bool follow(struct km_care *care)
{
	struct batch batch = { 0 };
	int err = km_database_run(care->hub->database,
	    "SELECT number, unix_us, event, camera, account, text FROM journal WHERE number > ?1"
	    " ORDER BY number LIMIT ?2",
	    KM_VALUES(KM_NUMBER(care->position), KM_NUMBER(ENTRIES_AT_ONCE)), on_entry, &batch);

	if (err == 0 && batch.count > 0) {
		err = follow_batch(care, &batch);
	}
	if (err < 0) {
		KM_LOG(care->hub->log, KM_LOG_ERROR, "alarms-behind", km_log_error("why", err));
	}
	return err == 0 && batch.count == ENTRIES_AT_ONCE;
}

/* --- what no event tells --- */

static void look_at_network(struct km_care *care)
{
	struct km_hub *hub = care->hub;
	size_t enabled = 0;
	size_t lost = 0;

	for (size_t i = 0; i < hub->camera_count; i++) {
		enabled += hub->cameras[i]->entry.is_enabled ? 1 : 0;
		lost += hub->cameras[i]->is_lost ? 1 : 0;
	}
	if (!care->is_network_lost && enabled >= NETWORK_LEAST && lost * 5 >= enabled * 4) {
		care->is_network_lost = true;
		km_journal_note(hub->database, KM_EVENT_NETWORK_LOST, NULL, NULL,
		    "%zu of %zu cameras are lost", lost, enabled);
	} else if (care->is_network_lost && lost * 2 <= enabled) {
		care->is_network_lost = false;
		km_journal_note(hub->database, KM_EVENT_NETWORK_BACK, NULL, NULL,
		    "%zu of %zu cameras are lost", lost, enabled);
	}
}

static void look_at_camera_clock(struct km_hub *hub, struct km_hub_camera *camera)
{
	int64_t off_us = camera->received.clock_offset_us;
	int64_t most_us = (int64_t)hub->options.camera_clock_ms * 1000;
	bool is_known = off_us != INT64_MIN && camera->received.state == KM_CAMERA_STREAMING;
	bool is_off = is_known && (off_us > most_us || off_us < -most_us);

	if (!is_known || is_off == camera->is_clock_off) {
		camera->clock_looks = 0;
		return;
	}
	if (++camera->clock_looks < CLOCK_LOOKS) {
		return;
	}
	camera->clock_looks = 0;
	camera->is_clock_off = is_off;
	km_journal_note(hub->database,
	    is_off ? KM_EVENT_CAMERA_CLOCK_OFF : KM_EVENT_CAMERA_CLOCK_OK, &camera->entry.id, NULL,
	    "%s: %+.1f seconds against the recorder", camera->entry.name, (double)off_us / 1e6);
}

static void look_at_sync(struct km_care *care, int64_t now_us)
{
	int64_t error_us = 0;
	bool is_synced = km_clock_is_kept(&error_us);
	int64_t unsynced_us =
	    (int64_t)care->hub->options.clock_unsynced_minutes * KM_TIME_MINUTE_US;

	if (is_synced) {
		care->synced_us = now_us;
	}
	if (is_synced == !care->is_unsynced ||
	    (!is_synced && now_us - care->synced_us < unsynced_us)) {
		return;
	}
	care->is_unsynced = !is_synced;
	km_journal_note(care->hub->database,
	    is_synced ? KM_EVENT_CLOCK_SYNCED : KM_EVENT_CLOCK_UNSYNCED, NULL, NULL, "%s %lld ms",
	    is_synced ? "it is off by at most" : "it may be off by more than",
	    (long long)(error_us / 1000));
}

/* Open what is still so; it is not counted again. */
static int keep_open(
    struct km_care *care, const struct km_alarm_cause *cause, unsigned severity, const char *text)
{
	bool is_open = false;
	int err = km_alarms_is_open(care->hub->database, cause, &is_open);

	return err < 0 || is_open ? err
				  : open_alarm(care, cause, severity, km_clock_unix_us(), text);
}

/* After work on a camera, and for one that was switched off. */
static int look_at_camera(struct km_care *care, const struct km_hub_camera *camera)
{
	static const unsigned kinds[] = { KM_ALARM_CAMERA_LOST, KM_ALARM_CAMERA_REFUSED,
		KM_ALARM_CAMERA_CLOCK };
	struct km_alarm_cause cause = { .kind = KM_ALARM_CAMERA_LOST, .camera = camera->entry.id };
	int err = 0;

	if (camera->entry.is_enabled) {
		return camera->is_lost
			   ? keep_open(care, &cause, KM_SEVERITY_CRITICAL, camera->received.error)
			   : 0;
	}
	for (size_t i = 0; err == 0 && i < KM_COUNT(kinds); i++) {
		cause.kind = kinds[i];
		err = clear_alarm(care, &cause, km_clock_unix_us());
	}
	return err;
}

static int on_overdue(void *context, struct km_message_duty *duty)
{
	struct km_care *care = context;
	struct km_alarm_cause cause = { .kind = KM_ALARM_DUTY };
	const char *name =
	    duty->kind == KM_DUTY_KIND_OWN ? duty->title : km_states_name("duty_kind", duty->kind);

	cause.subject = km_bytes_text(name);
	return keep_open(care, &cause, KM_SEVERITY_WARNING, "overdue");
}

static int on_duty_alarm(void *context, struct km_message_alarm *alarm)
{
	struct km_alarm_cause cause = { .kind = alarm->kind,
		.subject = km_bytes_text(alarm->subject) };

	return alarm->kind != KM_ALARM_DUTY ? 0 : clear_alarm(context, &cause, km_clock_unix_us());
}

static int on_unseen(void *context, struct km_message_duty *duty)
{
	(void)duty;
	(*(size_t *)context)++;
	return 0;
}

static int look_at_duties(struct km_care *care, int64_t unix_us)
{
	struct km_database *database = care->hub->database;
	size_t overdue = 0;
	int err = km_duties_each(database, true, unix_us, on_unseen, &overdue);

	if (err == 0 && overdue == 0) {
		return km_alarms_each(database, true, 0, UINT32_MAX, on_duty_alarm, care);
	}
	return err < 0 ? err : km_duties_each(database, true, unix_us, on_overdue, care);
}

static int clear_calm_roles(struct km_care *care, int64_t unix_us)
{
	return km_database_run(care->hub->database,
	    "UPDATE alarm SET cleared_us = ?1 WHERE kind = ?2 AND cleared_us = 0 AND NOT EXISTS"
	    " (SELECT 1 FROM journal WHERE event = ?3 AND unix_us > ?4)",
	    KM_VALUES(KM_NUMBER(unix_us), KM_NUMBER(KM_ALARM_ROLE_RESTARTED),
		KM_NUMBER(KM_EVENT_ROLE_DIED), KM_NUMBER(unix_us - RESTART_CALM_US)),
	    NULL, NULL);
}

/* Once an hour, and again soon while there is more. */
static int forget_alarms(struct km_care *care, int64_t now_us, int64_t unix_us)
{
	int64_t kept_us = (int64_t)care->hub->options.alarm_keep_days * KM_TIME_DAY_US;
	int64_t count = 0;
	int err = 0;

	if (now_us < care->forget_us) {
		return 0;
	}
	err = km_alarms_forget(care->hub->database, unix_us - kept_us, &count);
	if (err == 0 && count == 0) {
		care->forget_us = now_us + KM_TIME_HOUR_US;
	}
	return err;
}

static void look_slowly(struct km_care *care, int64_t now_us)
{
	int64_t unix_us = km_clock_unix_us();
	int err = 0;

	look_at_network(care);
	for (size_t i = 0; i < care->hub->camera_count; i++) {
		look_at_camera_clock(care->hub, care->hub->cameras[i]);
	}
	look_at_sync(care, now_us);
	for (size_t i = 0; err == 0 && i < care->hub->camera_count; i++) {
		err = look_at_camera(care, care->hub->cameras[i]);
	}
	if (err == 0) {
		err = look_at_duties(care, unix_us);
	}
	if (err == 0) {
		err = clear_calm_roles(care, unix_us);
	}
	if (err == 0) {
		err = forget_alarms(care, now_us, unix_us);
	}
	if (err < 0) {
		KM_LOG(care->hub->log, KM_LOG_ERROR, "care-failed", km_log_error("why", err));
	}
}

/* --- ticks --- */

void km_care_look(struct km_care *care)
{
	while (follow(care)) {
	}
}

static void on_timer(void *context)
{
	struct km_care *care = context;
	int64_t now_us = km_clock_monotonic_us();

	km_clock_watch_look(care->clock);
	/* First: a look at what is so now must not open what an entry is about to open, too. */
	km_care_look(care);
	if (now_us >= care->slow_us) {
		care->slow_us = now_us + SLOW_US;
		look_slowly(care, now_us);
	}
	km_care_look(care);
}

static void on_step(void *context, int64_t step_us)
{
	struct km_care *care = context;

	km_journal_note(care->hub->database, KM_EVENT_CLOCK_STEP, NULL, NULL, "by %+.3f seconds",
	    (double)step_us / 1e6);
	km_care_look(care);
}

int km_care_create(struct km_hub *hub, struct km_care **ret_care)
{
	struct km_care *care = calloc(1, sizeof(*care));
	int err = KM_ERR_MEMORY;

	if (care == NULL) {
		return err;
	}
	care->hub = hub;
	care->synced_us = km_clock_monotonic_us();
	err = km_duties_prepare(hub->database, km_clock_unix_us());
	if (err == 0) {
		err = load_position(care);
	}
	if (err == 0) {
		err = km_clock_watch_create(hub->loop, (int64_t)hub->options.clock_step_ms * 1000,
		    on_step, care, &care->clock);
	}
	if (err == 0) {
		err = km_timer_create(hub->loop, on_timer, care, &care->timer);
	}
	if (err < 0) {
		km_care_destroy(care);
		return err;
	}
	km_timer_start(care->timer, FOLLOW_US, FOLLOW_US);
	*ret_care = care;
	return 0;
}

void km_care_destroy(struct km_care *care)
{
	if (care == NULL) {
		return;
	}
	km_timer_destroy(care->timer);
	km_clock_watch_destroy(care->clock);
	free(care);
}
