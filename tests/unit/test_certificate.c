/* sources: base/error.c base/bytes.c base/buf.c base/text.c base/time.c crypto/certificate.c crypto/certificate_check.c crypto/certificate_facts.c crypto/certificate_names.c crypto/certificate_pem.c */
/* libraries: crypto */
#include "crypto/certificate.h"

#include "base/error.h"
#include "base/time.h"
#include "crypto/certificate_check.h"
#include "crypto/certificate_facts.h"
#include "crypto/certificate_pem.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define NOW_US INT64_C(1795000000000000) /* 2026-11-18 */

struct fixture {
	struct km_buf certificate_pem;
	struct km_buf key_pem;
};

static int set_up(void **state)
{
	static struct fixture fixture;

	km_buf_init(&fixture.certificate_pem, 16384);
	km_buf_init(&fixture.key_pem, 16384);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	km_buf_finish(&fixture->certificate_pem);
	km_buf_wipe(&fixture->key_pem);
	return 0;
}

static X509 *read_certificate(const struct km_buf *pem)
{
	BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->size);
	X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	BIO_free(bio);
	assert_non_null(certificate);
	return certificate;
}

static EVP_PKEY *read_key(const struct km_buf *pem)
{
	BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->size);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

	BIO_free(bio);
	assert_non_null(key);
	return key;
}

static void test_make(void **state)
{
	struct fixture *fixture = *state;
	time_t now = NOW_US / KM_TIME_SECOND_US;
	time_t later = now + 820 * 86400;
	X509 *certificate = NULL;
	EVP_PKEY *key = NULL;

	assert_int_equal(km_certificate_make("recorder.example,localhost,127.0.0.1,::1", NOW_US,
			     820, &fixture->certificate_pem, &fixture->key_pem),
	    0);
	certificate = read_certificate(&fixture->certificate_pem);
	key = read_key(&fixture->key_pem);
	assert_int_equal(X509_check_private_key(certificate, key), 1);
	assert_int_equal(X509_verify(certificate, key), 1);
	assert_int_equal(EVP_PKEY_get_bits(key), 256);
	assert_int_equal(X509_check_host(certificate, "recorder.example", 0, 0, NULL), 1);
	assert_int_equal(X509_check_host(certificate, "localhost", 0, 0, NULL), 1);
	assert_int_equal(X509_check_host(certificate, "other.example", 0, 0, NULL), 0);
	assert_int_equal(X509_check_ip_asc(certificate, "127.0.0.1", 0), 1);
	assert_int_equal(X509_check_ip_asc(certificate, "::1", 0), 1);
	assert_int_equal(X509_check_ca(certificate), 0);
	assert_true(X509_cmp_time(X509_get0_notBefore(certificate), &now) < 0);
	assert_true(X509_cmp_time(X509_get0_notAfter(certificate), &now) > 0);
	assert_true(X509_cmp_time(X509_get0_notAfter(certificate), &later) < 0);
	X509_free(certificate);
	EVP_PKEY_free(key);
}

static void test_two_differ(void **state)
{
	struct fixture *fixture = *state;
	uint8_t first[KM_CERTIFICATE_FINGERPRINT_BYTES] = { 0 };
	uint8_t second[KM_CERTIFICATE_FINGERPRINT_BYTES] = { 0 };

	assert_int_equal(
	    km_certificate_make("a", NOW_US, 1, &fixture->certificate_pem, &fixture->key_pem), 0);
	assert_int_equal(
	    km_certificate_fingerprint(km_buf_view(&fixture->certificate_pem), first), 0);
	km_buf_clear(&fixture->certificate_pem);
	assert_int_equal(
	    km_certificate_make("a", NOW_US, 1, &fixture->certificate_pem, &fixture->key_pem), 0);
	assert_int_equal(
	    km_certificate_fingerprint(km_buf_view(&fixture->certificate_pem), second), 0);
	assert_memory_not_equal(first, second, sizeof(first));
}

