/* sources: base/error.c base/bytes.c base/buf.c base/text.c io/clock.c crypto/password.c */
/* libraries: sodium */
#include "crypto/password.h"

#include "base/error.h"
#include "io/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void test_judge(void **state)
{
	static const struct {
		const char *password;
		const char *name;
		enum km_password_flaw flaw;
	} rows[] = {
		{ "battery staple river", "anna", KM_PASSWORD_FINE },
		{ "\xe7\x8b\x9b\xe7\x8a\xac\xe3\x81\xaf\xe9\x96\x80\xe3\x81\xae\xe5\x89\x8d\xe3\x81"
		  "\xab\xe5\xba\xa7\xe3\x81\xa3\xe3\x81\xa6\xe3\x81\x84\xe3\x82\x8b",
		    "anna", KM_PASSWORD_FINE }, /* 13 characters */
		{ "\xe7\x8b\x9b\xe7\x8a\xac\xe3\x81\xaf\xe9\x96\x80", "anna", KM_PASSWORD_SHORT },
		{ "", "anna", KM_PASSWORD_SHORT },
		{ "xK4#pQ9vLm2", "anna", KM_PASSWORD_SHORT }, /* 11 */
		{ "aaaaaaaaaaaa", "anna", KM_PASSWORD_COMMON },
		{ "123456789012", "anna", KM_PASSWORD_COMMON },
		{ "abcdefghijklmnop", "anna", KM_PASSWORD_COMMON },
		{ "ponmlkjihgfedcba", "anna", KM_PASSWORD_COMMON },
		{ "Password2026!!!", "bob", KM_PASSWORD_COMMON },
		{ "2026ADMINISTRATOR", "bob", KM_PASSWORD_COMMON },
		{ "!!HikVision123!!", "bob", KM_PASSWORD_COMMON },
		{ "P@55w0rd!2024", "bob", KM_PASSWORD_COMMON },
		{ "1qaz2wsx3edc4rfv", "bob", KM_PASSWORD_COMMON }, /* down the keyboard */
		{ "qwertyuiop[]asdf", "bob", KM_PASSWORD_COMMON },
		{ "hikvision@12345", "bob", KM_PASSWORD_COMMON },
		{ "sakurafujitokyo", "bob", KM_PASSWORD_COMMON },
		{ "aishiteru20240401", "bob", KM_PASSWORD_COMMON },
		{ "パスワード123456789", "bob", KM_PASSWORD_COMMON },
		{ "あいうえおあいうえおあい", "bob", KM_PASSWORD_COMMON },
		{ "adxadxadxadx", "bob", KM_PASSWORD_COMMON },
		{ "correcthorsebatterystaple", "bob", KM_PASSWORD_COMMON },
		{ "tokyo tower umbrella", "bob", KM_PASSWORD_FINE },
		{ "kD7#vw0qLx9!", "bob", KM_PASSWORD_FINE },
		{ "my ANNA likes tea", "anna", KM_PASSWORD_NAME },
		{ "front-door-west", "the-front-door-west-7", KM_PASSWORD_NAME },
		{ "my al likes tea", "al", KM_PASSWORD_FINE }, /* too short to mean anything */
		{ "battery\nstaple river", "anna", KM_PASSWORD_NO_TEXT },
		{ "battery \xff staple", "anna", KM_PASSWORD_NO_TEXT },
	};

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		assert_int_equal(km_password_judge(km_bytes_text(rows[i].password),
				     km_bytes_text(rows[i].name), 12),
		    rows[i].flaw);
	}
	assert_int_equal(
	    km_password_judge(KM_BYTES("battery\0staple"), KM_BYTES("x"), 12), KM_PASSWORD_NO_TEXT);
}

