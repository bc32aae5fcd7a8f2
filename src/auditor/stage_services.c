/*
 * The stage `services`: what speaks on each open port, what it calls itself, and what the first
 * page of a web server tells. [IPA a11-1, a13-2, d11-1]
 */
#include "auditor/challenge.h"
#include "auditor/http_ask.h"
#include "auditor/own_path.h"
#include "auditor/port_list.h"
#include "auditor/rtsp_ask.h"
#include "auditor/stages.h"
#include "auditor/talk.h"
#include "base/text.h"
#include "base/time.h"
#include "io/clock.h"
#include "model/states.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GREETING_US   (1200 * (KM_TIME_SECOND_US / 1000))
#define CONNECT_US    (2 * KM_TIME_SECOND_US)
#define ANSWER_US     (1500 * (KM_TIME_SECOND_US / 1000))
#define HURRY_US      (500 * (KM_TIME_SECOND_US / 1000))
#define SILENCE_US    (15 * KM_TIME_SECOND_US) /* in all; then each port gets one question */
#define ANSWER_BYTES  4096
#define TEXT_SIZE     256
#define TICKS_HALF_US (KM_TIME_SECOND_US / 2) /* Date has whole seconds: their middle */
#define SECONDS_LIMIT (400LL * 365 * 86400)   /* a clock further off is no clock */

struct visit {
	struct km_job *job;
	struct km_seen_port *port;
	char subject[16];  /* "tcp/80" */
	bool has_clock;    /* one Date is enough */
	int64_t silent_us; /* spent on waiting for answers that did not come */
	unsigned plain_http;
	unsigned sends_on; /* of those, to HTTPS */
	uint8_t answer[ANSWER_BYTES];
	uint8_t http[KM_HTTP_ASK_BYTES_MAX]; /* RTSP's, too */
};

_Static_assert(KM_HTTP_ASK_BYTES_MAX >= KM_RTSP_ASK_BYTES_MAX, "one storage for both");

/* As text for a fact, without what is not printable. */
static void write_text(struct km_bytes view, char ret_text[static TEXT_SIZE])
{
	struct km_buf text;

	km_buf_init_fixed(&text, ret_text, TEXT_SIZE - 1);
	if (view.size < TEXT_SIZE && km_text_is_clean_utf8(view)) {
		km_buf_add(&text, view);
	} else {
		km_text_add_escaped(&text, view, TEXT_SIZE / 4 - 2);
	}
	ret_text[text.size] = '\0';
}

static void give_banner(struct visit *visit, enum km_sighting_place place, struct km_bytes banner)
{
	char text[TEXT_SIZE];

	if (banner.size == 0) {
		return;
	}
	write_text(banner, text);
	km_job_give(visit->job, KM_FACT_BANNER, KM_FROM_PROBE, visit->subject, text, "", &banner);
	km_sightings_add_text(&visit->job->seen, place, banner);
}

static void give_clock(struct visit *visit, struct km_bytes date, int64_t asked_unix_us)
{
	int64_t now_us = km_clock_unix_us();
	int64_t here_us = asked_unix_us + (now_us - asked_unix_us) / 2;
	int64_t there_us = 0;
	char detail[64];

	if (visit->has_clock || km_http_reply_date(date, &there_us) < 0 ||
	    llabs(there_us - here_us) / KM_TIME_SECOND_US > SECONDS_LIMIT) {
		return;
	}
	visit->has_clock = true;
	(void)snprintf(detail, sizeof(detail), "Date on %s, right to a second", visit->subject);
	km_job_give_number(visit->job, KM_FACT_CLOCK_OFFSET, KM_FROM_PROBE, "",
	    (there_us + TICKS_HALF_US - here_us) / 1000, detail, &date);
}

/* --- what speaks there --- */

/* Many ports may take connections and say nothing; an audit is to end within a minute. */
static bool is_in_hurry(const struct visit *visit)
{
	return visit->job->seen.answers_all || visit->silent_us > SILENCE_US;
}

