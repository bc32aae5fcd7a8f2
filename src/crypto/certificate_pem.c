#include "crypto/certificate_pem.h"

#include <openssl/err.h>
#include <openssl/pem.h>

static BIO *open_text(struct km_bytes pem)
{
	return pem.size == 0 || pem.size > KM_CERTIFICATE_PEM_MAX
		   ? NULL
		   : BIO_new_mem_buf(pem.data, (int)pem.size);
}

/* In place of OpenSSL's own, which would ask on the terminal. */
static int refuse_passphrase(char *buffer, int size, int is_writing, void *asked)
{
	(void)buffer;
	(void)size;
	(void)is_writing;
	*(bool *)asked = true;
	return -1;
}

int km_certificate_pem_read_chain(struct km_bytes pem, STACK_OF(X509) * *ret_chain)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	BIO *bio = open_text(pem);
	X509 *certificate = NULL;
	int err = 0;

	if (chain == NULL || bio == NULL) {
		err = KM_ERR_FORMAT;
		goto out;
	}
	while (err == 0) {
		certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		if (certificate == NULL) {
			break;
		}
		if (sk_X509_num(chain) >= KM_CERTIFICATE_CHAIN_MAX) {
			err = KM_ERR_LIMIT;
		} else if (sk_X509_push(chain, certificate) > 0) {
			certificate = NULL;
		} else {
			err = KM_ERR_MEMORY;
		}
		X509_free(certificate);
	}
	/* The end of the text is no error; anything else is a broken certificate. */
	if (err == 0 && (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE ||
			    sk_X509_num(chain) == 0)) {
		err = KM_ERR_FORMAT;
	}
	ERR_clear_error();
out:
	BIO_free(bio);
	if (err < 0) {
		sk_X509_pop_free(chain, X509_free);
		return err;
	}
	*ret_chain = chain;
	return 0;
}

int km_certificate_pem_read(struct km_bytes pem, X509 **ret_certificate)
{
	BIO *bio = open_text(pem);
	X509 *certificate = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);

	BIO_free(bio);
	ERR_clear_error();
	if (certificate == NULL) {
		return KM_ERR_FORMAT;
	}
	*ret_certificate = certificate;
	return 0;
}

int km_certificate_pem_read_key(struct km_bytes pem, EVP_PKEY **ret_key)
{
	bool is_encrypted = false;
	BIO *bio = open_text(pem);
	EVP_PKEY *key = bio == NULL
			    ? NULL
			    : PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, &is_encrypted);

	BIO_free(bio);
	ERR_clear_error();
	if (key == NULL) {
		return is_encrypted ? KM_ERR_AUTH : KM_ERR_FORMAT;
	}
	*ret_key = key;
	return 0;
}

int km_certificate_pem_read_request(struct km_bytes pem, X509_REQ **ret_request)
{
	BIO *bio = open_text(pem);
	X509_REQ *request = bio == NULL ? NULL : PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);

	BIO_free(bio);
	ERR_clear_error();
	if (request == NULL) {
		return KM_ERR_FORMAT;
	}
	*ret_request = request;
	return 0;
}

/* Append what was written, and free. */
static int take(BIO *bio, bool is_written, struct km_buf *pem)
{
	char *data = NULL;
	long size = bio == NULL ? 0 : BIO_get_mem_data(bio, &data);
	int err = KM_ERR_CRYPTO;

	if (is_written && size > 0) {
		km_buf_add_data(pem, data, (size_t)size);
		err = km_buf_error(pem);
	}
	BIO_free(bio);
	return err;
}

int km_certificate_pem_add(X509 *certificate, struct km_buf *pem)
{
	BIO *bio = BIO_new(BIO_s_mem());

	return take(bio, bio != NULL && PEM_write_bio_X509(bio, certificate) == 1, pem);
}

int km_certificate_pem_add_key(EVP_PKEY *key, struct km_buf *pem)
{
	BIO *bio = BIO_new(BIO_s_secmem());

	return take(bio,
	    bio != NULL && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1, pem);
}

int km_certificate_pem_add_request(X509_REQ *request, struct km_buf *pem)
{
	BIO *bio = BIO_new(BIO_s_mem());

	return take(bio, bio != NULL && PEM_write_bio_X509_REQ(bio, request) == 1, pem);
}
