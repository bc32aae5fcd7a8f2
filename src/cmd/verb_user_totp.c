/* The second factor, from the command line: for who set up the recorder, and for who lost it. */
#include "cmd/verbs.h"
#include "guard/accounts.h"
#include "guard/second_factor.h"
#include "io/clock.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct shown {
	char secret[KM_SECOND_FACTOR_SECRET_SIZE];
	char uri[KM_SECOND_FACTOR_URI_SIZE];
	char codes[KM_SECOND_FACTOR_CODES][KM_SECOND_FACTOR_CODE_SIZE];
};

static enum km_exit show_json(const struct shown *shown)
{
	json_t *codes = json_array();
	json_t *whole = NULL;

	for (size_t i = 0; i < KM_SECOND_FACTOR_CODES; i++) {
		if (json_array_append_new(codes, json_string(shown->codes[i])) < 0) {
			json_decref(codes);
			return km_verb_fail("out of memory");
		}
	}
	whole = json_pack(
	    "{s:s, s:s, s:o}", "secret", shown->secret, "uri", shown->uri, "recovery_codes", codes);
	(void)json_dumpf(whole, stdout, JSON_INDENT(2));
	(void)fputs("\n", stdout);
	json_decref(whole);
	return KM_EXIT_DONE;
}

static enum km_exit show(const struct km_verb_context *context, const struct shown *shown)
{
	if (context->wants_json) {
		return show_json(shown);
	}
	(void)printf("For the authenticator application, shown this once:\n  %s\n  %s\n"
		     "Codes for when it is lost, each works once:\n",
	    shown->secret, shown->uri);
	for (size_t i = 0; i < KM_SECOND_FACTOR_CODES; i++) {
		(void)printf("  %s\n", shown->codes[i]);
	}
	return KM_EXIT_DONE;
}

static int enable(struct km_state *state, const struct km_account *account, struct shown *shown)
{
	int err =
	    km_second_factor_begin(state->vault, state->database, &account->id, shown->secret);

	if (err == 0) {
		km_second_factor_write_uri(account->name, shown->secret, shown->uri);
		err = km_second_factor_confirm(state->vault, state->database, &account->id,
		    km_bytes_from(NULL, 0), km_clock_unix_us(), shown->codes);
	}
	if (err == 0) {
		err = km_accounts_bump(state->database, &account->id);
	}
	return err;
}

static enum km_exit run_enable(
    const struct km_verb_context *context, struct km_state *state, const struct km_account *account)
{
	struct shown shown = { .secret = "" };
	int err = enable(state, account, &shown);
	enum km_exit result = KM_EXIT_DONE;

	if (err == KM_ERR_STATE) {
		result = km_verb_fail("%s has a second factor already", account->name);
	} else if (err < 0) {
		result = km_verb_fail("%s: cannot be stored", account->name);
	} else {
		enum km_exit noted = km_verb_note(state, KM_EVENT_SECOND_FACTOR_ON, NULL,
		    &account->id, "%s: on the command line", account->name);

		result = show(context, &shown);
		result = result == KM_EXIT_DONE ? noted : result;
	}
	explicit_bzero(&shown, sizeof(shown));
	return result;
}

static enum km_exit run_disable(struct km_state *state, const struct km_account *account)
{
	int err = km_second_factor_drop(state->database, &account->id);

	if (err == 0) {
		err = km_accounts_bump(state->database, &account->id);
	}
	if (err < 0) {
		return km_verb_fail("%s: cannot be stored", account->name);
	}
	return km_verb_note(state, KM_EVENT_SECOND_FACTOR_OFF, NULL, &account->id,
	    "%s: on the command line", account->name);
}

static enum km_exit run(const struct km_verb_context *context, const struct km_arguments *arguments)
{
	const char *what = arguments->words[0];
	bool enables = strcmp(what, "enable") == 0;
	struct km_account account;
	struct km_state state = { 0 };
	enum km_exit result = KM_EXIT_DONE;

	if (!enables && strcmp(what, "disable") != 0) {
		(void)km_verb_fail("%s: enable or disable is right", what);
		return KM_EXIT_USAGE;
	}
	result = enables ? km_verb_unlock(context, &state) : km_verb_open(context, &state);
	if (result == KM_EXIT_DONE &&
	    km_accounts_find(state.database, km_bytes_text(arguments->words[1]), &account) < 0) {
		result = km_verb_fail("%s: no such account", arguments->words[1]);
	}
	if (result == KM_EXIT_DONE) {
		result =
		    enables ? run_enable(context, &state, &account) : run_disable(&state, &account);
	}
	km_state_close(&state);
	return result;
}

static const struct km_argument no_arguments[] = { { NULL, NULL, NULL } };

const struct km_verb km_verb_user_totp = {
	.name = "user totp",
	.usage = "enable|disable NAME",
	.text = "give an account a second factor, or take it away",
	.words_min = 2,
	.words_max = 2,
	.arguments = no_arguments,
	.run = run,
};
