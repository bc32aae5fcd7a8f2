/*
 * Answers of HTTP servers [RFC 9112], as far as a probe reads them: status, headers, the first
 * bytes of the body. SSDP answers [UPnP Device Architecture 1.3.3] have the same form.
 *
 * Views point into the input; nothing allocates.
 */
#ifndef KM_PROTO_HTTP_REPLY_H
#define KM_PROTO_HTTP_REPLY_H

#include "base/bytes.h"
#include "base/error.h"

#define KM_HTTP_REPLY_HEAD_MAX    16384 /* bytes of the status line and the headers */
#define KM_HTTP_REPLY_HEADERS_MAX 48    /* what comes after is passed over */

struct km_http_reply_header {
	struct km_bytes name;
	struct km_bytes value; /* trimmed */
};

struct km_http_reply {
	uint16_t status; /* 100 to 999 */
	struct km_bytes reason;
	struct km_bytes body; /* all that followed the headers so far, up to the input's end */
	size_t header_count;
	struct km_http_reply_header header[KM_HTTP_REPLY_HEADERS_MAX];
};

/*
 * Lines may end with LF alone; a line without a colon is passed over, as servers of cameras send
 * such. Returns 0, KM_ERR_SHORT while the headers are not complete, KM_ERR_FORMAT (no HTTP), or
 * KM_ERR_LIMIT (the headers are too long).
 */
KM_MUST_USE int km_http_reply_parse(struct km_bytes input, struct km_http_reply *ret_reply);

/* The value; data is NULL if it is missing. Of several the `nth` (from 0). */
struct km_bytes km_http_reply_find(
    const struct km_http_reply *reply, const char *name, unsigned nth);

/* What stands between <title> and </title>, trimmed; empty if it is not there. */
struct km_bytes km_http_reply_title(struct km_bytes body);

/*
 * The value of Date: "Sun, 06 Nov 1994 08:49:37 GMT" and the two old forms [RFC 9110 5.6.7].
 * Returns 0 or KM_ERR_FORMAT.
 */
KM_MUST_USE int km_http_reply_date(struct km_bytes text, int64_t *ret_unix_us);

#endif
