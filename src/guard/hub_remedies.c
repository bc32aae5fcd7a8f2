#include "guard/hub_remedies.h"

#include "guard/audits.h"
#include "guard/hub_auditor.h"
#include "guard/hub_drift.h"
#include "guard/incidents.h"
#include "guard/journal.h"
#include "guard/remedy_orders.h"
#include "guard/remedy_records.h"
#include "io/clock.h"
#include "model/remedies.h"
#include "model/states.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TICK_US       KM_TIME_SECOND_US
#define RUNS_MAX      4
#define DUE_MAX       8
#define DOWN_LEAST_US (90 * KM_TIME_SECOND_US) /* a camera that restarts is left alone so long */

/* An order that the auditor carries out. */
struct run {
	int64_t job; /* 0: free */
	int64_t number;
	struct km_uuid camera;
	unsigned kind;
	bool is_settling; /* which password holds is looked for, long after it was sent */
};

struct km_hub_remedies {
	struct km_timer *timer;
	int64_t last_job; /* below 0, downwards: audits have the numbers above */
	struct run runs[RUNS_MAX];
	struct km_remedy_plans plans;
};

static void log_error(struct km_hub *hub, const char *what, int err)
{
	KM_LOG(hub->log, KM_LOG_ERROR, "remedies", km_log_text("what", what),
	    km_log_error("why", err));
}

static struct run *find_run(struct km_hub *hub, int64_t job)
{
	for (size_t i = 0; i < RUNS_MAX; i++) {
		if (job != 0 && hub->remedies->runs[i].job == job) {
			return &hub->remedies->runs[i];
		}
	}
	return NULL;
}

static struct run *find_free(struct km_hub *hub)
{
	for (size_t i = 0; i < RUNS_MAX; i++) {
		if (hub->remedies->runs[i].job == 0) {
			return &hub->remedies->runs[i];
		}
	}
	return NULL;
}

static bool is_being_run(struct km_hub *hub, int64_t number)
{
	for (size_t i = 0; i < RUNS_MAX; i++) {
		if (hub->remedies->runs[i].job != 0 && hub->remedies->runs[i].number == number) {
			return true;
		}
	}
	return false;
}

const struct km_uuid *km_hub_remedies_camera_of(struct km_hub *hub, int64_t job)
{
	const struct run *run = find_run(hub, job);

	return run == NULL ? NULL : &run->camera;
}

/* --- to the auditor --- */

/*
 * Send it as the next job; fd: of its file, or -1. That, and the order's passwords, are the
 * caller's.
 */
static int send_order(
    struct km_hub *hub, struct km_message_remedy_begin *order, int fd, int64_t *ret_job)
{
	struct km_process *process = km_hub_auditor_process(hub);
	int err = process == NULL ? KM_ERR_AGAIN : 0;

	order->audit = --hub->remedies->last_job;
	order->pace = (uint32_t)hub->options.audit_pace;
	if (err == 0 && fd >= 0) {
		struct km_message_remedy_file file = { .audit = order->audit };

		km_hub_send_fds(process, KM_MESSAGE_remedy_file, &file, &fd, 1);
	}
	if (err == 0) {
		km_hub_send(process, KM_MESSAGE_remedy_begin, order);
		*ret_job = order->audit;
	}
	return err;
}

/* --- the end of one --- */

static void close_aid(struct km_hub *hub, const struct km_uuid *camera, unsigned step);

static void end_record(
    struct km_hub *hub, const struct run *run, unsigned state, const char *text, int64_t due_us)
{
	const struct km_hub_camera *camera = km_hub_find(hub, &run->camera);
	int err = km_remedy_records_end(
	    hub->database, run->number, state, text, due_us, km_clock_unix_us());

