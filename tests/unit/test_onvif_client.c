/* sources: auditor/onvif_client.c auditor/onvif_place.c auditor/onvif_verdict.c auditor/soap_reply.c auditor/soap_request.c auditor/egress.c auditor/job.c crypto/digest.c crypto/random.c crypto/secret.c io/address.c model/facts.c model/states.c proto/digest_auth.c base/buf.c base/bytes.c base/error.c base/reader.c base/text.c base/time.c base/uuid.c */
/* libraries: crypto xml */
/*
 * How long a camera is waited for, and what its refusals are taken for, with a link and a clock
 * made of cardboard: what comes back, and how long that takes, is set beforehand.
 */
#include "auditor/onvif_client.h"
#include "base/time.h"
#include "io/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define POSTS_MAX 8
#define URL       "http://192.0.2.10/onvif/device_service"

static struct cardboard {
	struct answer {
		long status; /* 0: the link sends nothing */
		const char *body;
		enum km_digest_auth_scheme challenge;
		int64_t takes_us;
	} answers[POSTS_MAX];
	size_t posts;
	int64_t patience_us[POSTS_MAX]; /* that each post was given */
	int64_t now_us;
} camera;

/* --- the clock and the link --- */

int64_t km_clock_monotonic_us(void)
{
	return camera.now_us;
}

int64_t km_clock_unix_us(void)
{
	return camera.now_us;
}

int km_soap_link_create(struct km_job *job, struct km_soap_link **ret_link)
{
	*ret_link = (struct km_soap_link *)(void *)job;
	return 0;
}

void km_soap_link_destroy(struct km_soap_link *link)
{
	(void)link;
}

int km_soap_link_post(
    struct km_soap_link *link, const struct km_soap_post *post, struct km_soap_answer *ret_answer)
{
	const struct answer *answer = &camera.answers[camera.posts];

	(void)link;
	assert_true(camera.posts < POSTS_MAX);
	*ret_answer = (struct km_soap_answer){ .status = answer->status };
	camera.patience_us[camera.posts++] = post->patience_us;
	camera.now_us += answer->takes_us;
	if (answer->status == 0) {
		(void)snprintf(ret_answer->why, sizeof(ret_answer->why), "readable");
		return KM_ERR_DENIED;
	}
	ret_answer->was_sent = true;
	km_buf_init(&ret_answer->body, KM_SOAP_REPLY_MAX);
	km_buf_add_text(&ret_answer->body, answer->body == NULL ? "" : answer->body);
	ret_answer->has_challenge = answer->challenge != KM_DIGEST_AUTH_NONE;
	ret_answer->challenge = (struct km_digest_auth){
		.scheme = answer->challenge,
		.nonce_size = 1,
		.nonce = "1",
	};
	return 0;
}

void km_soap_link_release(struct km_soap_answer *answer)
{
	km_buf_finish(&answer->body);
}

enum km_soap_trust km_soap_link_trust(const struct km_soap_link *link)
{
	(void)link;
	return KM_SOAP_TRUST_CLEAR;
}

/* --- the camera's job --- */

static struct km_job make_job(void)
{
	static struct km_egress_budget budget;
	static const atomic_bool never;
	struct km_job job = {
		.host = "192.0.2.10",
		.onvif_url = URL,
		.user = "admin",
		.password = "swordfish",
	};
	struct km_address address;

	km_egress_init(&job.egress, &budget, &never);
	assert_int_equal(km_address_parse(km_bytes_text(job.host), 0, &address), 0);
	assert_int_equal(km_egress_allow(&job.egress, &address), 0);
	return job;
}

/* A large file over a slow line: the second time may take all that is left, too. */
static void test_an_upload_is_waited_for_twice(void **state)
{
	struct km_job job = make_job();
	struct km_onvif_client *client = NULL;
	struct km_onvif_answer answer;

	(void)state;
	camera = (struct cardboard){
		.answers = { { .status = 401,
				 .challenge = KM_DIGEST_AUTH_MD5,
				 .takes_us = 6 * KM_TIME_MINUTE_US },
		    { .status = 200, .takes_us = 6 * KM_TIME_MINUTE_US } },
	};
	assert_int_equal(km_onvif_client_create(&job, 20 * KM_TIME_MINUTE_US, &client), 0);
	assert_int_equal(km_onvif_client_upload(client, "http://192.0.2.10/up", -1, 9, &answer), 0);
	assert_int_equal(camera.posts, 2);
	assert_int_equal(camera.patience_us[0], 15 * KM_TIME_MINUTE_US);
	assert_int_equal(camera.patience_us[1], 14 * KM_TIME_MINUTE_US);
	km_onvif_client_finish(&answer);
	km_onvif_client_destroy(client);
}

