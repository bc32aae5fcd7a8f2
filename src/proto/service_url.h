/*
 * Where a service outside is: smtps://mail.example, https://hooks.example/x?y [RFC 3986].
 *
 * User names and passwords in a URL are refused, as logs and lists would show them; so is every
 * scheme without TLS. Nothing here allocates.
 */
#ifndef KM_PROTO_SERVICE_URL_H
#define KM_PROTO_SERVICE_URL_H

#include "base/bytes.h"
#include "base/error.h"

#define KM_SERVICE_URL_SIZE      512 /* with the NUL */
#define KM_SERVICE_URL_HOST_SIZE 254

enum km_service {
	KM_SERVICE_SMTP = 1, /* smtp://, port 587: STARTTLS is demanded [RFC 3207, RFC 6409] */
	KM_SERVICE_SMTPS,    /* smtps://, port 465: TLS from the first byte [RFC 8314 3.3] */
	KM_SERVICE_HTTPS,    /* https://, port 443 */
	KM_SERVICE_MQTTS,    /* mqtts://, port 8883 */
	KM_SERVICE_SYSLOGS,  /* syslogs://, port 6514 [RFC 5425 4.1] */
};

struct km_service_url {
	enum km_service service;
	uint16_t port; /* the service's own if none was given */
	bool is_ipv6;
	char host[KM_SERVICE_URL_HOST_SIZE]; /* IPv6 without brackets */
	struct km_bytes path;                /* with the query, or empty; https only */
};

/*
 * Returns 0, KM_ERR_FORMAT, KM_ERR_RANGE (port), KM_ERR_LIMIT (too long), KM_ERR_UNSUPPORTED
 * (another scheme) or KM_ERR_DENIED (it holds a user name, or the scheme has no TLS).
 */
KM_MUST_USE int km_service_url_parse(
    struct km_bytes text, struct km_service_url *ret_url, struct km_fault *ret_fault);

#endif
