#include "guard/remedy_plans.h"

#include "crypto/random.h"
#include "model/states.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void wipe(struct km_remedy_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		free(plan->steps[i].parameters);
	}
	explicit_bzero(plan, sizeof(*plan));
}

/*
 * A free place, or, who has his share, that of his oldest plan. NULL: the plans of others fill all.
 */
static struct km_remedy_plan *find_place(
    struct km_remedy_plans *plans, const struct km_uuid *asker, int64_t now_us)
{
	struct km_remedy_plan *place = NULL;
	struct km_remedy_plan *oldest = NULL;
	size_t own = 0;

	for (size_t i = 0; i < KM_REMEDY_PLANS_MAX; i++) {
		struct km_remedy_plan *plan = &plans->plans[i];

		if (km_uuid_is_nil(&plan->id) || plan->until_us <= now_us) {
			place = plan;
			continue;
		}
		if (!km_uuid_is_equal(&plan->asker, asker)) {
			continue;
		}
		own++;
		if (oldest == NULL || plan->until_us < oldest->until_us) {
			oldest = plan;
		}
	}
	return place == NULL || own >= KM_REMEDY_PLANS_OWN_MAX ? oldest : place;
}

bool km_remedy_plans_has_room(
    struct km_remedy_plans *plans, const struct km_uuid *asker, int64_t now_us)
{
	return find_place(plans, asker, now_us) != NULL;
}

int km_remedy_plans_add(struct km_remedy_plans *plans, int64_t job, const struct km_uuid *asker,
    const struct km_message_remedy_begin *order, int64_t now_us, int64_t now_unix_us,
    struct km_remedy_plan **ret_plan)
{
	struct km_remedy_plan *plan = find_place(plans, asker, now_us);
	struct km_uuid id;
	int err = plan == NULL ? KM_ERR_LIMIT : km_random_uuid(&id);

	if (err < 0) {
		return err;
	}
	wipe(plan);
	plan->id = id;
	plan->job = job;
	plan->state = KM_PLAN_MAKING;
	plan->until_us = now_us + KM_REMEDY_PLANS_LIFE_US;
	plan->until_unix_us = now_unix_us + KM_REMEDY_PLANS_LIFE_US;
	plan->asker = *asker;
	plan->order = *order;
	*ret_plan = plan;
	return 0;
}

struct km_remedy_plan *km_remedy_plans_find(
    struct km_remedy_plans *plans, const struct km_uuid *id, int64_t now_us)
{
	for (size_t i = 0; i < KM_REMEDY_PLANS_MAX; i++) {
		struct km_remedy_plan *plan = &plans->plans[i];

		if (!km_uuid_is_nil(&plan->id) && km_uuid_is_equal(&plan->id, id)) {
			return plan->until_us > now_us ? plan : NULL;
		}
	}
	return NULL;
}

struct km_remedy_plan *km_remedy_plans_find_job(struct km_remedy_plans *plans, int64_t job)
{
	for (size_t i = 0; i < KM_REMEDY_PLANS_MAX; i++) {
		if (!km_uuid_is_nil(&plans->plans[i].id) && plans->plans[i].job == job) {
			return &plans->plans[i];
		}
	}
	return NULL;
}

int km_remedy_plans_add_step(struct km_remedy_plan *plan, unsigned does, const char *operation,
    const char *target, const char *parameters)
{
	struct km_remedy_plan_step *step = NULL;
	char *text = NULL;

	if (plan->count == KM_REMEDY_PLANS_STEPS_MAX) {
		return KM_ERR_LIMIT;
	}
	text = strdup(parameters);
	if (text == NULL) {
		return KM_ERR_MEMORY;
	}
	step = &plan->steps[plan->count++];
	step->does = (uint8_t)does;
	step->parameters = text;
	(void)snprintf(step->operation, sizeof(step->operation), "%s", operation);
	(void)snprintf(step->target, sizeof(step->target), "%s", target);
	return 0;
}

const char *km_remedy_plans_parameters(const struct km_remedy_plan *plan, const char *operation)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (strcmp(plan->steps[i].operation, operation) == 0) {
			return plan->steps[i].parameters;
		}
	}
	return "";
}

void km_remedy_plans_describe(const struct km_remedy_plan *plan, char *ret_text, size_t size)
{
	size_t used = 0;

	ret_text[0] = '\0';
	for (size_t i = 0; i < plan->count && used < size; i++) {
		(void)snprintf(ret_text + used, size - used, "%s%s", used > 0 ? ", " : "",
		    plan->steps[i].operation);
		used += strlen(ret_text + used);
	}
}

void km_remedy_plans_expire(struct km_remedy_plans *plans, int64_t now_us)
{
	for (size_t i = 0; i < KM_REMEDY_PLANS_MAX; i++) {
		if (!km_uuid_is_nil(&plans->plans[i].id) && plans->plans[i].until_us <= now_us) {
			wipe(&plans->plans[i]);
		}
	}
}

void km_remedy_plans_finish(struct km_remedy_plans *plans)
{
	for (size_t i = 0; i < KM_REMEDY_PLANS_MAX; i++) {
		wipe(&plans->plans[i]);
	}
}
