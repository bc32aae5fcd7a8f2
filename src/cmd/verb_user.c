#include "cmd/verbs.h"

#include "crypto/password.h"
#include "guard/accounts.h"
#include "guard/cameras.h"
#include "guard/login_locks.h"
#include "guard/second_factor.h"
#include "io/clock.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define PASSWORD_SIZE 256

static const struct km_argument no_arguments[] = { { NULL, NULL, NULL } };

static const struct km_argument add_arguments[] = {
	{ "--role", "ROLE", "administrator, user or maintenance (default: user)" },
	{ "--password-file", "FILE", "file with the password (\"-\": standard input)" },
	{ NULL, NULL, NULL },
};

static const struct km_argument password_arguments[] = {
	{ "--password-file", "FILE", "file with the new password (\"-\": standard input)" },
	{ NULL, NULL, NULL },
};

/* Whether it fits one of the account's last passwords. */
static bool was_used(
    const struct km_state *state, const struct km_account *account, const char *password)
{
	char hashes[KM_ACCOUNT_OLD_HASHES_MAX + 1][KM_PASSWORD_HASH_SIZE];
	size_t most = (size_t)state->options.password_history;
	size_t count = 0;
	bool is_used = false;

	if (account == NULL || km_accounts_hashes(state->database, &account->id, hashes,
				   most < KM_COUNT(hashes) ? most : KM_COUNT(hashes), &count) < 0) {
		return false;
	}
	for (size_t i = 0; i < count && !is_used; i++) {
		is_used = km_password_is_right(km_bytes_text(password), hashes[i]);
	}
	return is_used;
}

/* Read a new password, judge it, hash it. account: NULL for a new one. */
static enum km_exit make_hash(const struct km_state *state, const struct km_arguments *arguments,
    const char *name, const struct km_account *account, char ret_hash[static KM_PASSWORD_HASH_SIZE])
{
	const char *path = km_arguments_get(arguments, "--password-file");
	char password[PASSWORD_SIZE] = "";
	enum km_password_flaw flaw = KM_PASSWORD_FINE;
	enum km_exit result = KM_EXIT_DONE;

	if (path == NULL) {
		(void)km_verb_fail(
		    "--password-file FILE is wanted: no password stands on a command line");
		return KM_EXIT_USAGE;
	}
	result = km_verb_read_secret(path, password, sizeof(password));
	if (result == KM_EXIT_DONE) {
		flaw = km_password_judge(km_bytes_text(password), km_bytes_text(name),
		    (unsigned)state->options.password_characters);
	}
	if (result == KM_EXIT_DONE && flaw == KM_PASSWORD_FINE &&
	    was_used(state, account, password)) {
		flaw = KM_PASSWORD_USED;
	}
	if (flaw != KM_PASSWORD_FINE) {
		result = km_verb_fail("password: %s", km_password_flaw_text(flaw));
	}
	if (result == KM_EXIT_DONE && km_password_hash(km_bytes_text(password), ret_hash) < 0) {
		result = km_verb_fail("out of memory");
	}
	explicit_bzero(password, sizeof(password));
	return result;
}

static enum km_account_role role_of(const char *name)
{
	for (int role = KM_ACCOUNT_ADMINISTRATOR; role <= KM_ACCOUNT_MAINTENANCE; role++) {
		if (strcmp(name, km_rights_role_name((enum km_account_role)role)) == 0) {
			return (enum km_account_role)role;
		}
	}
	return KM_ACCOUNT_NONE;
}

static enum km_exit add(
    struct km_state *state, const struct km_arguments *arguments, enum km_account_role role)
{
	const char *name = arguments->words[0];
	char hash[KM_PASSWORD_HASH_SIZE];
	struct km_uuid id = { 0 };
	enum km_exit result = make_hash(state, arguments, name, NULL, hash);
	int err = 0;

	if (result != KM_EXIT_DONE) {
		return result;
	}
	err = km_accounts_add(state->database, name, role, hash, km_clock_unix_us(), &id);
	if (err == KM_ERR_FORMAT) {
		return km_verb_fail("%s: 1 to 63 of a-z, 0-9, '-', '_' and '.' are right", name);
	}
	if (err < 0) {
		return km_verb_fail("%s: %s", name,
		    err == KM_ERR_EXISTS ? "this account exists" : km_error_text(err));
	}
	return km_verb_note(state, KM_EVENT_ACCOUNT_PUT, NULL, &id, "%s: new %s (command line)",
	    name, km_rights_role_name(role));
}