	if (err < 0) {
		/* It is RUNNING still, and nobody runs it: pick_up sees to it. */
		log_error(hub, "its end is not stored", err);
		return;
	}
	km_journal_note(hub->database, KM_EVENT_REMEDY_ENDED, &run->camera, NULL, "%s: %s, %s%s%s",
	    camera == NULL ? "" : camera->entry.name, km_remedies_name(run->kind),
	    km_states_name("remedy_state", state), text[0] == '\0' ? "" : ": ", text);
	if (state == KM_REMEDY_IS_DONE) {
		close_aid(hub, &run->camera, km_remedies_aid(run->kind));
	}
}

/* The camera has the new password: so does its entry, and the recording goes on with it. */
static int keep_password(struct km_hub *hub, const struct run *run)
{
	struct km_hub_camera *camera = km_hub_find(hub, &run->camera);
	struct km_remedy_record record;
	struct km_camera entry;
	struct km_uuid id;
	char wanted[KM_CAMERA_PASSWORD_SIZE] = { 0 };
	char earlier[KM_CAMERA_PASSWORD_SIZE] = { 0 };
	int err = camera == NULL ? KM_ERR_NOT_FOUND
				 : km_remedy_records_find(hub->database, run->number, &record);

	if (err == 0) {
		err = km_remedy_records_passwords(
		    hub->database, hub->vault, &record, wanted, earlier);
	}
	if (err == 0) {
		struct km_bytes password = km_bytes_text(wanted);

		entry = camera->entry;
		memcpy(entry.user, record.user, sizeof(entry.user));
		err = km_cameras_put(
		    hub->database, hub->vault, &entry, &password, km_clock_unix_us(), &id);
	}
	explicit_bzero(wanted, sizeof(wanted));
	explicit_bzero(earlier, sizeof(earlier));
	return err;
}

/*
 * The ledger knows every try before it is made; that one was let in it learns here. The new
 * password proves the old one right that was shown before, and cameras count failures since the
 * last success.
 */
static void tell_ledger(
    struct km_hub *hub, const struct run *run, const struct km_message_remedy_done *done)
{
	struct km_remedy_record record;
	int err = km_remedy_records_find(hub->database, run->number, &record);

	if (err == 0 && done->wanted == KM_LOGIN_IS_TAKEN) {
		err = km_audits_forget_tries(
		    hub->database, &run->camera, KM_REMEDIES_LEDGER_NEW, record.user);
	}
	if (err == 0 && (done->wanted == KM_LOGIN_IS_TAKEN || done->earlier == KM_LOGIN_IS_TAKEN)) {
		err = km_audits_forget_tries(
		    hub->database, &run->camera, KM_REMEDIES_LEDGER_OLD, record.user);
	}
	if (err < 0) {
		log_error(hub, "the ledger of logins does not know which was let in", err);
	}
}

static const char *say_earlier(unsigned verdict)
{
	switch (verdict) {
	case KM_LOGIN_IS_REFUSED:
		return "the new password is let in, the old one is refused";
	case KM_LOGIN_IS_TAKEN:
		return "the new password is let in, and the old one, too";
	case KM_LOGIN_IS_ANY:
		return "the camera lets in everybody, with any password";
	default:
		return "the new password is let in; whether the old one is was not tried";
	}
}

static void end_password(
    struct km_hub *hub, struct run *run, const struct km_message_remedy_done *done)
{
	unsigned state = km_remedy_records_judge(done, run->is_settling);
	int64_t now_us = km_clock_unix_us();
	int err = 0;

	tell_ledger(hub, run, done);
	if (state == KM_REMEDY_IS_UNSURE) {
		struct km_remedy_record record = { 0 };

		/* Without it, it is looked at again as after the first try. */
		(void)!km_remedy_records_find(hub->database, run->number, &record);
		end_record(hub, run, state,
		    done->text[0] != '\0' ? done->text : "which password holds is not known yet",
		    record.due_us > now_us ? record.due_us
					   : now_us + km_remedy_records_pause_us(record.tries));
		return;
	}
	if (state == KM_REMEDY_IS_DONE) {
		err = keep_password(hub, run);
	}
	if (err < 0) {
		/* Both are still stored: it is looked at again. */
		log_error(hub, "the new password is not in the entry yet", err);
		end_record(hub, run, KM_REMEDY_IS_UNSURE,
		    "the recorder could not change the camera's entry yet",
		    now_us + KM_TIME_MINUTE_US);
		return;
	}
	end_record(hub, run, state,
	    state == KM_REMEDY_IS_DONE
		? say_earlier(done->wanted == KM_LOGIN_IS_ANY ? KM_LOGIN_IS_ANY : done->earlier)
	    : done->text[0] != '\0' ? done->text
				    : "the old password holds",
	    now_us);
	if (km_hub_reload(hub) < 0) {
		log_error(hub, "the cameras are not read again", KM_ERR_DATABASE);
	}
}

