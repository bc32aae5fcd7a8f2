/* sources: base/error.c base/bytes.c base/buf.c base/text.c crypto/digest.c */
/* libraries: crypto */
#include "crypto/digest.h"

#include "base/error.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_hex(const uint8_t *data, size_t size, const char *expected)
{
	char text[201];

	assert_int_equal(km_text_write_hex(km_bytes_from(data, size), text, sizeof(text)), 0);
	assert_string_equal(text, expected);
}

static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/* [FIPS 180-4], [RFC 1321 A.5] */
static void test_once(void **state)
{
	uint8_t hash[32];

	(void)state;
	assert_int_equal(km_digest_sha256(KM_BYTES("abc"), hash), 0);
	assert_hex(hash, 32, abc);
	assert_int_equal(km_digest_sha256((struct km_bytes){ 0 }, hash), 0);
	assert_hex(hash, 32, nothing);
	assert_int_equal(km_digest_md5(KM_BYTES("abc"), hash), 0);
	assert_hex(hash, 16, "900150983cd24fb0d6963f7d28e17f72");
	assert_int_equal(km_digest_md5((struct km_bytes){ 0 }, hash), 0);
	assert_hex(hash, 16, "d41d8cd98f00b204e9800998ecf8427e");
}

static void test_pieces(void **state)
{
	struct km_digest *digest = NULL;
	uint8_t hash[32];

	(void)state;
	assert_int_equal(km_digest_create(&digest), 0);
	for (unsigned round = 0; round < 2; round++) { /* finish begins anew */
		assert_int_equal(km_digest_update(digest, KM_BYTES("a")), 0);
		assert_int_equal(km_digest_update(digest, (struct km_bytes){ 0 }), 0);
		assert_int_equal(km_digest_update(digest, KM_BYTES("bc")), 0);
		assert_int_equal(km_digest_finish(digest, hash), 0);
		assert_hex(hash, 32, abc);
	}
	assert_int_equal(km_digest_finish(digest, hash), 0);
	assert_hex(hash, 32, nothing);
	km_digest_destroy(digest);
	km_digest_destroy(NULL);
}

/* [RFC 4231 4.2, 4.3, 4.7] */
static void test_hmac(void **state)
{
	uint8_t key[131];
	uint8_t hash[32];

	(void)state;
	memset(key, 0x0b, 20);
	assert_int_equal(
	    km_digest_hmac_sha256(km_bytes_from(key, 20), KM_BYTES("Hi There"), hash), 0);
	assert_hex(hash, 32, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	assert_int_equal(
	    km_digest_hmac_sha256(KM_BYTES("Jefe"), KM_BYTES("what do ya want for nothing?"), hash),
	    0);
	assert_hex(hash, 32, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	assert_int_equal(
	    km_digest_hmac_sha256(KM_BYTES_OF(key),
		KM_BYTES("Test Using Larger Than Block-Size Key - Hash Key First"), hash),
	    0);
	assert_hex(hash, 32, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	assert_int_equal(
	    km_digest_hmac_sha256((struct km_bytes){ 0 }, (struct km_bytes){ 0 }, hash), 0);
	assert_hex(hash, 32, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

/* [RFC 5869 A.1, A.3] */
static void test_hkdf(void **state)
{
	uint8_t key[22];
	uint8_t derived[255 * 32 + 1];
	uint8_t short_one[10];
	uint8_t info[257] = { 0 };

	(void)state;
	memset(key, 0x0b, sizeof(key));
	assert_int_equal(km_digest_hkdf_sha256(KM_BYTES_OF(key),
			     KM_BYTES("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c"),
			     KM_BYTES("\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9"), derived, 42),
	    0);
	assert_hex(derived, 42,
	    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
	assert_int_equal(km_digest_hkdf_sha256(KM_BYTES_OF(key), (struct km_bytes){ 0 },
			     (struct km_bytes){ 0 }, derived, 42),
	    0);
	assert_hex(derived, 42,
	    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
	/* A shorter result is the beginning of a longer one; the longest is 255 blocks. */
	assert_int_equal(km_digest_hkdf_sha256(KM_BYTES_OF(key), (struct km_bytes){ 0 },
			     (struct km_bytes){ 0 }, short_one, sizeof(short_one)),
	    0);
	assert_memory_equal(short_one, derived, sizeof(short_one));
	assert_int_equal(km_digest_hkdf_sha256(KM_BYTES_OF(key), (struct km_bytes){ 0 },
			     (struct km_bytes){ 0 }, derived, 255 * 32),
	    0);
	assert_memory_equal(short_one, derived, sizeof(short_one));
	assert_int_equal(km_digest_hkdf_sha256(KM_BYTES_OF(key), (struct km_bytes){ 0 },
			     (struct km_bytes){ 0 }, derived, sizeof(derived)),
	    KM_ERR_LIMIT);
	assert_int_equal(km_digest_hkdf_sha256(KM_BYTES_OF(key), (struct km_bytes){ 0 },
			     KM_BYTES_OF(info), derived, 32),
	    KM_ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_hkdf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
