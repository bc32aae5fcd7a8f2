/*
 * Putting a camera right (model/remedies.tbl): the steps that a person saw before, one after the
 * other, and never twice. Runs on a job's thread and blocks, always with a deadline.
 *
 * Each login that a camera may count as a failed one is in the ledger before it goes out; only the
 * password of the camera's entry is taken to be right, and one that a person brings is not. A new
 * password is verified both ways: the new one is let in, the one before is refused. The guard
 * has stored both before the order comes here, so that whatever dies when, one of them is right.
 */
#ifndef KM_AUDITOR_REMEDY_JOB_H
#define KM_AUDITOR_REMEDY_JOB_H

#include "auditor/job.h"
#include "model/messages.h"

/*
 * Carry out the order in its mode (remedy_mode in states.tbl). file_fd: of the firmware, else -1;
 * borrowed. on_said: each step, in a preview with what would be sent and no secret in it.
 * ret_done is always filled; its err says how it ended.
 */
void km_remedy_job_run(struct km_job *job, const struct km_message_remedy_begin *order, int file_fd,
    void (*on_said)(void *context, struct km_message_remedy_said *said), void *context,
    struct km_message_remedy_done *ret_done);

#endif
