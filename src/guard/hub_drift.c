#include "guard/hub_drift.h"

#include "guard/alarms.h"
#include "guard/audits.h"
#include "guard/care.h"
#include "guard/hub_requests.h"
#include "guard/incidents.h"
#include "guard/journal.h"
#include "guard/snapshots.h"
#include "io/clock.h"
#include "model/kept_facts.h"
#include "model/states.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_DEFAULT 100
#define TOLD_SIZE    400

/* --- the facts of a camera --- */

struct gathering {
	struct km_fact *facts; /* room for KM_DIFFERENCE_FACTS_MAX */
	size_t count;
	int64_t since_us;
};

static int on_fact(void *context, const struct km_fact *fact)
{
	struct gathering *gathering = context;

	if (fact->observed_unix_us < gathering->since_us || !km_kept_facts_is_kept(fact)) {
		return 0;
	}
	if (gathering->count == KM_DIFFERENCE_FACTS_MAX) {
		return KM_ERR_LIMIT;
	}
	gathering->facts[gathering->count++] = *fact;
	return 0;
}

/* --- what is told --- */

/* Differences in words, for one entry of the journal. */
struct told {
	char text[TOLD_SIZE];
	size_t size;
	unsigned left_out;
};

struct telling {
	struct told unannounced;
	struct told announced;
};

static void tell(struct told *told, const struct km_difference *difference)
{
	char words[KM_DIFFERENCE_TEXT_SIZE];
	size_t size = 0;

	km_difference_say(difference, words);
	size = strlen(words);
	if (told->left_out > 0 || told->size + size + 3 > sizeof(told->text)) {
		told->left_out++;
		return;
	}
	(void)snprintf(told->text + told->size, sizeof(told->text) - told->size, "%s%s",
	    told->size > 0 ? "; " : "", words);
	told->size += strlen(told->text + told->size);
}

static void on_difference(
    void *context, const struct km_difference *difference, unsigned announced_by)
{
	struct telling *telling = context;

	tell(announced_by == KM_ANNOUNCED_NOBODY ? &telling->unannounced : &telling->announced,
	    difference);
}

static void note(struct km_hub *hub, enum km_event event, const struct km_hub_camera *camera,
    const struct told *told)
{
	char more[32] = "";

	if (told->size == 0 && told->left_out == 0) {
		return;
	}
	if (told->left_out > 0) {
		(void)snprintf(more, sizeof(more), "; and %u more", told->left_out);
	}
	km_journal_note(hub->database, event, &camera->entry.id, NULL, "%s: %s%s",
	    camera->entry.name, told->text, more);
}

/* --- taking --- */

static int take(struct km_hub *hub, const struct km_hub_camera *camera, unsigned reason,
    int64_t since_us, struct km_snapshots_find *ret_find)
{
	struct gathering gathering = { .since_us = since_us };
	struct telling telling = { 0 };
	int64_t now_us = km_clock_unix_us();
	int err = KM_ERR_MEMORY;

	gathering.facts = calloc(KM_DIFFERENCE_FACTS_MAX, sizeof(*gathering.facts));
	if (gathering.facts != NULL) {
		err = km_audits_each_fact(hub->database, &camera->entry.id, 0, on_fact, &gathering);
	}
	if (err == 0) {
		err = km_snapshots_take(hub->database, &camera->entry.id, reason, gathering.facts,
		    gathering.count, since_us, now_us, on_difference, &telling, ret_find);
	}
	free(gathering.facts);
	if (err == 0) {
		note(hub, KM_EVENT_SETTINGS_CHANGED, camera, &telling.unannounced);
		note(hub, KM_EVENT_SETTINGS_NOTED, camera, &telling.announced);
	}
	return err;
}

static void log_none(struct km_hub *hub, const struct km_hub_camera *camera, int err)
{
	KM_LOG(hub->log, KM_LOG_ERROR, "no-snapshot", km_log_text("camera", camera->entry.name),
	    err == KM_ERR_LIMIT ? km_log_text("why", "more is known than a snapshot holds")
				: km_log_error("why", err));
}

void km_hub_drift_look(struct km_hub *hub, const struct km_uuid *camera, int64_t began_us)
{
	const struct km_hub_camera *known = km_hub_find(hub, camera);
	struct km_snapshots_find find;
	int err = known == NULL ? 0 : take(hub, known, KM_SNAPSHOT_AUDIT, began_us, &find);

	/* An audit that saw nothing which a snapshot keeps is none to compare with. */
	if (err < 0 && err != KM_ERR_STATE) {
		log_none(hub, known, err);
	}
}

