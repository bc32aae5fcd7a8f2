/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/uuid.c crypto/aead.c crypto/box.c crypto/random.c crypto/password.c crypto/digest.c io/clock.c model/events.c guard/database.c guard/schema.c guard/vault.c guard/journal.c guard/journal_search.c ../tests/unit/guard_stage.c */
/* libraries: crypto sodium sqlite3 */
#include "guard/journal_search.h"

#include "guard_stage.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define ENTRIES 100

static const struct km_uuid camera = { .bytes = { 1 } };
static const struct km_uuid account = { .bytes = { 2 } };

static void fill(struct guard_stage *stage)
{
	for (int i = 1; i <= ENTRIES; i++) {
		assert_int_equal(
		    km_journal_note(stage->database, i % 2 == 0 ? KM_EVENT_LOGIN : KM_EVENT_LOGOUT,
			i % 5 == 0 ? &camera : NULL, i % 10 == 0 ? &account : NULL,
			"Entry %d is here", i),
		    0);
	}
}

struct collected {
	int64_t numbers[2 * ENTRIES];
	size_t count;
};

static int on_found(void *context, const struct km_journal_found *found)
{
	struct collected *collected = context;

	assert_non_null(found->camera_name);
	assert_non_null(found->account_name);
	assert_true(collected->count < KM_COUNT(collected->numbers));
	collected->numbers[collected->count++] = found->entry.number;
	return 0;
}

/* All pages together; newest first without a hole between them. */
static struct collected search(struct guard_stage *stage, struct km_journal_wish wish)
{
	struct collected collected = { .count = 0 };
	unsigned pages = 0;

	if (wish.most == 0) {
		wish.most = INT64_MAX;
	}
	do {
		int64_t next = -1;

		assert_int_equal(
		    km_journal_search_run(stage->database, &wish, on_found, &collected, &next), 0);
		assert_true(next >= 0 && (wish.before_number == 0 || next < wish.before_number));
		wish.before_number = next;
		assert_true(++pages < 1000);
	} while (wish.before_number != 0);
	for (size_t i = 1; i < collected.count; i++) {
		assert_true(collected.numbers[i] < collected.numbers[i - 1]);
	}
	return collected;
}

static void test_filters(void **state)
{
	struct guard_stage *stage = *state;
	struct collected found;

	found = search(stage, (struct km_journal_wish){ 0 });
	assert_int_equal(found.count, 0);
	fill(stage);
	assert_int_equal(search(stage, (struct km_journal_wish){ 0 }).count, ENTRIES);
	assert_int_equal(search(stage, (struct km_journal_wish){ .camera = camera }).count, 20);
	assert_int_equal(search(stage, (struct km_journal_wish){ .account = account }).count, 10);
	assert_int_equal(
	    search(stage, (struct km_journal_wish){ .account = account, .camera = camera }).count,
	    10);
	assert_int_equal(
	    search(stage, (struct km_journal_wish){ .events = { KM_EVENT_LOGIN, KM_EVENT_STARTED },
			      .event_count = 2 })
		.count,
	    50);
	found = search(stage, (struct km_journal_wish){ .text = KM_BYTES("eNTRY 77 ") });
	assert_int_equal(found.count, 1);
	assert_true(found.numbers[0] == 77);
	assert_int_equal(
	    search(stage, (struct km_journal_wish){ .text = KM_BYTES("100%_'") }).count, 0);
	assert_int_equal(search(stage, (struct km_journal_wish){ .before_number = 31 }).count, 30);
}

/* Every size of page and of look gives the same. */
static void test_pages(void **state)
{
	struct guard_stage *stage = *state;

	fill(stage);
	for (int64_t most = 1; most <= ENTRIES + 1; most += 7) {
		for (int64_t rows = 1; rows <= ENTRIES + 1; rows += 9) {
			struct km_journal_wish wish = { .most = most, .rows_most = rows };

			assert_int_equal(search(stage, wish).count, ENTRIES);
			wish.camera = camera;
			assert_int_equal(search(stage, wish).count, 20);
		}
	}
}

/* Also where the clock was moved back. */
static void test_times(void **state)
{
	struct guard_stage *stage = *state;

	fill(stage);
	assert_int_equal(
	    km_database_exec(stage->database,
		"DROP TRIGGER journal_keeps; UPDATE journal SET unix_us ="
		" CASE WHEN number <= 50 THEN number * 1000 ELSE (number - 30) * 1000 END"),
	    0);
	for (int64_t from = 0; from <= 80; from += 5) {
		for (int64_t to = from; to <= 85; to += 5) {
			struct km_journal_wish wish = {
				.from_us = from * 1000, .to_us = to * 1000, .rows_most = 13
			};
			size_t expected = 0;

			for (int64_t number = 1; number <= ENTRIES; number++) {
				int64_t at = number <= 50 ? number : number - 30;

				expected += at >= from && (to == 0 || at < to) ? 1 : 0;
			}
			assert_int_equal(search(stage, wish).count, expected);
		}
	}
}

static void test_event_names(void **state)
{
	struct km_journal_wish wish = { 0 };
	struct km_bytes wrong = { 0 };

	(void)state;
	assert_int_equal(km_journal_search_events(KM_BYTES("login,camera_up"), &wish, &wrong), 0);
	assert_int_equal(wish.event_count, 2);
	assert_int_equal(
	    km_journal_search_events(KM_BYTES("login,logni"), &wish, &wrong), KM_ERR_NOT_FOUND);
	assert_true(km_bytes_is_equal(wrong, KM_BYTES("logni")));
	wish.event_count = KM_JOURNAL_SEARCH_EVENTS_MAX;
	assert_int_equal(km_journal_search_events(KM_BYTES("login"), &wish, &wrong), KM_ERR_LIMIT);
}

static void test_review(void **state)
{
	struct guard_stage *stage = *state;
	struct km_journal_review review;

	assert_int_equal(km_journal_search_review(stage->database, &review), 0);
	assert_true(review.until_number == 0);
	fill(stage);
	assert_int_equal(km_journal_search_note_review(
			     stage->database, &account, "mika", ENTRIES + 1, "nothing"),
	    KM_ERR_RANGE);
	assert_int_equal(
	    km_journal_search_note_review(stage->database, &account, "mika", 40, "one (1) odd"), 0);
	assert_int_equal(km_journal_search_review(stage->database, &review), 0);
	assert_true(review.until_number == 40);
	assert_string_equal(review.who, "mika");
	assert_string_equal(review.note, "one (1) odd");
	assert_int_equal(
	    km_journal_search_note_review(stage->database, NULL, "command line", 0, "all"), 0);
	assert_int_equal(km_journal_search_review(stage->database, &review), 0);
	assert_true(review.until_number == ENTRIES + 1);
	assert_string_equal(review.who, "command line");
}

#define GUARD_TEST(test)                                                                           \
	cmocka_unit_test_setup_teardown(test, guard_stage_set_up, guard_stage_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		GUARD_TEST(test_filters),
		GUARD_TEST(test_pages),
		GUARD_TEST(test_times),
		cmocka_unit_test(test_event_names),
		GUARD_TEST(test_review),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