static void test_fingerprint(void **state)
{
	struct fixture *fixture = *state;
	uint8_t first[KM_CERTIFICATE_FINGERPRINT_BYTES] = { 7 };
	uint8_t second[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	X509 *certificate = NULL;

	assert_int_equal(
	    km_certificate_fingerprint(KM_BYTES("not a certificate"), first), KM_ERR_FORMAT);
	assert_int_equal(km_certificate_fingerprint(KM_BYTES(""), first), KM_ERR_FORMAT);
	assert_int_equal(first[0], 7);
	assert_int_equal(
	    km_certificate_make("a", NOW_US, 1, &fixture->certificate_pem, &fixture->key_pem), 0);
	assert_int_equal(
	    km_certificate_fingerprint(km_buf_view(&fixture->certificate_pem), first), 0);
	certificate = read_certificate(&fixture->certificate_pem);
	assert_int_equal(X509_digest(certificate, EVP_sha256(), second, &size), 1);
	assert_memory_equal(first, second, sizeof(first));
	X509_free(certificate);
}

static void test_refused(void **state)
{
	struct fixture *fixture = *state;
	char name[1000];
	struct km_buf small;
	uint8_t storage[100];

	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(
	    km_certificate_make(name, NOW_US, 1, &fixture->certificate_pem, &fixture->key_pem),
	    KM_ERR_FORMAT);
	km_buf_init_fixed(&small, storage, sizeof(storage));
	assert_int_equal(
	    km_certificate_make("a", NOW_US, 1, &small, &fixture->key_pem), KM_ERR_LIMIT);
}

static void test_long_name(void **state)
{
	static const char name[] =
	    "a-host-name-that-is-longer-than-a-common-name-may-be.department.example.org";
	struct fixture *fixture = *state;
	struct km_certificate_facts facts;

	assert_true(strlen(name) > 64);
	assert_int_equal(
	    km_certificate_make(name, NOW_US, 1, &fixture->certificate_pem, &fixture->key_pem), 0);
	assert_int_equal(
	    km_certificate_facts_read(km_buf_view(&fixture->certificate_pem), &facts), 0);
	assert_string_equal(facts.names, name);
	assert_string_equal(facts.subject, "O=Komainu recorder");
	assert_string_equal(facts.key, "EC P-256");
	assert_string_equal(facts.signature, "ecdsa-with-SHA256");
	assert_true(facts.is_self_signed);
	assert_int_equal(facts.count, 1);
	assert_int_equal(facts.until_unix_us, NOW_US + KM_TIME_DAY_US - KM_TIME_HOUR_US);
}

static void test_names(void **state)
{
	static const char *const right[] = { "a", "a.example", "*.example", "192.0.2.7,::1",
		"xn--wgv71a.example , b" };
	static const char *const wrong[] = { "", ",", "a,", "a,,b", "a b", "-a", "a-", "a..b", "a.",
		"1.2.3", "256.1.1.1", "a_b", "b\xc3\xbc.example", "*.", "DNS:a", "a/b" };
	char names[KM_CERTIFICATE_NAMES_SIZE] = "a";
	char storage[512];
	struct km_buf error;

	(void)state;
	km_buf_init_fixed(&error, storage, sizeof(storage));
	for (size_t i = 0; i < KM_COUNT(right); i++) {
		assert_int_equal(km_certificate_names_check(right[i], &error), 0);
	}
	for (size_t i = 0; i < KM_COUNT(wrong); i++) {
		km_buf_clear(&error);
		assert_int_equal(km_certificate_names_check(wrong[i], &error), KM_ERR_FORMAT);
		assert_true(error.size > 0);
	}
	assert_int_equal(km_certificate_names_add(names, "A,b,b, c"), 0);
	assert_string_equal(names, "a,b,c");
	for (int i = 0; i < 100; i++) {
		char name[80];

		(void)snprintf(name, sizeof(name), "%060d.example", i);
		if (km_certificate_names_add(names, name) == KM_ERR_LIMIT) {
			break;
		}
	}
	assert_true(strlen(names) < sizeof(names) && strlen(names) > sizeof(names) - 80);
}

/* --- an authority --- */

struct parties {
	struct km_buf ca_pem;
	struct km_buf ca_key;
	struct km_buf pem;
	struct km_buf key;
	struct km_buf made;
	struct km_buf made_key;
	struct km_buf error;
	struct km_certificate_authority authority;
};

static void make_parties(struct parties *parties)
{
	struct km_buf *const bufs[] = { &parties->ca_pem, &parties->ca_key, &parties->pem,
		&parties->key, &parties->made, &parties->made_key, &parties->error };

	for (size_t i = 0; i < KM_COUNT(bufs); i++) {
		km_buf_init(bufs[i], 16384);
	}
	assert_int_equal(km_certificate_make_authority("Test \xe7\x8b\xac CA", NOW_US, 3650,
			     &parties->ca_pem, &parties->ca_key),
	    0);
	parties->authority.certificate_pem = km_buf_view(&parties->ca_pem);
	parties->authority.key_pem = km_buf_view(&parties->ca_key);
}

static void free_parties(struct parties *parties)
{
	km_buf_finish(&parties->ca_pem);
	km_buf_wipe(&parties->ca_key);
	km_buf_finish(&parties->pem);
	km_buf_wipe(&parties->key);
	km_buf_finish(&parties->made);
	km_buf_wipe(&parties->made_key);
	km_buf_finish(&parties->error);
}

/* What a browser that trusts the authority does. */
static int verify(const struct km_buf *ca_pem, const struct km_buf *pem, const char *host)
{
	X509 *ca = read_certificate(ca_pem);
	X509 *leaf = read_certificate(pem);
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *context = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *parameters = NULL;
	int result = 0;

	assert_int_equal(X509_STORE_add_cert(store, ca), 1);
	assert_int_equal(X509_STORE_CTX_init(context, store, leaf, NULL), 1);
	parameters = X509_STORE_CTX_get0_param(context);
	X509_VERIFY_PARAM_set_time(parameters, NOW_US / KM_TIME_SECOND_US);
	X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
	X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER);
	X509_VERIFY_PARAM_set1_host(parameters, host, 0);
	result = X509_verify_cert(context) == 1 ? 0 : X509_STORE_CTX_get_error(context);
	X509_STORE_CTX_free(context);
	X509_STORE_free(store);
	X509_free(leaf);
	X509_free(ca);
	return result;
}

