/*
 * The guard: the process that `komainu run` is. It holds the keys, the accounts and the journal,
 * and starts and watches the others.
 */
#ifndef KM_GUARD_GUARD_H
#define KM_GUARD_GUARD_H

#include "guard/state.h"

struct km_guard_events {
	/*
	 * It records, and web listens or has failed to (the log says why). token: of the first
	 * set-up, NULL if that was done.
	 */
	void (*on_serving)(void *context, const struct km_state *state, const char *token);
};

/*
 * Run until SIGINT, SIGTERM, or SIGHUP unless that is ignored. `state` is open and unlocked, and is
 * used up. programs: directory of the roles' executables. Returns 0 or why it could not begin.
 */
KM_MUST_USE int km_guard_run(struct km_state *state, const char *programs,
    const struct km_guard_events *events, void *context);

#endif
