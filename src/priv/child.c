#include "priv/child.h"

#include "base/error.h"
#include "priv/sandbox.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define REPORT_FD (KM_CHILD_CHANNEL_FD + 1)
#define FREE_FD   16 /* descriptors are moved here first, out of the way of the low numbers */

/* What the child says over the pipe if it does not come to execve; a plain end means it did. */
struct report {
	int err; /* KM_ERR_* */
	int system_errno;
};

_Noreturn static void give_up(int report_fd, int err)
{
	struct report report = { .err = err, .system_errno = errno };

	/* Smaller than PIPE_BUF: whole or not at all. */
	(void)!write(report_fd, &report, sizeof(report));
	_exit(127);
}

/* Handlers fall with execve by themselves, but what is ignored stays ignored. */
static void reset_signals(void)
{
	struct sigaction fresh = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int number = 1; number < NSIG; number++) {
		(void)sigaction(number, &fresh, NULL); /* fails for SIGKILL, SIGSTOP, glibc's own */
	}
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Returns where the report goes from now on. */
static int arrange_descriptors(int channel_fd, int report_fd)
{
	int null_fd = -1;
	int moved_fd = fcntl(report_fd, F_DUPFD_CLOEXEC, FREE_FD);

	if (moved_fd < 0) {
		give_up(report_fd, KM_ERR_SYS);
	}
	report_fd = moved_fd;
	channel_fd = fcntl(channel_fd, F_DUPFD_CLOEXEC, FREE_FD);
	if (channel_fd < 0) {
		give_up(report_fd, KM_ERR_SYS);
	}
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd < 0) {
		give_up(report_fd, KM_ERR_SYS);
	}
	null_fd = fcntl(null_fd, F_DUPFD_CLOEXEC, FREE_FD);
	if (null_fd < 0 || dup2(null_fd, 0) < 0 ||
	    (fcntl(2, F_GETFD) < 0 && dup2(null_fd, 2) < 0) || dup2(2, 1) < 0 ||
	    dup2(channel_fd, KM_CHILD_CHANNEL_FD) < 0 ||
	    dup3(report_fd, REPORT_FD, O_CLOEXEC) < 0 ||
	    syscall(SYS_close_range, REPORT_FD + 1, ~0U, 0) < 0) {
		give_up(report_fd, KM_ERR_SYS);
	}
	return REPORT_FD;
}

/*
 * Raw calls: glibc's own change all threads of the process, and its list of them is the parent's.
 */
static void drop_identity(int report_fd, uid_t uid, gid_t gid)
{
	if (uid == 0 && gid == 0) {
		return;
	}
	if (syscall(SYS_setgroups, 0, NULL) < 0 || syscall(SYS_setresgid, gid, gid, gid) < 0 ||
	    syscall(SYS_setresuid, uid, uid, uid) < 0) {
		give_up(report_fd, KM_ERR_DENIED);
	}
	/* It must not be possible to go back. */
	if (uid != 0 && syscall(SYS_setresuid, 0, 0, 0) == 0) {
		give_up(report_fd, KM_ERR_DENIED);
	}
}

/*
 * Between fork and execve: the parent may have threads, so only calls that are safe in a signal
 * handler.
 */
