/*
 * What stands in a certificate, for people. Foreign text is escaped.
 */
#ifndef KM_CRYPTO_CERTIFICATE_FACTS_H
#define KM_CRYPTO_CERTIFICATE_FACTS_H

#include "crypto/certificate.h"

#include <openssl/x509v3.h>

#define KM_CERTIFICATE_FACTS_NAME_SIZE 256

struct km_certificate_facts {
	char subject[KM_CERTIFICATE_FACTS_NAME_SIZE]; /* [RFC 2253] */
	char issuer[KM_CERTIFICATE_FACTS_NAME_SIZE];
	char names[KM_CERTIFICATE_NAMES_SIZE]; /* alternative names, with commas */
	char key[32];                          /* "EC P-256", "RSA 2048" */
	char signature[32];                    /* "ecdsa-with-SHA256" */
	char serial[64];                       /* hexadecimal */
	int64_t from_unix_us;
	int64_t until_unix_us;
	uint8_t sha256[KM_CERTIFICATE_FINGERPRINT_BYTES];
	bool is_self_signed;
	unsigned count; /* certificates in the text: itself and its chain */
};

/* Of the first certificate of a PEM text. KM_ERR_FORMAT, KM_ERR_LIMIT or KM_ERR_CRYPTO. */
KM_MUST_USE int km_certificate_facts_read(
    struct km_bytes pem, struct km_certificate_facts *ret_facts);

/* The parts, for the other certificate modules. names may be NULL; what does not fit is left out.
 */
void km_certificate_facts_write_name(
    const X509_NAME *name, char ret_text[static KM_CERTIFICATE_FACTS_NAME_SIZE]);
void km_certificate_facts_write_names(
    const GENERAL_NAMES *names, char ret_text[static KM_CERTIFICATE_NAMES_SIZE]);
void km_certificate_facts_write_key(EVP_PKEY *key, char ret_text[static 32]);
int64_t km_certificate_facts_time(const ASN1_TIME *time);

#endif
