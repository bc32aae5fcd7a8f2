/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c io/ring.c proto/aac.c proto/bit_reader.c proto/depacketize.c proto/depacketize_audio.c proto/depacketize_h264.c proto/depacketize_h265.c proto/depacketize_video.c proto/h264.c proto/h265.c proto/oddity.c proto/opus.c proto/parameter_sets.c proto/rtp.c proto/track.c receiver/decode_time.c receiver/intake.c receiver/label_clock.c */
#include "model/states.h"
#include "receiver/intake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define RING_BYTES  ((size_t)64 * 1024)
#define RING_MAX    ((size_t)1024 * 1024)
#define FRAME_TICKS 6000
#define FRAME_US    66667
#define START_US    INT64_C(1700000000000000)

enum slice {
	KEY = 0x65,
	PREDICTED = 0x41,
};

struct fixture {
	struct km_intake intake;
	struct km_ring *ring; /* as a reader */
	struct km_ring_cursor cursor;
	unsigned rings;
	uint64_t generation;
	uint16_t sequence[2];
	uint32_t timestamp[2];
	int64_t now_us;
};

static void attach(void *context, const struct km_ring *ring, uint64_t generation)
{
	struct fixture *fixture = context;
	int memory_fd = dup(km_ring_memory_fd(ring));
	int event_fd = dup(km_ring_event_fd(ring));

	assert_true(generation > fixture->generation);
	fixture->generation = generation;
	fixture->rings++;
	km_ring_destroy(fixture->ring);
	assert_int_equal(km_ring_attach(memory_fd, event_fd, &fixture->ring), 0);
	fixture->cursor = km_ring_oldest(fixture->ring);
}

static const struct km_intake_events events = { .on_ring = attach };

static void add_track(struct fixture *fixture, enum km_codec codec, uint32_t clock_hz)
{
	const struct km_track track = { .codec = codec, .clock_hz = clock_hz, .channels = 1 };
	const struct km_depacketizer_format format = {
		.max_unit_bytes = km_intake_unit_max(&fixture->intake, km_codec_is_video(codec)),
	};
	struct km_depacketizer depacketizer;

	assert_int_equal(km_depacketizer_init(&depacketizer, &track, &format), 0);
	km_intake_add(&fixture->intake, &depacketizer, 96);
}

static struct fixture *begin(void)
{
	const struct km_intake_settings settings = {
		.ring_bytes_first = RING_BYTES,
		.ring_bytes_max = RING_MAX,
		.tick_us = 200000,
	};
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	fixture->now_us = START_US;
	fixture->sequence[0] = 65530;
	fixture->timestamp[0] = UINT32_MAX - 3000;
	km_intake_init(&fixture->intake, &settings, &events, fixture);
	add_track(fixture, KM_CODEC_H264, 90000);
	add_track(fixture, KM_CODEC_PCMU, 8000);
	return fixture;
}

static void end(struct fixture *fixture)
{
	km_intake_finish(&fixture->intake);
	km_ring_destroy(fixture->ring);
	free(fixture);
}

static void send(
    struct fixture *fixture, size_t track, bool marker, const uint8_t *payload, size_t size)
{
	static uint8_t packet[70000];
	uint32_t timestamp = fixture->timestamp[track];
	uint16_t sequence = fixture->sequence[track]++;

	packet[0] = 0x80;
	packet[1] = (uint8_t)(96 | (marker ? 0x80 : 0));
	packet[2] = (uint8_t)(sequence >> 8);
	packet[3] = (uint8_t)sequence;
	for (size_t i = 0; i < 4; i++) {
		packet[4 + i] = (uint8_t)(timestamp >> (24 - 8 * i));
		packet[8 + i] = (uint8_t)track;
	}
	memcpy(packet + 12, payload, size);
	km_intake_packet(
	    &fixture->intake, track, km_bytes_from(packet, 12 + size), fixture->now_us);
}

static void step(struct fixture *fixture)
{
	fixture->timestamp[0] += FRAME_TICKS;
	fixture->now_us += FRAME_US;
}

