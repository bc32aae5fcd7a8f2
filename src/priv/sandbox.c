#include "priv/sandbox.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_RELAXED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) ||                         \
    __has_feature(thread_sanitizer)
#define IS_RELAXED true
#endif
#endif
#ifndef IS_RELAXED
#define IS_RELAXED false
#endif

bool km_sandbox_is_relaxed(void)
{
	return IS_RELAXED;
}

#if defined(__SANITIZE_ADDRESS__)
/*
 * The leak check at exit traces the process with a thread of its own, which no sandbox lets it do:
 * it would wait for ever. The unit tests look for leaks; their environment overrides this.
 */
const char *__lsan_default_options(void);

const char *__lsan_default_options(void)
{
	return "detect_leaks=0";
}
#endif

/* --- Landlock: the kernel's interface, which Debian 12's headers know only in part --- */

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule       445
#define SYS_landlock_restrict_self  446
#endif

#define VERSION_FLAG 1U

enum landlock_rule {
	RULE_PATH = 1,
	RULE_PORT = 2,
};

enum landlock_file {
	FILE_EXECUTE = 1 << 0,
	FILE_WRITE = 1 << 1,
	FILE_READ = 1 << 2,
	DIR_READ = 1 << 3,
	DIR_REMOVE_DIR = 1 << 4,
	DIR_REMOVE_FILE = 1 << 5,
	DIR_MAKE_DIR = 1 << 7,
	DIR_MAKE_FILE = 1 << 8,
	ALL_ABI_1 = (1 << 13) - 1,
	DIR_REFER = 1 << 13,      /* ABI 2 */
	FILE_TRUNCATE = 1 << 14,  /* ABI 3 */
	FILE_IOCTL_DEV = 1 << 15, /* ABI 5 */
};

enum landlock_port {
	PORT_BIND = 1 << 0, /* ABI 4 */
	PORT_CONNECT = 1 << 1,
};

enum landlock_scope {
	SCOPE_ABSTRACT_SOCKET = 1 << 0, /* ABI 6 */
	SCOPE_SIGNAL = 1 << 1,
};

#define READ_RIGHTS (FILE_READ | DIR_READ)
#define WRITE_RIGHTS                                                                               \
	(READ_RIGHTS | FILE_WRITE | DIR_REMOVE_DIR | DIR_REMOVE_FILE | DIR_MAKE_DIR |              \
	    DIR_MAKE_FILE | DIR_REFER | FILE_TRUNCATE)
#define FILE_RIGHTS (FILE_EXECUTE | FILE_WRITE | FILE_READ | FILE_TRUNCATE | FILE_IOCTL_DEV)

struct landlock_ruleset {
	uint64_t files;
	uint64_t ports;
	uint64_t scopes;
};

struct landlock_path {
	uint64_t rights;
	int32_t fd;
} __attribute__((packed));

struct landlock_tcp {
	uint64_t rights;
	uint64_t port;
};

static int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, VERSION_FLAG);

	return abi < 0 ? 0 : (int)abi;
}

/* Which rights the kernel of this ABI can refuse, and how much of the struct it reads. */
static size_t ruleset_for(
    int abi, const struct km_sandbox_rules *rules, struct landlock_ruleset *ret_ruleset)
{
	struct landlock_ruleset ruleset = { .files = ALL_ABI_1 };
	bool may_connect =
	    (rules->profiles & KM_SANDBOX_NET_CLIENT) != 0 && rules->connect_ports == NULL;

	ruleset.files |= abi >= 2 ? DIR_REFER : 0;
	ruleset.files |= abi >= 3 ? FILE_TRUNCATE : 0;
	ruleset.files |= abi >= 5 ? FILE_IOCTL_DEV : 0;
	ruleset.ports = abi < 4 ? 0 : may_connect ? PORT_BIND : PORT_BIND | PORT_CONNECT;
	ruleset.scopes = abi < 6 ? 0 : SCOPE_ABSTRACT_SOCKET | SCOPE_SIGNAL;
	*ret_ruleset = ruleset;
	return (abi >= 6 ? 3U : abi >= 4 ? 2U : 1U) * sizeof(uint64_t);
}

static int add_path(int ruleset_fd, const char *path, uint64_t rights)
{
	struct landlock_path rule = { .rights = rights };
	struct stat status;
	int fd = open(path, O_PATH | O_CLOEXEC);
	int err = 0;

	if (fd < 0) {
		return errno == ENOENT || errno == ENOTDIR ? 0 : KM_ERR_SYS;
	}
	if (fstat(fd, &status) < 0) {
		err = KM_ERR_SYS;
		goto out;
	}
	if (!S_ISDIR(status.st_mode)) {
		rule.rights &= FILE_RIGHTS;
	}
	rule.fd = fd;
	if (syscall(SYS_landlock_add_rule, ruleset_fd, RULE_PATH, &rule, 0) < 0) {
		err = KM_ERR_SYS;
	}
out:
	(void)close(fd);
	return err;
}

