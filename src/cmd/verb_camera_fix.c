#include "cmd/asking.h"
#include "cmd/verbs.h"
#include "model/remedies.h"
#include "model/states.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS        200
#define PLAN_LOOKS_MAX (60 * 1000 / LOOK_MS)
#define RUN_LOOKS_MAX  (20 * 60 * 1000 / LOOK_MS) /* firmware takes its time */

static const struct km_asking_column step_columns[] = {
	{ "place", "step" },
	{ "does", "does" },
	{ "operation", "operation" },
	{ "target", "to" },
	{ "parameters", "with" },
	{ NULL, NULL },
};
static const struct km_asking_view steps_view = {
	.record = KM_MESSAGE_plan_step, .columns = step_columns, .none = "no steps"
};
static const struct km_asking_column remedy_columns[] = {
	{ "number", "number" },
	{ "camera_name", "camera" },
	{ "remedy", "remedy" },
	{ "state", "state" },
	{ "step", "step" },
	{ "by", "by" },
	{ "begun_unix_us", "begun" },
	{ "ended_unix_us", "ended" },
	{ "text", "text" },
	{ NULL, NULL },
};
static const struct km_asking_view remedies_view = {
	.record = KM_MESSAGE_remedy, .columns = remedy_columns, .none = "nothing was put right yet"
};

static void wait_a_moment(void)
{
	const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };

	(void)nanosleep(&pause, NULL);
}

/* --- the plan --- */

static void on_plan(void *context, enum km_message_kind kind, const void *record)
{
	if (kind == KM_MESSAGE_plan) {
		memcpy(context, record, sizeof(struct km_message_plan));
	}
}

static enum km_exit fill_plan(
    const struct km_arguments *arguments, struct km_message_remedy_plan *ask)
{
	static const struct km_asking_option options[] = {
		{ "--account", "account" },
		{ "--services", "services" },
		{ "--servers", "servers" },
		{ "--addresses", "addresses" },
		{ "--file", "file" },
		{ NULL, NULL },
	};
	const char *password = km_arguments_get(arguments, "--password-file");
	enum km_exit result = km_asking_set(
	    KM_MESSAGE_remedy_plan, ask, "remedy", arguments->words[1], arguments->words[1]);

	if (result == KM_EXIT_DONE) {
		result = km_asking_fill(KM_MESSAGE_remedy_plan, ask, arguments, options);
	}
	if (result == KM_EXIT_DONE && password != NULL) {
		result = km_verb_read_secret(password, ask->current, sizeof(ask->current));
	}
	ask->allows_clear = km_arguments_has(arguments, "--allow-clear");
	ask->is_off = km_arguments_has(arguments, "--off");
	ask->is_hard = km_arguments_has(arguments, "--hard");
	return result;
}

/* Asks until the steps are known. */
static enum km_exit make_plan(const struct km_verb_context *context,
    const struct km_arguments *arguments, struct km_message_plan *ret_plan)
{
	struct km_message_remedy_plan ask = { 0 };
	enum km_exit result = fill_plan(arguments, &ask);

	if (result == KM_EXIT_DONE) {
		result = km_asking_find_camera(context, arguments->words[0], &ask.camera);
	}
	if (result == KM_EXIT_DONE) {
		result =
		    km_asking_each(context, KM_MESSAGE_remedy_plan, &ask, on_plan, ret_plan, NULL);
	}
	explicit_bzero(&ask, sizeof(ask));
	for (unsigned look = 0;
	     result == KM_EXIT_DONE && ret_plan->state == KM_PLAN_MAKING && look < PLAN_LOOKS_MAX;
	     look++) {
		struct km_message_plan_get get = { .plan = ret_plan->plan };

		wait_a_moment();
		result =
		    km_asking_each(context, KM_MESSAGE_plan_get, &get, on_plan, ret_plan, NULL);
	}
	if (result == KM_EXIT_DONE && ret_plan->state != KM_PLAN_READY) {
		result = km_verb_fail("there is no plan: %s",
		    ret_plan->state == KM_PLAN_FAILED ? ret_plan->text
						      : "the camera's addresses are not known yet");
	}
	return result;
}

/* --- carrying it out --- */

struct search {
	int64_t number;
	struct km_message_remedy remedy;
};

static void on_remedy(void *context, enum km_message_kind kind, const void *record)
{
	struct search *search = context;
	const struct km_message_remedy *remedy = record;

	if (kind == KM_MESSAGE_remedy &&
	    (search->number == 0 || remedy->number == search->number)) {
		search->number = remedy->number;
		search->remedy = *remedy;
	}
}

static enum km_exit judge(const struct km_message_remedy *remedy)
{
	switch (remedy->state) {
	case KM_REMEDY_IS_DONE:
		return KM_EXIT_DONE;
	case KM_REMEDY_IS_UNSURE:
		return KM_EXIT_FOUND;
	default:
		return KM_EXIT_FAILED;
	}
}

static enum km_exit run_plan(
    const struct km_verb_context *context, const struct km_message_plan *plan)
{
	struct km_message_remedy_run run = { .plan = plan->plan };
	struct search search = { 0 };
	struct km_message_remedy_list list = { .camera = plan->camera, .limit = 1 };
	enum km_exit result =
	    km_asking_each(context, KM_MESSAGE_remedy_run, &run, on_remedy, &search, NULL);

	for (unsigned look = 0; result == KM_EXIT_DONE &&
				search.remedy.state == KM_REMEDY_IS_RUNNING && look < RUN_LOOKS_MAX;
	     look++) {
		list = (struct km_message_remedy_list){ .camera = plan->camera, .limit = 10 };
		wait_a_moment();
		result = km_asking_each(
		    context, KM_MESSAGE_remedy_list, &list, on_remedy, &search, NULL);
	}
	if (result != KM_EXIT_DONE) {
		return result;
	}
	list = (struct km_message_remedy_list){ .camera = plan->camera, .limit = 1 };
	result = km_asking_show(context, KM_MESSAGE_remedy_list, &list, &remedies_view);
	return result == KM_EXIT_DONE ? judge(&search.remedy) : result;
}