static void end_other(
    struct km_hub *hub, struct run *run, const struct km_message_remedy_done *done)
{
	bool goes_down = run->kind == KM_REMEDY_REBOOT || run->kind == KM_REMEDY_RESET ||
			 run->kind == KM_REMEDY_FIRMWARE;
	int64_t pause_us = goes_down ? DOWN_LEAST_US : 0;
	char text[320];

	if (done->down_time_us > pause_us && done->down_time_us < KM_TIME_HOUR_US) {
		pause_us = done->down_time_us;
	}
	(void)snprintf(text, sizeof(text), "%s%s", done->text,
	    done->err < 0 && done->may_be_taken ? "; perhaps it was taken: the audit shows" : "");
	end_record(hub, run, done->err == 0 ? KM_REMEDY_IS_DONE : KM_REMEDY_IS_FAILED, text,
	    km_clock_unix_us() + pause_us);
}

static void end_run(struct km_hub *hub, struct run *run, const struct km_message_remedy_done *done)
{
	if (run->kind == KM_REMEDY_PASSWORD) {
		end_password(hub, run, done);
	} else {
		end_other(hub, run, done);
	}
	*run = (struct run){ 0 };
}

/* --- what the auditor says --- */

static void take_preview(struct km_remedy_plan *plan, const struct km_message_remedy_said *said)
{
	int err = plan->state != KM_PLAN_MAKING
		      ? KM_ERR_STATE
		      : km_remedy_plans_add_step(
			    plan, said->does, said->operation, said->target, said->parameters);

	if (err < 0) {
		plan->state = KM_PLAN_FAILED;
		(void)snprintf(plan->text, sizeof(plan->text), "%s", km_error_text(err));
	}
}

static int on_said(struct km_hub *hub, struct km_bytes packed)
{
	struct km_message_remedy_said *said = calloc(1, sizeof(*said));
	struct run *run = NULL;
	struct km_remedy_plan *plan = NULL;
	int err = 0;

	if (said == NULL) {
		/* Its end is told all the same. */
		log_error(hub, "a step is not told", KM_ERR_MEMORY);
		return 0;
	}
	err = km_messages_unpack_remedy_said(packed, said);
	if (err == 0) {
		run = find_run(hub, said->audit);
		plan = run != NULL ? NULL
				   : km_remedy_plans_find_job(&hub->remedies->plans, said->audit);
	}
	if (run != NULL) {
		const struct km_hub_camera *camera = km_hub_find(hub, &run->camera);
		int stored =
		    km_remedy_records_set_step(hub->database, run->number, said->operation);

		km_journal_note(hub->database, KM_EVENT_REMEDY_STEP, &run->camera, NULL,
		    "%s: %s, %s to %s: %.256s", camera == NULL ? "" : camera->entry.name,
		    km_remedies_name(run->kind), said->operation, said->target, said->parameters);
		if (stored < 0) {
			log_error(hub, "a step is not stored", stored);
		}
	} else if (plan != NULL) {
		take_preview(plan, said);
	}
	free(said);
	return err;
}

