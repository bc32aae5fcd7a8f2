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
