/* sources: base/error.c base/bytes.c base/buf.c base/text.c base/uuid.c crypto/random.c guard/remedy_plans.c */
/* libraries: crypto */
/*
 * What is to be sent to a camera is shown first, kept for ten minutes, and stays where it is
 * however much others ask for. [IPA a12-3]
 */
#include "guard/remedy_plans.h"
#include "model/states.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct km_uuid anna = { .bytes = { 1 } };
static const struct km_uuid bob = { .bytes = { 2 } };
static const struct km_message_remedy_begin order = { .password = "a secret" };

static struct km_remedy_plan *add(
    struct km_remedy_plans *plans, const struct km_uuid *asker, int64_t now_us)
{
	struct km_remedy_plan *plan = NULL;

	assert_true(km_remedy_plans_has_room(plans, asker, now_us));
	assert_int_equal(km_remedy_plans_add(plans, -1, asker, &order, now_us, now_us, &plan), 0);
	assert_int_equal(plan->state, KM_PLAN_MAKING);
	return plan;
}

static void test_life(void **state)
{
	struct km_remedy_plans plans = { 0 };
	struct km_remedy_plan *plan = add(&plans, &anna, 5);
	struct km_uuid id = plan->id;
	char text[16];

	(void)state;
	assert_int_equal(km_remedy_plans_add_step(plan, KM_STEP_SEND, "SetUser", "gate", "***"), 0);
	assert_int_equal(km_remedy_plans_add_step(plan, KM_STEP_TRY, "login", "gate", ""), 0);
	km_remedy_plans_describe(plan, text, sizeof(text));
	assert_string_equal(text, "SetUser, login");
	km_remedy_plans_describe(plan, text, 4);
	assert_string_equal(text, "Set");
	assert_string_equal(km_remedy_plans_parameters(plan, "SetUser"), "***");
	assert_string_equal(km_remedy_plans_parameters(plan, "file"), "");
	assert_ptr_equal(km_remedy_plans_find(&plans, &id, 5), plan);
	assert_ptr_equal(km_remedy_plans_find_job(&plans, -1), plan);
	assert_null(km_remedy_plans_find(&plans, &id, 5 + KM_REMEDY_PLANS_LIFE_US));
	km_remedy_plans_expire(&plans, 5 + KM_REMEDY_PLANS_LIFE_US);
	assert_int_equal(plan->order.password[0], 0);
	assert_null(km_remedy_plans_find(&plans, &id, 5));
}

static struct km_uuid person(unsigned number)
{
	return (struct km_uuid){ .bytes = { (uint8_t)number } };
}

static void test_others_stay(void **state)
{
	struct km_remedy_plans plans = { 0 };
	struct km_remedy_plan *plan = NULL;
	struct km_uuid first = add(&plans, &anna, 0)->id;
	struct km_uuid late = person(200);
	struct km_uuid second;

	(void)state;
	/* One asker fills his share, and then only pushes out his own. */
	for (int i = 0; i < 3 * KM_REMEDY_PLANS_MAX; i++) {
		second = add(&plans, &bob, 1 + i)->id;
		assert_non_null(km_remedy_plans_find(&plans, &second, 100));
	}
	assert_non_null(km_remedy_plans_find(&plans, &first, 100));
	/* The rest is for others, until they have it all. */
	for (unsigned i = 1 + KM_REMEDY_PLANS_OWN_MAX; i < KM_REMEDY_PLANS_MAX; i++) {
		struct km_uuid other = person(100 + i);

		(void)add(&plans, &other, 100);
	}
	assert_false(km_remedy_plans_has_room(&plans, &late, 300));
	assert_int_equal(
	    km_remedy_plans_add(&plans, -2, &late, &order, 300, 300, &plan), KM_ERR_LIMIT);
	assert_null(plan);
	(void)add(&plans, &anna, 300);
	assert_null(km_remedy_plans_find(&plans, &first, 300));
	/* What is over makes room at once. */
	(void)add(&plans, &late, 300 + KM_REMEDY_PLANS_LIFE_US);
	km_remedy_plans_finish(&plans);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_life),
		cmocka_unit_test(test_others_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
