/*
 * A connection to a service of the camera, plain or over TLS, all of it through the gate.
 *
 * TLS takes whatever the device offers, down to TLS 1.0 and weak suites, and believes every
 * certificate: a probe looks at what is there. Nothing secret of the recorder's is sent here.
 */
#ifndef KM_AUDITOR_TALK_H
#define KM_AUDITOR_TALK_H

#include "auditor/egress.h"

#include <openssl/ssl.h>

struct km_talk;

/* What to offer; zeroed: everything that the library has. */
struct km_talk_offer {
	int min_version;      /* TLS1_VERSION and so on; 0: the lowest */
	int max_version;      /* 0: the highest */
	const char *suites;   /* of TLS 1.2 and older, as OpenSSL names them; NULL: all */
	const char *suites13; /* of TLS 1.3; NULL: all */
};

struct km_talk_place {
	struct km_address address; /* with its port */
	bool is_tls;
	struct km_talk_offer offer;
};

/*
 * Connect, and shake hands. Errors of km_egress_connect, and KM_ERR_CRYPTO (no TLS that both
 * know), KM_ERR_CLOSED (it hung up), KM_ERR_MEMORY.
 */
KM_MUST_USE int km_talk_open(struct km_egress *egress, const struct km_talk_place *place,
    int64_t deadline_us, struct km_talk **ret_talk);

/* Errors of km_egress_send, and KM_ERR_CRYPTO. */
KM_MUST_USE int km_talk_send(struct km_talk *talk, struct km_bytes data, int64_t deadline_us);

/* What comes next, up to size. Errors of km_egress_receive, and KM_ERR_CRYPTO. */
KM_MUST_USE int km_talk_receive(
    struct km_talk *talk, void *ret_data, size_t size, int64_t deadline_us, size_t *ret_count);

/* The session of TLS, of which versions, suite and certificate can be read; NULL without TLS. */
const SSL *km_talk_session(const struct km_talk *talk);

/* NULL is fine. */
void km_talk_close(struct km_talk *talk);

#endif
