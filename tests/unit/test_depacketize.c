/* sources: base/error.c base/bytes.c base/buf.c base/reader.c proto/track.c proto/bit_reader.c proto/parameter_sets.c proto/oddity.c proto/h264.c proto/h265.c proto/aac.c proto/opus.c proto/depacketize.c proto/depacketize_video.c proto/depacketize_h264.c proto/depacketize_h265.c proto/depacketize_audio.c ../tests/unit/depacketize_bench.c */
/*
 * What cameras do against [RFC 6184], [RFC 7798], [RFC 3640] and [RFC 7587], what becomes of it,
 * and audio.
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

/* --- what cameras do --- */

static const uint8_t idr[] = { 0x65, 0x88, 0x84, 0x11 };
static const uint8_t idr_rest[] = { 0x65, 0x44, 0x22, 0x33 };
static const uint8_t slice[] = { 0x41, 0x9a, 0x55 };
static const uint8_t slice_rest[] = { 0x41, 0x44, 0x66 };
static const uint8_t sei[] = { 0x06, 0x05, 0x01, 0x7f, 0x80 };

#define SEND(array, timestamp, marker) bench_send(array, sizeof(array), timestamp, marker)

/* Unit `index` is made of exactly these NAL units. */
static void expect_nals(size_t index, uint32_t timestamp, bool is_damaged, size_t count, ...)
{
	struct km_bytes rest;
	va_list nals;

	assert_true(index < bench.received_count);
	rest = bench.received[index];
	assert_int_equal(bench.info[index].timestamp, timestamp);
	assert_int_equal(bench.info[index].is_damaged, is_damaged);
	assert_int_equal(bench.info[index].nal_count, count);
	va_start(nals, count);
	for (size_t i = 0; i < count; i++) {
		struct km_bytes nal = va_arg(nals, struct km_bytes);

		assert_true(rest.size >= 4 + nal.size);
		assert_int_equal(rest.data[3], nal.size);
		assert_memory_equal(rest.data + 4, nal.data, nal.size);
		rest = km_bytes_after(rest, 4 + nal.size);
	}
	va_end(nals);
	assert_int_equal(rest.size, 0);
}

static void expect_oddities(uint32_t oddities)
{
	assert_int_equal(bench.d.oddities & ~(uint32_t)KM_ODDITY_PARAMETERS_MISSING, oddities);
}

/* [quirk: the marker is set on parameter sets and SEI] */
static void test_marker_without_picture(void **state)
{
	(void)state;
	bench_begin(KM_CODEC_H264, 1);
	SEND(h264_sps, 10, true);
	SEND(h264_pps, 10, true);
	SEND(sei, 10, true);
	SEND(idr, 10, true);
	bench_run(NULL);
	assert_int_equal(bench.received_count, 1);
	expect_nals(0, 10, false, 4, KM_BYTES_OF(h264_sps), KM_BYTES_OF(h264_pps), KM_BYTES_OF(sei),
	    KM_BYTES_OF(idr));
	assert_true(bench.info[0].is_key);
	assert_int_equal(bench.changes, 1);
	assert_string_equal(bench.d.track.codec_text, "avc1.42c01e");
	assert_int_equal(bench.d.track.width, 640);
	expect_oddities(KM_ODDITY_MARKER_WITHOUT_PICTURE);
}

/* [quirk: parameter sets have a timestamp of their own] */
static void test_timestamp_without_picture(void **state)
{
	(void)state;
	bench_begin(KM_CODEC_H264, 1);
	SEND(h264_sps, 7, false);
	SEND(h264_pps, 8, false);
	SEND(idr, 10, true);
	bench_run(NULL);
	assert_int_equal(bench.received_count, 1);
	expect_nals(
	    0, 10, false, 3, KM_BYTES_OF(h264_sps), KM_BYTES_OF(h264_pps), KM_BYTES_OF(idr));
	expect_oddities(KM_ODDITY_TIMESTAMP_WITHOUT_PICTURE);
}

