/* sources: base/error.c base/bytes.c base/reader.c proto/rtp.c */
#include "proto/rtp.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct km_rtp_packet numbered(uint16_t sequence)
{
	return (struct km_rtp_packet){ .sequence = sequence, .ssrc = 7 };
}

static void parse_plain(void **state)
{
	static const uint8_t bytes[] = { 0x80, 0xe0, 0x12, 0x34, 0, 0, 0, 9, 0, 0, 0, 7, 0xaa,
		0xbb };
	struct km_rtp_packet packet = { 0 };

	(void)state;
	assert_int_equal(km_rtp_parse(KM_BYTES_OF(bytes), &packet, NULL), 0);
	assert_int_equal(packet.sequence, 0x1234);
	assert_int_equal(packet.timestamp, 9);
	assert_int_equal(packet.ssrc, 7);
	assert_int_equal(packet.payload_type, 96);
	assert_true(packet.marker);
	assert_int_equal(packet.payload.size, 2);
	assert_false(km_rtp_is_rtcp(KM_BYTES_OF(bytes)));
}

/* [RFC 3550 5.1, 5.3.1] CSRCs, an extension and padding together. */
static void parse_everything(void **state)
{
	static const uint8_t bytes[] = { 0xb1, 0x60, 0, 1, 0, 0, 0, 9, 0, 0, 0, 7, 1, 2, 3, 4, 0xbe,
		0xde, 0, 1, 5, 6, 7, 8, 0xaa, 0, 0, 3 };
	struct km_rtp_packet packet = { 0 };

	(void)state;
	assert_int_equal(km_rtp_parse(KM_BYTES_OF(bytes), &packet, NULL), 0);
	assert_false(packet.marker);
	assert_int_equal(packet.payload.size, 1);
	assert_int_equal(packet.payload.data[0], 0xaa);
}

static void parse_refuses(void **state)
{
	uint8_t bytes[] = { 0x80, 0x60, 0, 1, 0, 0, 0, 9, 0, 0, 0, 7, 4 };
	struct km_rtp_packet packet = { .ssrc = 99 };
	struct km_fault fault = { 0 };

	(void)state;
	assert_int_equal(km_rtp_parse(km_bytes_from(bytes, 11), &packet, &fault), KM_ERR_SHORT);
	bytes[0] = 0x40;
	assert_int_equal(km_rtp_parse(KM_BYTES_OF(bytes), &packet, &fault), KM_ERR_FORMAT);
	bytes[0] = 0x8f;
	assert_int_equal(km_rtp_parse(KM_BYTES_OF(bytes), &packet, &fault), KM_ERR_SHORT);
	bytes[0] = 0x90;
	assert_int_equal(km_rtp_parse(KM_BYTES_OF(bytes), &packet, &fault), KM_ERR_SHORT);
	bytes[0] = 0xa0;
	assert_int_equal(km_rtp_parse(KM_BYTES_OF(bytes), &packet, &fault), KM_ERR_FORMAT);
	assert_string_equal(fault.clause, "RFC 3550 5.1");
	bytes[12] = 0;
	assert_int_equal(km_rtp_parse(KM_BYTES_OF(bytes), &packet, &fault), KM_ERR_FORMAT);
	assert_int_equal(km_rtp_parse(km_bytes_from(bytes, 12), &packet, &fault), KM_ERR_FORMAT);
	assert_int_equal(packet.ssrc, 99);
}

static enum km_rtp_order push(struct km_rtp_sequence *sequence, uint16_t number)
{
	struct km_rtp_packet packet = numbered(number);

	return km_rtp_sequence_push(sequence, &packet);
}

static void sequence_counts_loss_and_wraps(void **state)
{
	struct km_rtp_sequence sequence = { 0 };

	(void)state;
	assert_int_equal(push(&sequence, 65534), KM_RTP_NEXT);
	assert_int_equal(push(&sequence, 65535), KM_RTP_NEXT);
	assert_int_equal(km_rtp_sequence_highest(&sequence), 65535);
	assert_int_equal(push(&sequence, 0), KM_RTP_NEXT);
	assert_int_equal(km_rtp_sequence_highest(&sequence), 65536);
	assert_int_equal(push(&sequence, 3), KM_RTP_LOST);
	assert_int_equal(sequence.missing, 2);
	assert_int_equal(push(&sequence, 3), KM_RTP_OLD);
	assert_int_equal(push(&sequence, 1), KM_RTP_OLD);
	assert_int_equal(push(&sequence, 4), KM_RTP_NEXT);
	assert_int_equal(sequence.lost, 2);
	assert_int_equal(sequence.old, 2);
	assert_int_equal(sequence.received, 5);
	assert_int_equal(km_rtp_sequence_highest(&sequence), 65540);
}

static void sequence_loss_across_wrap(void **state)
{
	struct km_rtp_sequence sequence = { 0 };

	(void)state;
	assert_int_equal(push(&sequence, 65530), KM_RTP_NEXT);
	assert_int_equal(push(&sequence, 4), KM_RTP_LOST);
	assert_int_equal(sequence.missing, 9);
	assert_int_equal(km_rtp_sequence_highest(&sequence), 65540);
}

/* [RFC 3550 A.1] One stray packet does not restart the sequence; two in a row do. */
static void sequence_restarts(void **state)
{
	struct km_rtp_sequence sequence = { 0 };
	struct km_rtp_packet other = { .sequence = 9, .ssrc = 8 };

	(void)state;
	assert_int_equal(push(&sequence, 100), KM_RTP_NEXT);
	assert_int_equal(push(&sequence, 30000), KM_RTP_OLD);
	assert_int_equal(push(&sequence, 101), KM_RTP_NEXT);
	assert_int_equal(push(&sequence, 30001), KM_RTP_OLD);
	assert_int_equal(push(&sequence, 30002), KM_RTP_RESTART);
	assert_int_equal(push(&sequence, 30003), KM_RTP_NEXT);
	assert_int_equal(km_rtp_sequence_push(&sequence, &other), KM_RTP_RESTART);
}

static void clock_unwraps(void **state)
{
	struct km_rtp_clock clock = { 0 };
	int64_t ticks = 0;

	(void)state;
	km_rtp_clock_init(&clock, 900000, 90000);
	assert_int_equal(km_rtp_clock_push(&clock, 0xfffffff0, &ticks), 0);
	assert_int_equal(ticks, 0);
	assert_int_equal(km_rtp_clock_push(&clock, 0x10, &ticks), 0);
	assert_int_equal(ticks, 0x20);
	assert_int_equal(km_rtp_clock_push(&clock, 0, &ticks), 0);
	assert_int_equal(ticks, 0x10);
	assert_int_equal(km_rtp_clock_push(&clock, 900001, &ticks), KM_ERR_RANGE);
	assert_int_equal(km_rtp_clock_push(&clock, (uint32_t)-90001, &ticks), KM_ERR_RANGE);
	assert_int_equal(ticks, 0x10);
	assert_int_equal(km_rtp_clock_push(&clock, 900000, &ticks), 0);
	assert_int_equal(ticks, 900016);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_plain),
		cmocka_unit_test(parse_everything),
		cmocka_unit_test(parse_refuses),
		cmocka_unit_test(sequence_counts_loss_and_wraps),
		cmocka_unit_test(sequence_loss_across_wrap),
		cmocka_unit_test(sequence_restarts),
		cmocka_unit_test(clock_unwraps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
