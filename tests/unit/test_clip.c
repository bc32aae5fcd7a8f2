/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/time.c base/uuid.c crypto/aead.c crypto/digest.c crypto/random.c crypto/secret.c proto/track.c proto/mp4.c proto/mp4_box.c proto/mp4_fragment.c proto/mp4_movie.c store/archive.c store/clip.c store/clip_movie.c store/disk.c store/index.c store/recorder.c store/recorder_sync.c store/sync_thread.c store/recovery.c store/retention.c store/segment.c store/segment_format.c store/segment_writer.c ../tests/unit/store_stage.c */
/* libraries: crypto sqlite3 */
/*
 * A segment as MP4: every byte has its place, whatever part is asked for, and no picture is lost.
 */
#include "store_stage.h"

#include "store/clip.h"
#include "store/clip_movie.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define FRAMES 300

struct first {
	struct km_archive_segment row;
	unsigned count;
};

static int on_segment(void *context, const struct km_archive_segment *row)
{
	struct first *first = context;

	if (first->count++ == 0) {
		first->row = *row;
	}
	return 0;
}

static struct km_archive *record(struct stage *stage, struct first *first)
{
	struct km_archive *archive = NULL;

	stage_init(stage);
	stage->segment_us = 6000000;
	assert_int_equal(stage_open(stage), 0);
	assert_int_equal(stage_record(stage, FRAMES, 400), FRAMES);
	stage_close(stage);
	*first = (struct first){ 0 };
	assert_int_equal(km_archive_open(stage->root, stage->index, &archive), 0);
	assert_int_equal(km_archive_each_segment(archive, &stage->camera, STAGE_START_US,
			     STAGE_START_US + INT64_C(3600000000), on_segment, first),
	    0);
	return archive;
}

static struct km_clip *open_clip(struct km_archive *archive, const struct first *first)
{
	struct km_segment *segment = NULL;
	struct km_clip *clip = NULL;

	assert_int_equal(km_segment_open(archive, &first->row, stage_key, &segment), 0);
	assert_int_equal(km_clip_create(segment, &first->row, &clip), 0);
	return clip;
}

static uint32_t u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void fragments_lie_where_they_should(void **state)
{
	struct stage stage;
	struct first first;
	struct km_archive *archive = record(&stage, &first);
	struct km_clip *clip = open_clip(archive, &first);
	struct km_buf whole;

	(void)state;
	km_buf_init(&whole, (size_t)64 << 20);
	assert_true(first.count > 1);
	assert_int_equal(km_clip_read(clip, 0, (size_t)km_clip_media_bytes(clip), &whole), 0);
	assert_int_equal(whole.size, km_clip_media_bytes(clip));
	for (size_t i = 0; i < km_clip_fragment_count(clip); i++) {
		struct km_clip_fragment fragment = km_clip_fragment_at(clip, i);
		const uint8_t *at = whole.data + fragment.offset;
		uint32_t moof = u32(at);

		assert_memory_equal(at + 4, "moof", 4);
		assert_memory_equal(at + moof + 4, "mdat", 4);
		assert_int_equal(moof + u32(at + moof), fragment.bytes);
	}
	assert_true(km_clip_fragment_at(clip, 0).is_key);
	km_buf_finish(&whole);
	km_clip_destroy(clip);
	km_archive_close(archive);
	stage_finish(&stage);
}

static void any_part_is_that_of_the_whole(void **state)
{
	struct stage stage;
	struct first first;
	struct km_archive *archive = record(&stage, &first);
	struct km_clip *clip = open_clip(archive, &first);
	size_t bytes = (size_t)km_clip_media_bytes(clip);
	struct km_buf whole;
	struct km_buf part;
	size_t at = 12345;

	(void)state;
	km_buf_init(&whole, (size_t)64 << 20);
	km_buf_init(&part, (size_t)64 << 20);
	assert_int_equal(km_clip_read(clip, 0, bytes, &whole), 0);
	for (int i = 0; i < 300; i++) {
		size_t offset = (at = at * 1103515245 + 12345) % bytes;
		size_t count = (at >> 20) % (bytes - offset) + 1;
		struct km_clip *fresh = i % 50 == 0 ? open_clip(archive, &first) : NULL;

		km_buf_clear(&part);
		assert_int_equal(
		    km_clip_read(fresh != NULL ? fresh : clip, offset, count, &part), 0);
		assert_int_equal(part.size, count);
		assert_memory_equal(part.data, whole.data + offset, count);
		km_clip_destroy(fresh);
	}
	assert_int_equal(km_clip_read(clip, bytes, 1, &part), KM_ERR_RANGE);
	assert_int_equal(km_clip_read(clip, bytes + 1, 0, &part), KM_ERR_RANGE);
	assert_int_equal(km_clip_read(clip, bytes, 0, &part), 0);
	assert_int_equal(km_clip_read(clip, 1, SIZE_MAX, &part), KM_ERR_RANGE);
	km_buf_finish(&whole);
	km_buf_finish(&part);
	km_clip_destroy(clip);
	km_archive_close(archive);
	stage_finish(&stage);
}

static int find_key(void *context, const struct km_uuid *key, uint8_t ret_key[static 32])
{
	(void)key;
	(*(unsigned *)context)++;
	memcpy(ret_key, stage_key, 32);
	return 0;
}