/* [quirk: the marker is set on each slice]: one picture is lost to that, then it is known. */
static void test_marker_in_picture(void **state)
{
	(void)state;
	bench_begin(KM_CODEC_H264, 1);
	for (uint32_t i = 0; i < 3; i++) {
		SEND(slice, i, true);
		SEND(slice_rest, i, true);
	}
	SEND(slice, 3, true);
	bench_run(NULL);
	assert_int_equal(bench.received_count, 4);
	expect_nals(0, 0, false, 1, KM_BYTES_OF(slice));
	expect_nals(1, 0, true, 1, KM_BYTES_OF(slice_rest));
	expect_nals(2, 1, false, 2, KM_BYTES_OF(slice), KM_BYTES_OF(slice_rest));
	expect_nals(3, 2, false, 2, KM_BYTES_OF(slice), KM_BYTES_OF(slice_rest));
	expect_oddities(KM_ODDITY_MARKER_IN_PICTURE);
}

/* [quirk: no markers, and the clock stands still] */
static void test_timestamp_repeated(void **state)
{
	(void)state;
	bench_begin(KM_CODEC_H264, 1);
	SEND(h264_sps, 5, false);
	SEND(h264_pps, 5, false);
	SEND(idr, 5, false);
	SEND(idr_rest, 5, false);
	SEND(slice, 5, false);
	SEND(slice, 5, false);
	SEND(h264_sps, 5, false);
	SEND(h264_pps, 5, false);
	SEND(idr, 5, false);
	bench_run(NULL);
	assert_int_equal(bench.received_count, 3);
	expect_nals(0, 5, false, 4, KM_BYTES_OF(h264_sps), KM_BYTES_OF(h264_pps), KM_BYTES_OF(idr),
	    KM_BYTES_OF(idr_rest));
	expect_nals(1, 5, false, 1, KM_BYTES_OF(slice));
	expect_nals(2, 5, false, 1, KM_BYTES_OF(slice));
	expect_oddities(KM_ODDITY_TIMESTAMP_REPEATED);
}

/* [quirk: Annex B inside RTP], here all of a picture in one fragmented unit cut at each place. */
static void test_start_codes(void **state)
{
	uint8_t stream[128];
	size_t size = 0;

	(void)state;
	memcpy(stream, h264_sps, sizeof(h264_sps));
	size = sizeof(h264_sps);
	memcpy(stream + size, "\0\0\0\1", 4);
	memcpy(stream + size + 4, h264_pps, sizeof(h264_pps));
	size += 4 + sizeof(h264_pps);
	memcpy(stream + size, "\0\0\1", 3);
	memcpy(stream + size + 3, idr, sizeof(idr));
	size += 3 + sizeof(idr);
	for (size_t cut = 1; cut < size; cut++) {
		uint8_t payload[160];

		bench_begin(KM_CODEC_H264, 1);
		if (cut == 1) {
			bench_send(stream, size, 5, true);
		} else {
			payload[0] = 0x7c;
			payload[1] = 0x87;
			memcpy(payload + 2, stream + 1, cut - 1);
			bench_send(payload, cut + 1, 5, false);
			payload[1] = 0x47;
			memcpy(payload + 2, stream + cut, size - cut);
			bench_send(payload, size - cut + 2, 5, true);
		}
		bench_run(NULL);
		assert_int_equal(bench.received_count, 1);
		expect_nals(
		    0, 5, false, 3, KM_BYTES_OF(h264_sps), KM_BYTES_OF(h264_pps), KM_BYTES_OF(idr));
		assert_true(bench.info[0].is_key);
		assert_int_equal(bench.d.track.width, 640);
		expect_oddities(KM_ODDITY_START_CODES);
	}
}

static void test_start_code_in_front(void **state)
{
	(void)state;
	bench_begin(KM_CODEC_H264, 1);
	bench_send("\0\0\0\1\x65\x88\x84\0\0\1\x65\x44\x22", 13, 5, true);
	bench_send("\0\0\1\x41\x9a\x55", 6, 6, true);
	bench_run(NULL);
	assert_int_equal(bench.received_count, 2);
	expect_nals(0, 5, false, 2, KM_BYTES("\x65\x88\x84"), KM_BYTES("\x65\x44\x22"));
	expect_nals(1, 6, false, 1, KM_BYTES_OF(slice));
	expect_oddities(KM_ODDITY_START_CODES);
}

