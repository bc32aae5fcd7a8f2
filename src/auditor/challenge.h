/*
 * What a server asks for before it lets somebody in: facts from the challenges in an answer of
 * HTTP or RTSP.
 */
#ifndef KM_AUDITOR_CHALLENGE_H
#define KM_AUDITOR_CHALLENGE_H

#include "auditor/job.h"
#include "proto/digest_auth.h"

#define KM_CHALLENGE_VALUES_MAX 4

struct km_challenge {
	const char *subject; /* "tcp/554" */
	bool is_tls;
	size_t count; /* values of WWW-Authenticate; 0: it did not ask */
	struct km_bytes value[KM_CHALLENGE_VALUES_MAX];
};

/* The word of AUTH_SCHEME; "other" for what is none of ours. Static. */
const char *km_challenge_word(enum km_digest_auth_scheme scheme);

/* AUTH_SCHEME, BASIC_IN_CLEAR and the realm as SERVICE_TEXT. Nothing if it did not ask. */
void km_challenge_give(
    struct km_job *job, const struct km_challenge *challenge, const struct km_bytes *proof);

#endif
