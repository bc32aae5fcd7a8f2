/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/time.c base/uuid.c crypto/aead.c crypto/digest.c crypto/random.c crypto/secret.c proto/track.c store/archive.c store/disk.c store/index.c store/recorder.c store/recorder_sync.c store/sync_thread.c store/recovery.c store/retention.c store/segment.c store/segment_format.c store/segment_writer.c ../tests/unit/store_stage.c */
/* libraries: crypto sqlite3 */
/*
 * What is recorded can be read again, whatever the disk does meanwhile.
 */
#include "store_stage.h"

#include "model/events.h"
#include "model/states.h"
#include "store/archive.h"

#include <errno.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void recorded_frames_come_back(void **state)
{
	struct stage stage;
	struct stage_found found;
	struct km_recorder_stream_state stream;

	(void)state;
	stage_init(&stage);
	assert_int_equal(stage_open(&stage), 0);
	assert_int_equal(stage_record(&stage, 300, 400), 300);
	assert_int_equal(stage_check(&stage, &found), 0);
	assert_int_equal(found.frames, 300);
	assert_int_equal(found.open_segments, 1);
	km_recorder_stream_describe(stage.stream, &stream);
	assert_int_equal(stream.frames, 300);
	stage_close(&stage);
	assert_int_equal(stage_check(&stage, &found), 0);
	assert_int_equal(found.frames, 300);
	assert_int_equal(found.holes + found.duplicates + found.gaps, 0);
	assert_int_equal(found.open_segments, 0);
	assert_in_range(found.segments, 5, 7);
	stage_finish(&stage);
}

static void next_start_goes_on(void **state)
{
	struct stage stage;
	struct stage_found found;

	(void)state;
	stage_init(&stage);
	assert_int_equal(stage_open(&stage), 0);
	assert_int_equal(stage_record(&stage, 90, 100), 90);
	stage_close(&stage);
	stage.next_frame = 300; /* 14 seconds later */
	assert_int_equal(stage_open(&stage), 0);
	assert_int_equal(stage_record(&stage, 390, 100), 390);
	stage_close(&stage);
	assert_int_equal(stage_check(&stage, &found), 0);
	assert_int_equal(found.frames, 180);
	assert_int_equal(found.gaps, 1);
	assert_int_equal(found.gap_reason, KM_GAP_RECORDER_DOWN);
	stage_finish(&stage);
}

/* The recorder vanishes (kill -9): all synced frames are there after recovery. */
static void unclean_end_is_repaired(void **state)
{
	struct stage stage;
	struct stage_found found;
	struct km_recorder *lost = NULL;

	(void)state;
	stage_init(&stage);
	assert_int_equal(stage_open(&stage), 0);
	assert_int_equal(stage_record(&stage, 100, 100), 100);
	lost = stage.recorder;
	stage.disk.fail_at = 1; /* it cannot write its last words */
	stage.disk.fail_count = UINT32_MAX / 2;
	stage.disk.error = EIO;
	stage.recorder = NULL;
	stage.disk.fail_at = 0;
	assert_int_equal(stage_open(&stage), 0);
	assert_true(stage.events[KM_EVENT_RECOVERED] > 0);
	assert_int_equal(stage_check(&stage, &found), 0);
	assert_int_equal(found.frames, 100);
	assert_int_equal(found.open_segments, 0);
	assert_int_equal(stage_record(&stage, 200, 100), 200);
	stage_close(&stage);
	assert_int_equal(stage_check(&stage, &found), 0);
	assert_int_equal(found.frames, 200);
	assert_int_equal(found.holes + found.duplicates + found.gaps, 0);
	stage.disk.fail_at = stage.disk.calls + 1;
	stage.disk.fail_count = UINT32_MAX / 2;
	stage.disk.error = EIO;
	km_recorder_close(lost);
	stage_finish(&stage);
}