static void test_judge_lengths(void **state)
{
	char text[202];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++) {
		text[i] = (char)("wq7xk3"[i % 6]);
	}
	assert_int_equal(
	    km_password_judge(km_bytes_from(text, 200), KM_BYTES("anna"), 12), KM_PASSWORD_FINE);
	assert_int_equal(
	    km_password_judge(km_bytes_from(text, 201), KM_BYTES("anna"), 12), KM_PASSWORD_LONG);
	/* Whatever is configured, 8 is the least. */
	assert_int_equal(
	    km_password_judge(km_bytes_from(text, 7), KM_BYTES("anna"), 1), KM_PASSWORD_SHORT);
	assert_int_equal(
	    km_password_judge(km_bytes_from(text, 8), KM_BYTES("anna"), 1), KM_PASSWORD_FINE);
	for (int flaw = KM_PASSWORD_FINE; flaw <= KM_PASSWORD_USED; flaw++) {
		assert_true(strlen(km_password_flaw_text((enum km_password_flaw)flaw)) > 3);
	}
	assert_non_null(km_password_flaw_text((enum km_password_flaw)99));
}

static int64_t time_check(const char *hash)
{
	int64_t before = km_clock_monotonic_us();

	assert_false(km_password_is_right(KM_BYTES("wrong horse"), hash));
	return km_clock_monotonic_us() - before;
}

/* That a name does not exist, or has a broken hash, must not be told by time. */
static void test_hash(void **state)
{
	char hash[KM_PASSWORD_HASH_SIZE] = "";
	char again[KM_PASSWORD_HASH_SIZE] = "";
	int64_t usual = 0;
	int64_t again_us = 0;

	(void)state;
	assert_int_equal(km_password_hash(KM_BYTES("right horse"), hash), 0);
	assert_int_equal(km_password_hash(KM_BYTES("right horse"), again), 0);
	assert_string_not_equal(hash, again);
	assert_memory_equal(hash, "$argon2id$v=19$m=131072,t=3,p=1$", 32);
	assert_true(km_password_is_right(KM_BYTES("right horse"), hash));
	assert_false(km_password_is_outdated(hash));
	assert_true(km_password_is_outdated("$argon2id$v=19$m=65536,t=3,p=1$MTIzNDU2Nzg5MDEyMzQ1Ng$"
					    "Ln6kPUSMJXm6O7RMIZ3Dwb0OiXt3kG2e9mAaVzYBrq4"));
	usual = time_check(hash);
	again_us = time_check(hash);
	usual = again_us < usual ? again_us : usual;
	assert_true(time_check("") > usual / 3);
	assert_true(time_check(NULL) > usual / 3);
	assert_true(time_check("$argon2id$broken") > usual / 3);
}

static void test_derive(void **state)
{
	static const uint8_t salt[KM_PASSWORD_SALT_BYTES] = "sixteen bytes...";
	static const uint8_t other[KM_PASSWORD_SALT_BYTES] = "Sixteen bytes...";
	uint8_t a[32] = { 0 };
	uint8_t b[32] = { 0 };

	(void)state;
	assert_int_equal(km_password_derive(KM_BYTES("pass phrase"), salt, 1, 1 << 20, a), 0);
	assert_int_equal(km_password_derive(KM_BYTES("pass phrase"), salt, 1, 1 << 20, b), 0);
	assert_memory_equal(a, b, sizeof(a));
	assert_int_equal(km_password_derive(KM_BYTES("pass phrase"), other, 1, 1 << 20, b), 0);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_int_equal(km_password_derive(KM_BYTES("pass phrase"), salt, 2, 1 << 20, b), 0);
	assert_memory_not_equal(a, b, sizeof(a));
	/* What stands beside the salt may have been changed: it stays affordable. */
	assert_int_equal(
	    km_password_derive(KM_BYTES("p"), salt, UINT64_MAX, 1 << 20, b), KM_ERR_RANGE);
	assert_int_equal(km_password_derive(KM_BYTES("p"), salt, 0, 1 << 20, b), KM_ERR_RANGE);
	assert_int_equal(km_password_derive(KM_BYTES("p"), salt, 1, SIZE_MAX, b), KM_ERR_RANGE);
	assert_int_equal(km_password_derive(KM_BYTES("p"), salt, 1, 0, b), KM_ERR_RANGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_judge_lengths),
		cmocka_unit_test(test_hash),
		cmocka_unit_test(test_derive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
