/* sources: base/error.c base/bytes.c base/buf.c base/cidr.c base/reader.c base/text.c base/uuid.c crypto/aead.c crypto/box.c crypto/digest.c crypto/random.c crypto/password.c model/rights.c guard/database.c guard/schema.c guard/vault.c guard/tokens.c ../tests/unit/guard_stage.c */
/* libraries: crypto sodium sqlite3 */
#include "guard/tokens.h"

#include "base/time.h"
#include "guard_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct km_uuid anna = { .bytes = { 1 } };
static const struct km_uuid bob = { .bytes = { 2 } };
static const struct km_uuid door = { .bytes = { 11 } };
static const struct km_uuid yard = { .bytes = { 12 } };
static const struct km_uuid nil;

static struct km_token wish(const char *name)
{
	struct km_token token = {
		.account = anna,
		.rights = UINT64_C(1) << KM_RIGHT_LIVE | UINT64_C(1) << KM_RIGHT_STATUS,
		.allow_from = "192.0.2.0/24",
		.expires_us = GUARD_STAGE_NOW_US + 30 * KM_TIME_DAY_US,
		.cameras = { door },
		.camera_count = 1,
	};

	(void)snprintf(token.name, sizeof(token.name), "%s", name);
	return token;
}

static int add(struct guard_stage *stage, const struct km_token *token, char *ret_text)
{
	char text[KM_TOKEN_TEXT_SIZE] = "";
	struct km_uuid id = { 0 };
	int err = km_tokens_add(stage->database, token, GUARD_STAGE_NOW_US, &id, text);

	if (ret_text != NULL) {
		memcpy(ret_text, text, sizeof(text));
	}
	return err;
}

static int find(struct guard_stage *stage, const char *text, struct km_token *ret_token)
{
	uint8_t bytes[KM_TOKEN_BYTES];

	assert_int_equal(km_tokens_parse(km_bytes_text(text), bytes), 0);
	return km_tokens_find(stage->database, KM_BYTES_OF(bytes), ret_token);
}

static void test_scope(void **state)
{
	struct guard_stage *stage = *state;
	struct km_token token = wish("script");
	char text[KM_TOKEN_TEXT_SIZE];
	uint8_t address[KM_CIDR_ADDRESS_BYTES];

	assert_int_equal(add(stage, &token, text), 0);
	assert_int_equal(strlen(text), KM_TOKEN_TEXT_SIZE - 1);
	assert_memory_equal(text, "kmt_", 4);
	guard_stage_reopen(stage);
	assert_int_equal(find(stage, text, &token), 0);
	assert_string_equal(token.name, "script");
	assert_true(km_uuid_is_equal(&token.account, &anna));
	assert_true(km_tokens_may(&token, KM_RIGHT_LIVE, &door));
	assert_false(km_tokens_may(&token, KM_RIGHT_LIVE, &yard));
	assert_false(km_tokens_may(&token, KM_RIGHT_LIVE, &nil));
	assert_false(km_tokens_may(&token, KM_RIGHT_PLAYBACK, &door));
	assert_true(km_tokens_may(&token, KM_RIGHT_STATUS, &nil));
	assert_false(km_tokens_may(&token, KM_RIGHT_SESSION, &nil));
	assert_false(km_tokens_may(&token, KM_RIGHT_ACCOUNTS, &nil));
	assert_false(km_tokens_may(&token, (enum km_right)63, &nil));
	assert_false(km_tokens_may(&token, (enum km_right)200, &nil));
	/* Also if somebody wrote them into the database. */
	token.rights = UINT64_MAX;
	assert_false(km_tokens_may(&token, KM_RIGHT_SESSION, &nil));
	assert_false(km_tokens_may(&token, KM_RIGHT_ACCOUNTS, &nil));
	assert_false(km_tokens_may(&token, KM_RIGHT_REMEDY, &nil));
	assert_int_equal(km_cidr_parse_address(KM_BYTES("192.0.2.200"), address), 0);
	assert_true(km_tokens_may_come_from(&token, address));
	assert_int_equal(km_cidr_parse_address(KM_BYTES("192.0.3.1"), address), 0);
	assert_false(km_tokens_may_come_from(&token, address));
}

