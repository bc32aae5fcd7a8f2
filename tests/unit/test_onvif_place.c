/* sources: auditor/onvif_place.c base/buf.c base/bytes.c base/error.c */
#include "auditor/onvif_place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct km_onvif_place place_of(const char *url)
{
	struct km_onvif_place place = { 0 };

	assert_int_equal(km_onvif_place_parse(km_bytes_text(url), &place), 0);
	return place;
}

static int refuse(const char *url)
{
	struct km_onvif_place place = { 0 };

	return km_onvif_place_parse(km_bytes_text(url), &place);
}

static void test_parts(void **state)
{
	struct km_onvif_place place = place_of(" http://192.0.2.1/onvif/device_service ");

	(void)state;
	assert_true(place.is_http && !place.is_tls && !place.has_user);
	assert_int_equal(place.port, 80);
	assert_string_equal(place.host, "192.0.2.1");
	assert_string_equal(place.path, "/onvif/device_service");
	place = place_of("HTTPS://[2001:db8::1]:8443");
	assert_true(place.is_tls);
	assert_int_equal(place.port, 8443);
	assert_string_equal(place.host, "2001:db8::1");
	assert_string_equal(place.path, "/");
	place = place_of("rtsp://admin:p@ss@cam.example?x=1#y");
	assert_true(place.has_user && !place.is_http);
	assert_int_equal(place.port, 554);
	assert_string_equal(place.host, "cam.example");
	assert_string_equal(place.path, "/?x=1");
}

static void test_what_is_refused(void **state)
{
	(void)state;
	assert_int_equal(refuse("ftp://a/"), KM_ERR_UNSUPPORTED);
	assert_int_equal(refuse("http:///x"), KM_ERR_FORMAT);
	assert_int_equal(refuse("http://a b/"), KM_ERR_FORMAT);
	assert_int_equal(refuse("http://a/\r\nHost: b"), KM_ERR_FORMAT);
	assert_int_equal(refuse("http://[::1/"), KM_ERR_FORMAT);
	assert_int_equal(refuse("http://[::1]x/"), KM_ERR_FORMAT);
	assert_int_equal(refuse("http://a:0/"), KM_ERR_RANGE);
	assert_int_equal(refuse("http://a:65536/"), KM_ERR_RANGE);
	assert_int_equal(refuse("http://a:-1/"), KM_ERR_FORMAT);
}

static bool has_secret(const char *url)
{
	return km_onvif_place_holds_secret(km_bytes_text(url), KM_BYTES("swordfish"));
}

static void test_secrets_in_urls(void **state)
{
	(void)state;
	assert_true(has_secret("rtsp://admin:x@192.0.2.1/1"));
	assert_true(has_secret("http://192.0.2.1/snap?user=a&pwd=b"));
	assert_true(has_secret("rtsp://192.0.2.1/user=admin_password=tlJwpbo6_channel=1.sdp"));
	assert_true(has_secret("http://192.0.2.1/x/swordfish/y"));
	assert_false(has_secret("rtsp://admin@192.0.2.1/1"));
	assert_false(has_secret("http://192.0.2.1/snap?password="));
	assert_false(has_secret("http://192.0.2.1/snap?token=main&channel=1"));
}

static void assert_shown(const char *url, const char *password, const char *expected)
{
	char text[96];

	assert_int_equal(km_onvif_place_write_path(
			     km_bytes_text(url), km_bytes_text(password), text, sizeof(text)),
	    0);
	assert_string_equal(text, expected);
}

static void test_path_for_people(void **state)
{
	static const char url[] =
	    "rtsp://192.0.2.1/user=admin_password=abc_channel=1.sdp?pwd=x&a=b#c";
	char text[4];

	(void)state;
	assert_shown(url, "", "/user=admin_password=***?pwd=***&a=b");
	assert_shown("rtsp://192.0.2.1/a?password=my_secret&b=1", "", "/a?password=***&b=1");
	assert_shown("rtsp://192.0.2.1/a?password=my/se?cret&b=1", "", "/a?password=***&b=1");
	assert_shown("http://192.0.2.1/a;auth=YWJj;b?token=x&apiKey=y&c=", "",
	    "/a;auth=***;b?token=***&apiKey=***&c=");
	assert_shown("http://192.0.2.1/a?auth_token_2=b_c&d=e", "", "/a?auth_token_2=***&d=e");
	assert_shown("http://a:bcdef@192.0.2.1", "bcdef", "/");
	assert_int_equal(
	    km_onvif_place_write_path(km_bytes_text(url), KM_BYTES(""), text, sizeof(text)), 0);
	assert_true(strlen(text) < sizeof(text));
}

static void assert_hidden(const char *url, const char *password)
{
	char text[96] = "?";

	assert_int_equal(km_onvif_place_write_path(
			     km_bytes_text(url), km_bytes_text(password), text, sizeof(text)),
	    KM_ERR_DENIED);
	assert_string_equal(text, "");
}

static void test_a_path_with_the_own_password_is_not_shown(void **state)
{
	(void)state;
	assert_hidden("http://192.0.2.1/x/swordfish/y", "swordfish");
	assert_hidden("http://192.0.2.1/x/sword%66ish", "swordfish");
	assert_hidden("http://192.0.2.1/?a=50%25off", "50%off");
	assert_hidden("http://192.0.2.1/?a=50%25off", "50%25off");
	assert_hidden("http://192.0.2.1/?pwd=sword&fish=1", "sword&fish");
	assert_hidden("http://admin:12/fish@192.0.2.1/", "12/fish");
	assert_hidden("http://192.0.2.1/live/1234/1", "1234");
	assert_shown("http://192.0.2.1/live/12345/1", "1234", "/live/12345/1");
	assert_shown("http://192.0.2.1/a?pwd=swordfish", "swordfish", "/a?pwd=***");
}

static bool may_log_in(const char *url)
{
	return km_onvif_place_may_log_in(km_bytes_text(url), KM_BYTES("ab1"));
}

static void test_what_may_be_a_login(void **state)
{
	(void)state;
	assert_true(may_log_in("rtsp://admin:x@192.0.2.1/1"));
	assert_true(may_log_in("rtsp://192.0.2.1/1?user=admin&password="));
	assert_true(may_log_in("rtsp://192.0.2.1/user=admin_password=_channel=1.sdp"));
	assert_true(may_log_in("rtsp://192.0.2.1/1?accessToken=x"));
	assert_true(may_log_in("rtsp://192.0.2.1/1?rtsp_auth_v2=x"));
	assert_true(may_log_in("rtsp://192.0.2.1/admin/ab1"));
	assert_false(may_log_in("rtsp://192.0.2.1/user/1?profile=token_1&subtype=ab12"));
	assert_false(may_log_in("rtsp://192.0.2.1/cam/realmonitor?channel=1&subtype=0"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_secrets_in_urls),
		cmocka_unit_test(test_path_for_people),
		cmocka_unit_test(test_a_path_with_the_own_password_is_not_shown),
		cmocka_unit_test(test_what_may_be_a_login),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