/* What follows at the recorder is shown with what is sent. */
static int complete_plan(struct km_hub *hub, struct km_remedy_plan *plan)
{
	const struct km_hub_camera *camera = km_hub_find(hub, &plan->order.camera);
	char text[320];
	int err = 0;

	if (plan->order.kind == KM_REMEDY_PASSWORD) {
		(void)snprintf(
		    text, sizeof(text), "user %s, the new password", plan->order.account);
		err = km_remedy_plans_add_step(
		    plan, KM_STEP_KEEP, "entry", camera == NULL ? "" : camera->entry.name, text);
	}
	if (err == 0) {
		err = km_remedy_plans_add_step(
		    plan, KM_STEP_LOOK, "audit", camera == NULL ? "" : camera->entry.name, "");
	}
	return err;
}

static int on_done(struct km_hub *hub, struct km_bytes packed)
{
	struct km_message_remedy_done done;
	struct run *run = NULL;
	struct km_remedy_plan *plan = NULL;
	int err = km_messages_unpack_remedy_done(packed, &done);

	if (err < 0) {
		return err;
	}
	run = find_run(hub, done.audit);
	if (run != NULL) {
		end_run(hub, run, &done);
		return 0;
	}
	plan = km_remedy_plans_find_job(&hub->remedies->plans, done.audit);
	if (plan != NULL && plan->state == KM_PLAN_MAKING) {
		err = done.err == 0 ? complete_plan(hub, plan) : done.err;
		plan->state = err == 0 ? KM_PLAN_READY : KM_PLAN_FAILED;
		(void)snprintf(plan->text, sizeof(plan->text), "%s",
		    err == 0               ? ""
		    : done.text[0] != '\0' ? done.text
					   : km_error_text(err));
	}
	return 0;
}

int km_hub_remedies_on_message(
    struct km_hub *hub, enum km_message_kind kind, struct km_bytes message)
{
	return kind == KM_MESSAGE_remedy_said ? on_said(hub, message) : on_done(hub, message);
}

void km_hub_remedies_end(struct km_hub *hub)
{
	const struct km_message_remedy_done gone = {
		.err = KM_ERR_CLOSED, .may_be_taken = 1, .text = "the process that sent it ended"
	};

	for (size_t i = 0; i < RUNS_MAX; i++) {
		if (hub->remedies->runs[i].job != 0) {
			end_run(hub, &hub->remedies->runs[i], &gone);
		}
	}
	for (size_t i = 0; i < KM_REMEDY_PLANS_MAX; i++) {
		struct km_remedy_plan *plan = &hub->remedies->plans.plans[i];

		if (!km_uuid_is_nil(&plan->id) && plan->state == KM_PLAN_MAKING) {
			plan->state = KM_PLAN_FAILED;
			(void)snprintf(plan->text, sizeof(plan->text), "%s", gone.text);
		}
	}
}

/* --- first aid --- */

struct aid {
	const char *name; /* of the camera */
	int64_t incident;
	uint32_t steps_done;
};

/* Incidents of that kind are called by it and the camera: "takeover entrance". */
static int on_incident(void *context, struct km_message_incident *incident)
{
	struct aid *aid = context;
	const char *about = strchr(incident->title, ' ');

	if (incident->kind == KM_ALARM_TAKEOVER && about != NULL &&
	    strcmp(about + 1, aid->name) == 0) {
		aid->incident = incident->number;
		aid->steps_done = incident->steps_done;
	}
	return 0;
}

static void close_aid(struct km_hub *hub, const struct km_uuid *camera, unsigned step)
{
	const struct km_hub_camera *known = km_hub_find(hub, camera);
	struct aid aid = { .name = known == NULL ? "" : known->entry.name };
	int err = 0;

	if (known == NULL || step == 0) {
		return;
	}
	err = km_incidents_each(hub->database, true, on_incident, &aid);
	/* An audit is its end only once the camera has another password. */
	if (err == 0 && aid.incident != 0 &&
	    (step != KM_REMEDIES_AID_AUDIT ||
		(aid.steps_done & 1U << (km_remedies_aid(KM_REMEDY_PASSWORD) - 1)) != 0)) {
		err = km_incidents_work(hub->database, aid.incident, step, false, NULL, "",
		    "recorder", km_clock_unix_us());
	}
	if (err < 0) {
		log_error(hub, "the step of first aid is not stored", err);
	}
}

