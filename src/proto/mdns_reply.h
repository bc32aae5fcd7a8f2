/*
 * What a device tells of itself over multicast DNS, asked directly: a one-shot query to its own
 * address [RFC 6762 5.1, 5.5] for the services that it announces [RFC 6763 9].
 */
#ifndef KM_PROTO_MDNS_REPLY_H
#define KM_PROTO_MDNS_REPLY_H

#include "base/buf.h"
#include "base/error.h"

#define KM_MDNS_REPLY_NAMES_MAX 16
#define KM_MDNS_REPLY_NAME_SIZE 128

struct km_mdns_reply {
	size_t count; /* names that the records point to; more than fit are passed over */
	char name[KM_MDNS_REPLY_NAMES_MAX][KM_MDNS_REPLY_NAME_SIZE]; /* "_rtsp._tcp.local" */
};

/* The packet to send. Static. */
struct km_bytes km_mdns_reply_question(void);

/*
 * The PTR records of an answer. Bytes that are not printable ASCII become '?'. Returns 0,
 * KM_ERR_SHORT or KM_ERR_FORMAT.
 */
KM_MUST_USE int km_mdns_reply_parse(struct km_bytes input, struct km_mdns_reply *ret_reply);

#endif
