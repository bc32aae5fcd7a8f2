/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/time.c base/uuid.c crypto/digest.c crypto/signature.c io/clock.c model/events.c guard/database.c guard/schema.c guard/journal.c guard/journal_chain.c guard/journal_file.c guard/journal_walk.c */
/* libraries: crypto sqlite3 */
/*
 * Thousands of random changes to a journal, in memory and as a file: each must be found, and the
 * first broken entry named.
 */
#include "guard/journal_walk.h"

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define ENTRIES   150
#define SIGNED    16 /* entries between checkpoints; the last three have none */
#define ITEMS_MAX 200
#define CHANGES   4000

struct item {
	bool is_checkpoint;
	struct km_journal_entry entry;
	struct km_journal_checkpoint checkpoint;
	char text[40];
};

struct journal {
	struct item items[ITEMS_MAX];
	size_t count;
};

static struct km_signature_key *key;
static struct km_signature_key *other_key;
static struct journal original;
static uint32_t seed = 7;

static uint32_t next_random(uint32_t below)
{
	seed = seed * 1664525U + 1013904223U;
	return (seed >> 8) % below;
}

static void point_to_texts(struct journal *journal)
{
	for (size_t i = 0; i < journal->count; i++) {
		journal->items[i].entry.text.data = (const uint8_t *)journal->items[i].text;
	}
}

static void insert(struct journal *journal, size_t place, const struct item *item)
{
	assert_true(journal->count < ITEMS_MAX);
	memmove(&journal->items[place + 1], &journal->items[place],
	    (journal->count - place) * sizeof(*item));
	journal->items[place] = *item;
	journal->count++;
	point_to_texts(journal);
}

static void drop(struct journal *journal, size_t place)
{
	journal->count--;
	memmove(&journal->items[place], &journal->items[place + 1],
	    (journal->count - place) * sizeof(struct item));
	point_to_texts(journal);
}

/* Make all hashes from this place on anew; `signer` signs the checkpoints again if it is given. */
static void rehash(struct journal *journal, size_t place, const struct km_signature_key *signer)
{
	uint8_t before[KM_JOURNAL_HASH_BYTES] = { 0 };

	for (size_t i = 0; i < journal->count; i++) {
		struct item *item = &journal->items[i];

		if (!item->is_checkpoint) {
			if (i >= place) {
				assert_int_equal(
				    km_journal_hash(before, &item->entry, item->entry.hash), 0);
			}
			memcpy(before, item->entry.hash, sizeof(before));
		} else if (i >= place && signer != NULL) {
			memcpy(item->checkpoint.hash, before, sizeof(before));
			assert_int_equal(km_journal_chain_sign(signer, &item->checkpoint), 0);
		}
	}
}

static int set_up(void **state)
{
	static const uint8_t seeds[2][KM_SIGNATURE_SEED_BYTES] = { { 1 }, { 2 } };

	(void)state;
	assert_int_equal(km_signature_create(seeds[0], &key), 0);
	assert_int_equal(km_signature_create(seeds[1], &other_key), 0);
	for (int64_t number = 1; number <= ENTRIES; number++) {
		struct item item = { .entry = { .number = number,
					 .unix_us = INT64_C(1795000000000000) + number * 777,
					 .monotonic_us = number * 777,
					 .event =
					     number % 5 == 0 ? KM_EVENT_LOGIN : KM_EVENT_CAMERA_UP,
					 .camera.bytes[3] = number % 2 == 0,
					 .account.bytes[9] = number % 3 == 0 } };

		item.entry.text.size = (size_t)snprintf(
		    item.text, sizeof(item.text), "entry %d \"\\\t\xe7\x8b\x9b", (int)number);
		insert(&original, original.count, &item);
		if (number % SIGNED == 0 || number == ENTRIES - 3) {
			item = (struct item){ .is_checkpoint = true,
				.checkpoint = { .number = number, .unix_us = number } };
			insert(&original, original.count, &item);
		}
	}
	rehash(&original, 0, key);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	km_signature_destroy(key);
	km_signature_destroy(other_key);
	return 0;
}

static struct km_journal_chain begin(const int64_t known)
{
	struct km_journal_chain chain;

