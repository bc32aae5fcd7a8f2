/* sources: base/error.c base/bytes.c base/buf.c base/cidr.c base/reader.c base/text.c base/time.c base/uuid.c crypto/aead.c crypto/box.c crypto/certificate.c crypto/certificate_check.c crypto/certificate_facts.c crypto/certificate_names.c crypto/certificate_pem.c crypto/digest.c crypto/random.c crypto/password.c crypto/signature.c io/clock.c model/events.c guard/database.c guard/schema.c guard/vault.c guard/certificates.c guard/journal.c guard/journal_chain.c guard/journal_file.c guard/journal_key.c guard/journal_walk.c guard/options.c guard/state.c ../tests/unit/guard_stage.c */
/* libraries: crypto sodium sqlite3 cyaml */
#include "guard/state.h"

#include "crypto/certificate.h"
#include "guard/journal_key.h"
#include "guard/journal_walk.h"
#include "guard_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

struct fixture {
	char directory[64];
	char home[90]; /* of the recorder */
	char file[90]; /* key file or passphrase, on another medium as it were */
	struct km_state state;
	struct km_buf error;
};

static const struct km_state_key usual_key;

static int set_up(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){ 0 };
	guard_stage_make_directory(fixture.directory);
	(void)snprintf(fixture.home, sizeof(fixture.home), "%s/home", fixture.directory);
	(void)snprintf(fixture.file, sizeof(fixture.file), "%s/secret", fixture.directory);
	km_buf_init(&fixture.error, 8192);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	km_state_close(&fixture->state);
	km_buf_finish(&fixture->error);
	guard_stage_remove_directory(fixture->directory);
	return 0;
}

static int make(struct fixture *fixture, const struct km_state_key *key)
{
	km_buf_clear(&fixture->error);
	return km_state_make(fixture->home, key, "recorder.example", &fixture->error);
}

static int open_state(struct fixture *fixture)
{
	km_buf_clear(&fixture->error);
	return km_state_open(fixture->home, &fixture->state, &fixture->error);
}

static int unlock(struct fixture *fixture, const struct km_state_key *key)
{
	km_buf_clear(&fixture->error);
	return km_state_unlock(&fixture->state, key, &fixture->error);
}

static unsigned mode_of(const struct fixture *fixture, const char *name)
{
	char path[200];
	struct stat info = { 0 };

	(void)snprintf(path, sizeof(path), "%s/%s", fixture->home, name);
	return stat(path, &info) < 0 ? 0 : info.st_mode & 0777;
}

static void test_make(void **state)
{
	struct fixture *fixture = *state;
	struct km_buf text;
	uint8_t hash[32];

	assert_int_equal(open_state(fixture), KM_ERR_NOT_FOUND);
	assert_true(fixture->error.size > 0);
	assert_int_equal(make(fixture, &usual_key), 0);
	assert_int_equal(mode_of(fixture, "guard.db"), 0600);
	assert_int_equal(mode_of(fixture, "root.key"), 0400);
	assert_int_equal(mode_of(fixture, "komainu.yaml"), 0600);
	assert_int_equal(mode_of(fixture, "recordings") & 07, 0);
	assert_int_equal(mode_of(fixture, "index") & 07, 0);
	assert_int_equal(make(fixture, &usual_key), KM_ERR_EXISTS);
	assert_int_equal(mode_of(fixture, "guard.db"), 0600);
	assert_int_equal(open_state(fixture), 0);
	assert_null(fixture->state.vault);
	assert_int_equal(unlock(fixture, &usual_key), 0);
	assert_int_equal(fixture->state.directory[0], '/');
	assert_int_equal(fixture->state.options.listen_port, 8443);
	km_buf_init(&text, 16384);
	assert_int_equal(km_database_get(fixture->state.database, "tls_certificate", &text), 0);
	assert_int_equal(km_certificate_fingerprint(km_buf_view(&text), hash), 0);
	km_buf_clear(&text);
	assert_int_equal(km_database_get(fixture->state.database, "tls_key", &text), 0);
	/* It lies sealed. */
	assert_null(memmem(text.data, text.size, "PRIVATE KEY", 11));
	km_buf_finish(&text);
}

/* A recorder that never ran has a journal, and it is signed. */
static void test_journal(void **state)
{
	struct fixture *fixture = *state;
	struct km_journal_chain chain;
	struct km_journal_key key = { 0 };

	assert_int_equal(make(fixture, &usual_key), 0);
	assert_int_equal(open_state(fixture), 0);
	assert_int_equal(unlock(fixture, &usual_key), 0);
	assert_int_equal(
	    km_journal_key_open(fixture->state.database, fixture->state.vault, &key), 0);
	km_journal_chain_init(&chain, key.signer);
	assert_int_equal(km_journal_walk_database(fixture->state.database, &chain), 0);
	assert_true(chain.number == 1 && chain.signed_number == 1);
	km_journal_key_close(&key);
}

