#include "guard/hub_journal.h"

#include "guard/hub_requests.h"
#include "guard/journal_keeper.h"
#include "guard/journal_search.h"
#include "model/states.h"
#include "priv/log.h"

#include <inttypes.h>
#include <string.h>

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     500
#define WHOLE_US      (15 * KM_TIME_SECOND_US) /* after the start, when there is less to do */
#define ROWS_MAX      10000                    /* looked through for one page: some 10 ms */

/* --- what goes wrong --- */

static void on_writing(void *context, int err)
{
	struct km_hub *hub = context;

	if (err < 0) {
		KM_LOG(hub->log, KM_LOG_ERROR, "journal-not-written", km_log_error("why", err));
	} else {
		KM_LOG(hub->log, KM_LOG_NOTICE, "journal-written-again");
	}
}

static void on_broken(void *context, const char *text)
{
	struct km_hub *hub = context;

	KM_LOG(hub->log, KM_LOG_ERROR, "journal-broken", km_log_text("what", text));
	km_journal_note(hub->database, KM_EVENT_JOURNAL_BROKEN, NULL, NULL, "%s", text);
}

static const struct km_journal_keeper_events keeper_events = {
	.on_writing = on_writing,
	.on_broken = on_broken,
};

int km_hub_journal_open(struct km_hub *hub)
{
	const struct km_journal_keeper_options options = {
		.entries = (int64_t)hub->options.journal_sign_entries,
		.period_us = (int64_t)hub->options.journal_sign_minutes * KM_TIME_MINUTE_US,
		.whole_us = WHOLE_US,
	};
	bool was_other = false;
	int err = km_journal_keeper_create(
	    hub->loop, hub->database, hub->vault, &options, &keeper_events, hub, &hub->journal);

	if (err < 0) {
		return err;
	}
	err = km_journal_key_publish(
	    km_journal_keeper_key(hub->journal), hub->state_directory, &was_other);
	if (err < 0 || was_other) {
		KM_LOG(hub->log, KM_LOG_ERROR,
		    err < 0 ? "journal-key-not-published" : "journal-key-file-was-another",
		    km_log_text("file", KM_JOURNAL_KEY_FILE));
	}
	return 0;
}

void km_hub_journal_start(struct km_hub *hub)
{
	int err = km_journal_keeper_start(hub->journal);

	if (err < 0) {
		KM_LOG(hub->log, KM_LOG_ERROR, "journal-not-signed", km_log_error("why", err));
	}
}

void km_hub_journal_sign(struct km_hub *hub)
{
	int err = km_journal_keeper_sign(hub->journal);

	if (err < 0) {
		KM_LOG(hub->log, KM_LOG_ERROR, "journal-not-signed", km_log_error("why", err));
	}
}

void km_hub_journal_close(struct km_hub *hub)
{
	km_journal_keeper_destroy(hub->journal);
	hub->journal = NULL;
}

static unsigned judge(
    const struct km_journal_keeper_state *state, char *ret_problem, size_t problem_size)
{
	if (state->is_broken) {
		(void)km_bytes_copy_text(km_bytes_text(state->text), ret_problem, problem_size);
		return KM_JOURNAL_BROKEN;
	}
	if (state->is_failing) {
		(void)km_bytes_copy_text(
		    KM_BYTES("entries cannot be written"), ret_problem, problem_size);
		return KM_JOURNAL_FAILING;
	}
	if (state->verified_unix_us == 0) {
		(void)km_bytes_copy_text(
		    KM_BYTES("older entries are being verified"), ret_problem, problem_size);
		return KM_JOURNAL_CHECKING;
	}
	return KM_JOURNAL_OK;
}

void km_hub_journal_look(const struct km_hub *hub, struct km_message_status_system *status)
{
	struct km_journal_keeper_state state;

	km_journal_keeper_look(hub->journal, &state);
	status->journal =
	    (uint8_t)judge(&state, status->journal_error, sizeof(status->journal_error));
}

/* --- requests --- */

