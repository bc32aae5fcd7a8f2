/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/time.c base/uuid.c crypto/aead.c crypto/digest.c crypto/random.c crypto/secret.c io/ring.c proto/track.c store/archive.c store/disk.c store/index.c store/recorder.c store/recorder_sync.c store/sync_thread.c store/recovery.c store/retention.c store/segment.c store/segment_format.c store/segment_writer.c writer/gather.c ../tests/unit/store_stage.c */
/* libraries: crypto sqlite3 */
/*
 * From a ring to the archive: every sample once, whatever the ring, the disk and restarts do.
 */
#include "store_stage.h"

#include "io/ring.h"
#include "model/states.h"
#include "writer/gather.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define TICK_US 250000

struct scene {
	struct stage stage;
	struct km_ring *ring; /* the producer's end */
	struct km_gather *gather;
	struct km_gather_room *room;
	unsigned produced; /* frames */
	uint64_t generation;
};

static void say_tracks(struct scene *scene)
{
	struct km_buf packed;
	struct km_tracks tracks = stage_tracks();
	struct km_ring_entry entry = { .kind = KM_RING_TRACKS };

	km_buf_init(&packed, KM_TRACKS_PACKED_MAX);
	km_tracks_pack(&tracks, &packed);
	assert_int_equal(km_ring_write(scene->ring, &entry, km_buf_view(&packed)), 0);
	km_buf_finish(&packed);
}

static void make_ring(struct scene *scene, size_t bytes)
{
	assert_int_equal(km_ring_create(bytes, &scene->ring), 0);
	say_tracks(scene);
	scene->generation++;
}

static void attach(struct scene *scene)
{
	struct km_ring *reader = NULL;
	int memory_fd = fcntl(km_ring_memory_fd(scene->ring), F_DUPFD_CLOEXEC, 0);
	int event_fd = fcntl(km_ring_event_fd(scene->ring), F_DUPFD_CLOEXEC, 0);

	assert_int_equal(km_ring_attach(memory_fd, event_fd, &reader), 0);
	km_gather_add_ring(scene->gather, reader, scene->generation);
}

static void start_writer(struct scene *scene)
{
	assert_int_equal(stage_open(&scene->stage), 0);
	assert_int_equal(km_gather_create(scene->stage.recorder, scene->stage.stream, scene->room,
			     &scene->gather),
	    0);
	attach(scene);
}

static void init_scene(struct scene *scene, size_t ring_bytes)
{
	*scene = (struct scene){ 0 };
	stage_init(&scene->stage);
	scene->room = calloc(1, sizeof(*scene->room));
	assert_non_null(scene->room);
	make_ring(scene, ring_bytes);
	start_writer(scene);
}

static void finish_scene(struct scene *scene)
{
	km_gather_destroy(scene->gather);
	km_ring_destroy(scene->ring);
	stage_finish(&scene->stage);
	free(scene->room);
}

static void produce(struct scene *scene, unsigned count, unsigned extra_flags)
{
	for (unsigned i = 0; i < count; i++, scene->produced++) {
		uint8_t frame[STAGE_FRAME_MAX];
		size_t size = stage_frame(scene->produced, frame);
		struct km_ring_entry entry = { .kind = KM_RING_SAMPLE,
			.flags = (uint16_t)((scene->produced % STAGE_GOP == 0 ? KM_RING_KEY : 0) |
					    (i == 0 ? extra_flags : 0)),
			.ticks = (int64_t)scene->produced * 6000,
			.unix_us = stage_frame_us(scene->produced) };

		assert_int_equal(km_ring_write(scene->ring, &entry, km_bytes_from(frame, size)), 0);
	}
}

static void put(struct scene *scene, enum km_ring_kind kind, uint8_t payload)
{
	struct km_ring_entry entry = { .kind = kind };

	assert_int_equal(km_ring_write(scene->ring, &entry,
			     km_bytes_from(&payload, kind == KM_RING_GAP ? 1 : 0)),
	    0);
}

/* A quarter of a second. */
static void tick(struct scene *scene)
{
	scene->stage.now_us += TICK_US;
	km_gather_tick(scene->gather, scene->stage.now_us);
	km_recorder_tick(
	    scene->stage.recorder, scene->stage.now_us, stage_frame_us(scene->produced));
}

/* As a camera with 15 frames a second. */
static void run(struct scene *scene, unsigned frames)
{
	unsigned end = scene->produced + frames;

	for (unsigned i = 0; scene->produced < end; i++) {
		unsigned count = i % 4 == 3 ? 3 : 4;

		produce(scene, count > end - scene->produced ? end - scene->produced : count, 0);
		tick(scene);
	}
}

