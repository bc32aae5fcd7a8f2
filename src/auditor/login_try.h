/*
 * One login to a service of the camera, over RTSP or HTTP, with the scheme that it asks for.
 *
 * Only for pairs that are no secret: random ones, and those that makers print. So Basic in the
 * clear is fine here, as it would not be for an owner's password.
 */
#ifndef KM_AUDITOR_LOGIN_TRY_H
#define KM_AUDITOR_LOGIN_TRY_H

#include "auditor/job.h"

struct km_login_place {
	uint16_t port;
	bool is_tls;
	bool is_rtsp; /* else HTTP */
	const char *path;
	/* A login failed here before: no answer, or another refusal than then, means a lock. */
	bool has_failed;
};

enum km_login_result {
	KM_LOGIN_ACCEPTED,
	KM_LOGIN_REFUSED,
	KM_LOGIN_LOCKED,  /* it refuses in a way that means: no more of this */
	KM_LOGIN_UNASKED, /* it asks for no login here */
	KM_LOGIN_FOREIGN, /* it asks for one that is not known here */
	KM_LOGIN_SILENT,  /* no answer that makes sense */
};

/*
 * Ask without a login; with an account (NULL: none) again with it. Returns 0, KM_ERR_CLOSED
 * (cancelled) or KM_ERR_MEMORY.
 */
KM_MUST_USE int km_login_try_run(struct km_job *job, const struct km_login_place *place,
    const char *account, const char *password, enum km_login_result *ret_result);

#endif