static enum km_exit run_add(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	const char *role_name = km_arguments_get(arguments, "--role");
	enum km_account_role role = role_name == NULL ? KM_ACCOUNT_USER : role_of(role_name);
	struct km_state state = { 0 };
	enum km_exit result = KM_EXIT_DONE;

	if (role == KM_ACCOUNT_NONE) {
		(void)km_verb_fail(
		    "--role %s: administrator, user or maintenance is right", role_name);
		return KM_EXIT_USAGE;
	}
	result = km_verb_open(context, &state);
	if (result == KM_EXIT_DONE) {
		result = add(&state, arguments, role);
	}
	km_state_close(&state);
	return result;
}

/* Open the state and find the account that the first word names. */
static enum km_exit open_account(const struct km_verb_context *context,
    const struct km_arguments *arguments, struct km_state *state, struct km_account *ret_account)
{
	enum km_exit result = km_verb_open(context, state);

	if (result == KM_EXIT_DONE && km_accounts_find(state->database,
					  km_bytes_text(arguments->words[0]), ret_account) < 0) {
		result = km_verb_fail("%s: no such account", arguments->words[0]);
	}
	return result;
}

static enum km_exit run_password(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	char hash[KM_PASSWORD_HASH_SIZE];
	struct km_account account;
	struct km_state state = { 0 };
	enum km_exit result = open_account(context, arguments, &state, &account);

	if (result == KM_EXIT_DONE) {
		result = make_hash(&state, arguments, account.name, &account, hash);
	}
	if (result == KM_EXIT_DONE &&
	    km_accounts_set_hash(state.database, &account.id, hash,
		(unsigned)state.options.password_history, km_clock_unix_us()) < 0) {
		result = km_verb_fail("%s: cannot be stored", account.name);
	}
	if (result == KM_EXIT_DONE) {
		result = km_verb_note(&state, KM_EVENT_PASSWORD_SET, NULL, &account.id,
		    "%s: on the command line", account.name);
	}
	km_state_close(&state);
	return result;
}

static enum km_exit set_disabled(
    const struct km_verb_context *context, const struct km_arguments *arguments, bool is_disabled)
{
	struct km_account account;
	struct km_state state = { 0 };
	enum km_exit result = open_account(context, arguments, &state, &account);

	if (result == KM_EXIT_DONE &&
	    km_accounts_set_disabled(state.database, &account.id, is_disabled) < 0) {
		result = km_verb_fail("%s: cannot be stored", account.name);
	}
	if (result == KM_EXIT_DONE) {
		result = km_verb_note(&state, KM_EVENT_ACCOUNT_PUT, NULL, &account.id,
		    "%s: %s (command line)", account.name, is_disabled ? "disabled" : "enabled");
	}
	km_state_close(&state);
	return result;
}

static enum km_exit run_disable(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	return set_disabled(context, arguments, true);
}

static enum km_exit run_enable(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	return set_disabled(context, arguments, false);
}

/* The rights on cameras that a list such as "live,playback" names. */
static enum km_exit grant_all(struct km_state *state, const struct km_account *account,
    const struct km_camera *camera, const char *list, bool is_granted)
{
	static const enum km_right rights[] = { KM_RIGHT_LIVE, KM_RIGHT_PLAYBACK, KM_RIGHT_EXPORT };
	struct km_bytes rest = km_bytes_text(list);

	while (rest.size > 0) {
		struct km_bytes name = km_bytes_split(&rest, ',');
		size_t i = 0;

		while (i < KM_COUNT(rights) &&
		       !km_bytes_is_equal(name, km_bytes_text(km_rights_name(rights[i])))) {
			i++;
		}
		if (i == KM_COUNT(rights)) {
			return km_verb_fail("%.*s: live, playback or export is right",
			    (int)name.size, (const char *)name.data);
		}
		if (km_accounts_grant(
			state->database, &account->id, &camera->id, rights[i], is_granted) < 0) {
			return km_verb_fail("cannot be stored");
		}
	}
	return km_verb_note(state, KM_EVENT_ACCOUNT_PUT, &camera->id, &account->id,
	    "%s: %s %s on %s (command line)", account->name, is_granted ? "given" : "taken", list,
	    camera->name);
}