static int64_t patience(const struct visit *visit, enum km_question question)
{
	if (is_in_hurry(visit)) {
		return HURRY_US;
	}
	return question == KM_QUESTION_NONE ? GREETING_US : ANSWER_US;
}

/* Ask one question on a connection of its own and read what comes back. */
static int ask(struct visit *visit, enum km_question question, struct km_recognised *ret_recognised)
{
	struct km_talk_place place = { .address = visit->job->egress.addresses[0] };
	int64_t now_us = km_clock_monotonic_us();
	struct km_bytes bytes = km_recognise_question(question);
	struct km_talk *talk = NULL;
	size_t size = 0;
	size_t count = 0;
	int found = KM_ERR_SHORT;
	int err = 0;

	km_address_set_port(&place.address, visit->port->number);
	err = km_talk_open(&visit->job->egress, &place, now_us + CONNECT_US, &talk);
	if (err == 0 && bytes.size > 0) {
		err = km_talk_send(talk, bytes, now_us + CONNECT_US);
	}
	now_us = km_clock_monotonic_us();
	while (err == 0 && size < sizeof(visit->answer)) {
		err = km_talk_receive(talk, visit->answer + size, sizeof(visit->answer) - size,
		    now_us + patience(visit, question), &count);
		if (err == 0) {
			size += count;
			found = km_recognise_answer(
			    question, km_bytes_from(visit->answer, size), ret_recognised);
			/* What a web server is besides may stand further behind. */
			if (found == 0 && ret_recognised->protocol != KM_PROTOCOL_HTTP) {
				break;
			}
		}
	}
	km_talk_close(talk);
	if (km_job_is_cancelled(visit->job)) {
		return KM_ERR_CLOSED;
	}
	visit->silent_us += found < 0 ? km_clock_monotonic_us() - now_us : 0;
	return found == 0 ? 0 : KM_ERR_NOT_FOUND;
}

/* The questions for a port: its hint first, then those of what is most usual. */
static int recognise(struct visit *visit, struct km_recognised *ret_recognised)
{
	static const enum km_question usual[] = { KM_QUESTION_HTTP, KM_QUESTION_TLS,
		KM_QUESTION_RTSP, KM_QUESTION_MQTT, KM_QUESTION_POSTGRESQL };
	const struct km_port_list_row *row = km_port_list_find(visit->port->number);
	enum km_question hint = is_in_hurry(visit) ? KM_QUESTION_HTTP : KM_QUESTION_NONE;
	int err = 0;

	if (row != NULL && row->is_silent) {
		return KM_ERR_DENIED;
	}
	hint = row != NULL ? row->hint : hint;
	err = ask(visit, hint, ret_recognised);
	for (size_t i = 0; i < KM_COUNT(usual) && err == KM_ERR_NOT_FOUND; i++) {
		if (usual[i] != hint && !is_in_hurry(visit)) {
			err = ask(visit, usual[i], ret_recognised);
		}
	}
	return err;
}

/* --- web servers --- */

static void give_title(struct visit *visit, const struct km_http_reply *reply)
{
	struct km_bytes title = km_http_reply_title(reply->body);
	char subject[32];
	char text[TEXT_SIZE];

	if (title.size == 0) {
		return;
	}
	write_text(title, text);
	(void)snprintf(subject, sizeof(subject), "%s title", visit->subject);
	km_job_give(visit->job, KM_FACT_SERVICE_TEXT, KM_FROM_PROBE, subject, text, "", &title);
	km_sightings_add_text(&visit->job->seen, KM_SIGHTING_TITLE, title);
}

static void count_plain(struct visit *visit, const struct km_http_reply *reply)
{
	struct km_bytes location = km_http_reply_find(reply, "Location", 0);

	visit->plain_http++;
	if (reply->status >= 300 && reply->status < 400 &&
	    km_bytes_has_prefix_nocase(location, KM_BYTES("https://"))) {
		visit->sends_on++;
	}
}

