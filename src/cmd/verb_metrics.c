#include "cmd/verbs.h"
#include "guard/hub_metrics.h"

static enum km_exit drop(struct km_state *state)
{
	if (km_database_forget(state->database, KM_HUB_METRICS_SETTING) < 0) {
		return km_verb_fail("the token cannot be taken back");
	}
	return km_verb_note(
	    state, KM_EVENT_METRICS_TOKEN, NULL, NULL, "%s", "taken back (command line)");
}

static enum km_exit run_token(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_state state = { 0 };
	enum km_exit result = KM_EXIT_DONE;

	if (!km_arguments_has(arguments, "--drop")) {
		(void)km_verb_fail("an API token reads metrics: komainu token add ACCOUNT NAME "
				   "--rights metrics");
		return KM_EXIT_USAGE;
	}
	result = km_verb_open(context, &state);
	if (result == KM_EXIT_DONE) {
		result = drop(&state);
	}
	km_state_close(&state);
	return result;
}

static const struct km_argument token_arguments[] = {
	{ "--drop", NULL, "take it back" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_metrics_token = {
	.name = "metrics token",
	.usage = "--drop",
	.text = "take back the token for /metrics alone that an earlier version made",
	.arguments = token_arguments,
	.run = run_token,
};
