/* Requests about putting cameras right: a plan, its steps, carrying it out. */
#include "guard/hub_remedies.h"
#include "guard/hub_requests.h"
#include "guard/logins.h"
#include "guard/remedy_orders.h"
#include "guard/remedy_records.h"
#include "io/clock.h"
#include "model/states.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_DEFAULT 100

static const struct km_uuid nobody;

static const struct km_uuid *asker_of(const struct km_hub_asking *asking)
{
	return asking->account == NULL ? &nobody : &asking->account->id;
}

static void answer_plan(struct km_hub_asking *asking, const struct km_remedy_plan *plan)
{
	const struct km_hub_camera *camera = km_hub_find(asking->hub, &plan->order.camera);
	struct km_message_plan record = {
		.plan = plan->id,
		.camera = plan->order.camera,
		.state = (uint8_t)plan->state,
		.until_unix_us = plan->until_unix_us,
	};

	if (camera != NULL) {
		memcpy(record.camera_name, camera->entry.name, sizeof(record.camera_name));
	}
	(void)snprintf(
	    record.remedy, sizeof(record.remedy), "%s", km_remedies_name(plan->order.kind));
	(void)snprintf(record.risk, sizeof(record.risk), "%s", km_remedies_risk(plan->order.kind));
	memcpy(record.text, plan->text, sizeof(record.text));
	km_hub_requests_answer(asking, KM_MESSAGE_plan, &record);
}

int km_hub_request_remedy_plan(struct km_hub_asking *asking, struct km_message_remedy_plan *ask)
{
	struct km_hub *hub = asking->hub;
	const struct km_hub_camera *camera = km_hub_find(hub, &ask->camera);
	struct km_message_remedy_begin order = { 0 };
	struct km_remedy_plan *plan = NULL;
	char text[KM_REMEDY_ORDERS_TEXT_SIZE] = "";
	int err = 0;

	if (camera == NULL) {
		return km_hub_requests_fail(
		    asking, KM_ERR_NOT_FOUND, "camera: there is no such camera");
	}
	err = km_remedy_orders_make(hub->database, &camera->entry, ask, &order, text);
	if (err < 0) {
		return km_hub_requests_fail(asking, err, "%s", text);
	}
	err = km_hub_remedies_plan(hub, &order, asker_of(asking), &plan);
	if (err == KM_ERR_NOT_FOUND || err == KM_ERR_FORMAT) {
		err = km_hub_requests_fail(asking, err,
		    "file: %s/" KM_REMEDY_FILE_FOLDER
		    "/%s is not there, or no file of 1 byte to 1 GB",
		    hub->state_directory, order.file);
	} else if (err == KM_ERR_LIMIT) {
		err = km_hub_requests_fail(asking, err,
		    "others have %d plans open: each is kept for ten minutes, try again then",
		    KM_REMEDY_PLANS_MAX);
	} else if (err == KM_ERR_AGAIN) {
		err = km_hub_requests_fail(
		    asking, err, "the auditing process is being started: try again in a moment");
	}
	if (err == 0) {
		asking->id = plan->id;
		answer_plan(asking, plan);
	}
	explicit_bzero(&order, sizeof(order));
	return err;
}

/* The plan of who asks; NULL: explained. */
static struct km_remedy_plan *find_plan(struct km_hub_asking *asking, const struct km_uuid *id)
{
	struct km_remedy_plan *plan =
	    km_remedy_plans_find(km_hub_remedies_plans(asking->hub), id, km_clock_monotonic_us());

	if (plan != NULL && !km_uuid_is_equal(&plan->asker, asker_of(asking))) {
		plan = NULL;
	}
	if (plan == NULL) {
		(void)km_hub_requests_fail(asking, KM_ERR_NOT_FOUND,
		    "plan: there is no such plan of yours; each is kept for ten minutes");
	}
	return plan;
}

int km_hub_request_plan_get(struct km_hub_asking *asking, struct km_message_plan_get *get)
{
	const struct km_remedy_plan *plan = find_plan(asking, &get->plan);
	struct km_message_plan_step *record = NULL;

	if (plan == NULL) {
		return KM_ERR_NOT_FOUND;
	}
	answer_plan(asking, plan);
	for (size_t i = 0; i < plan->count; i++) {
		const struct km_remedy_plan_step *step = &plan->steps[i];

		record = calloc(1, sizeof(*record));
		if (record == NULL) {
			return KM_ERR_MEMORY;
		}
		record->place = (uint8_t)(i + 1);
		record->does = step->does;
		memcpy(record->operation, step->operation, sizeof(record->operation));
		memcpy(record->target, step->target, sizeof(record->target));
		(void)km_bytes_copy_text(km_bytes_text(step->parameters), record->parameters,
		    sizeof(record->parameters));
		km_hub_requests_answer(asking, KM_MESSAGE_plan_step, record);
		free(record);
	}
	return 0;
}

