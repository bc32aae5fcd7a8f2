#include "guard/self_facts.h"

#include "guard/alarms.h"
#include "guard/duties.h"
#include "guard/hub_certificates.h"
#include "guard/hub_journal.h"
#include "guard/hub_listeners.h"
#include "guard/incidents.h"
#include "guard/login_locks.h"
#include "guard/maintenances.h"
#include "guard/snapshots.h"
#include "model/states.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>

#define OPEN_ALARMS_MAX 1000

struct gathering {
	struct km_hub *hub;
	int64_t now_us;
	struct km_self_facts *list;
};

void km_self_facts_finish(struct km_self_facts *list)
{
	free(list->facts);
	*list = (struct km_self_facts){ 0 };
}

void km_self_facts_add(struct km_self_facts *list, const struct km_fact *fact)
{
	if (list->err == 0 && list->count == list->capacity) {
		size_t capacity = list->capacity == 0 ? 128 : 2 * list->capacity;
		struct km_fact *facts = NULL;

		if (capacity > KM_SELF_FACTS_MAX) {
			list->err = KM_ERR_LIMIT;
			return;
		}
		facts = reallocarray(list->facts, capacity, sizeof(*facts));
		if (facts == NULL) {
			list->err = KM_ERR_MEMORY;
			return;
		}
		list->facts = facts;
		list->capacity = capacity;
	}
	if (list->err == 0) {
		list->facts[list->count++] = *fact;
	}
}

static void give(const struct gathering *gathering, enum km_fact_kind kind, const char *subject,
    const char *detail, const char *value, ...) KM_PRINTF(5, 6);

static void give(const struct gathering *gathering, enum km_fact_kind kind, const char *subject,
    const char *detail, const char *value, ...)
{
	struct km_fact fact = {
		.kind = (uint16_t)kind,
		.source = KM_FROM_RECORDER,
		.is_known = true,
		.observed_unix_us = gathering->now_us,
	};
	va_list args;

	(void)snprintf(fact.subject, sizeof(fact.subject), "%s", subject);
	(void)snprintf(fact.detail, sizeof(fact.detail), "%s", detail);
	va_start(args, value);
	(void)vsnprintf(fact.value, sizeof(fact.value), value, args);
	va_end(args);
	km_self_facts_add(gathering->list, &fact);
}

static void give_unknown(const struct gathering *gathering, enum km_fact_kind kind, const char *why)
{
	struct km_fact fact = {
		.kind = (uint16_t)kind,
		.source = KM_FROM_RECORDER,
		.observed_unix_us = gathering->now_us,
	};

	(void)snprintf(fact.detail, sizeof(fact.detail), "%s", why);
	km_self_facts_add(gathering->list, &fact);
}

static void give_yes_no(const struct gathering *gathering, enum km_fact_kind kind,
    const char *subject, const char *detail, bool is_yes)
{
	give(gathering, kind, subject, detail, "%s", is_yes ? "yes" : "no");
}

/* --- settings and state --- */

static void give_settings(const struct gathering *gathering)
{
	const struct km_options *options = &gathering->hub->options;

	give(gathering, KM_FACT_SELF_VERSION, "", "", "%s", KM_VERSION);
	give(gathering, KM_FACT_SELF_ALLOW_FROM, "", "setting allow_from", "%.500s",
	    options->allow_from);
	give(gathering, KM_FACT_SELF_LOCK_TRIES, "", "built in", "%d", KM_LOGIN_LOCKS_TRIES);
	give(gathering, KM_FACT_SELF_PASSWORD_MIN, "", "setting password_characters", "%" PRIu64,
	    options->password_characters);
	give_yes_no(gathering, KM_FACT_SELF_SECOND_FACTOR, "", "setting second_factor_roles",
	    km_hub_wants_factor(gathering->hub, KM_ACCOUNT_ADMINISTRATOR));
	give_yes_no(gathering, KM_FACT_SELF_CAMERA_ACCESS, "", "built in", true);
	give(gathering, KM_FACT_SELF_MIRRORS, "", "", "0");
}

