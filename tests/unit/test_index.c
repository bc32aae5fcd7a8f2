/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/time.c base/uuid.c crypto/aead.c crypto/digest.c crypto/random.c crypto/secret.c proto/track.c store/archive.c store/disk.c store/index.c store/segment.c store/segment_format.c store/segment_writer.c */
/* libraries: crypto sqlite3 */
/*
 * The index by itself, and how the archive shows it: ranges, sums, stretches, a year of a camera.
 */
#include "base/time.h"
#include "store/archive.h"
#include "store/index.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define MINUTE KM_TIME_MINUTE_US

struct place {
	char directory[64];
	char path[80];
	struct km_index *index;
	struct km_uuid camera;
};

static void init_place(struct place *place)
{
	*place = (struct place){ .directory = "/tmp/km-index-XXXXXX", .camera = { { 5 } } };
	assert_non_null(mkdtemp(place->directory));
	(void)snprintf(place->path, sizeof(place->path), "%s/index.db", place->directory);
	assert_int_equal(km_index_open(place->path, false, &place->index), 0);
	assert_int_equal(km_index_begin(place->index, true), 0);
	assert_int_equal(km_index_add_camera(place->index, &place->camera), 0);
	assert_int_equal(km_index_add_camera(place->index, &place->camera), 0);
	assert_int_equal(km_index_commit(place->index), 0);
}

static void finish_place(struct place *place)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };

	km_index_close(place->index);
	for (size_t i = 0; i < 3; i++) {
		char path[100];

		(void)snprintf(path, sizeof(path), "%s%s", place->path, suffixes[i]);
		(void)remove(path);
	}
	assert_int_equal(remove(place->directory), 0);
}

static struct km_index_segment segment(const struct place *place, uint32_t number, int64_t start_us)
{
	struct km_index_segment row = { .camera = place->camera,
		.start_us = start_us,
		.end_us = start_us + MINUTE,
		.last_us = start_us + MINUTE - 1,
		.bytes = 100,
		.video_samples = 900,
		.end = KM_INDEX_ROTATED };

	memcpy(row.id.bytes, &number, sizeof(number));
	return row;
}

static void add(struct place *place, const struct km_index_segment *row)
{
	assert_int_equal(km_index_begin(place->index, false), 0);
	assert_int_equal(km_index_add_segment(place->index, row), 0);
	assert_int_equal(km_index_commit(place->index), 0);
}

static int count_segment(void *context, const struct km_index_segment *row)
{
	unsigned *count = context;

	(void)row;
	(*count)++;
	return 0;
}

static unsigned count_in(struct place *place, int64_t from_us, int64_t to_us)
{
	unsigned count = 0;

	assert_int_equal(km_index_each_segment(
			     place->index, &place->camera, from_us, to_us, count_segment, &count),
	    0);
	return count;
}

static void ranges_are_half_open(void **state)
{
	struct place place;
	struct km_index_segment row;

	(void)state;
	init_place(&place);
	for (uint32_t i = 0; i < 10; i++) {
		row = segment(&place, i, i * MINUTE);
		add(&place, &row);
	}
	assert_int_equal(count_in(&place, INT64_MIN, INT64_MAX), 10);
	assert_int_equal(count_in(&place, MINUTE, 2 * MINUTE), 1);
	assert_int_equal(count_in(&place, MINUTE, 2 * MINUTE + 1), 2);
	assert_int_equal(count_in(&place, MINUTE - 1, 2 * MINUTE), 2);
	assert_int_equal(count_in(&place, 10 * MINUTE, INT64_MAX), 0);
	/* One that is much longer than the others is found from its middle. */
	row = segment(&place, 77, 20 * MINUTE);
	row.end_us = 500 * MINUTE;
	add(&place, &row);
	assert_int_equal(count_in(&place, 400 * MINUTE, 401 * MINUTE), 1);
	finish_place(&place);
}