void km_hub_remedies_on_audited(struct km_hub *hub, const struct km_uuid *camera)
{
	close_aid(hub, camera, KM_REMEDIES_AID_AUDIT);
}

/* --- beginning --- */

static int begin_run(struct km_hub *hub, struct km_message_remedy_begin *order, unsigned mode,
    int fd, int64_t number)
{
	struct run *run = find_free(hub);
	int64_t job = 0;
	int err = run == NULL ? KM_ERR_LIMIT : 0;

	order->mode = (uint8_t)mode;
	if (err == 0) {
		err = send_order(hub, order, fd, &job);
	}
	if (err == 0) {
		*run = (struct run){
			.job = job,
			.number = number,
			.camera = order->camera,
			.kind = order->kind,
			.is_settling = mode == KM_MODE_SETTLE,
		};
	}
	return err;
}

/* Who carries a plan out; account NULL: the command line. */
struct person {
	const char *name;
	const struct km_uuid *account;
};

/* Stored, both passwords with it, before anything is sent. The order gets its secrets. */
static int store_order(struct km_hub *hub, const struct km_remedy_plan *plan,
    struct km_message_remedy_begin *order, const struct person *by, int64_t *ret_number)
{
	const struct km_hub_camera *camera = km_hub_find(hub, &order->camera);
	bool is_password = order->kind == KM_REMEDY_PASSWORD;
	const char *file = km_remedy_plans_parameters(plan, KM_REMEDIES_FILE_STEP);
	char operations[200];
	struct km_remedy_records_order record = {
		.camera = order->camera,
		.kind = order->kind,
		.by = by->name,
		.plan = operations,
		.user = order->account,
		.wanted = is_password ? order->wanted : NULL,
		.earlier = is_password ? order->password : NULL,
	};
	int err = 0;

	if (order->password[0] == '\0') {
		err =
		    km_cameras_password(hub->database, hub->vault, &order->camera, order->password);
	}
	if (err == 0 && is_password) {
		err = km_remedy_records_make_password(order->wanted);
	}
	if (err == 0) {
		err = km_hub_drift_keep(hub, &order->camera, KM_SNAPSHOT_REMEDY, &record.before);
		err = err == KM_ERR_STATE ? 0 : err; /* it was never audited */
	}
	km_remedy_plans_describe(plan, operations, sizeof(operations));
	if (err == 0) {
		err = km_remedy_records_begin(
		    hub->database, hub->vault, &record, km_clock_unix_us(), ret_number);
	}
	if (err == 0) {
		km_journal_note(hub->database, KM_EVENT_REMEDY_BEGAN, &order->camera, by->account,
		    "%s: %s: %s%s%s, by %s", camera->entry.name, km_remedies_name(order->kind),
		    operations, file[0] == '\0' ? "" : ": ", file, by->name);
	}
	return err;
}

/* Whether what was shown can still be done; ret_text says what stands against it. */
static int judge_start(
    struct km_hub *hub, const struct km_message_remedy_begin *order, const char **ret_text)
{
	const struct km_hub_camera *camera = km_hub_find(hub, &order->camera);

	if (camera == NULL) {
		*ret_text = "plan: its camera was removed";
		return KM_ERR_NOT_FOUND;
	}
	if (!km_remedy_orders_is_of(order, &camera->entry)) {
		*ret_text = "plan: the camera's entry was changed: plan again";
		return KM_ERR_STATE;
	}
	if (km_hub_auditor_process(hub) == NULL) {
		*ret_text = "the auditing process is being started: try again in a moment";
		return KM_ERR_AGAIN;
	}
	if (find_free(hub) == NULL) {
		*ret_text = "several cameras are being put right now: try again in a minute";
		return KM_ERR_LIMIT;
	}
	return 0;
}

/* What is sent is what the plan showed, or nothing. */
static int open_same_file(
    struct km_hub *hub, const struct km_remedy_plan *plan, int *ret_fd, const char **ret_text)
{
	struct km_remedy_file_mark mark;
	int fd = -1;
	int err = km_remedy_file_open(hub->state_directory, plan->order.file, &fd, &mark);

