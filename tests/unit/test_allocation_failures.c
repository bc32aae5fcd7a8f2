/* sources: base/error.c base/bytes.c base/buf.c base/cidr.c base/reader.c base/text.c base/time.c base/uuid.c crypto/aead.c crypto/box.c crypto/digest.c crypto/random.c crypto/password.c proto/url.c model/rights.c io/clock.c guard/database.c guard/schema.c guard/vault.c guard/accounts.c guard/login_locks.c guard/cameras.c guard/journal.c guard/options.c guard/sessions.c ../tests/unit/guard_stage.c ../tests/unit/allocation_faults.c */
/* libraries: crypto sodium sqlite3 cyaml */
/*
 * Each allocation of each operation fails once, alone and with all that follow: the operation must
 * say so, leak nothing (the sanitizers watch) and leave a state in which it works again.
 */
#include "allocation_faults.h"
#include "guard/accounts.h"
#include "guard/cameras.h"
#include "guard/journal.h"
#include "guard/login_locks.h"
#include "guard/options.h"
#include "guard/sessions.h"
#include "guard_stage.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MOST 4000 /* allocations of one operation */

static const struct km_uuid camera_id = { .bytes = { 1 } };

static int grow_buffer(struct guard_stage *stage)
{
	struct km_buf buf;
	int err = 0;

	(void)stage;
	km_buf_init(&buf, 1 << 16);
	for (unsigned i = 0; i < 2000; i++) {
		km_buf_add_u64(&buf, i);
	}
	km_buf_add_format(&buf, "%s", "end");
	err = km_buf_error(&buf);
	assert_int_equal(buf.size, err == 0 ? 16003 : buf.size / 8 * 8);
	km_buf_finish(&buf);
	return err;
}

static int open_database(struct guard_stage *stage)
{
	struct km_database *database = NULL;
	int err = km_database_open(stage->path, false, &database);

	assert_int_equal(database != NULL, err == 0);
	km_database_close(database);
	return err;
}

static int use_accounts(struct guard_stage *stage)
{
	struct km_account account;
	static const uint8_t address[KM_CIDR_ADDRESS_BYTES] = { 1 };
	static const uint8_t boot[KM_LOGIN_LOCKS_BOOT_BYTES];
	struct km_login_locks_try trying;
	struct km_login_locks_outcome outcome;
	bool may = false;
	int err = km_accounts_find(stage->database, KM_BYTES("anna"), &account);

	if (err == 0) {
		err =
		    km_login_locks_recognize(stage->database, &account.id, true, address, &trying);
	}
	if (err == 0) {
		err = km_login_locks_fail(stage->database, &trying, boot, 1, &outcome);
	}
	if (err == 0) {
		err = km_login_locks_succeed(stage->database, &trying, 1);
	}
	if (err == 0) {
		err = km_accounts_may(stage->database, &account, KM_RIGHT_LIVE, &camera_id, &may);
	}
	assert_false(may && err < 0);
	return err;
}

static int use_vault(struct guard_stage *stage)
{
	struct km_vault *vault = NULL;
	struct km_vault_key key;
	int err = km_vault_open(stage->database, &guard_stage_opener, &vault);

	if (err == 0) {
		err = km_vault_day_key(vault, &camera_id, 20000, 1, &key);
	}
	if (err == 0) {
		err = km_vault_find_key(vault, &key.id, &key);
	}
	km_vault_close(vault);
	return err;
}

static int put_camera(struct guard_stage *stage)
{
	static const struct km_bytes password = { (const uint8_t *)"sesame", 6 };
	char found[KM_CAMERA_PASSWORD_SIZE];
	struct km_camera camera;
	int err = km_cameras_find_name(stage->database, KM_BYTES("front"), &camera);

	if (err == 0) {
		err = km_cameras_put(
		    stage->database, stage->vault, &camera, &password, 1, &camera.id);
	}
	if (err == 0) {
		err = km_cameras_password(stage->database, stage->vault, &camera.id, found);
	}
	return err;
}

