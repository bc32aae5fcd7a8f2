/* sources: base/error.c base/bytes.c io/loop.c priv/channel.c priv/child.c priv/sandbox.c */
/* libraries: uv seccomp */
/*
 * The test starts itself with another first argument and looks at what the child found.
 */
#include "base/error.h"
#include "io/loop.h"
#include "priv/channel.h"
#include "priv/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

extern char **environ;

/* --- the child --- */

struct found {
	int enter_err;
	uid_t uid;
	gid_t gid;
	int groups;
	unsigned descriptors;
	bool has_clean_environment;
	bool is_at_root;
	bool is_private; /* no new privileges, not dumpable, no core */
	bool has_clean_signals;
	bool is_alone; /* in no terminal's process group */
	mode_t umask;
	uint64_t nofile;
	int death_signal;
	char name[16];
};

static bool are_signals_clean(void)
{
	sigset_t mask;
	struct sigaction action;

	(void)sigprocmask(SIG_SETMASK, NULL, &mask);
	return sigismember(&mask, SIGUSR1) == 0 && sigaction(SIGUSR2, NULL, &action) == 0 &&
	       action.sa_handler == SIG_DFL;
}

static int report_what_is_found(void)
{
	struct km_child_limits limits = { .descriptors = 64, .memory_bytes = 1u << 30 };
	struct found found = { 0 };
	struct rlimit limit;
	char path[8] = "";

	for (int fd = 0; fd < 1024; fd++) {
		found.descriptors += fcntl(fd, F_GETFD) >= 0;
	}
	found.has_clean_signals = are_signals_clean();
	found.enter_err = km_child_enter("km-test", &limits);
	found.uid = getuid();
	found.gid = getgid();
	found.groups = getgroups(0, NULL);
	found.has_clean_environment =
	    environ[0] != NULL && strcmp(environ[0], "KM=1") == 0 && environ[1] == NULL;
	found.is_at_root = getcwd(path, sizeof(path)) != NULL && strcmp(path, "/") == 0;
	found.is_alone = getsid(0) == getpid();
	found.is_private = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 &&
			   prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 &&
			   getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0;
	found.umask = umask(0);
	(void)getrlimit(RLIMIT_NOFILE, &limit);
	found.nofile = limit.rlim_cur;
	(void)prctl(PR_GET_PDEATHSIG, &found.death_signal);
	(void)prctl(PR_GET_NAME, found.name);
	return send(KM_CHILD_CHANNEL_FD, &found, sizeof(found), 0) == sizeof(found) ? 7 : 1;
}

static int run_child(const char *what)
{
	if (strcmp(what, "report") == 0) {
		return report_what_is_found();
	}
	if (strcmp(what, "wait") == 0) {
		(void)pause();
	}
	return 1;
}

/* Start a grandchild that waits, tell its pid and wait too: to be killed. */
static int run_parent(const char *self)
{
	const char *const arguments[] = { self, "wait", NULL };
	struct km_child child;
	int fds[2];
	struct km_child_start start = { .path = self, .arguments = arguments };

	if (km_channel_pair(fds) < 0) {
		return 1;
	}
	start.channel_fd = fds[1];
	if (km_child_start(&start, &child) < 0 ||
	    send(KM_CHILD_CHANNEL_FD, &child.pid, sizeof(child.pid), 0) < 0) {
		return 1;
	}
	(void)pause();
	return 1;
}

/* --- the test --- */

static char self_path[4096];

static struct km_child start_self(const char *what, int ret_fds[2], uid_t uid)
{
	const char *const arguments[] = { self_path, what, NULL };
	const char *const environment[] = { "KM=1", NULL };
	struct km_child_start start = { .path = self_path,
		.arguments = arguments,
		.environment = environment,
		.umask = 027,
		.uid = uid,
		.gid = uid };
	struct km_child child;

	assert_int_equal(km_channel_pair(ret_fds), 0);
	start.channel_fd = ret_fds[1];
	assert_int_equal(km_child_start(&start, &child), 0);
	(void)close(ret_fds[1]);
	return child;
}

static bool is_readable(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };

	return poll(&ready, 1, 10000) == 1;
}