	if (err == 0 && km_remedy_file_is_same(&plan->file, &mark)) {
		*ret_fd = fd;
		return 0;
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	*ret_text = "plan: the file was changed: plan again";
	return KM_ERR_STATE;
}

int km_hub_remedies_start(struct km_hub *hub, struct km_remedy_plan *plan, const char *by,
    const struct km_uuid *account, int64_t *ret_number, const char **ret_text)
{
	/* The plan itself keeps no secret that the recorder has, however this ends. */
	struct km_message_remedy_begin order = plan->order;
	const struct person person = { .name = by, .account = account };
	int64_t number = 0;
	int fd = -1;
	int err = judge_start(hub, &order, ret_text);

	if (err == 0 && order.kind == KM_REMEDY_FIRMWARE) {
		err = open_same_file(hub, plan, &fd, ret_text);
	}
	if (err == 0) {
		err = store_order(hub, plan, &order, &person, &number);
		if (err == KM_ERR_EXISTS) {
			*ret_text = "this camera is being put right already: see what becomes of "
				    "that first";
		}
	}
	if (err < 0) {
		goto out;
	}
	plan->state = KM_PLAN_USED;
	explicit_bzero(plan->order.password, sizeof(plan->order.password));
	*ret_number = number;
	err = begin_run(hub, &order, KM_MODE_RUN, fd, number);
	if (err < 0) {
		const struct run never = {
			.number = number, .camera = order.camera, .kind = order.kind
		};

		end_record(hub, &never, KM_REMEDY_IS_FAILED, km_error_text(err), 0);
	}
out:
	if (fd >= 0) {
		(void)close(fd);
	}
	explicit_bzero(&order, sizeof(order));
	return err;
}

struct km_remedy_plans *km_hub_remedies_plans(struct km_hub *hub)
{
	return &hub->remedies->plans;
}

int km_hub_remedies_plan(struct km_hub *hub, struct km_message_remedy_begin *order,
    const struct km_uuid *asker, struct km_remedy_plan **ret_plan)
{
	struct km_remedy_file_mark mark = { 0 };
	int64_t job = 0;
	int fd = -1;
	int err = km_remedy_plans_has_room(&hub->remedies->plans, asker, km_clock_monotonic_us())
		      ? 0
		      : KM_ERR_LIMIT;

	order->mode = KM_MODE_PREVIEW;
	if (err == 0 && order->kind == KM_REMEDY_FIRMWARE) {
		err = km_remedy_file_open(hub->state_directory, order->file, &fd, &mark);
		order->file_bytes = mark.bytes;
	}
	if (err == 0) {
		err = send_order(hub, order, fd, &job);
	}
	if (err == 0) {
		err = km_remedy_plans_add(&hub->remedies->plans, job, asker, order,
		    km_clock_monotonic_us(), km_clock_unix_us(), ret_plan);
	}
	if (err == 0) {
		(*ret_plan)->file = mark;
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	return err;
}

/* --- what is due --- */

struct due_list {
	size_t count;
	struct km_remedy_record records[DUE_MAX];
};

static int on_due(void *context, const struct km_remedy_record *record)
{
	struct due_list *list = context;

	if (list->count < DUE_MAX) {
		list->records[list->count++] = *record;
	}
	return 0;
}

/* Which password holds? Written down before it is tried, so that no crash makes it many tries. */
static int settle(struct km_hub *hub, const struct km_remedy_record *record)
{
	const struct km_hub_camera *camera = km_hub_find(hub, &record->camera);
	struct km_message_remedy_begin order = { .camera = record->camera,
		.kind = KM_REMEDY_PASSWORD };
	const struct run gone = {
		.number = record->number, .camera = record->camera, .kind = KM_REMEDY_PASSWORD
	};
	int err = 0;

	if (camera == NULL) {
		end_record(hub, &gone, KM_REMEDY_IS_FAILED, "the camera was removed", 0);
		return 0;
	}
	if (is_being_run(hub, record->number) || find_free(hub) == NULL ||
	    km_hub_auditor_process(hub) == NULL) {
		return 0;
	}
	err = km_remedy_records_put_off(hub->database, record->number, record->tries + 1,
	    km_clock_unix_us() + km_remedy_records_pause_us(record->tries));
	if (err == 0) {
		err = km_remedy_records_passwords(
		    hub->database, hub->vault, record, order.wanted, order.password);
	}
	if (err == 0) {
		memcpy(order.rtsp_url, camera->entry.url, sizeof(order.rtsp_url));
		memcpy(order.onvif_url, camera->entry.onvif_url, sizeof(order.onvif_url));
		memcpy(order.user, record->user, sizeof(order.user));
		memcpy(order.account, record->user, sizeof(order.account));
		order.pin_size = camera->entry.has_pin ? sizeof(camera->entry.pin) : 0;
		memcpy(order.pin, camera->entry.pin, sizeof(order.pin));
		err = begin_run(hub, &order, KM_MODE_SETTLE, -1, record->number);
	}
	explicit_bzero(&order, sizeof(order));
	return err;
}

/* One whose end could not be stored when it came: what became of it is as after a crash. */
static void pick_up(struct km_hub *hub, const struct km_remedy_record *record)
{
	const struct run lost = {
		.number = record->number, .camera = record->camera, .kind = record->kind
	};

	end_record(hub, &lost,
	    record->kind == KM_REMEDY_PASSWORD ? KM_REMEDY_IS_UNSURE : KM_REMEDY_IS_FAILED,
	    "the recorder could not store how it ended; the audit shows what was taken",
	    km_clock_unix_us());
}

static int follow(struct km_hub *hub, const struct km_remedy_record *record)
{
	int64_t audit = 0;
	int err = 0;

	if (record->state == KM_REMEDY_IS_RUNNING) {
		if (!is_being_run(hub, record->number)) {
			pick_up(hub, record);
		}
		return 0;
	}
	if (record->state == KM_REMEDY_IS_UNSURE) {
		return settle(hub, record);
	}
	err = km_remedy_records_put_off(hub->database, record->number, record->tries, 0);
	if (err == 0 && km_hub_find(hub, &record->camera) != NULL) {
		err =
		    km_hub_auditor_queue(hub, &record->camera, KM_REASON_CHANGE, "", false, &audit);
	}
	return err;
}

static void on_tick(void *context)
{
	struct km_hub *hub = context;
	struct due_list list = { 0 };
	int err = 0;

	km_remedy_plans_expire(&hub->remedies->plans, km_clock_monotonic_us());
	if (hub->is_stopping) {
		return;
	}
	err = km_remedy_records_each_due(hub->database, km_clock_unix_us(), on_due, &list);
	for (size_t i = 0; err == 0 && i < list.count; i++) {
		err = follow(hub, &list.records[i]);
	}
	if (err < 0) {
		log_error(hub, "what is due is not done", err);
	}
}

int km_hub_remedies_create(struct km_hub *hub)
{
	int err = 0;

	hub->remedies = calloc(1, sizeof(*hub->remedies));
	if (hub->remedies == NULL) {
		return KM_ERR_MEMORY;
	}
	err = km_remedy_records_prepare(hub->database, km_clock_unix_us());
	if (err == 0) {
		err = km_timer_create(hub->loop, on_tick, hub, &hub->remedies->timer);
	}
	if (err == 0) {
		km_timer_start(hub->remedies->timer, TICK_US, TICK_US);
	}
	return err;
}

void km_hub_remedies_destroy(struct km_hub *hub)
{
	if (hub->remedies == NULL) {
		return;
	}
	if (hub->remedies->timer != NULL) {
		km_timer_destroy(hub->remedies->timer);
	}
	km_remedy_plans_finish(&hub->remedies->plans);
	free(hub->remedies);
	hub->remedies = NULL;
}
