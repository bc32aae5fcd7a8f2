/*
 * The certificate by which browsers know this recorder, and a small certificate authority that
 * makes such ones. [IPA b02-1, b24-1] [RFC 5280]
 *
 * Keys are ECDSA P-256, signatures SHA-256 [CRYPTREC LS-0001]. Everything is PEM. Buffers with keys
 * are the caller's to wipe.
 */
#ifndef KM_CRYPTO_CERTIFICATE_H
#define KM_CRYPTO_CERTIFICATE_H

#include "crypto/certificate_names.h"

#define KM_CERTIFICATE_FINGERPRINT_BYTES 32

/*
 * Make a key and a self-signed certificate for names (crypto/certificate_names), valid from
 * now_unix_us for `days` days (browsers refuse more than 825). Both are appended.
 * Returns 0, KM_ERR_FORMAT (names), KM_ERR_MEMORY, KM_ERR_LIMIT or KM_ERR_CRYPTO.
 */
KM_MUST_USE int km_certificate_make(const char *names, int64_t now_unix_us, unsigned days,
    struct km_buf *certificate_pem, struct km_buf *key_pem);

/*
 * Make an authority: a key and a certificate that may sign others but no further authorities.
 * `name` is shown to people who install it, at most 64 bytes of UTF-8. Errors as above.
 */
KM_MUST_USE int km_certificate_make_authority(const char *name, int64_t now_unix_us, unsigned days,
    struct km_buf *certificate_pem, struct km_buf *key_pem);

struct km_certificate_authority {
	struct km_bytes certificate_pem;
	struct km_bytes key_pem;
};

/*
 * Make a key and a certificate signed by the authority. It ends with the authority at the latest.
 * Errors as above, and KM_ERR_CONFIG: the authority itself is not usable (ended, or its key does
 * not fit).
 */
KM_MUST_USE int km_certificate_issue(const struct km_certificate_authority *authority,
    const char *names, int64_t now_unix_us, unsigned days, struct km_buf *certificate_pem,
    struct km_buf *key_pem);

/*
 * Sign a request that was made elsewhere (a camera's). names: what to certify; NULL for those in
 * the request. Only its key and its names are taken, nothing else that it asks for. ret_error says
 * what is wrong with it.
 */
KM_MUST_USE int km_certificate_sign_request(const struct km_certificate_authority *authority,
    struct km_bytes request_pem, const char *names, int64_t now_unix_us, unsigned days,
    struct km_buf *certificate_pem, struct km_buf *ret_error);

/* Make a key and a request for names, for somebody else's authority. [RFC 2986] */
KM_MUST_USE int km_certificate_request(
    const char *names, struct km_buf *request_pem, struct km_buf *key_pem);

/* SHA-256 of the first certificate's DER, which is what people compare and pin. */
KM_MUST_USE int km_certificate_fingerprint(
    struct km_bytes certificate_pem, uint8_t ret_sha256[static KM_CERTIFICATE_FINGERPRINT_BYTES]);

#endif