static void test_authority(void **state)
{
	struct parties parties = { 0 };
	struct km_certificate_facts facts;
	struct km_certificate_facts ca_facts;

	(void)state;
	make_parties(&parties);
	assert_int_equal(km_certificate_issue(&parties.authority, "rec.example,192.0.2.7", NOW_US,
			     820, &parties.pem, &parties.key),
	    0);
	assert_int_equal(verify(&parties.ca_pem, &parties.pem, "rec.example"), 0);
	assert_int_equal(
	    verify(&parties.ca_pem, &parties.pem, "other.example"), X509_V_ERR_HOSTNAME_MISMATCH);
	assert_int_equal(km_certificate_facts_read(km_buf_view(&parties.pem), &facts), 0);
	assert_false(facts.is_self_signed);
	assert_string_equal(facts.names, "rec.example,192.0.2.7");
	/* Not beyond its issuer. */
	km_buf_clear(&parties.pem);
	km_buf_clear(&parties.key);
	assert_int_equal(km_certificate_issue(&parties.authority, "rec.example",
			     NOW_US + 3640 * KM_TIME_DAY_US, 820, &parties.pem, &parties.key),
	    0);
	assert_int_equal(km_certificate_facts_read(km_buf_view(&parties.pem), &facts), 0);
	assert_int_equal(km_certificate_facts_read(km_buf_view(&parties.ca_pem), &ca_facts), 0);
	assert_int_equal(facts.until_unix_us, ca_facts.until_unix_us);
	assert_int_equal(km_certificate_issue(&parties.authority, "rec.example",
			     NOW_US + 3651 * KM_TIME_DAY_US, 820, &parties.pem, &parties.key),
	    KM_ERR_CONFIG);
	free_parties(&parties);
}

