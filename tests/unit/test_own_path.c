/* sources: auditor/own_path.c auditor/onvif_place.c proto/url.c base/buf.c base/bytes.c base/error.c */
#include "auditor/own_path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static struct km_own_path read_path(const char *url, const char *password)
{
	static struct km_job job;
	struct km_own_path own = { 0 };

	(void)snprintf(job.rtsp_url, sizeof(job.rtsp_url), "%s", url);
	(void)snprintf(job.password, sizeof(job.password), "%s", password);
	km_own_path_read(&job, &own);
	return own;
}

static void test_a_path_is_asked_for_as_it_is(void **state)
{
	struct km_own_path own =
	    read_path("rtsps://camera/cam/realmonitor?channel=1&subtype=0", "camera");

	(void)state;
	assert_int_equal(own.port, 322);
	assert_int_equal(own.hidden_port, 0);
	assert_true(own.is_tls);
	assert_string_equal(own.path, "/cam/realmonitor?channel=1&subtype=0");
	assert_int_equal(read_path("no URL", "").port, 0);
}

static void test_a_login_in_the_query_is_cut_off(void **state)
{
	static const char *const queries[] = { "user=a&password=", "pwd1=x", "authToken=x",
		"a=swordfish", "a=sword%66ish" };

	(void)state;
	for (size_t i = 0; i < KM_COUNT(queries); i++) {
		char url[128];
		struct km_own_path own;

		(void)snprintf(url, sizeof(url), "rtsp://192.0.2.1/live?%s", queries[i]);
		own = read_path(url, "swordfish");
		assert_int_equal(own.port, 554);
		assert_string_equal(own.path, "/live");
	}
}

static void test_a_login_in_the_path_is_not_asked_for(void **state)
{
	static const char *const paths[] = { "live/swordfish", "swordfish?pwd=swordfish",
		"user=admin_password=tlJwpbo6_channel=1.sdp", "user=admin&password=&channel=1",
		"a/%73wordfish/1" };

	(void)state;
	for (size_t i = 0; i < KM_COUNT(paths); i++) {
		char url[128];
		struct km_own_path own;

		(void)snprintf(url, sizeof(url), "rtsp://192.0.2.1/%s", paths[i]);
		own = read_path(url, "swordfish");
		assert_int_equal(own.port, 0);
		assert_int_equal(own.hidden_port, 554);
		assert_string_equal(own.path, "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_path_is_asked_for_as_it_is),
		cmocka_unit_test(test_a_login_in_the_query_is_cut_off),
		cmocka_unit_test(test_a_login_in_the_path_is_not_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
