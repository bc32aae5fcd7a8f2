/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/time.c base/uuid.c crypto/aead.c crypto/digest.c crypto/random.c crypto/secret.c proto/track.c store/archive.c store/disk.c store/index.c store/recorder.c store/recorder_sync.c store/sync_thread.c store/recovery.c store/retention.c store/segment.c store/segment_format.c store/segment_writer.c store/verify.c ../tests/unit/store_stage.c */
/* libraries: crypto sqlite3 */
/*
 * A power cut in front of each single call. What survives: contents and names that were synced, a
 * random part of what was not, and the index either as it was, or as it was before the last sync
 * (the two ends of what SQLite may have written by then).
 */
#include "store_stage.h"

#include "model/events.h"
#include "store/verify.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#define NAMES_MAX    256
#define CONTENTS_MAX 256
#define PATH_SIZE    200

struct name {
	char path[PATH_SIZE]; /* below the root */
	ino_t inode;
	bool is_directory;
};

struct content {
	ino_t inode;
	uint8_t *data;
	size_t size;
};

struct shadow {
	struct stage *stage;
	struct name names[NAMES_MAX];
	size_t name_count;
	struct content contents[CONTENTS_MAX];
	size_t content_count;
	unsigned calls;
	unsigned cut_at;
	unsigned seed;
	bool is_index_old;
	bool is_cut;
	unsigned acknowledged; /* frames that the recorder said are stored, at the cut */
	struct stage after;    /* what is found at the next start */
};

/* For nftw, which takes no context. */
static struct shadow *walked;

/* --- what is durable --- */

static void read_all(const char *path, uint8_t **ret_data, size_t *ret_size)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t count = 0;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	*ret_data = malloc((size_t)status.st_size + 1);
	assert_non_null(*ret_data);
	assert_int_equal(km_disk_read(fd, *ret_data, (size_t)status.st_size, 0, &count), 0);
	*ret_size = count;
	assert_int_equal(close(fd), 0);
}

static struct content *find_content(struct shadow *shadow, ino_t inode)
{
	for (size_t i = 0; i < shadow->content_count; i++) {
		if (shadow->contents[i].inode == inode) {
			return &shadow->contents[i];
		}
	}
	return NULL;
}

static void keep_content(struct shadow *shadow, const char *path)
{
	struct content *content = NULL;
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	content = find_content(shadow, status.st_ino);
	if (content == NULL) {
		assert_true(shadow->content_count < CONTENTS_MAX);
		content = &shadow->contents[shadow->content_count++];
	}
	free(content->data);
	content->inode = status.st_ino;
	read_all(path, &content->data, &content->size);
}

static const char *below_root(const struct shadow *shadow, const char *path)
{
	size_t length = strlen(shadow->stage->root);

	assert_int_equal(strncmp(path, shadow->stage->root, length), 0);
	return path[length] == '/' ? path + length + 1 : path + length;
}

static void keep_name(struct shadow *shadow, const char *path, const struct stat *status)
{
	struct name *name = NULL;

	assert_true(shadow->name_count < NAMES_MAX);
	name = &shadow->names[shadow->name_count++];
	(void)snprintf(name->path, sizeof(name->path), "%.190s", below_root(shadow, path));
	name->inode = status->st_ino;
	name->is_directory = S_ISDIR(status->st_mode);
}

/* Forget the durable names right inside a directory ("" is the root). */
static void forget_names(struct shadow *shadow, const char *directory)
{
	size_t kept = 0;
	size_t length = strlen(directory);

	for (size_t i = 0; i < shadow->name_count; i++) {
		const char *path = shadow->names[i].path;
		const char *slash = strrchr(path, '/');
		size_t parent = slash == NULL ? 0 : (size_t)(slash - path);

		if (parent != length || strncmp(path, directory, length) != 0) {
			shadow->names[kept++] = shadow->names[i];
		}
	}
	shadow->name_count = kept;
}

