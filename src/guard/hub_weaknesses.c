/* What a person knows of a camera: support's end, day of purchase, label, and what it is. */
#include "base/time.h"
#include "guard/audits.h"
#include "guard/hub_requests.h"
#include "guard/journal.h"
#include "guard/weaknesses.h"
#include "io/clock.h"
#include "model/states.h"
#include "store/weakness_file.h"

#include <stdio.h>
#include <string.h>

/* What may be entered by hand; the rest is for the auditor to see. */
static const struct {
	enum km_fact_kind kind;
	bool is_day;
	bool means_end; /* a month or a day alone means its end */
} enterable[] = {
	{ KM_FACT_SUPPORT_END, true, true },
	{ KM_FACT_BOUGHT, true, false },
	{ KM_FACT_JC_STAR, false, false },
	{ KM_FACT_MAKER, false, false },
	{ KM_FACT_MODEL, false, false },
	{ KM_FACT_FIRMWARE, false, false },
	{ KM_FACT_HARDWARE, false, false },
	{ KM_FACT_SERIAL, false, false },
};

/* "2027-03", "2027-03-31" or a whole time; the first instant of it, or the last. */
static int take_day(const char *text, bool means_end, int64_t *ret_unix_us)
{
	char whole[32];
	size_t length = strlen(text);
	int64_t span_us = KM_TIME_DAY_US;
	int64_t begin_us = 0;
	int err = 0;

	if (length > 10) {
		return km_time_parse(km_bytes_text(text), INT64_MIN, ret_unix_us);
	}
	if (length != 7 && length != 10) {
		return KM_ERR_FORMAT;
	}
	(void)snprintf(whole, sizeof(whole), "%s%sT00:00:00Z", text, length == 7 ? "-01" : "");
	err = km_time_parse(km_bytes_text(whole), INT64_MIN, &begin_us);
	if (err == 0 && length == 7) {
		/* Up to the first day that lies in another month. */
		for (span_us = 28 * KM_TIME_DAY_US; span_us < 31 * KM_TIME_DAY_US;
		     span_us += KM_TIME_DAY_US) {
			char next[KM_TIME_TEXT_SIZE];

			km_time_write(begin_us + span_us, next);
			if (strncmp(next, text, 7) != 0) {
				break;
			}
		}
	}
	if (err == 0) {
		*ret_unix_us = means_end ? begin_us + span_us - 1 : begin_us;
	}
	return err;
}

static int fill(
    struct km_hub_asking *asking, const struct km_message_fact_put *put, struct km_fact *fact)
{
	enum km_fact_kind kind = KM_FACT_MAKER;
	int64_t unix_us = 0;
	size_t i = 0;

	if (km_facts_find(km_bytes_text(put->kind), &kind) < 0) {
		return km_hub_requests_fail(
		    asking, KM_ERR_NOT_FOUND, "kind: there is no fact %s", put->kind);
	}
	while (i < KM_COUNT(enterable) && enterable[i].kind != kind) {
		i++;
	}
	if (i == KM_COUNT(enterable)) {
		return km_hub_requests_fail(asking, KM_ERR_DENIED,
		    "kind: %s is for an audit to see; support_end, bought, jc_star, maker, model, "
		    "firmware, hardware and serial may be entered",
		    put->kind);
	}
	fact->kind = (uint16_t)kind;
	if (enterable[i].is_day && put->value[0] != '\0') {
		if (take_day(put->value, enterable[i].means_end, &unix_us) < 0) {
			return km_hub_requests_fail(asking, KM_ERR_FORMAT,
			    "%s: a month or a day is right, as 2027-03 or 2027-03-31", put->kind);
		}
		(void)snprintf(fact->value, sizeof(fact->value), "%lld", (long long)unix_us);
	} else {
		(void)km_bytes_copy_text(
		    km_bytes_text(put->value), fact->value, sizeof(fact->value));
	}
	return 0;
}

int km_hub_request_fact_put(struct km_hub_asking *asking, struct km_message_fact_put *put)
{
	struct km_hub *hub = asking->hub;
	struct km_fact fact = {
		.camera = put->camera,
		.source = KM_FROM_PERSON,
		.is_known = true,
		.observed_unix_us = km_clock_unix_us(),
	};
	char lists[KM_HUB_PATH_SIZE + sizeof(KM_WEAKNESS_FILE_NAME) + 1];
	int err = km_hub_find(hub, &put->camera) == NULL
		      ? km_hub_requests_fail(asking, KM_ERR_NOT_FOUND, "there is no such camera")
		      : fill(asking, put, &fact);

	if (err < 0) {
		return err;
	}
	(void)snprintf(
	    fact.detail, sizeof(fact.detail), "entered by %s", km_hub_requests_who(asking));
	err = put->value[0] == '\0'
		  ? km_audits_drop_facts(hub->database, &put->camera, fact.kind, fact.source)
		  : km_audits_put_fact(hub->database, &fact);
	if (err == KM_ERR_FORMAT) {
		return km_hub_requests_fail(
		    asking, err, "%s: a text without control characters is right", put->kind);
	}
	if (err < 0) {
		return err;
	}
	km_journal_note(hub->database, KM_EVENT_FACT_ENTERED, &put->camera,
	    asking->account == NULL ? NULL : &asking->account->id, "%s: %s, by %s", put->kind,
	    put->value[0] == '\0' ? "forgotten" : put->value, km_hub_requests_who(asking));
	(void)snprintf(lists, sizeof(lists), "%s/%s", hub->state_directory, KM_WEAKNESS_FILE_NAME);
	return km_weaknesses_look(hub->database, lists, &put->camera, km_clock_unix_us());
}
