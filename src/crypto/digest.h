/*
 * Hashes and what is built from them: SHA-256 [FIPS 180-4], HMAC [RFC 2104], HKDF [RFC 5869]; and
 * two old ones for logins at cameras alone: MD5 [RFC 1321] for HTTP Digest authentication, SHA-1
 * for WS-UsernameToken.
 */
#ifndef KM_CRYPTO_DIGEST_H
#define KM_CRYPTO_DIGEST_H

#include "base/bytes.h"

#define KM_DIGEST_SHA256_BYTES 32
#define KM_DIGEST_SHA1_BYTES   20
#define KM_DIGEST_MD5_BYTES    16

/* A SHA-256 in pieces. */
struct km_digest;

/* Returns 0, KM_ERR_MEMORY or KM_ERR_CRYPTO. */
KM_MUST_USE int km_digest_create(struct km_digest **ret_digest);
KM_MUST_USE int km_digest_update(struct km_digest *digest, struct km_bytes view);

/* Give the result and begin anew. */
KM_MUST_USE int km_digest_finish(
    struct km_digest *digest, uint8_t ret_hash[static KM_DIGEST_SHA256_BYTES]);
void km_digest_destroy(struct km_digest *digest);

/* In one go. Each returns 0, KM_ERR_CRYPTO, or KM_ERR_LIMIT for sizes that OpenSSL does not take.
 */
KM_MUST_USE int km_digest_sha256(
    struct km_bytes view, uint8_t ret_hash[static KM_DIGEST_SHA256_BYTES]);
KM_MUST_USE int km_digest_sha1(struct km_bytes view, uint8_t ret_hash[static KM_DIGEST_SHA1_BYTES]);
/*
 * Of the parts one after the other, for logins [RFC 7616 3.4.1]: MD5, or SHA-256. 0, KM_ERR_LIMIT
 * (more than 4 KiB) or KM_ERR_CRYPTO. ret_digest has room for either.
 */
KM_MUST_USE int km_digest_parts(
    bool is_sha256, const struct km_bytes *parts, size_t count, uint8_t *ret_digest);

KM_MUST_USE int km_digest_md5(struct km_bytes view, uint8_t ret_hash[static KM_DIGEST_MD5_BYTES]);
KM_MUST_USE int km_digest_hmac_sha256(
    struct km_bytes key, struct km_bytes view, uint8_t ret_hash[static KM_DIGEST_SHA256_BYTES]);

/*
 * Derive `size` bytes (at most 255 * 32) from a key: extract and expand. The salt need not be
 * secret; `info` says what the result is for.
 */
KM_MUST_USE int km_digest_hkdf_sha256(struct km_bytes key, struct km_bytes salt,
    struct km_bytes info, uint8_t *ret_derived, size_t size);

#endif
