/* sources: base/error.c base/bytes.c base/buf.c base/text.c base/uuid.c */
#include "base/uuid.h"

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_round_trip(void **state)
{
	static const char lower[] = "00112233-4455-6677-8899-aabbccddeeff";
	struct km_uuid uuid = { 0 };
	struct km_uuid upper = { 0 };
	char text[KM_UUID_TEXT_SIZE];

	(void)state;
	assert_true(km_uuid_is_nil(&uuid));
	assert_int_equal(km_uuid_parse(km_bytes_text(lower), &uuid), 0);
	assert_false(km_uuid_is_nil(&uuid));
	assert_int_equal(uuid.bytes[15], 0xff);
	km_uuid_write(&uuid, text);
	assert_string_equal(text, lower);
	assert_int_equal(
	    km_uuid_parse(KM_BYTES("00112233-4455-6677-8899-AABBCCDDEEFF"), &upper), 0);
	assert_true(km_uuid_is_equal(&uuid, &upper));
	assert_int_equal(km_uuid_view(&uuid).size, KM_UUID_BYTES);
	upper.bytes[15] ^= 1;
	assert_false(km_uuid_is_equal(&uuid, &upper));
}

static void test_refused(void **state)
{
	static const struct km_bytes rows[] = { KM_BYTES(""),
		KM_BYTES("00112233-4455-6677-8899-aabbccddeef"),
		KM_BYTES("00112233-4455-6677-8899-aabbccddeefff"),
		KM_BYTES("{0112233-4455-6677-8899-aabbccddeef}"),
		KM_BYTES("0011223-34455-6677-8899-aabbccddeeff"),
		KM_BYTES("00112233044550667708899-aabbccddeeff"),
		KM_BYTES("00112233-4455-6677-8899-aabbccddeefg"),
		KM_BYTES("00:12233-4455-6677-8899-aabbccddeeff"),
		KM_BYTES("00112233-4455-6677-8899-aabb:ccddeef"),
		KM_BYTES("00112233-4455-6677-8899-aabbccddee-f") };
	struct km_uuid uuid = { .bytes = { 7 } };

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		assert_int_equal(km_uuid_parse(rows[i], &uuid), KM_ERR_FORMAT);
		assert_int_equal(uuid.bytes[0], 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