/* Kept while the pool checks the password. */
struct waiting {
	struct km_hub *hub;
	uint32_t request;
	struct km_uuid plan;
	struct km_account account;
};

struct finding {
	int64_t number;
	struct km_message_remedy *ret_remedy;
};

static int on_remedy(void *context, struct km_message_remedy *remedy)
{
	struct finding *finding = context;

	if (remedy->number == finding->number) {
		*finding->ret_remedy = *remedy;
	}
	return 0;
}

static int run_plan(struct km_hub *hub, struct km_remedy_plan *plan, const char *by,
    const struct km_uuid *account, struct km_message_remedy *ret_remedy, const char **ret_text)
{
	struct finding finding = { .ret_remedy = ret_remedy };
	int err = 0;

	if (plan->state != KM_PLAN_READY) {
		*ret_text = "plan: it is not ready, or was carried out already";
		return KM_ERR_STATE;
	}
	err = km_hub_remedies_start(hub, plan, by, account, &finding.number, ret_text);
	return err < 0 ? err
		       : km_remedy_records_each(
			     hub->database, &plan->order.camera, 1, on_remedy, &finding);
}

static void on_proved(
    void *context, int err, int64_t retry_after_us, const char *hash, const char *text)
{
	struct waiting *waiting = context;
	struct km_hub *hub = waiting->hub;

	(void)retry_after_us;
	(void)hash;
	if (err != KM_ERR_CLOSED) {
		struct km_remedy_plan *plan = km_remedy_plans_find(
		    km_hub_remedies_plans(hub), &waiting->plan, km_clock_monotonic_us());
		struct km_message_remedy remedy = { .request = waiting->request };

		if (err == 0 && plan == NULL) {
			err = KM_ERR_NOT_FOUND;
			text = "plan: its ten minutes are over";
		}
		if (err == 0) {
			err = run_plan(
			    hub, plan, waiting->account.name, &waiting->account.id, &remedy, &text);
		}
		if (err == 0) {
			remedy.request = waiting->request;
			km_hub_send(hub->web, KM_MESSAGE_remedy, &remedy);
		}
		km_hub_requests_finish(
		    hub, waiting->request, err, &nobody, text == NULL ? "" : text);
	}
	explicit_bzero(waiting, sizeof(*waiting));
	free(waiting);
}

/* From the page: the person's password once more. Wrong ones count as failed logins. */
static int prove(struct km_hub_asking *asking, const struct km_message_remedy_run *ask)
{
	const struct km_session *session =
	    km_sessions_find(&asking->hub->sessions, asking->session, km_clock_monotonic_us());
	struct waiting *waiting = NULL;
	struct km_logins_change change = { .on_ready = on_proved, .current = ask->password };

	if (session == NULL) {
		return km_hub_requests_fail(
		    asking, KM_ERR_DENIED, "with a session of a person, not with a token");
	}
	waiting = calloc(1, sizeof(*waiting));
	if (waiting == NULL) {
		return KM_ERR_MEMORY;
	}
	waiting->hub = asking->hub;
	waiting->request = asking->request;
	waiting->plan = ask->plan;
	waiting->account = *asking->account;
	change.account = &waiting->account;
	change.address = session->origin.address;
	change.context = waiting;
	km_logins_change(asking->hub->logins, &change);
	return KM_HUB_REQUESTS_LATER;
}

int km_hub_request_remedy_run(struct km_hub_asking *asking, struct km_message_remedy_run *ask)
{
	struct km_remedy_plan *plan = find_plan(asking, &ask->plan);
	struct km_message_remedy remedy = { 0 };
	const char *text = "";
	int err = 0;

	if (plan == NULL) {
		return KM_ERR_NOT_FOUND;
	}
	if (asking->account != NULL) {
		return prove(asking, ask);
	}
	err = run_plan(asking->hub, plan, km_hub_requests_who(asking), NULL, &remedy, &text);
	if (err < 0) {
		return km_hub_requests_fail(asking, err, "%s", text);
	}
	return km_hub_requests_answer(asking, KM_MESSAGE_remedy, &remedy);
}

static int on_listed(void *context, struct km_message_remedy *remedy)
{
	return km_hub_requests_answer(context, KM_MESSAGE_remedy, remedy);
}

int km_hub_request_remedy_list(struct km_hub_asking *asking, struct km_message_remedy_list *list)
{
	return km_remedy_records_each(asking->hub->database, &list->camera,
	    list->limit == 0 ? LIST_DEFAULT : list->limit, on_listed, asking);
}
