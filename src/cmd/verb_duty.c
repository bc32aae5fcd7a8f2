#include "base/time.h"
#include "cmd/asking.h"
#include "cmd/verbs.h"
#include "model/states.h"

static const struct km_asking_column duty_columns[] = {
	{ "number", "number" },
	{ "kind", "kind" },
	{ "title", "title" },
	{ "due_unix_us", "due" },
	{ "is_overdue", "overdue" },
	{ "interval_days", "days" },
	{ "owner", "owner" },
	{ "done_unix_us", "last done" },
	{ "done_by", "by" },
	{ NULL, NULL },
};
static const struct km_asking_view duty_view = {
	.record = KM_MESSAGE_duty, .columns = duty_columns, .none = "no duties"
};

static enum km_exit run_list(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_message_duty_list list = {
		.is_overdue = km_arguments_has(arguments, "--overdue"),
	};

	return km_asking_show(context, KM_MESSAGE_duty_list, &list, &duty_view);
}

/* The options that a new one and a change have in common. */
static enum km_exit take_put(const struct km_arguments *arguments, struct km_message_duty_put *put)
{
	static const struct km_asking_option options[] = {
		{ "--owner", "owner" },
		{ NULL, NULL },
	};
	const char *every = km_arguments_get(arguments, "--every");
	int64_t span_us = 0;
	enum km_exit result = km_asking_fill(KM_MESSAGE_duty_put, put, arguments, options);

	if (result == KM_EXIT_DONE && every != NULL) {
		if (km_time_parse_span(km_bytes_text(every), &span_us) < 0 || span_us <= 0 ||
		    span_us % KM_TIME_DAY_US != 0 || span_us / KM_TIME_DAY_US > UINT32_MAX) {
			(void)km_verb_fail(
			    "--every %s: whole days, as 30d or 2w, are right", every);
			return KM_EXIT_USAGE;
		}
		put->interval_days = (uint32_t)(span_us / KM_TIME_DAY_US);
	}
	if (result == KM_EXIT_DONE && km_arguments_has(arguments, "--due")) {
		result = km_verb_take_time(arguments, "--due", &put->due_unix_us);
	}
	return result;
}

static enum km_exit run_add(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_message_duty_put put = { 0 };
	enum km_exit result =
	    km_asking_set(KM_MESSAGE_duty_put, &put, "title", arguments->words[0], "TITLE");

	if (result == KM_EXIT_DONE) {
		result = take_put(arguments, &put);
	}
	if (result == KM_EXIT_DONE && put.interval_days == 0) {
		(void)km_verb_fail("--every TIME is wanted, as 30d");
		return KM_EXIT_USAGE;
	}
	return result != KM_EXIT_DONE
		   ? result
		   : km_asking_show(context, KM_MESSAGE_duty_put, &put, &duty_view);
}

struct search {
	int64_t number;
	struct km_message_duty found;
};

static void on_duty(void *context, enum km_message_kind kind, const void *record)
{
	struct search *search = context;
	const struct km_message_duty *duty = record;

	if (kind == KM_MESSAGE_duty && duty->number == search->number) {
		search->found = *duty;
	}
}

static enum km_exit run_set(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_option title[] = {
		{ "--title", "title" },
		{ NULL, NULL },
	};
	struct km_message_duty_list list = { 0 };
	struct km_message_duty_put put = { 0 };
	struct search search = { 0 };
	enum km_exit result =
	    km_asking_set(KM_MESSAGE_duty_put, &put, "number", arguments->words[0], "NUMBER");

	search.number = put.number;
	if (result == KM_EXIT_DONE) {
		result =
		    km_asking_each(context, KM_MESSAGE_duty_list, &list, on_duty, &search, NULL);
	}
	if (result != KM_EXIT_DONE) {
		return result;
	}
	if (search.found.number == 0) {
		(void)km_verb_fail("there is no duty %s", arguments->words[0]);
		return KM_EXIT_ABSENT;
	}
	/* What no option changes stays as it is. */
	(void)km_bytes_copy_text(km_bytes_text(search.found.title), put.title, sizeof(put.title));
	(void)km_bytes_copy_text(km_bytes_text(search.found.owner), put.owner, sizeof(put.owner));
	put.interval_days = search.found.interval_days;
	result = km_asking_fill(KM_MESSAGE_duty_put, &put, arguments, title);
	if (result == KM_EXIT_DONE) {
		result = take_put(arguments, &put);
	}
	return result != KM_EXIT_DONE
		   ? result
		   : km_asking_show(context, KM_MESSAGE_duty_put, &put, &duty_view);
}