static enum km_exit run_fix(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_message_plan plan = { 0 };
	struct km_message_plan_get get = { 0 };
	bool is_wanted = km_arguments_has(arguments, "--yes");
	enum km_exit result = make_plan(context, arguments, &plan);

	if (is_wanted && km_arguments_has(arguments, "--plan")) {
		(void)km_verb_fail("--plan shows what would be sent, --yes sends it: one of them");
		return KM_EXIT_USAGE;
	}
	if (result != KM_EXIT_DONE) {
		return result;
	}
	/* JSON is one document: of the plan, or of what became of it. */
	if (!is_wanted || !context->wants_json) {
		get.plan = plan.plan;
		result = km_asking_show(context, KM_MESSAGE_plan_get, &get, &steps_view);
	}
	if (result == KM_EXIT_DONE && is_wanted) {
		return run_plan(context, &plan);
	}
	if (result == KM_EXIT_DONE && !context->wants_json) {
		(void)fprintf(stderr, "%s: %s.\nNothing was sent; --yes sends it.\n",
		    plan.camera_name, plan.risk);
	}
	return result;
}

static enum km_exit run_fixes(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_message_remedy_list list = { 0 };
	enum km_exit result = arguments->word_count == 0 ? KM_EXIT_DONE
							 : km_asking_find_camera(context,
							       arguments->words[0], &list.camera);

	return result != KM_EXIT_DONE
		   ? result
		   : km_asking_show(context, KM_MESSAGE_remedy_list, &list, &remedies_view);
}

/* --- first aid --- */

static enum km_exit run_aid(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_column columns[] = {
		{ "number", "incident" },
		{ "title", "title" },
		{ "owner", "owner" },
		{ NULL, NULL },
	};
	static const struct km_asking_view view = {
		.record = KM_MESSAGE_incident, .columns = columns, .none = ""
	};
	static const struct km_asking_option options[] = {
		{ "--alarm", "alarm" },
		{ NULL, NULL },
	};
	const char *camera = arguments->words[0];
	struct km_message_first_aid_begin begin = { 0 };
	enum km_exit result =
	    km_asking_fill(KM_MESSAGE_first_aid_begin, &begin, arguments, options);

	if (result == KM_EXIT_DONE) {
		result = km_asking_find_camera(context, camera, &begin.camera);
	}
	if (result == KM_EXIT_DONE) {
		result = km_asking_show(context, KM_MESSAGE_first_aid_begin, &begin, &view);
	}
	if (result == KM_EXIT_DONE && !context->wants_json) {
		(void)printf(
		    "In this order; each step is ticked off when it is done:\n"
		    "1. isolate   cut it off from everything but the recorder: unplug what leads\n"
		    "             out, or komainu camera fix %s filter --yes\n"
		    "2. reset     komainu camera fix %s reset --yes\n"
		    "3. password  komainu camera fix %s password --account NAME "
		    "--password-file FILE --yes\n"
		    "4. update    komainu camera fix %s firmware --file NAME --yes\n"
		    "5. audit     komainu audit %s\n",
		    camera, camera, camera, camera, camera);
	}
	return result;
}

static const struct km_argument no_arguments[] = { { NULL, NULL, NULL } };

static const struct km_argument fix_arguments[] = {
	{ "--plan", NULL, "only show what would be sent (without --yes, that is all)" },
	{ "--yes", NULL, "send it" },
	{ "--account", "NAME", "password: whose; without it, the recorder's own" },
	{ "--password-file", "FILE",
	    "password: the one that it has now, if that is not the entry's; -: standard input" },
	{ "--allow-clear", NULL, "password: although it crosses the network readable" },
	{ "--services", "LIST", "services: that are stopped, of http, https, discovery" },
	{ "--servers", "LIST", "ntp: names or addresses; without it, those of DHCP" },
	{ "--addresses", "LIST", "filter: that may connect besides the recorder" },
	{ "--off", NULL, "filter: everybody may connect again" },
	{ "--hard", NULL, "reset: its network settings, too" },
	{ "--file", "NAME", "firmware: a file in the folder firmware of the recorder's state" },
	{ NULL, NULL, NULL },
};

static const struct km_argument aid_arguments[] = {
	{ "--alarm", "NUMBER", "that it grows from" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_camera_fix = {
	.name = "camera fix",
	.usage = "CAMERA password|services|ntp|filter|reboot|reset|firmware [--yes] [options]",
	.text = "put a camera right; shows what would be sent, and sends it with --yes",
	.words_min = 2,
	.words_max = 2,
	.arguments = fix_arguments,
	.run = run_fix,
};

const struct km_verb km_verb_camera_fixes = {
	.name = "camera fixes",
	.usage = "[CAMERA]",
	.text = "what was put right, by whom, and how it ended",
	.words_min = 0,
	.words_max = 1,
	.arguments = no_arguments,
	.run = run_fixes,
};

const struct km_verb km_verb_camera_aid = {
	.name = "camera aid",
	.usage = "CAMERA [--alarm NUMBER]",
	.text = "begin first aid for a camera that may be taken over",
	.words_min = 1,
	.words_max = 1,
	.arguments = aid_arguments,
	.run = run_aid,
};