static int add_paths(int ruleset_fd, const char *const *paths, uint64_t rights)
{
	for (size_t i = 0; paths != NULL && paths[i] != NULL; i++) {
		int err = i >= KM_SANDBOX_PATHS_MAX ? KM_ERR_LIMIT
						    : add_path(ruleset_fd, paths[i], rights);

		if (err < 0) {
			return err;
		}
	}
	return 0;
}

static int add_ports(int ruleset_fd, const uint16_t *ports, uint64_t right)
{
	for (size_t i = 0; ports != NULL && ports[i] != 0; i++) {
		struct landlock_tcp rule = { .rights = right, .port = ports[i] };

		if (i >= KM_SANDBOX_PORTS_MAX) {
			return KM_ERR_LIMIT;
		}
		if (syscall(SYS_landlock_add_rule, ruleset_fd, RULE_PORT, &rule, 0) < 0) {
			return KM_ERR_SYS;
		}
	}
	return 0;
}

static int add_any_port(int ruleset_fd)
{
	struct landlock_tcp rule = { .rights = PORT_BIND, .port = 0 };

	return syscall(SYS_landlock_add_rule, ruleset_fd, RULE_PORT, &rule, 0) < 0 ? KM_ERR_SYS : 0;
}

static int apply_landlock(
    const struct km_sandbox_rules *rules, int abi, struct km_sandbox_result *result)
{
	static const char *const proc[] = { "/proc", NULL };
	struct landlock_ruleset ruleset;
	size_t size = ruleset_for(abi, rules, &ruleset);
	int fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, size, 0);
	int err = 0;

	if (fd < 0) {
		return KM_ERR_SYS;
	}
	err = add_paths(fd, rules->read_paths, READ_RIGHTS & ruleset.files);
	if (err == 0) {
		err = add_paths(fd, rules->write_paths, WRITE_RIGHTS & ruleset.files);
	}
	if (err == 0 && IS_RELAXED) {
		err = add_paths(fd, proc, READ_RIGHTS & ruleset.files);
	}
	if (err == 0 && ruleset.ports != 0) {
		err = add_ports(fd, rules->bind_ports, PORT_BIND);
	}
	if (err == 0 && ruleset.ports != 0 && rules->may_choose_source) {
		err = add_any_port(fd);
	}
	if (err == 0 && (ruleset.ports & PORT_CONNECT) != 0) {
		err = add_ports(fd, rules->connect_ports, PORT_CONNECT);
	}
	if (err == 0 && syscall(SYS_landlock_restrict_self, fd, 0) < 0) {
		err = KM_ERR_SYS;
	}
	if (err == 0) {
		result->has_files = true;
		result->has_ports = ruleset.ports != 0;
		result->has_scope = ruleset.scopes != 0;
	}
	(void)close(fd);
	return err;
}

/* --- seccomp --- */

struct row {
	int call;
	unsigned profiles;
};

#define BASE       KM_SANDBOX_BASE
#define NET_CLIENT KM_SANDBOX_NET_CLIENT
#define NET_SERVER KM_SANDBOX_NET_SERVER
#define FILES      KM_SANDBOX_FILES
#define DISK       KM_SANDBOX_DISK
#define SANITIZER  KM_SANDBOX_SANITIZER

static const struct row table[] = {
#define KM_SANDBOX_ROW(name, sets) { .call = SCMP_SYS(name), .profiles = (sets) },
#include "priv/sandbox.tbl"
#undef KM_SANDBOX_ROW
};

/*
 * Calls whose arguments decide. Answering with an error instead of death is for what libraries try
 * by themselves and can do without.
 */
struct condition {
	unsigned profiles; /* needs one of them */
	unsigned unless;   /* and none of these */
	int call;
	int refuse_errno; /* 0: allow */
	unsigned count;
	struct scmp_arg_cmp arguments[2];
};

#define EQUAL(at, value)                                                                           \
	{                                                                                          \
		(at), SCMP_CMP_EQ, (value), 0                                                      \
	}
#define MASKED(at, mask, bits)                                                                     \
	{                                                                                          \
		(at), SCMP_CMP_MASKED_EQ, (mask), (bits)                                           \
	}
