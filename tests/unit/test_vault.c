/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/uuid.c crypto/aead.c crypto/box.c crypto/random.c crypto/password.c guard/database.c guard/schema.c guard/vault.c ../tests/unit/guard_stage.c */
/* libraries: crypto sodium sqlite3 */
#include "guard/vault.h"

#include "guard_stage.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct km_uuid camera = { .bytes = { 1 } };
static const struct km_uuid other_camera = { .bytes = { 2 } };

static void test_key_file(void **state)
{
	struct guard_stage *stage = *state;
	uint8_t wrong[32] = { 0 };
	struct km_vault_opener opener = { .key_file = KM_BYTES_OF(wrong) };
	bool wants = true;

	assert_int_equal(km_vault_wants_passphrase(stage->database, &wants), KM_ERR_NOT_FOUND);
	assert_int_equal(
	    km_vault_open(stage->database, &guard_stage_opener, &stage->vault), KM_ERR_NOT_FOUND);
	opener.key_file.size = 31;
	assert_int_equal(km_vault_make(stage->database, &opener), KM_ERR_FORMAT);
	assert_int_equal(km_vault_wants_passphrase(stage->database, &wants), KM_ERR_NOT_FOUND);
	assert_int_equal(km_vault_make(stage->database, &guard_stage_opener), 0);
	assert_int_equal(km_vault_make(stage->database, &guard_stage_opener), KM_ERR_EXISTS);
	assert_int_equal(km_vault_wants_passphrase(stage->database, &wants), 0);
	assert_false(wants);
	assert_int_equal(km_vault_open(stage->database, &opener, &stage->vault), KM_ERR_AUTH);
	opener.key_file.size = 32;
	assert_int_equal(km_vault_open(stage->database, &opener, &stage->vault), KM_ERR_AUTH);
	opener = (struct km_vault_opener){ .passphrase = KM_BYTES("a passphrase") };
	assert_int_equal(km_vault_open(stage->database, &opener, &stage->vault), KM_ERR_AUTH);
	assert_null(stage->vault);
	assert_int_equal(km_vault_open(stage->database, &guard_stage_opener, &stage->vault), 0);
	km_vault_close(NULL);
}

static void test_passphrase(void **state)
{
	struct guard_stage *stage = *state;
	struct km_vault_opener opener = { .passphrase = KM_BYTES("battery staple river") };
	struct km_vault_opener wrong = { .passphrase = KM_BYTES("battery staple River") };
	bool wants = false;

	assert_int_equal(km_vault_make(stage->database, &opener), 0);
	assert_int_equal(km_vault_wants_passphrase(stage->database, &wants), 0);
	assert_true(wants);
	assert_int_equal(
	    km_vault_open(stage->database, &guard_stage_opener, &stage->vault), KM_ERR_AUTH);
	assert_int_equal(km_vault_open(stage->database, &wrong, &stage->vault), KM_ERR_AUTH);
	assert_null(stage->vault);
	assert_int_equal(km_vault_open(stage->database, &opener, &stage->vault), 0);
}

/* A stored root key that was changed anywhere opens nothing. */
static void test_changed_record(void **state)
{
	struct guard_stage *stage = *state;
	struct km_vault *vault = NULL;
	struct km_buf record;

	assert_int_equal(km_vault_make(stage->database, &guard_stage_opener), 0);
	km_buf_init(&record, 256);
	assert_int_equal(km_database_get(stage->database, "root_key", &record), 0);
	for (size_t i = 0; i < record.size; i++) {
		int err = 0;

		record.data[i] ^= 0x04;
		assert_int_equal(
		    km_database_put(stage->database, "root_key", km_buf_view(&record)), 0);
		err = km_vault_open(stage->database, &guard_stage_opener, &vault);
		assert_int_equal(err, i == 0 ? KM_ERR_UNSUPPORTED : KM_ERR_AUTH);
		record.data[i] ^= 0x04;
		assert_int_equal(
		    km_database_put(stage->database, "root_key", km_bytes_from(record.data, i)), 0);
		assert_true(km_vault_open(stage->database, &guard_stage_opener, &vault) < 0);
	}
	/* Says passphrase, and claims costs that nobody can pay. */
	memset(record.data, 0xff, record.size);
	record.data[0] = 2;
	assert_int_equal(km_database_put(stage->database, "root_key", km_buf_view(&record)), 0);
	assert_int_equal(
	    km_vault_open(stage->database,
		&(struct km_vault_opener){ .passphrase = KM_BYTES("battery staple river") },
		&vault),
	    KM_ERR_RANGE);
	assert_null(vault);
	km_buf_finish(&record);
}

