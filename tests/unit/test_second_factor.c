/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/uuid.c crypto/aead.c crypto/box.c crypto/digest.c crypto/random.c crypto/password.c crypto/secret.c guard/database.c guard/schema.c guard/vault.c guard/second_factor.c ../tests/unit/guard_stage.c */
/* libraries: crypto sodium sqlite3 oath */
#include "guard/second_factor.h"

#include "base/time.h"
#include "guard_stage.h"

#include <liboath/oath.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct km_uuid anna = { .bytes = { 1 } };
static const struct km_uuid bob = { .bytes = { 2 } };

/* What the application shows `steps` of 30 s from the stage's time. */
static void show_code(const char *secret_text, int steps, char ret_code[7])
{
	char *secret = NULL;
	size_t size = 0;

	assert_int_equal(
	    oath_base32_decode(secret_text, strlen(secret_text), &secret, &size), OATH_OK);
	assert_int_equal(size, 20);
	assert_int_equal(
	    oath_totp_generate(secret, size, (time_t)(GUARD_STAGE_NOW_US / 1000000 + 30 * steps),
		OATH_TOTP_DEFAULT_TIME_STEP_SIZE, 0, 6, ret_code),
	    OATH_OK);
	free(secret);
}

static int check(struct guard_stage *stage, const struct km_uuid *account, const char *code)
{
	return km_second_factor_check(
	    stage->vault, stage->database, account, km_bytes_text(code), GUARD_STAGE_NOW_US, NULL);
}

static void enrol(struct guard_stage *stage, char secret[KM_SECOND_FACTOR_SECRET_SIZE],
    char codes[KM_SECOND_FACTOR_CODES][KM_SECOND_FACTOR_CODE_SIZE])
{
	assert_int_equal(km_second_factor_begin(stage->vault, stage->database, &anna, secret), 0);
	assert_int_equal(km_second_factor_confirm(stage->vault, stage->database, &anna,
			     KM_BYTES(""), GUARD_STAGE_NOW_US, codes),
	    0);
}

static int set_up(void **state)
{
	int err = guard_stage_set_up(state);

	guard_stage_open_vault(*state);
	return err;
}

/* [RFC 6238 B] the published values, with their last six digits. */
static void test_vectors(void **state)
{
	static const struct {
		int64_t seconds;
		const char *code;
	} rows[] = { { 59, "287082" }, { 1111111109, "081804" }, { 1111111111, "050471" },
		{ 1234567890, "005924" }, { 2000000000, "279037" }, { 20000000000, "353130" } };
	struct guard_stage *stage = *state;
	uint8_t storage[256];
	struct km_buf sealed;

	km_buf_init_fixed(&sealed, storage, sizeof(storage));
	assert_int_equal(
	    km_vault_seal(stage->vault, "second factor", KM_BYTES("12345678901234567890"), &sealed),
	    0);
	assert_int_equal(
	    km_database_run(stage->database, "INSERT INTO second_factor VALUES (?1, ?2, 1, 0)",
		KM_VALUES(KM_UUID_DATA(&anna), KM_DATA(km_buf_view(&sealed))), NULL, NULL),
	    0);
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		assert_int_equal(
		    km_second_factor_check(stage->vault, stage->database, &anna,
			km_bytes_text(rows[i].code), rows[i].seconds * KM_TIME_SECOND_US, NULL),
		    0);
	}
}

static void test_enrol(void **state)
{
	struct guard_stage *stage = *state;
	struct km_second_factor_state shown = { .is_active = true };
	char codes[KM_SECOND_FACTOR_CODES][KM_SECOND_FACTOR_CODE_SIZE] = { "" };
	char secret[KM_SECOND_FACTOR_SECRET_SIZE] = "";
	char uri[KM_SECOND_FACTOR_URI_SIZE] = "";
	char code[7];

	assert_int_equal(km_second_factor_show(stage->database, &anna, &shown), 0);
	assert_false(shown.is_active || shown.is_pending);
	assert_int_equal(check(stage, &anna, "123456"), KM_ERR_STATE);
	assert_int_equal(km_second_factor_confirm(stage->vault, stage->database, &anna,
			     KM_BYTES("123456"), GUARD_STAGE_NOW_US, codes),
	    KM_ERR_STATE);
	assert_int_equal(km_second_factor_begin(stage->vault, stage->database, &anna, secret), 0);
	assert_int_equal(strlen(secret), 32);
	km_second_factor_write_uri("anna", secret, uri);
	assert_memory_equal(uri, "otpauth://totp/Komainu:anna?secret=", 35);
	assert_non_null(strstr(uri, "&issuer=Komainu"));
	assert_int_equal(km_second_factor_show(stage->database, &anna, &shown), 0);
	assert_true(!shown.is_active && shown.is_pending);
	assert_int_equal(km_second_factor_confirm(stage->vault, stage->database, &anna,
			     KM_BYTES("aaaaaa"), GUARD_STAGE_NOW_US, codes),
	    KM_ERR_AUTH);
	show_code(secret, 0, code);
	assert_int_equal(km_second_factor_confirm(stage->vault, stage->database, &anna,
			     km_bytes_text(code), GUARD_STAGE_NOW_US, codes),
	    0);
	assert_int_equal(check(stage, &anna, code), KM_ERR_AUTH); /* used up */
	assert_int_equal(
	    km_second_factor_begin(stage->vault, stage->database, &anna, secret), KM_ERR_STATE);
	assert_int_equal(km_second_factor_show(stage->database, &anna, &shown), 0);
	assert_true(shown.is_active && shown.codes_left == KM_SECOND_FACTOR_CODES);
	assert_int_equal(km_second_factor_drop(stage->database, &anna), 0);
	assert_int_equal(km_second_factor_show(stage->database, &anna, &shown), 0);
	assert_true(!shown.is_active && shown.codes_left == 0);
}

