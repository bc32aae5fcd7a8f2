/* sources: base/error.c base/bytes.c base/buf.c base/cidr.c */
#include "base/cidr.h"

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct address {
	uint8_t bytes[KM_CIDR_ADDRESS_BYTES];
};

static struct address parse(const char *text)
{
	struct address address = { { 0 } };

	assert_int_equal(km_cidr_parse_address(km_bytes_text(text), address.bytes), 0);
	return address;
}

static void test_addresses(void **state)
{
	static const char *const wrong[] = { "", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4x",
		"fe80::1%eth0", "[::1]", "localhost", "::g", "1.2.3.4 ", "::ffff:1.2.3.4.5",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999" };
	struct address address = { { 7 } };

	(void)state;
	assert_memory_equal(parse("192.0.2.7").bytes, parse("::ffff:192.0.2.7").bytes, 16);
	assert_memory_equal(parse("::ffff:c000:207").bytes, parse("192.0.2.7").bytes, 16);
	for (size_t i = 0; i < KM_COUNT(wrong); i++) {
		assert_int_equal(
		    km_cidr_parse_address(km_bytes_text(wrong[i]), address.bytes), KM_ERR_FORMAT);
	}
	assert_int_equal(
	    km_cidr_parse_address(KM_BYTES("1.2.3.4\0x"), address.bytes), KM_ERR_FORMAT);
	assert_int_equal(address.bytes[0], 7); /* left alone */
}

static void test_blocks(void **state)
{
	static const struct {
		const char *block;
		const char *written;
		const char *inside;
		const char *outside;
	} rows[] = {
		{ "192.0.2.0/24", "192.0.2.0/24", "192.0.2.255", "192.0.3.0" },
		{ "192.0.2.7", "192.0.2.7", "192.0.2.7", "192.0.2.6" },
		{ "192.0.2.7/32", "192.0.2.7", "::ffff:192.0.2.7", "192.0.2.8" },
		{ "10.0.0.0/9", "10.0.0.0/9", "10.127.255.255", "10.128.0.0" },
		{ "0.0.0.0/0", "0.0.0.0/0", "255.1.2.3", "2001:db8::1" },
		{ "::ffff:10.0.0.0/104", "10.0.0.0/8", "10.2.3.4", "11.2.3.4" },
		{ "2001:db8::/32", "2001:db8::/32", "2001:db8:ffff::1", "2001:db9::" },
		{ "2001:db8::/33", "2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::" },
		{ "::/0", "::/0", "2001:db8::1", "192.0.2.7" },
		{ "::/80", "::/80", "::1", "127.0.0.1" },
		{ "::1", "::1", "::1", "::2" },
	};
	char text[KM_CIDR_TEXT_SIZE];
	struct km_cidr cidr;

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		assert_int_equal(km_cidr_parse(km_bytes_text(rows[i].block), &cidr, NULL), 0);
		assert_true(km_cidr_has(&cidr, parse(rows[i].inside).bytes));
		assert_false(km_cidr_has(&cidr, parse(rows[i].outside).bytes));
		km_cidr_write(&cidr, text);
		assert_string_equal(text, rows[i].written);
	}
}

static void test_faults(void **state)
{
	static const char *const wrong[] = { "", "/", "/24", "192.0.2.0/", "192.0.2.0/33",
		"192.0.2.0/-1", "192.0.2.0/2 4", "192.0.2.0/24/24", "2001:db8::/129",
		"192.0.2.7/24", "2001:db8::1/64", "::ffff:10.0.0.1/104", "any/0",
		"192.0.2.0/4294967320" };
	struct km_cidr cidr = { .bits = 9 };

	(void)state;
	for (size_t i = 0; i < KM_COUNT(wrong); i++) {
		const char *fault = NULL;

		assert_int_equal(
		    km_cidr_parse(km_bytes_text(wrong[i]), &cidr, &fault), KM_ERR_FORMAT);
		assert_non_null(fault);
	}
	assert_int_equal(cidr.bits, 9);
}

static void test_lists(void **state)
{
	struct km_cidr_list list = { .count = 0 };
	char words[200] = "";
	char many[65 * 10] = "";
	struct km_buf error;
	struct km_buf text;

	(void)state;
	assert_int_equal(
	    km_cidr_parse_list(KM_BYTES(" 192.0.2.0/24,2001:db8::/32  10.1.2.3,"), &list, NULL), 0);
	assert_int_equal(list.count, 3);
	assert_true(km_cidr_list_has(&list, parse("10.1.2.3").bytes));
	assert_true(km_cidr_list_has(&list, parse("2001:db8::5").bytes));
	assert_false(km_cidr_list_has(&list, parse("10.1.2.4").bytes));
	km_buf_init_fixed(&error, words, sizeof(words) - 1);
	assert_int_equal(
	    km_cidr_parse_list(KM_BYTES("10.0.0.0/8, 10.1.2.3/8"), &list, &error), KM_ERR_FORMAT);
	assert_non_null(strstr(words, "\"10.1.2.3/8\": bits"));
	assert_int_equal(list.count, 3);
	assert_int_equal(km_cidr_parse_list(KM_BYTES(""), &list, NULL), 0);
	assert_false(km_cidr_list_has(&list, parse("10.1.2.3").bytes));
	assert_int_equal(km_cidr_parse_list(KM_BYTES("any"), &list, NULL), 0);
	assert_true(km_cidr_list_has(&list, parse("10.1.2.3").bytes));
	km_buf_init_fixed(&text, many, sizeof(many));
	for (unsigned i = 0; i < 65; i++) {
		km_buf_add_format(&text, "10.0.0.%u,", i);
	}
	assert_int_equal(km_cidr_parse_list(km_buf_view(&text), &list, NULL), KM_ERR_LIMIT);
}

static void test_kinds(void **state)
{
	uint8_t network[KM_CIDR_ADDRESS_BYTES];

	(void)state;
	assert_true(km_cidr_is_loopback(parse("127.0.0.1").bytes));
	assert_true(km_cidr_is_loopback(parse("127.255.1.2").bytes));
	assert_true(km_cidr_is_loopback(parse("::ffff:127.0.0.1").bytes));
	assert_true(km_cidr_is_loopback(parse("::1").bytes));
	assert_false(km_cidr_is_loopback(parse("::2").bytes));
	assert_false(km_cidr_is_loopback(parse("128.0.0.1").bytes));
	km_cidr_subscriber(parse("192.0.2.7").bytes, network);
	assert_memory_equal(network, parse("192.0.2.7").bytes, sizeof(network));
	km_cidr_subscriber(parse("2001:db8::1:2:3:4").bytes, network);
	assert_memory_equal(network, parse("2001:db8::").bytes, sizeof(network));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
