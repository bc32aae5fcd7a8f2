/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/time.c proto/track.c proto/bit_reader.c proto/aac.c proto/mp4.c proto/mp4_box.c proto/mp4_fragment.c proto/mp4_movie.c */
/*
 * MP4 writers [ISO 14496-12]: sizes known in advance, edit lists, what is refused. That players
 * agree is in test_mp4_players.c.
 */
#include "base/reader.h"
#include "proto/mp4_fragment.h"
#include "proto/mp4_movie.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct km_tracks make_tracks(void)
{
	struct km_tracks tracks = { .count = 2 };

	tracks.track[0] = (struct km_track){
		.codec = KM_CODEC_H264,
		.clock_hz = 90000,
		.width = 640,
		.height = 480,
		.codec_text = "avc1.42c01e",
		.config_size = 4,
		.config = { 1, 2, 3, 4 },
	};
	tracks.track[1] = (struct km_track){
		.codec = KM_CODEC_AAC,
		.clock_hz = 44100,
		.channels = 2,
		.codec_text = "mp4a.40.2",
		.config_size = 2,
		.config = { 0x12, 0x10 },
	};
	return tracks;
}

/* The content of the box at this path, such as "moov/trak/edts"; the first of each name. */
static struct km_bytes find_box(struct km_bytes file, const char *path)
{
	struct km_bytes rest = km_bytes_text(path);

	while (rest.size > 0) {
		struct km_bytes name = km_bytes_split(&rest, '/');
		struct km_reader reader = km_reader_from(file);
		struct km_bytes type = { 0 };

		do {
			uint32_t size = 0;

			if (km_reader_u32(&reader, &size) < 0) {
				return (struct km_bytes){ 0 };
			}
			assert_int_equal(km_reader_bytes(&reader, 4, &type), 0);
			assert_int_equal(km_reader_bytes(&reader, size - 8, &file), 0);
		} while (!km_bytes_is_equal(type, name));
	}
	return file;
}

static void test_codecs(void **state)
{
	struct km_tracks tracks = make_tracks();
	char storage[64];
	struct km_buf buf;

	(void)state;
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	assert_int_equal(km_mp4_write_codecs(&tracks, &buf), 0);
	assert_true(km_bytes_is_equal(km_buf_view(&buf), KM_BYTES("avc1.42c01e,mp4a.40.2")));
	tracks.track[1].codec_text[0] = '\0';
	assert_int_equal(km_mp4_write_codecs(&tracks, &buf), KM_ERR_STATE);
}

static void test_tracks_refused(void **state)
{
	struct km_tracks tracks = make_tracks();

	(void)state;
	assert_int_equal(km_mp4_check_tracks(&tracks), 0);
	tracks.track[0].width = 0;
	assert_int_equal(km_mp4_check_tracks(&tracks), KM_ERR_STATE);
	tracks = make_tracks();
	tracks.track[0].config_size = 0;
	assert_int_equal(km_mp4_check_tracks(&tracks), KM_ERR_STATE);
	tracks = make_tracks();
	tracks.track[1].config_size = 500; /* would not fit esds */
	assert_int_equal(km_mp4_check_tracks(&tracks), KM_ERR_RANGE);
	tracks = make_tracks();
	tracks.count = 0;
	assert_int_equal(km_mp4_check_tracks(&tracks), KM_ERR_STATE);
}

static void test_fragment(void **state)
{
	const struct km_mp4_sample samples[] = { { 1000, 3000, 6000, true },
		{ 10, 3000, -3000, false } };
	const struct km_mp4_fragment_track parts[] = { { samples, 2, 0x123456789aULL },
		{ NULL, 0, 0 } };
	const struct km_mp4_fragment_track none[] = { { NULL, 0, 0 } };
	const size_t counts[] = { 2, 0 };
	static const uint8_t run[] = { 1, 0, 0x0f, 1, 0, 0, 0, 2, 0, 0, 0, 128, 0, 0, 0x0b, 0xb8, 0,
		0, 3, 0xe8, 2, 0, 0, 0, 0, 0, 0x17, 0x70, 0, 0, 0x0b, 0xb8, 0, 0, 0, 10, 1, 1, 0, 0,
		0xff, 0xff, 0xf4, 0x48 };
	uint8_t storage[1024];
	struct km_buf buf;
	struct km_bytes box;

	(void)state;
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	assert_int_equal(km_mp4_fragment_write(7, none, 1, &buf), KM_ERR_STATE);
	assert_int_equal(km_mp4_fragment_write(7, parts, 2, &buf), 0);
	assert_int_equal(buf.size, 128);
	assert_int_equal(buf.size, km_mp4_fragment_bytes(counts, 2));
	box = find_box(km_buf_view(&buf), "moof/traf/trun");
	assert_int_equal(box.size, sizeof(run));
	assert_memory_equal(box.data, run, sizeof(run));
	box = find_box(km_buf_view(&buf), "moof/traf/tfdt");
	assert_memory_equal(box.data, "\1\0\0\0\0\0\0\x12\x34\x56\x78\x9a", 12);
	assert_memory_equal(storage + 120, "\0\0\3\xfamdat", 8);
}