/* A picture of one slice in as many fragments as needed [RFC 6184 5.8], without the last `hold`. */
static void send_picture_part(struct fixture *fixture, enum slice slice, size_t size, unsigned hold)
{
	uint8_t fragment[1402];
	size_t count = (size + 1399) / 1400;

	memset(fragment, 0xaa, sizeof(fragment));
	for (size_t i = 0; i + hold < count; i++) {
		size_t bytes = i + 1 < count ? 1400 : size - i * 1400;

		fragment[0] = (uint8_t)((slice & 0x60) | 28);
		fragment[1] =
		    (uint8_t)((slice & 0x1f) | (i == 0 ? 0x80 : 0) | (i + 1 == count ? 0x40 : 0));
		fragment[2] = i == 0 ? 0x88 : 0xaa; /* first_mb_in_slice is 0 */
		send(fixture, 0, i + 1 == count, fragment, 2 + bytes);
	}
}

static void send_picture(struct fixture *fixture, enum slice slice, size_t size)
{
	send_picture_part(fixture, slice, size, 0);
	step(fixture);
}

static void send_audio(struct fixture *fixture)
{
	uint8_t samples[160] = { 1, 2, 3 };

	send(fixture, 1, false, samples, sizeof(samples));
	fixture->timestamp[1] += sizeof(samples);
}

static void next(struct fixture *fixture, enum km_ring_kind kind, struct km_ring_entry *ret_entry)
{
	assert_int_equal(km_ring_next(fixture->ring, &fixture->cursor, ret_entry), 0);
	assert_int_equal(ret_entry->kind, kind);
}

static void expect_nothing(struct fixture *fixture)
{
	struct km_ring_entry entry;

	assert_int_equal(km_ring_next(fixture->ring, &fixture->cursor, &entry), KM_ERR_AGAIN);
}

static void expect_picture(
    struct fixture *fixture, int64_t ticks, unsigned flags, enum slice slice, size_t size)
{
	struct km_ring_entry entry;

	next(fixture, KM_RING_SAMPLE, &entry);
	assert_int_equal(entry.track, 0);
	assert_int_equal(entry.ticks, ticks);
	assert_int_equal(entry.flags, flags);
	assert_int_equal(entry.decode_offset_ticks, 0);
	assert_int_equal(entry.payload.size, 4 + 1 + size);
	assert_int_equal(entry.payload.data[4], slice);
	assert_int_equal(entry.payload.data[entry.payload.size - 1], size == 1 ? 0x88 : 0xaa);
}

static void run_begins_with_a_key_frame(void **state)
{
	struct fixture *fixture = begin();
	struct km_ring_entry entry;
	struct km_tracks tracks;

	(void)state;
	send_picture(fixture, PREDICTED, 3000);
	send_audio(fixture);
	send_picture(fixture, KEY, 5000);
	send_picture(fixture, PREDICTED, 10);
	next(fixture, KM_RING_TRACKS, &entry);
	assert_int_equal(km_tracks_unpack(entry.payload, &tracks), 0);
	assert_int_equal(tracks.count, 2);
	expect_picture(fixture, 0, KM_RING_KEY | KM_RING_NEW_RUN, KEY, 5000);
	expect_picture(fixture, FRAME_TICKS, 0, PREDICTED, 10);
	expect_nothing(fixture);
	assert_int_equal(fixture->intake.frames, 2);
	end(fixture);
}

static void labels_follow_the_media(void **state)
{
	struct fixture *fixture = begin();
	struct km_ring_entry entry;

	(void)state;
	for (unsigned i = 0; i < 30; i++) {
		send_picture(fixture, i == 0 ? KEY : PREDICTED, 100);
	}
	next(fixture, KM_RING_TRACKS, &entry);
	for (int64_t i = 0; i < 30; i++) {
		next(fixture, KM_RING_SAMPLE, &entry);
		assert_in_range(
		    entry.unix_us, START_US + i * FRAME_US - 50, START_US + i * FRAME_US + 50);
	}
	end(fixture);
}

static void audio_waits_for_the_picture(void **state)
{
	struct fixture *fixture = begin();
	struct km_ring_entry entry;

	(void)state;
	send_picture(fixture, KEY, 5000);
	send_picture_part(fixture, PREDICTED, 5000, 1);
	send_audio(fixture);
	send_audio(fixture);
	next(fixture, KM_RING_TRACKS, &entry);
	expect_picture(fixture, 0, KM_RING_KEY | KM_RING_NEW_RUN, KEY, 5000);
	expect_nothing(fixture);
	fixture->sequence[0]--;
	send(fixture, 0, false, (const uint8_t *)"", 0); /* a duplicate: dropped */
	send(fixture, 0, true, (const uint8_t[]){ 0x5c, 0x41, 0xaa }, 3);
	next(fixture, KM_RING_SAMPLE, &entry);
	assert_int_equal(entry.track, 0);
	for (int64_t i = 0; i < 2; i++) {
		next(fixture, KM_RING_SAMPLE, &entry);
		assert_int_equal(entry.track, 1);
		assert_int_equal(entry.payload.size, 160);
		assert_int_equal(entry.ticks, FRAME_US * 8000 / 1000000 + i * 160);
	}
	end(fixture);
}

