/* sources: base/error.c base/bytes.c base/buf.c base/text.c base/uuid.c crypto/aead.c crypto/random.c crypto/box.c */
/* libraries: crypto */
#include "crypto/box.h"

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const uint8_t key[KM_BOX_KEY_BYTES] = "one of many keys, 32 bytes long";

static void test_round_trip(void **state)
{
	struct km_buf box;
	struct km_buf again;
	struct km_buf secret;

	(void)state;
	km_buf_init(&box, 1000);
	km_buf_init(&again, 1000);
	km_buf_init(&secret, 1000);
	km_buf_add_text(&box, "before");
	km_buf_add_text(&secret, "before");
	assert_int_equal(km_box_seal(key, KM_BYTES("door"), KM_BYTES("sesame"), &box), 0);
	assert_int_equal(km_box_seal(key, KM_BYTES("door"), KM_BYTES("sesame"), &again), 0);
	assert_int_equal(box.size, 6 + 6 + KM_BOX_EXTRA_BYTES);
	assert_memory_equal(box.data, "before", 6);
	/* A fresh nonce each time. */
	assert_memory_not_equal(box.data + 6, again.data, again.size);
	assert_int_equal(
	    km_box_open(key, KM_BYTES("door"), km_bytes_after(km_buf_view(&box), 6), &secret), 0);
	assert_true(km_bytes_is_equal(km_buf_view(&secret), KM_BYTES("beforesesame")));
	km_buf_finish(&box);
	km_buf_finish(&again);
	km_buf_wipe(&secret);
}

static void test_refused(void **state)
{
	uint8_t storage[64];
	uint8_t other[KM_BOX_KEY_BYTES] = { 0 };
	struct km_buf box;
	struct km_buf secret;

	(void)state;
	km_buf_init_fixed(&box, storage, sizeof(storage));
	km_buf_init(&secret, 100);
	km_buf_add_text(&secret, "kept");
	assert_int_equal(km_box_seal(key, KM_BYTES("door"), KM_BYTES("sesame"), &box), 0);
	assert_int_equal(
	    km_box_open(other, KM_BYTES("door"), km_buf_view(&box), &secret), KM_ERR_AUTH);
	assert_int_equal(
	    km_box_open(key, KM_BYTES("safe"), km_buf_view(&box), &secret), KM_ERR_AUTH);
	assert_int_equal(
	    km_box_open(key, (struct km_bytes){ 0 }, km_buf_view(&box), &secret), KM_ERR_AUTH);
	for (size_t bit = 0; bit < box.size * 8; bit++) {
		storage[bit / 8] ^= (uint8_t)(1U << (bit % 8));
		assert_int_equal(
		    km_box_open(key, KM_BYTES("door"), km_buf_view(&box), &secret), KM_ERR_AUTH);
		storage[bit / 8] ^= (uint8_t)(1U << (bit % 8));
	}
	for (size_t size = 0; size < box.size; size++) {
		assert_int_equal(
		    km_box_open(key, KM_BYTES("door"), km_bytes_from(storage, size), &secret),
		    size < KM_BOX_EXTRA_BYTES ? KM_ERR_SHORT : KM_ERR_AUTH);
	}
	assert_true(km_bytes_is_equal(km_buf_view(&secret), KM_BYTES("kept")));
	km_buf_finish(&secret);
}

static void test_limits(void **state)
{
	uint8_t storage[40];
	uint8_t small[5];
	struct km_buf box;
	struct km_buf secret;

	(void)state;
	km_buf_init_fixed(&box, storage, sizeof(storage));
	assert_int_equal(
	    km_box_seal(key, KM_BYTES("door"), KM_BYTES("thirteen bytes"), &box), KM_ERR_LIMIT);
	assert_int_equal(box.size, 0);
	km_buf_clear(&box);
	assert_int_equal(km_box_seal(key, KM_BYTES("door"), KM_BYTES("sesame"), &box), 0);
	km_buf_init_fixed(&secret, small, sizeof(small));
	assert_int_equal(
	    km_box_open(key, KM_BYTES("door"), km_buf_view(&box), &secret), KM_ERR_LIMIT);
	assert_int_equal(secret.size, 0);
}

static void test_empty(void **state)
{
	uint8_t storage[40];
	struct km_buf box;
	struct km_buf secret;

	(void)state;
	km_buf_init_fixed(&box, storage, sizeof(storage));
	km_buf_init(&secret, 10);
	assert_int_equal(km_box_seal(key, KM_BYTES(""), (struct km_bytes){ 0 }, &box), 0);
	assert_int_equal(box.size, KM_BOX_EXTRA_BYTES);
	assert_int_equal(km_box_open(key, KM_BYTES(""), km_buf_view(&box), &secret), 0);
	assert_int_equal(secret.size, 0);
	km_buf_finish(&secret);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