static void test_day_keys(void **state)
{
	struct guard_stage *stage = *state;
	struct km_vault_key first = { 0 };
	struct km_vault_key again = { 0 };
	struct km_vault_key found = { 0 };

	guard_stage_open_vault(stage);
	assert_int_equal(km_vault_day_key(stage->vault, &camera, 20000, 1, &first), 0);
	assert_int_equal(first.day, 20000);
	assert_true(km_uuid_is_equal(&first.camera, &camera));
	assert_int_equal(km_vault_day_key(stage->vault, &camera, 20000, 2, &again), 0);
	assert_memory_equal(&first, &again, sizeof(first));
	assert_int_equal(km_vault_day_key(stage->vault, &camera, -1, 2, &again), 0);
	assert_memory_not_equal(first.material, again.material, sizeof(first.material));
	assert_int_equal(km_vault_day_key(stage->vault, &other_camera, 20000, 2, &again), 0);
	assert_memory_not_equal(first.material, again.material, sizeof(first.material));
	guard_stage_reopen(stage);
	assert_int_equal(km_vault_find_key(stage->vault, &first.id, &found), 0);
	assert_memory_equal(&first, &found, sizeof(first));
	assert_int_equal(km_vault_find_key(stage->vault, &camera, &found), KM_ERR_NOT_FOUND);
	assert_memory_equal(&first, &found, sizeof(first));
	assert_int_equal(guard_stage_number(stage, "SELECT count(*) FROM data_key"), 3);
}

/* A wrapped key cannot serve another camera, day or id; a destroyed one is gone for good. */
static void test_keys_stay_in_place(void **state)
{
	static const char *const changes[] = {
		"UPDATE data_key SET camera = x'02000000000000000000000000000000'",
		"UPDATE data_key SET day = 20001",
		"UPDATE data_key SET id = x'03000000000000000000000000000000'",
		"UPDATE data_key SET wrapped = x'00'",
		"UPDATE data_key SET wrapped = x''",
		"UPDATE data_key SET wrapped = 'text'",
	};
	struct guard_stage *stage = *state;
	struct km_vault_key first = { 0 };
	struct km_vault_key found = { .day = 77 };

	guard_stage_open_vault(stage);
	assert_int_equal(km_vault_day_key(stage->vault, &camera, 20000, 1, &first), 0);
	for (size_t i = 0; i < KM_COUNT(changes); i++) {
		static const struct km_uuid moved = { .bytes = { 3 } };

		assert_int_equal(km_database_exec(stage->database, "SAVEPOINT before"), 0);
		assert_int_equal(km_database_exec(stage->database, changes[i]), 0);
		assert_true(
		    km_vault_find_key(stage->vault, i == 2 ? &moved : &first.id, &found) < 0);
		assert_int_equal(found.day, 77);
		assert_int_equal(km_database_exec(stage->database, "ROLLBACK TO before"), 0);
		assert_int_equal(km_database_exec(stage->database, "RELEASE before"), 0);
	}
	assert_int_equal(km_vault_find_key(stage->vault, &first.id, &found), 0);
	assert_int_equal(
	    km_database_exec(stage->database, "UPDATE data_key SET wrapped = NULL"), 0);
	assert_int_equal(km_vault_find_key(stage->vault, &first.id, &found), KM_ERR_NOT_FOUND);
	assert_true(km_vault_day_key(stage->vault, &camera, 20000, 1, &found) < 0);
}

static void test_seal(void **state)
{
	struct guard_stage *stage = *state;
	struct km_buf box;
	struct km_buf secret;

	guard_stage_open_vault(stage);
	km_buf_init(&box, 100);
	km_buf_init(&secret, 100);
	assert_int_equal(km_vault_seal(stage->vault, "tls key", KM_BYTES("sesame"), &box), 0);
	guard_stage_reopen(stage);
	assert_int_equal(
	    km_vault_unseal(stage->vault, "other", km_buf_view(&box), &secret), KM_ERR_AUTH);
	assert_int_equal(km_vault_unseal(stage->vault, "tls key", km_buf_view(&box), &secret), 0);
	assert_true(km_bytes_is_equal(km_buf_view(&secret), KM_BYTES("sesame")));
	km_buf_finish(&box);
	km_buf_finish(&secret);
}

#define GUARD_TEST(test)                                                                           \
	cmocka_unit_test_setup_teardown(test, guard_stage_set_up, guard_stage_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUARD_TEST(test_key_file),
		GUARD_TEST(test_passphrase),
		GUARD_TEST(test_changed_record),
		GUARD_TEST(test_day_keys),
		GUARD_TEST(test_keys_stay_in_place),
		GUARD_TEST(test_seal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
