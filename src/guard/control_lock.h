/*
 * One guard per state directory: an exclusive flock(2) on a file in it (komainu.lock), held for
 * life. The kernel lets go of it whatever way the process ends, so nothing stale stays behind; the
 * file itself is left there, as removing it would let two processes lock two files of one name.
 */
#ifndef KM_GUARD_CONTROL_LOCK_H
#define KM_GUARD_CONTROL_LOCK_H

#include "base/compiler.h"

/*
 * Take it, without waiting. A file that root makes here belongs to whom the directory belongs to,
 * so that the guard of that user can take it later. The descriptor is the lock: close it to let go.
 * Returns 0, KM_ERR_EXISTS (somebody has it: a guard runs here), KM_ERR_LIMIT (path too long) or
 * KM_ERR_SYS.
 */
KM_MUST_USE int km_control_lock_take(const char *state_directory, int *ret_fd);

#endif
