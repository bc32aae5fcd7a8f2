/* sources: base/error.c base/bytes.c base/buf.c base/text.c crypto/signature.c */
/* libraries: crypto */
#include "crypto/signature.h"

#include "base/error.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct vector {
	const char *seed;
	const char *public_key;
	const char *message;
	const char *signature;
};

/* [RFC 8032 7.1] tests 1 to 3 */
static const struct vector vectors[] = {
	{ "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
	    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e3"
	    "9701cf9b46bd25bf5f0595bbe24655141438e7a100b" },
	{ "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
	    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3"
	    "613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00" },
	{ "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
	    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
	    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f"
	    "760984dc6594a7c15e9716ed28dc027beceea1ec40a" },
};

static void parse(const char *hex, uint8_t *ret_data, size_t size)
{
	assert_int_equal(km_text_parse_hex(km_bytes_text(hex), ret_data, size), 0);
}

static void test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(vectors); i++) {
		uint8_t seed[32];
		uint8_t expected[64];
		uint8_t signature[64];
		uint8_t public_key[32];
		uint8_t found[32];
		uint8_t message[8];
		size_t size = strlen(vectors[i].message) / 2;
		struct km_signature_key *key = NULL;
		struct km_signature_key *half = NULL;

		parse(vectors[i].seed, seed, sizeof(seed));
		parse(vectors[i].public_key, public_key, sizeof(public_key));
		parse(vectors[i].signature, expected, sizeof(expected));
		parse(vectors[i].message, message, size);
		assert_int_equal(km_signature_create(seed, &key), 0);
		assert_int_equal(km_signature_public(key, found), 0);
		assert_memory_equal(found, public_key, sizeof(found));
		assert_int_equal(
		    km_signature_sign(key, km_bytes_from(message, size), signature), 0);
		assert_memory_equal(signature, expected, sizeof(signature));
		assert_int_equal(km_signature_create_public(public_key, &half), 0);
		assert_int_equal(
		    km_signature_verify(half, km_bytes_from(message, size), signature), 0);
		assert_int_equal(
		    km_signature_sign(half, km_bytes_from(message, size), signature), KM_ERR_STATE);
		km_signature_destroy(key);
		km_signature_destroy(half);
	}
}

/* One bit anywhere, in the signature, the message or the key. */
static void test_refused(void **state)
{
	static const uint8_t seed[32] = { 7 };
	uint8_t message[40] = "what was signed";
	uint8_t signature[64];
	uint8_t public_key[32];
	struct km_signature_key *key = NULL;

	(void)state;
	assert_int_equal(km_signature_create(seed, &key), 0);
	assert_int_equal(km_signature_sign(key, KM_BYTES_OF(message), signature), 0);
	assert_int_equal(km_signature_public(key, public_key), 0);
	for (size_t bit = 0; bit < 64 * 8; bit++) {
		signature[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_int_equal(
		    km_signature_verify(key, KM_BYTES_OF(message), signature), KM_ERR_AUTH);
		signature[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	for (size_t bit = 0; bit < sizeof(message) * 8; bit++) {
		message[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_int_equal(
		    km_signature_verify(key, KM_BYTES_OF(message), signature), KM_ERR_AUTH);
		message[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	for (size_t bit = 0; bit < sizeof(public_key) * 8; bit++) {
		struct km_signature_key *other = NULL;

		public_key[bit / 8] ^= (uint8_t)(1U << bit % 8);
		if (km_signature_create_public(public_key, &other) == 0) {
			assert_true(
			    km_signature_verify(other, KM_BYTES_OF(message), signature) < 0);
		}
		km_signature_destroy(other);
		public_key[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	assert_int_equal(km_signature_verify(key, KM_BYTES_OF(message), signature), 0);
	km_signature_destroy(key);
	km_signature_destroy(NULL);
}

static void test_pem(void **state)
{
	/* A P-256 key, which is of another kind. */
	static const char other[] =
	    "-----BEGIN PUBLIC KEY-----\n"
	    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n"
	    "6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n"
	    "-----END PUBLIC KEY-----\n";
	static const uint8_t seed[32] = { 9 };
	uint8_t public_key[32];
	uint8_t read[32] = { 0 };
	struct km_signature_key *key = NULL;
	struct km_buf pem;
	struct km_buf small;
	uint8_t storage[20];

	(void)state;
	km_buf_init(&pem, 4096);
	assert_int_equal(km_signature_create(seed, &key), 0);
	assert_int_equal(km_signature_public(key, public_key), 0);
	assert_int_equal(km_signature_write_pem(key, &pem), 0);
	assert_true(
	    km_bytes_has_prefix(km_buf_view(&pem), KM_BYTES("-----BEGIN PUBLIC KEY-----\n")));
	assert_int_equal(km_signature_read_pem(km_buf_view(&pem), read), 0);
	assert_memory_equal(read, public_key, sizeof(read));
	memset(read, 0, sizeof(read));
	for (size_t size = 0; size < pem.size - 2; size++) {
		assert_int_equal(
		    km_signature_read_pem(km_bytes_from(pem.data, size), read), KM_ERR_FORMAT);
	}
	assert_int_equal(km_signature_read_pem(km_bytes_text(other), read), KM_ERR_UNSUPPORTED);
	assert_int_equal(read[0], 0);
	km_buf_init_fixed(&small, storage, sizeof(storage));
	assert_int_equal(km_signature_write_pem(key, &small), KM_ERR_LIMIT);
	km_buf_finish(&pem);
	km_signature_destroy(key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_pem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