static void lost_index_is_made_anew(void **state)
{
	struct stage stage;
	struct stage_found found;
	char path[100];

	(void)state;
	stage_init(&stage);
	assert_int_equal(stage_open(&stage), 0);
	assert_int_equal(stage_record(&stage, 300, 400), 300);
	stage_close(&stage);
	assert_int_equal(remove(stage.index), 0);
	(void)snprintf(path, sizeof(path), "%s-wal", stage.index);
	(void)remove(path);
	(void)snprintf(path, sizeof(path), "%s-shm", stage.index);
	(void)remove(path);
	assert_int_equal(stage_open(&stage), 0);
	assert_int_equal(stage_check(&stage, &found), 0);
	assert_int_equal(found.frames, 300);
	assert_int_equal(found.holes + found.duplicates, 0);
	stage_finish(&stage);
}

static void broken_index_is_put_aside(void **state)
{
	struct stage stage;
	struct stage_found found;
	FILE *file = NULL;

	(void)state;
	stage_init(&stage);
	assert_int_equal(stage_open(&stage), 0);
	assert_int_equal(stage_record(&stage, 60, 100), 60);
	stage_close(&stage);
	file = fopen(stage.index, "w");
	assert_non_null(file);
	for (int i = 0; i < 1000; i++) {
		assert_true(fputs("this is no database ", file) >= 0);
	}
	assert_int_equal(fclose(file), 0);
	assert_int_equal(stage_open(&stage), 0);
	assert_int_equal(stage_check(&stage, &found), 0);
	assert_int_equal(found.frames, 60);
	stage_finish(&stage);
}

static void retention_deletes_the_oldest(void **state)
{
	struct stage stage;
	struct stage_found found;

	(void)state;
	stage_init(&stage);
	stage.retain_us = 20 * INT64_C(1000000);
	assert_int_equal(stage_open(&stage), 0);
	assert_int_equal(stage_record(&stage, 900, 1500), 900);
	stage_pass(&stage, 100);
	assert_int_equal(stage_check(&stage, &found), 0);
	assert_int_equal(found.last, 899);
	assert_in_range(found.first, 500, 620);
	assert_int_equal(found.holes, 0);
	stage_finish(&stage);
}

static void little_free_space_deletes_the_oldest(void **state)
{
	struct stage stage;
	struct stage_found found;

	(void)state;
	stage_init(&stage);
	stage.free_bytes_min = 1000000;
	assert_int_equal(stage_open(&stage), 0);
	assert_int_equal(stage_record(&stage, 600, 1500), 600);
	stage.disk.free_bytes = 999000;
	stage_pass(&stage, 8);
	stage.disk.free_bytes = 0;
	stage_pass(&stage, 8);
	assert_int_equal(stage.events[KM_EVENT_STORAGE_TIGHT], 1);
	assert_int_equal(stage_record(&stage, 660, 100), 660);
	assert_int_equal(stage_check(&stage, &found), 0);
	assert_int_equal(found.last, 659);
	assert_true(found.first > 0);
	stage_finish(&stage);
}

/* --- each call fails once --- */

struct failure {
	int error;
	unsigned count;
};

static bool survives(const struct failure *failure, unsigned at)
{
	struct stage stage;
	struct stage_found found;
	unsigned calls = 0;

	stage_init(&stage);
	assert_int_equal(stage_open(&stage), 0);
	stage.disk.calls = 0;
	stage.disk.fail_at = at;
	stage.disk.fail_count = failure->count;
	stage.disk.error = failure->error;
	assert_int_equal(stage_record(&stage, 150, 400), 150);
	calls = stage.disk.calls;
	stage_close(&stage);
	assert_int_equal(stage_check(&stage, &found), 0);
	/* A full disk costs the oldest. */
	if ((found.frames != 150 && failure->error != ENOSPC) || found.last != 149 ||
	    found.holes + found.duplicates != 0) {
		print_error("errno %d at call %u: %u frames, %u holes, %u duplicates\n",
		    failure->error, at, found.frames, found.holes, found.duplicates);
		fail();
	}
	assert_int_equal(found.open_segments, 0);
	/* Files and index say the same afterwards. */
	stage.disk.fail_at = 0;
	memset(stage.events, 0, sizeof(stage.events));
	assert_int_equal(stage_open(&stage), 0);
	assert_int_equal(stage.events[KM_EVENT_RECOVERED], 0);
	stage_finish(&stage);
	return at <= calls;
}

static void sweep(const struct failure *failure)
{
	unsigned at = 1;

	while (survives(failure, at)) {
		at++;
		assert_in_range(at, 1, 1000);
	}
	assert_in_range(at, 40, 1000);
}

