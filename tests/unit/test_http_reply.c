/* sources: proto/http_reply.c base/bytes.c base/error.c base/time.c */
/* libraries: */
#include "proto/http_reply.h"

#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_an_answer_is_read(void **state)
{
	const struct km_bytes input =
	    KM_BYTES("HTTP/1.1 401 Unauthorized\r\nServer: App-webs/\r\n"
		     "WWW-Authenticate: Digest realm=\"a\"\r\nno colon here\r\n"
		     "www-authenticate:  Basic realm=\"b\" \r\n\r\n<html>");
	struct km_http_reply reply;

	(void)state;
	assert_int_equal(km_http_reply_parse(input, &reply), 0);
	assert_int_equal(reply.status, 401);
	assert_true(km_bytes_is_equal(reply.reason, KM_BYTES("Unauthorized")));
	assert_true(
	    km_bytes_is_equal(km_http_reply_find(&reply, "server", 0), KM_BYTES("App-webs/")));
	assert_true(km_bytes_is_equal(
	    km_http_reply_find(&reply, "WWW-Authenticate", 1), KM_BYTES("Basic realm=\"b\"")));
	assert_null(km_http_reply_find(&reply, "WWW-Authenticate", 2).data);
	assert_true(km_bytes_is_equal(reply.body, KM_BYTES("<html>")));
}

static void test_what_is_no_answer_is_told(void **state)
{
	struct km_http_reply reply = { .status = 7 };

	(void)state;
	assert_int_equal(
	    km_http_reply_parse(KM_BYTES("HTTP/1.1 200 OK\r\nA: b\r\n"), &reply), KM_ERR_SHORT);
	assert_int_equal(
	    km_http_reply_parse(KM_BYTES("RTSP/1.0 200 OK\r\n\r\n"), &reply), KM_ERR_FORMAT);
	assert_int_equal(
	    km_http_reply_parse(KM_BYTES("HTTP/1.1 20 OK\r\n\r\n"), &reply), KM_ERR_FORMAT);
	assert_int_equal(
	    km_http_reply_parse(KM_BYTES("HTTP/1.1 9999 OK\r\n\r\n"), &reply), KM_ERR_FORMAT);
	assert_int_equal(reply.status, 7);
}

static void test_headers_may_end_with_the_input(void **state)
{
	static uint8_t input[KM_HTTP_REPLY_HEAD_MAX + 1];
	const struct km_bytes only_headers = KM_BYTES("HTTP/1.1 200 OK\r\nA: b\r\n\r\n");
	struct km_http_reply reply;

	(void)state;
	assert_int_equal(km_http_reply_parse(only_headers, &reply), 0);
	assert_int_equal(reply.body.size, 0);
	assert_ptr_equal(reply.body.data, only_headers.data + only_headers.size);
	/* And with what is read of it at most: the byte behind is the body. */
	memset(input, 'x', sizeof(input));
	memcpy(input, "HTTP/1.1 200 OK\nA: ", 19);
	memcpy(input + KM_HTTP_REPLY_HEAD_MAX - 2, "\n\n", 2);
	assert_int_equal(km_http_reply_parse(KM_BYTES_OF(input), &reply), 0);
	assert_int_equal(reply.body.size, 1);
	assert_ptr_equal(reply.body.data, input + KM_HTTP_REPLY_HEAD_MAX);
}

static void test_endless_headers_have_an_end(void **state)
{
	static uint8_t input[KM_HTTP_REPLY_HEAD_MAX + 64];
	struct km_http_reply reply;

	(void)state;
	(void)snprintf((char *)input, sizeof(input), "HTTP/1.0 200 OK\r\n");
	for (size_t i = 17; i < sizeof(input); i++) {
		input[i] = i % 8 == 0 ? '\n' : 'x';
	}
	assert_int_equal(km_http_reply_parse(KM_BYTES_OF(input), &reply), KM_ERR_LIMIT);
}

static void test_titles_are_found(void **state)
{
	(void)state;
	assert_true(km_bytes_is_equal(
	    km_http_reply_title(KM_BYTES("<html><TITLE lang=en>\n AXIS M1065 \n</Title>")),
	    KM_BYTES("AXIS M1065")));
	assert_int_equal(km_http_reply_title(KM_BYTES("<title>no end")).size, 0);
	assert_int_equal(km_http_reply_title(KM_BYTES("<title")).size, 0);
	assert_int_equal(km_http_reply_title(KM_BYTES("")).size, 0);
}

/* [RFC 9110 5.6.7] */
static void test_the_three_forms_of_dates(void **state)
{
	static const char *const forms[] = { "Sun, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994" };
	static const char *const wrong[] = { "", ",", "Sun, 06 Nov 1994",
		"Sun, 6x Nov 1994 08:49:37", "Sun, 06 Foo 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 8:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT" };
	int64_t unix_us = 0;

	(void)state;
	for (size_t i = 0; i < KM_COUNT(forms); i++) {
		unix_us = 0;
		assert_int_equal(km_http_reply_date(km_bytes_text(forms[i]), &unix_us), 0);
		assert_int_equal(unix_us, 784111777LL * KM_TIME_SECOND_US);
	}
	for (size_t i = 0; i < KM_COUNT(wrong); i++) {
		assert_int_equal(
		    km_http_reply_date(km_bytes_text(wrong[i]), &unix_us), KM_ERR_FORMAT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_answer_is_read),
		cmocka_unit_test(test_what_is_no_answer_is_told),
		cmocka_unit_test(test_headers_may_end_with_the_input),
		cmocka_unit_test(test_endless_headers_have_an_end),
		cmocka_unit_test(test_titles_are_found),
		cmocka_unit_test(test_the_three_forms_of_dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
