/* Reading the journal, and recording that somebody did. */
#include "base/time.h"
#include "cmd/asking.h"
#include "cmd/verbs.h"
#include "guard/accounts.h"
#include "guard/cameras.h"
#include "guard/journal_search.h"

#include <stdio.h>
#include <string.h>

#define LIMIT_DEFAULT 100
#define LINE_MAX      8192

/* --- show --- */

struct showing {
	bool wants_json;
	bool is_first;
};

static const char *name_of(const struct km_journal_entry *entry)
{
	bool is_known = entry->event >= 0 && entry->event < UINT16_MAX;

	return km_events_name(is_known ? (unsigned)entry->event : UINT16_MAX);
}

static void add_uuid(struct km_json *json, const char *key, const struct km_uuid *uuid)
{
	if (km_uuid_is_nil(uuid)) {
		km_json_null(json, key);
	} else {
		km_json_uuid(json, key, uuid);
	}
}

static void print_json(struct showing *showing, const struct km_journal_found *found)
{
	const struct km_journal_entry *entry = &found->entry;
	char text[KM_JOURNAL_TEXT_SIZE] = "";
	char time[KM_TIME_TEXT_SIZE];
	struct km_json json;

	(void)km_bytes_copy_text(entry->text, text, sizeof(text));
	km_time_write(entry->unix_us, time);
	km_json_init(&json, LINE_MAX);
	km_json_open(&json, NULL, '{');
	km_json_i64(&json, "number", entry->number);
	km_json_i64(&json, "at_us", entry->unix_us);
	km_json_text(&json, "at", time);
	km_json_i64(&json, "monotonic_us", entry->monotonic_us);
	km_json_text(&json, "event", name_of(entry));
	add_uuid(&json, "camera", &entry->camera);
	km_json_text(&json, "camera_name", found->camera_name);
	add_uuid(&json, "account", &entry->account);
	km_json_text(&json, "account_name", found->account_name);
	km_json_text(&json, "text", text);
	km_json_close(&json, '}');
	(void)printf("%s\n  %.*s", showing->is_first ? "" : ",", (int)json.buf.size,
	    (const char *)json.buf.data);
	km_json_finish(&json);
}

static int on_found(void *context, const struct km_journal_found *found)
{
	struct showing *showing = context;
	const struct km_journal_entry *entry = &found->entry;
	char time[KM_TIME_TEXT_SIZE];

	if (showing->wants_json) {
		print_json(showing, found);
	} else {
		km_time_write(entry->unix_us, time);
		(void)printf("%lld %s %-16s %s%s%s%s%.*s\n", (long long)entry->number, time,
		    name_of(entry), found->camera_name, found->camera_name[0] == '\0' ? "" : " ",
		    found->account_name, found->account_name[0] == '\0' ? "" : " ",
		    (int)entry->text.size, (const char *)entry->text.data);
	}
	showing->is_first = false;
	return 0;
}

static enum km_exit take_names(struct km_database *database, const struct km_arguments *arguments,
    struct km_journal_wish *wish)
{
	const char *camera_name = km_arguments_get(arguments, "--camera");
	const char *account_name = km_arguments_get(arguments, "--account");
	struct km_camera camera;
	struct km_account account;

	if (camera_name != NULL) {
		if (km_cameras_find_name_ever(database, km_bytes_text(camera_name), &camera) < 0) {
			return km_verb_fail("%s: no camera has this name", camera_name);
		}
		wish->camera = camera.id;
	}
	if (account_name != NULL) {
		if (km_accounts_find(database, km_bytes_text(account_name), &account) < 0) {
			return km_verb_fail("%s: no account has this name", account_name);
		}
		wish->account = account.id;
		explicit_bzero(&account, sizeof(account));
	}
	return KM_EXIT_DONE;
}

static enum km_exit take_wish(const struct km_arguments *arguments, struct km_journal_wish *wish)
{
	const char *limit = km_arguments_get(arguments, "--limit");
	struct km_bytes wrong = { 0 };
	uint64_t most = LIMIT_DEFAULT;
	enum km_exit result = KM_EXIT_DONE;

	if (km_arguments_has(arguments, "--from")) {
		result = km_verb_take_time(arguments, "--from", &wish->from_us);
	}
	if (result == KM_EXIT_DONE && km_arguments_has(arguments, "--to")) {
		result = km_verb_take_time(arguments, "--to", &wish->to_us);
	}
	if (result != KM_EXIT_DONE) {
		return result;
	}
	if (limit != NULL && km_bytes_parse_u64(km_bytes_text(limit), INT64_MAX, &most) < 0) {
		(void)km_verb_fail("--limit %s: a number is right; 0: all", limit);
		return KM_EXIT_USAGE;
	}
	wish->most = most == 0 ? INT64_MAX : (int64_t)most;
	wish->text = km_bytes_text(km_arguments_get(arguments, "--search"));
	if (km_journal_search_events(
		km_bytes_text(km_arguments_get(arguments, "--event")), wish, &wrong) < 0) {
		(void)km_verb_fail("--event %.*s: there is no such event", (int)wrong.size,
		    (const char *)wrong.data);
		return KM_EXIT_USAGE;
	}
	return KM_EXIT_DONE;
}

