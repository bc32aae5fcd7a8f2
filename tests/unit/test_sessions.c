/* sources: base/error.c base/bytes.c base/buf.c base/text.c base/uuid.c crypto/random.c crypto/digest.c guard/sessions.c */
/* libraries: crypto */
#include "guard/sessions.h"

#include "crypto/digest.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct km_sessions sessions;
static const struct km_uuid anna = { .bytes = "anna, 16 bytes." };
static const struct km_uuid bob = { .bytes = { 2 } };

static const struct km_session_origin origin = { .address = "192.0.2.7", .program = "test" };
static const struct km_uuid nobody;

struct token {
	uint8_t bytes[KM_SESSION_TOKEN_BYTES];
};

static struct token begin(const struct km_uuid *account, int64_t now_us)
{
	const struct km_session *session = NULL;
	struct token token;

	assert_int_equal(km_sessions_begin(&sessions, account, 7, &origin, now_us, 1000 + now_us,
			     token.bytes, &session),
	    0);
	assert_true(km_uuid_is_equal(&session->account, account));
	assert_int_equal(session->generation, 7);
	assert_int_equal(session->created_unix_us, 1000 + now_us);
	assert_string_equal(session->origin.address, "192.0.2.7");
	return token;
}

static const struct km_session *find(const struct token *token, int64_t now_us)
{
	return km_sessions_find(&sessions, KM_BYTES_OF(token->bytes), now_us);
}

static int set_up(void **state)
{
	(void)state;
	km_sessions_init(&sessions, 100, 1000);
	return 0;
}

static void test_idle(void **state)
{
	struct token token = begin(&anna, 5);

	(void)state;
	assert_non_null(find(&token, 104));
	assert_non_null(find(&token, 203)); /* each use counts */
	assert_null(find(&token, 303));
	assert_null(find(&token, 203)); /* and gone is gone */
}

static void test_absolute(void **state)
{
	struct token token = begin(&anna, 0);
	const struct km_session *session = NULL;

	(void)state;
	for (int64_t now_us = 50; now_us < 1000; now_us += 50) {
		session = find(&token, now_us);
		assert_non_null(session);
	}
	assert_true(km_sessions_ends_us(&sessions, session) == 1000);
	assert_non_null(find(&token, 999));
	assert_null(find(&token, 1000));
}

/* Only the hash is kept: the token itself is nowhere in the struct. */
static void test_hash(void **state)
{
	struct token token = begin(&anna, 0);
	const struct km_session *session = find(&token, 0);
	uint8_t hash[32];

	(void)state;
	assert_non_null(session);
	assert_int_equal(km_digest_sha256(KM_BYTES_OF(token.bytes), hash), 0);
	assert_memory_equal(session->token_hash, hash, sizeof(hash));
	assert_null(memmem(&sessions, sizeof(sessions), token.bytes, sizeof(token.bytes)));
	assert_memory_not_equal(session->csrf, token.bytes, sizeof(token.bytes));
	assert_null(km_sessions_find(&sessions, KM_BYTES_OF(hash), 0));
}

static void test_wrong_tokens(void **state)
{
	struct token token = begin(&anna, 0);

	(void)state;
	assert_null(km_sessions_find(&sessions, KM_BYTES(""), 0));
	assert_null(km_sessions_find(&sessions, km_bytes_from(token.bytes, 31), 0));
	for (size_t bit = 0; bit < sizeof(token.bytes) * 8; bit++) {
		token.bytes[bit / 8] ^= (uint8_t)(1U << (bit % 8));
		assert_null(find(&token, 0));
		assert_false(km_sessions_end(&sessions, KM_BYTES_OF(token.bytes)));
		token.bytes[bit / 8] ^= (uint8_t)(1U << (bit % 8));
	}
	assert_non_null(find(&token, 0));
	token = (struct token){ 0 };
	assert_null(find(&token, 0));
}

