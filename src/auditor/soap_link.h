/*
 * HTTP to one camera over libcurl, for SOAP and for uploads: one request, one answer, blocking.
 *
 * Every connection leaves through the job's gate (egress.h); names are never looked up here, as the
 * gate holds the camera's addresses already. Nothing is followed elsewhere, no proxy, no cookie;
 * time, headers and body are bounded.
 */
#ifndef KM_AUDITOR_SOAP_LINK_H
#define KM_AUDITOR_SOAP_LINK_H

#include "auditor/job.h"
#include "base/buf.h"
#include "proto/digest_auth.h"

/* Who the other side of the connection is known to be. */
enum km_soap_trust {
	KM_SOAP_TRUST_NONE = 0,   /* no connection was made */
	KM_SOAP_TRUST_CLEAR,      /* HTTP without TLS */
	KM_SOAP_TRUST_UNVERIFIED, /* TLS, with whom is not known */
	KM_SOAP_TRUST_VERIFIED,   /* its certificate is made out to it, by a known authority */
	KM_SOAP_TRUST_PINNED,     /* its certificate is the one in the camera's entry */
};

struct km_soap_link;

struct km_soap_post {
	bool is_tls;
	uint16_t port;
	const char *path;         /* "/onvif/device_service"; printable ASCII without spaces */
	const char *content_type; /* of the body */
	struct km_bytes body;
	int file_fd; /* when body is empty and file_size is not 0: what to send */
	uint64_t file_size;
	const char *authorization; /* the whole value; NULL: none */
	bool needs_trust;          /* send nothing unless the other side is verified or pinned */
	int64_t patience_us;       /* until the whole answer is there */
};

struct km_soap_answer {
	long status;   /* of HTTP */
	bool was_sent; /* a part of the request left, whatever came back */
	struct km_buf body;
	bool has_challenge;              /* one that we can answer */
	struct km_digest_auth challenge; /* the strongest, Basic among them */
	bool offers_basic;               /* nothing better was offered */
	char why[256];                   /* if there was no answer: what failed, for people */
};

/* Once per process, on its main thread and before its sandbox. 0 or KM_ERR_CRYPTO. */
KM_MUST_USE int km_soap_link_prepare(void);

/* job is borrowed: its host, gate and pin. 0 or KM_ERR_MEMORY. */
KM_MUST_USE int km_soap_link_create(struct km_job *job, struct km_soap_link **ret_link);

void km_soap_link_destroy(struct km_soap_link *link); /* NULL is fine */

/*
 * 0: an answer came, whatever its status. Otherwise `why` says: KM_ERR_DENIED (not the camera's
 * address, not the pinned certificate, or trust was needed), KM_ERR_TIMEOUT, KM_ERR_LIMIT (the
 * answer is too long), KM_ERR_CLOSED (cancelled), KM_ERR_FORMAT (no HTTP), KM_ERR_SYS (no
 * connection), KM_ERR_MEMORY. ret_answer is always filled; km_soap_link_release it.
 */
KM_MUST_USE int km_soap_link_post(
    struct km_soap_link *link, const struct km_soap_post *post, struct km_soap_answer *ret_answer);

void km_soap_link_release(struct km_soap_answer *answer);

/* Of the last request. */
enum km_soap_trust km_soap_link_trust(const struct km_soap_link *link);

#endif
