#include "cmd/asking.h"
#include "cmd/verbs.h"

static const struct km_asking_column incident_columns[] = {
	{ "number", "number" },
	{ "kind", "kind" },
	{ "owner", "owner" },
	{ "opened_unix_us", "since" },
	{ "ended_unix_us", "ended" },
	{ "title", "title" },
	{ "outcome", "outcome" },
	{ NULL, NULL },
};
static const struct km_asking_view incident_view = {
	.record = KM_MESSAGE_incident, .columns = incident_columns, .none = "no incidents"
};

static enum km_exit run_list(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_message_incident_list list = {
		.is_open = !km_arguments_has(arguments, "--all"),
	};

	return km_asking_show(context, KM_MESSAGE_incident_list, &list, &incident_view);
}

static enum km_exit run_show(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_column columns[] = {
		{ "at_unix_us", "at" },
		{ "by", "by" },
		{ "text", "text" },
		{ NULL, NULL },
	};
	static const struct km_asking_view notes = {
		.record = KM_MESSAGE_incident_note, .columns = columns, .none = "no notes"
	};
	struct km_message_incident_get get = { 0 };
	enum km_exit result =
	    km_asking_set(KM_MESSAGE_incident_get, &get, "number", arguments->words[0], "NUMBER");

	/* A table has rows of one kind; JSON has all. */
	if (result == KM_EXIT_DONE && !context->wants_json) {
		result = km_asking_show(context, KM_MESSAGE_incident_get, &get, &incident_view);
	}
	return result != KM_EXIT_DONE
		   ? result
		   : km_asking_show(context, KM_MESSAGE_incident_get, &get, &notes);
}

static enum km_exit run_open(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_option options[] = {
		{ "--alarm", "alarm" },
		{ "--title", "title" },
		{ "--owner", "owner" },
		{ NULL, NULL },
	};
	struct km_message_incident_open open = { 0 };
	enum km_exit result = km_asking_fill(KM_MESSAGE_incident_open, &open, arguments, options);

	return result != KM_EXIT_DONE
		   ? result
		   : km_asking_show(context, KM_MESSAGE_incident_open, &open, &incident_view);
}

static enum km_exit run_work(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_view view = { .record = KM_MESSAGE_incident };
	static const struct km_asking_option options[] = {
		{ "--step", "step" },
		{ "--undo", "step" },
		{ "--note", "text" },
		{ "--owner", "owner" },
		{ NULL, NULL },
	};
	struct km_message_incident_work work = {
		.has_owner = km_arguments_has(arguments, "--owner"),
		.is_undone = km_arguments_has(arguments, "--undo"),
	};
	enum km_exit result =
	    km_asking_set(KM_MESSAGE_incident_work, &work, "number", arguments->words[0], "NUMBER");

	if (result == KM_EXIT_DONE) {
		result = km_asking_fill(KM_MESSAGE_incident_work, &work, arguments, options);
	}
	if (result == KM_EXIT_DONE && work.is_undone && km_arguments_has(arguments, "--step")) {
		(void)km_verb_fail("--step or --undo is right: one of them");
		return KM_EXIT_USAGE;
	}
	if (result == KM_EXIT_DONE && !work.has_owner && work.step == 0 && work.text[0] == '\0') {
		(void)km_verb_fail("--step, --undo, --note or --owner is wanted");
		return KM_EXIT_USAGE;
	}
	return result != KM_EXIT_DONE
		   ? result
		   : km_asking_show(context, KM_MESSAGE_incident_work, &work, &view);
}

static enum km_exit run_end(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_view view = { .record = KM_MESSAGE_incident };
	static const struct km_asking_option options[] = {
		{ "--outcome", "outcome" },
		{ NULL, NULL },
	};
	struct km_message_incident_end end = { 0 };
	enum km_exit result =
	    km_asking_set(KM_MESSAGE_incident_end, &end, "number", arguments->words[0], "NUMBER");

	if (result == KM_EXIT_DONE) {
		result = km_asking_fill(KM_MESSAGE_incident_end, &end, arguments, options);
	}
	return result != KM_EXIT_DONE
		   ? result
		   : km_asking_show(context, KM_MESSAGE_incident_end, &end, &view);
}

static const struct km_argument no_arguments[] = { { NULL, NULL, NULL } };

static const struct km_argument list_arguments[] = {
	{ "--all", NULL, "also those that have ended" },
	{ NULL, NULL, NULL },
};

static const struct km_argument open_arguments[] = {
	{ "--alarm", "NUMBER", "the alarm that it grows from" },
	{ "--title", "TEXT", "what it is; without one, the alarm's kind" },
	{ "--owner", "NAME", "who takes care of it" },
	{ NULL, NULL, NULL },
};

static const struct km_argument work_arguments[] = {
	{ "--step", "NUMBER", "this step of the checklist was done" },
	{ "--undo", "NUMBER", "it was not done after all" },
	{ "--note", "TEXT", "what was seen or done" },
	{ "--owner", "NAME", "who takes care of it from now on" },
	{ NULL, NULL, NULL },
};

static const struct km_argument end_arguments[] = {
	{ "--outcome", "TEXT", "what it was, and what was done" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_incident_list = {
	.name = "incident list",
	.usage = "[--all]",
	.text = "what people are working on",
	.arguments = list_arguments,
	.run = run_list,
};

const struct km_verb km_verb_incident_show = {
	.name = "incident show",
	.usage = "NUMBER",
	.text = "an incident with its notes",
	.words_min = 1,
	.words_max = 1,
	.arguments = no_arguments,
	.run = run_show,
};

const struct km_verb km_verb_incident_open = {
	.name = "incident open",
	.usage = "[--alarm NUMBER] [--title TEXT] [--owner NAME]",
	.text = "begin an incident",
	.arguments = open_arguments,
	.run = run_open,
};

const struct km_verb km_verb_incident_work = {
	.name = "incident work",
	.usage = "NUMBER [--step NUMBER | --undo NUMBER] [--note TEXT] [--owner NAME]",
	.text = "a step, a note, or another owner",
	.words_min = 1,
	.words_max = 1,
	.arguments = work_arguments,
	.run = run_work,
};

const struct km_verb km_verb_incident_end = {
	.name = "incident end",
	.usage = "NUMBER --outcome TEXT",
	.text = "end an incident",
	.words_min = 1,
	.words_max = 1,
	.arguments = end_arguments,
	.run = run_end,
};