int km_hub_drift_keep(
    struct km_hub *hub, const struct km_uuid *camera, unsigned reason, int64_t *ret_number)
{
	const struct km_hub_camera *known = km_hub_find(hub, camera);
	struct km_snapshots_find find;
	int err = known == NULL ? KM_ERR_NOT_FOUND : take(hub, known, reason, 0, &find);

	if (err == 0) {
		*ret_number = find.snapshot.number;
	}
	if (err == KM_ERR_LIMIT) {
		/* A camera that tells too much may still be put right. */
		log_none(hub, known, err);
		err = KM_ERR_STATE;
	}
	return err;
}

/* --- requests --- */

static int no_camera(struct km_hub_asking *asking)
{
	return km_hub_requests_fail(asking, KM_ERR_NOT_FOUND, "camera: there is no such camera");
}

static int on_snapshot(void *context, const struct km_snapshot *snapshot)
{
	struct km_hub_asking *asking = context;
	const struct km_hub_camera *camera = km_hub_find(asking->hub, &snapshot->camera);
	struct km_message_snapshot record = {
		.number = snapshot->number,
		.camera = snapshot->camera,
		.reason = (uint8_t)snapshot->reason,
		.taken_unix_us = snapshot->taken_us,
		.confirmed_unix_us = snapshot->confirmed_us,
		.changes = snapshot->changes,
		.unannounced = snapshot->unannounced,
		.announced_by = (uint8_t)snapshot->announced_by,
	};

	if (camera != NULL) {
		memcpy(record.camera_name, camera->entry.name, sizeof(record.camera_name));
	}
	return km_hub_requests_answer(asking, KM_MESSAGE_snapshot, &record);
}

static int on_check(void *context, const struct km_snapshots_check *check)
{
	struct km_message_maintenance_check record = {
		.maintenance = check->maintenance,
		.before = check->before,
		.after = check->after,
		.changes = check->changes,
		.checked_unix_us = check->at_us,
	};

	return km_hub_requests_answer(context, KM_MESSAGE_maintenance_check, &record);
}

int km_hub_request_snapshot_list(
    struct km_hub_asking *asking, struct km_message_snapshot_list *list)
{
	int err = 0;

	if (km_hub_find(asking->hub, &list->camera) == NULL) {
		return no_camera(asking);
	}
	err = km_snapshots_each(asking->hub->database, &list->camera,
	    list->limit == 0 ? LIST_DEFAULT : list->limit, on_snapshot, asking);
	return err < 0 ? err
		       : km_snapshots_each_check(
			     asking->hub->database, &list->camera, on_check, asking);
}

int km_hub_request_snapshot_take(struct km_hub_asking *asking, struct km_message_snapshot_take *ask)
{
	const struct km_hub_camera *camera = km_hub_find(asking->hub, &ask->camera);
	struct km_snapshots_find find;
	int err = 0;

	if (camera == NULL) {
		return no_camera(asking);
	}
	err = take(asking->hub, camera, KM_SNAPSHOT_ASKED, 0, &find);
	if (err == KM_ERR_STATE) {
		return km_hub_requests_fail(
		    asking, err, "nothing is known of this camera yet: audit it first");
	}
	if (err == KM_ERR_LIMIT) {
		return km_hub_requests_fail(
		    asking, err, "more is known of this camera than a snapshot holds");
	}
	return err < 0 ? err : on_snapshot(asking, &find.snapshot);
}

/* Which two: what was not said is the last one, and the one before it. */
static int choose(struct km_hub_asking *asking, struct km_message_difference_list *list)
{
	struct km_database *database = asking->hub->database;
	struct km_snapshot to;
	struct km_snapshot before;
	int err = list->to == 0 ? km_snapshots_last(database, &list->camera, &to)
				: km_snapshots_find(database, list->to, &to);

	if (err == KM_ERR_NOT_FOUND && list->to == 0) {
		return km_hub_requests_fail(
		    asking, err, "there is no snapshot of this camera yet: audit it first");
	}
	if (err == 0 && !km_uuid_is_equal(&to.camera, &list->camera)) {
		err = KM_ERR_NOT_FOUND;
	}
	if (err < 0) {
		return km_hub_requests_fail(
		    asking, err, "to: this camera has no snapshot %lld", (long long)list->to);
	}
	list->to = to.number;
	if (list->from == 0) {
		err = km_snapshots_before(database, &to, &before);
		list->from = err == 0 ? before.number : 0;
		err = err == KM_ERR_NOT_FOUND ? 0 : err;
	}
	return err;
}

