/*
 * Plans of what will be sent to a camera: worked out, shown, carried out once within ten minutes by
 * who asked for them. In memory only.
 */
#ifndef KM_GUARD_REMEDY_PLANS_H
#define KM_GUARD_REMEDY_PLANS_H

#include "base/time.h"
#include "guard/remedy_file.h"
#include "model/messages.h"

#define KM_REMEDY_PLANS_MAX       16
#define KM_REMEDY_PLANS_OWN_MAX   4 /* of one asker, so that nobody takes all */
#define KM_REMEDY_PLANS_STEPS_MAX 8
#define KM_REMEDY_PLANS_LIFE_US   (10 * KM_TIME_MINUTE_US)

struct km_remedy_plan_step {
	uint8_t does; /* step_kind in states.tbl */
	char operation[64];
	char target[256];
	char *parameters; /* on the heap */
};

struct km_remedy_plan {
	struct km_uuid id; /* nil: free */
	int64_t job;       /* number that the auditor knows the preview by */
	unsigned state;    /* plan_state in states.tbl */
	int64_t until_us;  /* monotonic */
	int64_t until_unix_us;
	struct km_uuid asker; /* account; nil: the command line */
	struct km_message_remedy_begin order;
	struct km_remedy_file_mark file; /* firmware: the one that is shown */
	size_t count;
	struct km_remedy_plan_step steps[KM_REMEDY_PLANS_STEPS_MAX];
	char text[512]; /* why there is none */
};

struct km_remedy_plans {
	struct km_remedy_plan plans[KM_REMEDY_PLANS_MAX];
};

/* Whether a plan of theirs can be added: nobody pushes out what others are looking at. */
bool km_remedy_plans_has_room(
    struct km_remedy_plans *plans, const struct km_uuid *asker, int64_t now_us);

/*
 * A new one, MAKING; if the same asker has too many, the oldest of them goes. 0, KM_ERR_SYS, or
 * KM_ERR_LIMIT: those of others fill all places.
 */
KM_MUST_USE int km_remedy_plans_add(struct km_remedy_plans *plans, int64_t job,
    const struct km_uuid *asker, const struct km_message_remedy_begin *order, int64_t now_us,
    int64_t now_unix_us, struct km_remedy_plan **ret_plan);

/* NULL: there is none, or its time is over. */
struct km_remedy_plan *km_remedy_plans_find(
    struct km_remedy_plans *plans, const struct km_uuid *id, int64_t now_us);
struct km_remedy_plan *km_remedy_plans_find_job(struct km_remedy_plans *plans, int64_t job);

/* KM_ERR_LIMIT, KM_ERR_MEMORY. */
KM_MUST_USE int km_remedy_plans_add_step(struct km_remedy_plan *plan, unsigned does,
    const char *operation, const char *target, const char *parameters);

/* What the step of this operation is done with; "" if there is none. */
const char *km_remedy_plans_parameters(const struct km_remedy_plan *plan, const char *operation);

/* "SetUser, login, login": the operations, cut to the size. */
void km_remedy_plans_describe(const struct km_remedy_plan *plan, char *ret_text, size_t size);

/* Those that are over are wiped. */
void km_remedy_plans_expire(struct km_remedy_plans *plans, int64_t now_us);

/* Wipes. */
void km_remedy_plans_finish(struct km_remedy_plans *plans);

#endif
