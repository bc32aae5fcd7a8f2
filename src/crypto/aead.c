#include "crypto/aead.h"

#include "base/error.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

struct km_aead {
	EVP_CIPHER_CTX *seal;
	EVP_CIPHER_CTX *open;
};

int km_aead_create(const uint8_t key[static KM_AEAD_KEY_BYTES], struct km_aead **ret_aead)
{
	struct km_aead *aead = calloc(1, sizeof(*aead));

	if (aead == NULL) {
		return KM_ERR_MEMORY;
	}
	aead->seal = EVP_CIPHER_CTX_new();
	aead->open = EVP_CIPHER_CTX_new();
	if (aead->seal == NULL || aead->open == NULL) {
		km_aead_destroy(aead);
		return KM_ERR_MEMORY;
	}
	/* The nonce length of 12 bytes is the default of this cipher. */
	if (EVP_EncryptInit_ex(aead->seal, EVP_aes_256_gcm(), NULL, key, NULL) != 1 ||
	    EVP_DecryptInit_ex(aead->open, EVP_aes_256_gcm(), NULL, key, NULL) != 1) {
		km_aead_destroy(aead);
		return KM_ERR_CRYPTO;
	}
	*ret_aead = aead;
	return 0;
}

void km_aead_destroy(struct km_aead *aead)
{
	if (aead == NULL) {
		return;
	}
	EVP_CIPHER_CTX_free(aead->seal); /* cleanses the key schedule */
	EVP_CIPHER_CTX_free(aead->open);
	free(aead);
}

int km_aead_begin(struct km_aead *aead, const uint8_t nonce[static KM_AEAD_NONCE_BYTES],
    struct km_bytes associated)
{
	int written = 0;

	if (associated.size > INT_MAX) {
		return KM_ERR_LIMIT;
	}
	if (EVP_EncryptInit_ex(aead->seal, NULL, NULL, NULL, nonce) != 1) {
		return KM_ERR_CRYPTO;
	}
	if (associated.size > 0 && EVP_EncryptUpdate(aead->seal, NULL, &written, associated.data,
				       (int)associated.size) != 1) {
		return KM_ERR_CRYPTO;
	}
	return 0;
}

int km_aead_update(struct km_aead *aead, struct km_bytes plain, uint8_t *ret_to)
{
	int written = 0;

	if (plain.size == 0) {
		return 0;
	}
	if (plain.size > INT_MAX) {
		return KM_ERR_LIMIT;
	}
	if (EVP_EncryptUpdate(aead->seal, ret_to, &written, plain.data, (int)plain.size) != 1 ||
	    written != (int)plain.size) {
		return KM_ERR_CRYPTO;
	}
	return 0;
}

int km_aead_finish(struct km_aead *aead, uint8_t ret_tag[static KM_AEAD_TAG_BYTES])
{
	uint8_t nothing[16];
	int written = 0;

	if (EVP_EncryptFinal_ex(aead->seal, nothing, &written) != 1 ||
	    EVP_CIPHER_CTX_ctrl(aead->seal, EVP_CTRL_AEAD_GET_TAG, KM_AEAD_TAG_BYTES, ret_tag) !=
		1) {
		return KM_ERR_CRYPTO;
	}
	return 0;
}

int km_aead_seal(struct km_aead *aead, const uint8_t nonce[static KM_AEAD_NONCE_BYTES],
    struct km_bytes associated, struct km_bytes plain, uint8_t *ret_sealed)
{
	int err = km_aead_begin(aead, nonce, associated);

	if (err == 0) {
		err = km_aead_update(aead, plain, ret_sealed);
	}
	if (err == 0) {
		err = km_aead_finish(aead, ret_sealed + plain.size);
	}
	return err;
}

/* Decrypt and check; the plaintext is not to be trusted unless this returns 0. */
static int decrypt(struct km_aead *aead, const uint8_t *nonce, struct km_bytes associated,
    struct km_bytes cipher, const uint8_t *tag, uint8_t *ret_plain)
{
	uint8_t expected[KM_AEAD_TAG_BYTES];
	int written = 0;

	memcpy(expected, tag, sizeof(expected));
	if (EVP_DecryptInit_ex(aead->open, NULL, NULL, NULL, nonce) != 1 ||
	    (associated.size > 0 && EVP_DecryptUpdate(aead->open, NULL, &written, associated.data,
					(int)associated.size) != 1) ||
	    (cipher.size > 0 && EVP_DecryptUpdate(aead->open, ret_plain, &written, cipher.data,
				    (int)cipher.size) != 1) ||
	    EVP_CIPHER_CTX_ctrl(aead->open, EVP_CTRL_AEAD_SET_TAG, KM_AEAD_TAG_BYTES, expected) !=
		1) {
		return KM_ERR_CRYPTO;
	}
	return EVP_DecryptFinal_ex(aead->open, expected, &written) == 1 ? 0 : KM_ERR_AUTH;
}

int km_aead_open(struct km_aead *aead, const uint8_t nonce[static KM_AEAD_NONCE_BYTES],
    struct km_bytes associated, struct km_bytes sealed, uint8_t *ret_plain)
{
	struct km_bytes cipher = { 0 };
	int err = 0;

	if (sealed.size < KM_AEAD_TAG_BYTES) {
		return KM_ERR_SHORT;
	}
	if (sealed.size > INT_MAX || associated.size > INT_MAX) {
		return KM_ERR_LIMIT;
	}
	cipher = km_bytes_slice(sealed, 0, sealed.size - KM_AEAD_TAG_BYTES);
	err = decrypt(aead, nonce, associated, cipher, sealed.data + cipher.size, ret_plain);
	if (err < 0 && cipher.size > 0) {
		OPENSSL_cleanse(ret_plain, cipher.size);
	}
	return err;
}