static void sums_follow_every_change(void **state)
{
	struct place place;
	struct km_index_camera camera;
	struct km_index_segment first;
	struct km_index_segment second;
	unsigned garbage = 0;

	(void)state;
	init_place(&place);
	first = segment(&place, 1, 0);
	second = segment(&place, 2, MINUTE);
	second.end = KM_INDEX_OPEN;
	add(&place, &first);
	add(&place, &second);
	second.bytes = 250;
	second.end_us += 7;
	second.end = KM_INDEX_STOPPED;
	assert_int_equal(km_index_begin(place.index, true), 0);
	assert_int_equal(km_index_set_segment(place.index, &second), 0);
	assert_int_equal(km_index_commit(place.index), 0);
	assert_int_equal(km_index_find_camera(place.index, &place.camera, &camera), 0);
	assert_int_equal(camera.bytes, 350);
	assert_int_equal(camera.segments, 2);
	assert_int_equal(camera.start_us, 0);
	assert_int_equal(camera.end_us, 2 * MINUTE + 7);
	assert_int_equal(km_index_begin(place.index, true), 0);
	assert_int_equal(km_index_discard_segment(place.index, &first.id), 0);
	assert_int_equal(km_index_commit(place.index), 0);
	assert_int_equal(km_index_find_camera(place.index, &place.camera, &camera), 0);
	assert_int_equal(camera.bytes, 250);
	assert_int_equal(camera.segments, 1);
	assert_int_equal(km_index_each_garbage(place.index, count_segment, &garbage), 0);
	assert_int_equal(garbage, 1);
	assert_int_equal(km_index_find(place.index, &first.id, &first), KM_ERR_NOT_FOUND);
	assert_int_equal(km_index_begin(place.index, true), 0);
	assert_int_equal(km_index_drop_segment(place.index, &second.id), 0);
	km_index_rollback(place.index);
	assert_int_equal(km_index_find(place.index, &second.id, &second), 0);
	finish_place(&place);
}

struct stretches {
	unsigned count;
	int64_t start_us;
	int64_t end_us;
};

static int on_stretch(void *context, int64_t start_us, int64_t end_us)
{
	struct stretches *stretches = context;

	stretches->count++;
	stretches->start_us = start_us;
	stretches->end_us = end_us;
	return 0;
}

static void year_of_a_camera_is_quick(void **state)
{
	const uint32_t minutes = 365 * 24 * 60;
	struct place place;
	struct km_archive *archive = NULL;
	struct stretches stretches = { 0 };
	struct timespec begin;
	struct timespec end;
	double seconds = 0;

	(void)state;
	init_place(&place);
	assert_int_equal(km_index_begin(place.index, false), 0);
	for (uint32_t i = 0; i < minutes; i++) {
		struct km_index_segment row = segment(&place, i * 2654435761U, i * MINUTE);

		/* An hour without recording each week. */
		if (i % (7 * 24 * 60) >= 60) {
			assert_int_equal(km_index_add_segment(place.index, &row), 0);
		}
	}
	assert_int_equal(km_index_commit(place.index), 0);
	assert_int_equal(km_archive_open(place.directory, place.path, &archive), 0);
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
	assert_int_equal(km_archive_each_stretch(archive, &place.camera, 0, minutes * MINUTE,
			     KM_TIME_SECOND_US, 1000, on_stretch, &stretches),
	    0);
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	seconds = (double)(end.tv_sec - begin.tv_sec) +
		  (double)(end.tv_nsec - begin.tv_nsec) / 1000000000.0;
	print_message("a year in %.3f s\n", seconds);
	assert_true(seconds < 2);
	assert_int_equal(stretches.count, 53);
	assert_int_equal(km_archive_each_stretch(archive, &place.camera, 0, minutes * MINUTE,
			     KM_TIME_SECOND_US, 10, on_stretch, &stretches),
	    KM_ERR_LIMIT);
	stretches.count = 0;
	assert_int_equal(km_archive_each_stretch(archive, &place.camera, 0, minutes * MINUTE,
			     2 * KM_TIME_HOUR_US, 10, on_stretch, &stretches),
	    0);
	assert_int_equal(stretches.count, 1);
	km_archive_close(archive);
	finish_place(&place);
}

static void gaps_come_by_range_and_go_by_age(void **state)
{
	struct place place;
	struct km_archive *archive = NULL;
	struct km_archive_gap gap = {
		.start_us = 5, .end_us = 100 * MINUTE, .reason = 3, .lost = 9
	};
	uint64_t bytes = 1;
	int64_t start_us = 0;
	int64_t end_us = 0;

	(void)state;
	init_place(&place);
	assert_int_equal(km_index_begin(place.index, true), 0);
	assert_int_equal(km_index_add_gap(place.index, &place.camera, &gap), 0);
	assert_int_equal(km_index_drop_gaps(place.index, &place.camera, 100 * MINUTE), 0);
	assert_int_equal(km_index_commit(place.index), 0);
	assert_int_equal(km_archive_open(place.directory, place.path, &archive), 0);
	assert_int_equal(km_archive_extent(archive, &place.camera, &bytes, &start_us, &end_us), 0);
	assert_int_equal(bytes, 0);
	km_archive_close(archive);
	assert_int_equal(
	    km_archive_open("/tmp", "/tmp/km-no-such-index.db", &archive), KM_ERR_NOT_FOUND);
	finish_place(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_are_half_open),
		cmocka_unit_test(sums_follow_every_change),
		cmocka_unit_test(year_of_a_camera_is_quick),
		cmocka_unit_test(gaps_come_by_range_and_go_by_age),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
