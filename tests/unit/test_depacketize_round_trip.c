/* sources: base/error.c base/bytes.c base/buf.c base/reader.c proto/track.c proto/bit_reader.c proto/parameter_sets.c proto/oddity.c proto/h264.c proto/h265.c proto/aac.c proto/opus.c proto/depacketize.c proto/depacketize_video.c proto/depacketize_h264.c proto/depacketize_h265.c proto/depacketize_audio.c ../tests/unit/depacketize_bench.c */
/*
 * Whatever NAL units are put into packets, in every way that RTP has for it, come out again byte
 * for byte [RFC 6184 5] [RFC 7798 4.4]; and after random loss no unit is wrong without being told
 * to be damaged.
 */
#include "depacketize_bench.h"
#include "proto/h264.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t h264_sps[] = { 0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xbf, 0xe5, 0xc0,
	0x44, 0x00, 0x00, 0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xc8, 0x3c, 0x58, 0xba, 0x80 };
static const uint8_t h264_pps[] = { 0x68, 0xce, 0x0f, 0xc8 };

/* --- packetizers --- */

/* A NAL unit of this size without zero bytes, so that it never holds a start code. */
static struct km_bytes make_nal(uint8_t header, size_t header_bytes, size_t size, bool is_first)
{
	uint8_t *nal = bench_take(size);

	for (size_t i = 0; i < size; i++) {
		nal[i] = (uint8_t)(1 + bench_random(255));
	}
	nal[0] = header;
	if (header_bytes == 2) {
		nal[1] = 1;
	}
	if (size > header_bytes) {
		nal[header_bytes] =
		    (uint8_t)(is_first ? nal[header_bytes] | 0x80 : (nal[header_bytes] & 0x7f) | 1);
	}
	return km_bytes_from(nal, size);
}

static void send_fragments(
    struct km_bytes nal, size_t header_bytes, uint32_t timestamp, bool is_last)
{
	struct km_bytes rest = km_bytes_after(nal, header_bytes);
	bool is_start = true;

	while (rest.size > 0) {
		uint8_t payload[1500];
		size_t size = 1 + bench_random(1200);
		size_t at = 0;

		size = size < rest.size ? size : rest.size;
		if (is_start && size == rest.size && size > 1) {
			size /= 2;
		}
		if (header_bytes == 1) {
			payload[at++] = (uint8_t)((nal.data[0] & 0xe0) | KM_H264_FU_A);
			payload[at++] = nal.data[0] & 0x1f;
		} else {
			payload[at++] = (uint8_t)((nal.data[0] & 0x81) | 49 << 1);
			payload[at++] = nal.data[1];
			payload[at++] = (nal.data[0] >> 1) & 0x3f;
		}
		payload[at - 1] |= is_start ? 0x80 : 0;
		payload[at - 1] |= size == rest.size ? 0x40 : 0;
		memcpy(payload + at, rest.data, size);
		bench_send(payload, at + size, timestamp, is_last && size == rest.size);
		rest = km_bytes_after(rest, size);
		is_start = false;
	}
}

/* As many units in one aggregate as chance wants. Returns how many. */
static size_t send_aggregate(const struct km_bytes *nals, size_t count, size_t header_bytes,
    uint32_t timestamp, bool is_last)
{
	static uint8_t payload[65536];
	size_t used = 1 + bench_random((uint32_t)count);
	size_t at = 0;

	payload[at++] = header_bytes == 1 ? KM_H264_STAP_A : 48 << 1;
	if (header_bytes == 2) {
		payload[at++] = 1;
	}
	for (size_t i = 0; i < used; i++) {
		if (at + 2 + nals[i].size > sizeof(payload)) {
			used = i;
			break;
		}
		payload[at++] = (uint8_t)(nals[i].size >> 8);
		payload[at++] = (uint8_t)nals[i].size;
		memcpy(payload + at, nals[i].data, nals[i].size);
		at += nals[i].size;
	}
	bench_send(payload, at, timestamp, is_last && used == count);
	return used;
}

static void expect_unit(const struct km_bytes *nals, size_t count, uint32_t timestamp, bool is_key)
{
	size_t total = 0;
	uint8_t *start = bench.store + bench.used;

	for (size_t i = 0; i < count; i++) {
		uint8_t *at = bench_take(4 + nals[i].size);

		for (size_t k = 0; k < 4; k++) {
			at[k] = (uint8_t)(nals[i].size >> (24 - 8 * k));
		}
		memcpy(at + 4, nals[i].data, nals[i].size);
		total += 4 + nals[i].size;
	}
	assert_true(bench.sent_count < BENCH_UNITS_MAX);
	bench.sent[bench.sent_count] = km_bytes_from(start, total);
	bench.sent_timestamp[bench.sent_count] = timestamp;
	bench.sent_key[bench.sent_count++] = is_key;
}

