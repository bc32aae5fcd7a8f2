/*
 * The auditor's process: audits of cameras, each on a thread of its own (auditor/job_runner), and
 * the channel to the guard. It holds the credentials of the cameras that it audits now, and no
 * more. [IPA a02-1, a03-1, a11, a12]
 */
#ifndef KM_AUDITOR_AUDITOR_H
#define KM_AUDITOR_AUDITOR_H

/* Runs until it is told to stop. Returns the process's exit status. */
int km_auditor_run(void);

#endif