/* A camera is put right by a person: what an earlier version gave away counts no more. */
static void test_stored_remedy(void **state)
{
	struct guard_stage *stage = *state;
	struct km_token token = wish("script");
	char text[KM_TOKEN_TEXT_SIZE];
	char rights[100];

	token.camera_count = 0;
	assert_int_equal(add(stage, &token, text), 0);
	assert_int_equal(
	    km_database_exec(stage->database, "UPDATE token SET rights = rights | 8192"), 0);
	assert_int_equal(find(stage, text, &token), 0);
	assert_false(km_tokens_may(&token, KM_RIGHT_REMEDY, &nil));
	assert_true(km_tokens_may(&token, KM_RIGHT_STATUS, &nil));
	km_tokens_write_rights(token.rights, rights, sizeof(rights));
	assert_string_equal(rights, "live,status");
}

/* What cannot be told apart by camera is not for a token that was made for some. */
static void test_some_cameras(void **state)
{
	static const enum km_right beyond[] = { KM_RIGHT_CAMERAS, KM_RIGHT_JOURNAL, KM_RIGHT_ALARMS,
		KM_RIGHT_DUTIES, KM_RIGHT_SETTINGS, KM_RIGHT_AUDIT, KM_RIGHT_ATTEST };
	struct guard_stage *stage = *state;
	struct km_token token;
	char text[KM_TOKEN_TEXT_SIZE];
	char rights[100];

	for (size_t i = 0; i < KM_COUNT(beyond); i++) {
		token = wish("script");
		token.rights |= UINT64_C(1) << beyond[i];
		assert_int_equal(add(stage, &token, NULL), KM_ERR_FORMAT);
	}
	token.camera_count = 0;
	assert_int_equal(add(stage, &token, NULL), 0);
	/* One that an earlier version made. */
	token = wish("earlier");
	token.rights |= UINT64_C(1) << KM_RIGHT_METRICS;
	assert_int_equal(add(stage, &token, text), 0);
	assert_int_equal(km_database_exec(stage->database, "UPDATE token SET rights = -1"), 0);
	assert_int_equal(find(stage, text, &token), 0);
	for (size_t i = 0; i < KM_COUNT(beyond); i++) {
		assert_false(km_tokens_may(&token, beyond[i], &nil));
		assert_false(km_tokens_may(&token, beyond[i], &door));
	}
	assert_true(km_tokens_may(&token, KM_RIGHT_METRICS, &nil));
	assert_true(km_tokens_may(&token, KM_RIGHT_STATUS, &nil));
	assert_true(km_tokens_may(&token, KM_RIGHT_LIVE, &door));
	assert_false(km_tokens_may(&token, KM_RIGHT_LIVE, &yard));
	assert_true(km_tokens_is_for(&token, &door));
	assert_false(km_tokens_is_for(&token, &yard));
	token.camera_count = 0;
	assert_true(km_tokens_is_for(&token, &yard));
	km_tokens_write_rights(token.rights, rights, sizeof(rights));
	assert_string_equal(rights, "live,playback,export,status,metrics");
}

static void test_life(void **state)
{
	struct guard_stage *stage = *state;
	struct km_token token = wish("script");
	char text[KM_TOKEN_TEXT_SIZE];

	assert_int_equal(add(stage, &token, text), 0);
	assert_int_equal(find(stage, text, &token), 0);
	assert_true(km_tokens_is_alive(&token, GUARD_STAGE_NOW_US));
	assert_true(km_tokens_is_alive(&token, token.expires_us - 1));
	assert_false(km_tokens_is_alive(&token, token.expires_us));
	assert_int_equal(add(stage, &token, NULL), KM_ERR_EXISTS);
	assert_int_equal(km_tokens_revoke(stage->database, &bob, 5), KM_ERR_NOT_FOUND);
	assert_int_equal(km_tokens_revoke(stage->database, &token.id, GUARD_STAGE_NOW_US + 5), 0);
	assert_int_equal(km_tokens_revoke(stage->database, &token.id, 6), KM_ERR_NOT_FOUND);
	assert_int_equal(find(stage, text, &token), 0);
	assert_true(token.revoked_us == GUARD_STAGE_NOW_US + 5);
	assert_false(km_tokens_is_alive(&token, GUARD_STAGE_NOW_US));
	assert_int_equal(km_tokens_note_use(stage->database, &token, "192.0.2.1", 100), 0);
	assert_int_equal(find(stage, text, &token), 0);
	assert_string_equal(token.used_from, "192.0.2.1");
	assert_int_equal(km_tokens_note_use(stage->database, &token, "192.0.2.1", 101), 0);
	assert_int_equal(guard_stage_number(stage, "SELECT used_us FROM token"), 100);
	assert_int_equal(km_tokens_note_use(stage->database, &token, "192.0.2.2", 102), 0);
	assert_int_equal(guard_stage_number(stage, "SELECT used_us FROM token"), 102);
	/* The name is free again. */
	token = wish("script");
	assert_int_equal(add(stage, &token, NULL), 0);
}