struct listing {
	struct km_hub_asking *asking;
	int64_t from;
	int64_t to;
};

static int on_listed(void *context, const struct km_difference *difference)
{
	const struct listing *listing = context;
	const struct km_fact *before = difference->before;
	const struct km_fact *after = difference->after;
	const struct km_fact *one = after != NULL ? after : before;
	struct km_message_difference record = {
		.from = listing->from,
		.to = listing->to,
		.change = (uint8_t)difference->change,
		.theme = (uint8_t)difference->theme,
		.source = one->source,
		.before_unix_us = before == NULL ? 0 : before->observed_unix_us,
		.after_unix_us = after == NULL ? 0 : after->observed_unix_us,
	};

	(void)km_bytes_copy_text(
	    km_bytes_text(km_facts_name(one->kind)), record.kind, sizeof(record.kind));
	memcpy(record.subject, one->subject, sizeof(record.subject));
	if (before != NULL) {
		memcpy(record.before, before->value, sizeof(record.before));
	}
	if (after != NULL) {
		memcpy(record.after, after->value, sizeof(record.after));
	}
	return km_hub_requests_answer(listing->asking, KM_MESSAGE_difference, &record);
}

int km_hub_request_difference_list(
    struct km_hub_asking *asking, struct km_message_difference_list *list)
{
	struct listing listing = { .asking = asking };
	int err = 0;

	if (km_hub_find(asking->hub, &list->camera) == NULL) {
		return no_camera(asking);
	}
	err = choose(asking, list);
	if (err < 0) {
		return err;
	}
	listing.from = list->from;
	listing.to = list->to;
	/* Against nothing there is nothing to tell. */
	err = list->from == 0 ? 0
			      : km_snapshots_compare(asking->hub->database, list->from, list->to,
				    on_listed, &listing);
	if (err == KM_ERR_NOT_FOUND || err == KM_ERR_RANGE) {
		return km_hub_requests_fail(asking, KM_ERR_NOT_FOUND,
		    "from: this camera has no snapshot %lld", (long long)list->from);
	}
	return err;
}

/* --- first aid --- */

static int find_alarm(struct km_hub_asking *asking, const struct km_message_first_aid_begin *begin)
{
	struct km_message_alarm alarm = { 0 };
	int err =
	    begin->alarm == 0 ? 0 : km_alarms_find(asking->hub->database, begin->alarm, &alarm);

	if (err < 0) {
		return km_hub_requests_fail(
		    asking, err, "alarm: there is no alarm %lld", (long long)begin->alarm);
	}
	if (begin->alarm != 0 && !km_uuid_is_equal(&alarm.camera, &begin->camera)) {
		return km_hub_requests_fail(
		    asking, KM_ERR_FORMAT, "alarm: it is about another camera");
	}
	if (alarm.incident != 0) {
		return km_hub_requests_fail(asking, KM_ERR_EXISTS,
		    "alarm %lld has grown into incident %lld already", (long long)begin->alarm,
		    (long long)alarm.incident);
	}
	return 0;
}

int km_hub_request_first_aid_begin(
    struct km_hub_asking *asking, struct km_message_first_aid_begin *begin)
{
	struct km_hub *hub = asking->hub;
	const struct km_hub_camera *camera = km_hub_find(hub, &begin->camera);
	const char *who = km_hub_requests_who(asking);
	struct km_message_incident incident = { 0 };
	char title[sizeof(incident.title)];
	int err = 0;

	if (camera == NULL) {
		return no_camera(asking);
	}
	err = find_alarm(asking, begin);
	if (err < 0) {
		return err;
	}
	(void)snprintf(title, sizeof(title), "%s %s",
	    km_states_name("alarm_kind", KM_ALARM_TAKEOVER), camera->entry.name);
	err = km_incidents_open(
	    hub->database, KM_ALARM_TAKEOVER, title, who, km_clock_unix_us(), &incident);
	if (err == 0 && begin->alarm != 0) {
		err = km_alarms_set_incident(hub->database, begin->alarm, incident.number);
	}
	if (err == 0) {
		km_journal_note(hub->database, KM_EVENT_INCIDENT_PUT, &camera->entry.id,
		    asking->account == NULL ? NULL : &asking->account->id,
		    "incident %lld, first aid for %s, alarm %lld, by %s",
		    (long long)incident.number, camera->entry.name, (long long)begin->alarm, who);
		km_hub_requests_answer(asking, KM_MESSAGE_incident, &incident);
	}
	return err;
}