static bool look_at_page(struct visit *visit, bool is_tls)
{
	struct km_http_ask page = {
		.port = visit->port->number, .is_tls = is_tls, .method = "GET", .path = "/"
	};
	struct km_challenge challenge = { .subject = visit->subject, .is_tls = is_tls };
	int64_t asked_unix_us = km_clock_unix_us();
	struct km_http_reply reply;
	struct km_bytes raw = { 0 };

	if (km_http_ask_run(visit->job, &page, visit->http, &reply, &raw) < 0) {
		return false;
	}
	give_banner(visit, KM_SIGHTING_SERVER, km_http_reply_find(&reply, "Server", 0));
	give_title(visit, &reply);
	give_clock(visit, km_http_reply_find(&reply, "Date", 0), asked_unix_us);
	while (challenge.count < KM_CHALLENGE_VALUES_MAX) {
		struct km_bytes value =
		    km_http_reply_find(&reply, "WWW-Authenticate", (unsigned)challenge.count);

		if (value.data == NULL) {
			break;
		}
		challenge.value[challenge.count++] = value;
	}
	km_challenge_give(visit->job, &challenge, &raw);
	if (!is_tls) {
		count_plain(visit, &reply);
	}
	return true;
}

/* --- video servers: who they are; the stage `video` asks further --- */

/* Its realm often names its maker, and comes with the first description that it refuses. */
static void look_at_realm(struct visit *visit, bool is_tls)
{
	struct km_own_path own;
	struct km_rtsp_ask describe = { .port = visit->port->number,
		.is_tls = is_tls,
		.method = KM_RTSP_DESCRIBE,
		.path = "/" };
	struct km_challenge challenge = { .subject = visit->subject, .is_tls = is_tls };
	struct km_rtsp_message answer;
	struct km_bytes raw = { 0 };

	km_own_path_read(visit->job, &own);
	if (own.port == describe.port) {
		describe.path = own.path;
	}
	if (km_rtsp_ask_run(visit->job, &describe, visit->http, &answer, &raw) < 0) {
		return;
	}
	while (challenge.count < KM_CHALLENGE_VALUES_MAX) {
		struct km_bytes value =
		    km_rtsp_header(&answer, "WWW-Authenticate", (unsigned)challenge.count);

		if (value.data == NULL) {
			break;
		}
		challenge.value[challenge.count++] = value;
	}
	km_challenge_give(visit->job, &challenge, &raw);
}

static bool look_at_video(struct visit *visit, bool is_tls)
{
	struct km_rtsp_ask options = { .port = visit->port->number,
		.is_tls = is_tls,
		.method = KM_RTSP_OPTIONS,
		.path = "/" };
	int64_t asked_unix_us = km_clock_unix_us();
	struct km_rtsp_message answer;
	struct km_bytes raw = { 0 };

	if (km_rtsp_ask_run(visit->job, &options, visit->http, &answer, &raw) < 0) {
		return false;
	}
	give_banner(visit, KM_SIGHTING_SERVER, km_rtsp_header(&answer, "Server", 0));
	give_clock(visit, km_rtsp_header(&answer, "Date", 0), asked_unix_us);
	look_at_realm(visit, is_tls);
	return true;
}

static enum km_protocol look_inside_tls(struct visit *visit)
{
	const struct km_port_list_row *row = km_port_list_find(visit->port->number);

	if (row != NULL && row->number == 322 && look_at_video(visit, true)) {
		return KM_PROTOCOL_RTSPS;
	}
	if (look_at_page(visit, true)) {
		return KM_PROTOCOL_HTTPS;
	}
	return look_at_video(visit, true) ? KM_PROTOCOL_RTSPS : KM_PROTOCOL_TLS;
}

