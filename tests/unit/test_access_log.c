/* sources: auditor/access_log.c base/buf.c base/bytes.c base/error.c base/text.c base/reader.c */
#include "auditor/access_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct km_access_log read_log(const char *text)
{
	return km_access_log_read(km_bytes_text(text), KM_BYTES("swordfish"));
}

static void test_good_and_failed_logins(void **state)
{
	struct km_access_log log =
	    read_log("2026-11-22 08:30:00 login of admin from 192.0.2.1 succeeded\n"
		     "\n"
		     "Nov 22 08:31:02 httpd: authentication failure for root from 192.0.2.9\r\n"
		     "2026/11/22 08:32:00 motion detected\n");

	(void)state;
	assert_int_equal(log.lines, 3);
	assert_int_equal(log.timed_lines, 3);
	assert_true(log.has_login && log.has_failure && !log.has_secret);
}

static void test_lines_without_times(void **state)
{
	struct km_access_log log =
	    read_log("user admin logged in\n08:30:00 started\n2026-11-22 x\n");

	(void)state;
	assert_int_equal(log.lines, 3);
	assert_int_equal(log.timed_lines, 0);
	assert_true(log.has_login && !log.has_failure);
}

static void test_japanese(void **state)
{
	struct km_access_log log =
	    read_log("2026/11/22 08:30:00 ログイン成功 admin\n2026/11/22 08:31:00 認証失敗 root\n");

	(void)state;
	assert_int_equal(log.timed_lines, 2);
	assert_true(log.has_login && log.has_failure);
}

static void test_secrets(void **state)
{
	(void)state;
	assert_true(read_log("login admin swordfish").has_secret);
	assert_true(read_log("Authorization: c3dvcmRmaXNo").has_secret);
	assert_true(read_log("x 73776f726466697368 y").has_secret);
	assert_false(read_log("login admin sword").has_secret);
	assert_false(km_access_log_read(KM_BYTES("a b c"), KM_BYTES("a")).has_secret);
	assert_int_equal(read_log("").lines, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_and_failed_logins),
		cmocka_unit_test(test_lines_without_times),
		cmocka_unit_test(test_japanese),
		cmocka_unit_test(test_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