#define TYPE_MASK    0xf /* of a socket's type: without SOCK_NONBLOCK, SOCK_CLOEXEC */
#define NET          (NET_CLIENT | NET_SERVER)
#define OPEN_CHANGES (O_ACCMODE | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY))

static const struct condition conditions[] = {
	/* Threads yes, processes no. clone3 hides its flags from us: glibc then takes clone. */
	{ BASE, SANITIZER, SCMP_SYS(clone), 0, 1, { MASKED(0, CLONE_THREAD, CLONE_THREAD) } },
	{ SANITIZER, 0, SCMP_SYS(clone), 0, 0, { { 0 } } },
	{ BASE, 0, SCMP_SYS(clone3), ENOSYS, 0, { { 0 } } },
	/* What is writable never becomes executable: no new code. dlopen fails in order. */
	{ BASE, 0, SCMP_SYS(mmap), 0, 1, { MASKED(2, PROT_EXEC, 0) } },
	{ BASE, 0, SCMP_SYS(mmap), EACCES, 1, { MASKED(2, PROT_EXEC, PROT_EXEC) } },
	{ BASE, 0, SCMP_SYS(mprotect), 0, 1, { MASKED(2, PROT_EXEC, 0) } },
	{ BASE, 0, SCMP_SYS(mprotect), EACCES, 1, { MASKED(2, PROT_EXEC, PROT_EXEC) } },
	{ BASE, 0, SCMP_SYS(ioctl), 0, 1, { EQUAL(1, FIONREAD) } },
	{ BASE, 0, SCMP_SYS(ioctl), 0, 1, { EQUAL(1, FIONBIO) } },
	{ BASE, 0, SCMP_SYS(ioctl), 0, 1, { EQUAL(1, FIOCLEX) } },
	{ BASE, 0, SCMP_SYS(ioctl), ENOTTY, 1, { EQUAL(1, TCGETS) } },
	{ BASE, 0, SCMP_SYS(ioctl), ENOTTY, 1, { EQUAL(1, TIOCGWINSZ) } },
	{ BASE, SANITIZER, SCMP_SYS(prctl), 0, 1, { EQUAL(0, PR_SET_NAME) } },
	{ SANITIZER, 0, SCMP_SYS(prctl), 0, 0, { { 0 } } },
	/* Limits may be read, not set. */
	{ BASE, SANITIZER, SCMP_SYS(prlimit64), 0, 1, { EQUAL(2, 0) } },
	{ SANITIZER, 0, SCMP_SYS(prlimit64), 0, 0, { { 0 } } },
	/* Opening: not at all, for reading, or as Landlock has it. */
	{ BASE, FILES | DISK | SANITIZER, SCMP_SYS(openat), EACCES, 0, { { 0 } } },
	{ FILES | SANITIZER, DISK, SCMP_SYS(openat), 0, 1, { MASKED(2, OPEN_CHANGES, 0) } },
	{ FILES | SANITIZER, DISK, SCMP_SYS(openat), EACCES, 1,
	    { MASKED(2, O_ACCMODE, O_WRONLY) } },
	{ FILES | SANITIZER, DISK, SCMP_SYS(openat), EACCES, 1, { MASKED(2, O_ACCMODE, O_RDWR) } },
	{ DISK, 0, SCMP_SYS(openat), 0, 0, { { 0 } } },
	/* SQLite, reading beside a writer as root, wants to give the -shm file to the database's
	 * owner; it goes on without. */
	{ FILES, DISK, SCMP_SYS(fchown), EPERM, 0, { { 0 } } },
	{ FILES, DISK, SCMP_SYS(fchmod), EPERM, 0, { { 0 } } },
	/* Sending must not connect, which a server may not. */
	{ BASE, 0, SCMP_SYS(sendto), 0, 1, { MASKED(3, MSG_FASTOPEN, 0) } },
	{ BASE, 0, SCMP_SYS(sendmsg), 0, 1, { MASKED(2, MSG_FASTOPEN, 0) } },
	/* Sockets: TCP; for clients UDP; and what the resolver asks the kernel, which can do
	 * without nscd. */
	{ NET, 0, SCMP_SYS(socket), 0, 2,
	    { EQUAL(0, AF_INET), MASKED(1, TYPE_MASK, SOCK_STREAM) } },
	{ NET_CLIENT, 0, SCMP_SYS(socket), 0, 2,
	    { EQUAL(0, AF_INET), MASKED(1, TYPE_MASK, SOCK_DGRAM) } },
	{ NET, 0, SCMP_SYS(socket), 0, 2,
	    { EQUAL(0, AF_INET6), MASKED(1, TYPE_MASK, SOCK_STREAM) } },
	{ NET_CLIENT, 0, SCMP_SYS(socket), 0, 2,
	    { EQUAL(0, AF_INET6), MASKED(1, TYPE_MASK, SOCK_DGRAM) } },
	{ NET_CLIENT, 0, SCMP_SYS(socket), 0, 2, { EQUAL(0, AF_NETLINK), EQUAL(2, 0) } },
	{ NET, 0, SCMP_SYS(socket), EAFNOSUPPORT, 1, { EQUAL(0, AF_UNIX) } },
};