/* One step before and after is taken, each once, and never one before a later one. */
static void test_steps(void **state)
{
	struct guard_stage *stage = *state;
	char codes[KM_SECOND_FACTOR_CODES][KM_SECOND_FACTOR_CODE_SIZE];
	char secret[KM_SECOND_FACTOR_SECRET_SIZE];
	char before[7];
	char now[7];
	char after[7];
	char late[7];

	enrol(stage, secret, codes);
	show_code(secret, -1, before);
	show_code(secret, 0, now);
	show_code(secret, 1, after);
	show_code(secret, 2, late);
	assert_int_equal(check(stage, &anna, late), KM_ERR_AUTH);
	assert_int_equal(check(stage, &anna, before), 0);
	assert_int_equal(check(stage, &anna, before), KM_ERR_AUTH);
	assert_int_equal(check(stage, &anna, after), 0);
	assert_int_equal(check(stage, &anna, now), KM_ERR_AUTH);
	assert_int_equal(check(stage, &bob, after), KM_ERR_STATE);
}

static void test_recovery(void **state)
{
	struct guard_stage *stage = *state;
	char codes[KM_SECOND_FACTOR_CODES][KM_SECOND_FACTOR_CODE_SIZE];
	char secret[KM_SECOND_FACTOR_SECRET_SIZE];
	char typed[40];
	bool was_recovery = false;

	enrol(stage, secret, codes);
	for (size_t i = 0; i < KM_SECOND_FACTOR_CODES; i++) {
		assert_int_equal(strlen(codes[i]), 19);
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(codes[i], codes[j]);
		}
	}
	(void)snprintf(typed, sizeof(typed), " %.4s %.4s%.4s-%.4s ", codes[3], codes[3] + 5,
	    codes[3] + 10, codes[3] + 15);
	assert_int_equal(km_second_factor_check(stage->vault, stage->database, &anna,
			     km_bytes_text(typed), GUARD_STAGE_NOW_US, &was_recovery),
	    0);
	assert_true(was_recovery);
	assert_int_equal(check(stage, &anna, codes[3]), KM_ERR_AUTH);
	assert_int_equal(check(stage, &anna, ""), KM_ERR_AUTH);
	assert_int_equal(check(stage, &anna, "abcd-efgh-ijkl-mnop"), KM_ERR_AUTH);
	assert_int_equal(check(stage, &anna, "abcd-efgh-ijkl-mnop-qrst"), KM_ERR_AUTH);
	assert_int_equal(check(stage, &anna, codes[4]), 0);
	assert_int_equal(guard_stage_number(stage, "SELECT count(*) FROM recovery_code"), 8);
}

/* Neither the secret nor a code lies in the database as it is. */
static void test_sealed(void **state)
{
	struct guard_stage *stage = *state;
	char codes[KM_SECOND_FACTOR_CODES][KM_SECOND_FACTOR_CODE_SIZE];
	char secret[KM_SECOND_FACTOR_SECRET_SIZE];
	char *raw = NULL;
	size_t size = 0;
	char sql[200];
	struct km_buf hex;

	enrol(stage, secret, codes);
	assert_int_equal(oath_base32_decode(secret, strlen(secret), &raw, &size), OATH_OK);
	km_buf_init(&hex, 100);
	for (size_t i = 0; i < size; i++) {
		km_buf_add_format(&hex, "%02X", (uint8_t)raw[i]);
	}
	(void)snprintf(sql, sizeof(sql),
	    "SELECT count(*) FROM second_factor WHERE instr(hex(secret), '%.*s') > 0",
	    (int)hex.size, (const char *)hex.data);
	assert_int_equal(guard_stage_number(stage, sql), 0);
	free(raw);
	km_buf_finish(&hex);
}

#define FACTOR_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, guard_stage_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FACTOR_TEST(test_vectors),
		FACTOR_TEST(test_enrol),
		FACTOR_TEST(test_steps),
		FACTOR_TEST(test_recovery),
		FACTOR_TEST(test_sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
