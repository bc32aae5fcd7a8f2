#include "crypto/signature.h"

#include "base/error.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#define PEM_MAX 4096

struct km_signature_key {
	EVP_PKEY *key;
	EVP_MD_CTX *state; /* used anew for each message */
	bool may_sign;
};

/* Takes `key`, which may be NULL. */
static int wrap(EVP_PKEY *key, bool may_sign, struct km_signature_key **ret_key)
{
	struct km_signature_key *wrapped = calloc(1, sizeof(*wrapped));

	ERR_clear_error();
	if (wrapped == NULL || key == NULL) {
		EVP_PKEY_free(key);
		free(wrapped);
		return wrapped == NULL ? KM_ERR_MEMORY : KM_ERR_CRYPTO;
	}
	*wrapped = (struct km_signature_key){
		.key = key,
		.state = EVP_MD_CTX_new(),
		.may_sign = may_sign,
	};
	if (wrapped->state == NULL) {
		km_signature_destroy(wrapped);
		return KM_ERR_MEMORY;
	}
	*ret_key = wrapped;
	return 0;
}

int km_signature_create(
    const uint8_t seed[static KM_SIGNATURE_SEED_BYTES], struct km_signature_key **ret_key)
{
	return wrap(
	    EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, KM_SIGNATURE_SEED_BYTES),
	    true, ret_key);
}

int km_signature_create_public(
    const uint8_t public_key[static KM_SIGNATURE_PUBLIC_BYTES], struct km_signature_key **ret_key)
{
	return wrap(EVP_PKEY_new_raw_public_key(
			EVP_PKEY_ED25519, NULL, public_key, KM_SIGNATURE_PUBLIC_BYTES),
	    false, ret_key);
}

void km_signature_destroy(struct km_signature_key *key)
{
	if (key != NULL) {
		EVP_MD_CTX_free(key->state);
		EVP_PKEY_free(key->key);
		free(key);
	}
}

int km_signature_public(
    const struct km_signature_key *key, uint8_t ret_public[static KM_SIGNATURE_PUBLIC_BYTES])
{
	uint8_t public_key[KM_SIGNATURE_PUBLIC_BYTES];
	size_t size = sizeof(public_key);

	if (EVP_PKEY_get_raw_public_key(key->key, public_key, &size) != 1 ||
	    size != sizeof(public_key)) {
		return KM_ERR_CRYPTO;
	}
	memcpy(ret_public, public_key, sizeof(public_key));
	return 0;
}

int km_signature_sign(const struct km_signature_key *key, struct km_bytes message,
    uint8_t ret_signature[static KM_SIGNATURE_BYTES])
{
	uint8_t signature[KM_SIGNATURE_BYTES];
	size_t size = sizeof(signature);

	if (!key->may_sign) {
		return KM_ERR_STATE;
	}
	(void)EVP_MD_CTX_reset(key->state);
	if (EVP_DigestSignInit(key->state, NULL, NULL, NULL, key->key) != 1 ||
	    EVP_DigestSign(key->state, signature, &size, message.data, message.size) != 1 ||
	    size != sizeof(signature)) {
		ERR_clear_error();
		return KM_ERR_CRYPTO;
	}
	memcpy(ret_signature, signature, sizeof(signature));
	return 0;
}

int km_signature_verify(const struct km_signature_key *key, struct km_bytes message,
    const uint8_t signature[static KM_SIGNATURE_BYTES])
{
	int status = 0;

	(void)EVP_MD_CTX_reset(key->state);
	if (EVP_DigestVerifyInit(key->state, NULL, NULL, NULL, key->key) != 1) {
		ERR_clear_error();
		return KM_ERR_CRYPTO;
	}
	status =
	    EVP_DigestVerify(key->state, signature, KM_SIGNATURE_BYTES, message.data, message.size);
	ERR_clear_error();
	return status == 1 ? 0 : KM_ERR_AUTH;
}

int km_signature_write_pem(const struct km_signature_key *key, struct km_buf *buf)
{
	BIO *memory = BIO_new(BIO_s_mem());
	char *data = NULL;
	long size = 0;
	int err = KM_ERR_MEMORY;

	if (memory == NULL) {
		return err;
	}
	if (PEM_write_bio_PUBKEY(memory, key->key) == 1) {
		size = BIO_get_mem_data(memory, &data);
		km_buf_add_data(buf, data, (size_t)size);
		err = km_buf_error(buf);
	}
	(void)BIO_free(memory);
	return err;
}

int km_signature_read_pem(struct km_bytes pem, uint8_t ret_public[static KM_SIGNATURE_PUBLIC_BYTES])
{
	struct km_signature_key found = { 0 };
	BIO *memory = NULL;
	int err = KM_ERR_FORMAT;

	if (pem.size == 0 || pem.size > PEM_MAX) {
		return KM_ERR_FORMAT;
	}
	memory = BIO_new_mem_buf(pem.data, (int)pem.size);
	if (memory == NULL) {
		return KM_ERR_MEMORY;
	}
	found.key = PEM_read_bio_PUBKEY(memory, NULL, NULL, NULL);
	if (found.key != NULL) {
		err = EVP_PKEY_get_id(found.key) == EVP_PKEY_ED25519
			  ? km_signature_public(&found, ret_public)
			  : KM_ERR_UNSUPPORTED;
	}
	ERR_clear_error();
	EVP_PKEY_free(found.key);
	(void)BIO_free(memory);
	return err;
}