static enum km_exit change_grant(
    const struct km_verb_context *context, const struct km_arguments *arguments, bool is_granted)
{
	struct km_account account;
	struct km_camera camera;
	struct km_state state = { 0 };
	enum km_exit result = open_account(context, arguments, &state, &account);

	if (result == KM_EXIT_DONE &&
	    km_cameras_find_name(state.database, km_bytes_text(arguments->words[1]), &camera) < 0) {
		result = km_verb_fail("%s: no camera has this name", arguments->words[1]);
	}
	if (result == KM_EXIT_DONE) {
		result = grant_all(&state, &account, &camera, arguments->words[2], is_granted);
	}
	km_state_close(&state);
	return result;
}

static enum km_exit run_grant(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	return change_grant(context, arguments, true);
}

static enum km_exit run_revoke(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	return change_grant(context, arguments, false);
}

struct listing {
	struct km_database *database;
	json_t *list; /* NULL: lines */
};

static json_t *describe(const struct km_account *account, bool has_factor, int64_t locked_us)
{
	char id_text[KM_UUID_TEXT_SIZE];

	km_uuid_write(&account->id, id_text);
	return json_pack("{s:s, s:s, s:s, s:b, s:b, s:I, s:s}", "id", id_text, "name",
	    account->name, "role", km_rights_role_name(account->role), "disabled",
	    (int)account->is_disabled, "second_factor", (int)has_factor, "locked_us",
	    (json_int_t)locked_us, "allow_from", account->allow_from);
}

static int on_listed(void *context, const struct km_account *account)
{
	struct listing *listing = context;
	struct km_second_factor_state factor = { 0 };
	int64_t locked_us = 0;
	int err = km_second_factor_show(listing->database, &account->id, &factor);

	if (err == 0) {
		err = km_login_locks_of(
		    listing->database, &account->id, km_clock_monotonic_us(), &locked_us);
	}
	if (err < 0) {
		return err;
	}
	if (listing->list != NULL) {
		return json_array_append_new(
			   listing->list, describe(account, factor.is_active, locked_us)) < 0
			   ? KM_ERR_MEMORY
			   : 0;
	}
	(void)printf("%-24s %-14s%s%s%s%s%s\n", account->name, km_rights_role_name(account->role),
	    account->is_disabled ? " disabled" : "", factor.is_active ? " second-factor" : "",
	    locked_us > 0 ? " locked" : "", strcmp(account->allow_from, "any") == 0 ? "" : " from ",
	    strcmp(account->allow_from, "any") == 0 ? "" : account->allow_from);
	return 0;
}

static enum km_exit run_list(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_state state = { 0 };
	struct listing listing = { .list = context->wants_json ? json_array() : NULL };
	enum km_exit result = km_verb_open(context, &state);

	(void)arguments;
	listing.database = state.database;
	if (result == KM_EXIT_DONE && km_accounts_each(state.database, on_listed, &listing) < 0) {
		result = km_verb_fail("the accounts cannot be read");
	}
	if (result == KM_EXIT_DONE && listing.list != NULL) {
		(void)json_dumpf(listing.list, stdout, JSON_INDENT(2));
		(void)fputs("\n", stdout);
	}
	json_decref(listing.list);
	km_state_close(&state);
	return result;
}

static enum km_exit run_unlock(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_account account;
	struct km_state state = { 0 };
	enum km_exit result = open_account(context, arguments, &state, &account);

	if (result == KM_EXIT_DONE && km_login_locks_clear(state.database, &account.id) < 0) {
		result = km_verb_fail("%s: cannot be stored", account.name);
	}
	if (result == KM_EXIT_DONE) {
		result = km_verb_note(&state, KM_EVENT_ACCOUNT_UNLOCKED, NULL, &account.id,
		    "%s: on the command line", account.name);
	}
	km_state_close(&state);
	return result;
}

static const struct km_argument set_arguments[] = {
	{ "--role", "ROLE", "administrator, user or maintenance" },
	{ "--allow-from", "LIST",
	    "addresses it may be used from: 192.0.2.0/24,2001:db8::/32, or any" },
	{ NULL, NULL, NULL },
};

