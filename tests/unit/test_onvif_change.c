/* sources: auditor/onvif_change.c auditor/onvif_client.c auditor/onvif_place.c auditor/onvif_verdict.c auditor/soap_link.c auditor/soap_reply.c auditor/soap_request.c auditor/xml_duration.c auditor/egress.c auditor/job.c crypto/digest.c crypto/random.c crypto/secret.c io/address.c io/clock.c model/facts.c model/states.c proto/digest_auth.c base/buf.c base/bytes.c base/error.c base/reader.c base/text.c base/time.c base/uuid.c */
/* libraries: crypto ssl curl xml */
#include "auditor/onvif_change.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct km_onvif_change_address range(const char *text, uint8_t prefix)
{
	struct km_onvif_change_address range = { .prefix = prefix };

	assert_int_equal(km_address_parse(km_bytes_text(text), 0, &range.address), 0);
	return range;
}

static int preview(const struct km_onvif_change *change, const char *wanted)
{
	uint8_t storage[KM_ONVIF_CHANGE_TEXT_MAX];
	struct km_buf buf;
	int err = 0;

	km_buf_init_fixed(&buf, storage, sizeof(storage));
	err = km_onvif_change_preview(change, &buf);
	if (err == 0 && wanted != NULL) {
		assert_true(km_bytes_is_equal(km_buf_view(&buf), km_bytes_text(wanted)));
	}
	return err;
}

static void test_a_password_is_never_shown(void **state)
{
	struct km_onvif_change change = { .kind = KM_ONVIF_CHANGE_PASSWORD,
		.account = "admin",
		.level = "administrator",
		.password = "swordfish" };

	(void)state;
	assert_int_equal(
	    preview(&change,
		"<SetUser><User><tt:Username>admin</tt:Username><tt:Password>***"
		"</tt:Password><tt:UserLevel>Administrator</tt:UserLevel></User></SetUser>"),
	    0);
	change.level[0] = 'x';
	assert_int_equal(preview(&change, NULL), KM_ERR_FORMAT);
}

static void test_the_recorder_is_not_locked_out(void **state)
{
	struct km_onvif_change change = { .kind = KM_ONVIF_CHANGE_FILTER, .address_count = 1 };

	(void)state;
	change.addresses[0] = range("192.0.2.0", 24);
	assert_int_equal(preview(&change, NULL), KM_ERR_DENIED);
	change.keep = range("192.0.3.1", 32).address;
	assert_int_equal(preview(&change, NULL), KM_ERR_DENIED);
	change.keep = range("192.0.2.1", 32).address;
	assert_int_equal(
	    preview(&change, "<SetIPAddressFilter><IPAddressFilter><tt:Type>Allow</tt:Type>"
			     "<tt:IPv4Address><tt:Address>192.0.2.0</tt:Address><tt:PrefixLength>24"
			     "</tt:PrefixLength></tt:IPv4Address></IPAddressFilter>"
			     "</SetIPAddressFilter>"),
	    0);
	change.addresses[0].prefix = 0;
	assert_int_equal(preview(&change, NULL), KM_ERR_FORMAT);
	change.addresses[0] = range("2001:db8::", 32);
	assert_int_equal(preview(&change, NULL), KM_ERR_DENIED);
	change.keep = range("2001:db8::7", 128).address;
	assert_int_equal(preview(&change, NULL), 0);
}

static void test_time_servers(void **state)
{
	struct km_onvif_change change = { .kind = KM_ONVIF_CHANGE_NTP };

	(void)state;
	assert_int_equal(preview(&change, "<SetNTP><FromDHCP>true</FromDHCP></SetNTP>"), 0);
	change.server_count = 1;
	assert_int_equal(preview(&change, NULL), KM_ERR_FORMAT);
	memcpy(change.servers[0], "a&b", sizeof("a&b"));
	assert_int_equal(
	    preview(&change, "<SetNTP><FromDHCP>false</FromDHCP><NTPManual><tt:Type>DNS</tt:Type>"
			     "<tt:DNSname>a&amp;b</tt:DNSname></NTPManual></SetNTP>"),
	    0);
}

static void test_nonsense_is_refused(void **state)
{
	struct km_onvif_change change = { .kind = KM_ONVIF_CHANGE_SERVICES, .service_count = 1 };

	(void)state;
	assert_int_equal(preview(&change, NULL), KM_ERR_FORMAT);
	change.kind = KM_ONVIF_CHANGE_FIRMWARE;
	assert_int_equal(preview(&change, NULL), KM_ERR_FORMAT);
	change.kind = (enum km_onvif_change_kind)99;
	assert_int_equal(preview(&change, NULL), KM_ERR_FORMAT);
	assert_string_equal(km_onvif_change_operation(change.kind), "unknown");
	change.kind = KM_ONVIF_CHANGE_HOST_NAME;
	memcpy(change.host_name, "-x", sizeof("-x"));
	assert_int_equal(preview(&change, NULL), KM_ERR_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_password_is_never_shown),
		cmocka_unit_test(test_the_recorder_is_not_locked_out),
		cmocka_unit_test(test_time_servers),
		cmocka_unit_test(test_nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
