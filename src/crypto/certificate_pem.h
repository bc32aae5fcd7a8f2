/*
 * Certificates, keys and requests from PEM and back, for the certificate modules. Never asks for a
 * passphrase on the terminal: an encrypted key is refused.
 */
#ifndef KM_CRYPTO_CERTIFICATE_PEM_H
#define KM_CRYPTO_CERTIFICATE_PEM_H

#include "base/buf.h"
#include "base/error.h"

#include <openssl/x509.h>

#define KM_CERTIFICATE_PEM_MAX   65536
#define KM_CERTIFICATE_CHAIN_MAX 8

/*
 * All certificates of a text, in its order; what stands between them is skipped. The caller frees
 * (sk_X509_pop_free(chain, X509_free)).
 * Returns 0, KM_ERR_FORMAT (none, or one that is broken) or KM_ERR_LIMIT (more than 8).
 */
KM_MUST_USE int km_certificate_pem_read_chain(struct km_bytes pem, STACK_OF(X509) * *ret_chain);

/* The first certificate. KM_ERR_FORMAT. */
KM_MUST_USE int km_certificate_pem_read(struct km_bytes pem, X509 **ret_certificate);

/* KM_ERR_FORMAT (no private key), KM_ERR_AUTH (it is encrypted) or KM_ERR_LIMIT. */
KM_MUST_USE int km_certificate_pem_read_key(struct km_bytes pem, EVP_PKEY **ret_key);

/* A certificate request [RFC 2986]. KM_ERR_FORMAT. */
KM_MUST_USE int km_certificate_pem_read_request(struct km_bytes pem, X509_REQ **ret_request);

/* Append. The key's own copies are wiped; wipe its buffer too. */
KM_MUST_USE int km_certificate_pem_add(X509 *certificate, struct km_buf *pem);
KM_MUST_USE int km_certificate_pem_add_key(EVP_PKEY *key, struct km_buf *pem);
KM_MUST_USE int km_certificate_pem_add_request(X509_REQ *request, struct km_buf *pem);

#endif
