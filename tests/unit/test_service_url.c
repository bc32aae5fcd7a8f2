/* sources: base/error.c base/bytes.c proto/service_url.c */
#include "proto/service_url.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_url(const char *text, enum km_service service, const char *host, unsigned port)
{
	struct km_service_url url = { 0 };

	assert_int_equal(km_service_url_parse(km_bytes_text(text), &url, NULL), 0);
	assert_int_equal(url.service, service);
	assert_string_equal(url.host, host);
	assert_int_equal(url.port, port);
}

static void test_right(void **state)
{
	struct km_service_url url = { 0 };

	(void)state;
	assert_url("smtp://mail.example", KM_SERVICE_SMTP, "mail.example", 587);
	assert_url("smtps://mail.example:4465/", KM_SERVICE_SMTPS, "mail.example", 4465);
	assert_url("HTTPS://192.0.2.1", KM_SERVICE_HTTPS, "192.0.2.1", 443);
	assert_url("mqtts://[2001:db8::1]", KM_SERVICE_MQTTS, "2001:db8::1", 8883);
	assert_url("syslogs://[::1]:65535", KM_SERVICE_SYSLOGS, "::1", 65535);
	assert_int_equal(km_service_url_parse(KM_BYTES("https://a.b/c?d=e"), &url, NULL), 0);
	assert_true(km_bytes_is_equal(url.path, KM_BYTES("/c?d=e")));
	assert_int_equal(km_service_url_parse(KM_BYTES("https://a.b?d"), &url, NULL), 0);
	assert_true(km_bytes_is_equal(url.path, KM_BYTES("?d")));
}

static void test_wrong(void **state)
{
	static const struct {
		const char *text;
		int err;
	} wrong[] = {
		{ "", KM_ERR_UNSUPPORTED },
		{ "mail.example", KM_ERR_UNSUPPORTED },
		{ "file:///etc/passwd", KM_ERR_UNSUPPORTED },
		{ "ftp://a", KM_ERR_UNSUPPORTED },
		{ "http://a.b/", KM_ERR_DENIED },
		{ "mqtt://a.b", KM_ERR_DENIED },
		{ "syslog://a.b", KM_ERR_DENIED },
		{ "https://user:secret@a.b/", KM_ERR_DENIED },
		{ "https://", KM_ERR_FORMAT },
		{ "https:///x", KM_ERR_FORMAT },
		{ "https://[::1", KM_ERR_FORMAT },
		{ "https://[]", KM_ERR_FORMAT },
		{ "https://-a", KM_ERR_FORMAT },
		{ "https://a b/", KM_ERR_FORMAT },
		{ "https://a/\r\nX: y", KM_ERR_FORMAT },
		{ "https://a/\"", KM_ERR_FORMAT },
		{ "https://a_b/", KM_ERR_FORMAT },
		{ "https://a:0/", KM_ERR_RANGE },
		{ "https://a:65536/", KM_ERR_RANGE },
		{ "https://a:/", KM_ERR_RANGE },
		{ "https://[::1]x/", KM_ERR_RANGE },
		{ "smtps://a/b", KM_ERR_FORMAT },
		{ "mqtts://a?b", KM_ERR_FORMAT },
	};
	struct km_service_url url;
	struct km_fault fault;

	(void)state;
	for (size_t i = 0; i < KM_COUNT(wrong); i++) {
		fault = (struct km_fault){ 0 };
		assert_int_equal(
		    km_service_url_parse(km_bytes_text(wrong[i].text), &url, &fault), wrong[i].err);
		assert_non_null(fault.text);
	}
}

static void test_long(void **state)
{
	char text[KM_SERVICE_URL_SIZE + 1] = "https://a/";
	struct km_service_url url;

	(void)state;
	memset(text + 10, 'x', sizeof(text) - 11);
	assert_int_equal(km_service_url_parse(km_bytes_text(text), &url, NULL), KM_ERR_LIMIT);
	memset(text + 8, 'x', 260);
	text[268] = '\0';
	assert_int_equal(km_service_url_parse(km_bytes_text(text), &url, NULL), KM_ERR_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_right),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
