/* Requests about alarms, incidents, duties and maintenance. */
#include "guard/alarms.h"
#include "guard/care.h"
#include "guard/duties.h"
#include "guard/hub_requests.h"
#include "guard/incidents.h"
#include "guard/journal.h"
#include "guard/maintenances.h"
#include "io/clock.h"

#include <stdio.h>
#include <string.h>

static const struct km_uuid *account_of(const struct km_hub_asking *asking)
{
	return asking->account == NULL ? NULL : &asking->account->id;
}

/* Note what was done, as text of who did it. */
#define NOTE(asking, event, camera, ...)                                                           \
	km_journal_note((asking)->hub->database, event, camera, account_of(asking), __VA_ARGS__)

/* --- alarms --- */

static int on_alarm(void *context, struct km_message_alarm *alarm)
{
	return km_hub_requests_answer(context, KM_MESSAGE_alarm, alarm);
}

int km_hub_request_alarm_list(struct km_hub_asking *asking, struct km_message_alarm_list *list)
{
	km_care_look(asking->hub->care);
	return km_alarms_each(asking->hub->database, list->is_open != 0, list->before_number,
	    list->limit > 1000 ? 1000 : list->limit, on_alarm, asking);
}

int km_hub_request_alarm_acknowledge(
    struct km_hub_asking *asking, struct km_message_alarm_acknowledge *acknowledge)
{
	const char *who = km_hub_requests_who(asking);
	struct km_message_alarm alarm = { 0 };
	int err = km_alarms_find(asking->hub->database, acknowledge->number, &alarm);

	if (err == 0) {
		err = km_alarms_acknowledge(asking->hub->database, acknowledge->number, who,
		    km_clock_unix_us(), !km_care_clears_itself(alarm.kind), &alarm);
	}
	if (err == KM_ERR_NOT_FOUND) {
		return km_hub_requests_fail(
		    asking, err, "there is no alarm %lld", (long long)acknowledge->number);
	}
	if (err == KM_ERR_STATE) {
		return km_hub_requests_fail(asking, err, "alarm %lld: %s has seen it already",
		    (long long)acknowledge->number, alarm.acknowledged_by);
	}
	if (err == 0) {
		NOTE(asking, KM_EVENT_ALARM_ACKNOWLEDGED, &alarm.camera, "alarm %lld, %s, by %s",
		    (long long)alarm.number, km_states_name("alarm_kind", alarm.kind), who);
	}
	return err;
}

/* --- incidents --- */

static int on_incident(void *context, struct km_message_incident *incident)
{
	return km_hub_requests_answer(context, KM_MESSAGE_incident, incident);
}

static int on_note(void *context, struct km_message_incident_note *note)
{
	return km_hub_requests_answer(context, KM_MESSAGE_incident_note, note);
}

int km_hub_request_incident_list(
    struct km_hub_asking *asking, struct km_message_incident_list *list)
{
	return km_incidents_each(asking->hub->database, list->is_open != 0, on_incident, asking);
}

static int explain_incident(struct km_hub_asking *asking, int err, int64_t number)
{
	switch (err) {
	case KM_ERR_NOT_FOUND:
		return km_hub_requests_fail(
		    asking, err, "there is no incident %lld", (long long)number);
	case KM_ERR_STATE:
		return km_hub_requests_fail(
		    asking, err, "incident %lld is over", (long long)number);
	case KM_ERR_RANGE:
		return km_hub_requests_fail(asking, err, "step: 1 to 32, or 0 for none");
	default:
		return err;
	}
}

int km_hub_request_incident_get(struct km_hub_asking *asking, struct km_message_incident_get *get)
{
	struct km_message_incident incident;
	int err = km_incidents_find(asking->hub->database, get->number, &incident);

	if (err < 0) {
		return explain_incident(asking, err, get->number);
	}
	km_hub_requests_answer(asking, KM_MESSAGE_incident, &incident);
	return km_incidents_each_note(asking->hub->database, get->number, on_note, asking);
}

