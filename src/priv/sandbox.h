/*
 * Shut a role in: Landlock for the paths and TCP ports it may use, and a seccomp list of the system
 * calls it may make (sandbox.tbl). Nothing of it can be undone.
 *
 * To be called when everything that needs more is open, and before the first foreign byte is read.
 * Threads started before are not covered by Landlock: call it before the loop's first use of the
 * thread pool.
 *
 * In builds with a sanitizer the list is longer (KM_SANDBOX_SANITIZER rows: what the sanitizer's
 * own runtime calls) and /proc is readable; km_sandbox_is_relaxed() says so, and `status` shows it.
 * Never ship such a build.
 */
#ifndef KM_PRIV_SANDBOX_H
#define KM_PRIV_SANDBOX_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a role does: sets of rows of sandbox.tbl. BASE is always on. */
enum km_sandbox_profile {
	KM_SANDBOX_BASE = 1,        /* memory, threads, clocks, loop, channel, open descriptors */
	KM_SANDBOX_NET_CLIENT = 2,  /* sockets outwards: IPv4, IPv6 and the resolver's netlink */
	KM_SANDBOX_NET_SERVER = 4,  /* sockets that listen */
	KM_SANDBOX_FILES = 8,       /* open and read files that Landlock lets through */
	KM_SANDBOX_DISK = 16,       /* make, write, lock, rename and remove them too */
	KM_SANDBOX_SANITIZER = 128, /* set by itself in sanitizer builds */
};

#define KM_SANDBOX_PATHS_MAX 16
#define KM_SANDBOX_PORTS_MAX 16

struct km_sandbox_rules {
	unsigned profiles; /* set of enum km_sandbox_profile */
	/* NULL-terminated lists, or NULL for none. Directories count with all below. What does not
	 * exist is passed over, as it cannot be used either. */
	const char *const *read_paths;
	const char *const *write_paths; /* read, write, make, rename, remove; not execute */
	/* TCP ports, ended by 0. NULL: none may be bound, but any may be connected to. */
	const uint16_t *bind_ports;
	const uint16_t *connect_ports;
	bool may_choose_source; /* bind to an address of its own before connecting; no port */
	/* For developing: instead of killing, write the call's number to standard error and let it
	 * fail with EPERM. */
	bool is_debug;
};

/* What the kernel gave: for `status`. */
struct km_sandbox_result {
	int landlock_abi; /* 0: none (too old, or switched off) */
	bool has_files;   /* paths are restricted */
	bool has_ports;   /* TCP ports are restricted (ABI 4) */
	bool has_scope;   /* no signals or abstract sockets to outside (ABI 6) */
	bool has_seccomp;
	bool is_relaxed;
	bool is_debug;
};

/*
 * Apply the rules to this process. A kernel without Landlock is not an error (result tells); a
 * failure of what the kernel offers is.
 * Returns 0, KM_ERR_LIMIT (too many paths or ports), KM_ERR_MEMORY, KM_ERR_UNSUPPORTED (no
 * seccomp) or KM_ERR_SYS. After a failure a part may be in force: the role must exit.
 */
KM_MUST_USE int km_sandbox_apply(
    const struct km_sandbox_rules *rules, struct km_sandbox_result *ret_result);

/* Whether this is a sanitizer build. */
bool km_sandbox_is_relaxed(void);

#endif
