/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/time.c base/uuid.c crypto/aead.c crypto/digest.c crypto/random.c crypto/secret.c proto/track.c store/archive.c store/disk.c store/index.c store/recorder.c store/recorder_sync.c store/sync_thread.c store/recovery.c store/retention.c store/segment.c store/segment_format.c store/segment_writer.c store/verify.c ../tests/unit/store_stage.c */
/* libraries: crypto sqlite3 */
/*
 * Verification finds what was changed, removed or added; reading a changed file gives an error.
 */
#include "store_stage.h"

#include "store/archive.h"
#include "store/segment.h"
#include "store/verify.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>

#include <cmocka.h>

struct seen {
	char path[128];
	uint64_t offset;
	unsigned problems;
	bool has_keys;
};

static int find_key(void *context, const struct km_uuid *key, uint8_t *ret_key)
{
	const struct seen *seen = context;

	(void)key;
	if (!seen->has_keys) {
		return KM_ERR_NOT_FOUND;
	}
	memcpy(ret_key, stage_key, KM_SECRET_BYTES);
	return 0;
}

static void on_problem(void *context, const char *path, uint64_t offset, const char *text)
{
	struct seen *seen = context;

	assert_non_null(text);
	(void)snprintf(seen->path, sizeof(seen->path), "%.120s", path);
	seen->offset = offset;
	seen->problems++;
}

static struct km_verify_result verify(const struct stage *stage, struct seen *seen)
{
	struct km_verify_options options = { .root = stage->root,
		.index = stage->index,
		.from_us = INT64_MIN,
		.to_us = INT64_MAX,
		.find_key = find_key,
		.on_problem = on_problem,
		.context = seen };
	struct km_verify_result result;

	*seen = (struct seen){ .has_keys = true };
	assert_int_equal(km_verify_run(&options, &result), 0);
	assert_int_equal(result.problems, seen->problems);
	return result;
}

/* The oldest file; for nftw, which takes no context. */
static char found_path[256];

static int note_file(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	struct km_segment_header header = { 0 };
	int fd = -1;

	(void)walk;
	if (kind != FTW_F || !S_ISREG(status->st_mode)) {
		return 0;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(km_segment_peek(fd, &header), 0);
	assert_int_equal(close(fd), 0);
	if (header.start_us == STAGE_START_US) {
		(void)snprintf(found_path, sizeof(found_path), "%s", path);
	}
	return 0;
}

static void record(struct stage *stage)
{
	stage_init(stage);
	assert_int_equal(stage_open(stage), 0);
	assert_int_equal(stage_record(stage, 150, 200), 150);
	stage_close(stage);
	found_path[0] = '\0';
	(void)nftw(stage->root, note_file, 16, FTW_PHYS);
	assert_true(found_path[0] != '\0');
}

static void whole_archive_has_no_problems(void **state)
{
	struct stage stage;
	struct seen seen;
	struct km_verify_result result;

	(void)state;
	record(&stage);
	result = verify(&stage, &seen);
	assert_int_equal(result.problems, 0);
	assert_int_equal(result.samples, 150);
	assert_int_equal(result.unchecked, 0);
	stage_finish(&stage);
}

static void any_changed_byte_is_found(void **state)
{
	struct stage stage;
	struct seen seen;
	struct stat status;
	int fd = -1;

	(void)state;
	record(&stage);
	fd = open(found_path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	for (off_t at = 0; at < status.st_size;
	     at += at < 200 || at > status.st_size - 200 ? 1 : 83) {
		uint8_t byte = 0;

		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
		(void)verify(&stage, &seen);
		if (seen.problems == 0) {
			print_error("a change at %ld was not found\n", (long)at);
			fail();
		}
		assert_non_null(strstr(found_path, seen.path));
		byte ^= 0x10;
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	assert_int_equal(verify(&stage, &seen).problems, 0);
	assert_int_equal(ftruncate(fd, status.st_size - 30), 0);
	assert_true(verify(&stage, &seen).problems > 0);
	assert_int_equal(close(fd), 0);
	stage_finish(&stage);
}

static void missing_and_strange_files_are_found(void **state)
{
	struct stage stage;
	struct seen seen;
	char other[300];

	(void)state;
	record(&stage);
	(void)snprintf(other, sizeof(other), "%s", found_path);
	memcpy(other + strlen(other) - 12, "00000000", 8);
	assert_int_equal(rename(found_path, other), 0);
	(void)verify(&stage, &seen);
	assert_int_equal(seen.problems, 2); /* one is missing, one is not known */
	stage_finish(&stage);
}

static void without_keys_nothing_is_checked(void **state)
{
	struct stage stage;
	struct seen seen = { .has_keys = false };
	struct km_verify_options options = { .from_us = INT64_MIN,
		.to_us = INT64_MAX,
		.find_key = find_key,
		.on_problem = on_problem,
		.context = &seen };
	struct km_verify_result result;

	(void)state;
	record(&stage);
	options.root = stage.root;
	options.index = stage.index;
	assert_int_equal(km_verify_run(&options, &result), 0);
	assert_int_equal(result.problems, 0);
	assert_int_equal(result.unchecked, result.segments);
	stage_finish(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_archive_has_no_problems),
		cmocka_unit_test(any_changed_byte_is_found),
		cmocka_unit_test(missing_and_strange_files_are_found),
		cmocka_unit_test(without_keys_nothing_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
