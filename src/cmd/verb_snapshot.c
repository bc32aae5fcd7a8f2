#include "cmd/asking.h"
#include "cmd/verbs.h"

static const struct km_asking_column snapshot_columns[] = {
	{ "number", "number" },
	{ "taken_unix_us", "so since" },
	{ "confirmed_unix_us", "last seen" },
	{ "reason", "reason" },
	{ "changes", "changes" },
	{ "unannounced", "unannounced" },
	{ "announced_by", "others by" },
	{ NULL, NULL },
};
static const struct km_asking_view snapshots_view = {
	.record = KM_MESSAGE_snapshot,
	.columns = snapshot_columns,
	.none = "there is no snapshot yet: audit the camera first",
};
static const struct km_asking_column difference_columns[] = {
	{ "theme", "theme" },
	{ "kind", "fact" },
	{ "subject", "of" },
	{ "change", "change" },
	{ "before", "before" },
	{ "after", "after" },
	{ "source", "source" },
	{ "after_unix_us", "seen" },
	{ NULL, NULL },
};
static const struct km_asking_view differences_view = {
	.record = KM_MESSAGE_difference,
	.columns = difference_columns,
	.none = "no difference",
};

static enum km_exit run_list(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_message_snapshot_list list = { 0 };
	enum km_exit result = km_asking_find_camera(context, arguments->words[0], &list.camera);

	return result != KM_EXIT_DONE
		   ? result
		   : km_asking_show(context, KM_MESSAGE_snapshot_list, &list, &snapshots_view);
}

static enum km_exit run_take(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_message_snapshot_take take = { 0 };
	enum km_exit result = km_asking_find_camera(context, arguments->words[0], &take.camera);

	return result != KM_EXIT_DONE
		   ? result
		   : km_asking_show(context, KM_MESSAGE_snapshot_take, &take, &snapshots_view);
}

static enum km_exit run_diff(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_option options[] = {
		{ "--from", "from" },
		{ "--to", "to" },
		{ NULL, NULL },
	};
	struct km_message_difference_list list = { 0 };
	enum km_exit result = km_asking_fill(KM_MESSAGE_difference_list, &list, arguments, options);

	if (result == KM_EXIT_DONE) {
		result = km_asking_find_camera(context, arguments->words[0], &list.camera);
	}
	return result != KM_EXIT_DONE
		   ? result
		   : km_asking_show(context, KM_MESSAGE_difference_list, &list, &differences_view);
}

static const struct km_argument no_arguments[] = { { NULL, NULL, NULL } };

static const struct km_argument diff_arguments[] = {
	{ "--from", "NUMBER", "the earlier snapshot; without it, the one before" },
	{ "--to", "NUMBER", "the later one; without it, the last" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_snapshot_list = {
	.name = "snapshot list",
	.usage = "CAMERA",
	.text = "what a camera was set to, and when that changed",
	.words_min = 1,
	.words_max = 1,
	.arguments = no_arguments,
	.run = run_list,
};

const struct km_verb km_verb_snapshot_take = {
	.name = "snapshot take",
	.usage = "CAMERA",
	.text = "keep what is known of a camera now",
	.words_min = 1,
	.words_max = 1,
	.arguments = no_arguments,
	.run = run_take,
};

const struct km_verb km_verb_diff = {
	.name = "diff",
	.usage = "CAMERA [--from NUMBER] [--to NUMBER]",
	.text = "what differs between two snapshots of a camera",
	.words_min = 1,
	.words_max = 1,
	.arguments = diff_arguments,
	.run = run_diff,
};