struct gaps {
	struct km_archive_gap list[8];
	size_t count;
};

static int on_gap(void *context, const struct km_archive_gap *gap)
{
	struct gaps *gaps = context;

	assert_true(gaps->count < KM_COUNT(gaps->list));
	gaps->list[gaps->count++] = *gap;
	return 0;
}

/* A gap that ended is kept though its row comes late and what follows has to be recorded again. */
static void a_gap_outlives_what_fails_after_it(void **state)
{
	struct stage stage;
	struct km_archive *archive = NULL;
	struct gaps gaps = { 0 };
	sqlite3 *other = NULL;

	(void)state;
	stage_init(&stage);
	assert_int_equal(stage_open(&stage), 0);
	assert_int_equal(stage_record(&stage, 30, 20), 30);
	km_recorder_gap(stage.stream, KM_GAP_CAMERA_LOST, 3);
	stage.next_frame = 60;
	/* Its row cannot be written while the chunk behind it becomes durable. */
	assert_int_equal(sqlite3_open(stage.index, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other,
			     "CREATE TRIGGER away BEFORE INSERT ON gap"
			     " BEGIN SELECT RAISE(ABORT, 'away'); END",
			     NULL, NULL, NULL),
	    SQLITE_OK);
	assert_int_equal(stage_record(&stage, 75, 3), 75);
	assert_int_equal(sqlite3_exec(other, "DROP TRIGGER away", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
	assert_true(stage.events[KM_EVENT_STORAGE_FAILED % 64] > 0);
	/* Then what follows cannot be written, before the row is tried again. */
	km_recorder_hurry(stage.recorder);
	stage.disk.fail_at = stage.disk.calls + 1;
	stage.disk.fail_count = 1;
	stage.disk.error = EIO;
	(void)stage_record(&stage, 90, 1);
	stage.now_us += 60000000;
	assert_int_equal(stage_record(&stage, 120, 40), 120);
	stage_close(&stage);
	assert_int_equal(km_archive_open(stage.root, stage.index, &archive), 0);
	assert_int_equal(
	    km_archive_each_gap(archive, &stage.camera, 0, INT64_MAX, on_gap, &gaps), 0);
	km_archive_close(archive);
	assert_true(gaps.count > 0);
	assert_int_equal(gaps.list[0].reason, KM_GAP_CAMERA_LOST);
	assert_int_equal(gaps.list[0].lost, 3);
	assert_true(gaps.list[0].start_us == stage_frame_us(30));
	assert_true(gaps.list[0].end_us == stage_frame_us(60));
	stage_finish(&stage);
}

static void every_call_may_fail(void **state)
{
	(void)state;
	sweep(&(struct failure){ .error = EIO, .count = 1 });
}

static void every_call_may_fail_for_a_while(void **state)
{
	(void)state;
	sweep(&(struct failure){ .error = EIO, .count = 7 });
}

static void every_call_may_find_the_disk_full(void **state)
{
	(void)state;
	sweep(&(struct failure){ .error = ENOSPC, .count = 1 });
}

static void every_call_may_find_the_disk_full_for_a_while(void **state)
{
	(void)state;
	sweep(&(struct failure){ .error = ENOSPC, .count = 30 });
}

static void every_write_may_be_short(void **state)
{
	(void)state;
	sweep(&(struct failure){ .error = 0, .count = 3 });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recorded_frames_come_back),
		cmocka_unit_test(next_start_goes_on),
		cmocka_unit_test(unclean_end_is_repaired),
		cmocka_unit_test(lost_index_is_made_anew),
		cmocka_unit_test(broken_index_is_put_aside),
		cmocka_unit_test(retention_deletes_the_oldest),
		cmocka_unit_test(little_free_space_deletes_the_oldest),
		cmocka_unit_test(a_gap_outlives_what_fails_after_it),
		cmocka_unit_test(every_call_may_fail),
		cmocka_unit_test(every_call_may_fail_for_a_while),
		cmocka_unit_test(every_call_may_find_the_disk_full),
		cmocka_unit_test(every_call_may_find_the_disk_full_for_a_while),
		cmocka_unit_test(every_write_may_be_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
