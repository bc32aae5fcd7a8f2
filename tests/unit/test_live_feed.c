/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/time.c base/uuid.c io/loop.c io/clock.c io/ring.c io/rounds.c proto/track.c proto/mp4.c proto/mp4_box.c proto/mp4_fragment.c store/archive.c store/clip.c store/index.c store/segment.c store/segment_format.c store/segment_writer.c store/disk.c crypto/aead.c crypto/digest.c crypto/random.c crypto/secret.c web/live_feed.c web/parcel.c */
/* libraries: uv crypto sqlite3 */
/*
 * A ring becomes live fragments: from the newest key frame, in one time line, one per picture.
 */
#include "web/live_feed.h"

#include "io/ring.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define RING_BYTES  ((size_t)256 * 1024)
#define FRAME_TICKS 3600

struct stage {
	struct km_loop *loop;
	struct km_timer *end;
	struct km_rounds *rounds;
	struct km_ring *ring;
	struct km_live_feed *feed;
	unsigned inits;
	unsigned fragments;
	unsigned keys;
	unsigned wanted_tracks;
	int ended; /* 1: not yet */
	int64_t first_media_us;
	int64_t last_media_us;
	uint8_t first_byte; /* of the first picture that came */
	uint8_t last_byte;
	bool goes_back;
};

static void on_init(void *context, const struct km_tracks *playable)
{
	struct stage *stage = context;

	assert_int_equal(playable->count, 1);
	stage->inits++;
}

static void on_fragment(void *context, const struct km_live_fragment *fragment)
{
	struct stage *stage = context;
	uint8_t byte = fragment->parcel->data[fragment->parcel->size - 1];

	assert_true(stage->inits > 0);
	if (stage->fragments++ == 0) {
		assert_true(fragment->is_key);
		stage->first_media_us = fragment->media_us;
		stage->first_byte = byte;
	} else if (fragment->media_us <= stage->last_media_us) {
		stage->goes_back = true;
	}
	stage->last_media_us = fragment->media_us;
	stage->last_byte = byte;
	stage->keys += fragment->is_key ? 1 : 0;
	assert_memory_equal(fragment->parcel->data + 4, "moof", 4);
	assert_int_equal(fragment->parcel->size, fragment->parcel->capacity);
}

static void on_end(void *context, int err)
{
	struct stage *stage = context;

	stage->ended = err;
}

static void on_tracks_wanted(void *context)
{
	struct stage *stage = context;

	stage->wanted_tracks++;
}

static const struct km_live_feed_events events = { on_init, on_fragment, on_end, on_tracks_wanted };

static void on_timer(void *context)
{
	struct stage *stage = context;

	km_loop_stop(stage->loop);
}

static struct km_tracks video(uint16_t width)
{
	struct km_tracks tracks = { .count = 1 };

	tracks.track[0] = (struct km_track){ .codec = KM_CODEC_H264,
		.clock_hz = 90000,
		.width = width,
		.height = 480,
		.fps_milli = 25000,
		.codec_text = "avc1.42c01e",
		.config_size = 4,
		.config = { 1, 0x42, 0xc0, 0x1e } };
	return tracks;
}

static void write_tracks(struct stage *stage, const struct km_tracks *tracks)
{
	struct km_ring_entry entry = { .kind = KM_RING_TRACKS };
	struct km_buf packed;

	km_buf_init(&packed, KM_TRACKS_PACKED_MAX);
	km_tracks_pack(tracks, &packed);
	assert_int_equal(km_ring_write(stage->ring, &entry, km_buf_view(&packed)), 0);
	km_buf_finish(&packed);
}

static void write_picture(struct stage *stage, unsigned number, int64_t ticks, unsigned flags)
{
	uint8_t bytes[2000];
	struct km_ring_entry entry = { .kind = KM_RING_SAMPLE,
		.flags = (uint16_t)((number % 10 == 0 ? KM_RING_KEY : 0) | flags),
		.ticks = ticks,
		.unix_us = 1000000 + number };

	memset(bytes, (int)number, sizeof(bytes));
	assert_int_equal(km_ring_write(stage->ring, &entry, KM_BYTES_OF(bytes)), 0);
}