/* [quirk: fragments that are empty, change their type, lack flags] */
static void test_fragments(void **state)
{
	(void)state;
	bench_begin(KM_CODEC_H264, 1);
	bench_send("\x7c\x85\x88", 3, 1, false);
	bench_send("\x7c\x05", 2, 1, false);
	bench_send("\x7c\x01\x84", 3, 1, true);
	bench_send("\x7c\x45\x11", 3, 1, true);
	bench_run(NULL);
	assert_int_equal(bench.received_count, 1);
	expect_nals(0, 1, false, 1, KM_BYTES_OF(idr));
	expect_oddities(KM_ODDITY_EMPTY_FRAGMENT | KM_ODDITY_FRAGMENT_TYPE_CHANGED |
			KM_ODDITY_MARKER_IN_FRAGMENT);

	bench_begin(KM_CODEC_H264, 1);
	bench_send("\x5c\x81\x9a", 3, 1, false); /* never flagged as ended */
	bench_send("\x5c\x01\x55", 3, 1, false);
	bench_send("\x5c\x81\x44", 3, 1, false);
	bench_send("\x5c\x01\x66", 3, 1, false);
	bench_send("\x5c\xc1\x9a\x55", 4, 2, true); /* start and end in one */
	bench_run(NULL);
	assert_int_equal(bench.received_count, 2);
	expect_nals(0, 1, false, 2, KM_BYTES_OF(slice), KM_BYTES_OF(slice_rest));
	expect_nals(1, 2, false, 1, KM_BYTES_OF(slice));
	expect_oddities(KM_ODDITY_FRAGMENT_END_MISSING | KM_ODDITY_FRAGMENT_START_AND_END);

	bench_begin(KM_CODEC_H264, 1);
	SEND(slice, 1, false);
	bench_send("\x5c\x01\x55", 3, 1, false);
	bench_send("\x5c\x41\x55", 3, 1, true);
	bench_run(NULL);
	assert_int_equal(bench.received_count, 1);
	expect_nals(0, 1, true, 1, KM_BYTES_OF(slice));
	expect_oddities(KM_ODDITY_FRAGMENT_START_MISSING);
}

static void test_empties(void **state)
{
	(void)state;
	bench_begin(KM_CODEC_H264, 1);
	bench_send("", 0, 1, false);
	bench_send("\x41", 1, 1, false);
	bench_send("\x18\0\0\0\3\x41\x9a\x55\0", 9, 1, false);
	bench_send("\x1e\x55", 2, 1, false);
	bench_send("\x0a", 1, 1, true); /* end of sequence is a header only */
	bench_run(NULL);
	assert_int_equal(bench.received_count, 1);
	expect_nals(0, 1, false, 2, KM_BYTES_OF(slice), KM_BYTES("\x0a"));
	expect_oddities(KM_ODDITY_EMPTY_PACKET | KM_ODDITY_EMPTY_NAL | KM_ODDITY_UNKNOWN_NAL |
			KM_ODDITY_TRAILING_BYTES);
}