/* How many of the frames stand in the file, one after another from the first that does. */
static unsigned count_frames(const struct km_buf *file, unsigned *ret_first)
{
	uint8_t frame[STAGE_FRAME_MAX];
	size_t from = 0;
	unsigned count = 0;

	for (unsigned number = 0; number < FRAMES; number++) {
		size_t size = stage_frame(number, frame);
		struct km_bytes rest = km_bytes_after(km_buf_view(file), from);
		size_t at = km_bytes_find_seq(rest, km_bytes_from(frame, size));

		if (at == rest.size) {
			if (count > 0) {
				break;
			}
			continue;
		}
		if (count == 0) {
			*ret_first = number;
		}
		from += at + size;
		count++;
	}
	return count;
}

static void export_movie(struct stage *stage, struct km_archive *archive, int64_t from_us,
    int64_t to_us, size_t most, struct km_buf *file)
{
	unsigned keys = 0;
	struct km_clip_movie_wish wish = { .camera = stage->camera,
		.from_us = from_us,
		.to_us = to_us,
		.find_key = find_key,
		.context = &keys };
	struct km_clip_movie_found found;
	struct km_clip_movie *movie = NULL;
	size_t before = 0;

	assert_int_equal(km_clip_movie_plan(archive, &wish, &movie, &found), 0);
	assert_true(keys > 0);
	assert_true(found.start_us <= from_us || found.start_us == STAGE_START_US);
	do {
		before = file->size;
		assert_int_equal(km_clip_movie_read(movie, most, file), 0);
	} while (file->size > before);
	assert_int_equal(file->size, km_clip_movie_bytes(movie));
	km_clip_movie_destroy(movie);
}

static void a_movie_holds_all_frames_and_its_size_was_known(void **state)
{
	struct stage stage;
	struct first first;
	struct km_archive *archive = record(&stage, &first);
	struct km_buf file;
	unsigned start = 99;

	(void)state;
	km_buf_init(&file, (size_t)64 << 20);
	export_movie(
	    &stage, archive, STAGE_START_US - 1000000, STAGE_START_US + 3600000000, 1, &file);
	assert_int_equal(count_frames(&file, &start), FRAMES);
	assert_int_equal(start, 0);
	assert_memory_equal(file.data + 4, "ftyp", 4);
	km_buf_finish(&file);
	km_archive_close(archive);
	stage_finish(&stage);
}

static void a_movie_is_cut_at_a_key_frame_and_at_the_moment(void **state)
{
	struct stage stage;
	struct first first;
	struct km_archive *archive = record(&stage, &first);
	struct km_buf file;
	unsigned start = 99;

	(void)state;
	km_buf_init(&file, (size_t)64 << 20);
	for (unsigned from = 1; from < 200; from += 23) {
		unsigned to = from + 41;

		km_buf_clear(&file);
		/* Labels follow from ticks: they are not those of the frames to the microsecond. */
		export_movie(&stage, archive, stage_frame_us(from) + 1000,
		    stage_frame_us(to) - 1000, 100000, &file);
		assert_int_equal(count_frames(&file, &start), to - from / STAGE_GOP * STAGE_GOP);
		assert_int_equal(start, from / STAGE_GOP * STAGE_GOP);
	}
	km_buf_finish(&file);
	km_archive_close(archive);
	stage_finish(&stage);
}

static void where_nothing_was_recorded_there_is_no_movie(void **state)
{
	struct stage stage;
	struct first first;
	struct km_archive *archive = record(&stage, &first);
	unsigned keys = 0;
	struct km_clip_movie_wish wish = { .camera = stage.camera,
		.from_us = 1,
		.to_us = 2,
		.find_key = find_key,
		.context = &keys };
	struct km_clip_movie_found found;
	struct km_clip_movie *movie = NULL;

	(void)state;
	assert_int_equal(km_clip_movie_plan(archive, &wish, &movie, &found), KM_ERR_NOT_FOUND);
	assert_null(movie);
	km_archive_close(archive);
	stage_finish(&stage);
}

static void what_browsers_cannot_play_is_left_out(void **state)
{
	struct km_tracks tracks = stage_tracks();
	struct km_tracks playable;
	uint8_t map[KM_TRACKS_MAX];
	struct km_buf mime;

	(void)state;
	tracks.count = 2;
	tracks.track[1] = (struct km_track){
		.codec = KM_CODEC_PCMU, .clock_hz = 8000, .channels = 1, .codec_text = "ulaw"
	};
	assert_int_equal(km_clip_playable(&tracks, &playable, map), 0);
	assert_int_equal(playable.count, 1);
	assert_int_equal(map[0], 0);
	assert_int_equal(map[1], KM_TRACKS_MAX);
	km_buf_init(&mime, 200);
	assert_int_equal(km_clip_write_mime(&playable, &mime), 0);
	km_buf_add_u8(&mime, 0);
	assert_string_equal((const char *)mime.data, "video/mp4; codecs=\"avc1.64001f\"");
	km_buf_finish(&mime);
	tracks.track[0] = tracks.track[1];
	tracks.count = 1;
	assert_int_equal(km_clip_playable(&tracks, &playable, map), KM_ERR_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fragments_lie_where_they_should),
		cmocka_unit_test(any_part_is_that_of_the_whole),
		cmocka_unit_test(a_movie_holds_all_frames_and_its_size_was_known),
		cmocka_unit_test(a_movie_is_cut_at_a_key_frame_and_at_the_moment),
		cmocka_unit_test(where_nothing_was_recorded_there_is_no_movie),
		cmocka_unit_test(what_browsers_cannot_play_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
