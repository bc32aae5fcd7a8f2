/*
 * rtsp: and rtsps: URLs [RFC 2326 3.2, RFC 3986], and how control URLs are joined to them
 * [RFC 2326 C.1.1].
 *
 * Names and passwords do not belong into a URL, where logs and lists would show them: user
 * information is refused. Nothing here allocates.
 */
#ifndef KM_PROTO_URL_H
#define KM_PROTO_URL_H

#include "base/buf.h"
#include "base/error.h"

#define KM_URL_MAX        1024 /* bytes of a whole URL */
#define KM_URL_HOST_MAX   253
#define KM_URL_RTSP_PORT  554
#define KM_URL_RTSPS_PORT 322

struct km_url {
	bool is_tls;          /* rtsps */
	bool is_ipv6;         /* the host is an IPv6 literal, here without its brackets */
	uint16_t port;        /* the default one if none was given */
	struct km_bytes host; /* never empty */
	struct km_bytes path; /* with the query: "/a?b=1", or empty */
};

/*
 * Views point into text. Returns 0, KM_ERR_FORMAT, KM_ERR_RANGE (port), KM_ERR_LIMIT (too long),
 * KM_ERR_UNSUPPORTED (another scheme) or KM_ERR_DENIED (it holds a user name).
 */
KM_MUST_USE int km_url_parse(
    struct km_bytes text, struct km_url *ret_url, struct km_fault *ret_fault);

/* Append it; the port only if it is not the default one. */
void km_url_write(const struct km_url *url, struct km_buf *buf);

/*
 * Append the base for control URLs: what the answer to DESCRIBE says in Content-Base or
 * Content-Location (`said`, may be empty), else the URL that was asked for. Cameras leave out the
 * scheme, or give a path alone.
 */
void km_url_write_base(struct km_bytes requested, struct km_bytes said, struct km_buf *buf);

/*
 * Append the URL of a track: `control` as it is if absolute, the base alone if it is empty or "*",
 * else both with one slash in between, behind the query if the base has one: that is what cameras
 * expect, though RFC 3986 would drop the query.
 */
void km_url_write_control(struct km_bytes base, struct km_bytes control, struct km_buf *buf);

#endif
