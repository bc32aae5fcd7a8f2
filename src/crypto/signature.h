/*
 * Signatures: Ed25519 [RFC 8032], over OpenSSL. Small, without parameters that could be chosen
 * badly, and without randomness that could fail while signing.
 */
#ifndef KM_CRYPTO_SIGNATURE_H
#define KM_CRYPTO_SIGNATURE_H

#include "base/buf.h"

#define KM_SIGNATURE_BYTES        64
#define KM_SIGNATURE_SEED_BYTES   32 /* the private key */
#define KM_SIGNATURE_PUBLIC_BYTES 32

/* A key: one that signs, or only the public half. */
struct km_signature_key;

/* From the private key, which stays the caller's to wipe. 0, KM_ERR_MEMORY or KM_ERR_CRYPTO. */
KM_MUST_USE int km_signature_create(
    const uint8_t seed[static KM_SIGNATURE_SEED_BYTES], struct km_signature_key **ret_key);

/* From the public half: it verifies and does not sign. */
KM_MUST_USE int km_signature_create_public(
    const uint8_t public_key[static KM_SIGNATURE_PUBLIC_BYTES], struct km_signature_key **ret_key);

/* Wipes. NULL is fine. */
void km_signature_destroy(struct km_signature_key *key);

KM_MUST_USE int km_signature_public(
    const struct km_signature_key *key, uint8_t ret_public[static KM_SIGNATURE_PUBLIC_BYTES]);

/* KM_ERR_STATE: the key is only the public half. */
KM_MUST_USE int km_signature_sign(const struct km_signature_key *key, struct km_bytes message,
    uint8_t ret_signature[static KM_SIGNATURE_BYTES]);

/* Returns 0, or KM_ERR_AUTH when the message, the signature or the key is another. */
KM_MUST_USE int km_signature_verify(const struct km_signature_key *key, struct km_bytes message,
    const uint8_t signature[static KM_SIGNATURE_BYTES]);

/* The public half as PEM (SubjectPublicKeyInfo [RFC 8410 4]): appended to buf, and read back. */
KM_MUST_USE int km_signature_write_pem(const struct km_signature_key *key, struct km_buf *buf);

/* Returns 0, KM_ERR_FORMAT (no PEM of a public key) or KM_ERR_UNSUPPORTED (not Ed25519). */
KM_MUST_USE int km_signature_read_pem(
    struct km_bytes pem, uint8_t ret_public[static KM_SIGNATURE_PUBLIC_BYTES]);

#endif
