/*
 * One question to an HTTP server of the camera, on a connection of its own, that ends with the
 * answer's headers or its first bytes. A picture is never read: for those, ask for headers only.
 */
#ifndef KM_AUDITOR_HTTP_ASK_H
#define KM_AUDITOR_HTTP_ASK_H

#include "auditor/job.h"
#include "proto/http_reply.h"

#define KM_HTTP_ASK_BYTES_MAX 32768 /* of an answer that are read */

struct km_http_ask {
	uint16_t port;
	bool is_tls;
	bool is_headers_only;          /* hang up behind the headers */
	const char *method;            /* "GET" */
	const char *path;              /* "/", clean */
	struct km_bytes authorization; /* the header's value; empty: none */
};

/*
 * storage: the caller's, which ret_reply points into; secrets do not come into it. Returns 0, an
 * error of auditor/talk, or one of km_http_reply_parse.
 */
KM_MUST_USE int km_http_ask_run(struct km_job *job, const struct km_http_ask *ask,
    uint8_t storage[static KM_HTTP_ASK_BYTES_MAX], struct km_http_reply *ret_reply,
    struct km_bytes *ret_raw);

#endif