/* Large pictures: the ring grows in mid-unit, nothing is lost on the way. */
static void ring_grows(void **state)
{
	struct fixture *fixture = begin();
	struct km_ring_entry entry;

	(void)state;
	send_picture(fixture, KEY, 1000);
	send_picture_part(fixture, PREDICTED, 80000, 1);
	assert_int_equal(fixture->rings, 4);
	next(fixture, KM_RING_TRACKS, &entry);
	expect_nothing(fixture);
	send(fixture, 0, true, (const uint8_t[]){ 0x5c, 0x41, 0xaa, 0xaa }, 4);
	next(fixture, KM_RING_SAMPLE, &entry);
	assert_int_equal(entry.ticks, FRAME_TICKS);
	for (size_t i = 6; i < entry.payload.size; i++) {
		assert_int_equal(entry.payload.data[i], 0xaa);
	}
	end(fixture);
}

/* Whoever reads a whole GOP late must still find it. */
static void ring_grows_with_the_gop(void **state)
{
	struct fixture *fixture = begin();

	(void)state;
	for (unsigned i = 0; i < 300; i++) {
		send_picture(fixture, i % 50 == 0 ? KEY : PREDICTED, 2000);
	}
	assert_true(km_ring_capacity(fixture->ring) >= (size_t)50 * 2000 / 2 * 5);
	assert_int_equal(fixture->intake.frames, 300);
	end(fixture);
}

static void too_large_pictures_are_dropped(void **state)
{
	struct fixture *fixture = begin();

	(void)state;
	send_picture(fixture, KEY, 2000000);
	send_picture(fixture, KEY, 1000);
	send_picture(fixture, PREDICTED, 1000);
	assert_int_equal(fixture->intake.frames, 2);
	assert_true(km_ring_capacity(fixture->ring) <= RING_MAX);
	end(fixture);
}

static void expect_gap(struct fixture *fixture, unsigned reason)
{
	struct km_ring_entry entry;

	next(fixture, KM_RING_GAP, &entry);
	assert_int_equal(entry.payload.size, 1);
	assert_int_equal(entry.payload.data[0], reason);
}

static void jump_of_time_ends_the_run(void **state)
{
	static const uint32_t jumps[] = { 11 * 90000, (uint32_t)-98000 };
	struct km_ring_entry entry;

	(void)state;
	for (size_t i = 0; i < KM_COUNT(jumps); i++) {
		struct fixture *fixture = begin();

		send_picture(fixture, KEY, 100);
		fixture->timestamp[0] += jumps[i];
		send_picture(fixture, PREDICTED, 100);
		send_picture(fixture, KEY, 100);
		next(fixture, KM_RING_TRACKS, &entry);
		expect_picture(fixture, 0, KM_RING_KEY | KM_RING_NEW_RUN, KEY, 100);
		expect_gap(fixture, KM_GAP_MEDIA_JUMP);
		expect_picture(fixture, 0, KM_RING_KEY | KM_RING_NEW_RUN, KEY, 100);
		expect_nothing(fixture);
		end(fixture);
	}
}

/* The run is ended from outside while a picture is being built. */
static void end_in_mid_picture(void **state)
{
	struct fixture *fixture = begin();
	struct km_ring_entry entry;

	(void)state;
	send_picture(fixture, KEY, 5000);
	send_picture_part(fixture, PREDICTED, 5000, 1);
	km_intake_end(&fixture->intake, KM_GAP_CLOCK_STEP, fixture->now_us);
	km_intake_end(&fixture->intake, KM_GAP_CLOCK_STEP, fixture->now_us);
	send(fixture, 0, true, (const uint8_t[]){ 0x5c, 0x41, 0xaa }, 3);
	step(fixture);
	send_picture(fixture, KEY, 100);
	next(fixture, KM_RING_TRACKS, &entry);
	expect_picture(fixture, 0, KM_RING_KEY | KM_RING_NEW_RUN, KEY, 5000);
	expect_gap(fixture, KM_GAP_CLOCK_STEP);
	expect_picture(fixture, 0, KM_RING_KEY | KM_RING_NEW_RUN, KEY, 100);
	end(fixture);
}

