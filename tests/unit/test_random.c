/* sources: base/error.c base/bytes.c base/buf.c base/text.c base/uuid.c crypto/random.c */
/*
 * UUIDs are of version 4 and do not repeat; random bytes fill all that was asked for.
 */
#include "crypto/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void uuids_are_of_version_4(void **state)
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

/* getrandom gives at most 256 bytes at once for certain: more takes several calls. */
static void all_bytes_are_filled(void **state)
{
	static uint8_t bytes[100000];
	size_t zeros = 0;

	(void)state;
	assert_int_equal(km_random_fill(bytes, sizeof(bytes)), 0);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		zeros += bytes[i] == 0;
	}
	assert_in_range(zeros, 200, 600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uuids_are_of_version_4),
		cmocka_unit_test(all_bytes_are_filled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