static void test_refused_packets(void **state)
{
	static const struct {
		enum km_codec codec;
		struct km_bytes payload;
		int err;
	} rows[] = {
		{ KM_CODEC_H264, KM_BYTES("\x19\0\0\0\2\x41\x9a"), KM_ERR_UNSUPPORTED },
		{ KM_CODEC_H264, KM_BYTES("\x1a\0\0"), KM_ERR_UNSUPPORTED },
		{ KM_CODEC_H264, KM_BYTES("\x1b\0\0"), KM_ERR_UNSUPPORTED },
		{ KM_CODEC_H264, KM_BYTES("\x1d\x81\0\0"), KM_ERR_UNSUPPORTED },
		{ KM_CODEC_H264, KM_BYTES("\x1c"), KM_ERR_SHORT },
		{ KM_CODEC_H264, KM_BYTES("\x18\0\3\x41\x9a"), KM_ERR_FORMAT },
		{ KM_CODEC_H265, KM_BYTES("\x02"), KM_ERR_SHORT },
		{ KM_CODEC_H265, KM_BYTES("\x62\1"), KM_ERR_SHORT },
		{ KM_CODEC_H265, KM_BYTES("\x60\1\0\7\2\1"), KM_ERR_FORMAT },
		{ KM_CODEC_H265, KM_BYTES("\x64\1\0\7\2\1"), KM_ERR_UNSUPPORTED },
		{ KM_CODEC_OPUS, KM_BYTES("\xfb"), KM_ERR_SHORT },
		{ KM_CODEC_OPUS, KM_BYTES("\xfb\x00"), KM_ERR_FORMAT },
		{ KM_CODEC_AAC, KM_BYTES("\0"), KM_ERR_SHORT },
		{ KM_CODEC_AAC, KM_BYTES("\0\x40\0\x08"), KM_ERR_SHORT },
		{ KM_CODEC_AAC, KM_BYTES("\0\x20\0\x08\0\x09\1\2"), KM_ERR_UNSUPPORTED },
		{ KM_CODEC_AAC, KM_BYTES("\0\x20\0\x08\0\x10\1\2"), KM_ERR_FORMAT },
	};

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		bench_begin(rows[i].codec, 1);
		bench_send(rows[i].payload.data, rows[i].payload.size, 1, true);
		bench_run(NULL);
		assert_int_equal(bench.errors, 1);
		assert_int_equal(bench.last_error, rows[i].err);
	}
	/* The unit around it is told to be damaged, the next is not. */
	bench_begin(KM_CODEC_H264, 1);
	SEND(slice, 1, false);
	bench_send("\x1a\0\0", 3, 1, false);
	SEND(slice, 2, true);
	bench_run(NULL);
	expect_nals(0, 1, true, 1, KM_BYTES_OF(slice));
	expect_nals(1, 2, false, 1, KM_BYTES_OF(slice));
}

/* A unit beyond the maximum is refused once, skipped, and the next one is whole. */
static void test_limit(void **state)
{
	static uint8_t payload[50000];

	(void)state;
	bench_begin(KM_CODEC_H264, 1);
	memset(payload, 0x55, sizeof(payload));
	payload[0] = 0x7c;
	for (unsigned i = 0; i < 20; i++) {
		payload[1] = i == 0 ? 0x85 : 0x05;
		bench_send(payload, sizeof(payload), 1, false);
	}
	SEND(slice, 2, true);
	bench.d.format.max_unit_bytes = 100000;
	bench_run(NULL);
	assert_int_equal(bench.errors, 1);
	assert_int_equal(bench.received_count, 1);
	expect_nals(0, 2, false, 1, KM_BYTES_OF(slice));
}

static void test_parameters(void **state)
{
	static const uint8_t other_pps[] = { 0x68, 0xcb, 0x83, 0xcb, 0x20 };
	size_t config_size = 0;

	(void)state;
	bench_begin(KM_CODEC_H264, 1);
	assert_int_equal(km_depacketizer_set_parameters(
			     &bench.d, KM_BYTES_OF(h264_sps), KM_BYTES_OF(h264_pps), KM_BYTES("")),
	    0);
	config_size = bench.d.track.config_size;
	assert_true(config_size > 0);
	SEND(h264_sps, 1, false);
	SEND(h264_pps, 1, false);
	SEND(idr, 1, true);
	bench_run(NULL);
	assert_int_equal(bench.changes, 0);
	assert_int_equal(bench.d.track.config_size, config_size);

	bench.packet_count = 0;
	SEND(h264_sps, 2, false);
	SEND(other_pps, 2, false);
	SEND(idr, 2, true);
	SEND(h264_sps, 3, false);
	SEND(other_pps, 3, false);
	SEND(idr, 3, true);
	bench_run(NULL);
	assert_int_equal(bench.changes, 1);
	assert_int_equal(bench.d.track.config_size, config_size + 1);
	assert_int_equal(bench.received_count, 3);

	assert_int_equal(km_depacketizer_set_parameters(
			     &bench.d, KM_BYTES("\x67\x42"), KM_BYTES(""), KM_BYTES("")),
	    KM_ERR_SHORT);
	assert_int_equal(bench.d.track.config_size, config_size + 1);
}

