#include "crypto/certificate_facts.h"

#include "base/text.h"
#include "base/time.h"
#include "crypto/certificate_pem.h"

#include <arpa/inet.h>
#include <openssl/core_names.h>
#include <openssl/objects.h>
#include <stdio.h>
#include <string.h>

void km_certificate_facts_write_name(
    const X509_NAME *name, char ret_text[static KM_CERTIFICATE_FACTS_NAME_SIZE])
{
	BIO *memory = BIO_new(BIO_s_mem());
	struct km_buf text;
	char *data = NULL;
	long size = 0;

	km_buf_init_fixed(&text, ret_text, KM_CERTIFICATE_FACTS_NAME_SIZE - 1);
	if (memory != NULL && X509_NAME_print_ex(memory, name, 0, XN_FLAG_RFC2253) >= 0) {
		size = BIO_get_mem_data(memory, &data);
	}
	if (size > 0) {
		/* An escape takes four bytes; what would not fit ends in "...". */
		km_text_add_escaped(&text, km_bytes_from(data, (size_t)size),
		    (KM_CERTIFICATE_FACTS_NAME_SIZE - 4) / 4);
	}
	ret_text[text.size] = '\0';
	BIO_free(memory);
}

static void write_general_name(
    const GENERAL_NAME *name, char ret_text[static INET6_ADDRSTRLEN + 256])
{
	ret_text[0] = '\0';
	if (name->type == GEN_DNS) {
		struct km_bytes text = km_bytes_from(ASN1_STRING_get0_data(name->d.dNSName),
		    (size_t)ASN1_STRING_length(name->d.dNSName));

		if (text.size < 256 && km_text_is_clean_utf8(text) &&
		    km_bytes_find(text, ',') == text.size) {
			(void)km_bytes_copy_text(text, ret_text, 256);
		}
	} else if (name->type == GEN_IPADD) {
		const uint8_t *address = ASN1_STRING_get0_data(name->d.iPAddress);
		int size = ASN1_STRING_length(name->d.iPAddress);

		if (size == 4 || size == 16) {
			(void)inet_ntop(
			    size == 4 ? AF_INET : AF_INET6, address, ret_text, INET6_ADDRSTRLEN);
		}
	}
}

void km_certificate_facts_write_names(
    const GENERAL_NAMES *names, char ret_text[static KM_CERTIFICATE_NAMES_SIZE])
{
	char text[INET6_ADDRSTRLEN + 256];

	ret_text[0] = '\0';
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		write_general_name(sk_GENERAL_NAME_value(names, i), text);
		if (text[0] != '\0' && km_certificate_names_add(ret_text, text) < 0) {
			return;
		}
	}
}

void km_certificate_facts_write_key(EVP_PKEY *key, char ret_text[static 32])
{
	char group[24] = "";
	int nid = 0;

	(void)snprintf(ret_text, 32, "unknown");
	if (key == NULL) {
		return;
	}
	if (EVP_PKEY_is_a(key, "RSA") || EVP_PKEY_is_a(key, "RSA-PSS")) {
		(void)snprintf(ret_text, 32, "RSA %d", EVP_PKEY_get_bits(key));
	} else if (EVP_PKEY_is_a(key, "EC") &&
		   EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1) {
		nid = OBJ_txt2nid(group);
		(void)snprintf(ret_text, 32, "EC %s",
		    EC_curve_nid2nist(nid) != NULL ? EC_curve_nid2nist(nid) : group);
	} else if (EVP_PKEY_get0_type_name(key) != NULL) {
		(void)snprintf(ret_text, 32, "%.31s", EVP_PKEY_get0_type_name(key));
	}
}

int64_t km_certificate_facts_time(const ASN1_TIME *time)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0;
	int seconds = 0;
	int64_t unix_us = 0;

	if (epoch != NULL && ASN1_TIME_diff(&days, &seconds, epoch, time) == 1) {
		unix_us = (int64_t)days * KM_TIME_DAY_US + (int64_t)seconds * KM_TIME_SECOND_US;
	}
	ASN1_TIME_free(epoch);
	return unix_us;
}

static void write_serial(const X509 *certificate, char *ret_text, size_t size)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
	struct km_bytes bytes =
	    km_bytes_from(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial));

	ret_text[0] = '\0';
	(void)km_text_write_hex(km_bytes_slice(bytes, 0, (size - 1) / 2), ret_text, size);
}

int km_certificate_facts_read(struct km_bytes pem, struct km_certificate_facts *ret_facts)
{
	struct km_certificate_facts facts = { 0 };
	STACK_OF(X509) *chain = NULL;
	X509 *certificate = NULL;
	GENERAL_NAMES *names = NULL;
	const char *signature = NULL;
	unsigned size = 0;
	int err = km_certificate_pem_read_chain(pem, &chain);

	if (err < 0) {
		return err;
	}
	certificate = sk_X509_value(chain, 0);
	facts.count = (unsigned)sk_X509_num(chain);
	km_certificate_facts_write_name(X509_get_subject_name(certificate), facts.subject);
	km_certificate_facts_write_name(X509_get_issuer_name(certificate), facts.issuer);
	names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	km_certificate_facts_write_names(names, facts.names);
	GENERAL_NAMES_free(names);
	km_certificate_facts_write_key(X509_get0_pubkey(certificate), facts.key);
	signature = OBJ_nid2sn(X509_get_signature_nid(certificate));
	(void)snprintf(facts.signature, sizeof(facts.signature), "%s",
	    signature == NULL ? "unknown" : signature);
	write_serial(certificate, facts.serial, sizeof(facts.serial));
	facts.from_unix_us = km_certificate_facts_time(X509_get0_notBefore(certificate));
	facts.until_unix_us = km_certificate_facts_time(X509_get0_notAfter(certificate));
	facts.is_self_signed = X509_self_signed(certificate, 1) == 1;
	if (X509_digest(certificate, EVP_sha256(), facts.sha256, &size) != 1 ||
	    size != KM_CERTIFICATE_FINGERPRINT_BYTES) {
		err = KM_ERR_CRYPTO;
	} else {
		*ret_facts = facts;
	}
	sk_X509_pop_free(chain, X509_free);
	return err;
}