static void stop_writer(struct scene *scene)
{
	for (int round = 0; round < 4; round++) {
		bool is_done = false;

		km_recorder_hurry(scene->stage.recorder);
		is_done = km_gather_flush(scene->gather, scene->stage.now_us);
		if (km_recorder_sync(scene->stage.recorder) == 0 && is_done) {
			break;
		}
	}
	km_gather_destroy(scene->gather);
	scene->gather = NULL;
	stage_close(&scene->stage);
}

static struct stage_found found_in(struct scene *scene)
{
	struct stage_found found;

	assert_int_equal(stage_check(&scene->stage, &found), 0);
	return found;
}

static void assert_whole(const struct stage_found *found, unsigned frames)
{
	assert_int_equal(found->frames, frames);
	assert_int_equal(found->holes, 0);
	assert_int_equal(found->duplicates, 0);
}

static void every_frame_is_stored_once(void **state)
{
	struct scene scene;
	struct stage_found found;

	(void)state;
	init_scene(&scene, 1 << 20);
	run(&scene, 600);
	stop_writer(&scene);
	found = found_in(&scene);
	assert_whole(&found, 600);
	assert_int_equal(found.gaps, 0);
	assert_int_equal(found.hidden_keys, 0);
	finish_scene(&scene);
}

/* The receiver says the tracks again from time to time, also in the middle of a chunk. */
static void tracks_said_again_cost_nothing(void **state)
{
	struct scene scene;
	struct stage_found found;

	(void)state;
	init_scene(&scene, 1 << 20);
	for (unsigned i = 0; i < 60; i++) {
		run(&scene, 7);
		say_tracks(&scene);
	}
	stop_writer(&scene);
	found = found_in(&scene);
	assert_whole(&found, 420);
	assert_int_equal(found.gaps, 0);
	finish_scene(&scene);
}

/* At any moment, what is older than two seconds is on the disk. */
static void two_seconds_are_the_most_to_lose(void **state)
{
	struct scene scene;
	struct km_recorder_stream_state stream;

	(void)state;
	init_scene(&scene, 1 << 20);
	run(&scene, 60);
	for (int i = 0; i < 100; i++) {
		run(&scene, 4);
		km_recorder_stream_describe(scene.stage.stream, &stream);
		assert_true(stage_frame_us(scene.produced) - stream.last_us < 2000000);
	}
	finish_scene(&scene);
}

static void restart_goes_on_behind_what_is_stored(void **state)
{
	struct scene scene;
	struct stage_found found;

	(void)state;
	init_scene(&scene, 1 << 20);
	for (unsigned i = 0; i < 20; i++) {
		run(&scene, 37 + i);
		if (i % 2 == 0) {
			stop_writer(&scene);
		} else {
			/* As after kill -9: the recorder does not get to say goodbye. */
			km_gather_destroy(scene.gather);
			stage_abandon(&scene.stage);
		}
		produce(&scene, 5, 0);
		start_writer(&scene);
	}
	run(&scene, 30);
	stop_writer(&scene);
	found = found_in(&scene);
	assert_whole(&found, scene.produced);
	assert_int_equal(found.gaps, 0);
	finish_scene(&scene);
}

static void gap_has_its_reason(void **state)
{
	struct scene scene;
	struct stage_found found;

	(void)state;
	init_scene(&scene, 1 << 20);
	run(&scene, 50);
	put(&scene, KM_RING_GAP, KM_GAP_CAMERA_LOST);
	for (int i = 0; i < 40; i++) {
		tick(&scene);
	}
	scene.produced = 300;
	produce(&scene, 1, KM_RING_NEW_RUN);
	run(&scene, 59);
	stop_writer(&scene);
	found = found_in(&scene);
	assert_int_equal(found.frames, 110);
	assert_int_equal(found.duplicates, 0);
	assert_int_equal(found.gaps, 1);
	assert_int_equal(found.gap_reason, KM_GAP_CAMERA_LOST);
	finish_scene(&scene);
}

static void ring_that_overflows_is_a_gap(void **state)
{
	struct scene scene;
	struct stage_found found;

	(void)state;
	init_scene(&scene, 64 << 10);
	run(&scene, 60);
	produce(&scene, 600, 0); /* in no time */
	run(&scene, 60);
	stop_writer(&scene);
	found = found_in(&scene);
	assert_int_equal(found.duplicates, 0);
	assert_int_equal(found.last, 719);
	assert_int_equal(found.gaps, 1);
	assert_int_equal(found.gap_reason, KM_GAP_DISK_SLOW);
	finish_scene(&scene);
}

