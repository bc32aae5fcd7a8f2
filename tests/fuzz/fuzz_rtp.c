/* sources: base/error.c base/bytes.c base/reader.c proto/rtp.c proto/rtp_reorder.c */
#include "proto/rtp.h"
#include "proto/rtp_reorder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(struct km_rtp_sequence *sequence, struct km_rtp_clock *clock, struct km_bytes bytes)
{
	struct km_rtp_packet packet = { 0 };
	int64_t ticks = 0;

	if (km_rtp_parse(bytes, &packet, NULL) < 0) {
		return;
	}
	(void)km_rtp_sequence_push(sequence, &packet);
	(void)km_rtp_sequence_highest(sequence);
	if (km_rtp_clock_push(clock, packet.timestamp, &ticks) < 0) {
		km_rtp_clock_init(clock, clock->max_forward_ticks, clock->max_backward_ticks);
	}
}

/* The input is a series of packets, each behind its length and a step of time. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t storage[KM_RTP_REORDER_BYTES];
	struct km_bytes rest = km_bytes_from(data, size);
	struct km_rtp_sequence sequence = { 0 };
	struct km_rtp_clock clock = { 0 };
	struct km_rtp_reorder reorder = { 0 };
	int64_t now_us = 0;

	km_rtp_clock_init(&clock, 900000, 90000);
	km_rtp_reorder_init(&reorder, storage, 100000);
	while (rest.size >= 2) {
		struct km_bytes packet = km_bytes_slice(rest, 2, rest.data[0]);
		struct km_bytes ready = { 0 };

		now_us += (int64_t)rest.data[1] * 1000;
		rest = km_bytes_after(rest, 2 + (size_t)rest.data[0]);
		(void)km_rtp_is_rtcp(packet);
		while (km_rtp_reorder_push(&reorder, packet, now_us, &ready) < 0) {
			while (km_rtp_reorder_next(&reorder, now_us, &ready)) {
				use(&sequence, &clock, ready);
			}
		}
		use(&sequence, &clock, ready);
		while (km_rtp_reorder_next(&reorder, now_us, &ready)) {
			use(&sequence, &clock, ready);
		}
	}
	return 0;
}
