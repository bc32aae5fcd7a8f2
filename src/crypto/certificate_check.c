#include "crypto/certificate_check.h"

#include "base/error.h"
#include "base/time.h"
#include "crypto/certificate_facts.h"
#include "crypto/certificate_pem.h"

#include <openssl/err.h>
#include <string.h>

#define RSA_BITS_MIN 2048 /* [CRYPTREC LS-0003] */
#define EC_BITS_MIN  256
#define WHOSE_SIZE   (KM_CERTIFICATE_FACTS_NAME_SIZE + 48)

int km_certificate_check_key(EVP_PKEY *key, const char *whose, struct km_buf *ret_error)
{
	char kind[32];
	bool is_rsa = key != NULL && EVP_PKEY_is_a(key, "RSA");
	bool is_ec = key != NULL && EVP_PKEY_is_a(key, "EC");
	int bits = key == NULL ? 0 : EVP_PKEY_get_bits(key);

	km_certificate_facts_write_key(key, kind);
	/* Of the curves, those that browsers and [CRYPTREC LS-0003] have in common. */
	if (is_ec && bits >= EC_BITS_MIN) {
		is_ec = strcmp(kind, "EC P-256") == 0 || strcmp(kind, "EC P-384") == 0 ||
			strcmp(kind, "EC P-521") == 0;
	}
	if ((is_rsa && bits >= RSA_BITS_MIN) || (is_ec && bits >= EC_BITS_MIN)) {
		return 0;
	}
	km_buf_add_format(ret_error,
	    "%s has a key of %s; RSA of %d bits or more, or EC on P-256 or P-384, is right", whose,
	    kind, RSA_BITS_MIN);
	return KM_ERR_RANGE;
}

/* "certificate 2 (CN=...)": where in the text the fault is. */
static void name_it(X509 *certificate, int place, char ret_text[static WHOSE_SIZE])
{
	char subject[KM_CERTIFICATE_FACTS_NAME_SIZE];

	km_certificate_facts_write_name(X509_get_subject_name(certificate), subject);
	(void)snprintf(ret_text, WHOSE_SIZE, "certificate %d (%s)", place + 1, subject);
}

static int check_dates(
    X509 *certificate, const char *whose, int64_t now_unix_us, struct km_buf *ret_error)
{
	int64_t from = km_certificate_facts_time(X509_get0_notBefore(certificate));
	int64_t until = km_certificate_facts_time(X509_get0_notAfter(certificate));
	char from_text[KM_TIME_TEXT_SIZE];
	char until_text[KM_TIME_TEXT_SIZE];
	char now_text[KM_TIME_TEXT_SIZE];

	if (from <= now_unix_us && now_unix_us < until) {
		return 0;
	}
	km_time_write(from, from_text);
	km_time_write(until, until_text);
	km_time_write(now_unix_us, now_text);
	km_buf_add_format(ret_error, "%s is valid from %.19sZ until %.19sZ, and it is %.19sZ now%s",
	    whose, from_text, until_text, now_text,
	    now_unix_us < from ? ": check the clock" : ": have it renewed");
	return KM_ERR_RANGE;
}

static int check_signature(X509 *certificate, const char *whose, struct km_buf *ret_error)
{
	int digest = NID_undef;

	if (X509_get_signature_info(certificate, &digest, NULL, NULL, NULL) == 1 &&
	    (digest == NID_sha256 || digest == NID_sha384 || digest == NID_sha512)) {
		return 0;
	}
	km_buf_add_format(ret_error, "%s is signed with %s; SHA-256, SHA-384 or SHA-512 is right",
	    whose, OBJ_nid2sn(X509_get_signature_nid(certificate)));
	return KM_ERR_RANGE;
}

/* Each is signed by the next one. */
static int check_order(STACK_OF(X509) * chain, struct km_buf *ret_error)
{
	char whose[WHOSE_SIZE];
	char issuer[KM_CERTIFICATE_FACTS_NAME_SIZE];

	for (int i = 0; i + 1 < sk_X509_num(chain); i++) {
		X509 *certificate = sk_X509_value(chain, i);
		X509 *next = sk_X509_value(chain, i + 1);

		name_it(certificate, i, whose);
		if (X509_check_issued(next, certificate) != X509_V_OK) {
			km_certificate_facts_write_name(X509_get_issuer_name(certificate), issuer);
			km_buf_add_format(ret_error,
			    "%s was issued by %s, which is not the next one: the order is the "
			    "recorder's own certificate first, then each one's issuer",
			    whose, issuer);
			return KM_ERR_FORMAT;
		}
		if (X509_verify(certificate, X509_get0_pubkey(next)) != 1) {
			ERR_clear_error();
			km_buf_add_format(
			    ret_error, "%s is not signed by the key of the next one", whose);
			return KM_ERR_AUTH;
		}
	}
	return 0;
}