static enum km_exit run_show(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct showing showing = { .wants_json = context->wants_json, .is_first = true };
	struct km_journal_wish wish = { 0 };
	struct km_state state = { 0 };
	int64_t next = 0;
	enum km_exit result = take_wish(arguments, &wish);
	int err = 0;

	if (result == KM_EXIT_DONE) {
		result = km_verb_open(context, &state);
	}
	if (result == KM_EXIT_DONE) {
		result = take_names(state.database, arguments, &wish);
	}
	if (result == KM_EXIT_DONE) {
		(void)fputs(showing.wants_json ? "{\"entries\": [" : "", stdout);
		err = km_journal_search_run(state.database, &wish, on_found, &showing, &next);
		(void)fputs(showing.wants_json ? "\n]}\n" : "", stdout);
	}
	km_state_close(&state);
	return err < 0 ? km_verb_fail("the journal cannot be read: %s", km_error_text(err))
		       : result;
}

static const struct km_argument show_arguments[] = {
	{ "--from", "TIME", "2026-11-22T08:30:00, with Z or an offset, or @SECONDS" },
	{ "--to", "TIME", "the same" },
	{ "--camera", "NAME", "entries about this camera" },
	{ "--account", "NAME", "what this account did" },
	{ "--event", "NAMES", "kinds of entries, joined by commas, as login,login_failed" },
	{ "--search", "TEXT", "entries whose text has this in it" },
	{ "--limit", "N", "at most so many (100); 0: all" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_journal_show = {
	.name = "journal show",
	.usage = "[--from TIME --to TIME --camera NAME --account NAME --event NAMES --search TEXT]",
	.text = "what happened, newest first",
	.arguments = show_arguments,
	.run = run_show,
};

/* --- review --- */

static enum km_exit run_review(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	const char *note = km_arguments_get(arguments, "--note");
	const char *until = km_arguments_get(arguments, "--up-to");
	struct km_journal_review review;
	struct km_state state = { 0 };
	uint64_t number = 0;
	enum km_exit result = KM_EXIT_DONE;
	int err = 0;

	if (note == NULL || km_bytes_trim(km_bytes_text(note)).size == 0 ||
	    strlen(note) >= sizeof(review.note)) {
		(void)km_verb_fail(
		    "--note TEXT: what was looked at and found, in at most %zu bytes, "
		    "is right",
		    sizeof(review.note) - 1);
		return KM_EXIT_USAGE;
	}
	if (until != NULL && km_bytes_parse_u64(km_bytes_text(until), INT64_MAX, &number) < 0) {
		(void)km_verb_fail("--up-to %s: the number of an entry is right", until);
		return KM_EXIT_USAGE;
	}
	result = km_verb_open(context, &state);
	if (result != KM_EXIT_DONE) {
		return result;
	}
	err = km_journal_search_note_review(
	    state.database, NULL, "command line", (int64_t)number, note);
	if (err == 0) {
		err = km_journal_search_review(state.database, &review);
	}
	if (err == 0) {
		(void)printf(context->wants_json ? "{\"reviewed_number\": %lld}\n"
						 : "reviewed up to entry %lld\n",
		    (long long)review.until_number);
	} else {
		result = err == KM_ERR_RANGE
			     ? km_verb_fail("--up-to %s: there is no such entry yet", until)
			     : km_verb_fail("the review cannot be written: %s", km_error_text(err));
	}
	km_state_close(&state);
	return result;
}

static const struct km_argument review_arguments[] = {
	{ "--note", "TEXT", "what was looked at and found" },
	{ "--up-to", "N", "the last entry that was looked at (default: the newest)" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_journal_review = {
	.name = "journal review",
	.usage = "--note TEXT [--up-to N]",
	.text = "record that somebody went through the journal",
	.arguments = review_arguments,
	.run = run_review,
};

/* --- state --- */

static enum km_exit run_state(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_column columns[] = {
		{ "state", "state" },
		{ "entries", "entries" },
		{ "signed_number", "signed to" },
		{ "verified_number", "verified to" },
		{ "reviewed_number", "reviewed to" },
		{ "reviewed_by", "by" },
		{ "reviewed_unix_us", "at" },
		{ "problem", "problem" },
		{ NULL, NULL },
	};
	static const struct km_asking_view view = { .record = KM_MESSAGE_journal_status,
		.columns = columns };
	struct km_message_journal_state request = { 0 };

	(void)arguments;
	return km_asking_show(context, KM_MESSAGE_journal_state, &request, &view);
}

static const struct km_argument no_arguments[] = { { NULL, NULL, NULL } };

const struct km_verb km_verb_journal_state = {
	.name = "journal state",
	.usage = "",
	.text = "how the running recorder's journal does, and who reviewed it last",
	.arguments = no_arguments,
	.run = run_state,
};