static int add_conditions(scmp_filter_ctx filter, unsigned profiles)
{
	for (size_t i = 0; i < KM_COUNT(conditions); i++) {
		const struct condition *condition = &conditions[i];
		uint32_t action = condition->refuse_errno == 0
				      ? SCMP_ACT_ALLOW
				      : SCMP_ACT_ERRNO((uint32_t)condition->refuse_errno);

		if ((condition->profiles & profiles) != 0 && (condition->unless & profiles) == 0 &&
		    seccomp_rule_add_array(filter, action, condition->call, condition->count,
			condition->arguments) < 0) {
			return KM_ERR_UNSUPPORTED;
		}
	}
	/* abort() and raise(): signals to ourselves. */
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
		   SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0)) < 0
		   ? KM_ERR_UNSUPPORTED
		   : 0;
}

static int add_rows(scmp_filter_ctx filter, unsigned profiles)
{
	for (size_t i = 0; i < KM_COUNT(table); i++) {
		/* Negative: this machine's architecture has no such call. */
		if ((table[i].profiles & profiles) != 0 && table[i].call >= 0 &&
		    seccomp_rule_add(filter, SCMP_ACT_ALLOW, table[i].call, 0) < 0) {
			return KM_ERR_UNSUPPORTED;
		}
	}
	return 0;
}

/* For developing: tell the call and let it fail. Runs as a signal handler. */
static void on_refused(int number, siginfo_t *info, void *context)
{
	ucontext_t *interrupted = context;
	char line[64];
	int size = 0;
	int saved = errno;

	(void)number;
	size = snprintf(line, sizeof(line), "<4>sandbox: call %d refused\n", info->si_syscall);
	(void)!write(STDERR_FILENO, line, (size_t)size);
#if defined(__x86_64__)
	interrupted->uc_mcontext.gregs[REG_RAX] = -EPERM;
#elif defined(__aarch64__)
	interrupted->uc_mcontext.regs[0] = (unsigned long)-EPERM;
#else
	(void)interrupted;
#endif
	errno = saved;
}

static int apply_seccomp(const struct km_sandbox_rules *rules, unsigned profiles)
{
	uint32_t action = rules->is_debug ? SCMP_ACT_TRAP : SCMP_ACT_KILL_PROCESS;
	scmp_filter_ctx filter = seccomp_init(action);
	int err = 0;

	if (filter == NULL) {
		return KM_ERR_MEMORY;
	}
	if (rules->is_debug) {
		struct sigaction tell = { .sa_sigaction = on_refused, .sa_flags = SA_SIGINFO };

		if (sigaction(SIGSYS, &tell, NULL) < 0) {
			err = KM_ERR_SYS;
			goto out;
		}
	}
	if (seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) < 0 ||
	    seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) < 0) {
		err = KM_ERR_UNSUPPORTED;
		goto out;
	}
	/* Binary tree: some hundred rules cost no more than a few. */
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	err = add_rows(filter, profiles);
	if (err == 0) {
		err = add_conditions(filter, profiles);
	}
	if (err == 0 && seccomp_load(filter) < 0) {
		err = KM_ERR_UNSUPPORTED;
	}
out:
	seccomp_release(filter);
	return err;
}

int km_sandbox_apply(const struct km_sandbox_rules *rules, struct km_sandbox_result *ret_result)
{
	unsigned profiles = rules->profiles | BASE | (IS_RELAXED ? SANITIZER : 0U);
	struct km_sandbox_result result = {
		.landlock_abi = landlock_abi(),
		.is_relaxed = IS_RELAXED,
		.is_debug = rules->is_debug,
	};
	int err = 0;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		return KM_ERR_SYS;
	}
	if (result.landlock_abi > 0) {
		err = apply_landlock(rules, result.landlock_abi, &result);
		if (err < 0) {
			return err;
		}
	}
	err = apply_seccomp(rules, profiles);
	if (err < 0) {
		return err;
	}
	result.has_seccomp = true;
	*ret_result = result;
	return 0;
}