static void next_ring_follows_the_end_of_the_first(void **state)
{
	struct scene scene;
	struct stage_found found;

	(void)state;
	init_scene(&scene, 1 << 20);
	run(&scene, 100);
	produce(&scene, 3, 0);
	put(&scene, KM_RING_END, 0);
	km_ring_destroy(scene.ring);
	make_ring(&scene, 2 << 20);
	produce(&scene, 10, 0);
	attach(&scene);
	run(&scene, 100);
	stop_writer(&scene);
	found = found_in(&scene);
	assert_whole(&found, 213);
	assert_int_equal(found.gaps, 0);
	finish_scene(&scene);
}

static void ring_of_a_dead_receiver_is_left(void **state)
{
	struct scene scene;
	struct stage_found found;

	(void)state;
	init_scene(&scene, 1 << 20);
	run(&scene, 100);
	km_ring_destroy(scene.ring); /* without an end */
	make_ring(&scene, 1 << 20);
	scene.produced = 150;
	produce(&scene, 1, KM_RING_NEW_RUN);
	attach(&scene);
	run(&scene, 100);
	stop_writer(&scene);
	found = found_in(&scene);
	assert_int_equal(found.frames, 201);
	assert_int_equal(found.duplicates, 0);
	assert_int_equal(found.gaps, 1);
	finish_scene(&scene);
}

/* A disk that fails for two seconds costs nothing: the ring holds it. */
static void short_failures_cost_nothing(void **state)
{
	(void)state;
	for (unsigned at = 1; at < 60; at += 3) {
		struct scene scene;
		struct stage_found found;

		init_scene(&scene, 1 << 20);
		run(&scene, 20);
		scene.stage.disk.calls = 0;
		scene.stage.disk.fail_at = at;
		scene.stage.disk.fail_count = 1 + at % 3;
		scene.stage.disk.error = at % 2 == 0 ? EIO : ENOSPC;
		run(&scene, 240);
		stop_writer(&scene);
		found = found_in(&scene);
		assert_int_equal(found.holes, 0);
		assert_int_equal(found.duplicates, 0);
		assert_int_equal(found.last, 259);
		finish_scene(&scene);
	}
}

static void long_failure_is_a_gap_with_its_reason(void **state)
{
	struct scene scene;
	struct stage_found found;

	(void)state;
	init_scene(&scene, 64 << 10);
	run(&scene, 60);
	scene.stage.disk.calls = 0;
	scene.stage.disk.fail_at = 1;
	scene.stage.disk.fail_count = UINT32_MAX / 2;
	scene.stage.disk.error = EIO;
	run(&scene, 600);
	scene.stage.disk.fail_at = 0;
	run(&scene, 600);
	stop_writer(&scene);
	found = found_in(&scene);
	assert_int_equal(found.duplicates, 0);
	assert_int_equal(found.last, 1259);
	assert_int_equal(found.gaps, 1);
	assert_int_equal(found.gap_reason, KM_GAP_DISK_FAILED);
	finish_scene(&scene);
}

/* Entries of a receiver that has been taken over. */
static void nonsense_does_no_harm(void **state)
{
	struct scene scene;
	uint64_t seed = 7;

	(void)state;
	init_scene(&scene, 1 << 18);
	for (int i = 0; i < 20000; i++) {
		uint8_t payload[600] = { 1, 1 };
		struct km_ring_entry entry = { 0 };

		seed = seed * 6364136223846793005U + 1442695040888963407U;
		entry.kind = (enum km_ring_kind)(seed >> 60 == 0 ? 1 + (seed >> 20 & 3) : 2);
		entry.track = (uint8_t)(seed >> 56 & 15 ? 0 : seed >> 40);
		entry.flags = (uint16_t)(seed >> 30 & 7);
		entry.ticks = (int64_t)((seed >> 50 & 3) ? (uint64_t)i * 6000 : seed);
		entry.decode_offset_ticks = (int32_t)(seed >> 13);
		entry.unix_us =
		    (int64_t)((seed >> 45 & 7) ? (uint64_t)stage_frame_us((unsigned)i) : seed * 3);
		assert_int_equal(
		    km_ring_write(scene.ring, &entry, km_bytes_from(payload, seed >> 33 & 511)), 0);
		if (i % 5 == 0) {
			tick(&scene);
		}
	}
	stop_writer(&scene);
	finish_scene(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_frame_is_stored_once),
		cmocka_unit_test(tracks_said_again_cost_nothing),
		cmocka_unit_test(two_seconds_are_the_most_to_lose),
		cmocka_unit_test(restart_goes_on_behind_what_is_stored),
		cmocka_unit_test(gap_has_its_reason),
		cmocka_unit_test(ring_that_overflows_is_a_gap),
		cmocka_unit_test(next_ring_follows_the_end_of_the_first),
		cmocka_unit_test(ring_of_a_dead_receiver_is_left),
		cmocka_unit_test(short_failures_cost_nothing),
		cmocka_unit_test(long_failure_is_a_gap_with_its_reason),
		cmocka_unit_test(nonsense_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