static void test_request(void **state)
{
	struct parties parties = { 0 };
	struct km_certificate_facts facts;

	(void)state;
	make_parties(&parties);
	assert_int_equal(
	    km_certificate_request("cam.example,192.0.2.9", &parties.made, &parties.made_key), 0);
	assert_int_equal(km_certificate_sign_request(&parties.authority, km_buf_view(&parties.made),
			     NULL, NOW_US, 398, &parties.pem, &parties.error),
	    0);
	assert_int_equal(verify(&parties.ca_pem, &parties.pem, "cam.example"), 0);
	assert_int_equal(km_certificate_facts_read(km_buf_view(&parties.pem), &facts), 0);
	assert_string_equal(facts.names, "cam.example,192.0.2.9");
	/* Changed on its way: the signature says so. */
	for (size_t at = 60; at < parties.made.size - 60; at += 7) {
		uint8_t kept = parties.made.data[at];

		parties.made.data[at] = kept == 'A' ? 'B' : 'A';
		km_buf_clear(&parties.error);
		assert_true(
		    km_certificate_sign_request(&parties.authority, km_buf_view(&parties.made), "a",
			NOW_US, 1, &parties.pem, &parties.error) < 0 ||
		    kept == '\n');
		parties.made.data[at] = kept;
	}
	assert_int_equal(km_certificate_sign_request(&parties.authority, KM_BYTES("nothing"), NULL,
			     NOW_US, 1, &parties.pem, &parties.error),
	    KM_ERR_FORMAT);
	free_parties(&parties);
}

/* --- installing --- */

static int offer(struct parties *parties, const char *names, int64_t now_us)
{
	struct km_certificate_offer offer = {
		.certificate_pem = km_buf_view(&parties->pem),
		.chain_pem = km_buf_view(&parties->ca_pem),
		.key_pem = km_buf_view(&parties->key),
		.names = names,
		.now_unix_us = now_us,
	};

	km_buf_clear(&parties->made);
	km_buf_clear(&parties->made_key);
	km_buf_clear(&parties->error);
	return km_certificate_check_offer(
	    &offer, &parties->made, &parties->made_key, &parties->error);
}

static bool says(const struct parties *parties, const char *text)
{
	return km_bytes_find_seq(km_buf_view(&parties->error), km_bytes_text(text)) <
	       parties->error.size;
}

static void test_offer(void **state)
{
	struct parties parties = { 0 };
	struct km_certificate_facts facts;

	(void)state;
	make_parties(&parties);
	assert_int_equal(km_certificate_issue(&parties.authority, "rec.example,192.0.2.7", NOW_US,
			     90, &parties.pem, &parties.key),
	    0);
	assert_int_equal(offer(&parties, "rec.example,192.0.2.7", NOW_US), 0);
	/* The root is not sent to clients. */
	assert_int_equal(km_certificate_facts_read(km_buf_view(&parties.made), &facts), 0);
	assert_int_equal(facts.count, 1);
	assert_int_equal(offer(&parties, "", NOW_US), 0);
	assert_int_equal(offer(&parties, "rec.example,other.example", NOW_US), KM_ERR_RANGE);
	assert_true(says(&parties, "other.example"));
	assert_int_equal(offer(&parties, "", NOW_US + 91 * KM_TIME_DAY_US), KM_ERR_RANGE);
	assert_true(says(&parties, "renewed"));
	assert_int_equal(offer(&parties, "", NOW_US - KM_TIME_DAY_US), KM_ERR_RANGE);
	assert_true(says(&parties, "check the clock"));
	/* Another key. */
	km_buf_clear(&parties.key);
	km_buf_add(&parties.key, km_buf_view(&parties.ca_key));
	assert_int_equal(offer(&parties, "", NOW_US), KM_ERR_AUTH);
	assert_true(says(&parties, "not the one"));
	km_buf_clear(&parties.key);
	assert_int_equal(offer(&parties, "", NOW_US), KM_ERR_FORMAT);
	assert_true(says(&parties, "private key"));
	free_parties(&parties);
}

