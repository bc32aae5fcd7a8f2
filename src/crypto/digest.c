#include "crypto/digest.h"

#include "base/error.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

#define HKDF_INFO_MAX 256
#define PARTS_MAX     4096

struct km_digest {
	EVP_MD_CTX *state;
};

int km_digest_create(struct km_digest **ret_digest)
{
	struct km_digest *digest = calloc(1, sizeof(*digest));

	if (digest == NULL) {
		return KM_ERR_MEMORY;
	}
	digest->state = EVP_MD_CTX_new();
	if (digest->state == NULL) {
		km_digest_destroy(digest);
		return KM_ERR_MEMORY;
	}
	if (EVP_DigestInit_ex(digest->state, EVP_sha256(), NULL) != 1) {
		km_digest_destroy(digest);
		return KM_ERR_CRYPTO;
	}
	*ret_digest = digest;
	return 0;
}

int km_digest_update(struct km_digest *digest, struct km_bytes view)
{
	if (view.size == 0) {
		return 0;
	}
	return EVP_DigestUpdate(digest->state, view.data, view.size) == 1 ? 0 : KM_ERR_CRYPTO;
}

int km_digest_finish(struct km_digest *digest, uint8_t ret_hash[static KM_DIGEST_SHA256_BYTES])
{
	uint8_t hash[KM_DIGEST_SHA256_BYTES];

	if (EVP_DigestFinal_ex(digest->state, hash, NULL) != 1 ||
	    EVP_DigestInit_ex(digest->state, EVP_sha256(), NULL) != 1) {
		return KM_ERR_CRYPTO;
	}
	memcpy(ret_hash, hash, sizeof(hash));
	return 0;
}

void km_digest_destroy(struct km_digest *digest)
{
	if (digest != NULL) {
		EVP_MD_CTX_free(digest->state);
		free(digest);
	}
}

static int hash_once(const EVP_MD *type, struct km_bytes view, uint8_t *ret_hash)
{
	const void *data = view.size > 0 ? view.data : (const uint8_t *)"";

	return EVP_Digest(data, view.size, ret_hash, NULL, type, NULL) == 1 ? 0 : KM_ERR_CRYPTO;
}

int km_digest_sha256(struct km_bytes view, uint8_t ret_hash[static KM_DIGEST_SHA256_BYTES])
{
	return hash_once(EVP_sha256(), view, ret_hash);
}

int km_digest_sha1(struct km_bytes view, uint8_t ret_hash[static KM_DIGEST_SHA1_BYTES])
{
	return hash_once(EVP_sha1(), view, ret_hash);
}

int km_digest_md5(struct km_bytes view, uint8_t ret_hash[static KM_DIGEST_MD5_BYTES])
{
	return hash_once(EVP_md5(), view, ret_hash);
}

int km_digest_hmac_sha256(
    struct km_bytes key, struct km_bytes view, uint8_t ret_hash[static KM_DIGEST_SHA256_BYTES])
{
	/* With a NULL key OpenSSL would go on with the one before. */
	const void *key_data = key.size > 0 ? key.data : (const uint8_t *)"";

	if (key.size > INT_MAX) {
		return KM_ERR_LIMIT;
	}
	return HMAC(EVP_sha256(), key_data, (int)key.size, view.data, view.size, ret_hash, NULL) !=
		       NULL
		   ? 0
		   : KM_ERR_CRYPTO;
}

int km_digest_hkdf_sha256(struct km_bytes key, struct km_bytes salt, struct km_bytes info,
    uint8_t *ret_derived, size_t size)
{
	uint8_t extracted[KM_DIGEST_SHA256_BYTES];
	uint8_t block[KM_DIGEST_SHA256_BYTES];
	uint8_t input[KM_DIGEST_SHA256_BYTES + HKDF_INFO_MAX + 1];
	size_t done = 0;
	int err = 0;

	if (info.size > HKDF_INFO_MAX || size > 255 * (size_t)KM_DIGEST_SHA256_BYTES) {
		return KM_ERR_LIMIT;
	}
	/* Without a salt, HMAC pads the empty key with zeros, as [RFC 5869 2.2] wants. */
	err = km_digest_hmac_sha256(salt, key, extracted);
	for (uint8_t number = 1; err == 0 && done < size; number++) {
		size_t before = number == 1 ? 0 : sizeof(block);
		size_t count = size - done < sizeof(block) ? size - done : sizeof(block);

		memcpy(input, block, before);
		if (info.size > 0) {
			memcpy(input + before, info.data, info.size);
		}
		input[before + info.size] = number;
		err = km_digest_hmac_sha256(km_bytes_from(extracted, sizeof(extracted)),
		    km_bytes_from(input, before + info.size + 1), block);
		if (err == 0) {
			memcpy(ret_derived + done, block, count);
			done += count;
		}
	}
	OPENSSL_cleanse(extracted, sizeof(extracted));
	OPENSSL_cleanse(block, sizeof(block));
	OPENSSL_cleanse(input, sizeof(input));
	return err;
}

int km_digest_parts(bool is_sha256, const struct km_bytes *parts, size_t count, uint8_t *ret_digest)
{
	uint8_t input[PARTS_MAX];
	size_t size = 0;
	int err = 0;

	for (size_t i = 0; err == 0 && i < count; i++) {
		if (parts[i].size > sizeof(input) - size) {
			err = KM_ERR_LIMIT;
		} else if (parts[i].size > 0) {
			memcpy(input + size, parts[i].data, parts[i].size);
			size += parts[i].size;
		}
	}
	if (err == 0) {
		err = is_sha256 ? km_digest_sha256(km_bytes_from(input, size), ret_digest)
				: km_digest_md5(km_bytes_from(input, size), ret_digest);
	}
	explicit_bzero(input, sizeof(input));
	return err;
}
