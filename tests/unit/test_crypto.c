/* sources: base/error.c base/bytes.c base/buf.c base/text.c crypto/aead.c crypto/digest.c crypto/random.c crypto/secret.c base/uuid.c */
/* libraries: crypto */
/*
 * The published vectors of each standard, and that any changed bit is noticed.
 */
#include "base/error.h"
#include "base/text.h"
#include "crypto/aead.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "crypto/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void assert_hex(const uint8_t *data, size_t size, const char *expected)
{
	char text[257];

	assert_int_equal(km_text_write_hex(km_bytes_from(data, size), text, sizeof(text)), 0);
	assert_string_equal(text, expected);
}

static struct km_bytes from_hex(const char *text, uint8_t *storage)
{
	size_t size = strlen(text) / 2;

	assert_int_equal(km_text_parse_hex(km_bytes_text(text), storage, size), 0);
	return km_bytes_from(storage, size);
}

/* Test case 16 of the GCM specification (McGrew and Viega). */
static void aead_matches_the_published_case(void **state)
{
	uint8_t storage[4][64];
	uint8_t sealed[128];
	uint8_t plain_again[128];
	struct km_bytes key = from_hex(
	    "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", storage[0]);
	struct km_bytes nonce = from_hex("cafebabefacedbaddecaf888", storage[1]);
	struct km_bytes plain =
	    from_hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a"
		     "318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba63"
		     "7b39",
		storage[2]);
	struct km_bytes associated =
	    from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2", storage[3]);
	struct km_aead *aead = NULL;

	(void)state;
	assert_int_equal(km_aead_create(key.data, &aead), 0);
	for (size_t split = 0; split <= plain.size; split += 15) {
		assert_int_equal(km_aead_begin(aead, nonce.data, associated), 0);
		assert_int_equal(km_aead_update(aead, km_bytes_slice(plain, 0, split), sealed), 0);
		assert_int_equal(
		    km_aead_update(aead, km_bytes_after(plain, split), sealed + split), 0);
		assert_int_equal(km_aead_finish(aead, sealed + plain.size), 0);
		assert_hex(sealed, plain.size + KM_AEAD_TAG_BYTES,
		    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590db"
		    "b3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b");
	}
	for (size_t bit = 0; bit < (plain.size + KM_AEAD_TAG_BYTES) * 8; bit++) {
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(
		    km_aead_open(aead, nonce.data, associated,
			km_bytes_from(sealed, plain.size + KM_AEAD_TAG_BYTES), plain_again),
		    KM_ERR_AUTH);
		assert_int_equal(plain_again[0], 0);
		sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	/* In place. */
	assert_int_equal(km_aead_open(aead, nonce.data, associated,
			     km_bytes_from(sealed, plain.size + KM_AEAD_TAG_BYTES), sealed),
	    0);
	assert_memory_equal(sealed, plain.data, plain.size);
	assert_int_equal(
	    km_aead_open(aead, nonce.data, associated, km_bytes_from(sealed, 15), sealed),
	    KM_ERR_SHORT);
	km_aead_destroy(aead);
}

static void aead_of_nothing_authenticates(void **state)
{
	const uint8_t key[KM_AEAD_KEY_BYTES] = { 1 };
	const uint8_t nonce[KM_AEAD_NONCE_BYTES] = { 2 };
	uint8_t tag[KM_AEAD_TAG_BYTES];
	uint8_t nothing[1];
	struct km_aead *aead = NULL;

	(void)state;
	assert_int_equal(km_aead_create(key, &aead), 0);
	assert_int_equal(
	    km_aead_seal(aead, nonce, KM_BYTES("header"), (struct km_bytes){ 0 }, tag), 0);
	assert_int_equal(
	    km_aead_open(aead, nonce, KM_BYTES("header"), KM_BYTES_OF(tag), nothing), 0);
	assert_int_equal(
	    km_aead_open(aead, nonce, KM_BYTES("headex"), KM_BYTES_OF(tag), nothing), KM_ERR_AUTH);
	km_aead_destroy(aead);
}