static enum km_exit judge_set(const char *role, const char *allow_from)
{
	struct km_cidr_list list;
	struct km_buf fault;
	char words[200] = "";

	km_buf_init_fixed(&fault, words, sizeof(words) - 1);
	if (role == NULL && allow_from == NULL) {
		(void)km_verb_fail("--role or --allow-from is wanted");
		return KM_EXIT_USAGE;
	}
	if (role != NULL && role_of(role) == KM_ACCOUNT_NONE) {
		(void)km_verb_fail("--role %s: administrator, user or maintenance is right", role);
		return KM_EXIT_USAGE;
	}
	if (allow_from != NULL &&
	    (km_cidr_parse_list(km_bytes_text(allow_from), &list, &fault) < 0 ||
		(list.count == 0 && !list.is_any))) {
		(void)km_verb_fail("--allow-from: %s",
		    words[0] != '\0' ? words : "a list of addresses, or any, is right");
		return KM_EXIT_USAGE;
	}
	return KM_EXIT_DONE;
}

static enum km_exit set_account(struct km_state *state, const struct km_account *account,
    const char *role, const char *allow_from)
{
	int err = 0;

	if (role != NULL) {
		err = km_accounts_set_role(state->database, &account->id, role_of(role));
	}
	if (err == 0 && allow_from != NULL) {
		err = km_accounts_set_allow_from(state->database, &account->id, allow_from);
	}
	if (err < 0) {
		return km_verb_fail("%s: %s", account->name,
		    err == KM_ERR_LIMIT ? "the list is too long" : "cannot be stored");
	}
	return km_verb_note(state, KM_EVENT_ACCOUNT_PUT, NULL, &account->id,
	    "%s:%s%s%s%s (command line)", account->name, role != NULL ? " role " : "",
	    role != NULL ? role : "", allow_from != NULL ? " only from " : "",
	    allow_from != NULL ? allow_from : "");
}

static enum km_exit run_set(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	const char *role = km_arguments_get(arguments, "--role");
	const char *allow_from = km_arguments_get(arguments, "--allow-from");
	struct km_account account;
	struct km_state state = { 0 };
	enum km_exit result = judge_set(role, allow_from);

	if (result == KM_EXIT_DONE) {
		result = open_account(context, arguments, &state, &account);
	}
	if (result == KM_EXIT_DONE) {
		result = set_account(&state, &account, role, allow_from);
	}
	km_state_close(&state);
	return result;
}

#define VERB(row, words, usage_text, text_of, count, options, function)                            \
	const struct km_verb row = {                                                               \
		.name = words,                                                                     \
		.usage = usage_text,                                                               \
		.text = text_of,                                                                   \
		.words_min = count,                                                                \
		.words_max = count,                                                                \
		.arguments = options,                                                              \
		.run = function,                                                                   \
	};

VERB(km_verb_user_add, "user add", "NAME --role ROLE --password-file FILE", "add an account", 1,
    add_arguments, run_add)
VERB(km_verb_user_list, "user list", "", "list the accounts", 0, no_arguments, run_list)
VERB(km_verb_user_password, "user password", "NAME --password-file FILE",
    "set an account's password (and end its lock)", 1, password_arguments, run_password)
VERB(km_verb_user_set, "user set", "NAME [--role ROLE] [--allow-from LIST]",
    "change what an account is, and from where it may be used", 1, set_arguments, run_set)
VERB(km_verb_user_unlock, "user unlock", "NAME", "end an account's locks after failed logins", 1,
    no_arguments, run_unlock)
VERB(km_verb_user_disable, "user disable", "NAME", "keep an account from logging in", 1,
    no_arguments, run_disable)
VERB(km_verb_user_enable, "user enable", "NAME", "let an account log in again", 1, no_arguments,
    run_enable)
VERB(km_verb_user_grant, "user grant", "NAME CAMERA live,playback,export",
    "give an account rights on a camera", 3, no_arguments, run_grant)
VERB(km_verb_user_revoke, "user revoke", "NAME CAMERA live,playback,export",
    "take rights on a camera away", 3, no_arguments, run_revoke)