static void give_listeners(const struct gathering *gathering)
{
	uint32_t unexpected = km_hub_listeners_unexpected(gathering->hub);
	const char *why_unsure = km_hub_listeners_why_unsure(gathering->hub);
	char detail[64];

	if (unexpected == 0 && why_unsure != NULL) {
		give_unknown(gathering, KM_FACT_SELF_HTTPS_ONLY, why_unsure);
		return;
	}
	(void)snprintf(detail, sizeof(detail), "%u unexpected sockets", unexpected);
	give_yes_no(gathering, KM_FACT_SELF_HTTPS_ONLY, "", detail, unexpected == 0);
}

static void give_state(const struct gathering *gathering)
{
	struct km_message_status_system status = { 0 };
	struct timex clock = { 0 };
	int state = adjtimex(&clock);
	char detail[64];

	km_hub_journal_look(gathering->hub, &status);
	km_hub_certificates_tell(gathering->hub, &status);
	give_listeners(gathering);
	give(gathering, KM_FACT_SELF_JOURNAL, "", status.journal_error, "%s",
	    km_states_name("journal_state", status.journal));
	give(gathering, KM_FACT_SELF_CERTIFICATE, "", "", "%s",
	    km_states_name("certificate_origin", status.certificate_origin));
	give(gathering, KM_FACT_SELF_CERTIFICATE_UNTIL, "", "", "%" PRId64,
	    status.certificate_until_unix_us);
	(void)snprintf(detail, sizeof(detail), "estimated error %ld ms", clock.maxerror / 1000);
	give_yes_no(gathering, KM_FACT_SELF_CLOCK_SYNCED, "", detail,
	    state >= 0 && (clock.status & STA_UNSYNC) == 0);
}

static void on_child(void *context, struct km_process *child)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "%s %u", km_roles_name(child->role), child->instance);
	give_yes_no(context, KM_FACT_SELF_WALLS, name, child->kernel, child->is_ready);
}

/* --- people --- */

struct counting {
	unsigned of_role[KM_ACCOUNT_MAINTENANCE + 1];
};

static int on_account(void *context, const struct km_account *account)
{
	struct counting *counting = context;

	if (!account->is_disabled && account->role <= KM_ACCOUNT_MAINTENANCE) {
		counting->of_role[account->role]++;
	}
	return 0;
}

static int give_accounts(const struct gathering *gathering)
{
	struct counting counting = { 0 };
	int err = km_accounts_each(gathering->hub->database, on_account, &counting);

	for (int role = KM_ACCOUNT_ADMINISTRATOR; role <= KM_ACCOUNT_MAINTENANCE; role++) {
		give(gathering, KM_FACT_SELF_ACCOUNTS,
		    km_rights_role_name((enum km_account_role)role), "", "%u",
		    counting.of_role[role]);
	}
	return err;
}

/* --- operation --- */

static int on_duty(void *context, struct km_message_duty *duty)
{
	const struct gathering *gathering = context;
	const char *kind =
	    duty->kind == KM_DUTY_KIND_OWN ? duty->title : km_states_name("duty_kind", duty->kind);

	if (duty->done_unix_us != 0) {
		give(gathering, KM_FACT_SELF_DUTY, kind, duty->done_by, "%" PRId64,
		    duty->done_unix_us);
	}
	give(gathering, KM_FACT_SELF_DUTY_DUE, kind, duty->owner, "%" PRId64, duty->due_unix_us);
	return 0;
}

/* Of those that nobody works on: what has become an incident is told as that. */
static int on_alarm(void *context, struct km_message_alarm *alarm)
{
	char subject[KM_FACT_SUBJECT_SIZE];

	if (alarm->incident == 0) {
		(void)snprintf(subject, sizeof(subject), "%s %lld",
		    km_states_name("alarm_kind", alarm->kind), (long long)alarm->number);
		give(context, KM_FACT_SELF_OPEN_ALARM, subject,
		    alarm->camera_name[0] != '\0' ? alarm->camera_name : alarm->subject, "%" PRId64,
		    alarm->opened_unix_us);
	}
	return 0;
}

static int on_incident(void *context, struct km_message_incident *incident)
{
	char subject[24];

	(void)snprintf(subject, sizeof(subject), "%lld", (long long)incident->number);
	give(context, KM_FACT_SELF_OPEN_INCIDENT, subject, incident->title, "%" PRId64,
	    incident->opened_unix_us);
	return 0;
}