static void test_refused(void **state)
{
	struct guard_stage *stage = *state;
	struct km_token token = wish("Script 1");
	uint8_t bytes[KM_TOKEN_BYTES] = { 1 };
	char name[16];

	assert_int_equal(add(stage, &token, NULL), KM_ERR_FORMAT);
	token = wish("a");
	token.rights = 0;
	assert_int_equal(add(stage, &token, NULL), KM_ERR_FORMAT);
	token.rights = UINT64_C(1) << KM_RIGHT_ACCOUNTS;
	assert_int_equal(add(stage, &token, NULL), KM_ERR_FORMAT);
	token.rights = UINT64_C(1) << KM_RIGHT_REMEDY;
	assert_int_equal(add(stage, &token, NULL), KM_ERR_FORMAT);
	token = wish("a");
	token.expires_us = GUARD_STAGE_NOW_US;
	assert_int_equal(add(stage, &token, NULL), KM_ERR_RANGE);
	token.expires_us = GUARD_STAGE_NOW_US + KM_TOKEN_LIFE_MAX_US + 1;
	assert_int_equal(add(stage, &token, NULL), KM_ERR_RANGE);
	assert_int_equal(
	    km_tokens_find(stage->database, KM_BYTES_OF(bytes), &token), KM_ERR_NOT_FOUND);
	assert_int_equal(km_tokens_find(stage->database, KM_BYTES(""), &token), KM_ERR_NOT_FOUND);
	for (int i = 0; i < KM_TOKENS_OF_ONE_MAX; i++) {
		(void)snprintf(name, sizeof(name), "t%d", i);
		token = wish(name);
		assert_int_equal(add(stage, &token, NULL), 0);
	}
	token = wish("more");
	assert_int_equal(add(stage, &token, NULL), KM_ERR_LIMIT);
	token.account = bob;
	assert_int_equal(add(stage, &token, NULL), 0);
}

static void test_words(void **state)
{
	static const char *const wrong[] = { "", "live,", "session", "live,accounts", "watch", ",",
		"live playback", "remedy", "audit,remedy" };
	static const char *const texts[] = { "", "kmt_", "kmt_AAAA",
		"kmx_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"kmt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA!" };
	uint8_t bytes[KM_TOKEN_BYTES];
	uint64_t rights = 0;
	char text[100];

	(void)state;
	assert_int_equal(km_tokens_parse_rights(KM_BYTES("playback, live"), &rights), 0);
	km_tokens_write_rights(rights, text, sizeof(text));
	assert_string_equal(text, "live,playback");
	for (size_t i = 1; i < KM_COUNT(wrong); i++) {
		if (strcmp(wrong[i], "live,") != 0) {
			assert_int_equal(km_tokens_parse_rights(km_bytes_text(wrong[i]), &rights),
			    KM_ERR_FORMAT);
		}
	}
	for (size_t i = 0; i < KM_COUNT(texts); i++) {
		assert_int_equal(km_tokens_parse(km_bytes_text(texts[i]), bytes), KM_ERR_FORMAT);
	}
	km_tokens_write_rights(UINT64_MAX, text, 8); /* cut, not beyond */
	assert_int_equal(strlen(text), 7);
}

static int on_token(void *context, const struct km_token *token)
{
	(void)token;
	(*(int *)context)++;
	return 0;
}

static void test_each(void **state)
{
	struct guard_stage *stage = *state;
	struct km_token token = wish("a");
	int count = 0;

	assert_int_equal(add(stage, &token, NULL), 0);
	token.account = bob;
	assert_int_equal(add(stage, &token, NULL), 0);
	assert_int_equal(km_tokens_each(stage->database, &anna, on_token, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(km_tokens_each(stage->database, &nil, on_token, &count), 0);
	assert_int_equal(count, 3);
}

#define GUARD_TEST(test)                                                                           \
	cmocka_unit_test_setup_teardown(test, guard_stage_set_up, guard_stage_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUARD_TEST(test_scope),
		GUARD_TEST(test_stored_remedy),
		GUARD_TEST(test_some_cameras),
		GUARD_TEST(test_life),
		GUARD_TEST(test_refused),
		cmocka_unit_test(test_words),
		GUARD_TEST(test_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