/*
 * Without a title of its own an incident is called by its alarm's kind and what that is about, if
 * there is room: "camera_lost entrance". The page puts it into words of either language.
 */
static void title_incident(const struct km_message_alarm *alarm,
    const struct km_message_incident_open *open, char ret_title[static 128])
{
	const char *kind = km_states_name("alarm_kind", alarm->kind);
	const char *about = alarm->camera_name[0] != '\0' ? alarm->camera_name : alarm->subject;
	bool has_about = about[0] != '\0' && strlen(kind) + strlen(about) + 2 <= 128;

	if (open->title[0] != '\0') {
		(void)snprintf(ret_title, 128, "%s", open->title);
	} else {
		(void)snprintf(
		    ret_title, 128, "%s%s%s", kind, has_about ? " " : "", has_about ? about : "");
	}
}

int km_hub_request_incident_open(
    struct km_hub_asking *asking, struct km_message_incident_open *open)
{
	struct km_database *database = asking->hub->database;
	struct km_message_alarm alarm = { 0 };
	struct km_message_incident incident = { 0 };
	char title[sizeof(incident.title)];
	int err = open->alarm == 0 ? 0 : km_alarms_find(database, open->alarm, &alarm);

	if (err < 0) {
		return km_hub_requests_fail(
		    asking, err, "there is no alarm %lld", (long long)open->alarm);
	}
	if (alarm.incident != 0) {
		return km_hub_requests_fail(asking, KM_ERR_EXISTS,
		    "alarm %lld has grown into incident %lld already", (long long)open->alarm,
		    (long long)alarm.incident);
	}
	if (open->title[0] == '\0' && open->alarm == 0) {
		return km_hub_requests_fail(asking, KM_ERR_FORMAT, "title: a text is needed");
	}
	title_incident(&alarm, open, title);
	err = km_incidents_open(database, alarm.kind, title,
	    open->owner[0] != '\0' ? open->owner : km_hub_requests_who(asking), km_clock_unix_us(),
	    &incident);
	if (err == 0 && open->alarm != 0) {
		err = km_alarms_set_incident(database, open->alarm, incident.number);
	}
	if (err == 0) {
		NOTE(asking, KM_EVENT_INCIDENT_PUT, &alarm.camera,
		    "incident %lld, alarm %lld: %s, owner %s, by %s", (long long)incident.number,
		    (long long)open->alarm, incident.title, incident.owner,
		    km_hub_requests_who(asking));
		km_hub_requests_answer(asking, KM_MESSAGE_incident, &incident);
	}
	return err;
}

int km_hub_request_incident_work(
    struct km_hub_asking *asking, struct km_message_incident_work *work)
{
	const char *who = km_hub_requests_who(asking);
	int err =
	    km_incidents_work(asking->hub->database, work->number, work->step, work->is_undone != 0,
		work->has_owner ? work->owner : NULL, work->text, who, km_clock_unix_us());

	if (err < 0) {
		return explain_incident(asking, err, work->number);
	}
	NOTE(asking, KM_EVENT_INCIDENT_PUT, NULL,
	    "incident %lld: step %u%s, owner %s, %s note, by %s", (long long)work->number,
	    work->step, work->is_undone ? " not done after all" : "",
	    work->has_owner ? work->owner : "as before", work->text[0] != '\0' ? "a" : "no", who);
	return 0;
}

int km_hub_request_incident_end(struct km_hub_asking *asking, struct km_message_incident_end *end)
{
	int err = KM_ERR_FORMAT;

	if (end->outcome[0] == '\0') {
		return km_hub_requests_fail(
		    asking, err, "outcome: a text is needed: what it was and what was done");
	}
	err =
	    km_incidents_end(asking->hub->database, end->number, end->outcome, km_clock_unix_us());
	if (err < 0) {
		return explain_incident(asking, err, end->number);
	}
	NOTE(asking, KM_EVENT_INCIDENT_ENDED, NULL, "incident %lld, by %s", (long long)end->number,
	    km_hub_requests_who(asking));
	return 0;
}