/* After a step of the wall clock the pictures go on, and a new run begins with the next key frame.
 */
static void end_at_key_loses_nothing(void **state)
{
	struct fixture *fixture = begin();
	struct km_ring_entry entry;
	int64_t before_us = 0;

	(void)state;
	km_intake_end_at_key(&fixture->intake, KM_GAP_CLOCK_STEP); /* nothing goes on yet */
	send_picture(fixture, KEY, 100);
	before_us = fixture->intake.last_unix_us;
	km_intake_end_at_key(&fixture->intake, KM_GAP_CLOCK_STEP);
	fixture->now_us += INT64_C(3600000000);
	send_picture(fixture, PREDICTED, 100);
	assert_in_range(fixture->intake.last_unix_us, before_us, before_us + 1000000);
	send_picture(fixture, KEY, 100);
	assert_true(fixture->intake.last_unix_us > before_us + INT64_C(3000000000));
	next(fixture, KM_RING_TRACKS, &entry);
	expect_picture(fixture, 0, KM_RING_KEY | KM_RING_NEW_RUN, KEY, 100);
	expect_picture(fixture, FRAME_TICKS, 0, PREDICTED, 100);
	expect_gap(fixture, KM_GAP_CLOCK_STEP);
	expect_picture(fixture, 0, KM_RING_KEY | KM_RING_NEW_RUN, KEY, 100);
	expect_nothing(fixture);
	end(fixture);
}

static void loss_is_told(void **state)
{
	struct fixture *fixture = begin();
	struct km_ring_entry entry;

	(void)state;
	send_picture(fixture, KEY, 5000);
	send(fixture, 0, false, (const uint8_t[]){ 0x41, 0x88, 0xaa }, 3);
	fixture->sequence[0]++;
	send(fixture, 0, true, (const uint8_t[]){ 0x41, 0x20, 0xaa }, 3);
	next(fixture, KM_RING_TRACKS, &entry);
	expect_picture(fixture, 0, KM_RING_KEY | KM_RING_NEW_RUN, KEY, 5000);
	next(fixture, KM_RING_SAMPLE, &entry);
	assert_int_equal(entry.flags, KM_RING_DAMAGED);
	assert_int_equal(fixture->intake.lost, 1);
	assert_int_equal(fixture->intake.damaged, 1);
	end(fixture);
}

static void new_session_same_ring(void **state)
{
	struct fixture *fixture = begin();
	struct km_ring_entry entry;

	(void)state;
	send_picture(fixture, KEY, 100);
	send_picture_part(fixture, PREDICTED, 5000, 1);
	km_intake_end(&fixture->intake, KM_GAP_CAMERA_LOST, fixture->now_us);
	km_intake_reset(&fixture->intake);
	add_track(fixture, KM_CODEC_H264, 90000);
	fixture->sequence[0] = 100;
	send_picture(fixture, KEY, 100);
	assert_int_equal(fixture->rings, 1);
	next(fixture, KM_RING_TRACKS, &entry);
	expect_picture(fixture, 0, KM_RING_KEY | KM_RING_NEW_RUN, KEY, 100);
	expect_gap(fixture, KM_GAP_CAMERA_LOST);
	next(fixture, KM_RING_TRACKS, &entry);
	expect_picture(fixture, 0, KM_RING_KEY | KM_RING_NEW_RUN, KEY, 100);
	end(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(run_begins_with_a_key_frame),
		cmocka_unit_test(labels_follow_the_media),
		cmocka_unit_test(audio_waits_for_the_picture),
		cmocka_unit_test(ring_grows),
		cmocka_unit_test(ring_grows_with_the_gop),
		cmocka_unit_test(too_large_pictures_are_dropped),
		cmocka_unit_test(jump_of_time_ends_the_run),
		cmocka_unit_test(end_in_mid_picture),
		cmocka_unit_test(end_at_key_loses_nothing),
		cmocka_unit_test(loss_is_told),
		cmocka_unit_test(new_session_same_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
