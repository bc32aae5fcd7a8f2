#include "guard/hub_auditor.h"

#include "guard/audits.h"
#include "guard/hub_drift.h"
#include "guard/hub_remedies.h"
#include "guard/hub_requests.h"
#include "guard/journal.h"
#include "guard/weaknesses.h"
#include "io/clock.h"
#include "model/states.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TICK_US          KM_TIME_SECOND_US
#define RUNS_MAX         16
#define FACTS_AT_ONCE    32                /* that go to the disk together */
#define FACTS_MAX        4096              /* of an audit: far more than a camera has */
#define SETTLE_US        KM_TIME_MINUTE_US /* a camera that is new or back is left alone so long */
#define RECONNECT_MIN_US KM_TIME_HOUR_US   /* and was not audited for so long */
#define LIST_DEFAULT     100

/* An audit that runs. */
struct run {
	int64_t number; /* 0: free */
	struct km_uuid camera;
	bool was_streaming; /* when it began: the audit ends if it stops */
	bool is_stopping;
	bool has_dropped; /* facts that could not be stored */
	bool is_over;     /* but its end is not stored yet */
	unsigned state;   /* that it ended in */
	uint64_t packets;
	uint64_t lost_before;
	char stage[32];
	uint32_t done;
	uint32_t total;
	char text[256];    /* why it is stopped, or how it ended */
	size_t told;       /* facts, also those that are on the disk */
	size_t fact_count; /* that are not yet */
	struct km_fact facts[FACTS_AT_ONCE];
};

struct km_hub_auditor {
	struct km_process *process; /* NULL until the first audit */
	struct km_timer *timer;
	size_t runs_max;
	struct run runs[RUNS_MAX];
};

static void log_error(struct km_hub *hub, const char *what, int err)
{
	KM_LOG(
	    hub->log, KM_LOG_ERROR, "audits", km_log_text("what", what), km_log_error("why", err));
}

static struct run *find_run(struct km_hub *hub, int64_t number)
{
	for (size_t i = 0; number != 0 && i < hub->auditor->runs_max; i++) {
		struct run *run = &hub->auditor->runs[i];

		if (run->number == number && !run->is_over) {
			return run;
		}
	}
	return NULL;
}

bool km_hub_auditor_is_running(const struct km_hub *hub)
{
	for (size_t i = 0; hub->auditor != NULL && i < hub->auditor->runs_max; i++) {
		if (hub->auditor->runs[i].number != 0 && !hub->auditor->runs[i].is_over) {
			return true;
		}
	}
	return false;
}

static struct run *find_free(struct km_hub *hub)
{
	for (size_t i = 0; i < hub->auditor->runs_max; i++) {
		if (hub->auditor->runs[i].number == 0) {
			return &hub->auditor->runs[i];
		}
	}
	return NULL;
}

/* --- facts --- */

static int store_facts(struct km_hub *hub, struct run *run)
{
	int err = km_audits_put_facts(hub->database, run->facts, run->fact_count);

	if (err == 0) {
		run->fact_count = 0;
	}
	return err;
}

static void note_dropped(struct km_hub *hub, struct run *run, int err)
{
	if (!run->has_dropped) {
		run->has_dropped = true;
		log_error(hub, "facts are lost", err);
	}
}

/*
 * One more of the run's; those that are full go to the disk. That the disk refuses, or a camera
 * tells without end, is not the auditor's fault: the rest is lost, and the audit is not whole.
 */
static void add_fact(struct km_hub *hub, struct run *run, const struct km_fact *fact)
{
	int err = run->told == FACTS_MAX            ? KM_ERR_LIMIT
		  : run->fact_count < FACTS_AT_ONCE ? 0
						    : store_facts(hub, run);

	if (err < 0) {
		note_dropped(hub, run, err);
	} else {
		run->told++;
		run->facts[run->fact_count++] = *fact;
	}
}

/* What only people, lists and the recorder know, the auditor cannot say. */
static bool may_say(const struct km_fact *fact)
{
	return (fact->source == KM_FROM_ONVIF || fact->source == KM_FROM_PROBE) &&
	       km_facts_is_from_camera(fact->kind);
}

