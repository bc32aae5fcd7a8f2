#include "lab_certificate.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define DAY_S 86400L

static int add_extension(X509 *certificate, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	int is_added = extension && X509_add_ext(certificate, extension, -1);

	X509_EXTENSION_free(extension);
	return is_added;
}

static int fill(X509 *certificate, EVP_PKEY *key)
{
	X509_NAME *name = X509_get_subject_name(certificate);
	uint64_t serial = 0;

	return RAND_bytes((unsigned char *)&serial, sizeof(serial)) == 1 &&
	       X509_set_version(certificate, X509_VERSION_3) &&
	       ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1) &&
	       X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY_S) &&
	       X509_gmtime_adj(X509_getm_notAfter(certificate), 30 * DAY_S) &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
		   (const unsigned char *)"komainu lab camera", -1, -1, 0) &&
	       X509_set_issuer_name(certificate, name) && X509_set_pubkey(certificate, key) &&
	       add_extension(certificate, NID_subject_alt_name,
		   "DNS:localhost,IP:127.0.0.1,IP:0:0:0:0:0:0:0:1") &&
	       X509_sign(certificate, key, EVP_sha256()) > 0;
}

int km_lab_certificate_make(char ret_pem[static KM_LAB_CERTIFICATE_PEM_MAX])
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());
	int size = 0;
	int result = -1;

	if (!key || !certificate || !bio || !fill(certificate, key) ||
	    !PEM_write_bio_X509(bio, certificate) ||
	    !PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)) {
		goto out;
	}
	size = BIO_read(bio, ret_pem, KM_LAB_CERTIFICATE_PEM_MAX - 1);
	if (size > 0 && BIO_pending(bio) == 0) {
		ret_pem[size] = '\0';
		result = 0;
	}
out:
	BIO_free(bio);
	X509_free(certificate);
	EVP_PKEY_free(key);
	return result;
}

int km_lab_certificate_print(const char *pem, char ret_hex[static KM_LAB_CERTIFICATE_HEX_SIZE])
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	int result = -1;

	if (certificate && X509_digest(certificate, EVP_sha256(), digest, &size)) {
		for (unsigned i = 0; i < size; i++) {
			snprintf(ret_hex + (size_t)i * 2, 3, "%02x", digest[i]);
		}
		result = 0;
	}
	X509_free(certificate);
	BIO_free(bio);
	return result;
}