	km_journal_chain_init(&chain, key);
	for (size_t i = 0; known != 0 && i < original.count; i++) {
		const struct item *item = &original.items[i];

		if (!item->is_checkpoint && item->entry.number == known) {
			assert_int_equal(
			    km_journal_chain_expect(&chain, known, item->entry.hash), 0);
		}
	}
	return chain;
}

static struct km_journal_chain walk(const struct journal *journal, int64_t known)
{
	struct km_journal_chain chain = begin(known);
	int err = 0;

	for (size_t i = 0; err == 0 && i < journal->count; i++) {
		const struct item *item = &journal->items[i];

		err = item->is_checkpoint ? km_journal_chain_checkpoint(&chain, &item->checkpoint)
					  : km_journal_chain_entry(&chain, &item->entry);
	}
	if (err == 0) {
		err = km_journal_chain_end(&chain, 0);
	}
	assert_int_equal(err, chain.fault == KM_JOURNAL_WHOLE ? 0 : KM_ERR_AUTH);
	return chain;
}

static void expect_fault(
    const struct journal *journal, int64_t known, enum km_journal_fault fault, int64_t broken)
{
	struct km_journal_chain chain = walk(journal, known);

	assert_int_equal(chain.fault, fault);
	assert_int_equal(chain.broken, broken);
	assert_int_equal(chain.until, broken);
}

/* Where an entry stands; a random one unless it is given. */
static size_t find(const struct journal *journal, int64_t number)
{
	size_t place = 0;

	while (
	    journal->items[place].is_checkpoint || journal->items[place].entry.number != number) {
		place++;
	}
	return place;
}

static int64_t any_entry(void)
{
	return 1 + (int64_t)next_random(ENTRIES - 1);
}

/* The checkpoints around an entry: the last before it, and the first at or behind it (0: none). */
static void find_anchors(int64_t number, int64_t *ret_before, int64_t *ret_behind)
{
	*ret_before = 0;
	*ret_behind = 0;
	for (size_t i = 0; i < original.count; i++) {
		int64_t here = original.items[i].checkpoint.number;

		if (original.items[i].is_checkpoint && here < number) {
			*ret_before = here;
		} else if (original.items[i].is_checkpoint && *ret_behind == 0) {
			*ret_behind = here;
		}
	}
}

/* --- the changes --- */

static void change_field(struct journal *journal)
{
	int64_t number = any_entry();
	struct item *item = &journal->items[find(journal, number)];
	struct km_journal_entry *entry = &item->entry;
	int64_t flip = INT64_C(1) << next_random(63);

	switch (next_random(8)) {
	case 0:
		entry->unix_us ^= flip;
		break;
	case 1:
		entry->monotonic_us ^= flip;
		break;
	case 2:
		entry->event ^= flip;
		break;
	case 3:
		entry->camera.bytes[next_random(16)] ^= (uint8_t)(1U << next_random(8));
		break;
	case 4:
		entry->account.bytes[next_random(16)] ^= (uint8_t)(1U << next_random(8));
		break;
	case 5:
		item->text[next_random((uint32_t)entry->text.size)] ^= (char)(1U << next_random(7));
		break;
	case 6:
		entry->text.size -= 1 + next_random((uint32_t)entry->text.size);
		break;
	default:
		entry->hash[next_random(32)] ^= (uint8_t)(1U << next_random(8));
		break;
	}
	expect_fault(journal, 0, KM_JOURNAL_CHANGED, number);
}

static void remove_entry(struct journal *journal)
{
	int64_t number = any_entry();

	drop(journal, find(journal, number));
	expect_fault(journal, 0, KM_JOURNAL_MISSING, number);
}

/* One that was made up, and fits behind the one before it; or one that was there already. */
static void insert_entry(struct journal *journal)
{
	int64_t number = any_entry();
	size_t place = find(journal, number);
	struct item item = journal->items[place];

	if (next_random(2) == 0) {
		insert(journal, place, &item);
		expect_fault(journal, 0, KM_JOURNAL_OUT_OF_ORDER, number);
		return;
	}
	item.entry.unix_us++;
	item.entry.text.data = (const uint8_t *)item.text;
	insert(journal, place, &item);
	/* Its hash only: what follows is as it was. */
	for (size_t i = 0, last = 0; i <= place; i++) {
		static const uint8_t zeros[KM_JOURNAL_HASH_BYTES];

		if (i == place) {
			assert_int_equal(
			    km_journal_hash(number == 1 ? zeros : journal->items[last].entry.hash,
				&journal->items[i].entry, journal->items[i].entry.hash),
			    0);
		}
		last = journal->items[i].is_checkpoint ? last : i;
	}
	expect_fault(journal, 0, KM_JOURNAL_OUT_OF_ORDER, number);
}

