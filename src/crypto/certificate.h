/*
 * The certificate by which browsers know this recorder. [IPA b02-1, b24-1]
 */
#ifndef KM_CRYPTO_CERTIFICATE_H
#define KM_CRYPTO_CERTIFICATE_H

#include "base/buf.h"

#define KM_CERTIFICATE_FINGERPRINT_BYTES 32

/*
 * Make a key (ECDSA P-256) and a self-signed certificate for a host name, valid from now_unix_us
 * for `days` days (browsers refuse more than 825), for localhost and its addresses too. Both are
 * appended as PEM; wipe the key's buffer afterwards.
 * Returns 0, KM_ERR_MEMORY, KM_ERR_LIMIT or KM_ERR_CRYPTO.
 */
KM_MUST_USE int km_certificate_make(const char *host_name, int64_t now_unix_us, unsigned days,
    struct km_buf *certificate_pem, struct km_buf *key_pem);

/* SHA-256 of the first certificate's DER, which is what people compare and pin. */
KM_MUST_USE int km_certificate_fingerprint(
    struct km_bytes certificate_pem, uint8_t ret_sha256[static KM_CERTIFICATE_FINGERPRINT_BYTES]);

#endif
