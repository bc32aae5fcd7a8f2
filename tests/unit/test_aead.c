/* sources: base/error.c base/bytes.c base/buf.c base/text.c crypto/aead.c */
/* libraries: crypto */
#include "crypto/aead.h"

#include "base/error.h"
#include "base/text.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define LARGEST 128

/* AES-256 cases of "The Galois/Counter Mode of Operation", McGrew and Viega, appendix B. */
static const struct {
	const char *key;
	const char *nonce;
	const char *associated;
	const char *plain;
	const char *sealed;
} vectors[] = {
	{ "0000000000000000000000000000000000000000000000000000000000000000",
	    "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b" },
	{ "0000000000000000000000000000000000000000000000000000000000000000",
	    "000000000000000000000000", "", "00000000000000000000000000000000",
	    "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919" },
	{ "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
	    "cafebabefacedbaddecaf888", "feedfacedeadbeeffeedfacedeadbeefabaddad2",
	    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
	    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
	    "76fc6ece0f4e1768cddf8853bb2d551b" },
};

static struct km_bytes from_hex(const char *text, uint8_t *storage)
{
	size_t size = strlen(text) / 2;

	assert_int_equal(km_text_parse_hex(km_bytes_text(text), storage, size), 0);
	return km_bytes_from(storage, size);
}

static void test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(vectors); i++) {
		uint8_t key[32], nonce[12], storage[4][LARGEST];
		struct km_bytes associated = from_hex(vectors[i].associated, storage[0]);
		struct km_bytes plain = from_hex(vectors[i].plain, storage[1]);
		struct km_bytes sealed = from_hex(vectors[i].sealed, storage[2]);
		struct km_aead *aead = NULL;

		(void)from_hex(vectors[i].key, key);
		(void)from_hex(vectors[i].nonce, nonce);
		assert_int_equal(km_aead_create(key, &aead), 0);
		assert_int_equal(km_aead_seal(aead, nonce, associated, plain, storage[3]), 0);
		assert_memory_equal(storage[3], sealed.data, sealed.size);
		assert_int_equal(km_aead_open(aead, nonce, associated, sealed, storage[3]), 0);
		assert_memory_equal(storage[3], plain.data, plain.size);
		km_aead_destroy(aead);
	}
	km_aead_destroy(NULL);
}

/* Each bit of what is sealed, authenticated or used to seal counts. */
static void test_every_bit(void **state)
{
	uint8_t key[32] = { 1 }, nonce[12] = { 2 }, sealed[20 + 16], plain[20];
	uint8_t associated[5] = "about";
	static const uint8_t zeros[20];
	struct km_aead *aead = NULL;
	const struct {
		uint8_t *data;
		size_t size;
	} parts[] = { { sealed, sizeof(sealed) }, { nonce, sizeof(nonce) },
		{ associated, sizeof(associated) } };

	(void)state;
	assert_int_equal(km_aead_create(key, &aead), 0);
	assert_int_equal(km_aead_seal(aead, nonce, KM_BYTES_OF(associated),
			     KM_BYTES("twenty bytes of text"), sealed),
	    0);
	for (size_t part = 0; part < KM_COUNT(parts); part++) {
		for (size_t bit = 0; bit < parts[part].size * 8; bit++) {
			parts[part].data[bit / 8] ^= (uint8_t)(1U << (bit % 8));
			memset(plain, 7, sizeof(plain));
			assert_int_equal(km_aead_open(aead, nonce, KM_BYTES_OF(associated),
					     KM_BYTES_OF(sealed), plain),
			    KM_ERR_AUTH);
			assert_memory_equal(plain, zeros, sizeof(zeros));
			parts[part].data[bit / 8] ^= (uint8_t)(1U << (bit % 8));
		}
	}
	for (size_t size = 0; size < sizeof(sealed); size++) {
		assert_int_equal(km_aead_open(aead, nonce, KM_BYTES_OF(associated),
				     km_bytes_from(sealed, size), plain),
		    size < KM_AEAD_TAG_BYTES ? KM_ERR_SHORT : KM_ERR_AUTH);
	}
	assert_int_equal(
	    km_aead_open(aead, nonce, KM_BYTES_OF(associated), KM_BYTES_OF(sealed), plain), 0);
	assert_memory_equal(plain, "twenty bytes of text", 20);
	km_aead_destroy(aead);
}

static void test_pieces_and_in_place(void **state)
{
	uint8_t key[32] = { 1 }, nonce[12] = { 2 }, whole[100 + 16], pieces[100 + 16];
	struct km_aead *aead = NULL;
	size_t at = 0;

	(void)state;
	memset(whole, 'x', 100);
	memset(pieces, 'x', 100);
	assert_int_equal(km_aead_create(key, &aead), 0);
	assert_int_equal(
	    km_aead_seal(aead, nonce, KM_BYTES("a"), km_bytes_from(whole, 100), whole), 0);
	/* One that is begun and left is forgotten. */
	assert_int_equal(km_aead_begin(aead, nonce, KM_BYTES("other")), 0);
	assert_int_equal(km_aead_begin(aead, nonce, KM_BYTES("a")), 0);
	for (size_t size = 0; at < 100; at += size, size++) {
		size = size > 100 - at ? 100 - at : size;
		assert_int_equal(
		    km_aead_update(aead, km_bytes_from(pieces + at, size), pieces + at), 0);
	}
	assert_int_equal(km_aead_finish(aead, pieces + 100), 0);
	assert_memory_equal(pieces, whole, sizeof(whole));
	assert_int_equal(km_aead_open(aead, nonce, KM_BYTES("a"), KM_BYTES_OF(whole), whole), 0);
	assert_int_equal(whole[0], 'x');
	assert_int_equal(whole[99], 'x');
	km_aead_destroy(aead);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_every_bit),
		cmocka_unit_test(test_pieces_and_in_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
