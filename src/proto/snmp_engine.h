/*
 * Whether somebody speaks SNMPv3, and who made it: the discovery of an engine [RFC 3414 4], which
 * needs no account and no community.
 *
 * Communities ("public") are passwords; they are not tried here.
 */
#ifndef KM_PROTO_SNMP_ENGINE_H
#define KM_PROTO_SNMP_ENGINE_H

#include "base/bytes.h"
#include "base/error.h"

#define KM_SNMP_ENGINE_ID_MAX 32 /* [RFC 3411 5] */

struct km_snmp_engine {
	struct km_bytes id;  /* 5 to 32 bytes of the input */
	uint32_t enterprise; /* its maker's number at IANA */
	uint32_t boots;      /* how often it was started */
	uint32_t up_s;       /* seconds since */
	struct km_bytes mac; /* 6 bytes, if the id is made of a MAC [RFC 3411 5]; else empty */
};

/* The packet to send. Static. */
struct km_bytes km_snmp_engine_question(void);

/* The report that comes back. KM_ERR_SHORT, KM_ERR_FORMAT or KM_ERR_RANGE. */
KM_MUST_USE int km_snmp_engine_parse(struct km_bytes input, struct km_snmp_engine *ret_engine);

#endif
