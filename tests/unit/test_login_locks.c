/* sources: base/error.c base/bytes.c base/buf.c base/cidr.c base/reader.c base/text.c base/uuid.c crypto/aead.c crypto/box.c crypto/random.c crypto/password.c guard/database.c guard/schema.c guard/vault.c guard/login_locks.c ../tests/unit/guard_stage.c */
/* libraries: crypto sodium sqlite3 */
#include "guard/login_locks.h"

#include "base/time.h"
#include "guard_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define NOW_US (1000 * KM_TIME_SECOND_US) /* monotonic */

static const uint8_t boot[KM_LOGIN_LOCKS_BOOT_BYTES] = { 1 };
static const uint8_t other_boot[KM_LOGIN_LOCKS_BOOT_BYTES] = { 2 };
static const struct km_uuid anna = { .bytes = { 1 } };

static struct km_login_locks_try from(
    struct guard_stage *stage, const struct km_uuid *who, const char *address)
{
	struct km_login_locks_try trying = { .is_account = false };
	uint8_t bytes[KM_CIDR_ADDRESS_BYTES];

	assert_int_equal(km_cidr_parse_address(km_bytes_text(address), bytes), 0);
	assert_int_equal(km_login_locks_recognize(stage->database, who, true, bytes, &trying), 0);
	return trying;
}

static struct km_login_locks_outcome fail_at(
    struct guard_stage *stage, const struct km_login_locks_try *trying, int64_t now_us)
{
	struct km_login_locks_outcome outcome = { -1, -1 };

	assert_int_equal(km_login_locks_fail(stage->database, trying, boot, now_us, &outcome), 0);
	return outcome;
}

static int64_t left(
    struct guard_stage *stage, const struct km_login_locks_try *trying, int64_t now_us)
{
	int64_t left_us = -1;

	assert_int_equal(km_login_locks_left(stage->database, trying, now_us, &left_us), 0);
	return left_us;
}

/* [IPA a03-4] 3 failures, then 1, 2, 4, 8, 15, 15, ... minutes; and a restart forgets nothing. */
static void test_growth(void **state)
{
	static const int minutes[] = { 0, 0, 1, 2, 4, 8, 15, 15, 15 };
	struct guard_stage *stage = *state;
	struct km_login_locks_try trying = from(stage, &anna, "192.0.2.7");

	for (size_t i = 0; i < KM_COUNT(minutes); i++) {
		int64_t length = minutes[i] * KM_TIME_MINUTE_US;
		int64_t now_us = NOW_US + (int64_t)i * KM_TIME_HOUR_US;

		assert_true(fail_at(stage, &trying, now_us).account_us == length);
		guard_stage_reopen(stage);
		assert_int_equal(km_login_locks_begin(stage->database, boot, now_us + 1), 0);
		assert_true(left(stage, &trying, now_us) == length);
		assert_true(left(stage, &trying, now_us + length) == 0);
		assert_true(length == 0 || left(stage, &trying, now_us + length - 1) == 1);
	}
	assert_int_equal(km_login_locks_succeed(stage->database, &trying, 1), 0);
	assert_true(left(stage, &trying, NOW_US) == 0);
	assert_int_equal(
	    guard_stage_number(stage, "SELECT count(*) FROM login_count WHERE who <> zeroblob(16)"),
	    0);
}

/* The monotonic clock begins at 0 with another boot: each lock begins anew, none is longer. */
static void test_other_boot(void **state)
{
	struct guard_stage *stage = *state;
	struct km_login_locks_try trying = from(stage, &anna, "192.0.2.7");

	for (int i = 0; i < 4; i++) {
		(void)fail_at(stage, &trying, NOW_US);
	}
	assert_int_equal(km_login_locks_begin(stage->database, other_boot, 5), 0);
	assert_true(left(stage, &trying, 5) == 2 * KM_TIME_MINUTE_US);
	assert_true(left(stage, &trying, 5 + 2 * KM_TIME_MINUTE_US) == 0);
	/* Whatever stands there, a lock is never longer than locks are. */
	assert_int_equal(km_database_exec(stage->database,
			     "UPDATE login_count SET failed_us = 9000000000000000000"),
	    0);
	assert_true(left(stage, &trying, 5) == 2 * KM_TIME_MINUTE_US);
	assert_int_equal(km_database_exec(stage->database,
			     "UPDATE login_count SET failures = 9000000000000000000"),
	    0);
	assert_true(left(stage, &trying, 5) == KM_TIME_HOUR_US); /* the place's longest */
}

