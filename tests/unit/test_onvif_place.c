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

static void test_path_for_people(void **state)
{
	struct km_onvif_place place =
	    place_of("rtsp://192.0.2.1/user=admin_password=abc_channel=1.sdp?pwd=x&a=b");
	char text[64];

	(void)state;
	km_onvif_place_write_path(&place, text, sizeof(text));
	assert_string_equal(text, "/user=admin_password=***_channel=1.sdp?pwd=***&a=b");
	km_onvif_place_write_path(&place, text, 4);
	assert_true(strlen(text) < 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_secrets_in_urls),
		cmocka_unit_test(test_path_for_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