static int on_fact(struct km_hub *hub, struct km_bytes packed)
{
	struct km_message_job_fact said;
	struct km_fact fact = { 0 };
	struct run *run = NULL;
	int err = km_messages_unpack_job_fact(packed, &said);

	if (err < 0) {
		return err;
	}
	run = find_run(hub, said.audit);
	if (run == NULL) {
		return 0; /* it was ended meanwhile */
	}
	fact = (struct km_fact){
		.camera = run->camera,
		.kind = said.kind,
		.source = said.source,
		.is_known = said.is_known != 0,
		.has_proof = said.proof_size == sizeof(fact.proof),
		.observed_unix_us = km_clock_unix_us(),
	};
	memcpy(fact.subject, said.subject, sizeof(fact.subject));
	memcpy(fact.value, said.value, sizeof(fact.value));
	memcpy(fact.detail, said.detail, sizeof(fact.detail));
	memcpy(fact.proof, said.proof, sizeof(fact.proof));
	err = km_facts_check(&fact);
	if (err == 0 && !may_say(&fact)) {
		err = KM_ERR_DENIED;
	}
	if (err == 0) {
		add_fact(hub, run, &fact);
	}
	return err;
}

/* --- an audit's life --- */

struct km_process *km_hub_auditor_process(struct km_hub *hub)
{
	if (hub->auditor->process == NULL) {
		struct km_process *child = NULL;
		int err = km_children_add(hub->children, KM_ROLE_AUDITOR, 0, &child);

		if (err < 0) {
			log_error(hub, "the auditor cannot be started", err);
			return NULL;
		}
		hub->auditor->process = child;
	}
	/* What is sent while it waits to be started again would be lost. */
	return hub->auditor->process->pid != 0 ? hub->auditor->process : NULL;
}

/* What comes of an audit that is over. */
static void follow(struct km_hub *hub, const struct run *run, const struct km_message_audit *audit)
{
	char lists[KM_HUB_PATH_SIZE + sizeof(KM_WEAKNESS_FILE_NAME) + 1];
	int err = 0;

	km_journal_note(hub->database, KM_EVENT_AUDIT_ENDED, &run->camera, NULL,
	    "%s: %s, %" PRIu32 " facts, %" PRIu64 " packets%s%s", audit->camera_name,
	    km_states_name("audit_state", run->state), audit->facts, run->packets,
	    run->text[0] == '\0' ? "" : ": ", run->text);
	(void)snprintf(lists, sizeof(lists), "%s/%s", hub->state_directory, KM_WEAKNESS_FILE_NAME);
	err = km_weaknesses_look(hub->database, lists, &run->camera, km_clock_unix_us());
	if (err < 0) {
		log_error(hub, "it is not compared with the lists of weaknesses", err);
	}
	if (run->state == KM_AUDIT_DONE) {
		km_hub_drift_look(hub, &run->camera, audit->began_unix_us);
		km_hub_remedies_on_audited(hub, &run->camera);
	}
}

/* Until this is 0, the audit is one that runs, of which no other can begin. */
static int store_end(struct km_hub *hub, struct run *run)
{
	struct km_message_audit audit;
	int err = km_audits_end(
	    hub->database, run->number, run->state, run->packets, run->text, km_clock_unix_us());

	if (err == 0) {
		err = km_audits_find(hub->database, run->number, &audit);
	}
	if (err == 0) {
		follow(hub, run, &audit);
	}
	if (err == 0 || err == KM_ERR_NOT_FOUND) {
		*run = (struct run){ 0 };
	}
	return err;
}

static int finish(
    struct km_hub *hub, struct run *run, unsigned state, uint64_t packets, const char *text)
{
	char copy[sizeof(run->text)];
	int err = store_facts(hub, run);

