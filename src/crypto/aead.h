/*
 * AES-256 in Galois/Counter Mode [NIST SP 800-38D], over OpenSSL.
 *
 * A context has its key set once; after that nothing is allocated. Never seal twice under the same
 * key and nonce: that would give the authentication key away.
 */
#ifndef KM_CRYPTO_AEAD_H
#define KM_CRYPTO_AEAD_H

#include "base/bytes.h"

#define KM_AEAD_KEY_BYTES   32
#define KM_AEAD_NONCE_BYTES 12
#define KM_AEAD_TAG_BYTES   16

struct km_aead;

/* The key is copied. Returns 0, KM_ERR_MEMORY or KM_ERR_CRYPTO. */
KM_MUST_USE int km_aead_create(
    const uint8_t key[static KM_AEAD_KEY_BYTES], struct km_aead **ret_aead);

/* Wipes the key. NULL is fine. */
void km_aead_destroy(struct km_aead *aead);

/*
 * Encrypt `plain` and authenticate it with `associated`. ret_sealed takes plain.size bytes and the
 * tag behind them; it may be the place where plain lies. Returns 0, KM_ERR_LIMIT or KM_ERR_CRYPTO.
 */
KM_MUST_USE int km_aead_seal(struct km_aead *aead, const uint8_t nonce[static KM_AEAD_NONCE_BYTES],
    struct km_bytes associated, struct km_bytes plain, uint8_t *ret_sealed);

/*
 * The way back: `sealed` ends with the tag. ret_plain takes sealed.size - KM_AEAD_TAG_BYTES bytes
 * and may be the place where sealed lies; on failure these bytes are zero. Returns 0, KM_ERR_SHORT,
 * KM_ERR_LIMIT, KM_ERR_CRYPTO, or KM_ERR_AUTH when anything was changed or the key is another.
 */
KM_MUST_USE int km_aead_open(struct km_aead *aead, const uint8_t nonce[static KM_AEAD_NONCE_BYTES],
    struct km_bytes associated, struct km_bytes sealed, uint8_t *ret_plain);

/*
 * Seal in several pieces, one after another: begin, update for each, finish. The ciphertext of a
 * piece has the same size and goes to ret_to at once. A begin forgets what was unfinished.
 */
KM_MUST_USE int km_aead_begin(struct km_aead *aead, const uint8_t nonce[static KM_AEAD_NONCE_BYTES],
    struct km_bytes associated);
KM_MUST_USE int km_aead_update(struct km_aead *aead, struct km_bytes plain, uint8_t *ret_to);
KM_MUST_USE int km_aead_finish(struct km_aead *aead, uint8_t ret_tag[static KM_AEAD_TAG_BYTES]);

#endif
