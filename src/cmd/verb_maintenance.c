#include "base/time.h"
#include "cmd/asking.h"
#include "cmd/verbs.h"
#include "io/clock.h"

static const struct km_asking_column columns[] = {
	{ "number", "number" },
	{ "camera_name", "camera" },
	{ "from_unix_us", "from" },
	{ "to_unix_us", "to" },
	{ "by", "by" },
	{ "note", "note" },
	{ NULL, NULL },
};
static const struct km_asking_view list_view = {
	.record = KM_MESSAGE_maintenance,
	.columns = columns,
	.none = "no camera is being worked on",
};

static enum km_exit run_list(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_message_maintenance_list list = {
		.is_past = km_arguments_has(arguments, "--all"),
	};

	return km_asking_show(context, KM_MESSAGE_maintenance_list, &list, &list_view);
}

static enum km_exit take_times(
    const struct km_arguments *arguments, struct km_message_maintenance_begin *begin)
{
	const char *length = km_arguments_get(arguments, "--for");
	int64_t span_us = 0;

	if (km_arguments_has(arguments, "--from") &&
	    km_verb_take_time(arguments, "--from", &begin->from_unix_us) != KM_EXIT_DONE) {
		return KM_EXIT_USAGE;
	}
	if ((length == NULL) == !km_arguments_has(arguments, "--until")) {
		(void)km_verb_fail("--for TIME (as 2h) or --until TIME is wanted, one of them");
		return KM_EXIT_USAGE;
	}
	if (length == NULL) {
		return km_verb_take_time(arguments, "--until", &begin->to_unix_us);
	}
	/* What is far too long is for the recorder to refuse; it must only not overflow here. */
	if (km_time_parse_span(km_bytes_text(length), &span_us) < 0 || span_us <= 0 ||
	    span_us > 10000 * KM_TIME_DAY_US) {
		(void)km_verb_fail("--for %s: a time such as 30min, 2h or 3d is right", length);
		return KM_EXIT_USAGE;
	}
	begin->to_unix_us =
	    (begin->from_unix_us == 0 ? km_clock_unix_us() : begin->from_unix_us) + span_us;
	return KM_EXIT_DONE;
}

static enum km_exit run_begin(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_option options[] = {
		{ "--note", "note" },
		{ NULL, NULL },
	};
	struct km_message_maintenance_begin begin = { 0 };
	enum km_exit result =
	    km_asking_fill(KM_MESSAGE_maintenance_begin, &begin, arguments, options);

	if (result == KM_EXIT_DONE) {
		result = take_times(arguments, &begin);
	}
	if (result == KM_EXIT_DONE) {
		result = km_asking_find_camera(context, arguments->words[0], &begin.camera);
	}
	return result != KM_EXIT_DONE
		   ? result
		   : km_asking_show(context, KM_MESSAGE_maintenance_begin, &begin, &list_view);
}

static enum km_exit run_end(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_view view = { .record = KM_MESSAGE_maintenance };
	struct km_message_maintenance_end end = { 0 };
	enum km_exit result = km_asking_set(
	    KM_MESSAGE_maintenance_end, &end, "number", arguments->words[0], "NUMBER");

	return result != KM_EXIT_DONE
		   ? result
		   : km_asking_show(context, KM_MESSAGE_maintenance_end, &end, &view);
}

static const struct km_argument no_arguments[] = { { NULL, NULL, NULL } };

static const struct km_argument list_arguments[] = {
	{ "--all", NULL, "also what is over" },
	{ NULL, NULL, NULL },
};

static const struct km_argument begin_arguments[] = {
	{ "--for", "TIME", "how long, as 2h" },
	{ "--until", "TIME", "until when: 2026-11-22T08:30:00, with Z or an offset, or @SECONDS" },
	{ "--from", "TIME", "from when on; without it, now" },
	{ "--note", "TEXT", "what is done" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_maintenance_list = {
	.name = "maintenance list",
	.usage = "[--all]",
	.text = "cameras that are being worked on, or will be",
	.arguments = list_arguments,
	.run = run_list,
};

const struct km_verb km_verb_maintenance_begin = {
	.name = "maintenance begin",
	.usage = "CAMERA --for TIME | --until TIME [--from TIME] [--note TEXT]",
	.text = "announce work on a camera: its alarms are held",
	.words_min = 1,
	.words_max = 1,
	.arguments = begin_arguments,
	.run = run_begin,
};

const struct km_verb km_verb_maintenance_end = {
	.name = "maintenance end",
	.usage = "NUMBER",
	.text = "the work is done",
	.words_min = 1,
	.words_max = 1,
	.arguments = no_arguments,
	.run = run_end,
};