/* [FIPS 180-4], [RFC 1321 A.5], [RFC 4231 4.3], [RFC 5869 A] */
static void digests_match_the_published_vectors(void **state)
{
	uint8_t storage[3][128];
	uint8_t hash[KM_DIGEST_SHA256_BYTES];
	uint8_t derived[82];
	struct km_digest *digest = NULL;

	(void)state;
	assert_int_equal(km_digest_sha256(KM_BYTES("abc"), hash), 0);
	assert_hex(hash, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(km_digest_create(&digest), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(km_digest_update(digest, KM_BYTES("a")), 0);
		assert_int_equal(km_digest_update(digest, (struct km_bytes){ 0 }), 0);
		assert_int_equal(km_digest_update(digest, KM_BYTES("bc")), 0);
		memset(hash, 0, sizeof(hash));
		assert_int_equal(km_digest_finish(digest, hash), 0);
		assert_hex(
		    hash, 32, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	}
	km_digest_destroy(digest);
	assert_int_equal(km_digest_md5(KM_BYTES("message digest"), hash), 0);
	assert_hex(hash, 16, "f96b697d7cb7938d525a2f31aaf161d0");
	assert_int_equal(km_digest_md5((struct km_bytes){ 0 }, hash), 0);
	assert_hex(hash, 16, "d41d8cd98f00b204e9800998ecf8427e");
	assert_int_equal(
	    km_digest_hmac_sha256(KM_BYTES("Jefe"), KM_BYTES("what do ya want for nothing?"), hash),
	    0);
	assert_hex(hash, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	assert_int_equal(km_digest_hkdf_sha256(
			     from_hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", storage[0]),
			     from_hex("000102030405060708090a0b0c", storage[1]),
			     from_hex("f0f1f2f3f4f5f6f7f8f9", storage[2]), derived, 42),
	    0);
	assert_hex(derived, 42,
	    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
	assert_int_equal(km_digest_hkdf_sha256(
			     from_hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", storage[0]),
			     (struct km_bytes){ 0 }, (struct km_bytes){ 0 }, derived, 42),
	    0);
	assert_hex(derived, 42,
	    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

static void random_uuids_are_of_version_4(void **state)
{
	struct km_uuid uuids[64];

	(void)state;
	for (size_t i = 0; i < 64; i++) {
		assert_int_equal(km_random_uuid(&uuids[i]), 0);
		assert_int_equal(uuids[i].bytes[6] >> 4, 4);
		assert_int_equal(uuids[i].bytes[8] >> 6, 2);
		for (size_t j = 0; j < i; j++) {
			assert_false(km_uuid_is_equal(&uuids[i], &uuids[j]));
		}
	}
}

static void secrets_compare_and_wipe(void **state)
{
	struct km_secret a;
	struct km_secret b;
	const struct km_secret zero = { { 0 } };

	(void)state;
	assert_int_equal(km_secret_make(&a), 0);
	b = a;
	assert_true(km_secret_is_equal(&a, &b));
	b.bytes[31] ^= 1;
	assert_false(km_secret_is_equal(&a, &b));
	assert_false(km_secret_is_equal_bytes(KM_BYTES("ab"), KM_BYTES("abc")));
	assert_true(km_secret_is_equal_bytes((struct km_bytes){ 0 }, (struct km_bytes){ 0 }));
	km_secret_wipe(&a);
	assert_true(km_secret_is_equal(&a, &zero));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aead_matches_the_published_case),
		cmocka_unit_test(aead_of_nothing_authenticates),
		cmocka_unit_test(digests_match_the_published_vectors),
		cmocka_unit_test(random_uuids_are_of_version_4),
		cmocka_unit_test(secrets_compare_and_wipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