/* --- refusals --- */

#define SOAP(body)                                                                                 \
	"<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body>" body            \
	"</s:Body></s:Envelope>"
#define REFUSAL                                                                                    \
	SOAP("<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>NotAuthorized"       \
	     "</s:Value></s:Subcode></s:Code><s:Reason><s:Text>not "                               \
	     "you</s:Text></s:Reason></s:Fault>")
#define REFUSED                                                                                    \
	{                                                                                          \
		.status = 400, .body = REFUSAL                                                     \
	}
#define WANTS_BASIC                                                                                \
	{                                                                                          \
		.status = 401, .body = REFUSAL, .challenge = KM_DIGEST_AUTH_BASIC                  \
	}
#define DONE(operation)                                                                            \
	{                                                                                          \
		.status = 200, .body = SOAP("<" operation "Response/>")                            \
	}

static int ask(struct km_onvif_client *client, const char *operation, bool is_anonymous,
    struct km_onvif_answer *ret_answer)
{
	const struct km_onvif_question question = {
		.service = KM_ONVIF_DEVICE, .operation = operation, .is_anonymous = is_anonymous
	};

	return km_onvif_client_ask(client, &question, ret_answer);
}

static struct km_onvif_client *find(struct km_job *job)
{
	struct km_onvif_client *client = NULL;
	struct km_onvif_answer answer;

	assert_int_equal(km_onvif_client_create(job, KM_TIME_MINUTE_US, &client), 0);
	assert_int_equal(km_onvif_client_find(client, &answer), 0);
	km_onvif_client_finish(&answer);
	return client;
}

/* The account's level is too low; that it then asks for the password in clear changes nothing. */
static void test_a_refusal_stands_if_no_other_way_is_gone(void **state)
{
	struct km_job job = make_job();
	struct km_onvif_client *client = NULL;
	struct km_onvif_answer answer;

	(void)state;
	camera = (struct cardboard){
		.answers = { DONE("GetSystemDateAndTime"), REFUSED, DONE("GetUsers"), WANTS_BASIC },
	};
	client = find(&job);
	assert_int_equal(ask(client, "GetUsers", true, &answer), KM_ERR_AUTH);
	km_onvif_client_finish(&answer);
	assert_int_equal(ask(client, "GetUsers", false, &answer), 0);
	km_onvif_client_finish(&answer);
	assert_int_equal(km_onvif_client_login(client), KM_ONVIF_LOGIN_PROVEN);
	assert_int_equal(ask(client, "SetUser", false, &answer), KM_ERR_AUTH);
	assert_int_equal(camera.posts, 5);
	assert_true(answer.was_sent);
	assert_true(answer.is_refused);
	assert_non_null(strstr(answer.why, "not you"));
	km_onvif_client_finish(&answer);
	km_onvif_client_destroy(client);
}

/* Then the other way is what it may want, and a person has to hear why it is not gone. */
static void test_a_refusal_is_kept_if_the_login_is_not_known(void **state)
{
	struct km_job job = make_job();
	struct km_onvif_client *client = NULL;
	struct km_onvif_answer answer;

	(void)state;
	camera = (struct cardboard){ .answers = { DONE("GetSystemDateAndTime"), WANTS_BASIC } };
	client = find(&job);
	assert_int_equal(ask(client, "SetUser", false, &answer), KM_ERR_DENIED);
	assert_true(answer.was_sent);
	assert_true(answer.is_refused);
	assert_string_equal(answer.why, "readable");
	km_onvif_client_finish(&answer);
	km_onvif_client_destroy(client);
	/* What leaves in the other way, and comes back unreadable, is not refused. */
	camera = (struct cardboard){
		.answers = { DONE("GetSystemDateAndTime"), WANTS_BASIC,
		    { .status = 200, .body = "yes" } },
	};
	client = find(&job);
	assert_int_equal(ask(client, "SetUser", false, &answer), KM_ERR_FORMAT);
	assert_true(answer.was_sent);
	assert_false(answer.is_refused);
	km_onvif_client_finish(&answer);
	km_onvif_client_destroy(client);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_refusal_stands_if_no_other_way_is_gone),
		cmocka_unit_test(test_a_refusal_is_kept_if_the_login_is_not_known),
		cmocka_unit_test(test_an_upload_is_waited_for_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