static void test_key_file(void **state)
{
	struct fixture *fixture = *state;
	const struct km_state_key key = { .key_file = fixture->file };
	char path[100];

	assert_int_equal(make(fixture, &key), 0);
	assert_int_equal(mode_of(fixture, "root.key"), 0);
	assert_int_equal(open_state(fixture), 0);
	assert_int_equal(unlock(fixture, &usual_key), KM_ERR_NOT_FOUND);
	assert_true(fixture->error.size > 0);
	(void)snprintf(path, sizeof(path), "%s/root.key", fixture->home);
	guard_stage_write_file(path, "this is some other key, 32 bytes");
	assert_int_equal(unlock(fixture, &usual_key), KM_ERR_AUTH);
	guard_stage_write_file(path, "this is some other key, 33 bytes.");
	assert_int_equal(unlock(fixture, &usual_key), KM_ERR_FORMAT);
	assert_null(fixture->state.vault);
	assert_int_equal(unlock(fixture, &key), 0);
}

static void test_passphrase(void **state)
{
	struct fixture *fixture = *state;
	const struct km_state_key key = { .passphrase_file = fixture->file };

	guard_stage_write_file(fixture->file, "battery staple river\r\n");
	assert_int_equal(make(fixture, &key), 0);
	assert_int_equal(mode_of(fixture, "root.key"), 0);
	assert_int_equal(open_state(fixture), 0);
	assert_int_equal(unlock(fixture, &usual_key), KM_ERR_AUTH);
	assert_true(fixture->error.size > 0);
	guard_stage_write_file(fixture->file, "battery staple lake");
	assert_int_equal(unlock(fixture, &key), KM_ERR_AUTH);
	guard_stage_write_file(fixture->file, "battery staple river"); /* no line end */
	assert_int_equal(unlock(fixture, &key), 0);
}

/* A try that failed leaves nothing behind, so that the next one works. */
static void test_failed_make(void **state)
{
	static const char *const bad[] = { "", "short", "battery staple\nriver and more\n" };
	struct fixture *fixture = *state;
	const struct km_state_key passphrase = { .passphrase_file = fixture->file };
	const struct km_state_key key = { .key_file = fixture->file };

	assert_int_equal(make(fixture, &passphrase), KM_ERR_NOT_FOUND);
	for (size_t i = 0; i < KM_COUNT(bad); i++) {
		guard_stage_write_file(fixture->file, bad[i]);
		assert_int_equal(make(fixture, &passphrase), KM_ERR_FORMAT);
		assert_true(fixture->error.size > 0);
		assert_int_equal(mode_of(fixture, "guard.db"), 0);
		assert_int_equal(mode_of(fixture, "komainu.yaml"), 0);
	}
	/* A key file that is there already is not touched. */
	assert_int_equal(make(fixture, &key), KM_ERR_EXISTS);
	assert_int_equal(access(fixture->file, F_OK), 0);
	assert_int_equal(make(fixture, &usual_key), 0);
	assert_int_equal(open_state(fixture), 0);
	assert_int_equal(unlock(fixture, &usual_key), 0);
}

static void test_settings(void **state)
{
	struct fixture *fixture = *state;
	char path[120];

	assert_int_equal(make(fixture, &usual_key), 0);
	(void)snprintf(path, sizeof(path), "%s/komainu.yaml", fixture->home);
	guard_stage_write_file(path, "listen_port: 99999\n");
	assert_int_equal(open_state(fixture), KM_ERR_CONFIG);
	assert_true(km_bytes_find_seq(km_buf_view(&fixture->error),
			KM_BYTES("komainu.yaml:1: listen_port")) < fixture->error.size);
	guard_stage_write_file(path, "recordings: /srv/pictures\n");
	assert_int_equal(open_state(fixture), 0);
	assert_string_equal(fixture->state.recordings, "/srv/pictures");
	assert_non_null(strstr(fixture->state.index, "/home/index/index.db"));
	km_state_close(&fixture->state);
	km_state_close(&fixture->state);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(open_state(fixture), 0);
	assert_non_null(strstr(fixture->state.recordings, "/home/recordings"));
}

#define STATE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STATE_TEST(test_make),
		STATE_TEST(test_journal),
		STATE_TEST(test_key_file),
		STATE_TEST(test_passphrase),
		STATE_TEST(test_failed_make),
		STATE_TEST(test_settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
