/*
 * A 256-bit secret in memory: a key, a token, a digest of a password.
 *
 * A plain value, so that it can lie in any struct; whoever holds one wipes it.
 */
#ifndef KM_CRYPTO_SECRET_H
#define KM_CRYPTO_SECRET_H

#include "base/bytes.h"

#define KM_SECRET_BYTES 32

struct km_secret {
	uint8_t bytes[KM_SECRET_BYTES];
};

/* A fresh random one. Returns 0 or KM_ERR_SYS. */
KM_MUST_USE int km_secret_make(struct km_secret *ret_secret);

/* Overwrite in a way that the compiler does not leave out. */
void km_secret_wipe(struct km_secret *secret);

/* Compare in a time that does not depend on where they differ. */
bool km_secret_is_equal(const struct km_secret *a, const struct km_secret *b);

/* The same for bytes of any length; the lengths themselves are no secret. */
bool km_secret_is_equal_bytes(struct km_bytes a, struct km_bytes b);

#endif
