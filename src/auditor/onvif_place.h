/*
 * URLs that cameras tell: where their services and streams are, and whether they give away a secret
 * [RFC 3986]. Pure.
 */
#ifndef KM_AUDITOR_ONVIF_PLACE_H
#define KM_AUDITOR_ONVIF_PLACE_H

#include "base/bytes.h"
#include "base/error.h"

#define KM_ONVIF_PLACE_HOST_SIZE 256
#define KM_ONVIF_PLACE_PATH_SIZE 512

struct km_onvif_place {
	bool is_http; /* http or https; else rtsp or rtsps */
	bool is_tls;
	bool has_user;                       /* user information stands in front of the host */
	uint16_t port;                       /* the scheme's own if none is given */
	char host[KM_ONVIF_PLACE_HOST_SIZE]; /* IPv6 without brackets */
	char path[KM_ONVIF_PLACE_PATH_SIZE]; /* with the query, "/" at least; printable ASCII */
};

/* 0, KM_ERR_FORMAT, KM_ERR_RANGE (port), KM_ERR_LIMIT (too long), KM_ERR_UNSUPPORTED (scheme). */
KM_MUST_USE int km_onvif_place_parse(struct km_bytes url, struct km_onvif_place *ret_place);

/*
 * Whether whoever reads it can log in with it: a password in front of the host, in a parameter that
 * is called so, or the given one anywhere (may be empty; one of a few bytes is not looked for, as
 * it would be found by chance).
 */
bool km_onvif_place_holds_secret(struct km_bytes url, struct km_bytes password);

/*
 * Whether to ask for it (a path alone will do) may be a login, or tell one: as above, but
 * suspicious, with accounts, tokens and keys, with empty passwords, and with short ones that stand
 * alone.
 */
bool km_onvif_place_may_log_in(struct km_bytes url, struct km_bytes password);

/*
 * Its path for people, without the values of passwords, tokens and keys: "/live?user=a&pwd=***"; as
 * much of it as fits into `size` (1 at least), by whole parameters. KM_ERR_DENIED: the given
 * password would show all the same; ret_text is empty then.
 */
KM_MUST_USE int km_onvif_place_write_path(
    struct km_bytes url, struct km_bytes password, char *ret_text, size_t size);

#endif
