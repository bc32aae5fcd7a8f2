/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/time.c base/uuid.c crypto/aead.c crypto/digest.c crypto/random.c crypto/secret.c proto/track.c store/archive.c store/disk.c store/index.c store/recorder.c store/recorder_sync.c store/sync_thread.c store/recovery.c store/retention.c store/segment.c store/segment_format.c store/segment_writer.c ../tests/unit/store_stage.c */
/* libraries: crypto sqlite3 */
/*
 * docs/format.md is enough to read what we write: tests/flow/read_segment.py, written from it
 * alone, finds every frame with its bytes, and refuses what was changed.
 */
#include "store_stage.h"

#include "base/text.h"
#include "crypto/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#define FRAMES       150
#define FILES_MAX    32
#define OUTPUT_BYTES (1 << 20)

/* For nftw, which takes no context. */
static char *files[FILES_MAX + 4];
static size_t file_count;

static int note_file(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)walk;
	if (kind == FTW_F && S_ISREG(status->st_mode)) {
		assert_true(file_count < FILES_MAX);
		files[3 + file_count++] = strdup(path);
	}
	return 0;
}

/* Tests are started in the source folder or somewhere in a build folder. */
static const char *find_reader(void)
{
	static const char *const places[] = { "tests/flow/read_segment.py",
		"../tests/flow/read_segment.py", "../../tests/flow/read_segment.py",
		"../../../tests/flow/read_segment.py" };

	for (size_t i = 0; i < KM_COUNT(places); i++) {
		if (access(places[i], R_OK) == 0) {
			return places[i];
		}
	}
	return NULL;
}

/* Run the reader on all files. Returns its exit status; 127 where it cannot run. */
static int run_reader(char *ret_output)
{
	int pipes[2];
	int status = 0;
	size_t size = 0;
	ssize_t count = 0;
	pid_t pid = 0;

	assert_int_equal(pipe(pipes), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)dup2(pipes[1], STDOUT_FILENO);
		(void)close(pipes[0]);
		(void)execv("/usr/bin/python3", files);
		_exit(127);
	}
	(void)close(pipes[1]);
	while ((count = read(pipes[0], ret_output + size, OUTPUT_BYTES - 1 - size)) > 0) {
		size += (size_t)count;
	}
	ret_output[size] = '\0';
	(void)close(pipes[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

static void assert_frames_in(const char *output)
{
	unsigned found = 0;

	for (const char *at = strstr(output, "\"sha256\""); at != NULL;
	     at = strstr(at + 1, "\"sha256\"")) {
		found++;
	}
	assert_int_equal(found, FRAMES);
	for (unsigned i = 0; i < FRAMES; i++) {
		uint8_t frame[STAGE_FRAME_MAX];
		uint8_t hash[KM_DIGEST_SHA256_BYTES];
		char text[2 * KM_DIGEST_SHA256_BYTES + 1];
		char label[64];
		size_t size = stage_frame(i, frame);

		assert_int_equal(km_digest_sha256(km_bytes_from(frame, size), hash), 0);
		assert_int_equal(km_text_write_hex(KM_BYTES_OF(hash), text, sizeof(text)), 0);
		assert_non_null(strstr(output, text));
		(void)snprintf(
		    label, sizeof(label), "\"start_us\": %lld", (long long)stage_frame_us(0));
		assert_non_null(strstr(output, label));
	}
}

static void independent_reader_finds_every_frame(void **state)
{
	static char output[OUTPUT_BYTES];
	struct stage stage;
	char key[2 * KM_SECRET_BYTES + 1];
	const char *reader = find_reader();
	struct stat status;
	int result = 0;

	(void)state;
	if (reader == NULL) {
		skip();
	}
	stage_init(&stage);
	assert_int_equal(stage_open(&stage), 0);
	assert_int_equal(stage_record(&stage, FRAMES, 200), FRAMES);
	stage_close(&stage);
	(void)nftw(stage.root, note_file, 16, FTW_PHYS);
	assert_int_equal(
	    km_text_write_hex(km_bytes_from(stage_key, sizeof(stage_key)), key, sizeof(key)), 0);
	files[0] = strdup("python3");
	files[1] = strdup(reader);
	files[2] = key;
	result = run_reader(output);
	if (result == 1 && output[0] == '\0') {
		print_message("python3-cryptography is not there\n");
	} else {
		assert_int_equal(result, 0);
		assert_frames_in(output);
		assert_int_equal(stat(files[3], &status), 0);
		assert_int_equal(truncate(files[3], status.st_size - 1), 0);
		assert_int_equal(run_reader(output), 0); /* without trailer: the chunks are there */
		key[0] = key[0] == '0' ? '1' : '0';
		assert_int_equal(run_reader(output), 1);
	}
	free(files[0]);
	free(files[1]);
	for (size_t i = 0; i < file_count; i++) {
		free(files[3 + i]);
	}
	stage_finish(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(independent_reader_finds_every_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