	if (err < 0) {
		note_dropped(hub, run, err);
		run->fact_count = 0;
	}
	(void)km_bytes_copy_text(km_bytes_text(text), copy, sizeof(copy));
	memcpy(run->text, copy, sizeof(run->text));
	run->state = state;
	run->packets = packets;
	if (state == KM_AUDIT_DONE && run->has_dropped) {
		/* What it did not store must not look as if it were gone. */
		run->state = KM_AUDIT_FAILED;
		(void)snprintf(run->text, sizeof(run->text), "%s",
		    run->told == FACTS_MAX
			? "it found more than an audit holds"
			: "the recorder could not store all of its facts: see its log");
	}
	run->is_over = true;
	err = store_end(hub, run);
	if (err < 0) {
		log_error(hub, "the end is not stored yet", err);
	}
	return err;
}

static int tell_job(
    struct km_hub *hub, const struct km_hub_camera *camera, int64_t number, bool is_thorough)
{
	const struct km_camera *entry = &camera->entry;
	struct km_process *process = km_hub_auditor_process(hub);
	struct km_message_job_begin job = {
		.audit = number,
		.camera = entry->id,
		.pin_size = entry->has_pin ? KM_CAMERA_PIN_BYTES : 0,
		.pace = (uint32_t)hub->options.audit_pace,
		.is_thorough = is_thorough,
		.may_try_factory = hub->options.audit_factory_logins != 0,
	};
	int err = process == NULL ? KM_ERR_STATE : 0;

	if (err == 0) {
		err = km_cameras_password(hub->database, hub->vault, &entry->id, job.password);
	}
	if (err == 0) {
		memcpy(job.rtsp_url, entry->url, sizeof(job.rtsp_url));
		memcpy(job.onvif_url, entry->onvif_url, sizeof(job.onvif_url));
		memcpy(job.user, entry->user, sizeof(job.user));
		memcpy(job.pin, entry->pin, sizeof(job.pin));
		if (strcmp(hub->options.audit_second_source, "none") != 0) {
			memcpy(job.second_source, hub->options.audit_second_source,
			    sizeof(job.second_source));
		}
		km_hub_send(process, KM_MESSAGE_job_begin, &job);
	}
	explicit_bzero(&job, sizeof(job));
	return err;
}

/* An error: nothing can be stored now, and it still waits. */
static int begin(struct km_hub *hub, struct run *run, const struct km_message_audit *audit)
{
	struct km_hub_camera *camera = km_hub_find(hub, &audit->camera);
	int err = 0;

	*run = (struct run){ .number = audit->number, .camera = audit->camera };
	err = camera == NULL ? finish(hub, run, KM_AUDIT_STOPPED, 0, "the camera was removed")
			     : km_audits_begin(hub->database, run->number, km_clock_unix_us());
	if (err < 0) {
		log_error(hub, "it cannot begin yet", err);
		*run = (struct run){ 0 };
	}
	if (err < 0 || camera == NULL) {
		return err;
	}
	run->was_streaming = camera->received.state == KM_CAMERA_STREAMING;
	run->lost_before = camera->received.lost;
	km_journal_note(hub->database, KM_EVENT_AUDIT_BEGAN, &run->camera, NULL,
	    "%s, asked for by %s%s%s", camera->entry.name,
	    km_states_name("audit_reason", audit->reason), audit->by[0] == '\0' ? "" : " ",
	    audit->by);
	err = tell_job(hub, camera, run->number, audit->is_thorough != 0);
	if (err < 0) {
		log_error(hub, "it cannot begin", err);
		(void)finish(
		    hub, run, KM_AUDIT_FAILED, 0, "the recorder could not begin it: see its log");
	}
	return 0;
}

static void begin_what_waits(struct km_hub *hub)
{
	struct km_message_audit audit;

	for (struct run *run = find_free(hub); run != NULL; run = find_free(hub)) {
		int err = km_audits_next(hub->database, &audit);

		if (err == 0 && km_hub_auditor_process(hub) == NULL) {
			return;
		}
		if (err < 0) {
			if (err != KM_ERR_NOT_FOUND) {
				log_error(hub, "the queue is unreadable", err);
			}
			return;
		}
		if (begin(hub, run, &audit) < 0) {
			return;
		}
	}
}