/* --- duties --- */

static int on_duty(void *context, struct km_message_duty *duty)
{
	return km_hub_requests_answer(context, KM_MESSAGE_duty, duty);
}

static int on_duty_record(void *context, struct km_message_duty_record *record)
{
	return km_hub_requests_answer(context, KM_MESSAGE_duty_record, record);
}

int km_hub_request_duty_list(struct km_hub_asking *asking, struct km_message_duty_list *list)
{
	return km_duties_each(
	    asking->hub->database, list->is_overdue != 0, km_clock_unix_us(), on_duty, asking);
}

static int explain_duty(struct km_hub_asking *asking, int err, int64_t number)
{
	switch (err) {
	case KM_ERR_NOT_FOUND:
		return km_hub_requests_fail(
		    asking, err, "there is no duty %lld", (long long)number);
	case KM_ERR_RANGE:
		return km_hub_requests_fail(
		    asking, err, "interval_days: 1 to %d is right", KM_DUTIES_INTERVAL_MAX);
	case KM_ERR_FORMAT:
		return km_hub_requests_fail(asking, err, "title: a text is needed");
	case KM_ERR_DENIED:
		return km_hub_requests_fail(
		    asking, err, "every recorder has this duty: give it a longer interval instead");
	default:
		return err;
	}
}

/* The name that alarms have of a duty. */
static struct km_bytes name_of(const struct km_message_duty *duty)
{
	return km_bytes_text(
	    duty->kind == KM_DUTY_KIND_OWN ? duty->title : km_states_name("duty_kind", duty->kind));
}

/* Its alarm is over; it comes again at the next look if the duty is still overdue. */
static int clear_duty(struct km_hub_asking *asking, const struct km_message_duty *duty)
{
	struct km_alarm_cause cause = { .kind = KM_ALARM_DUTY, .subject = name_of(duty) };

	return km_alarms_clear(asking->hub->database, &cause, km_clock_unix_us(), NULL);
}

/* 0, or the failure with its text. */
static int find_duty(struct km_hub_asking *asking, int64_t number, struct km_message_duty *ret_duty)
{
	int err = km_duties_find(asking->hub->database, number, km_clock_unix_us(), ret_duty);

	return explain_duty(asking, err, number);
}

int km_hub_request_duty_put(struct km_hub_asking *asking, struct km_message_duty_put *put)
{
	struct km_message_duty duty = { 0 };
	int err = put->number == 0 ? 0 : find_duty(asking, put->number, &duty);

	if (err == 0 && put->number != 0) {
		err = clear_duty(asking, &duty);
	}
	if (err == 0) {
		err = km_duties_put(asking->hub->database, put, km_clock_unix_us(), &duty);
	}
	if (err < 0) {
		return explain_duty(asking, err, put->number);
	}
	NOTE(asking, KM_EVENT_DUTY_PUT, NULL, "duty %lld %.*s, every %u days, owner %s, by %s",
	    (long long)duty.number, (int)name_of(&duty).size, (const char *)name_of(&duty).data,
	    duty.interval_days, duty.owner, km_hub_requests_who(asking));
	return km_hub_requests_answer(asking, KM_MESSAGE_duty, &duty);
}

int km_hub_request_duty_drop(struct km_hub_asking *asking, struct km_message_duty_drop *drop)
{
	struct km_message_duty duty = { 0 };
	int err = find_duty(asking, drop->number, &duty);

	if (err == 0) {
		err = explain_duty(asking,
		    km_duties_drop(asking->hub->database, drop->number, km_clock_unix_us()),
		    drop->number);
	}
	if (err == 0) {
		err = clear_duty(asking, &duty);
	}
	if (err == 0) {
		NOTE(asking, KM_EVENT_DUTY_PUT, NULL, "duty %lld %s was removed, by %s",
		    (long long)duty.number, duty.title, km_hub_requests_who(asking));
	}
	return err;
}