static int on_found(void *context, const struct km_journal_found *found)
{
	struct km_hub_asking *asking = context;
	const struct km_journal_entry *entry = &found->entry;
	struct km_message_journal_entry record = {
		.number = entry->number,
		.at_unix_us = entry->unix_us,
		.monotonic_us = entry->monotonic_us,
		.camera = entry->camera,
		.account = entry->account,
	};
	bool is_known = entry->event >= 0 && entry->event < UINT16_MAX;
	const char *name = km_events_name(is_known ? (unsigned)entry->event : UINT16_MAX);

	(void)km_bytes_copy_text(km_bytes_text(name), record.event, sizeof(record.event));
	(void)km_bytes_copy_text(
	    km_bytes_text(found->camera_name), record.camera_name, sizeof(record.camera_name));
	(void)km_bytes_copy_text(
	    km_bytes_text(found->account_name), record.account_name, sizeof(record.account_name));
	(void)km_bytes_copy_text(entry->text, record.text, sizeof(record.text));
	return km_hub_requests_answer(asking, KM_MESSAGE_journal_entry, &record);
}

int km_hub_request_journal_list(struct km_hub_asking *asking, struct km_message_journal_list *list)
{
	struct km_journal_wish wish = {
		.before_number = list->before_number,
		.from_us = list->from_unix_us,
		.to_us = list->to_unix_us,
		.camera = list->camera,
		.account = list->account,
		.text = km_bytes_text(list->search),
		.most = list->limit == 0 ? LIMIT_DEFAULT : list->limit,
		.rows_most = ROWS_MAX,
	};
	struct km_message_journal_page page = { 0 };
	struct km_bytes wrong = { 0 };
	int err = km_journal_search_events(km_bytes_text(list->events), &wish, &wrong);

	if (err < 0) {
		return km_hub_requests_fail(asking, KM_ERR_FORMAT, "events: %.*s: %s",
		    (int)(wrong.size < 40 ? wrong.size : 40), (const char *)wrong.data,
		    err == KM_ERR_LIMIT ? "too many" : "there is no such event");
	}
	if (list->limit > LIMIT_MAX) {
		return km_hub_requests_fail(
		    asking, KM_ERR_RANGE, "limit: at most %d is right", LIMIT_MAX);
	}
	(void)km_journal_flush(asking->hub->database); /* so that the newest are there */
	err = km_journal_search_run(
	    asking->hub->database, &wish, on_found, asking, &page.next_number);
	if (err == 0) {
		km_hub_requests_answer(asking, KM_MESSAGE_journal_page, &page);
	}
	return err;
}

int km_hub_request_journal_review(
    struct km_hub_asking *asking, struct km_message_journal_review *review)
{
	struct km_hub *hub = asking->hub;
	int err = 0;

	if (km_bytes_trim(km_bytes_text(review->note)).size == 0) {
		return km_hub_requests_fail(asking, KM_ERR_FORMAT,
		    "note: what was looked at and found, in a few words, is right");
	}
	(void)km_journal_flush(hub->database);
	err = km_journal_search_note_review(hub->database,
	    asking->account == NULL ? NULL : &asking->account->id, km_hub_requests_who(asking),
	    review->until_number, review->note);
	return err == KM_ERR_RANGE
		   ? km_hub_requests_fail(asking, err, "until_number: there is no such entry yet")
		   : err;
}

int km_hub_request_journal_state(
    struct km_hub_asking *asking, struct km_message_journal_state *request)
{
	struct km_hub *hub = asking->hub;
	const struct km_journal_key *key = km_journal_keeper_key(hub->journal);
	struct km_journal_keeper_state state;
	struct km_journal_review review;
	struct km_message_journal_status record = { .public_key_size = sizeof(key->public_key) };
	int err = km_journal_search_review(hub->database, &review);

	(void)request;
	if (err < 0) {
		return err;
	}
	km_journal_keeper_look(hub->journal, &state);
	record.state = (uint8_t)judge(&state, record.problem, sizeof(record.problem));
	record.entries = state.number;
	record.signed_number = state.signed_number;
	record.signed_unix_us = state.signed_unix_us;
	record.verified_number = state.verified_number;
	record.verified_unix_us = state.verified_unix_us;
	record.reviewed_number = review.until_number;
	record.reviewed_unix_us = review.unix_us;
	memcpy(record.reviewed_by, review.who, sizeof(record.reviewed_by));
	memcpy(record.review_note, review.note, sizeof(record.review_note));
	memcpy(record.public_key, key->public_key, sizeof(record.public_key));
	return km_hub_requests_answer(asking, KM_MESSAGE_journal_status, &record);
}

int km_hub_request_journal_sign(
    struct km_hub_asking *asking, struct km_message_journal_sign *request)
{
	(void)request;
	return km_journal_keeper_sign(asking->hub->journal);
}