static void stop(struct km_hub *hub, struct run *run, const char *why)
{
	struct km_message_job_stop message = { .audit = run->number };

	if (!run->is_stopping) {
		run->is_stopping = true;
		(void)km_bytes_copy_text(km_bytes_text(why), run->text, sizeof(run->text));
		km_hub_send(hub->auditor->process, KM_MESSAGE_job_stop, &message);
	}
}

int km_hub_auditor_queue(struct km_hub *hub, const struct km_uuid *camera, unsigned reason,
    const char *by, bool is_thorough, int64_t *ret_number)
{
	return km_audits_queue(
	    hub->database, camera, reason, by, is_thorough, km_clock_unix_us(), ret_number);
}

/* --- what the auditor says --- */

static int on_progress(struct km_hub *hub, struct km_bytes packed)
{
	struct km_message_job_progress progress;
	struct run *run = NULL;
	int err = km_messages_unpack_job_progress(packed, &progress);

	run = err < 0 ? NULL : find_run(hub, progress.audit);
	if (run != NULL) {
		memcpy(run->stage, progress.stage, sizeof(run->stage));
		run->done = progress.done;
		run->total = progress.total;
	}
	return err;
}

static void note_lost_frames(struct km_hub *hub, struct run *run)
{
	struct km_hub_camera *camera = km_hub_find(hub, &run->camera);
	struct km_fact fact = {
		.camera = run->camera,
		.kind = KM_FACT_FRAMES_LOST,
		.source = KM_FROM_RECORDER,
		.is_known = true,
		.observed_unix_us = km_clock_unix_us(),
	};

	if (camera == NULL || !run->was_streaming || camera->received.lost < run->lost_before) {
		return;
	}
	(void)snprintf(
	    fact.value, sizeof(fact.value), "%" PRIu64, camera->received.lost - run->lost_before);
	(void)snprintf(fact.detail, sizeof(fact.detail), "packets missing during the audit");
	if (km_audits_put_fact(hub->database, &fact) < 0) {
		log_error(hub, "a fact is not stored", KM_ERR_DATABASE);
	}
}

static int on_job_ended(struct km_hub *hub, struct km_bytes packed)
{
	struct km_message_job_ended ended;
	struct run *run = NULL;
	int err = km_messages_unpack_job_ended(packed, &ended);

	run = err < 0 ? NULL : find_run(hub, ended.audit);
	if (run != NULL) {
		unsigned state = run->is_stopping ? KM_AUDIT_STOPPED
				 : ended.err == 0 ? KM_AUDIT_DONE
						  : KM_AUDIT_FAILED;

		note_lost_frames(hub, run);
		(void)finish(
		    hub, run, state, ended.packets, run->is_stopping ? run->text : ended.text);
		begin_what_waits(hub);
	}
	return err;
}

/* The camera of an audit that goes on, or of a remedy; NULL: neither. */
static const struct km_uuid *camera_of(struct km_hub *hub, int64_t number)
{
	const struct run *run = find_run(hub, number);

	if (run != NULL) {
		return run->is_stopping ? NULL : &run->camera;
	}
	return km_hub_remedies_camera_of(hub, number);
}

static int on_try(struct km_hub *hub, struct km_bytes packed)
{
	struct km_message_try_ask ask;
	struct km_message_try_answer answer = { 0 };
	const struct km_uuid *camera = NULL;
	int err = km_messages_unpack_try_ask(packed, &ask);

	if (err < 0) {
		return err;
	}
	answer.audit = ask.audit;
	camera = camera_of(hub, ask.audit);
	answer.err = camera == NULL ? KM_ERR_CLOSED
				    : km_audits_try(hub->database, camera, ask.service, ask.account,
					  ask.pair, km_clock_unix_us());
	if (answer.err == 0) {
		km_journal_note(hub->database, KM_EVENT_LOGIN_TRIED, camera, NULL,
		    "%s, account %s, pair %" PRIu32, ask.service, ask.account, ask.pair);
	}
	km_hub_send(hub->auditor->process, KM_MESSAGE_try_answer, &answer);
	return 0;
}