static int note_in_journal(struct guard_stage *stage)
{
	return km_journal_note(stage->database, KM_EVENT_LOGIN, NULL, NULL, "%s", "text");
}

static int verify_journal(struct guard_stage *stage)
{
	int64_t count = 0;

	return km_journal_verify(stage->database, &count);
}

static int load_options(struct guard_stage *stage)
{
	char path[100];
	uint8_t storage[4096];
	struct km_options options = { .listen_port = 7 };
	struct km_buf error;
	int err = 0;

	km_buf_init_fixed(&error, storage, sizeof(storage));
	(void)snprintf(path, sizeof(path), "%s/komainu.yaml", stage->directory);
	err = km_options_load(path, &options, &error);
	assert_int_equal(options.listen_port, err == 0 ? 9000 : 7);
	return err;
}

static int begin_session(struct guard_stage *stage)
{
	static const struct km_session_origin origin;
	static struct km_sessions sessions;
	const struct km_session *session = NULL;
	uint8_t token[KM_SESSION_TOKEN_BYTES];
	int err = 0;

	(void)stage;
	km_sessions_init(&sessions, 100, 1000);
	err = km_sessions_begin(&sessions, &camera_id, 1, &origin, 1, 1, token, &session);
	assert_int_equal(session != NULL, err == 0);
	return err;
}

static int set_up(void **state)
{
	int err = guard_stage_set_up(state);
	struct guard_stage *stage = *state;
	struct km_camera camera = {
		.name = "front", .url = "rtsp://192.0.2.1/", .is_enabled = true
	};
	struct km_uuid id;
	char path[100];

	guard_stage_open_vault(stage);
	(void)snprintf(path, sizeof(path), "%s/komainu.yaml", stage->directory);
	guard_stage_write_file(path, "listen_port: 9000\nrecordings: /srv\n");
	assert_int_equal(
	    km_accounts_add(stage->database, "anna", KM_ACCOUNT_USER, "$x", 1, &id), 0);
	assert_int_equal(km_cameras_put(stage->database, stage->vault, &camera, NULL, 1, &id), 0);
	return err;
}

/* Where a library may do with less: it went on without the memory, or fell back. */
static void sweep(
    struct guard_stage *stage, int (*operation)(struct guard_stage *stage), bool may_cope)
{
	bool has_failed = true;
	unsigned failures = 0;

	assert_int_equal(operation(stage), 0); /* what libraries keep for ever is made now */
	for (unsigned i = 0; has_failed && i < 2 * MOST; i++) {
		int err = 0;

		allocation_faults_begin(i / 2 + 1, i % 2 == 1);
		err = operation(stage);
		has_failed = allocation_faults_end();
		failures += has_failed ? 1 : 0;
		assert_true(may_cope || err < 0 || !has_failed);
		if (i % 16 < 2 || err == 0) {
			assert_int_equal(operation(stage), 0);
		}
	}
	assert_false(has_failed);
	assert_true(failures > 1);
}

static void test_buffer(void **state)
{
	sweep(*state, grow_buffer, false);
}

static void test_database(void **state)
{
	sweep(*state, open_database, true);
}

static void test_accounts(void **state)
{
	sweep(*state, use_accounts, true);
}

static void test_vault(void **state)
{
	sweep(*state, use_vault, true);
}

static void test_cameras(void **state)
{
	sweep(*state, put_camera, true);
}

static void test_journal(void **state)
{
	sweep(*state, note_in_journal, true);
	sweep(*state, verify_journal, true);
}

static void test_options(void **state)
{
	sweep(*state, load_options, true);
}

static void test_sessions(void **state)
{
	sweep(*state, begin_session, true);
}

#define SWEEP(test) cmocka_unit_test_setup_teardown(test, set_up, guard_stage_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SWEEP(test_buffer),
		SWEEP(test_database),
		SWEEP(test_accounts),
		SWEEP(test_vault),
		SWEEP(test_cameras),
		SWEEP(test_journal),
		SWEEP(test_options),
		SWEEP(test_sessions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
