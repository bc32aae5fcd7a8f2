/* sources: auditor/login_try.c auditor/egress.c auditor/job.c crypto/digest.c crypto/random.c io/address.c io/clock.c model/facts.c model/states.c proto/digest_auth.c proto/http_reply.c proto/rtsp.c proto/rtsp_header.c base/buf.c base/bytes.c base/error.c base/reader.c base/text.c base/time.c base/uuid.c */
/* libraries: crypto */
/*
 * What a login's answers mean, with a camera made of cardboard: what it answers without a login and
 * with one is set beforehand, and so is whether the audit is stopped by then.
 */
#include "auditor/http_ask.h"
#include "auditor/login_try.h"
#include "auditor/rtsp_ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define CHALLENGE "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"a\"\r\n\r\n"

static struct cardboard {
	const char *answer; /* to the login; NULL: none */
	bool is_stopped;    /* the audit, when the login comes */
	bool is_gone;       /* nothing is answered after the login */
	unsigned logins;
	atomic_bool is_cancelled;
} camera;

int km_http_ask_run(struct km_job *job, const struct km_http_ask *ask,
    uint8_t storage[static KM_HTTP_ASK_BYTES_MAX], struct km_http_reply *ret_reply,
    struct km_bytes *ret_raw)
{
	const char *answer = CHALLENGE;

	(void)job;
	(void)storage;
	(void)ret_raw;
	if (ask->authorization.size > 0) {
		camera.logins++;
		answer = camera.answer;
		atomic_store(&camera.is_cancelled, camera.is_stopped);
	} else if (camera.logins > 0 && camera.is_gone) {
		answer = NULL;
	}
	return answer == NULL ? KM_ERR_TIMEOUT
			      : km_http_reply_parse(km_bytes_text(answer), ret_reply);
}

int km_rtsp_ask_run(struct km_job *job, const struct km_rtsp_ask *ask,
    uint8_t storage[static KM_RTSP_ASK_BYTES_MAX], struct km_rtsp_message *ret_message,
    struct km_bytes *ret_raw)
{
	(void)job;
	(void)ask;
	(void)storage;
	(void)ret_message;
	(void)ret_raw;
	return KM_ERR_UNSUPPORTED;
}

void km_rtsp_ask_write_url(
    const struct km_job *job, const struct km_rtsp_ask *ask, struct km_buf *buf)
{
	(void)job;
	(void)ask;
	(void)buf;
}

void km_talk_close(struct km_talk *talk)
{
	(void)talk;
}

static int try_login(enum km_login_result *ret_result)
{
	static struct km_egress_budget budget;
	static struct km_job job;
	const struct km_login_place place = { .port = 80, .path = "/" };

	camera.logins = 0;
	atomic_store(&camera.is_cancelled, false);
	km_egress_init(&job.egress, &budget, &camera.is_cancelled);
	return km_login_try_run(&job, &place, "admin", "12345", ret_result);
}

static void assert_result(enum km_login_result expected)
{
	enum km_login_result result = KM_LOGIN_FOREIGN;

	assert_int_equal(try_login(&result), 0);
	assert_int_equal(result, expected);
	assert_int_equal(camera.logins, 1);
}

static void test_what_answers_mean(void **state)
{
	(void)state;
	camera.answer = "HTTP/1.1 200 OK\r\n\r\n";
	assert_result(KM_LOGIN_ACCEPTED);
	camera.answer = CHALLENGE;
	assert_result(KM_LOGIN_REFUSED);
	camera.answer = CHALLENGE "the account is locked";
	assert_result(KM_LOGIN_LOCKED);
	camera.answer = "HTTP/1.1 429 No\r\n\r\n";
	assert_result(KM_LOGIN_LOCKED);
	camera.answer = NULL;
	assert_result(KM_LOGIN_SILENT);
	camera.is_gone = true;
	assert_result(KM_LOGIN_LOCKED);
	camera.is_gone = false;
}

static void test_a_lock_is_told_by_an_audit_that_is_stopped(void **state)
{
	enum km_login_result result = KM_LOGIN_FOREIGN;

	(void)state;
	camera.is_stopped = true;
	camera.answer = "HTTP/1.1 429 No\r\n\r\n";
	assert_result(KM_LOGIN_LOCKED);
	camera.answer = CHALLENGE;
	assert_int_equal(try_login(&result), KM_ERR_CLOSED);
	/* No answer to a question that was stopped is no lock. */
	camera.answer = NULL;
	camera.is_gone = true;
	assert_int_equal(try_login(&result), KM_ERR_CLOSED);
	assert_int_equal(result, KM_LOGIN_FOREIGN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_answers_mean),
		cmocka_unit_test(test_a_lock_is_told_by_an_audit_that_is_stopped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