static int on_locked(struct km_hub *hub, struct km_bytes packed)
{
	struct km_message_try_locked locked;
	struct run *run = NULL;
	int err = km_messages_unpack_try_locked(packed, &locked);

	run = err < 0 ? NULL : find_run(hub, locked.audit);
	if (run != NULL) {
		int noted = km_audits_note_lock(hub->database, &run->camera, locked.service,
		    locked.account, km_clock_unix_us());

		km_journal_note(hub->database, KM_EVENT_LOGIN_LOCK_SEEN, &run->camera, NULL,
		    "%s, account %s", locked.service, locked.account);
		if (noted < 0) {
			/* Nothing would keep it from trying the next login. */
			log_error(hub, "a lock is not written down", noted);
			stop(hub, run, "the recorder could not write down a lock: see its log");
		}
	}
	return err;
}

/* Each returns an error only for what the auditor must not say; our own are told where they are. */
void km_hub_auditor_on_message(struct km_hub *hub, struct km_process *child,
    enum km_message_kind kind, struct km_bytes message)
{
	int err = 0;

	if (km_hub_on_any(hub, child, kind, message)) {
		return;
	}
	switch (kind) {
	case KM_MESSAGE_job_fact:
		err = on_fact(hub, message);
		break;
	case KM_MESSAGE_job_progress:
		err = on_progress(hub, message);
		break;
	case KM_MESSAGE_job_ended:
		err = on_job_ended(hub, message);
		break;
	case KM_MESSAGE_try_ask:
		err = on_try(hub, message);
		break;
	case KM_MESSAGE_try_locked:
		err = on_locked(hub, message);
		break;
	case KM_MESSAGE_remedy_said:
	case KM_MESSAGE_remedy_done:
		err = km_hub_remedies_on_message(hub, kind, message);
		break;
	default:
		break;
	}
	if (err < 0) {
		log_error(hub, km_messages_name(kind), err);
		km_children_restart(child);
	}
}

/* --- when --- */

/* Why an audit is due, as audit_reason of states.tbl; 0: it is not. */
static unsigned reason_now(const struct km_hub *hub, struct km_hub_camera *camera,
    const struct km_audits_past *past, int64_t now_us)
{
	int64_t interval_us = (int64_t)hub->options.audit_hours * KM_TIME_HOUR_US;
	int64_t back_us = camera->received.back_unix_us;
	bool is_back = back_us > camera->audited_back_us && back_us + SETTLE_US <= now_us;
	bool is_changed = camera->is_changed;

	camera->is_changed = false;
	if (is_back) {
		camera->audited_back_us = back_us;
	}
	if (is_changed) {
		return KM_REASON_CHANGE;
	}
	if (km_audits_due_us(past, interval_us) <= now_us) {
		return KM_REASON_SCHEDULE;
	}
	/* One that goes away whenever it is looked at waits as long as any other that fails. */
	return is_back && past->misses == 0 && past->ended_us + RECONNECT_MIN_US <= now_us
		   ? KM_REASON_RECONNECT
		   : 0;
}

static void queue_if_due(struct km_hub *hub, struct km_hub_camera *camera, int64_t now_us)
{
	struct km_audits_past past;
	int64_t number = 0;
	unsigned reason = 0;
	int err = km_audits_past(hub->database, &camera->entry.id, &past);

	if (err == 0) {
		reason = reason_now(hub, camera, &past, now_us);
	}
	if (reason != 0) {
		err = km_hub_auditor_queue(hub, &camera->entry.id, reason, "", false, &number);
	}
	if (err < 0) {
		log_error(hub, "not queued", err);
	}
}

/* One that is recorded, and was for a while: an audit of a camera that is away says nothing. */
static bool may_be_due(const struct km_hub_camera *camera, int64_t now_us)
{
	return camera->entry.is_enabled && !camera->is_lost &&
	       camera->received.state == KM_CAMERA_STREAMING &&
	       camera->entry.created_us + SETTLE_US <= now_us && camera->audit_look_us <= now_us;
}

