#include "crypto/certificate.h"

#include "base/time.h"
#include "crypto/certificate_check.h"
#include "crypto/certificate_facts.h"
#include "crypto/certificate_pem.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

#define BACKDATE_SECONDS 3600 /* clients whose clocks run a little behind */
#define COMMON_NAME_MAX  64   /* [RFC 5280 A.1] ub-common-name */
#define ORGANISATION     "Komainu recorder"

/* What is put into a certificate besides its names and key. */
struct kind {
	const char *basic_constraints;
	const char *key_usage;
	const char *extended_key_usage; /* NULL: none */
};

static const struct kind server_kind = {
	.basic_constraints = "critical,CA:FALSE",
	.key_usage = "critical,digitalSignature",
	.extended_key_usage = "serverAuth",
};

static const struct kind authority_kind = {
	.basic_constraints = "critical,CA:TRUE,pathlen:0",
	.key_usage = "critical,keyCertSign,cRLSign",
};

static int add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *extension = NULL;
	X509V3_CTX context;
	int err = KM_ERR_CRYPTO;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
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

/* No longer than the issuer: a chain with an ended issuer is worth nothing. */
static int set_validity(X509 *certificate, const X509 *issuer, int64_t now_unix_us, unsigned days)
{
	time_t now = (time_t)(now_unix_us / KM_TIME_SECOND_US);

	if (X509_time_adj_ex(X509_getm_notBefore(certificate), 0, -BACKDATE_SECONDS, &now) ==
		NULL ||
	    X509_time_adj_ex(X509_getm_notAfter(certificate), (int)days, -BACKDATE_SECONDS, &now) ==
		NULL) {
		return KM_ERR_CRYPTO;
	}
	if (issuer != NULL &&
	    ASN1_TIME_compare(X509_get0_notAfter(certificate), X509_get0_notAfter(issuer)) > 0 &&
	    X509_set1_notAfter(certificate, X509_get0_notAfter(issuer)) != 1) {
		return KM_ERR_CRYPTO;
	}
	return 0;
}

/* [RFC 5280 4.2.1.6] as OpenSSL's own text form: "DNS:a,IP:192.0.2.7" */
static int write_alternative_names(const char *names, struct km_buf *text)
{
	struct km_bytes rest = km_bytes_text(names);
	char name[KM_CERTIFICATE_NAME_SIZE];

	while (km_certificate_names_next(&rest, name)) {
		km_buf_add_format(text, "%s%s:%s", text->size > 0 ? "," : "",
		    km_certificate_names_is_address(name) ? "IP" : "DNS", name);
	}
	km_buf_add_u8(text, 0);
	return km_buf_error(text);
}

static int check_names(const char *names)
{
	char storage[512];
	struct km_buf unused;

	km_buf_init_fixed(&unused, storage, sizeof(storage));
	return km_certificate_names_check(names, &unused);
}

static int set_subject(X509_NAME *subject, const char *common_name)
{
	if (X509_NAME_add_entry_by_txt(
		subject, "O", MBSTRING_UTF8, (const uint8_t *)ORGANISATION, -1, -1, 0) != 1) {
		return KM_ERR_CRYPTO;
	}
	/* What does not fit stands in the alternative names, which are what counts. */
	if (strlen(common_name) <= COMMON_NAME_MAX &&
	    X509_NAME_add_entry_by_txt(
		subject, "CN", MBSTRING_UTF8, (const uint8_t *)common_name, -1, -1, 0) != 1) {
		return KM_ERR_CRYPTO;
	}
	return 0;
}

static int add_names(X509 *certificate, X509 *issuer, const char *names)
{
	uint8_t storage[2 * KM_CERTIFICATE_NAMES_SIZE];
	struct km_buf text;
	int err = 0;

	km_buf_init_fixed(&text, storage, sizeof(storage));
	err = write_alternative_names(names, &text);
	return err < 0 ? err
		       : add_extension(
			     certificate, issuer, NID_subject_alt_name, (const char *)storage);
}

/*
 * A certificate for `key`, signed with issuer_key. issuer NULL: by itself. names NULL: an
 * authority, which has none.
 */
struct filling {
	const struct kind *kind;
	X509 *issuer;
	EVP_PKEY *issuer_key;
	const char *common_name;
	const char *names;
	int64_t now_unix_us;
	unsigned days;
};

static int fill(X509 *certificate, EVP_PKEY *key, const struct filling *filling)
{
	const struct kind *kind = filling->kind;
	X509 *issuer = filling->issuer == NULL ? certificate : filling->issuer;

	if (X509_set_version(certificate, X509_VERSION_3) != 1 ||
	    set_random_serial(certificate) < 0 ||
	    set_validity(certificate, filling->issuer, filling->now_unix_us, filling->days) < 0 ||
	    set_subject(X509_get_subject_name(certificate), filling->common_name) < 0 ||
	    X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) != 1 ||
	    X509_set_pubkey(certificate, key) != 1 ||
	    add_extension(certificate, issuer, NID_basic_constraints, kind->basic_constraints) <
		0 ||
	    add_extension(certificate, issuer, NID_key_usage, kind->key_usage) < 0 ||
	    (kind->extended_key_usage != NULL &&
		add_extension(certificate, issuer, NID_ext_key_usage, kind->extended_key_usage) <
		    0) ||
	    add_extension(certificate, issuer, NID_subject_key_identifier, "hash") < 0 ||
	    (filling->issuer != NULL &&
		add_extension(certificate, issuer, NID_authority_key_identifier, "keyid") < 0) ||
	    (filling->names != NULL && add_names(certificate, issuer, filling->names) < 0) ||
	    X509_sign(certificate, filling->issuer_key, EVP_sha256()) <= 0) {
		return KM_ERR_CRYPTO;
	}
	return 0;
}