_Noreturn static void become(const struct km_child_start *start, int report_fd, pid_t parent)
{
	static const char *const empty[] = { NULL };
	const char *const *environment = start->environment == NULL ? empty : start->environment;

	reset_signals();
	report_fd = arrange_descriptors(start->channel_fd, report_fd);
	(void)umask(start->umask);
	/* Out of the terminal's process group: an interrupt there is for the parent alone, which
	 * ends its children in order. */
	(void)setsid();
	if (chdir("/") < 0) {
		give_up(report_fd, KM_ERR_SYS);
	}
	drop_identity(report_fd, start->uid, start->gid);
	/* After the change of uid, which would clear it; and if the parent has gone before this
	 * line, its death signal never comes. SIGKILL, because a role that was taken over could
	 * catch any other. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) {
		give_up(report_fd, KM_ERR_SYS);
	}
	if (getppid() != parent) {
		_exit(127);
	}
	(void)execve(start->path, (char *const *)(uintptr_t)start->arguments,
	    (char *const *)(uintptr_t)environment);
	give_up(report_fd, KM_ERR_SYS);
}

/* Wait for execve or its failure. Returns 0 or the child's error, with errno. */
static int read_report(int fd)
{
	struct report report;
	ssize_t got = 0;

	do {
		got = read(fd, &report, sizeof(report));
	} while (got < 0 && errno == EINTR);
	if (got == 0) {
		return 0;
	}
	if (got != (ssize_t)sizeof(report)) {
		return KM_ERR_SYS;
	}
	errno = report.system_errno;
	return report.err;
}

int km_child_start(const struct km_child_start *start, struct km_child *ret_child)
{
	int pipe_fds[2] = { -1, -1 };
	pid_t parent = getpid();
	struct km_child child = { .pid = -1, .pidfd = -1 };
	sigset_t all;
	sigset_t before;
	int err = KM_ERR_SYS;
	int saved = 0;

	assert(start->path[0] == '/' && start->arguments[0] != NULL);
	if (pipe2(pipe_fds, O_CLOEXEC) < 0) {
		return KM_ERR_SYS;
	}
	/* The parent's handlers must not run in the child: they write to the parent's pipes. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	child.pid = fork();
	if (child.pid == 0) {
		become(start, pipe_fds[1], parent);
	}
	saved = errno;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)close(pipe_fds[1]);
	errno = saved;
	if (child.pid < 0) {
		goto out;
	}
	/* Not reaped yet, so the pid is still the child's own. */
	child.pidfd = (int)syscall(SYS_pidfd_open, child.pid, 0);
	if (child.pidfd < 0) {
		saved = errno;
		(void)kill(child.pid, SIGKILL);
		(void)waitpid(child.pid, NULL, 0);
		errno = saved;
		goto out;
	}
	err = read_report(pipe_fds[0]);
	if (err < 0) {
		saved = errno;
		(void)waitpid(child.pid, NULL, 0);
		(void)close(child.pidfd);
		errno = saved;
		goto out;
	}
	*ret_child = child;
out:
	saved = errno;
	(void)close(pipe_fds[0]);
	errno = saved;
	return err;
}

int km_child_reap(struct km_child *child, struct km_child_end *ret_end)
{
	siginfo_t info = { 0 };

	if (waitid(P_PIDFD, (id_t)child->pidfd, &info, WEXITED | WNOHANG) < 0) {
		return KM_ERR_SYS;
	}
	if (info.si_pid == 0) {
		return KM_ERR_AGAIN;
	}
	(void)close(child->pidfd);
	child->pidfd = -1;
	child->pid = -1;
	ret_end->is_signalled = info.si_code != CLD_EXITED;
	ret_end->number = info.si_status;
	return 0;
}

int km_child_signal(const struct km_child *child, int number)
{
	return syscall(SYS_pidfd_send_signal, child->pidfd, number, NULL, 0) < 0 ? KM_ERR_SYS : 0;
}

void km_child_kill(struct km_child *child)
{
	int status = 0;

	(void)km_child_signal(child, SIGKILL);
	do {
		status = waitid(P_PIDFD, (id_t)child->pidfd, NULL, WEXITED);
	} while (status < 0 && errno == EINTR);
	(void)close(child->pidfd);
	child->pidfd = -1;
	child->pid = -1;
}

/* --- in the process itself --- */

int km_child_protect(void)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct rlimit none = { 0 };

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0 ||
	    sigaction(SIGPIPE, &ignore, NULL) < 0) {
		return KM_ERR_SYS;
	}
	return 0;
}

static int limit(int resource, uint64_t value)
{
	struct rlimit limits = { .rlim_cur = (rlim_t)value, .rlim_max = (rlim_t)value };
	struct rlimit now;

	if (getrlimit((__rlimit_resource_t)resource, &now) < 0) {
		return KM_ERR_SYS;
	}
	/* Never ask for more than we may have: then a smaller limit of the system stays. */
	if (now.rlim_max < limits.rlim_max) {
		limits.rlim_cur = now.rlim_max;
		limits.rlim_max = now.rlim_max;
	}
	return setrlimit((__rlimit_resource_t)resource, &limits) < 0 ? KM_ERR_SYS : 0;
}

static bool is_channel(int fd)
{
	int domain = 0;
	int type = 0;
	socklen_t size = sizeof(int);

	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX &&
	       getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

int km_child_enter(const char *name, const struct km_child_limits *limits)
{
	if (!is_channel(KM_CHILD_CHANNEL_FD)) {
		return KM_ERR_STATE;
	}
	if (fcntl(KM_CHILD_CHANNEL_FD, F_SETFD, FD_CLOEXEC) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_NAME, name, 0, 0, 0) < 0 ||
	    km_child_protect() < 0) {
		return KM_ERR_SYS;
	}
	if ((limits->descriptors > 0 && limit(RLIMIT_NOFILE, limits->descriptors) < 0) ||
	    (limits->locked_bytes > 0 && limit(RLIMIT_MEMLOCK, limits->locked_bytes) < 0)) {
		return KM_ERR_SYS;
	}
	if (limits->memory_bytes > 0 && !km_sandbox_is_relaxed() &&
	    limit(RLIMIT_AS, limits->memory_bytes) < 0) {
		return KM_ERR_SYS;
	}
	return 0;
}
