/*
 * A sealed box: a small secret under a key, with what it is for authenticated along. Layout:
 * 12 bytes of random nonce, the AES-256-GCM ciphertext, 16 bytes of tag.
 *
 * Random nonces are right for some thousand boxes per key, not for bulk data (crypto/aead).
 */
#ifndef KM_CRYPTO_BOX_H
#define KM_CRYPTO_BOX_H

#include "base/buf.h"

#define KM_BOX_KEY_BYTES   32
#define KM_BOX_EXTRA_BYTES 28 /* a box is so much larger than its secret */

/* Append the box. `purpose` is authenticated and not stored. Returns 0, KM_ERR_CRYPTO or buf's. */
KM_MUST_USE int km_box_seal(const uint8_t key[static KM_BOX_KEY_BYTES], struct km_bytes purpose,
    struct km_bytes secret, struct km_buf *box);

/* Append the secret. KM_ERR_AUTH for another key or purpose, or a changed box; buf is untouched. */
KM_MUST_USE int km_box_open(const uint8_t key[static KM_BOX_KEY_BYTES], struct km_bytes purpose,
    struct km_bytes box, struct km_buf *secret);

#endif