static void check_found(uid_t uid)
{
	struct km_child_end end = { 0 };
	struct found found;
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigset_t mask;
	int fds[2];
	int stray = open("/dev/null", O_RDONLY); /* not close-on-exec on purpose */
	struct km_child child;

	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGUSR1);
	(void)sigprocmask(SIG_BLOCK, &mask, NULL);
	(void)sigaction(SIGUSR2, &ignore, NULL);
	child = start_self("report", fds, uid);
	assert_true(is_readable(fds[0]));
	assert_int_equal(recv(fds[0], &found, sizeof(found), 0), sizeof(found));
	assert_int_equal(found.enter_err, 0);
	assert_int_equal(found.uid, uid == 0 ? getuid() : uid);
	assert_int_equal(found.gid, uid == 0 ? getgid() : uid);
	assert_true(uid == 0 || found.groups == 0);
	assert_int_equal(found.descriptors, 4);
	assert_true(found.has_clean_environment);
	assert_true(found.is_at_root);
	assert_true(found.is_private);
	assert_true(found.is_alone);
	assert_true(found.has_clean_signals);
	assert_int_equal(found.umask, 027);
	assert_int_equal(found.nofile, 64);
	assert_int_equal(found.death_signal, SIGKILL);
	assert_string_equal(found.name, "km-test");
	assert_true(is_readable(child.pidfd));
	assert_int_equal(km_child_reap(&child, &end), 0);
	assert_false(end.is_signalled);
	assert_int_equal(end.number, 7);
	assert_int_equal(child.pidfd, -1);
	(void)close(stray);
	(void)close(fds[0]);
}

static void child_finds_nothing_but_its_channel(void **state)
{
	(void)state;
	check_found(0);
}

static void child_gets_its_own_identity(void **state)
{
	(void)state;
	if (getuid() != 0) {
		skip();
	}
	/* The executable may lie where only its owner may go. */
	if (access(self_path, X_OK) != 0) {
		skip();
	}
	check_found(65534);
}

static void signal_ends_it(void **state)
{
	struct km_child_end end = { 0 };
	int fds[2];
	struct km_child child = start_self("wait", fds, 0);

	(void)state;
	assert_int_equal(km_child_reap(&child, &end), KM_ERR_AGAIN);
	assert_int_equal(km_child_signal(&child, SIGTERM), 0);
	assert_true(is_readable(child.pidfd));
	assert_int_equal(km_child_reap(&child, &end), 0);
	assert_true(end.is_signalled);
	assert_int_equal(end.number, SIGTERM);
	(void)close(fds[0]);
}

static void dies_with_its_parent(void **state)
{
	int fds[2];
	struct km_child child = start_self("parent", fds, 0);
	struct km_child_end end;
	pid_t grandchild = -1;
	bool is_gone = false;

	(void)state;
	/* Orphans come to us, so that the grandchild's end can be seen. */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	assert_true(is_readable(fds[0]));
	assert_int_equal(recv(fds[0], &grandchild, sizeof(grandchild), 0), sizeof(grandchild));
	assert_int_equal(km_child_signal(&child, SIGKILL), 0);
	assert_true(is_readable(child.pidfd));
	assert_int_equal(km_child_reap(&child, &end), 0);
	for (int i = 0; i < 1000 && !is_gone; i++) {
		int status = 0;

		is_gone = waitpid(grandchild, &status, WNOHANG) == grandchild &&
			  WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
		(void)poll(NULL, 0, 10);
	}
	assert_true(is_gone);
	(void)close(fds[0]);
}

static void what_cannot_run_is_told(void **state)
{
	const char *const arguments[] = { "x", NULL };
	struct km_child_start start = {
		.path = "/nonexistent/role", .arguments = arguments, .channel_fd = 0
	};
	struct km_child child = { .pid = 1, .pidfd = -2 };

	(void)state;
	errno = 0;
	assert_int_equal(km_child_start(&start, &child), KM_ERR_SYS);
	assert_int_equal(errno, ENOENT);
	start.channel_fd = 999;
	start.path = "/bin/true";
	assert_int_equal(km_child_start(&start, &child), KM_ERR_SYS);
	assert_int_equal(errno, EBADF);
	assert_int_equal(child.pidfd, -2);
}

static void started_by_hand_is_refused(void **state)
{
	struct km_child_limits limits = { 0 };
	int kept = fcntl(3, F_DUPFD_CLOEXEC, 10);
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)state;
	(void)dup2(null_fd, KM_CHILD_CHANNEL_FD);
	assert_int_equal(km_child_enter("x", &limits), KM_ERR_STATE);
	if (kept >= 0) {
		(void)dup2(kept, KM_CHILD_CHANNEL_FD);
		(void)close(kept);
	}
	(void)close(null_fd);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(child_finds_nothing_but_its_channel),
		cmocka_unit_test(child_gets_its_own_identity),
		cmocka_unit_test(signal_ends_it),
		cmocka_unit_test(dies_with_its_parent),
		cmocka_unit_test(what_cannot_run_is_told),
		cmocka_unit_test(started_by_hand_is_refused),
	};
	ssize_t size = readlink("/proc/self/exe", self_path, sizeof(self_path) - 1);

	if (size <= 0) {
		return 1;
	}
	self_path[size] = '\0';
	if (argc > 1 && strcmp(argv[1], "parent") == 0) {
		return run_parent(self_path);
	}
	if (argc > 1) {
		return run_child(argv[1]);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