/* Strangers together lock an account for strangers, and not for where it is known. */
static void test_familiar(void **state)
{
	struct guard_stage *stage = *state;
	struct km_login_locks_try home = from(stage, &anna, "192.0.2.7");
	char address[32];

	assert_false(home.is_familiar);
	assert_int_equal(km_login_locks_succeed(stage->database, &home, 1), 0);
	home = from(stage, &anna, "192.0.2.7");
	assert_true(home.is_familiar);
	for (int i = 0; i < 5; i++) {
		struct km_login_locks_try stranger;

		(void)snprintf(address, sizeof(address), "198.51.100.%d", i);
		stranger = from(stage, &anna, address);
		assert_false(stranger.is_familiar);
		if (i < 3) {
			assert_true(left(stage, &stranger, NOW_US) == 0);
			(void)fail_at(stage, &stranger, NOW_US);
		} else {
			assert_true(left(stage, &stranger, NOW_US) == KM_TIME_MINUTE_US);
		}
	}
	assert_true(left(stage, &home, NOW_US) == 0);
	/* Somebody else at that place, with another name, does not lock it either. */
	for (int i = 0; i < 20; i++) {
		struct km_uuid name = { .bytes = { 9, (uint8_t)i } };
		struct km_login_locks_try other = from(stage, &name, "192.0.2.7");

		(void)fail_at(stage, &other, NOW_US);
	}
	assert_true(left(stage, &home, NOW_US) == 0);
	/* Its own failures there do. */
	for (int i = 0; i < 3; i++) {
		(void)fail_at(stage, &home, NOW_US);
	}
	assert_true(left(stage, &home, NOW_US) == KM_TIME_MINUTE_US);
	assert_int_equal(km_login_locks_clear(stage->database, &anna), 0);
	assert_true(left(stage, &home, NOW_US) == 0);
}

/* One password on many names: the place is locked, for longer each time. */
static void test_place(void **state)
{
	struct guard_stage *stage = *state;

	for (int i = 0; i < 12; i++) {
		struct km_uuid name = { .bytes = { 9, (uint8_t)i } };
		struct km_login_locks_try trying = from(stage, &name, "2001:db8::1:2");
		int64_t place_us = fail_at(stage, &trying, NOW_US).place_us;

		assert_true(place_us == (i < 9 ? 0 : KM_TIME_MINUTE_US << (i - 9)));
	}
	{
		struct km_login_locks_try same = from(stage, &anna, "2001:db8::ffff:7");
		struct km_login_locks_try other = from(stage, &anna, "2001:db8:0:1::1");

		assert_true(left(stage, &same, NOW_US) == 4 * KM_TIME_MINUTE_US);
		assert_true(left(stage, &other, NOW_US) == 0);
		/* A success does not clear a place: it might be the guesser's own account. */
		assert_int_equal(km_login_locks_succeed(stage->database, &same, 1), 0);
		assert_true(left(stage, &same, NOW_US) == 4 * KM_TIME_MINUTE_US);
		/* A day without failures does. */
		assert_true(fail_at(stage, &same, NOW_US + 2 * KM_TIME_DAY_US).place_us == 0);
	}
}

static void test_bounds(void **state)
{
	struct guard_stage *stage = *state;
	struct km_login_locks_try trying = { .is_account = false };

	assert_int_equal(km_database_exec(stage->database, "BEGIN"), 0);
	for (uint32_t i = 0; i < KM_LOGIN_LOCKS_SOURCES_MAX + 20; i++) {
		memcpy(trying.who.bytes + 8, &i, sizeof(i));
		trying.who.bytes[0] = 7;
		memcpy(trying.place + 4, &i, sizeof(i));
		trying.place[0] = 0x20;
		/* The tables are looked through at each failure: only at the end here. */
		if (i >= KM_LOGIN_LOCKS_SOURCES_MAX) {
			(void)fail_at(stage, &trying, NOW_US + i);
			continue;
		}
		assert_int_equal(km_database_run(stage->database,
				     "INSERT INTO login_count VALUES (?1, zeroblob(16), 3, ?3, ?4),"
				     " (zeroblob(16), ?2, 3, ?3, ?4)",
				     KM_VALUES(KM_UUID_DATA(&trying.who),
					 KM_DATA(km_bytes_from(trying.place, 16)),
					 KM_NUMBER(NOW_US + i), KM_DATA(KM_BYTES_OF(boot))),
				     NULL, NULL),
		    0);
	}
	assert_int_equal(km_database_exec(stage->database, "COMMIT"), 0);
	assert_int_equal(guard_stage_number(stage, "SELECT count(*) FROM login_count"),
	    KM_LOGIN_LOCKS_SOURCES_MAX + KM_LOGIN_LOCKS_NAMES_MAX);
	for (uint32_t i = 0; i < KM_LOGIN_LOCKS_PLACES_MAX + 5; i++) {
		trying.who = anna;
		memcpy(trying.place + 4, &i, sizeof(i));
		assert_int_equal(km_login_locks_succeed(stage->database, &trying, i), 0);
	}
	assert_int_equal(guard_stage_number(stage, "SELECT count(*) FROM known_place"),
	    KM_LOGIN_LOCKS_PLACES_MAX);
	assert_int_equal(guard_stage_number(stage, "SELECT min(used_us) FROM known_place"), 5);
}

static void test_boot(void **state)
{
	uint8_t one[KM_LOGIN_LOCKS_BOOT_BYTES];
	uint8_t two[KM_LOGIN_LOCKS_BOOT_BYTES];

	(void)state;
	km_login_locks_boot(one);
	km_login_locks_boot(two);
	assert_memory_equal(one, two, sizeof(one));
}

#define GUARD_TEST(test)                                                                           \
	cmocka_unit_test_setup_teardown(test, guard_stage_set_up, guard_stage_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUARD_TEST(test_growth),
		GUARD_TEST(test_other_boot),
		GUARD_TEST(test_familiar),
		GUARD_TEST(test_place),
		GUARD_TEST(test_bounds),
		cmocka_unit_test(test_boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