static void swap_entries(struct journal *journal)
{
	int64_t first = any_entry();
	int64_t second = 1 + (int64_t)next_random(ENTRIES);
	struct item *a = &journal->items[find(journal, first)];
	struct item *b = &journal->items[find(journal, second)];
	struct item item = *a;

	if (first == second) {
		return;
	}
	*a = *b;
	*b = item;
	if (next_random(2) == 0) {
		/* With each other's numbers. */
		int64_t number = a->entry.number;

		a->entry.number = b->entry.number;
		b->entry.number = number;
		point_to_texts(journal);
		expect_fault(journal, 0, KM_JOURNAL_CHANGED, first < second ? first : second);
		return;
	}
	point_to_texts(journal);
	expect_fault(journal, 0, KM_JOURNAL_MISSING, first < second ? first : second);
}

/* Everything behind the change is made to fit again, but for what needs the key. */
static void rewrite(struct journal *journal)
{
	int64_t number = any_entry();
	size_t place = find(journal, number);
	int64_t before = 0;
	int64_t behind = 0;
	struct km_journal_chain chain;

	find_anchors(number, &before, &behind);
	journal->items[place].entry.unix_us++;
	rehash(journal, place, NULL);
	/* Behind the last checkpoint nobody can know, but who knows the end. */
	chain = walk(journal, behind == 0 ? ENTRIES : 0);
	assert_int_equal(chain.fault, KM_JOURNAL_REWRITTEN);
	assert_int_equal(chain.broken, before + 1);
	assert_int_equal(chain.until, behind == 0 ? ENTRIES : behind);
	if (behind != 0) {
		rehash(journal, place, other_key);
		expect_fault(journal, 0, KM_JOURNAL_FORGED, behind);
	}
}

static void cut_end(struct journal *journal)
{
	int64_t number = any_entry();

	journal->count = find(journal, number) + 1;
	expect_fault(journal, number + 1 + (int64_t)next_random((uint32_t)(ENTRIES - number)),
	    KM_JOURNAL_CUT, number + 1);
}

static void forge_checkpoint(struct journal *journal)
{
	size_t place = next_random((uint32_t)journal->count);
	struct km_journal_checkpoint *checkpoint = &journal->items[place].checkpoint;
	int64_t number = checkpoint->number;

	if (!journal->items[place].is_checkpoint) {
		return;
	}
	switch (next_random(4)) {
	case 0:
		checkpoint->unix_us ^= INT64_C(1) << next_random(63);
		break;
	case 1:
		checkpoint->hash[next_random(32)] ^= (uint8_t)(1U << next_random(8));
		break;
	case 2:
		checkpoint->signature[next_random(64)] ^= (uint8_t)(1U << next_random(8));
		break;
	default:
		assert_int_equal(km_journal_chain_sign(other_key, checkpoint), 0);
		break;
	}
	expect_fault(journal, 0, KM_JOURNAL_FORGED, number);
}

static void drop_checkpoints(struct journal *journal)
{
	for (size_t i = journal->count; i > 0; i--) {
		if (journal->items[i - 1].is_checkpoint) {
			drop(journal, i - 1);
		}
	}
	expect_fault(journal, 0, KM_JOURNAL_UNSIGNED, 1);
}

static void test_changes(void **state)
{
	static void (*const changes[])(struct journal * journal) = { change_field, change_field,
		remove_entry, insert_entry, swap_entries, rewrite, cut_end, forge_checkpoint,
		forge_checkpoint, drop_checkpoints };
	static struct journal journal;

	(void)state;
	assert_int_equal(walk(&original, ENTRIES).fault, KM_JOURNAL_WHOLE);
	assert_int_equal(walk(&original, ENTRIES).signed_number, ENTRIES - 3);
	for (unsigned i = 0; i < CHANGES; i++) {
		journal = original;
		point_to_texts(&journal);
		changes[next_random(KM_COUNT(changes))](&journal);
	}
}