/* Make a key, and a certificate for it. filling->issuer_key NULL: signed with its own key. */
static int make(struct filling *filling, struct km_buf *certificate_pem, struct km_buf *key_pem)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	int err = KM_ERR_CRYPTO;

	if (key == NULL || certificate == NULL) {
		goto out;
	}
	if (filling->issuer_key == NULL) {
		filling->issuer_key = key;
	}
	err = fill(certificate, key, filling);
	if (err == 0) {
		err = km_certificate_pem_add(certificate, certificate_pem);
	}
	if (err == 0) {
		err = km_certificate_pem_add_key(key, key_pem);
	}
out:
	X509_free(certificate);
	EVP_PKEY_free(key);
	return err;
}

static void first_name(const char *names, char ret_name[static KM_CERTIFICATE_NAME_SIZE])
{
	struct km_bytes rest = km_bytes_text(names);

	ret_name[0] = '\0';
	(void)km_certificate_names_next(&rest, ret_name);
}

int km_certificate_make(const char *names, int64_t now_unix_us, unsigned days,
    struct km_buf *certificate_pem, struct km_buf *key_pem)
{
	char name[KM_CERTIFICATE_NAME_SIZE];
	struct filling filling = {
		.kind = &server_kind,
		.common_name = name,
		.names = names,
		.now_unix_us = now_unix_us,
		.days = days,
	};
	int err = check_names(names);

	first_name(names, name);
	return err < 0 ? err : make(&filling, certificate_pem, key_pem);
}

int km_certificate_make_authority(const char *name, int64_t now_unix_us, unsigned days,
    struct km_buf *certificate_pem, struct km_buf *key_pem)
{
	struct filling filling = {
		.kind = &authority_kind,
		.common_name = name,
		.now_unix_us = now_unix_us,
		.days = days,
	};

	if (name[0] == '\0' || strlen(name) > COMMON_NAME_MAX) {
		return KM_ERR_FORMAT;
	}
	return make(&filling, certificate_pem, key_pem);
}

/* --- the authority at work --- */

static int open_authority(const struct km_certificate_authority *authority, int64_t now_unix_us,
    X509 **ret_certificate, EVP_PKEY **ret_key)
{
	time_t now = (time_t)(now_unix_us / KM_TIME_SECOND_US);
	X509 *certificate = NULL;
	EVP_PKEY *key = NULL;

	if (km_certificate_pem_read(authority->certificate_pem, &certificate) < 0 ||
	    km_certificate_pem_read_key(authority->key_pem, &key) < 0 ||
	    X509_check_ca(certificate) != 1 || X509_check_private_key(certificate, key) != 1 ||
	    X509_cmp_time(X509_get0_notAfter(certificate), &now) <= 0) {
		X509_free(certificate);
		EVP_PKEY_free(key);
		return KM_ERR_CONFIG;
	}
	*ret_certificate = certificate;
	*ret_key = key;
	return 0;
}

int km_certificate_issue(const struct km_certificate_authority *authority, const char *names,
    int64_t now_unix_us, unsigned days, struct km_buf *certificate_pem, struct km_buf *key_pem)
{
	char name[KM_CERTIFICATE_NAME_SIZE];
	struct filling filling = {
		.kind = &server_kind,
		.common_name = name,
		.names = names,
		.now_unix_us = now_unix_us,
		.days = days,
	};
	int err = check_names(names);

	first_name(names, name);
	if (err == 0) {
		err = open_authority(authority, now_unix_us, &filling.issuer, &filling.issuer_key);
	}
	if (err == 0) {
		err = make(&filling, certificate_pem, key_pem);
	}
	X509_free(filling.issuer);
	EVP_PKEY_free(filling.issuer_key);
	return err;
}