static void test_fragment_too_large(void **state)
{
	const struct km_mp4_sample sample = { .bytes = INT32_MAX - 90 };
	const struct km_mp4_fragment_track part = { &sample, 1, 0 };
	uint8_t storage[256];
	struct km_buf buf;

	(void)state;
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	assert_int_equal(km_mp4_fragment_write(1, &part, 1, &buf), KM_ERR_LIMIT);
	assert_int_equal(buf.size, 0);
}

static void test_movie(void **state)
{
	const struct km_mp4_sample video[] = { { 1000, 3000, 6000, true },
		{ 10, 3000, 6000, false }, { 20, 3000, 0, false } };
	const struct km_mp4_sample audio = { 99, 1024, 0, true };
	const struct km_mp4_movie_plan plan[] = {
		{ .samples = 3, .keys = 1, .has_composition = true },
		{ .samples = 1, .delay_us = 500000 },
	};
	struct km_tracks tracks = make_tracks();
	struct km_mp4_movie movie;
	struct km_buf list;
	struct km_buf buf;
	struct km_bytes box;
	uint64_t expected = 0;

	(void)state;
	km_buf_init(&list, 4 * KM_MP4_MOVIE_LIST_BYTES);
	km_buf_init(&buf, 1 << 16);
	assert_int_equal(
	    km_mp4_movie_init(&movie, &tracks, plan, 1700000000123456, 1129, &list), 0);
	expected = km_mp4_movie_bytes(&movie);
	assert_int_equal(km_mp4_movie_write_head(&movie, &buf), 0);
	assert_int_equal(buf.size, km_mp4_movie_head_bytes());
	assert_memory_equal(buf.data + buf.size - 16, "\0\0\0\1mdat\0\0\0\0\0\0\4\x79", 16);
	assert_int_equal(km_mp4_movie_write_tail(&movie, &buf), KM_ERR_STATE);
	assert_int_equal(km_mp4_movie_add(&movie, 0, &video[0]), 0);
	assert_int_equal(km_mp4_movie_add(&movie, 1, &audio), 0);
	assert_int_equal(km_mp4_movie_add(&movie, 1, &audio), KM_ERR_STATE);
	assert_int_equal(km_mp4_movie_add(&movie, 0, &video[0]), KM_ERR_STATE); /* a second key */
	assert_int_equal(km_mp4_movie_add(&movie, 0, &video[1]), 0);
	assert_int_equal(km_mp4_movie_add(&movie, 0, &video[2]), 0);
	km_buf_clear(&buf);
	assert_int_equal(km_mp4_movie_write_tail(&movie, &buf), 0);
	assert_int_equal(km_mp4_movie_head_bytes() + 1129 + buf.size, expected);

	/* The first picture is shown at 6000 ticks, and the last one shown ends at 12000. */
	box = find_box(km_buf_view(&buf), "moov/trak/edts/elst");
	assert_memory_equal(
	    box.data, "\1\0\0\0\0\0\0\1\0\0\0\0\0\0\x17\x70\0\0\0\0\0\0\x17\x70\0\1\0\0", box.size);
	box = find_box(km_buf_view(&buf), "moov/trak/mdia/minf/stbl/co64");
	assert_memory_equal(box.data,
	    "\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\x2c\0\0\0\0\0\0\4\x77\0\0\0\0\0\0\4\x81", box.size);
	box = find_box(km_buf_view(&buf), "moov/trak/mdia/minf/stbl/stss");
	assert_memory_equal(box.data, "\0\0\0\0\0\0\0\1\0\0\0\1", box.size);
	box = find_box(km_buf_view(&buf), "moov/udta");
	assert_true(
	    km_bytes_find_seq(box, KM_BYTES("begins 2023-11-14T22:13:20.123456Z")) < box.size);
	km_buf_finish(&list);
	km_buf_finish(&buf);
}

static void test_movie_refused(void **state)
{
	struct km_tracks tracks = make_tracks();
	struct km_mp4_movie_plan plan[2] = { 0 };
	struct km_mp4_movie movie;
	struct km_buf list;

	(void)state;
	km_buf_init(&list, 1000);
	assert_int_equal(km_mp4_movie_init(&movie, &tracks, plan, 0, 0, &list), KM_ERR_STATE);
	plan[0].samples = 1;
	plan[0].keys = 2;
	assert_int_equal(km_mp4_movie_init(&movie, &tracks, plan, 0, 0, &list), KM_ERR_RANGE);
	plan[0].keys = 1;
	plan[0].delay_us = -1;
	assert_int_equal(km_mp4_movie_init(&movie, &tracks, plan, 0, 0, &list), KM_ERR_RANGE);
	plan[0].delay_us = 0;
	assert_int_equal(
	    km_mp4_movie_init(&movie, &tracks, plan, 0, UINT64_MAX, &list), KM_ERR_RANGE);
	assert_int_equal(km_mp4_movie_init(&movie, &tracks, plan, 0, 10, &list), 0);
	km_buf_finish(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_codecs),
		cmocka_unit_test(test_tracks_refused),
		cmocka_unit_test(test_fragment),
		cmocka_unit_test(test_fragment_too_large),
		cmocka_unit_test(test_movie),
		cmocka_unit_test(test_movie_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