static void write_kind(struct stage *stage, enum km_ring_kind kind)
{
	struct km_ring_entry entry = { .kind = kind };

	assert_int_equal(km_ring_write(stage->ring, &entry, (struct km_bytes){ 0 }), 0);
}

static void attach(struct stage *stage, bool is_continuation)
{
	int memory_fd = fcntl(km_ring_memory_fd(stage->ring), F_DUPFD_CLOEXEC, 3);
	int event_fd = fcntl(km_ring_event_fd(stage->ring), F_DUPFD_CLOEXEC, 3);

	assert_int_equal(km_live_feed_attach(stage->feed, memory_fd, event_fd, is_continuation), 0);
}

static void turn(struct stage *stage)
{
	km_timer_start(stage->end, 50000, 0);
	km_loop_run(stage->loop);
}

static void begin(struct stage *stage)
{
	*stage = (struct stage){ .ended = 1 };
	assert_int_equal(km_loop_create(&stage->loop), 0);
	assert_int_equal(km_timer_create(stage->loop, on_timer, stage, &stage->end), 0);
	assert_int_equal(km_ring_create(RING_BYTES, &stage->ring), 0);
	assert_int_equal(km_rounds_create(stage->loop, 1000, &stage->rounds), 0);
	assert_int_equal(
	    km_live_feed_create(stage->loop, stage->rounds, &events, stage, &stage->feed), 0);
}

static void end(struct stage *stage)
{
	km_live_feed_destroy(stage->feed);
	km_rounds_destroy(stage->rounds);
	km_ring_destroy(stage->ring);
	km_timer_destroy(stage->end);
	km_loop_destroy(stage->loop);
}

static void it_begins_with_the_newest_key_frame(void **state)
{
	const struct km_tracks tracks = video(640);
	struct stage stage;

	(void)state;
	begin(&stage);
	write_tracks(&stage, &tracks);
	for (unsigned i = 0; i < 34; i++) {
		write_picture(&stage, i, i * FRAME_TICKS, i == 0 ? KM_RING_NEW_RUN : 0);
	}
	attach(&stage, false);
	turn(&stage);
	assert_int_equal(stage.inits, 1);
	assert_int_equal(stage.fragments, 4);
	assert_int_equal(stage.first_byte, 30);
	assert_int_equal(stage.first_media_us, 0);
	km_ring_set_watched(stage.ring, true);
	write_picture(&stage, 34, 34 * FRAME_TICKS, 0);
	turn(&stage);
	assert_int_equal(stage.fragments, 5);
	assert_int_equal(stage.last_media_us, 4 * 40000);
	end(&stage);
}

static void a_gap_or_a_new_run_leaves_no_hole_in_the_time_line(void **state)
{
	const struct km_tracks tracks = video(640);
	struct stage stage;

	(void)state;
	begin(&stage);
	write_tracks(&stage, &tracks);
	attach(&stage, false);
	for (unsigned i = 0; i < 10; i++) {
		write_picture(&stage, i, i * FRAME_TICKS, 0);
	}
	write_kind(&stage, KM_RING_GAP);
	for (unsigned i = 10; i < 20; i++) {
		write_picture(&stage, i, INT64_C(1000000000) + i * FRAME_TICKS, 0);
	}
	write_picture(&stage, 20, 0, KM_RING_NEW_RUN);
	turn(&stage);
	assert_int_equal(stage.fragments, 21);
	assert_int_equal(stage.last_media_us, 20 * 40000);
	assert_false(stage.goes_back);
	end(&stage);
}

