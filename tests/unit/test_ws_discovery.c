/* sources: auditor/ws_discovery.c auditor/soap_reply.c base/buf.c base/bytes.c base/error.c base/uuid.c base/text.c */
/* libraries: xml */
#include "auditor/ws_discovery.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define ANSWER(related, matches)                                                                   \
	"<s:Envelope "                                                                             \
	"xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Header><RelatesTo>" related        \
	"</RelatesTo></s:Header><s:Body><ProbeMatches>" matches                                    \
	"</ProbeMatches></s:Body></s:Envelope>"
#define MATCH                                                                                      \
	"<ProbeMatch><EndpointReference><Address>urn:uuid:7</Address></EndpointReference>"         \
	"<Scopes>onvif://www.onvif.org/type/x\n onvif://www.onvif.org/name/Gate%20%E6%AD%A3 "      \
	"onvif://www.onvif.org/location/2F onvif://www.onvif.org/location/3F</Scopes>"             \
	"<XAddrs>http://192.0.2.7/onvif/device_service http://[fe80::1]/x</XAddrs></ProbeMatch>"

static const struct km_uuid own = { .bytes = { 1, 2, 3 } };

static int read_answer(const char *text, struct km_ws_match *matches, size_t *ret_count)
{
	return km_ws_discovery_read(km_bytes_text(text), &own, 1, matches, ret_count);
}

static void test_answers_are_read(void **state)
{
	struct km_ws_match matches[KM_WS_DISCOVERY_MATCHES_MAX];
	size_t count = 0;

	(void)state;
	assert_int_equal(read_answer(ANSWER("urn:uuid:01020300-0000-0000-0000-000000000000", MATCH),
			     matches, &count),
	    0);
	assert_int_equal(count, 1);
	assert_string_equal(matches[0].endpoint, "urn:uuid:7");
	assert_string_equal(matches[0].name, "Gate 正");
	assert_string_equal(matches[0].location, "2F");
	assert_string_equal(matches[0].hardware, "");
	assert_string_equal(
	    matches[0].addresses, "http://192.0.2.7/onvif/device_service http://[fe80::1]/x");
}

static void test_answers_to_others_are_not(void **state)
{
	struct km_ws_match matches[KM_WS_DISCOVERY_MATCHES_MAX];
	size_t count = 0;

	(void)state;
	assert_int_equal(read_answer(ANSWER("urn:uuid:01020300-0000-0000-0000-000000000001", MATCH),
			     matches, &count),
	    KM_ERR_NOT_FOUND);
	assert_int_equal(read_answer(ANSWER("", MATCH), matches, &count), KM_ERR_NOT_FOUND);
	assert_int_equal(read_answer("<Hello/>", matches, &count), KM_ERR_FORMAT);
}

static void test_a_flood_in_one_datagram_is_bounded(void **state)
{
	struct km_ws_match matches[KM_WS_DISCOVERY_MATCHES_MAX];
	size_t count = 0;

	(void)state;
	assert_int_equal(read_answer(ANSWER("uuid:01020300-0000-0000-0000-000000000000",
					 MATCH MATCH MATCH MATCH MATCH MATCH),
			     matches, &count),
	    0);
	assert_int_equal(count, KM_WS_DISCOVERY_MATCHES_MAX);
}

static void test_probe_is_no_answer_to_itself(void **state)
{
	struct km_ws_match matches[KM_WS_DISCOVERY_MATCHES_MAX];
	uint8_t storage[KM_WS_DISCOVERY_PROBE_MAX];
	struct km_buf probe;
	size_t count = 0;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		km_buf_init_fixed(&probe, storage, sizeof(storage));
		assert_int_equal(
		    km_ws_discovery_write_probe(&probe, &own, (enum km_ws_discovery_type)i), 0);
		assert_int_equal(
		    km_ws_discovery_read(km_buf_view(&probe), &own, 1, matches, &count),
		    KM_ERR_NOT_FOUND);
	}
}

static void test_percents(void **state)
{
	char text[] = "a%20b%zz%4";
	char nul[] = "a%00b";

	(void)state;
	km_ws_discovery_decode(text);
	assert_string_equal(text, "a b%zz%4");
	km_ws_discovery_decode(nul);
	assert_string_equal(nul, "a%00b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_are_read),
		cmocka_unit_test(test_answers_to_others_are_not),
		cmocka_unit_test(test_a_flood_in_one_datagram_is_bounded),
		cmocka_unit_test(test_probe_is_no_answer_to_itself),
		cmocka_unit_test(test_percents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
