/*
 * Runs jobs (auditor/job) on threads of their own, and carries what they say to the loop's thread.
 */
#ifndef KM_AUDITOR_JOB_RUNNER_H
#define KM_AUDITOR_JOB_RUNNER_H

#include "base/buf.h"
#include "io/loop.h"
#include "model/messages.h"

#define KM_JOB_RUNNER_JOBS_MAX 20 /* besides previews */
#define KM_JOB_RUNNER_PREVIEWS_MAX                                                                 \
	4 /* at once: they wait for names, and keep no other job waiting */

struct km_job_runner;

/*
 * jobs_max: of audits and changes at once, KM_JOB_RUNNER_JOBS_MAX at most; previews of changes are
 * counted apart. on_message: a packed message for the guard, from the loop; in the order in which
 * one job said them. A job that says more than is taken away waits.
 */
KM_MUST_USE int km_job_runner_create(struct km_loop *loop, size_t jobs_max,
    void (*on_message)(void *context, struct km_bytes packed), void *context,
    struct km_job_runner **ret_runner);

/* Begin it. KM_ERR_LIMIT: too many run. KM_ERR_EXISTS: this one does. KM_ERR_SYS. */
KM_MUST_USE int km_job_runner_begin(
    struct km_job_runner *runner, const struct km_message_job_begin *begin);

/*
 * The same for putting a camera right; it says remedy_said and remedy_done. file_fd: of the
 * firmware, else -1; taken over if this returns 0.
 */
KM_MUST_USE int km_job_runner_begin_remedy(
    struct km_job_runner *runner, const struct km_message_remedy_begin *begin, int file_fd);

/* It ends soon, and says job_ended. One that does not run is not an error: it has just ended. */
void km_job_runner_stop(struct km_job_runner *runner, int64_t audit);

/* The answer to its try_ask. */
void km_job_runner_answer(struct km_job_runner *runner, const struct km_message_try_answer *answer);

/* Stops all jobs and waits until they have ended. NULL is fine. */
void km_job_runner_destroy(struct km_job_runner *runner);

#endif
