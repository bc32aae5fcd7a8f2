/*
 * The TLS of the server: versions, suites, groups, and the certificate, which can be replaced while
 * connections are open.
 *
 * TLS 1.2 and 1.3 with suites of forward secrecy and authenticated encryption only, all of them of
 * the list of ciphers recommended for e-government [CRYPTREC LS-0001-2022], as its guideline asks
 * of a server of the recommended kind [CRYPTREC GL-3001]. No renegotiation [RFC 5746], no
 * compression, and no session tickets [RFC 8446 4.6.1]: a ticket's key that lives for weeks would
 * undo forward secrecy, and a full handshake costs this server a fraction of a millisecond.
 */
#ifndef KM_WEB_SERVER_TLS_H
#define KM_WEB_SERVER_TLS_H

#include "base/bytes.h"

#include <openssl/ssl.h>

#define KM_SERVER_TLS_SHA256_BYTES 32

struct km_server_tls;

/*
 * With a certificate and its chain (PEM), and its key (PEM).
 * Returns 0, KM_ERR_MEMORY or KM_ERR_CONFIG (they are not usable, or do not belong together).
 */
KM_MUST_USE int km_server_tls_create(struct km_bytes certificate_pem,
    struct km_bytes private_key_pem, struct km_server_tls **ret_tls);
void km_server_tls_destroy(struct km_server_tls *tls);

/*
 * Replace them for all handshakes from now on. On failure (as above) nothing changes. Connections
 * that are open keep what they began with.
 */
KM_MUST_USE int km_server_tls_replace(
    struct km_server_tls *tls, struct km_bytes certificate_pem, struct km_bytes private_key_pem);

/* The SHA-256 of the certificate that is served. */
void km_server_tls_fingerprint(
    const struct km_server_tls *tls, uint8_t ret_sha256[static KM_SERVER_TLS_SHA256_BYTES]);

/* Configure a context, which then asks `tls` at each handshake. Returns 0 or KM_ERR_CONFIG. */
KM_MUST_USE int km_server_tls_configure(struct km_server_tls *tls, SSL_CTX *context);

#endif