static enum km_exit run_remove(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_view view = { .record = KM_MESSAGE_duty };
	struct km_message_duty_drop drop = { 0 };
	enum km_exit result =
	    km_asking_set(KM_MESSAGE_duty_drop, &drop, "number", arguments->words[0], "NUMBER");

	return result != KM_EXIT_DONE ? result
				      : km_asking_show(context, KM_MESSAGE_duty_drop, &drop, &view);
}

static enum km_exit run_done(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_view view = { .record = KM_MESSAGE_duty };
	static const struct km_asking_option options[] = {
		{ "--result", "result" },
		{ "--note", "note" },
		{ NULL, NULL },
	};
	struct km_message_duty_done done = { .result = KM_DUTY_RESULT_FINE };
	enum km_exit result =
	    km_asking_set(KM_MESSAGE_duty_done, &done, "number", arguments->words[0], "NUMBER");

	if (result == KM_EXIT_DONE) {
		result = km_asking_fill(KM_MESSAGE_duty_done, &done, arguments, options);
	}
	return result != KM_EXIT_DONE ? result
				      : km_asking_show(context, KM_MESSAGE_duty_done, &done, &view);
}

static enum km_exit run_history(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_column columns[] = {
		{ "number", "duty" },
		{ "done_unix_us", "done" },
		{ "by", "by" },
		{ "result", "result" },
		{ "note", "note" },
		{ NULL, NULL },
	};
	static const struct km_asking_view view = {
		.record = KM_MESSAGE_duty_record, .columns = columns, .none = "nothing was done yet"
	};
	struct km_message_duty_history history = { 0 };
	enum km_exit result = KM_EXIT_DONE;

	if (arguments->word_count > 0) {
		result = km_asking_set(
		    KM_MESSAGE_duty_history, &history, "number", arguments->words[0], "NUMBER");
	}
	return result != KM_EXIT_DONE
		   ? result
		   : km_asking_show(context, KM_MESSAGE_duty_history, &history, &view);
}

static const struct km_argument no_arguments[] = { { NULL, NULL, NULL } };

static const struct km_argument list_arguments[] = {
	{ "--overdue", NULL, "only those" },
	{ NULL, NULL, NULL },
};

/* A new one has its title before them. */
static const struct km_argument put_arguments[] = {
	{ "--title", "TEXT", "what is to be done; of a duty of your own" },
	{ "--every", "TIME", "the interval in days or weeks, as 30d" },
	{ "--owner", "NAME", "who does it" },
	{ "--due", "TIME", "the next time; without it, as the interval says" },
	{ NULL, NULL, NULL },
};

static const struct km_argument done_arguments[] = {
	{ "--result", "RESULT", "fine, findings (something is to be put right) or skipped" },
	{ "--note", "TEXT", "what was found, or why not; wanted unless all was fine" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_duty_list = {
	.name = "duty list",
	.usage = "[--overdue]",
	.text = "what people do again and again",
	.arguments = list_arguments,
	.run = run_list,
};

const struct km_verb km_verb_duty_add = {
	.name = "duty add",
	.usage = "TITLE --every TIME [--owner NAME] [--due TIME]",
	.text = "add a duty of your own",
	.words_min = 1,
	.words_max = 1,
	.arguments = put_arguments + 1,
	.run = run_add,
};

const struct km_verb km_verb_duty_set = {
	.name = "duty set",
	.usage = "NUMBER [--title TEXT] [--every TIME] [--owner NAME] [--due TIME]",
	.text = "change a duty",
	.words_min = 1,
	.words_max = 1,
	.arguments = put_arguments,
	.run = run_set,
};

const struct km_verb km_verb_duty_remove = {
	.name = "duty remove",
	.usage = "NUMBER",
	.text = "remove a duty of your own; its history stays",
	.words_min = 1,
	.words_max = 1,
	.arguments = no_arguments,
	.run = run_remove,
};

const struct km_verb km_verb_duty_done = {
	.name = "duty done",
	.usage = "NUMBER [--result RESULT] [--note TEXT]",
	.text = "record that a duty was done",
	.words_min = 1,
	.words_max = 1,
	.arguments = done_arguments,
	.run = run_done,
};

const struct km_verb km_verb_duty_history = {
	.name = "duty history",
	.usage = "[NUMBER]",
	.text = "when duties were done, by whom, with which result",
	.words_max = 1,
	.arguments = no_arguments,
	.run = run_history,
};
