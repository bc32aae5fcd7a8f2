#include "crypto/secret.h"

#include "base/error.h"
#include "crypto/random.h"

#include <openssl/crypto.h>
#include <string.h>

int km_secret_make(struct km_secret *ret_secret)
{
	return km_random_fill(ret_secret->bytes, sizeof(ret_secret->bytes));
}

void km_secret_wipe(struct km_secret *secret)
{
	explicit_bzero(secret, sizeof(*secret));
}

bool km_secret_is_equal(const struct km_secret *a, const struct km_secret *b)
{
	return CRYPTO_memcmp(a->bytes, b->bytes, KM_SECRET_BYTES) == 0;
}

bool km_secret_is_equal_bytes(struct km_bytes a, struct km_bytes b)
{
	return a.size == b.size && (a.size == 0 || CRYPTO_memcmp(a.data, b.data, a.size) == 0);
}
