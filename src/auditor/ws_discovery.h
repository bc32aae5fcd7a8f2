/*
 * WS-Discovery [WS-Discovery 1.0, April 2005; ONVIF Core 7]: what is asked on the local network,
 * and what devices answer. Pure: datagrams in and out.
 */
#ifndef KM_AUDITOR_WS_DISCOVERY_H
#define KM_AUDITOR_WS_DISCOVERY_H

#include "base/buf.h"
#include "base/error.h"
#include "base/uuid.h"

#define KM_WS_DISCOVERY_PORT        3702
#define KM_WS_DISCOVERY_GROUP_V4    "239.255.255.250"
#define KM_WS_DISCOVERY_GROUP_V6    "ff02::c"
#define KM_WS_DISCOVERY_PROBE_MAX   2048
#define KM_WS_DISCOVERY_MATCHES_MAX 4 /* of one datagram; devices send one */

/* Which kind of device is asked for: old ones know only the first. */
enum km_ws_discovery_type {
	KM_WS_DISCOVERY_TRANSMITTER, /* dn:NetworkVideoTransmitter */
	KM_WS_DISCOVERY_DEVICE,      /* tds:Device */
};

struct km_ws_match {
	char endpoint[128];  /* "urn:uuid:..." */
	char addresses[512]; /* URLs with spaces in between */
	char scopes[2048];   /* URIs with spaces in between, as they came */
	/* From the scopes, percent-decoded; empty if not told. */
	char name[128];
	char hardware[128];
	char location[128];
};

/* Append a probe. id is fresh; answers name it. */
KM_MUST_USE int km_ws_discovery_write_probe(
    struct km_buf *buf, const struct km_uuid *id, enum km_ws_discovery_type type);

/*
 * The matches in an answer to one of the probes with these ids. Returns 0 (with a count of 0 or
 * more), KM_ERR_NOT_FOUND (it answers something else), KM_ERR_FORMAT, KM_ERR_DENIED or
 * KM_ERR_LIMIT (soap_reply.h), KM_ERR_MEMORY.
 */
KM_MUST_USE int km_ws_discovery_read(struct km_bytes datagram, const struct km_uuid *ids,
    size_t id_count, struct km_ws_match ret_matches[static KM_WS_DISCOVERY_MATCHES_MAX],
    size_t *ret_count);

/* Percent-decode in place [RFC 3986 2.1]; "%00" stays. Never longer. */
void km_ws_discovery_decode(char *text);

#endif
