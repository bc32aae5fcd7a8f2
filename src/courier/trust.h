/*
 * Who the other side must be, for the libraries that bring their own TLS (libcurl, libmosquitto):
 * checked by a pin or by authorities, and said in words when it is not right.
 */
#ifndef KM_COURIER_TRUST_H
#define KM_COURIER_TRUST_H

#include "base/bytes.h"

#include <openssl/ssl.h>

#define KM_TRUST_PIN_BYTES 32

struct km_trust {
	bool is_pinned;
	uint8_t pin[KM_TRUST_PIN_BYTES]; /* SHA-256 of the only right certificate */
	char failure[512];               /* why the last one was not right; empty: it was */
};

/*
 * Have a context check the other side's certificate this way, and take TLS 1.2 or newer. The names
 * in the certificate are the caller's business. trust must outlive the context.
 */
KM_MUST_USE int km_trust_apply(struct km_trust *trust, SSL_CTX *context);

/*
 * A context of its own: authorities from PEM text (empty: the system's), the certificate made out
 * to `host` unless it is pinned. Returns 0, KM_ERR_MEMORY, KM_ERR_CRYPTO, or KM_ERR_CONFIG (the
 * PEM).
 */
KM_MUST_USE int km_trust_create_context(
    struct km_trust *trust, struct km_bytes ca_pem, const char *host, SSL_CTX **ret_context);

#endif
