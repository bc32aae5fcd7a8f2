#include "auditor/challenge.h"

#include "model/states.h"

#include <stdio.h>

const char *km_challenge_word(enum km_digest_auth_scheme scheme)
{
	switch (scheme) {
	case KM_DIGEST_AUTH_BASIC:
		return "basic";
	case KM_DIGEST_AUTH_MD5:
	case KM_DIGEST_AUTH_MD5_SESS:
		return "digest_md5";
	case KM_DIGEST_AUTH_SHA256:
	case KM_DIGEST_AUTH_SHA256_SESS:
		return "digest_sha256";
	case KM_DIGEST_AUTH_NONE:
		break;
	}
	return "other";
}

static bool has_basic(const struct km_challenge *challenge)
{
	for (size_t i = 0; i < challenge->count; i++) {
		struct km_digest_auth auth;

		if (km_digest_auth_choose(&challenge->value[i], 1, true, &auth) == 0 &&
		    auth.scheme == KM_DIGEST_AUTH_BASIC) {
			return true;
		}
	}
	return false;
}

void km_challenge_give(
    struct km_job *job, const struct km_challenge *challenge, const struct km_bytes *proof)
{
	bool is_basic = has_basic(challenge);
	struct km_digest_auth auth = { 0 };
	char realm[KM_DIGEST_AUTH_TEXT_MAX + 1];
	char subject[KM_FACT_SUBJECT_SIZE];

	if (challenge->count == 0) {
		return;
	}
	if (km_digest_auth_choose(challenge->value, challenge->count, true, &auth) < 0) {
		auth.scheme = KM_DIGEST_AUTH_NONE; /* it asks in a way that is not known here */
	}
	km_job_give(job, KM_FACT_AUTH_SCHEME, KM_FROM_PROBE, challenge->subject,
	    km_challenge_word(auth.scheme), is_basic ? "Basic is offered" : "Basic is not offered",
	    proof);
	if (!challenge->is_tls) {
		km_job_give_yes_no(job, KM_FACT_BASIC_IN_CLEAR, KM_FROM_PROBE, challenge->subject,
		    is_basic, "asked without TLS", proof);
	}
	if (auth.realm_size > 0 && km_bytes_copy_text(km_bytes_from(auth.realm, auth.realm_size),
				       realm, sizeof(realm)) == 0) {
		(void)snprintf(subject, sizeof(subject), "%s realm", challenge->subject);
		km_job_give(job, KM_FACT_SERVICE_TEXT, KM_FROM_PROBE, subject, realm, "", proof);
		km_sightings_add_text(&job->seen, KM_SIGHTING_REALM, km_bytes_text(realm));
	}
}
