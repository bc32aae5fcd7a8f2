#include "web/call.h"

#include "io/work.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOBS_MAX       1024
#define ERROR_BODY_MAX 4096

static void on_gone(void *context)
{
	struct km_call *call = context;

	call->exchange = NULL;
	if (call->on_gone != NULL) {
		call->on_gone(call->on_gone_context);
	}
	km_call_unref(call);
}

struct km_call *km_call_create(struct km_web *web, struct km_exchange *exchange)
{
	struct km_call *call = calloc(1, sizeof(*call));

	if (call != NULL) {
		call->refs = 1;
		call->web = web;
		call->exchange = exchange;
		km_server_exchange_set_owner(exchange, call, on_gone);
	}
	return call;
}

struct km_call *km_call_ref(struct km_call *call)
{
	call->refs++;
	return call;
}

void km_call_unref(struct km_call *call)
{
	assert(call->refs > 0);
	if (--call->refs == 0) {
		explicit_bzero(call, sizeof(*call));
		free(call);
	}
}

const struct km_request *km_call_request(const struct km_call *call)
{
	return call->exchange != NULL ? km_server_exchange_request(call->exchange) : NULL;
}

void km_call_answer(struct km_call *call, struct km_response *response)
{
	if (call->exchange == NULL || call->is_answered) {
		km_buf_finish(&response->body);
		return;
	}
	call->is_answered = true;
	km_server_exchange_answer(call->exchange, response);
}

void km_call_answer_json(struct km_call *call, unsigned status, struct km_json *json)
{
	struct km_response response = { .status = status, .content_type = "application/json" };

	if (km_buf_error(&json->buf) < 0) {
		km_json_finish(json);
		km_call_fail(call, 503, "busy", "the answer became too large: ask for less");
		return;
	}
	response.body = json->buf;
	json->buf = (struct km_buf){ 0 };
	km_call_answer(call, &response);
}

static void fail_with(struct km_call *call, unsigned status, const char *code, const char *text,
    const char *field, int64_t retry_after_s)
{
	struct km_response response = { .status = status, .content_type = "application/json" };
	struct km_json json;
	char seconds[24];

	km_json_init(&json, ERROR_BODY_MAX);
	km_json_open(&json, NULL, '{');
	km_json_open(&json, "error", '{');
	km_json_text(&json, "code", code);
	km_json_text(&json, "message", text);
	if (field != NULL && field[0] != '\0') {
		km_json_text(&json, "field", field);
	}
	if (retry_after_s > 0) {
		km_json_i64(&json, "retry_after_s", retry_after_s);
		(void)snprintf(seconds, sizeof(seconds), "%lld", (long long)retry_after_s);
		response.headers[response.header_count].name = "retry-after:";
		response.headers[response.header_count++].value = seconds;
	}
	km_json_close(&json, '}');
	km_json_close(&json, '}');
	response.body = json.buf;
	km_call_answer(call, &response);
}

void km_call_fail(struct km_call *call, unsigned status, const char *code, const char *text)
{
	fail_with(call, status, code, text, NULL, status == 503 ? 1 : 0);
}

void km_call_refuse(struct km_call *call, const struct km_refusal *refusal)
{
	fail_with(call, 422, "invalid", refusal->text, refusal->field, 0);
}

void km_call_fail_locked(struct km_call *call, int64_t retry_after_us, const char *text)
{
	int64_t seconds = retry_after_us > 0 ? (retry_after_us + 999999) / 1000000 : 1;

	fail_with(call, 429, "locked", text, NULL, seconds);
}

void km_call_fail_err(struct km_call *call, int err, const char *text)
{
	const char *words = text != NULL && text[0] != '\0' ? text : km_error_text(err);

	switch (err) {
	case KM_ERR_DENIED:
		km_call_fail(call, 403, "denied", words);
		break;
	case KM_ERR_NOT_FOUND:
		km_call_fail(call, 404, "not_found", words);
		break;
	case KM_ERR_LOCKED:
		km_call_fail_locked(call, 0, words);
		break;
	case KM_ERR_EXISTS:
	case KM_ERR_STATE:
		km_call_fail(call, 409, "conflict", words);
		break;
	case KM_ERR_CONFIG:
	case KM_ERR_FORMAT:
	case KM_ERR_RANGE:
	case KM_ERR_UNSUPPORTED:
		km_call_fail(call, 422, "invalid", words);
		break;
	case KM_ERR_TIMEOUT:
	case KM_ERR_LIMIT:
	case KM_ERR_AGAIN:
	case KM_ERR_CLOSED:
	case KM_ERR_MEMORY:
		km_call_fail(call, 503, "busy", words);
		break;
	default:
		km_call_fail(call, 500, "storage", words);
		break;
	}
}

struct question {
	struct km_call *call;
	km_ask_callback *on_answer;
	void *context;
};

static void on_answer(void *context, const struct km_ask_answer *answer)
{
	struct question *question = context;

	question->on_answer(question->context, answer);
	if (answer->is_last) {
		km_call_unref(question->call);
		free(question);
	}
}

int km_call_ask(struct km_call *call, enum km_message_kind kind, void *message,
    km_ask_callback *callback, void *context)
{
	struct question *question = calloc(1, sizeof(*question));
	int err = KM_ERR_MEMORY;

	if (question == NULL) {
		return err;
	}
	*question = (struct question){ km_call_ref(call), callback, context };
	err = km_ask_put(call->web->ask, kind, message, on_answer, question);
	if (err < 0) {
		km_call_unref(call);
		free(question);
	}
	return err;
}

struct disk_job {
	struct km_call *call;
	void (*run)(void *job);
	void (*done)(void *job);
	void *job;
};

static void on_run(void *context)
{
	struct disk_job *disk_job = context;

	disk_job->run(disk_job->job);
}

static void on_done(void *context)
{
	struct disk_job *disk_job = context;
	struct km_call *call = disk_job->call;

	call->web->jobs--;
	disk_job->done(disk_job->job);
	free(disk_job);
	km_call_unref(call);
}

int km_call_submit(struct km_call *call, void (*run)(void *job), void (*done)(void *job), void *job)
{
	struct disk_job *disk_job = NULL;
	int err = KM_ERR_LIMIT;

	if (call->web->jobs >= JOBS_MAX) {
		goto out;
	}
	err = KM_ERR_MEMORY;
	disk_job = calloc(1, sizeof(*disk_job));
	if (disk_job == NULL) {
		goto out;
	}
	*disk_job = (struct disk_job){ call, run, done, job };
	err = km_work_submit(call->web->loop, on_run, on_done, disk_job);
	if (err == 0) {
		call->web->jobs++;
		(void)km_call_ref(call);
		return 0;
	}
	free(disk_job);
out:
	km_call_fail_err(call, err, "too much is being read from the disk at the moment");
	return err;
}
