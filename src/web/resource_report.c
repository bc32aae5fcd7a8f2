/* /api/v1/checklist/report: the checklist as a paper, to be kept and printed. */
#include "base/time.h"
#include "crypto/random.h"
#include "io/clock.h"
#include "report/report.h"
#include "web/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void km_resource_report_show(struct km_call *call);

struct making {
	struct km_call *call;
	struct km_web *web;
	bool is_the_one; /* one at a time: each keeps all the answers of a site */
	struct km_report report;
	enum km_report_format format;
	struct km_buf paper;
	int err;
};

static void destroy(struct making *making)
{
	if (making->is_the_one) {
		making->web->is_reporting = false;
	}
	km_report_finish(&making->report);
	km_buf_finish(&making->paper);
	free(making);
}

/* On the work pool: a paper of many cameras takes its time. */
static void on_run(void *job)
{
	struct making *making = job;

	making->err = km_report_write(&making->report, making->format, &making->paper);
}

static void on_done(void *job)
{
	struct making *making = job;
	char day[KM_TIME_TEXT_SIZE];
	char disposition[128];
	struct km_response response = {
		.status = 200,
		.content_type = km_report_media_type(making->format),
	};

	if (making->err < 0) {
		km_call_fail_err(making->call, making->err, NULL);
		destroy(making);
		return;
	}
	km_time_write(making->report.made_unix_us, day);
	(void)snprintf(disposition, sizeof(disposition),
	    "attachment; filename=\"komainu-checklist-%.10s.%s\"", day,
	    km_report_extension(making->format));
	response.headers[0].name = "content-disposition:";
	response.headers[0].value = disposition;
	response.header_count = 1;
	response.body = making->paper;
	memset(&making->paper, 0, sizeof(making->paper));
	km_call_answer(making->call, &response);
	destroy(making);
}

static void on_answer(void *context, const struct km_ask_answer *given)
{
	struct making *making = context;
	const struct km_message_done *done = given->message;

	if (given->err == 0 && !given->is_last) {
		if (making->err == 0) {
			making->err = km_report_add(&making->report, given->kind, given->message);
		}
		return;
	}
	if (given->err < 0 || given->kind != KM_MESSAGE_done) {
		km_call_fail(making->call, 503, "busy", "the recorder is busy: try again");
	} else if (done->err < 0) {
		km_call_fail_err(making->call, done->err, done->text);
	} else if (making->err < 0) {
		km_call_fail_err(making->call, making->err, NULL);
	} else if (km_call_submit(making->call, on_run, on_done, making) == 0) {
		return;
	}
	destroy(making);
}

/* A word of the query, or what counts without it. */
static struct km_bytes word_of(struct km_bytes query, const char *name, struct km_bytes otherwise)
{
	while (query.size > 0) {
		struct km_bytes value = km_bytes_split(&query, '&');

		if (km_bytes_is_equal(km_bytes_split(&value, '='), km_bytes_text(name))) {
			return value;
		}
	}
	return otherwise;
}

static int refuse(struct km_refusal *ret_refusal, const char *field, const char *text)
{
	*ret_refusal = (struct km_refusal){ 0 };
	(void)snprintf(ret_refusal->field, sizeof(ret_refusal->field), "%s", field);
	(void)snprintf(ret_refusal->text, sizeof(ret_refusal->text), "%s", text);
	return KM_ERR_FORMAT;
}

/* Of one camera, or of one section: what a site is too large for comes in parts. */
static int take_part(struct making *making, struct km_bytes query,
    struct km_message_checklist_list *list, struct km_refusal *ret_refusal)
{
	struct km_bytes camera = word_of(query, "camera", KM_BYTES(""));
	struct km_bytes section = word_of(query, "section", KM_BYTES(""));

	if (camera.size > 0 && km_uuid_parse(camera, &list->camera) < 0) {
		return refuse(ret_refusal, "camera", "the id of a camera is right");
	}
	if (section.size > 0 &&
	    (section.size > 1 || section.data[0] < 'a' || section.data[0] > 'i')) {
		return refuse(ret_refusal, "section", "a to i is right");
	}
	making->report.is_of_camera = camera.size > 0;
	if (section.size > 0) {
		making->report.section = (char)section.data[0];
		list->section[0] = making->report.section;
	}
	return 0;
}

static int take_query(
    struct making *making, struct km_message_checklist_list *list, struct km_refusal *ret_refusal)
{
	static const char *const names[] = { "format", "language", "camera", "section", NULL };
	struct km_bytes query = km_bytes_text(km_call_request(making->call)->query);
	struct km_bytes language = word_of(query, "language", KM_BYTES("en"));
	int err = km_request_check_query(query, names, ret_refusal);

	if (err < 0) {
		return err;
	}
	if (km_report_find_format(word_of(query, "format", KM_BYTES("html")), &making->format) <
	    0) {
		return refuse(ret_refusal, "format", "html, xlsx, json, sarif or oscal is right");
	}
	making->report.is_japanese = km_bytes_is_equal(language, KM_BYTES("ja"));
	if (!making->report.is_japanese && !km_bytes_is_equal(language, KM_BYTES("en"))) {
		return refuse(ret_refusal, "language", "ja or en is right");
	}
	return take_part(making, query, list, ret_refusal);
}

void km_resource_report_show(struct km_call *call)
{
	struct km_message_checklist_list list = {
		.session_size = KM_SECRET_BYTES,
		.has_evidence = 1,
		.has_parts = 1,
	};
	struct making *making = calloc(1, sizeof(*making));
	struct km_refusal refusal = { 0 };

	if (making == NULL || km_random_uuid(&making->report.id) < 0) {
		free(making);
		km_call_fail_err(call, KM_ERR_MEMORY, NULL);
		return;
	}
	making->call = call;
	making->web = call->web;
	making->report.made_unix_us = km_clock_unix_us();
	km_buf_init(&making->paper, KM_REPORT_BYTES_MAX);
	if (take_query(making, &list, &refusal) < 0) {
		km_call_refuse(call, &refusal);
		destroy(making);
		return;
	}
	if (call->web->is_reporting) {
		km_call_fail(call, 503, "busy", "another report is being made: try again");
		destroy(making);
		return;
	}
	making->is_the_one = true;
	call->web->is_reporting = true;
	memcpy(list.session, call->session, KM_SECRET_BYTES);
	if (km_call_ask(call, KM_MESSAGE_checklist_list, &list, on_answer, making) < 0) {
		km_call_fail(call, 503, "busy", "the recorder is busy: try again");
		destroy(making);
	}
	explicit_bzero(&list, sizeof(list));
}
