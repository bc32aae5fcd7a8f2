/*
 * Random bytes from the kernel.
 */
#ifndef KM_CRYPTO_RANDOM_H
#define KM_CRYPTO_RANDOM_H

#include "base/compiler.h"
#include "base/uuid.h"

/*
 * Fill with bytes fit for keys. Blocks only until the kernel's generator is seeded after boot.
 * Returns 0 or KM_ERR_SYS; on failure the bytes are zero.
 */
KM_MUST_USE int km_random_fill(void *ret_data, size_t size);

/* A new UUID of version 4 [RFC 9562 5.4]. Returns 0 or KM_ERR_SYS. */
KM_MUST_USE int km_random_uuid(struct km_uuid *ret_uuid);

#endif
