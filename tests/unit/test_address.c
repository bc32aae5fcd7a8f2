/* sources: base/error.c base/bytes.c io/address.c */
#include "base/error.h"
#include "io/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void check(const char *text, const char *expected)
{
	struct km_address address;
	char out[KM_ADDRESS_TEXT_SIZE];

	assert_int_equal(km_address_parse(km_bytes_text(text), 554, &address), 0);
	assert_int_equal(km_address_port(&address), 554);
	km_address_write(&address, out);
	assert_string_equal(out, expected);
}

static void digits_go_both_ways(void **state)
{
	(void)state;
	check("192.0.2.1", "192.0.2.1:554");
	check("2001:db8::1", "[2001:db8::1]:554");
	check("[2001:DB8:0:0::1]", "[2001:db8::1]:554");
	check("fe80::1%7", "[fe80::1%7]:554");
	check("::ffff:192.0.2.1", "[::ffff:192.0.2.1]:554");
}

static void names_are_refused(void **state)
{
	const char *wrong[] = {
		"", "camera", "192.0.2", "192.0.2.256", "0x7f.1", "[192.0.2.1]", "[::1", "::1]",
		"::1%", "::1%nosuchif0", "1.2.3.4.5", " 1.2.3.4",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd:eeee:ffff:0000:11"
	};
	struct km_address address = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(
		    km_address_parse(km_bytes_text(wrong[i]), 1, &address), KM_ERR_FORMAT);
	}
	assert_int_equal(address.size, 0);
}

static void mapped_hosts_are_the_same(void **state)
{
	struct km_address a;
	struct km_address b;

	(void)state;
	assert_int_equal(km_address_parse(KM_BYTES("192.0.2.1"), 1, &a), 0);
	assert_int_equal(km_address_parse(KM_BYTES("::ffff:192.0.2.1"), 2, &b), 0);
	assert_true(km_address_is_same_host(&a, &b));
	km_address_set_port(&b, 9);
	assert_int_equal(km_address_port(&b), 9);
	assert_int_equal(km_address_parse(KM_BYTES("192.0.2.2"), 1, &b), 0);
	assert_false(km_address_is_same_host(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digits_go_both_ways),
		cmocka_unit_test(names_are_refused),
		cmocka_unit_test(mapped_hosts_are_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
