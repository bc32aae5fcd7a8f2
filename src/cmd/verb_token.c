#include "cmd/asking.h"
#include "cmd/verbs.h"
#include "guard/accounts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum km_exit run_list(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_column columns[] = {
		{ "account_name", "account" },
		{ "name", "name" },
		{ "is_alive", "alive" },
		{ "rights", "rights" },
		{ "expires_unix_us", "until" },
		{ "used_unix_us", "last used" },
		{ "used_from", "from" },
		{ "id", "id" },
		{ NULL, NULL },
	};
	static const struct km_asking_view view = {
		.record = KM_MESSAGE_token, .columns = columns, .none = "no tokens"
	};
	struct km_message_token_list list = { 0 };

	(void)arguments;
	return km_asking_show(context, KM_MESSAGE_token_list, &list, &view);
}

static const struct km_argument add_arguments[] = {
	{ "--rights", "LIST", "what it may do: live,playback,export,status,journal,..." },
	{ "--days", "N", "how long it lives, 1 to 365 (default: 90)" },
	{ "--cameras", "LIST", "names or ids; without: all that the account may see" },
	{ "--allow-from", "LIST", "addresses it may be used from; without: any" },
	{ NULL, NULL, NULL },
};

static enum km_exit take_text(
    const struct km_arguments *arguments, const char *name, char *ret_text, size_t size)
{
	const char *value = km_arguments_get(arguments, name);

	if (value != NULL && km_bytes_copy_text(km_bytes_text(value), ret_text, size) < 0) {
		(void)km_verb_fail("%s: at most %zu bytes are right", name, size - 1);
		return KM_EXIT_USAGE;
	}
	return KM_EXIT_DONE;
}

static enum km_exit fill_token(
    const struct km_arguments *arguments, struct km_message_token_made_get *made)
{
	const char *days = km_arguments_get(arguments, "--days");
	enum km_exit result = KM_EXIT_DONE;

	made->days = 90;
	if (days != NULL && km_bytes_parse_u32(km_bytes_text(days), 365, &made->days) < 0) {
		(void)km_verb_fail("--days %s: 1 to 365 is right", days);
		return KM_EXIT_USAGE;
	}
	if (km_bytes_copy_text(km_bytes_text(arguments->words[1]), made->name, sizeof(made->name)) <
	    0) {
		return km_verb_fail("%s: the name is too long", arguments->words[1]);
	}
	result = take_text(arguments, "--rights", made->rights, sizeof(made->rights));
	if (result == KM_EXIT_DONE) {
		result = take_text(arguments, "--cameras", made->cameras, sizeof(made->cameras));
	}
	if (result == KM_EXIT_DONE) {
		result = take_text(
		    arguments, "--allow-from", made->allow_from, sizeof(made->allow_from));
	}
	return result;
}

static enum km_exit find_owner(
    const struct km_verb_context *context, const char *name, struct km_uuid *ret_id)
{
	struct km_account account;
	struct km_state state = { 0 };
	enum km_exit result = km_verb_open(context, &state);

	if (result == KM_EXIT_DONE &&
	    km_accounts_find(state.database, km_bytes_text(name), &account) < 0) {
		result = km_verb_fail("%s: no such account", name);
	}
	if (result == KM_EXIT_DONE) {
		*ret_id = account.id;
	}
	km_state_close(&state);
	return result;
}

static void on_made(void *context, enum km_message_kind kind, const void *record)
{
	const struct km_message_token_made *made = record;

	(void)context;
	if (kind == KM_MESSAGE_token_made) {
		(void)printf("%s\n", made->token);
	}
}

static enum km_exit run_add(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_view view = { .record = KM_MESSAGE_token_made };
	struct km_message_token_made_get made = { 0 };
	enum km_exit result = fill_token(arguments, &made);

	if (result == KM_EXIT_DONE) {
		result = find_owner(context, arguments->words[0], &made.account);
	}
	if (result != KM_EXIT_DONE) {
		return result;
	}
	return context->wants_json
		   ? km_asking_show(context, KM_MESSAGE_token_made_get, &made, &view)
		   : km_asking_each(context, KM_MESSAGE_token_made_get, &made, on_made, NULL, NULL);
}

static enum km_exit run_end(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_view view = { .record = KM_MESSAGE_done };
	struct km_message_token_end end = { 0 };

	if (km_uuid_parse(km_bytes_text(arguments->words[0]), &end.id) < 0) {
		(void)km_verb_fail(
		    "%s: an id as token list shows it is right", arguments->words[0]);
		return KM_EXIT_USAGE;
	}
	return km_asking_show(context, KM_MESSAGE_token_end, &end, &view);
}

static const struct km_argument no_arguments[] = { { NULL, NULL, NULL } };

const struct km_verb km_verb_token_list = {
	.name = "token list",
	.usage = "",
	.text = "the API tokens: whose, what for, until when",
	.arguments = no_arguments,
	.run = run_list,
};

const struct km_verb km_verb_token_add = {
	.name = "token add",
	.usage = "ACCOUNT NAME --rights LIST [--days N] [options]",
	.text = "make an API token for an account, and print it this once",
	.words_min = 2,
	.words_max = 2,
	.arguments = add_arguments,
	.run = run_add,
};

const struct km_verb km_verb_token_revoke = {
	.name = "token revoke",
	.usage = "ID",
	.text = "end an API token",
	.words_min = 1,
	.words_max = 1,
	.arguments = no_arguments,
	.run = run_end,
};