/* The newest first: the first of a camera that is over is its last one. */
static int on_maintenance(void *context, struct km_message_maintenance *maintenance)
{
	const struct gathering *gathering = context;
	char camera[KM_UUID_TEXT_SIZE];

	km_uuid_write(&maintenance->camera, camera);
	if (maintenance->to_unix_us > gathering->now_us) {
		return 0;
	}
	for (size_t i = 0; i < gathering->list->count; i++) {
		const struct km_fact *fact = &gathering->list->facts[i];

		if (fact->kind == KM_FACT_SELF_MAINTENANCE && strcmp(fact->subject, camera) == 0) {
			return 0;
		}
	}
	give(gathering, KM_FACT_SELF_MAINTENANCE, camera, maintenance->note, "%" PRId64,
	    maintenance->to_unix_us);
	return 0;
}

/* When its settings were last compared, after an audit. [IPA h01-1] */
static void give_snapshot(
    const struct gathering *gathering, const struct km_uuid *camera, const char *id)
{
	struct km_snapshot snapshot;

	if (km_snapshots_last(gathering->hub->database, camera, &snapshot) == 0) {
		give(gathering, KM_FACT_SELF_SNAPSHOTS, id, "the camera page shows the difference",
		    "%" PRId64, snapshot.confirmed_us);
	}
}

static void give_cameras(const struct gathering *gathering)
{
	const struct km_hub *hub = gathering->hub;

	for (size_t i = 0; i < hub->camera_count; i++) {
		const struct km_hub_camera *camera = hub->cameras[i];
		bool is_tls = strncmp(camera->entry.url, "rtsps:", strlen("rtsps:")) == 0;
		char id[KM_UUID_TEXT_SIZE];

		km_uuid_write(&camera->entry.id, id);
		give_yes_no(gathering, KM_FACT_SELF_RECORDING, id,
		    km_states_camera_state(camera->received.state),
		    camera->received.state == KM_CAMERA_STREAMING);
		give_yes_no(gathering, KM_FACT_SELF_CAMERA_TRUST, id,
		    camera->entry.has_pin ? "a pinned certificate"
		    : is_tls              ? "the system's authorities"
					  : "neither a pin nor rtsps in its entry",
		    is_tls || camera->entry.has_pin);
		give_yes_no(gathering, KM_FACT_SELF_TAMPER_WATCH, id, "", false);
		give_snapshot(gathering, &camera->entry.id, id);
	}
}

int km_self_facts_gather(struct km_hub *hub, int64_t now_us, struct km_self_facts *list)
{
	struct gathering gathering = { .hub = hub, .now_us = now_us, .list = list };
	int err = 0;

	give_settings(&gathering);
	give_state(&gathering);
	km_children_each(hub->children, on_child, &gathering);
	give_cameras(&gathering);
	err = give_accounts(&gathering);
	if (err == 0) {
		err = km_duties_each(hub->database, false, now_us, on_duty, &gathering);
	}
	if (err == 0) {
		err = km_alarms_each(hub->database, true, 0, OPEN_ALARMS_MAX, on_alarm, &gathering);
	}
	if (err == 0) {
		err = km_incidents_each(hub->database, true, on_incident, &gathering);
	}
	if (err == 0) {
		err = km_maintenances_each(hub->database, true, now_us, on_maintenance, &gathering);
	}
	return err < 0 ? err : list->err;
}

int km_self_facts_gather_camera(struct km_hub *hub, const struct km_hub_camera *camera,
    int64_t now_us, struct km_self_facts *list)
{
	struct gathering gathering = { .hub = hub, .now_us = now_us, .list = list };
	size_t first = list->count;

	give_yes_no(&gathering, KM_FACT_VIDEO_TLS, "", "as its entry says",
	    strncmp(camera->entry.url, "rtsps:", strlen("rtsps:")) == 0);
	if (camera->received.state == KM_CAMERA_STREAMING &&
	    camera->received.clock_offset_us != INT64_MIN) {
		give(&gathering, KM_FACT_CLOCK_OFFSET, "", "by its RTCP reports", "%" PRId64,
		    camera->received.clock_offset_us / 1000);
	}
	for (size_t i = first; i < list->count; i++) {
		list->facts[i].camera = camera->entry.id;
	}
	return list->err;
}
