/* sources: base/error.c base/bytes.c base/buf.c base/cidr.c base/reader.c base/text.c base/uuid.c crypto/aead.c crypto/box.c crypto/random.c crypto/password.c guard/database.c guard/schema.c guard/vault.c guard/options.c ../tests/unit/guard_stage.c */
/* libraries: crypto sodium sqlite3 cyaml */
#include "guard/options.h"

#include "guard_stage.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct fixture {
	char directory[64];
	char path[90];
	struct km_options options;
	struct km_buf error;
};

static int set_up(void **state)
{
	static struct fixture fixture;

	guard_stage_make_directory(fixture.directory);
	(void)snprintf(fixture.path, sizeof(fixture.path), "%s/komainu.yaml", fixture.directory);
	km_options_init(&fixture.options);
	km_buf_init(&fixture.error, 8192);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	km_buf_finish(&fixture->error);
	guard_stage_remove_directory(fixture->directory);
	return 0;
}

static int load(struct fixture *fixture, const char *content)
{
	guard_stage_write_file(fixture->path, content);
	return km_options_load(fixture->path, &fixture->options, &fixture->error);
}

static bool error_has(const struct fixture *fixture, const char *text)
{
	struct km_bytes error = km_buf_view(&fixture->error);

	return km_bytes_find_seq(error, km_bytes_text(text)) < error.size;
}

static void test_defaults(void **state)
{
	static const char *const contents[] = { "", "# nothing\n", "\n\n" };
	struct fixture *fixture = *state;

	fixture->options.listen_port = 1;
	assert_int_equal(km_options_load(fixture->path, &fixture->options, &fixture->error), 0);
	assert_int_equal(fixture->options.listen_port, 8443);
	for (size_t i = 0; i < KM_COUNT(contents); i++) {
		fixture->options.listen_port = 1;
		assert_int_equal(load(fixture, contents[i]), 0);
		assert_int_equal(fixture->options.listen_port, 8443);
		assert_string_equal(fixture->options.listen_address, "::");
		assert_int_equal(fixture->error.size, 0);
	}
}

static void test_values(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(load(fixture, "listen_port: 1\n"
				       "recordings: /srv/\xe6\x98\xa0\xe5\x83\x8f # where\n"
				       "retain_bytes: 1152921504606846976\n"
				       "\"retain_days\": \"0\"\n"),
	    0);
	assert_int_equal(fixture->options.listen_port, 1);
	assert_string_equal(fixture->options.recordings, "/srv/\xe6\x98\xa0\xe5\x83\x8f");
	assert_true(fixture->options.retain_bytes == UINT64_C(1) << 60);
	assert_int_equal(fixture->options.retain_days, 0);
	assert_int_equal(fixture->options.segment_seconds, 60);
}

/* Each tells the line and the key, and leaves the options alone. */
static void test_refused(void **state)
{
	static const struct {
		const char *content;
		const char *says;
	} rows[] = {
		{ "listen_port: 1\nlisten_prt: 2\n", "komainu.yaml:2: listen_prt: " },
		{ "listen_port: 0\n",
		    "komainu.yaml:1: listen_port: \"0\"; a whole number from 1 to" },
		{ "\n# x\nlisten_port: 65536\n", "komainu.yaml:3: listen_port: " },
		{ "sync_ms: 500\nretain_bytes: 100G\n", "komainu.yaml:2: retain_bytes: \"100G\"" },
		{ "retain_days: -1\n", "komainu.yaml:1: retain_days: \"-1\"" },
		{ "retain_days: 1.5\n", "komainu.yaml:1: retain_days: \"1.5\"" },
		{ "retain_days: 99999999999999999999\n", "komainu.yaml:1: retain_days: " },
		{ "retain_days:\n", "komainu.yaml:1: retain_days: " },
		{ "retain_days: no\n", "komainu.yaml:1: retain_days: " },
		{ "recordings: \"\"\n", "komainu.yaml:1: recordings: " },
		{ "listen_port: 1\nlisten_port: 2\n", "listen_port" },
		{ "listen_port: [1]\n", "line: 1" },
		{ "listen_port: {a: 1}\n", "line: 1" },
		{ "listen_address: 0123456789012345678901234567890123456789012345678901234567890123"
		  "\n",
		    "line: 1" },
		{ "- 1\n- 2\n", "komainu.yaml" },
		{ "listen_port: \"1\n", "komainu.yaml" },
		{ "\xff\xfe\n", "komainu.yaml" },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		fixture->options.listen_port = 4711;
		assert_int_equal(load(fixture, rows[i].content), KM_ERR_CONFIG);
		assert_true(error_has(fixture, rows[i].says));
		assert_true(error_has(fixture, "komainu.yaml"));
		assert_int_equal(fixture->options.listen_port, 4711);
	}
}

static void test_all_errors_are_told(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(
	    load(fixture, "sync_ms: 1\nlisten_port: 1\ndrain_ms: 99999\n"), KM_ERR_CONFIG);
	assert_true(error_has(fixture, ":1: sync_ms: "));
	assert_true(error_has(fixture, ":3: drain_ms: "));
}

static void test_files(void **state)
{
	static char large[100001];
	struct fixture *fixture = *state;

	memset(large, '#', sizeof(large) - 1);
	assert_int_equal(load(fixture, large), KM_ERR_CONFIG);
	assert_true(error_has(fixture, "komainu.yaml"));
	assert_int_equal(
	    km_options_load(fixture->directory, &fixture->options, &fixture->error), KM_ERR_SYS);
	assert_true(error_has(fixture, "Is a directory"));
}

/* What is written is read as the same, also when a text needs quotes. */
static void test_write(void **state)
{
	struct fixture *fixture = *state;
	struct km_options options = fixture->options;
	struct km_buf text;

	(void)snprintf(
	    options.recordings, sizeof(options.recordings), "%s", "/a\"b\\c: #d\t'\xe7\x8b\x9b");
	options.listen_port = 9999;
	km_buf_init(&text, 65536);
	km_options_write(&options, &text);
	km_buf_add_u8(&text, 0);
	assert_int_equal(km_buf_error(&text), 0);
	assert_int_equal(load(fixture, (const char *)text.data), 0);
	assert_string_equal(fixture->options.recordings, options.recordings);
	assert_int_equal(fixture->options.listen_port, 9999);
	assert_true(fixture->options.free_bytes_min == options.free_bytes_min);
	km_buf_finish(&text);
}

#define OPTIONS_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		OPTIONS_TEST(test_defaults),
		OPTIONS_TEST(test_values),
		OPTIONS_TEST(test_refused),
		OPTIONS_TEST(test_all_errors_are_told),
		OPTIONS_TEST(test_files),
		OPTIONS_TEST(test_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
