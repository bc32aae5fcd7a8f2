#include "cmd/asking.h"
#include "cmd/verbs.h"
#include "guard/accounts.h"

#include <string.h>

static enum km_exit run_list(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_column columns[] = {
		{ "name", "account" },
		{ "address", "from" },
		{ "since_unix_us", "since" },
		{ "used_unix_us", "last used" },
		{ "program", "program" },
		{ "id", "id" },
		{ NULL, NULL },
	};
	static const struct km_asking_view view = {
		.record = KM_MESSAGE_session_info, .columns = columns, .none = "nobody is logged in"
	};
	struct km_message_session_list list = { 0 };

	(void)arguments;
	return km_asking_show(context, KM_MESSAGE_session_list, &list, &view);
}

/* A session's id, or the name of an account. */
static enum km_exit fill_end(
    const struct km_verb_context *context, const char *word, struct km_message_session_end *end)
{
	struct km_account account;
	struct km_state state = { 0 };
	enum km_exit result = KM_EXIT_DONE;

	if (km_uuid_parse(km_bytes_text(word), &end->id) == 0) {
		return KM_EXIT_DONE;
	}
	result = km_verb_open(context, &state);
	if (result == KM_EXIT_DONE) {
		if (km_accounts_find(state.database, km_bytes_text(word), &account) < 0) {
			result = km_verb_fail(
			    "%s: the id of a session or the name of an account is right", word);
		} else {
			end->account = account.id;
		}
	}
	km_state_close(&state);
	return result;
}

static enum km_exit run_end(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_view view = { .record = KM_MESSAGE_done };
	struct km_message_session_end end = { 0 };
	enum km_exit result = fill_end(context, arguments->words[0], &end);

	return result == KM_EXIT_DONE ? km_asking_show(context, KM_MESSAGE_session_end, &end, &view)
				      : result;
}

static const struct km_argument no_arguments[] = { { NULL, NULL, NULL } };

const struct km_verb km_verb_session_list = {
	.name = "session list",
	.usage = "",
	.text = "who is logged in, from where, since when",
	.arguments = no_arguments,
	.run = run_list,
};

const struct km_verb km_verb_session_end = {
	.name = "session end",
	.usage = "ID | NAME",
	.text = "end a session, or all sessions of an account",
	.words_min = 1,
	.words_max = 1,
	.arguments = no_arguments,
	.run = run_end,
};