static void other_tracks_need_another_init_and_a_key_frame(void **state)
{
	const struct km_tracks tracks = video(640);
	const struct km_tracks wider = video(1280);
	struct stage stage;

	(void)state;
	begin(&stage);
	write_tracks(&stage, &tracks);
	attach(&stage, false);
	write_picture(&stage, 0, 0, 0);
	write_tracks(&stage, &tracks);
	write_picture(&stage, 1, FRAME_TICKS, 0);
	write_tracks(&stage, &wider);
	write_picture(&stage, 2, 2 * FRAME_TICKS, 0);
	write_picture(&stage, 10, 3 * FRAME_TICKS, 0);
	turn(&stage);
	assert_int_equal(stage.inits, 2);
	assert_int_equal(stage.fragments, 3);
	assert_int_equal(stage.last_byte, 10);
	end(&stage);
}

static void lost_pictures_mean_waiting_for_a_key_frame(void **state)
{
	const struct km_tracks tracks = video(640);
	struct stage stage;
	unsigned before = 0;

	(void)state;
	begin(&stage);
	write_tracks(&stage, &tracks);
	write_picture(&stage, 0, 0, 0);
	attach(&stage, false);
	turn(&stage);
	before = stage.fragments;
	/* More than the ring holds, before the feed may look again. */
	for (unsigned i = 1; i < 250; i++) {
		write_picture(&stage, i, i * FRAME_TICKS, 0);
	}
	turn(&stage);
	turn(&stage);
	turn(&stage);
	turn(&stage);
	turn(&stage);
	assert_true(stage.fragments > before);
	assert_int_equal(stage.last_byte, 249);
	assert_false(stage.goes_back);
	end(&stage);
}

static void tracks_that_fell_out_of_the_ring_are_asked_for(void **state)
{
	const struct km_tracks tracks = video(640);
	struct stage stage;

	(void)state;
	begin(&stage);
	write_tracks(&stage, &tracks);
	for (unsigned i = 0; i < 250; i++) {
		write_picture(&stage, i, i * FRAME_TICKS, 0);
	}
	attach(&stage, false);
	turn(&stage);
	assert_int_equal(stage.wanted_tracks, 1);
	assert_int_equal(stage.fragments, 0);
	km_live_feed_set_tracks(stage.feed, &tracks);
	km_ring_set_watched(stage.ring, true);
	write_picture(&stage, 250, 250 * FRAME_TICKS, 0);
	turn(&stage);
	assert_int_equal(stage.fragments, 1);
	assert_int_equal(stage.wanted_tracks, 1);
	end(&stage);
}

static void a_larger_ring_goes_on_where_the_old_one_ended(void **state)
{
	const struct km_tracks tracks = video(640);
	struct stage stage;

	(void)state;
	begin(&stage);
	write_tracks(&stage, &tracks);
	attach(&stage, false);
	for (unsigned i = 0; i < 5; i++) {
		write_picture(&stage, i, i * FRAME_TICKS, 0);
	}
	write_kind(&stage, KM_RING_END);
	turn(&stage);
	assert_int_equal(stage.ended, 0);
	assert_false(km_live_feed_is_attached(stage.feed));
	km_ring_destroy(stage.ring);
	assert_int_equal(km_ring_create(2 * RING_BYTES, &stage.ring), 0);
	write_tracks(&stage, &tracks);
	for (unsigned i = 5; i < 9; i++) {
		write_picture(&stage, i, i * FRAME_TICKS, 0);
	}
	attach(&stage, true);
	turn(&stage);
	assert_int_equal(stage.inits, 1);
	assert_int_equal(stage.fragments, 9);
	assert_int_equal(stage.last_media_us, 8 * 40000);
	end(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_begins_with_the_newest_key_frame),
		cmocka_unit_test(a_gap_or_a_new_run_leaves_no_hole_in_the_time_line),
		cmocka_unit_test(other_tracks_need_another_init_and_a_key_frame),
		cmocka_unit_test(lost_pictures_mean_waiting_for_a_key_frame),
		cmocka_unit_test(tracks_that_fell_out_of_the_ring_are_asked_for),
		cmocka_unit_test(a_larger_ring_goes_on_where_the_old_one_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
