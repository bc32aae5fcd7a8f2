/*
 * The TLS of the server: versions, suites, groups, certificate.
 */
#ifndef KM_WEB_SERVER_TLS_H
#define KM_WEB_SERVER_TLS_H

#include "base/bytes.h"

#include <openssl/ssl.h>

/*
 * Configure a context: TLS 1.2 and 1.3, the suites that CRYPTREC recommends, and this certificate
 * with its chain (PEM) and key (PEM). Returns 0 or KM_ERR_CONFIG.
 */
KM_MUST_USE int km_server_tls_configure(
    SSL_CTX *context, struct km_bytes certificate_pem, struct km_bytes private_key_pem);

#endif