static void sync_directory(struct shadow *shadow, const char *path)
{
	DIR *directory = opendir(path);

	assert_non_null(directory);
	forget_names(shadow, below_root(shadow, path));
	for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
		char child[PATH_SIZE];
		struct stat status;

		if (entry->d_name[0] != '.') {
			(void)snprintf(child, sizeof(child), "%.100s/%.90s", path, entry->d_name);
			assert_int_equal(stat(child, &status), 0);
			keep_name(shadow, child, &status);
		}
	}
	(void)closedir(directory);
}

static int sync_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)kind;
	(void)walk;
	if (S_ISDIR(status->st_mode)) {
		sync_directory(walked, path);
	} else {
		keep_content(walked, path);
	}
	return 0;
}

/* --- the cut --- */

static void copy_file(const char *from, const char *to)
{
	uint8_t *data = NULL;
	size_t size = 0;
	FILE *file = NULL;

	if (access(from, F_OK) != 0) {
		return;
	}
	read_all(from, &data, &size);
	file = fopen(to, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	free(data);
}

/* The index with its log, as a file system without the shared memory file would show it. */
static void copy_index(const struct shadow *shadow)
{
	char from[PATH_SIZE];
	char to[PATH_SIZE];

	copy_file(shadow->stage->index, shadow->after.index);
	(void)snprintf(from, sizeof(from), "%s-wal", shadow->stage->index);
	(void)snprintf(to, sizeof(to), "%s-wal", shadow->after.index);
	copy_file(from, to);
}

static unsigned next_random(struct shadow *shadow)
{
	shadow->seed = shadow->seed * 1103515245U + 12345U;
	return shadow->seed >> 8;
}

/* What was synced, then a part of what was written since, whole, zeroed or missing. */
static void write_survivor(struct shadow *shadow, const struct name *name)
{
	const struct content *content = find_content(shadow, name->inode);
	size_t size = content == NULL ? 0 : content->size;
	uint8_t *live = NULL;
	size_t live_size = 0;
	struct stat status;
	char path[PATH_SIZE * 2];
	FILE *file = NULL;

	(void)snprintf(path, sizeof(path), "%s/%s", shadow->after.root, name->path);
	file = fopen(path, "w");
	if (file == NULL) {
		return; /* its directory did not survive */
	}
	if (content != NULL) {
		assert_int_equal(fwrite(content->data, 1, size, file), size);
	}
	(void)snprintf(path, sizeof(path), "%s/%s", shadow->stage->root, name->path);
	if (stat(path, &status) == 0 && status.st_ino == name->inode) {
		read_all(path, &live, &live_size);
	}
	if (live_size > size) {
		size_t more = next_random(shadow) % (live_size - size + 1);

		if (next_random(shadow) % 3 == 0) {
			memset(live + size, 0, more);
		}
		assert_int_equal(fwrite(live + size, 1, more, file), more);
	}
	free(live);
	assert_int_equal(fclose(file), 0);
}

static void cut_power(struct shadow *shadow)
{
	struct km_recorder_stream_state state;

	shadow->is_cut = true;
	km_recorder_stream_describe(shadow->stage->stream, &state);
	shadow->acknowledged =
	    state.last_us == INT64_MIN
		? 0
		: (unsigned)((state.last_us - STAGE_START_US) / STAGE_FRAME_US) + 1;
	for (int depth = 0; depth < 2; depth++) {
		for (size_t i = 0; i < shadow->name_count; i++) {
			char path[PATH_SIZE * 2];

			(void)snprintf(
			    path, sizeof(path), "%s/%s", shadow->after.root, shadow->names[i].path);
			if (shadow->names[i].is_directory) {
				(void)mkdir(path, 0700);
			}
		}
	}
	for (size_t i = 0; i < shadow->name_count; i++) {
		if (!shadow->names[i].is_directory) {
			write_survivor(shadow, &shadow->names[i]);
		}
	}
	if (!shadow->is_index_old) {
		copy_index(shadow);
	}
}

static void on_call(void *context, const char *name, int fd)
{
	struct shadow *shadow = context;
	char link[64];
	char path[PATH_SIZE] = "";

	if (shadow->is_cut) {
		return;
	}
	shadow->calls++;
	if (shadow->calls == shadow->cut_at) {
		cut_power(shadow);
		return;
	}
	if (strcmp(name, "syncfs") != 0 && strcmp(name, "fsync") != 0 &&
	    strcmp(name, "fdatasync") != 0) {
		return;
	}
	if (shadow->is_index_old) {
		copy_index(shadow);
	}
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	assert_true(readlink(link, path, sizeof(path) - 1) > 0);
	if (strcmp(name, "syncfs") == 0) {
		walked = shadow;
		(void)nftw(shadow->stage->root, sync_one, 16, FTW_PHYS);
	} else if (strcmp(name, "fsync") == 0) {
		sync_directory(shadow, path);
	} else {
		keep_content(shadow, path);
	}
}

/* --- after it --- */

static int find_key(void *context, const struct km_uuid *key, uint8_t *ret_key)
{
	(void)context;
	(void)key;
	memcpy(ret_key, stage_key, KM_SECRET_BYTES);
	return 0;
}

static void on_problem(void *context, const char *path, uint64_t offset, const char *text)
{
	(void)context;
	print_error("%s at %llu: %s\n", path, (unsigned long long)offset, text);
}

static void check_after(struct shadow *shadow)
{
	struct stage *after = &shadow->after;
	struct km_verify_options options = { .root = after->root,
		.index = after->index,
		.from_us = INT64_MIN,
		.to_us = INT64_MAX,
		.find_key = find_key,
		.on_problem = on_problem };
	struct km_verify_result verified;
	struct stage_found found;

	assert_int_equal(stage_open(after), 0);
	assert_int_equal(stage_check(after, &found), 0);
	assert_int_equal(found.open_segments + found.duplicates + found.holes, 0);
	if (found.frames < shadow->acknowledged) {
		print_error("cut at %u: %u frames were stored, %u are there\n", shadow->cut_at,
		    shadow->acknowledged, found.frames);
		fail();
	}
	assert_int_equal(km_verify_run(&options, &verified), 0);
	assert_int_equal(verified.problems, 0);
	assert_int_equal(verified.samples, found.frames);
	/* And recording goes on. */
	after->next_frame = 400;
	assert_int_equal(stage_record(after, 430, 50), 430);
	stage_close(after);
	memset(after->events, 0, sizeof(after->events));
	assert_int_equal(stage_open(after), 0);
	assert_int_equal(after->events[KM_EVENT_RECOVERED], 0);
}

static bool survives(unsigned cut_at, bool is_index_old)
{
	struct stage stage;
	struct shadow *shadow = calloc(1, sizeof(*shadow));
	bool is_cut = false;

	assert_non_null(shadow);
	stage_init(&stage);
	stage_init(&shadow->after);
	stage.segment_us = 2000000;
	shadow->stage = &stage;
	shadow->cut_at = cut_at;
	shadow->seed = cut_at;
	shadow->is_index_old = is_index_old;
	assert_int_equal(stage_open(&stage), 0);
	stage.disk.on_call = on_call;
	stage.disk.context = shadow;
	assert_int_equal(stage_record(&stage, 120, 400), 120);
	stage.disk.on_call = NULL;
	is_cut = shadow->is_cut;
	if (is_cut) {
		check_after(shadow);
	}
	stage_finish(&shadow->after);
	stage_finish(&stage);
	for (size_t i = 0; i < shadow->content_count; i++) {
		free(shadow->contents[i].data);
	}
	free(shadow);
	return is_cut;
}

static void sweep(bool is_index_old)
{
	unsigned cut_at = 1;

	while (survives(cut_at, is_index_old)) {
		cut_at++;
		assert_in_range(cut_at, 1, 1000);
	}
	assert_in_range(cut_at, 40, 1000);
}

static void power_cut_with_the_newest_index(void **state)
{
	(void)state;
	sweep(false);
}

static void power_cut_with_an_older_index(void **state)
{
	(void)state;
	sweep(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(power_cut_with_the_newest_index),
		cmocka_unit_test(power_cut_with_an_older_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