/* Whose request it is, proven by its signature [RFC 2986 3], and which names it wishes. */
static int read_request(struct km_bytes pem, EVP_PKEY **ret_key,
    char ret_names[static KM_CERTIFICATE_NAMES_SIZE], struct km_buf *ret_error)
{
	X509_REQ *request = NULL;
	STACK_OF(X509_EXTENSION) *extensions = NULL;
	GENERAL_NAMES *names = NULL;
	EVP_PKEY *key = NULL;
	int err = km_certificate_pem_read_request(pem, &request);

	if (err < 0) {
		km_buf_add_text(ret_error, "the request: one in PEM form (BEGIN CERTIFICATE "
					   "REQUEST) is right");
		return err;
	}
	key = X509_REQ_get_pubkey(request);
	if (key == NULL || X509_REQ_verify(request, key) != 1) {
		km_buf_add_text(ret_error, "the request: its signature is not by its own key");
		err = KM_ERR_AUTH;
	}
	if (err == 0) {
		err = km_certificate_check_key(key, "the request", ret_error);
	}
	extensions = X509_REQ_get_extensions(request);
	names = extensions == NULL ? NULL
				   : X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);
	km_certificate_facts_write_names(names, ret_names);
	GENERAL_NAMES_free(names);
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	X509_REQ_free(request);
	if (err < 0) {
		EVP_PKEY_free(key);
		return err;
	}
	*ret_key = key;
	return 0;
}

int km_certificate_sign_request(const struct km_certificate_authority *authority,
    struct km_bytes request_pem, const char *names, int64_t now_unix_us, unsigned days,
    struct km_buf *certificate_pem, struct km_buf *ret_error)
{
	char wished[KM_CERTIFICATE_NAMES_SIZE] = "";
	char name[KM_CERTIFICATE_NAME_SIZE];
	struct filling filling = {
		.kind = &server_kind, .common_name = name, .now_unix_us = now_unix_us, .days = days
	};
	EVP_PKEY *key = NULL;
	X509 *certificate = X509_new();
	int err = read_request(request_pem, &key, wished, ret_error);

	filling.names = names == NULL ? wished : names;
	if (err == 0 && filling.names[0] == '\0') {
		km_buf_add_text(ret_error, "the request names no host: say for which names it is");
		err = KM_ERR_FORMAT;
	}
	if (err == 0) {
		err = km_certificate_names_check(filling.names, ret_error);
	}
	if (err == 0) {
		err = open_authority(authority, now_unix_us, &filling.issuer, &filling.issuer_key);
	}
	if (err == 0) {
		first_name(filling.names, name);
		err = certificate == NULL ? KM_ERR_MEMORY : fill(certificate, key, &filling);
	}
	if (err == 0) {
		err = km_certificate_pem_add(certificate, certificate_pem);
	}
	X509_free(certificate);
	X509_free(filling.issuer);
	EVP_PKEY_free(filling.issuer_key);
	EVP_PKEY_free(key);
	return err;
}

/* --- a request of our own --- */

static int add_request_names(X509_REQ *request, const char *names)
{
	uint8_t storage[2 * KM_CERTIFICATE_NAMES_SIZE];
	STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
	X509_EXTENSION *extension = NULL;
	X509V3_CTX context;
	struct km_buf text;
	int err = 0;

	km_buf_init_fixed(&text, storage, sizeof(storage));
	err = write_alternative_names(names, &text);
	if (err == 0) {
		X509V3_set_ctx_nodb(&context);
		X509V3_set_ctx(&context, NULL, NULL, request, NULL, 0);
		extension = X509V3_EXT_conf_nid(
		    NULL, &context, NID_subject_alt_name, (const char *)storage);
		if (extension == NULL || extensions == NULL ||
		    sk_X509_EXTENSION_push(extensions, extension) <= 0) {
			X509_EXTENSION_free(extension);
			err = KM_ERR_CRYPTO;
		}
	}
	if (err == 0 && X509_REQ_add_extensions(request, extensions) != 1) {
		err = KM_ERR_CRYPTO;
	}
	sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
	return err;
}

int km_certificate_request(const char *names, struct km_buf *request_pem, struct km_buf *key_pem)
{
	char name[KM_CERTIFICATE_NAME_SIZE];
	EVP_PKEY *key = NULL;
	X509_REQ *request = NULL;
	int err = check_names(names);

	if (err < 0) {
		return err;
	}
	first_name(names, name);
	key = EVP_EC_gen("P-256");
	request = X509_REQ_new();
	if (key == NULL || request == NULL || X509_REQ_set_version(request, 0) != 1 ||
	    set_subject(X509_REQ_get_subject_name(request), name) < 0 ||
	    X509_REQ_set_pubkey(request, key) != 1 || add_request_names(request, names) < 0 ||
	    X509_REQ_sign(request, key, EVP_sha256()) <= 0) {
		err = KM_ERR_CRYPTO;
	}
	if (err == 0) {
		err = km_certificate_pem_add_request(request, request_pem);
	}
	if (err == 0) {
		err = km_certificate_pem_add_key(key, key_pem);
	}
	X509_REQ_free(request);
	EVP_PKEY_free(key);
	return err;
}

int km_certificate_fingerprint(
    struct km_bytes certificate_pem, uint8_t ret_sha256[static KM_CERTIFICATE_FINGERPRINT_BYTES])
{
	X509 *certificate = NULL;
	unsigned size = 0;
	int err = km_certificate_pem_read(certificate_pem, &certificate);

	if (err == 0 && (X509_digest(certificate, EVP_sha256(), ret_sha256, &size) != 1 ||
			    size != KM_CERTIFICATE_FINGERPRINT_BYTES)) {
		err = KM_ERR_CRYPTO;
	}
	X509_free(certificate);
	return err;
}
