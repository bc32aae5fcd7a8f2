#include "crypto/certificate.h"

#include "base/error.h"
#include "base/time.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define BACKDATE_SECONDS 3600 /* clients whose clocks run a little behind */

static int add_extension(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = NULL;
	X509V3_CTX context;
	int err = KM_ERR_CRYPTO;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	if (extension != NULL && X509_add_ext(certificate, extension, -1) == 1) {
		err = 0;
	}
	X509_EXTENSION_free(extension);
	return err;
}

static int set_random_serial(X509 *certificate)
{
	uint8_t serial[16];
	BIGNUM *number = NULL;
	int err = KM_ERR_CRYPTO;

	if (RAND_bytes(serial, sizeof(serial)) != 1) {
		return KM_ERR_CRYPTO;
	}
	serial[0] &= 0x7f; /* positive [RFC 5280 4.1.2.2] */
	number = BN_bin2bn(serial, sizeof(serial), NULL);
	if (number != NULL &&
	    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL) {
		err = 0;
	}
	BN_free(number);
	return err;
}

static int set_validity(X509 *certificate, int64_t now_unix_us, unsigned days)
{
	time_t now = (time_t)(now_unix_us / KM_TIME_SECOND_US);

	if (X509_time_adj_ex(X509_getm_notBefore(certificate), 0, -BACKDATE_SECONDS, &now) ==
		NULL ||
	    X509_time_adj_ex(X509_getm_notAfter(certificate), (int)days, -BACKDATE_SECONDS, &now) ==
		NULL) {
		return KM_ERR_CRYPTO;
	}
	return 0;
}

static int fill(X509 *certificate, EVP_PKEY *key, const char *host_name, int64_t now, unsigned days)
{
	X509_NAME *name = X509_get_subject_name(certificate);
	char names[400];
	int length =
	    snprintf(names, sizeof(names), "DNS:%s,DNS:localhost,IP:127.0.0.1,IP:::1", host_name);

	if (length < 0 || (size_t)length >= sizeof(names)) {
		return KM_ERR_LIMIT;
	}
	if (X509_set_version(certificate, X509_VERSION_3) != 1 ||
	    set_random_serial(certificate) < 0 || set_validity(certificate, now, days) < 0 ||
	    X509_NAME_add_entry_by_txt(
		name, "O", MBSTRING_ASC, (const uint8_t *)"Komainu recorder", -1, -1, 0) != 1 ||
	    X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_ASC, (const uint8_t *)host_name, -1, -1, 0) != 1 ||
	    X509_set_issuer_name(certificate, name) != 1 ||
	    X509_set_pubkey(certificate, key) != 1 ||
	    add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE") < 0 ||
	    add_extension(certificate, NID_key_usage, "critical,digitalSignature") < 0 ||
	    add_extension(certificate, NID_ext_key_usage, "serverAuth") < 0 ||
	    add_extension(certificate, NID_subject_alt_name, names) < 0 ||
	    add_extension(certificate, NID_subject_key_identifier, "hash") < 0 ||
	    X509_sign(certificate, key, EVP_sha256()) <= 0) {
		return KM_ERR_CRYPTO;
	}
	return 0;
}

static int append_bio(BIO *bio, struct km_buf *buf)
{
	char *data = NULL;
	long size = BIO_get_mem_data(bio, &data);

	if (size <= 0) {
		return KM_ERR_CRYPTO;
	}
	km_buf_add_data(buf, data, (size_t)size);
	return km_buf_error(buf);
}

int km_certificate_make(const char *host_name, int64_t now_unix_us, unsigned days,
    struct km_buf *certificate_pem, struct km_buf *key_pem)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	BIO *certificate_bio = BIO_new(BIO_s_mem());
	BIO *key_bio = BIO_new(BIO_s_secmem());
	int err = KM_ERR_CRYPTO;

	if (key == NULL || certificate == NULL || certificate_bio == NULL || key_bio == NULL) {
		goto out;
	}
	err = fill(certificate, key, host_name, now_unix_us, days);
	if (err < 0) {
		goto out;
	}
	if (PEM_write_bio_X509(certificate_bio, certificate) != 1 ||
	    PEM_write_bio_PrivateKey(key_bio, key, NULL, NULL, 0, NULL, NULL) != 1) {
		err = KM_ERR_CRYPTO;
		goto out;
	}
	err = append_bio(certificate_bio, certificate_pem);
	if (err == 0) {
		err = append_bio(key_bio, key_pem);
	}
out:
	BIO_free(key_bio);
	BIO_free(certificate_bio);
	X509_free(certificate);
	EVP_PKEY_free(key);
	return err;
}

int km_certificate_fingerprint(
    struct km_bytes certificate_pem, uint8_t ret_sha256[static KM_CERTIFICATE_FINGERPRINT_BYTES])
{
	X509 *certificate = NULL;
	BIO *bio = NULL;
	unsigned size = 0;
	int err = KM_ERR_FORMAT;

	if (certificate_pem.size > INT32_MAX) {
		return KM_ERR_LIMIT;
	}
	bio = BIO_new_mem_buf(certificate_pem.data, (int)certificate_pem.size);
	if (bio == NULL) {
		return KM_ERR_MEMORY;
	}
	certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	if (certificate != NULL && X509_digest(certificate, EVP_sha256(), ret_sha256, &size) == 1 &&
	    size == KM_CERTIFICATE_FINGERPRINT_BYTES) {
		err = 0;
	}
	X509_free(certificate);
	BIO_free(bio);
	return err;
}
