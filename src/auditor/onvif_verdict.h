/*
 * What an answer of a camera means for the operation that was asked for: done, refused, unknown, or
 * nonsense; in a code and in words for people [ONVIF Core 5.8.2]. Pure.
 */
#ifndef KM_AUDITOR_ONVIF_VERDICT_H
#define KM_AUDITOR_ONVIF_VERDICT_H

#include "auditor/onvif_client.h"

/* Write `why`; returns err. */
int km_onvif_verdict_say(struct km_onvif_answer *answer, int err, const char *format, ...)
    KM_PRINTF(3, 4);

/* By the status of HTTP alone: 0 if it says nothing, else an error of km_onvif_client_ask. */
int km_onvif_verdict_on_status(struct km_onvif_answer *answer, long status);

/*
 * Take answer->raw apart: the reply, the body, the fault, and why. No text of it repeats the
 * question's secret or the password. Errors of km_onvif_client_ask.
 */
KM_MUST_USE int km_onvif_verdict_on_answer(const struct km_onvif_question *question, long status,
    struct km_bytes password, struct km_onvif_answer *answer);

#endif