static void test_flush(void **state)
{
	unsigned result = 0;
	struct km_buf unit;
	struct km_rtp_packet packet = { .payload = KM_BYTES_OF(slice), .timestamp = 3 };

	(void)state;
	bench_begin(KM_CODEC_H264, 1);
	km_buf_init_fixed(&unit, bench.unit[0], BENCH_UNIT_BYTES);
	km_depacketizer_flush(&bench.d, &unit, &result);
	assert_int_equal(result, 0);
	assert_int_equal(km_depacketizer_push(&bench.d, &packet, false, &unit, &result), 0);
	assert_int_equal(result, 0);
	km_depacketizer_flush(&bench.d, &unit, &result);
	assert_int_equal(result, KM_DEPACKETIZER_UNIT_DONE);
	assert_int_equal(unit.size, 4 + sizeof(slice));
	assert_true(bench.d.unit.is_damaged);
}

/* --- audio --- */

static void expect_frame(size_t index, uint32_t timestamp, uint32_t ticks, struct km_bytes frame)
{
	assert_true(index < bench.received_count);
	assert_int_equal(bench.info[index].timestamp, timestamp);
	assert_int_equal(bench.info[index].duration_ticks, ticks);
	assert_true(bench.info[index].is_key);
	assert_false(bench.info[index].is_damaged);
	assert_true(km_bytes_is_equal(bench.received[index], frame));
}

static void test_aac(void **state)
{
	(void)state;
	bench_begin(KM_CODEC_AAC, 1);
	assert_string_equal(bench.d.track.codec_text, "mp4a.40.2");
	bench_send("\0\x30\0\x08\0\x10\0\x18"
		   "abbccc",
	    14, 1000, true);
	bench_send("\0\x10\0\x20"
		   "dd",
	    6, 5000, false); /* fragments of 4 bytes */
	bench_send("\0\x10\0\x20"
		   "dd",
	    6, 5000, true);
	bench_send("\0\x10\0\x48\xff\xf1\x50\x80\x01\x3f\xfc"
		   "ee",
	    13, 6024, true);
	bench_run(NULL);
	assert_int_equal(bench.errors, 0);
	assert_int_equal(bench.received_count, 5);
	expect_frame(0, 1000, 1024, KM_BYTES("a"));
	expect_frame(1, 2024, 1024, KM_BYTES("bb"));
	expect_frame(2, 3048, 1024, KM_BYTES("ccc"));
	expect_frame(3, 5000, 1024, KM_BYTES("dddd"));
	expect_frame(4, 6024, 1024, KM_BYTES("ee"));
	expect_oddities(KM_ODDITY_ADTS);
}

static bool drop_second(size_t index)
{
	return index == 1;
}

/* After a loss the fragments of a frame cannot be told apart: the frame is given up. */
static void test_aac_loss(void **state)
{
	(void)state;
	bench_begin(KM_CODEC_AAC, 1);
	bench_send("\0\x10\0\x30"
		   "aa",
	    6, 1000, false);
	bench_send("\0\x10\0\x30"
		   "bb",
	    6, 1000, false);
	bench_send("\0\x10\0\x30"
		   "cc",
	    6, 1000, true);
	bench_send("\0\x10\0\x10"
		   "dd",
	    6, 2024, true);
	bench_run(drop_second);
	assert_int_equal(bench.errors, 0);
	assert_int_equal(bench.received_count, 1);
	expect_frame(0, 2024, 1024, KM_BYTES("dd"));
}

