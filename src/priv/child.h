/*
 * Start a role's executable, and what each role does first of all.
 *
 * The parent forks and executes a path; the child begins with descriptor 0 on /dev/null, 1 and 2
 * on the parent's standard error, its channel on KM_CHILD_CHANNEL_FD, and nothing else: no other
 * descriptor, no environment but the given one, no signal blocked or ignored, `/` as directory, no
 * terminal. It dies with the parent.
 */
#ifndef KM_PRIV_CHILD_H
#define KM_PRIV_CHILD_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define KM_CHILD_CHANNEL_FD 3

struct km_child_start {
	const char *path;               /* absolute: nothing is searched */
	const char *const *arguments;   /* argv, NULL-terminated; [0] is the process's name */
	const char *const *environment; /* "NAME=value", NULL-terminated; NULL for none */
	int channel_fd;                 /* becomes KM_CHILD_CHANNEL_FD; stays the caller's */
	mode_t umask;
	/* Both 0: keep the parent's. Else the child gets exactly these and no further groups, which
	 * needs a privileged parent. */
	uid_t uid;
	gid_t gid;
};

struct km_child {
	pid_t pid;
	int pidfd; /* readable when the child has ended: km_watch_create; close it after reaping */
};

/*
 * Start it. Waits until the program runs (or could not be run), some milliseconds. Only the
 * calling thread matters to the child's end: call this from the main thread.
 * Returns 0, KM_ERR_DENIED (uid or gid could not be set) or KM_ERR_SYS (with errno, also that of
 * execve).
 */
KM_MUST_USE int km_child_start(const struct km_child_start *start, struct km_child *ret_child);

struct km_child_end {
	bool is_signalled;
	int number; /* the signal, or the exit code */
};

/* Fetch how it ended, without waiting; closes pidfd then. Returns 0, KM_ERR_AGAIN or KM_ERR_SYS. */
KM_MUST_USE int km_child_reap(struct km_child *child, struct km_child_end *ret_end);

/* Send a signal; cannot hit another process, even if the child has gone. 0 or KM_ERR_SYS. */
int km_child_signal(const struct km_child *child, int number);

/* Kill it, wait until it has ended, and close pidfd. */
void km_child_kill(struct km_child *child);

/* --- in the process itself --- */

/*
 * For every process that holds secrets: no core dumps, not to be traced by its own user; and
 * SIGPIPE is ignored. 0 or KM_ERR_SYS.
 */
KM_MUST_USE int km_child_protect(void);

struct km_child_limits {
	uint64_t descriptors;  /* RLIMIT_NOFILE; 0: leave */
	uint64_t memory_bytes; /* RLIMIT_AS; 0: leave; left alone in sanitizer builds, which reserve
				  terabytes */
	uint64_t locked_bytes; /* RLIMIT_MEMLOCK; 0: leave */
};

/*
 * First thing in a role: checks that KM_CHILD_CHANNEL_FD is one end of km_channel_pair (so that a
 * role started by hand says so), km_child_protect, gives up new privileges, sets the limits, and
 * names the process (at most 15 bytes are shown).
 * Returns 0, KM_ERR_STATE (not started by its parent) or KM_ERR_SYS.
 */
KM_MUST_USE int km_child_enter(const char *name, const struct km_child_limits *limits);

#endif
