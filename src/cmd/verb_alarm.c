#include "cmd/asking.h"
#include "cmd/verbs.h"

static enum km_exit run_list(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_column columns[] = {
		{ "number", "number" },
		{ "severity", "severity" },
		{ "kind", "kind" },
		{ "camera_name", "camera" },
		{ "opened_unix_us", "since" },
		{ "cleared_unix_us", "cleared" },
		{ "acknowledged_by", "acknowledged" },
		{ "text", "text" },
		{ NULL, NULL },
	};
	static const struct km_asking_view view = {
		.record = KM_MESSAGE_alarm, .columns = columns, .none = "no alarms"
	};
	struct km_message_alarm_list list = {
		.is_open = !km_arguments_has(arguments, "--all"),
	};

	return km_asking_show(context, KM_MESSAGE_alarm_list, &list, &view);
}

static const struct km_argument no_arguments[] = { { NULL, NULL, NULL } };

static const struct km_argument list_arguments[] = {
	{ "--all", NULL, "also those that are over" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_alarm_list = {
	.name = "alarm list",
	.usage = "[--all]",
	.text = "what is not in order",
	.arguments = list_arguments,
	.run = run_list,
};

static enum km_exit run_acknowledge(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_view view = { .record = KM_MESSAGE_alarm };
	struct km_message_alarm_acknowledge acknowledge = { 0 };
	enum km_exit result = km_asking_set(
	    KM_MESSAGE_alarm_acknowledge, &acknowledge, "number", arguments->words[0], "NUMBER");

	return result != KM_EXIT_DONE
		   ? result
		   : km_asking_show(context, KM_MESSAGE_alarm_acknowledge, &acknowledge, &view);
}

const struct km_verb km_verb_alarm_acknowledge = {
	.name = "alarm acknowledge",
	.usage = "NUMBER",
	.text = "say that an alarm was seen",
	.words_min = 1,
	.words_max = 1,
	.arguments = no_arguments,
	.run = run_acknowledge,
};
