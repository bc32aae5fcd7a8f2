/* sources: base/error.c guard/control_lock.c */
/* libraries: threads */
#include "guard/control_lock.h"

#include "base/error.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Takes the lock when `go` closes, tells what came of it, and holds it until `done` closes. */
static void compete(const char *directory, const int go[2], const int told[2], const int done[2])
{
	char byte = 0;
	int fd = -1;

	(void)close(go[1]);
	(void)close(done[1]);
	(void)!read(go[0], &byte, 1);
	byte = (char)km_control_lock_take(directory, &fd);
	(void)!write(told[1], &byte, 1);
	(void)!read(done[0], &byte, 1);
	_exit(0);
}

static void test_one_of_many(void **state)
{
	char directory[] = "/tmp/komainu-lock-XXXXXX";
	char path[64];
	pid_t children[8];
	int go[2];
	int told[2];
	int done[2];
	int won = 0;

	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_int_equal(pipe(go) | pipe(told) | pipe(done), 0);
	for (size_t i = 0; i < 8; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			compete(directory, go, told, done);
		}
	}
	(void)close(go[0]);
	(void)close(go[1]); /* all begin */
	for (size_t i = 0; i < 8; i++) {
		char byte = 0;

		assert_int_equal(read(told[0], &byte, 1), 1);
		assert_true(byte == 0 || byte == KM_ERR_EXISTS);
		won += byte == 0 ? 1 : 0;
	}
	assert_int_equal(won, 1);
	(void)close(told[0]);
	(void)close(told[1]);
	(void)close(done[0]);
	(void)close(done[1]);
	for (size_t i = 0; i < 8; i++) {
		int status = 0;

		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	(void)snprintf(path, sizeof(path), "%s/komainu.lock", directory);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(directory), 0);
}

static void test_killed(void **state)
{
	char directory[] = "/tmp/komainu-lock-XXXXXX";
	char path[64];
	int ready[2];
	char byte = 0;
	int fd = -1;
	int status = 0;
	pid_t child = 0;

	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		(void)!km_control_lock_take(directory, &fd);
		(void)!write(ready[1], "", 1);
		(void)pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(km_control_lock_take(directory, &fd), KM_ERR_EXISTS);
	assert_int_equal(fd, -1);
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(km_control_lock_take(directory, &fd), 0);
	assert_int_equal(close(fd), 0);
	(void)snprintf(path, sizeof(path), "%s/komainu.lock", directory);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(directory), 0);
	assert_int_equal(km_control_lock_take(directory, &fd), KM_ERR_SYS);
}

/* What root makes in somebody's directory is theirs: their own recorder can start later. */
static void test_owner(void **state)
{
	char directory[] = "/tmp/komainu-lock-XXXXXX";
	char path[64];
	struct stat file;
	int fd = -1;

	(void)state;
	if (geteuid() != 0) {
		skip();
	}
	assert_non_null(mkdtemp(directory));
	assert_int_equal(chown(directory, 65534, 65533), 0);
	assert_int_equal(km_control_lock_take(directory, &fd), 0);
	assert_int_equal(fstat(fd, &file), 0);
	assert_int_equal(file.st_uid, 65534);
	assert_int_equal(file.st_gid, 65533);
	assert_int_equal(file.st_mode & 0777, 0600);
	assert_int_equal(close(fd), 0);
	(void)snprintf(path, sizeof(path), "%s/komainu.lock", directory);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_of_many),
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
