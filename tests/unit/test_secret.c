/* sources: base/error.c base/bytes.c base/buf.c base/text.c base/uuid.c crypto/random.c crypto/secret.c */
/* libraries: crypto */
/*
 * Secrets, and the random bytes that they are made of.
 */
#include "crypto/secret.h"

#include "base/error.h"
#include "crypto/random.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_random(void **state)
{
	static uint8_t data[100000];
	size_t counts[256] = { 0 };

	(void)state;
	assert_int_equal(km_random_fill(data, 0), 0);
	assert_int_equal(km_random_fill(data, sizeof(data)), 0);
	for (size_t i = 0; i < sizeof(data); i++) {
		counts[data[i]]++;
	}
	/* 390 expected, standard deviation 20: 200 to 600 is far beyond chance. */
	for (size_t i = 0; i < 256; i++) {
		assert_in_range(counts[i], 200, 600);
	}
}

static void test_uuid(void **state)
{
	struct km_uuid before = { 0 };

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		struct km_uuid uuid = { 0 };

		assert_int_equal(km_random_uuid(&uuid), 0);
		assert_int_equal(uuid.bytes[6] >> 4, 4); /* [RFC 9562 5.4] */
		assert_int_equal(uuid.bytes[8] >> 6, 2);
		assert_false(km_uuid_is_equal(&uuid, &before));
		before = uuid;
	}
}

static void test_secret(void **state)
{
	static const struct km_secret zero;
	struct km_secret a = { 0 };
	struct km_secret b = { 0 };

	(void)state;
	assert_int_equal(km_secret_make(&a), 0);
	assert_false(km_secret_is_equal(&a, &zero));
	for (size_t i = 0; i < KM_SECRET_BYTES; i++) {
		b = a;
		b.bytes[i] ^= 0x80;
		assert_false(km_secret_is_equal(&a, &b));
	}
	b = a;
	assert_true(km_secret_is_equal(&a, &b));
	km_secret_wipe(&a);
	assert_true(km_secret_is_equal(&a, &zero));
}

static void test_bytes(void **state)
{
	(void)state;
	assert_true(km_secret_is_equal_bytes(KM_BYTES("abc"), KM_BYTES("abc")));
	assert_false(km_secret_is_equal_bytes(KM_BYTES("abc"), KM_BYTES("abd")));
	assert_false(km_secret_is_equal_bytes(KM_BYTES("abc"), KM_BYTES("ab")));
	assert_true(km_secret_is_equal_bytes(KM_BYTES(""), (struct km_bytes){ 0 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_uuid),
		cmocka_unit_test(test_secret),
		cmocka_unit_test(test_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