static void test_aac_lbr(void **state)
{
	struct km_track track = { .codec = KM_CODEC_AAC, .clock_hz = 16000, .channels = 1 };
	struct km_depacketizer_format format = {
		.max_unit_bytes = 64,
		.size_length = 6,
		.index_length = 2,
		.index_delta_length = 2,
	};

	(void)state;
	bench_begin(KM_CODEC_AAC, 1);
	assert_int_equal(km_depacketizer_init(&bench.d, &track, &format), 0);
	assert_int_equal(bench.d.track.config_size, 2); /* AC-LC, as nothing was said */
	bench_send("\0\x10\x04\x08"
		   "abb",
	    7, 0, true);
	bench_run(NULL);
	assert_int_equal(bench.received_count, 2);
	expect_frame(0, 0, 1024, KM_BYTES("a"));
	expect_frame(1, 1024, 1024, KM_BYTES("bb"));
	expect_oddities(KM_ODDITY_AUDIO_CONFIG_MISSING);
}

static void test_plain_audio(void **state)
{
	(void)state;
	bench_begin(KM_CODEC_OPUS, 1);
	bench_send("\xfc"
		   "x",
	    2, 960, false);
	bench_run(NULL);
	expect_frame(0, 960, 960,
	    KM_BYTES("\xfc"
		     "x"));
	assert_string_equal(bench.d.track.codec_text, "opus");
	assert_int_equal(bench.d.track.config_size, 11);
	bench_begin(KM_CODEC_PCMA, 1);
	bench_send("12345678", 8, 80, false);
	bench_run(NULL);
	expect_frame(0, 80, 8, KM_BYTES("12345678"));
}

static void test_init_refused(void **state)
{
	static const struct km_track tracks[] = {
		{ .codec = KM_CODEC_NONE, .clock_hz = 90000 },
		{ .codec = KM_CODEC_H264, .clock_hz = 0 },
		{ .codec = KM_CODEC_H264, .clock_hz = 48000 },
		{ .codec = KM_CODEC_OPUS, .clock_hz = 8000, .channels = 1 },
		{ .codec = KM_CODEC_OPUS, .clock_hz = 48000, .channels = 9 },
		{ .codec = KM_CODEC_PCMU, .clock_hz = 8000 },
		{ .codec = KM_CODEC_AAC, .clock_hz = 44100, .channels = 0 },
		{ .codec = KM_CODEC_AAC, .clock_hz = 44100, .config_size = 1 },
		{ .codec = KM_CODEC_H264, .clock_hz = 90000, .config_size = 2000 },
	};
	const struct km_depacketizer_format format = { .max_unit_bytes = 1000 };
	const struct km_depacketizer_format no_maximum = { 0 };
	const struct km_track good = { .codec = KM_CODEC_H264, .clock_hz = 90000 };

	(void)state;
	for (size_t i = 0; i < KM_COUNT(tracks); i++) {
		assert_true(km_depacketizer_init(&bench.d, &tracks[i], &format) < 0);
	}
	assert_int_equal(km_depacketizer_init(&bench.d, &good, &no_maximum), KM_ERR_RANGE);
}

static void test_oddity_texts(void **state)
{
	(void)state;
	assert_string_equal(km_oddity_name(KM_ODDITY_START_CODES), "START_CODES");
	assert_string_equal(
	    km_oddity_text(KM_ODDITY_START_CODES), "puts Annex B start codes into RTP payloads");
	assert_string_equal(km_oddity_name(3), "UNKNOWN");
	assert_non_null(km_oddity_text(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_marker_without_picture),
		cmocka_unit_test(test_timestamp_without_picture),
		cmocka_unit_test(test_marker_in_picture),
		cmocka_unit_test(test_timestamp_repeated),
		cmocka_unit_test(test_start_codes),
		cmocka_unit_test(test_start_code_in_front),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_empties),
		cmocka_unit_test(test_refused_packets),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_parameters),
		cmocka_unit_test(test_flush),
		cmocka_unit_test(test_aac),
		cmocka_unit_test(test_aac_loss),
		cmocka_unit_test(test_aac_lbr),
		cmocka_unit_test(test_plain_audio),
		cmocka_unit_test(test_init_refused),
		cmocka_unit_test(test_oddity_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
