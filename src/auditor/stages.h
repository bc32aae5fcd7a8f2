/*
 * The stages of an audit, in the order of stages.tbl.
 */
#ifndef KM_AUDITOR_STAGES_H
#define KM_AUDITOR_STAGES_H

#include "auditor/job.h"

#define KM_STAGE(name, text) int km_stage_##name##_run(struct km_job *job);
#include "auditor/stages.tbl"
#undef KM_STAGE

/* All of them. Returns 0, KM_ERR_CLOSED (cancelled), or what ended it. */
KM_MUST_USE int km_stages_run(struct km_job *job);

#endif