static void send_nals(
    const struct km_bytes *nals, size_t count, size_t header_bytes, uint32_t timestamp, bool marks)
{
	for (size_t i = 0; i < count;) {
		uint32_t kind = bench_random(3);
		bool is_last = i + 1 == count;

		if (kind == 0 && nals[i].size < 60000) {
			bench_send(nals[i].data, nals[i].size, timestamp, marks && is_last);
			i++;
		} else if (kind == 1 && nals[i].size > header_bytes + 1) {
			send_fragments(nals[i], header_bytes, timestamp, marks && is_last);
			i++;
		} else if (nals[i].size < 60000) {
			i += send_aggregate(nals + i, count - i, header_bytes, timestamp, marks);
		}
	}
}

/* A picture of several NAL units, in a random mix of packets; the last has the marker if marks. */
static void send_picture(enum km_codec codec, uint32_t timestamp, bool is_key, bool marks)
{
	struct km_bytes nals[12];
	size_t header_bytes = codec == KM_CODEC_H264 ? 1 : 2;
	bool is_h264 = codec == KM_CODEC_H264;
	size_t slices = 1 + bench_random(4);
	size_t count = 0;

	if (bench_random(4) == 0) {
		nals[count++] = make_nal(is_h264 ? 0x09 : 35 << 1, header_bytes, 3, true);
	}
	if (is_key && is_h264) {
		nals[count++] = KM_BYTES_OF(h264_sps);
		nals[count++] = KM_BYTES_OF(h264_pps);
	}
	if (bench_random(2) == 0) {
		nals[count++] =
		    make_nal(is_h264 ? 0x06 : 39 << 1, header_bytes, 5 + bench_random(50), true);
	}
	for (size_t i = 0; i < slices; i++) {
		uint8_t header = is_h264 ? (is_key ? 0x65 : 0x41) : (is_key ? 19 << 1 : 1 << 1);

		nals[count++] = make_nal(header, header_bytes, 4 + bench_random(3000), i == 0);
	}
	expect_unit(nals, count, timestamp, is_key);
	send_nals(nals, count, header_bytes, timestamp, marks);
}

static void expect_all(size_t count)
{
	assert_int_equal(bench.errors, 0);
	assert_int_equal(bench.received_count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(bench.info[i].timestamp, bench.sent_timestamp[i]);
		assert_int_equal(bench.info[i].is_key, bench.sent_key[i]);
		assert_false(bench.info[i].is_damaged);
		assert_true(km_bytes_is_equal(bench.received[i], bench.sent[i]));
	}
}

static bool drop_some(size_t index)
{
	(void)index;
	return bench_random(12) == 0;
}

/* A unit not flagged as damaged is, byte for byte, one that was sent with this timestamp. */
static void expect_no_silent_damage(void)
{
	for (size_t i = 0; i < bench.received_count; i++) {
		size_t k = 0;

		if (bench.info[i].is_damaged) {
			continue;
		}
		while (k < bench.sent_count && bench.sent_timestamp[k] != bench.info[i].timestamp) {
			k++;
		}
		assert_true(k < bench.sent_count);
		assert_true(km_bytes_is_equal(bench.received[i], bench.sent[k]));
		assert_int_equal(bench.info[i].is_key, bench.sent_key[k]);
	}
}

static void test_video_round_trip(void **state)
{
	static const enum km_codec codecs[] = { KM_CODEC_H264, KM_CODEC_H265 };

	(void)state;
	for (uint32_t seed = 0; seed < 200; seed++) {
		bool marks = seed % 4 != 3;
		uint32_t timestamp = 0xffff0000U;

		bench_begin(codecs[seed % 2], seed);
		for (unsigned i = 0; i < 30; i++, timestamp += 3000) {
			send_picture(codecs[seed % 2], timestamp, i % 10 == 0, marks);
		}
		bench_run(NULL);
		expect_all(marks ? 30 : 29);
		assert_int_equal(bench.d.oddities & ~(uint32_t)KM_ODDITY_PARAMETERS_MISSING, 0);
		assert_int_equal(bench.changes, seed % 2 == 0 ? 1 : 0);
	}
}

static void test_video_loss(void **state)
{
	static const enum km_codec codecs[] = { KM_CODEC_H264, KM_CODEC_H265 };
	size_t whole = 0;

	(void)state;
	for (uint32_t seed = 0; seed < 400; seed++) {
		bool marks = seed % 4 != 3;

		bench_begin(codecs[seed % 2], seed + 1000);
		for (uint32_t i = 0; i < 30; i++) {
			send_picture(codecs[seed % 2], i * 3000, i % 10 == 0, marks);
		}
		bench_run(drop_some);
		assert_int_equal(bench.errors, 0);
		expect_no_silent_damage();
		for (size_t i = 0; i < bench.received_count; i++) {
			whole += !bench.info[i].is_damaged;
		}
	}
	/* Loss must cost no more than the units that it touches. */
	assert_true(whole > 2000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_video_round_trip),
		cmocka_unit_test(test_video_loss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
