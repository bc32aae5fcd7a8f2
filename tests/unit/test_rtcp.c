/* sources: base/error.c base/bytes.c base/buf.c base/reader.c proto/rtcp.c */
#include "proto/rtcp.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void parse_compound(void **state)
{
	static const uint8_t bytes[] = {
		0x80, 200, 0, 6, 0, 0, 0, 7, 0xe8, 0, 0, 1, 0x80, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1,
		0, 0, 0, 1,                              /* SR */
		0x81, 202, 0, 2, 0, 0, 0, 7, 0, 0, 0, 0, /* SDES */
		0x81, 203, 0, 1, 0, 0, 0, 8,             /* BYE */
	};
	struct km_bytes rest = KM_BYTES_OF(bytes);
	struct km_rtcp_packet packet = { 0 };

	(void)state;
	assert_int_equal(km_rtcp_parse(&rest, &packet, NULL), 0);
	assert_int_equal(packet.kind, KM_RTCP_SENDER_REPORT);
	assert_int_equal(packet.ssrc, 7);
	assert_int_equal(packet.timestamp, 9);
	assert_int_equal(km_rtcp_ntp_to_unix_us(packet.ntp),
	    (INT64_C(0xe8000001) - 2208988800) * 1000000 + 500000);
	assert_int_equal(km_rtcp_parse(&rest, &packet, NULL), 0);
	assert_int_equal(packet.kind, KM_RTCP_OTHER);
	assert_int_equal(km_rtcp_parse(&rest, &packet, NULL), 0);
	assert_int_equal(packet.kind, KM_RTCP_BYE);
	assert_int_equal(packet.ssrc, 8);
	assert_int_equal(rest.size, 0);
}

static void parse_refuses(void **state)
{
	static const uint8_t short_report[] = { 0x80, 200, 0, 1, 0, 0, 0, 7 };
	static const uint8_t long_length[] = { 0x80, 200, 0, 9, 0, 0, 0, 7 };
	static const uint8_t version[] = { 0x40, 201, 0, 0 };
	struct km_rtcp_packet packet = { 0 };
	struct km_bytes rest = KM_BYTES_OF(short_report);

	(void)state;
	assert_int_equal(km_rtcp_parse(&rest, &packet, NULL), KM_ERR_SHORT);
	rest = KM_BYTES_OF(long_length);
	assert_int_equal(km_rtcp_parse(&rest, &packet, NULL), KM_ERR_SHORT);
	rest = KM_BYTES_OF(version);
	assert_int_equal(km_rtcp_parse(&rest, &packet, NULL), KM_ERR_FORMAT);
	rest = km_bytes_from(version, 3);
	assert_int_equal(km_rtcp_parse(&rest, &packet, NULL), KM_ERR_SHORT);
}

static void ntp_eras(void **state)
{
	(void)state;
	assert_int_equal(km_rtcp_ntp_to_unix_us(0), 0);
	assert_int_equal(km_rtcp_ntp_to_unix_us(UINT64_C(2208988800) << 32), 0);
	/* The first second after NTP's 32 bits wrap: 2036-02-07. */
	assert_int_equal(km_rtcp_ntp_to_unix_us(UINT64_C(1) << 32), INT64_C(2085978497) * 1000000);
}

static void written_reports_parse(void **state)
{
	static const char *const names[] = { "", "a", "ab", "abc", "abcd", "abcde" };

	(void)state;
	for (size_t i = 0; i < KM_COUNT(names); i++) {
		struct km_rtcp_report report = { .ssrc = 1, .source = 2, .lost = 0xffffffff };
		uint8_t storage[KM_RTCP_REPORT_MAX];
		struct km_buf buf = { 0 };
		struct km_rtcp_packet packet = { 0 };
		struct km_bytes rest = { 0 };

		km_buf_init_fixed(&buf, storage, sizeof(storage));
		km_rtcp_write_report(&report, names[i], &buf);
		assert_int_equal(km_buf_error(&buf), 0);
		assert_int_equal(buf.size % 4, 0);
		rest = km_buf_view(&buf);
		assert_int_equal(km_rtcp_parse(&rest, &packet, NULL), 0);
		assert_int_equal(km_rtcp_parse(&rest, &packet, NULL), 0);
		assert_int_equal(rest.size, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_compound),
		cmocka_unit_test(parse_refuses),
		cmocka_unit_test(ntp_eras),
		cmocka_unit_test(written_reports_parse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