static void give_port(struct visit *visit, const char *detail)
{
	km_job_give(visit->job, KM_FACT_PORT_OPEN, KM_FROM_PROBE, visit->subject,
	    km_recognise_name(visit->port->protocol), detail, NULL);
}

static void look_at_known(struct visit *visit, const struct km_recognised *recognised)
{
	visit->port->protocol = recognised->protocol;
	switch (recognised->protocol) {
	case KM_PROTOCOL_HTTP:
		(void)look_at_page(visit, false);
		break;
	case KM_PROTOCOL_RTSP:
		(void)look_at_video(visit, false);
		break;
	case KM_PROTOCOL_TLS:
		visit->port->protocol = look_inside_tls(visit);
		break;
	default:
		give_banner(visit, KM_SIGHTING_BANNER, recognised->banner);
		break;
	}
	give_port(visit, "recognised by its answer");
	if (recognised->access != KM_RECOGNISE_UNSAID) {
		km_job_give_yes_no(visit->job, KM_FACT_OPEN_SERVICE, KM_FROM_PROBE, visit->subject,
		    recognised->access == KM_RECOGNISE_OPEN, "asked without login", NULL);
	}
}

static int look_at_port(struct visit *visit)
{
	struct km_recognised recognised = { 0 };
	int err = 0;

	(void)snprintf(visit->subject, sizeof(visit->subject), "tcp/%u", visit->port->number);
	err = recognise(visit, &recognised);
	if (err == 0) {
		look_at_known(visit, &recognised);
	} else if (err == KM_ERR_DENIED) {
		visit->port->protocol = KM_PROTOCOL_JETDIRECT;
		give_port(visit, "by its number; nothing is sent to a printer");
	} else if (err == KM_ERR_NOT_FOUND && !visit->job->seen.answers_all) {
		give_port(visit, "it answered no question that is known here");
	}
	return err == KM_ERR_CLOSED ? err : 0;
}

/* Where all ports answer, what was not seen may be there all the same. */
static void give_unless_hidden(const struct visit *visit, enum km_fact_kind kind, bool value,
    bool was_seen, const char *detail)
{
	if (visit->job->seen.answers_all && !was_seen) {
		km_job_give_unknown(visit->job, kind, KM_FROM_PROBE, "",
		    "all ports answer, so that none can be said to be closed");
	} else {
		km_job_give_yes_no(visit->job, kind, KM_FROM_PROBE, "", value, detail, NULL);
	}
}

/* [IPA d11-1] */
static void give_web(const struct visit *visit)
{
	struct km_job *job = visit->job;
	bool has_https = false;
	char detail[96];

	for (size_t i = 0; i < job->seen.port_count; i++) {
		has_https = has_https || job->seen.port[i].protocol == KM_PROTOCOL_HTTPS;
	}
	(void)snprintf(detail, sizeof(detail), "%u ports with HTTP, %u of them send on to HTTPS",
	    visit->plain_http, visit->sends_on);
	give_unless_hidden(visit, KM_FACT_HTTPS, has_https, has_https, detail);
	give_unless_hidden(visit, KM_FACT_HTTP_CLOSED, visit->plain_http == visit->sends_on,
	    visit->plain_http > visit->sends_on, detail);
}

int km_stage_services_run(struct km_job *job)
{
	struct visit *visit = calloc(1, sizeof(*visit));
	int err = visit == NULL ? KM_ERR_MEMORY : 0;

	if (err < 0) {
		return err;
	}
	visit->job = job;
	for (size_t i = 0; i < job->seen.port_count && err == 0; i++) {
		visit->port = &job->seen.port[i];
		err = look_at_port(visit);
		km_job_progress(job, "services", (uint32_t)i + 1, (uint32_t)job->seen.port_count);
	}
	if (err == 0 && job->seen.port_count > 0) {
		give_web(visit);
	}
	free(visit);
	return err;
}