/* --- as a file --- */

static int64_t line_numbers[ITEMS_MAX + 2];

static void write_lines(struct km_buf *buf)
{
	uint8_t public_key[KM_SIGNATURE_PUBLIC_BYTES];

	assert_int_equal(km_signature_public(key, public_key), 0);
	km_journal_file_write_header(buf, public_key);
	for (size_t i = 0; i < original.count; i++) {
		const struct item *item = &original.items[i];

		if (item->is_checkpoint) {
			km_journal_file_write_checkpoint(buf, &item->checkpoint);
			line_numbers[i + 2] = item->checkpoint.number;
		} else {
			km_journal_file_write_entry(buf, &item->entry);
			line_numbers[i + 2] = item->entry.number;
		}
	}
	assert_int_equal(km_buf_error(buf), 0);
}

static int walk_file(
    struct km_bytes content, struct km_journal_chain *chain, struct km_journal_walk_file *ret_file)
{
	int fd = memfd_create("journal", MFD_CLOEXEC);
	int err = 0;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content.data, content.size), content.size);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	err = km_journal_walk_lines(fd, chain, ret_file);
	assert_int_equal(close(fd), 0);
	return err;
}

/* Any byte of any line changed, taken out or put in. */
static void test_file_bytes(void **state)
{
	struct km_journal_walk_file file;
	struct km_journal_chain chain = begin(ENTRIES);
	struct km_buf whole;
	struct km_buf changed;

	(void)state;
	km_buf_init(&whole, 1 << 20);
	km_buf_init(&changed, 1 << 20);
	write_lines(&whole);
	assert_int_equal(walk_file(km_buf_view(&whole), &chain, &file), 0);
	assert_int_equal(file.last.number, ENTRIES);
	assert_true(file.has_key);
	for (unsigned i = 0; i < CHANGES / 2; i++) {
		size_t at = next_random((uint32_t)whole.size);
		unsigned kind = next_random(3);
		uint8_t byte = (uint8_t)next_random(256);
		int64_t line = 1;

		for (size_t before = 0; before < at; before++) {
			line += whole.data[before] == '\n' ? 1 : 0;
		}
		km_buf_clear(&changed);
		km_buf_add_data(&changed, whole.data, at);
		if (kind != 2 && (kind == 1 || byte != whole.data[at])) {
			km_buf_add_u8(&changed, byte);
		}
		km_buf_add(&changed, km_bytes_after(km_buf_view(&whole), at + (kind != 1)));
		if (km_bytes_is_equal(km_buf_view(&changed), km_buf_view(&whole))) {
			continue;
		}
		chain = begin(ENTRIES);
		if (line == 1) {
			/* The key is compared by who verifies; the rest of the line is fixed. */
			int err = walk_file(km_buf_view(&changed), &chain, &file);

			assert_true(err == KM_ERR_AUTH || file.has_key);
			continue;
		}
		assert_int_equal(walk_file(km_buf_view(&changed), &chain, &file), KM_ERR_AUTH);
		/* What is in front of the changed line was found whole, and nothing behind it. */
		assert_in_range(file.line, line, line + 1);
		assert_in_range(chain.number, line_numbers[line] - 1, line_numbers[line]);
	}
	km_buf_finish(&whole);
	km_buf_finish(&changed);
}

static void test_file_lines(void **state)
{
	struct km_journal_walk_file file;
	struct km_journal_chain chain;
	struct km_buf whole;

	(void)state;
	km_buf_init(&whole, 1 << 20);
	write_lines(&whole);
	/* Cut anywhere: found by who knows the end. */
	for (size_t size = 1; size < whole.size; size += 1 + next_random(97)) {
		chain = begin(ENTRIES);
		assert_int_equal(
		    walk_file(km_bytes_from(whole.data, size), &chain, &file), KM_ERR_AUTH);
	}
	/* No end of the line. */
	km_buf_clear(&whole);
	for (size_t i = 0; i < 200000; i++) {
		km_buf_add_u8(&whole, 'x');
	}
	chain = begin(0);
	assert_int_equal(walk_file(km_buf_view(&whole), &chain, &file), KM_ERR_AUTH);
	assert_true(file.is_unreadable);
	km_buf_finish(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_file_bytes),
		cmocka_unit_test(test_file_lines),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