static void on_tick(void *context)
{
	struct km_hub *hub = context;
	int64_t now_us = km_clock_unix_us();

	if (hub->is_stopping) {
		return;
	}
	for (size_t i = 0; i < hub->auditor->runs_max; i++) {
		struct run *run = &hub->auditor->runs[i];
		struct km_hub_camera *camera =
		    run->number == 0 ? NULL : km_hub_find(hub, &run->camera);

		if (run->number == 0) {
			continue;
		}
		if (run->is_over) {
			(void)store_end(hub, run);
			continue;
		}
		if (camera == NULL ||
		    (run->was_streaming && camera->received.state != KM_CAMERA_STREAMING)) {
			stop(hub, run, "the camera stopped sending pictures: ended to spare it");
		}
		if (store_facts(hub, run) < 0) {
			log_error(hub, "facts are not stored", KM_ERR_DATABASE);
		}
	}
	for (size_t i = 0; hub->options.audit_hours != 0 && i < hub->camera_count; i++) {
		if (may_be_due(hub->cameras[i], now_us)) {
			hub->cameras[i]->audit_look_us = now_us + SETTLE_US;
			queue_if_due(hub, hub->cameras[i], now_us);
		}
	}
	begin_what_waits(hub);
}

/* --- life --- */

int km_hub_auditor_create(struct km_hub *hub)
{
	struct km_hub_auditor *auditor = calloc(1, sizeof(*auditor));
	int err = 0;

	if (auditor == NULL) {
		return KM_ERR_MEMORY;
	}
	hub->auditor = auditor;
	auditor->runs_max = (size_t)hub->options.audit_jobs;
	err = km_audits_prepare(hub->database, km_clock_unix_us());
	if (err == 0) {
		err = km_timer_create(hub->loop, on_tick, hub, &auditor->timer);
	}
	if (err == 0) {
		km_timer_start(auditor->timer, TICK_US, TICK_US);
	}
	return err;
}

void km_hub_auditor_destroy(struct km_hub *hub)
{
	if (hub->auditor != NULL) {
		if (hub->auditor->timer != NULL) {
			km_timer_destroy(hub->auditor->timer);
		}
		free(hub->auditor);
		hub->auditor = NULL;
	}
}

void km_hub_auditor_start(struct km_hub *hub, struct km_process *child)
{
	struct km_message_auditor_start start = { .jobs_max = (uint32_t)hub->auditor->runs_max };

	hub->auditor->process = child;
	km_hub_send(child, KM_MESSAGE_auditor_start, &start);
}

void km_hub_auditor_end(struct km_hub *hub)
{
	for (size_t i = 0; i < hub->auditor->runs_max; i++) {
		struct run *run = &hub->auditor->runs[i];

		if (run->number != 0 && !run->is_over) {
			(void)finish(hub, run,
			    run->is_stopping ? KM_AUDIT_STOPPED : KM_AUDIT_FAILED, 0,
			    run->is_stopping ? run->text : "the auditing process ended");
		}
	}
}

/* --- requests --- */

static int on_audit(void *context, struct km_message_audit *audit)
{
	struct km_hub_asking *asking = context;
	const struct run *run = find_run(asking->hub, audit->number);

	if (run != NULL) {
		memcpy(audit->stage, run->stage, sizeof(audit->stage));
		audit->done = run->done;
		audit->total = run->total;
	}
	return km_hub_requests_answer(asking, KM_MESSAGE_audit, audit);
}

static int queue_one(struct km_hub_asking *asking, const struct km_uuid *camera, bool is_thorough)
{
	struct km_message_audit audit = { 0 };
	int64_t number = 0;
	int err = km_hub_auditor_queue(asking->hub, camera, KM_REASON_PERSON,
	    km_hub_requests_who(asking), is_thorough, &number);

	if (err == 0) {
		err = km_audits_find(asking->hub->database, number, &audit);
	}
	return err < 0 ? err : on_audit(asking, &audit);
}

int km_hub_request_audit_begin(struct km_hub_asking *asking, struct km_message_audit_begin *ask)
{
	static const struct km_uuid nil;
	struct km_hub *hub = asking->hub;
	int err = 0;

	if (!km_uuid_is_equal(&ask->camera, &nil)) {
		err =
		    km_hub_find(hub, &ask->camera) == NULL
			? km_hub_requests_fail(asking, KM_ERR_NOT_FOUND, "there is no such camera")
			: queue_one(asking, &ask->camera, ask->is_thorough != 0);
	} else {
		for (size_t i = 0; err == 0 && i < hub->camera_count; i++) {
			err = queue_one(asking, &hub->cameras[i]->entry.id, ask->is_thorough != 0);
		}
	}
	return err;
}

