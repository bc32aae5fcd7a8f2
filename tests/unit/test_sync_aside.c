/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/time.c base/uuid.c crypto/aead.c crypto/digest.c crypto/random.c crypto/secret.c proto/track.c store/archive.c store/disk.c store/index.c store/recorder.c store/recorder_sync.c store/sync_thread.c store/recovery.c store/retention.c store/segment.c store/segment_format.c store/segment_writer.c ../tests/unit/store_stage.c */
/* libraries: crypto sqlite3 threads */
/*
 * Syncs on a thread of their own: what is written while one runs is neither lost nor counted too
 * early.
 */
#include "store_stage.h"

#include "model/events.h"
#include "model/states.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct scene {
	struct stage stage;
	sem_t begun; /* a syncfs */
	sem_t gate;  /* lets one go on */
	bool is_held;
	sqlite3 *other; /* keeps rows out of the index, until the next sync begins */
};

static void on_call(void *context, const char *name, int fd)
{
	struct scene *scene = context;

	(void)fd;
	if (scene->other != NULL &&
	    (strcmp(name, "fdatasync") == 0 || strcmp(name, "syncfs") == 0)) {
		(void)sqlite3_exec(scene->other, "DROP TRIGGER away", NULL, NULL, NULL);
		(void)sqlite3_close(scene->other);
		scene->other = NULL;
	}
	if (strcmp(name, "syncfs") == 0 && scene->is_held) {
		(void)sem_post(&scene->begun);
		(void)sem_wait(&scene->gate);
	}
}

static int set_up(void **state)
{
	static struct scene scene;

	memset(&scene, 0, sizeof(scene));
	stage_init(&scene.stage);
	scene.stage.syncs_aside = true;
	scene.stage.disk.on_call = on_call;
	scene.stage.disk.context = &scene;
	(void)sem_init(&scene.begun, 0, 0);
	(void)sem_init(&scene.gate, 0, 0);
	assert_int_equal(stage_open(&scene.stage), 0);
	*state = &scene;
	return 0;
}

static int tear_down(void **state)
{
	struct scene *scene = *state;

	scene->is_held = false;
	(void)sem_post(&scene->gate);
	stage_finish(&scene->stage);
	(void)sem_destroy(&scene->begun);
	(void)sem_destroy(&scene->gate);
	return 0;
}

static uint64_t stored(const struct scene *scene)
{
	struct km_recorder_stream_state state;

	km_recorder_stream_describe(scene->stage.stream, &state);
	return state.frames;
}

/* Ticks until so much is stored; the thread gets time meanwhile. */
static void wait_stored(struct scene *scene, uint64_t frames)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	for (unsigned i = 0; i < 5000 && stored(scene) < frames; i++) {
		(void)nanosleep(&pause, NULL);
		stage_pass(&scene->stage, 1);
	}
	assert_int_equal(stored(scene), frames);
}

static void writing_goes_on_while_a_sync_hangs(void **state)
{
	struct scene *scene = *state;
	struct stage_found found;

	scene->is_held = true;
	assert_int_equal(stage_record(&scene->stage, 40, 20), 40);
	stage_pass(&scene->stage, 4);
	(void)sem_wait(&scene->begun);
	assert_int_equal(stage_record(&scene->stage, 80, 20), 80);
	assert_true(stored(scene) < 40); /* nothing counts before it is durable */
	scene->is_held = false;
	(void)sem_post(&scene->gate);
	wait_stored(scene, 80);
	stage_close(&scene->stage);
	assert_int_equal(stage_check(&scene->stage, &found), 0);
	assert_int_equal(found.frames, 80);
	assert_int_equal(found.holes + found.duplicates + found.gaps + found.open_segments, 0);
}

/* Its trailer is not durable yet when the sync ends that began before it. */
static void a_segment_may_end_while_a_sync_runs(void **state)
{
	struct scene *scene = *state;
	struct stage_found found;

	scene->is_held = true;
	assert_int_equal(stage_record(&scene->stage, 30, 20), 30);
	stage_pass(&scene->stage, 4);
	(void)sem_wait(&scene->begun);
	assert_int_equal(stage_record(&scene->stage, 400, 200), 400);
	scene->is_held = false;
	(void)sem_post(&scene->gate);
	wait_stored(scene, 400);
	stage_close(&scene->stage);
	assert_int_equal(stage_check(&scene->stage, &found), 0);
	assert_int_equal(found.frames, 400);
	assert_int_equal(found.holes + found.duplicates + found.gaps + found.open_segments, 0);
	assert_true(found.segments > 2);
}

static void a_kill_after_a_sync_began_loses_nothing_that_was_written(void **state)
{
	struct scene *scene = *state;
	struct stage_found found;

	scene->is_held = true;
	assert_int_equal(stage_record(&scene->stage, 40, 20), 40);
	stage_pass(&scene->stage, 4);
	(void)sem_wait(&scene->begun);
	assert_int_equal(stage_record(&scene->stage, 80, 20), 80);
	scene->is_held = false;
	(void)sem_post(&scene->gate);
	stage_abandon(&scene->stage);
	assert_int_equal(stage_open(&scene->stage), 0);
	assert_int_equal(stage_check(&scene->stage, &found), 0);
	assert_int_equal(found.frames, 80);
	assert_int_equal(found.holes + found.duplicates, 0);
}

