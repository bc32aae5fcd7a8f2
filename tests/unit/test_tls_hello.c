/* sources: proto/tls_hello.c base/bytes.c base/buf.c base/error.c base/reader.c */
/* libraries: */
#include "proto/tls_hello.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const uint16_t offered[] = { 0x1301, 0xc02f };

static size_t number_at(const struct km_buf *buf, size_t offset)
{
	return (size_t)buf->data[offset] << 8 | buf->data[offset + 1];
}

static void test_lengths_are_right(void **state)
{
	static const enum km_tls_version versions[] = { KM_TLS_SSL_3_0, KM_TLS_1_0, KM_TLS_1_2,
		KM_TLS_1_3 };

	(void)state;
	for (size_t i = 0; i < KM_COUNT(versions); i++) {
		const struct km_tls_hello hello = {
			.version = versions[i], .suites = offered, .count = KM_COUNT(offered)
		};
		uint8_t storage[KM_TLS_HELLO_BYTES_MAX];
		struct km_buf buf;
		size_t extensions = 5 + 4 + 2 + 32 + 1 + 2 + 2 * (KM_COUNT(offered) + 1) + 2;

		km_buf_init_fixed(&buf, storage, sizeof(storage));
		km_tls_hello_write(&hello, &buf);
		assert_int_equal(km_buf_error(&buf), 0);
		assert_int_equal(number_at(&buf, 3), buf.size - 5);
		assert_int_equal(number_at(&buf, 7), buf.size - 9);
		if (versions[i] == KM_TLS_SSL_3_0) {
			assert_int_equal(buf.size, extensions);
		} else {
			assert_int_equal(number_at(&buf, extensions), buf.size - extensions - 2);
		}
	}
}

static size_t write_server_hello(enum km_tls_version version, unsigned suite,
    struct km_bytes extensions, uint8_t ret_record[static 128])
{
	size_t body = 2 + 32 + 1 + 2 + 1 + extensions.size;
	struct km_buf buf;

	km_buf_init_fixed(&buf, ret_record, 128);
	km_buf_add_u8(&buf, 0x16);
	km_buf_add_u16(&buf, 0x0303);
	km_buf_add_u16(&buf, (unsigned)(4 + body));
	km_buf_add_u8(&buf, 2);
	km_buf_add_u24(&buf, (uint32_t)body);
	km_buf_add_u16(&buf, version);
	for (unsigned i = 0; i < 32 + 1; i++) {
		km_buf_add_u8(&buf, 0); /* random, no session */
	}
	km_buf_add_u16(&buf, suite);
	km_buf_add_u8(&buf, 0);
	km_buf_add(&buf, extensions);
	return buf.size;
}

static void test_answers(void **state)
{
	static const uint8_t alert[] = { 0x15, 3, 1, 0, 2, 2, 40 };
	static const uint8_t versions[] = { 0, 6, 0, 43, 0, 2, 3, 4 };
	uint8_t old[128];
	uint8_t new[128];
	size_t old_size = write_server_hello(KM_TLS_1_0, 0x000a, (struct km_bytes){ 0 }, old);
	size_t new_size = write_server_hello(KM_TLS_1_2, 0x1301, KM_BYTES_OF(versions), new);
	struct km_tls_hello_answer answer = { 0 };

	(void)state;
	assert_int_equal(km_tls_hello_parse(KM_BYTES_OF(alert), &answer), 0);
	assert_true(answer.is_alert);
	assert_int_equal(answer.alert, 40);
	assert_int_equal(km_tls_hello_parse(km_bytes_from(old, old_size), &answer), 0);
	assert_false(answer.is_alert);
	assert_int_equal(answer.version, KM_TLS_1_0);
	assert_int_equal(answer.suite, 0x000a);
	assert_int_equal(km_tls_hello_parse(km_bytes_from(new, new_size), &answer), 0);
	assert_int_equal(answer.version, KM_TLS_1_3);
	assert_int_equal(answer.suite, 0x1301);
	for (size_t size = 0; size < new_size; size++) {
		assert_int_equal(
		    km_tls_hello_parse(km_bytes_from(new, size), &answer), KM_ERR_SHORT);
	}
	assert_int_equal(
	    km_tls_hello_parse(KM_BYTES("HTTP/1.1 400 Bad Request"), &answer), KM_ERR_FORMAT);
}

static void test_suites_stand_once(void **state)
{
	size_t count = 0;
	const struct km_tls_suite *suites = km_tls_hello_suites(&count);

	(void)state;
	assert_in_range(count, 1, 128);
	for (size_t i = 0; i < count; i++) {
		for (size_t j = 0; j < i; j++) {
			assert_int_not_equal(suites[i].number, suites[j].number);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths_are_right),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_suites_stand_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
