/*
 * What a request says, as plain values, and the strict reading of its parts. Nothing here does
 * I/O; all of it sees bytes from strangers.
 */
#ifndef KM_WEB_REQUEST_H
#define KM_WEB_REQUEST_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/uuid.h"

#define KM_REQUEST_BODY_MAX    65536 /* bytes */
#define KM_REQUEST_TOKEN_BYTES 32    /* of session and CSRF tokens */
#define KM_REQUEST_COOKIE_NAME "__Host-komainu"

enum km_method {
	KM_METHOD_GET,
	KM_METHOD_HEAD,
	KM_METHOD_POST,
	KM_METHOD_PATCH,
	KM_METHOD_DELETE,
	KM_METHOD_OTHER,
};

/* Headers that are absent are empty strings. */
struct km_request {
	enum km_method method;
	char path[256];   /* percent-decoded */
	char query[1024]; /* behind the '?', as it came */
	char host[256];   /* with the port */
	char origin[300]; /* [RFC 6454 7] */
	char cookie[2048];
	char authorization[96];
	char program[128]; /* User-Agent, cut where it is longer, printable ASCII alone */
	char csrf[80];
	char range[128];
	char if_range[128];
	char if_none_match[128];
	char content_type[80];
	char peer[64];        /* the client's address, without its port */
	struct km_bytes body; /* valid as long as the request */
};

/* What is wrong with an input, in words for whoever sent it. */
struct km_refusal {
	char field[64]; /* parameter or JSON member; may be empty */
	char text[200]; /* what was found and what would be right */
};

/* "GET"; static. */
const char *km_request_method_name(enum km_method method);

/*
 * Whether the query holds only the named parameters, each at most once. `names` ends with NULL.
 * Returns 0 or KM_ERR_FORMAT with ret_refusal.
 */
KM_MUST_USE int km_request_check_query(
    struct km_bytes query, const char *const *names, struct km_refusal *ret_refusal);

/*
 * A whole number of the query between least and most (least < 0 takes a minus sign).
 * Returns 0, KM_ERR_NOT_FOUND (absent; ret_refusal says that it is needed), KM_ERR_FORMAT or
 * KM_ERR_RANGE.
 */
KM_MUST_USE int km_request_query_i64(struct km_bytes query, const char *name, int64_t least,
    int64_t most, int64_t *ret_value, struct km_refusal *ret_refusal);

/*
 * A value of the query as it was meant: percent signs and plus signs decoded [URL Standard 5.1].
 * Returns 0, KM_ERR_FORMAT, or KM_ERR_LIMIT if it has more than `size` bytes. No NUL is added.
 */
KM_MUST_USE int km_request_decode(
    struct km_bytes value, char *ret_text, size_t size, size_t *ret_size);

/* from and to (unix_us): both there, from < to, at most `most_us` apart. Errors as above. */
KM_MUST_USE int km_request_query_span(struct km_bytes query, int64_t most_us, int64_t *ret_from_us,
    int64_t *ret_to_us, struct km_refusal *ret_refusal);

enum km_range_kind {
	KM_RANGE_WHOLE,   /* no range, one that we need not honour, or broken: the whole */
	KM_RANGE_PART,    /* 206: [first, first + count) */
	KM_RANGE_OUTSIDE, /* 416 */
};

/*
 * A Range header against a body of `size` bytes [RFC 9110 14.1.2, 14.2]. One range is served
 * exactly; several, another unit or a broken header mean the whole, which the standard allows.
 */
enum km_range_kind km_request_range(
    struct km_bytes range, uint64_t size, uint64_t *ret_first, uint64_t *ret_count);

/*
 * Our cookie out of a Cookie header [RFC 6265 4.2]. Returns 0, KM_ERR_NOT_FOUND, or KM_ERR_FORMAT
 * if it is there twice or is not a token.
 */
KM_MUST_USE int km_request_session(
    struct km_bytes cookie, uint8_t ret_token[static KM_REQUEST_TOKEN_BYTES]);

/*
 * An API token out of an Authorization header [RFC 6750 2.1]: "Bearer kmt_...". Returns 0,
 * KM_ERR_NOT_FOUND (no such header) or KM_ERR_FORMAT.
 */
KM_MUST_USE int km_request_bearer(
    struct km_bytes authorization, uint8_t ret_token[static KM_REQUEST_TOKEN_BYTES]);

/*
 * Who asks: the API token if there is an Authorization header, and only that then, else our cookie.
 * Errors as above.
 */
KM_MUST_USE int km_request_credential(const struct km_request *request,
    uint8_t ret_token[static KM_REQUEST_TOKEN_BYTES], bool *ret_is_bearer);

/*
 * Whether an Origin header names the https origin of this Host header. An empty or "null" origin
 * does not.
 */
bool km_request_is_same_origin(struct km_bytes origin, struct km_bytes host);

/* Whether a list of entity tags, or "*", holds this one [RFC 9110 13.1.2]. */
bool km_request_has_etag(struct km_bytes if_none_match, struct km_bytes etag);

#endif