/* syncfs and what is tried after it fail once: it is given again, and stored once. */
static void a_sync_that_fails_is_made_good(void **state)
{
	struct scene *scene = *state;
	struct stage_found found;

	scene->is_held = true;
	assert_int_equal(stage_record(&scene->stage, 40, 20), 40);
	stage_pass(&scene->stage, 4);
	(void)sem_wait(&scene->begun);
	scene->is_held = false;
	scene->stage.disk.fail_at = scene->stage.disk.calls + 1;
	scene->stage.disk.fail_count = 8;
	scene->stage.disk.error = EIO;
	(void)sem_post(&scene->gate);
	for (unsigned i = 0; i < 5000 && scene->stage.next_frame < 200; i++) {
		const struct timespec pause = { .tv_nsec = 2000000 };

		(void)nanosleep(&pause, NULL);
		(void)stage_record(&scene->stage, 200, 20);
	}
	wait_stored(scene, 200);
	stage_close(&scene->stage);
	assert_int_equal(stage_check(&scene->stage, &found), 0);
	assert_int_equal(found.frames, 200);
	assert_int_equal(found.holes + found.duplicates, 0);
}

/* The last sync is made though the one before it could not write its rows. */
static void what_follows_a_failed_sync_is_stored_at_the_end(void **state)
{
	struct scene *scene = *state;
	struct stage_found found;

	scene->is_held = true;
	assert_int_equal(stage_record(&scene->stage, 40, 20), 40);
	stage_pass(&scene->stage, 4);
	(void)sem_wait(&scene->begun);
	assert_int_equal(stage_record(&scene->stage, 80, 20), 80);
	assert_int_equal(sqlite3_open(scene->stage.index, &scene->other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(scene->other,
			     "CREATE TRIGGER away BEFORE INSERT ON segment"
			     " BEGIN SELECT RAISE(ABORT, 'away'); END",
			     NULL, NULL, NULL),
	    SQLITE_OK);
	scene->is_held = false;
	(void)sem_post(&scene->gate);
	stage_close(&scene->stage);
	assert_null(scene->other);
	assert_int_equal(stage_check(&scene->stage, &found), 0);
	assert_int_equal(found.frames, 80);
	assert_int_equal(found.open_segments, 0);
}

static unsigned storage_state(const struct scene *scene)
{
	struct km_recorder_state state;

	km_recorder_describe(scene->stage.recorder, &state);
	return state.state;
}

/* What a sync stands for that began before the failure says nothing about the disk of now. */
static void a_failure_meanwhile_stays_one_until_writing_works(void **state)
{
	struct scene *scene = *state;
	const struct timespec pause = { .tv_nsec = 1000000 };

	scene->is_held = true;
	assert_int_equal(stage_record(&scene->stage, 40, 20), 40);
	stage_pass(&scene->stage, 4);
	(void)sem_wait(&scene->begun);
	scene->stage.disk.fail_at = scene->stage.disk.calls + 1;
	scene->stage.disk.fail_count = UINT32_MAX / 2;
	scene->stage.disk.error = EIO;
	(void)stage_record(&scene->stage, 80, 1);
	assert_int_equal(storage_state(scene), KM_STORAGE_FAILED);
	scene->stage.disk.fail_at = 0;
	scene->is_held = false;
	(void)sem_post(&scene->gate);
	for (unsigned i = 0; i < 200; i++) { /* it ends, before the next try is due */
		(void)nanosleep(&pause, NULL);
		km_recorder_tick(scene->stage.recorder, scene->stage.now_us,
		    stage_frame_us(scene->stage.next_frame));
		assert_int_equal(storage_state(scene), KM_STORAGE_FAILED);
	}
	for (unsigned i = 0; i < 5000 && scene->stage.next_frame < 80; i++) {
		(void)nanosleep(&pause, NULL);
		(void)stage_record(&scene->stage, 80, 20);
	}
	wait_stored(scene, 80);
	assert_int_equal(storage_state(scene), KM_STORAGE_OK);
}

/* Whether somebody else than the caller holds a lock on it. */
static bool is_locked(const char *path)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* Else another process could take the index for nobody's, and end its write-ahead log. */
static void the_index_stays_locked(void **state)
{
	struct scene *scene = *state;
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		_exit(is_locked(scene->stage.index) ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(writing_goes_on_while_a_sync_hangs),
		TEST(a_segment_may_end_while_a_sync_runs),
		TEST(a_kill_after_a_sync_began_loses_nothing_that_was_written),
		TEST(a_sync_that_fails_is_made_good),
		TEST(what_follows_a_failed_sync_is_stored_at_the_end),
		TEST(a_failure_meanwhile_stays_one_until_writing_works),
		TEST(the_index_stays_locked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