static void test_offer_order(void **state)
{
	struct parties parties = { 0 };
	struct parties others = { 0 };

	(void)state;
	make_parties(&parties);
	make_parties(&others);
	assert_int_equal(
	    km_certificate_issue(&parties.authority, "a", NOW_US, 90, &parties.pem, &parties.key),
	    0);
	/* An authority of the same name, which did not sign it. */
	km_buf_clear(&parties.ca_pem);
	km_buf_add(&parties.ca_pem, km_buf_view(&others.ca_pem));
	assert_int_equal(offer(&parties, "a", NOW_US), KM_ERR_FORMAT);
	assert_true(says(&parties, "not the next one"));
	/* The authority first. */
	km_buf_clear(&parties.pem);
	km_buf_add(&parties.pem, km_buf_view(&others.ca_pem));
	km_buf_clear(&parties.key);
	km_buf_add(&parties.key, km_buf_view(&others.ca_key));
	km_buf_clear(&parties.ca_pem);
	assert_int_equal(offer(&parties, "a", NOW_US), KM_ERR_FORMAT);
	free_parties(&parties);
	free_parties(&others);
}

/* A key that is too weak, or a signature with SHA-1. */
static void make_weak(struct parties *parties, EVP_PKEY *key, const EVP_MD *digest)
{
	X509 *certificate = X509_new();
	time_t now = NOW_US / KM_TIME_SECOND_US;

	km_buf_clear(&parties->pem);
	km_buf_clear(&parties->key);
	km_buf_clear(&parties->ca_pem);
	X509_set_version(certificate, X509_VERSION_3);
	X509_time_adj_ex(X509_getm_notBefore(certificate), 0, -60, &now);
	X509_time_adj_ex(X509_getm_notAfter(certificate), 9, 0, &now);
	X509_set_pubkey(certificate, key);
	assert_true(X509_sign(certificate, key, digest) > 0);
	assert_int_equal(km_certificate_pem_add(certificate, &parties->pem), 0);
	assert_int_equal(km_certificate_pem_add_key(key, &parties->key), 0);
	X509_free(certificate);
}

static void test_offer_weak(void **state)
{
	struct parties parties = { 0 };
	EVP_PKEY *keys[] = { EVP_RSA_gen(1024), EVP_EC_gen("P-224"), EVP_EC_gen("P-384"),
		EVP_RSA_gen(2048), EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") };
	const int wanted[] = { KM_ERR_RANGE, KM_ERR_RANGE, 0, 0, KM_ERR_RANGE };

	(void)state;
	make_parties(&parties);
	for (size_t i = 0; i < KM_COUNT(keys); i++) {
		make_weak(&parties, keys[i], i == 4 ? NULL : EVP_sha256());
		assert_int_equal(offer(&parties, "", NOW_US), wanted[i]);
	}
	make_weak(&parties, keys[2], EVP_sha1());
	assert_int_equal(offer(&parties, "", NOW_US), KM_ERR_RANGE);
	assert_true(says(&parties, "SHA-256"));
	for (size_t i = 0; i < KM_COUNT(keys); i++) {
		EVP_PKEY_free(keys[i]);
	}
	free_parties(&parties);
}

/* Never a question on the terminal. */
static void test_offer_encrypted(void **state)
{
	struct parties parties = { 0 };
	EVP_PKEY *key = EVP_EC_gen("P-256");
	BIO *bio = BIO_new(BIO_s_mem());
	char *data = NULL;
	size_t size = 0;

	(void)state;
	make_parties(&parties);
	make_weak(&parties, key, EVP_sha256());
	assert_int_equal(
	    PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_256_cbc(), "secret", 6, NULL, NULL), 1);
	km_buf_clear(&parties.key);
	size = (size_t)BIO_get_mem_data(bio, &data);
	km_buf_add_data(&parties.key, data, size);
	assert_int_equal(offer(&parties, "", NOW_US), KM_ERR_AUTH);
	assert_true(says(&parties, "encrypted"));
	BIO_free(bio);
	EVP_PKEY_free(key);
	free_parties(&parties);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_make, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_two_differ, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_fingerprint, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_long_name, set_up, tear_down),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_authority),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_offer),
		cmocka_unit_test(test_offer_order),
		cmocka_unit_test(test_offer_weak),
		cmocka_unit_test(test_offer_encrypted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
