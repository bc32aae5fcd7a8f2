/*
 * The telling UDP ports (udp_asks.tbl) of the camera, asked directly, twice at most. Part of the
 * stage `ports`. Who does not answer may still be there: silence is unknown, never closed.
 */
#ifndef KM_AUDITOR_UDP_SURVEY_H
#define KM_AUDITOR_UDP_SURVEY_H

#include "auditor/job.h"

/* Returns 0 or KM_ERR_CLOSED (cancelled). */
KM_MUST_USE int km_udp_survey_run(struct km_job *job);

#endif