int km_hub_request_duty_done(struct km_hub_asking *asking, struct km_message_duty_done *done)
{
	const char *who = km_hub_requests_who(asking);
	struct km_message_duty duty = { 0 };
	int err = find_duty(asking, done->number, &duty);

	if (err < 0) {
		return err;
	}
	if (done->result < KM_DUTY_RESULT_FINE || done->result > KM_DUTY_RESULT_SKIPPED) {
		return km_hub_requests_fail(
		    asking, KM_ERR_FORMAT, "result: fine, findings or skipped is right");
	}
	if (done->result != KM_DUTY_RESULT_FINE && done->note[0] == '\0') {
		return km_hub_requests_fail(
		    asking, KM_ERR_FORMAT, "note: a text is needed: what was found, or why not");
	}
	err = km_duties_done(
	    asking->hub->database, done->number, who, done->result, done->note, km_clock_unix_us());
	if (err == 0) {
		err = clear_duty(asking, &duty);
	}
	if (err == 0) {
		NOTE(asking, KM_EVENT_DUTY_DONE, NULL, "duty %lld %.*s: %s, by %s",
		    (long long)duty.number, (int)name_of(&duty).size,
		    (const char *)name_of(&duty).data, km_states_name("duty_result", done->result),
		    who);
	}
	return err;
}

int km_hub_request_duty_history(
    struct km_hub_asking *asking, struct km_message_duty_history *history)
{
	return km_duties_each_record(
	    asking->hub->database, history->number, on_duty_record, asking);
}

/* --- maintenance --- */

static int on_maintenance(void *context, struct km_message_maintenance *maintenance)
{
	return km_hub_requests_answer(context, KM_MESSAGE_maintenance, maintenance);
}

int km_hub_request_maintenance_list(
    struct km_hub_asking *asking, struct km_message_maintenance_list *list)
{
	return km_maintenances_each(
	    asking->hub->database, list->is_past != 0, km_clock_unix_us(), on_maintenance, asking);
}

int km_hub_request_maintenance_begin(
    struct km_hub_asking *asking, struct km_message_maintenance_begin *begin)
{
	const char *who = km_hub_requests_who(asking);
	struct km_message_maintenance made = { 0 };
	char until[KM_TIME_TEXT_SIZE];
	int err =
	    km_maintenances_begin(asking->hub->database, begin, who, km_clock_unix_us(), &made);

	if (err == KM_ERR_RANGE) {
		return km_hub_requests_fail(
		    asking, err, "to: a time after from, in the future, at most 14 days later");
	}
	if (err == KM_ERR_NOT_FOUND) {
		return km_hub_requests_fail(asking, err, "there is no such camera");
	}
	if (err == 0) {
		km_time_write(made.to_unix_us, until);
		NOTE(asking, KM_EVENT_MAINTENANCE_BEGAN, &made.camera, "%s until %s, by %s",
		    made.camera_name, until, who);
		km_hub_requests_answer(asking, KM_MESSAGE_maintenance, &made);
	}
	return err;
}

int km_hub_request_maintenance_end(
    struct km_hub_asking *asking, struct km_message_maintenance_end *end)
{
	struct km_message_maintenance ended = { 0 };
	int err =
	    km_maintenances_end(asking->hub->database, end->number, km_clock_unix_us(), &ended);

	if (err == KM_ERR_NOT_FOUND || err == KM_ERR_STATE) {
		return km_hub_requests_fail(asking, err,
		    err == KM_ERR_STATE ? "maintenance %lld is over"
					: "there is no maintenance %lld",
		    (long long)end->number);
	}
	if (err == 0) {
		NOTE(asking, KM_EVENT_MAINTENANCE_ENDED, &ended.camera, "%s, by %s",
		    ended.camera_name, km_hub_requests_who(asking));
	}
	return err;
}
