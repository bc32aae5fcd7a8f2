/* sources: base/error.c guard/remedy_file.c */
/* libraries: */
/*
 * The file that a plan shows is the one that is sent: whatever is done to it in between is seen.
 */
#include "guard/remedy_file.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct stage {
	char directory[64];
	char folder[96];
	char path[128];
};

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
	static struct stage stage;

	stage = (struct stage){ .directory = "/tmp/komainu-test-file-XXXXXX" };
	assert_non_null(mkdtemp(stage.directory));
	(void)snprintf(
	    stage.folder, sizeof(stage.folder), "%s/%s", stage.directory, KM_REMEDY_FILE_FOLDER);
	assert_int_equal(mkdir(stage.folder, 0700), 0);
	(void)snprintf(stage.path, sizeof(stage.path), "%s/new.bin", stage.folder);
	write_file(stage.path, "firmware 2.0");
	*state = &stage;
	return 0;
}

static int tear_down(void **state)
{
	struct stage *stage = *state;

	(void)unlink(stage->path);
	(void)rmdir(stage->folder);
	return rmdir(stage->directory);
}

static struct km_remedy_file_mark look(const struct stage *stage)
{
	struct km_remedy_file_mark mark;
	int fd = -1;

	assert_int_equal(km_remedy_file_open(stage->directory, "new.bin", &fd, &mark), 0);
	assert_int_equal(close(fd), 0);
	return mark;
}

static void test_same(void **state)
{
	struct stage *stage = *state;
	struct km_remedy_file_mark mark = look(stage);
	struct km_remedy_file_mark again = look(stage);
	struct km_remedy_file_mark other;
	struct timespec times[2];
	struct stat facts;
	char kept[160];

	assert_int_equal(mark.bytes, 12);
	assert_true(km_remedy_file_is_same(&mark, &again));
	/* Another of the same size and date in its place. */
	assert_int_equal(stat(stage->path, &facts), 0);
	times[0] = facts.st_atim;
	times[1] = facts.st_mtim;
	(void)snprintf(kept, sizeof(kept), "%s.kept", stage->path);
	assert_int_equal(rename(stage->path, kept), 0);
	write_file(stage->path, "firmware 6.6");
	assert_int_equal(utimensat(AT_FDCWD, stage->path, times, 0), 0);
	other = look(stage);
	assert_false(km_remedy_file_is_same(&mark, &other));
	assert_int_equal(unlink(kept), 0);
	/* Written over, and its date set back: the kernel keeps the time of the change. */
	mark = other;
	(void)usleep(20000);
	write_file(stage->path, "firmware 7.7");
	assert_int_equal(utimensat(AT_FDCWD, stage->path, times, 0), 0);
	other = look(stage);
	assert_int_equal(other.inode, mark.inode);
	assert_int_equal(other.written_ns, mark.written_ns);
	assert_false(km_remedy_file_is_same(&mark, &other));
}

static void test_refused(void **state)
{
	struct stage *stage = *state;
	struct km_remedy_file_mark mark = { .bytes = 7 };
	char name[400];
	int fd = -1;

	assert_int_equal(
	    km_remedy_file_open(stage->directory, "none", &fd, &mark), KM_ERR_NOT_FOUND);
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_true(km_remedy_file_open(stage->directory, name, &fd, &mark) < 0);
	assert_int_equal(km_remedy_file_open(stage->directory, ".", &fd, &mark), KM_ERR_FORMAT);
	write_file(stage->path, "");
	assert_int_equal(
	    km_remedy_file_open(stage->directory, "new.bin", &fd, &mark), KM_ERR_FORMAT);
	assert_int_equal(truncate(stage->path, KM_REMEDY_FILE_BYTES_MAX + 1), 0);
	assert_int_equal(
	    km_remedy_file_open(stage->directory, "new.bin", &fd, &mark), KM_ERR_FORMAT);
	assert_int_equal(unlink(stage->path), 0);
	assert_int_equal(symlink("/etc/hostname", stage->path), 0);
	assert_int_equal(
	    km_remedy_file_open(stage->directory, "new.bin", &fd, &mark), KM_ERR_FORMAT);
	assert_int_equal(unlink(stage->path), 0);
	assert_int_equal(mkfifo(stage->path, 0600), 0);
	assert_int_equal(
	    km_remedy_file_open(stage->directory, "new.bin", &fd, &mark), KM_ERR_FORMAT);
	assert_int_equal(fd, -1);
	assert_int_equal(mark.bytes, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_same, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