static int check_each(STACK_OF(X509) * chain, int64_t now_unix_us, struct km_buf *ret_error)
{
	char whose[WHOSE_SIZE];
	int err = 0;

	for (int i = 0; err == 0 && i < sk_X509_num(chain); i++) {
		X509 *certificate = sk_X509_value(chain, i);

		name_it(certificate, i, whose);
		err = km_certificate_check_key(X509_get0_pubkey(certificate), whose, ret_error);
		/* Nobody looks at a root's own signature. */
		if (err == 0 && (i == 0 || X509_self_signed(certificate, 0) != 1)) {
			err = check_signature(certificate, whose, ret_error);
		}
		if (err == 0) {
			err = check_dates(certificate, whose, now_unix_us, ret_error);
		}
		if (err == 0 && i > 0 && X509_check_ca(certificate) != 1) {
			km_buf_add_format(ret_error, "%s is not that of an authority", whose);
			err = KM_ERR_FORMAT;
		}
	}
	return err;
}

static bool covers(X509 *certificate, const char *name)
{
	if (km_certificate_names_is_address(name)) {
		return X509_check_ip_asc(certificate, name, 0) == 1;
	}
	return X509_check_host(certificate, name, 0,
		   X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
		   NULL) == 1;
}

static int check_server(X509 *leaf, const char *names, struct km_buf *ret_error)
{
	struct km_bytes rest = km_bytes_text(names);
	char name[KM_CERTIFICATE_NAME_SIZE];

	if (X509_check_ca(leaf) == 1 && X509_self_signed(leaf, 0) != 1) {
		km_buf_add_text(ret_error, "certificate 1 is that of an authority; the recorder's "
					   "own comes first");
		return KM_ERR_FORMAT;
	}
	if (X509_check_purpose(leaf, X509_PURPOSE_SSL_SERVER, 0) != 1) {
		km_buf_add_text(ret_error, "certificate 1 is not for a server: extended key usage "
					   "serverAuth and key usage digitalSignature are right");
		return KM_ERR_FORMAT;
	}
	while (km_certificate_names_next(&rest, name)) {
		if (name[0] != '\0' && !covers(leaf, name)) {
			km_buf_add_format(ret_error,
			    "certificate 1 is not made out to %s, by which people reach the "
			    "recorder (--names says which names those are)",
			    name);
			return KM_ERR_RANGE;
		}
	}
	return 0;
}

/* Both texts as one chain. */
static int read_chain(
    const struct km_certificate_offer *offer, STACK_OF(X509) * *ret_chain, struct km_buf *ret_error)
{
	struct km_buf both;
	int err = 0;

	km_buf_init(&both, (size_t)2 * KM_CERTIFICATE_PEM_MAX);
	km_buf_add(&both, offer->certificate_pem);
	km_buf_add_text(&both, "\n");
	km_buf_add(&both, offer->chain_pem);
	err = km_buf_error(&both);
	if (err == 0) {
		err = km_certificate_pem_read_chain(km_buf_view(&both), ret_chain);
	}
	if (err < 0) {
		km_buf_add_format(ret_error,
		    "the certificate: 1 to %d of them in PEM form (BEGIN CERTIFICATE) are right",
		    KM_CERTIFICATE_CHAIN_MAX);
	}
	km_buf_finish(&both);
	return err;
}

static int read_key(struct km_bytes pem, X509 *leaf, EVP_PKEY **ret_key, struct km_buf *ret_error)
{
	EVP_PKEY *key = NULL;
	int err = km_certificate_pem_read_key(pem, &key);

	if (err == KM_ERR_AUTH) {
		km_buf_add_text(ret_error,
		    "the key is encrypted: decrypt it first (openssl pkey -in KEY -out PLAIN)");
		return err;
	}
	if (err < 0) {
		km_buf_add_text(
		    ret_error, "the key: a private key in PEM form (BEGIN PRIVATE KEY) is right");
		return err;
	}
	if (X509_check_private_key(leaf, key) != 1) {
		ERR_clear_error();
		km_buf_add_text(ret_error, "the key is not the one of certificate 1");
		EVP_PKEY_free(key);
		return KM_ERR_AUTH;
	}
	*ret_key = key;
	return 0;
}

static int write_chain(STACK_OF(X509) * chain, struct km_buf *pem)
{
	int count = sk_X509_num(chain);
	int err = 0;

	if (count > 1 && X509_self_signed(sk_X509_value(chain, count - 1), 0) == 1) {
		count--;
	}
	for (int i = 0; err == 0 && i < count; i++) {
		err = km_certificate_pem_add(sk_X509_value(chain, i), pem);
	}
	return err;
}

int km_certificate_check_offer(const struct km_certificate_offer *offer,
    struct km_buf *certificate_pem, struct km_buf *key_pem, struct km_buf *ret_error)
{
	STACK_OF(X509) *chain = NULL;
	EVP_PKEY *key = NULL;
	int err = read_chain(offer, &chain, ret_error);

	if (err < 0) {
		return err;
	}
	err = read_key(offer->key_pem, sk_X509_value(chain, 0), &key, ret_error);
	if (err == 0) {
		err = check_order(chain, ret_error);
	}
	if (err == 0) {
		err = check_each(chain, offer->now_unix_us, ret_error);
	}
	if (err == 0) {
		err = check_server(sk_X509_value(chain, 0), offer->names, ret_error);
	}
	if (err == 0) {
		err = write_chain(chain, certificate_pem);
	}
	if (err == 0) {
		err = km_certificate_pem_add_key(key, key_pem);
	}
	EVP_PKEY_free(key);
	sk_X509_pop_free(chain, X509_free);
	return err;
}