static void test_end(void **state)
{
	struct token one = begin(&anna, 0);
	struct token two = begin(&anna, 0);
	struct token other = begin(&bob, 0);

	(void)state;
	assert_memory_not_equal(&one, &two, sizeof(one));
	assert_true(km_sessions_end(&sessions, KM_BYTES_OF(one.bytes)));
	assert_false(km_sessions_end(&sessions, KM_BYTES_OF(one.bytes)));
	assert_null(find(&one, 1));
	one = begin(&anna, 1);
	assert_int_equal(km_sessions_end_account(&sessions, &anna, &nobody), 2);
	assert_null(find(&one, 1));
	assert_null(find(&two, 1));
	assert_non_null(find(&other, 1));
	assert_null(memmem(&sessions, sizeof(sessions), &anna, sizeof(anna)));
}

static void on_counted(void *context, const struct km_session *session)
{
	assert_false(km_uuid_is_nil(&session->id));
	(*(size_t *)context)++;
}

static void test_ids(void **state)
{
	struct token one = begin(&anna, 0);
	struct token two = begin(&anna, 0);
	struct token other = begin(&bob, 0);
	struct km_uuid id = find(&one, 1)->id;
	size_t count = 0;

	(void)state;
	km_sessions_each(&sessions, 1, on_counted, &count);
	assert_int_equal(count, 3);
	assert_int_equal(km_sessions_end_account(&sessions, &anna, &id), 1);
	assert_null(find(&two, 1));
	km_sessions_keep(&sessions, &id, 8);
	assert_int_equal(km_sessions_find_id(&sessions, &id, 1)->generation, 8);
	assert_null(km_sessions_find_id(&sessions, &id, 5000));
	assert_null(km_sessions_find_id(&sessions, &nobody, 1));
	assert_true(km_sessions_end_id(&sessions, &id));
	assert_false(km_sessions_end_id(&sessions, &id));
	assert_false(km_sessions_end_id(&sessions, &nobody));
	assert_null(find(&one, 1));
	assert_non_null(find(&other, 1));
}

/* When all places are taken, the one that was idle longest makes room, and only that. */
static void test_full(void **state)
{
	static struct token tokens[KM_SESSIONS_MAX + 1];

	(void)state;
	for (size_t i = 0; i < KM_SESSIONS_MAX; i++) {
		struct km_uuid somebody = { .bytes = { 9, (uint8_t)(i / 16) } };

		tokens[i] = begin(&somebody, 0);
	}
	for (size_t i = 0; i < KM_SESSIONS_MAX; i++) {
		assert_non_null(find(&tokens[i], i == 77 ? 1 : 2));
	}
	tokens[KM_SESSIONS_MAX] = begin(&bob, 3);
	for (size_t i = 0; i <= KM_SESSIONS_MAX; i++) {
		assert_int_equal(find(&tokens[i], 4) != NULL, i != 77);
	}
	/* A dead one makes room before a living one does. */
	assert_non_null(find(&tokens[5], 90));
	tokens[77] = begin(&bob, 105);
	assert_non_null(find(&tokens[5], 106));
	assert_non_null(find(&tokens[77], 106));
}

/* Somebody who logs in again and again pushes out nobody but themselves. */
static void test_share(void **state)
{
	struct token other = begin(&bob, 0);
	static struct token tokens[KM_SESSIONS_OF_ONE_MAX + 2];

	(void)state;
	for (size_t i = 0; i < KM_COUNT(tokens); i++) {
		tokens[i] = begin(&anna, 1 + (int64_t)i);
	}
	for (size_t i = 0; i < KM_COUNT(tokens); i++) {
		assert_int_equal(find(&tokens[i], 50) != NULL, i >= 2);
	}
	assert_non_null(find(&other, 50));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_idle, set_up),
		cmocka_unit_test_setup(test_absolute, set_up),
		cmocka_unit_test_setup(test_hash, set_up),
		cmocka_unit_test_setup(test_wrong_tokens, set_up),
		cmocka_unit_test_setup(test_end, set_up),
		cmocka_unit_test_setup(test_ids, set_up),
		cmocka_unit_test_setup(test_full, set_up),
		cmocka_unit_test_setup(test_share, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