int km_hub_request_audit_list(struct km_hub_asking *asking, struct km_message_audit_list *list)
{
	uint32_t limit = list->limit != 0                ? list->limit
			 : km_uuid_is_nil(&list->camera) ? KM_HUB_CAMERAS_MAX
							 : LIST_DEFAULT;

	return km_audits_each(asking->hub->database, &list->camera, limit, on_audit, asking);
}

int km_hub_request_audit_end(struct km_hub_asking *asking, struct km_message_audit_end *end)
{
	struct km_hub *hub = asking->hub;
	struct run *run = find_run(hub, end->number);
	struct km_message_audit audit;
	char why[128];
	int err = km_audits_find(hub->database, end->number, &audit);

	if (err == KM_ERR_NOT_FOUND) {
		return km_hub_requests_fail(
		    asking, err, "there is no audit %lld", (long long)end->number);
	}
	(void)snprintf(why, sizeof(why), "by %s", km_hub_requests_who(asking));
	if (err == 0 && run != NULL) {
		stop(hub, run, why);
	} else if (err == 0 && audit.state == KM_AUDIT_WAITING) {
		err = km_audits_end(
		    hub->database, end->number, KM_AUDIT_STOPPED, 0, why, km_clock_unix_us());
		if (err == 0) {
			km_journal_note(hub->database, KM_EVENT_AUDIT_ENDED, &audit.camera,
			    asking->account == NULL ? NULL : &asking->account->id,
			    "%s: stopped before it began, %s", audit.camera_name, why);
		}
	} else if (err == 0) {
		err = km_hub_requests_fail(
		    asking, KM_ERR_STATE, "audit %lld is over", (long long)end->number);
	}
	return err;
}

static int on_listed_fact(void *context, const struct km_fact *fact)
{
	struct km_hub_asking *asking = context;
	const struct km_hub_camera *camera = km_hub_find(asking->hub, &fact->camera);
	struct km_message_fact record = {
		.camera = fact->camera,
		.source = fact->source,
		.is_known = fact->is_known,
		.proof_size = fact->has_proof ? sizeof(fact->proof) : 0,
		.observed_unix_us = fact->observed_unix_us,
	};

	if (camera != NULL) {
		memcpy(record.camera_name, camera->entry.name, sizeof(record.camera_name));
	}
	(void)km_bytes_copy_text(
	    km_bytes_text(km_facts_name(fact->kind)), record.kind, sizeof(record.kind));
	memcpy(record.subject, fact->subject, sizeof(record.subject));
	memcpy(record.value, fact->value, sizeof(record.value));
	memcpy(record.detail, fact->detail, sizeof(record.detail));
	memcpy(record.proof, fact->proof, sizeof(record.proof));
	return km_hub_requests_answer(asking, KM_MESSAGE_fact, &record);
}

int km_hub_request_fact_list(struct km_hub_asking *asking, struct km_message_fact_list *list)
{
	static const struct km_uuid nil;
	enum km_fact_kind kind = KM_FACT_MAKER;
	bool has_kind = list->kind[0] != '\0';
	int err = 0;

	if (has_kind && km_facts_find(km_bytes_text(list->kind), &kind) < 0) {
		return km_hub_requests_fail(
		    asking, KM_ERR_NOT_FOUND, "kind: there is no fact %s", list->kind);
	}
	err = km_audits_each(asking->hub->database, &list->camera,
	    km_uuid_is_equal(&list->camera, &nil) ? KM_HUB_CAMERAS_MAX : 1, on_audit, asking);
	if (err < 0) {
		return err;
	}
	return km_audits_each_fact(asking->hub->database,
	    km_uuid_is_equal(&list->camera, &nil) ? NULL : &list->camera, has_kind ? kind : 0,
	    on_listed_fact, asking);
}
