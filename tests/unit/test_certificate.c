/* sources: base/error.c base/bytes.c base/buf.c base/text.c base/time.c crypto/certificate.c */
/* libraries: crypto */
#include "crypto/certificate.h"

#include "base/error.h"
#include "base/time.h"

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

	assert_int_equal(km_certificate_make("recorder.example", NOW_US, 820,
			     &fixture->certificate_pem, &fixture->key_pem),
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
	    KM_ERR_LIMIT);
	km_buf_init_fixed(&small, storage, sizeof(storage));
	assert_int_equal(
	    km_certificate_make("a", NOW_US, 1, &small, &fixture->key_pem), KM_ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_make, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_two_differ, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_fingerprint, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
