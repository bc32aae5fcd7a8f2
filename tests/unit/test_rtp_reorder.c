/* sources: base/error.c base/bytes.c proto/rtp_reorder.c */
#include "proto/rtp_reorder.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define MAX_WAIT_US 100000
#define SEEN_MAX    64

static uint8_t storage[KM_RTP_REORDER_BYTES];

struct seen {
	size_t count;
	unsigned number[SEEN_MAX];
};

static void see(struct seen *seen, struct km_bytes packet)
{
	assert_true(seen->count < SEEN_MAX);
	seen->number[seen->count++] = (unsigned)(packet.data[2] << 8 | packet.data[3]);
}

static void drain(struct km_rtp_reorder *reorder, int64_t now_us, struct seen *seen)
{
	struct km_bytes ready = { 0 };

	while (km_rtp_reorder_next(reorder, now_us, &ready)) {
		see(seen, ready);
	}
}

static void push(struct km_rtp_reorder *reorder, unsigned number, int64_t now_us, struct seen *seen)
{
	uint8_t bytes[12] = { 0x80, 96, (uint8_t)(number >> 8), (uint8_t)number };
	struct km_bytes ready = { 0 };
	unsigned rounds = 0;

	while (km_rtp_reorder_push(reorder, KM_BYTES_OF(bytes), now_us, &ready) == KM_ERR_AGAIN) {
		assert_true(rounds++ < 1);
		drain(reorder, now_us, seen);
	}
	if (ready.size > 0) {
		see(seen, ready);
	}
	drain(reorder, now_us, seen);
}

static void check(const struct seen *seen, const unsigned *wanted, size_t count)
{
	assert_int_equal(seen->count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(seen->number[i], wanted[i]);
	}
}

#define CHECK(seen, ...)                                                                           \
	check(seen, (const unsigned[]){ __VA_ARGS__ },                                             \
	    sizeof((const unsigned[]){ __VA_ARGS__ }) / sizeof(unsigned))

static void puts_in_order(void **state)
{
	struct km_rtp_reorder reorder = { 0 };
	struct seen seen = { 0 };

	(void)state;
	km_rtp_reorder_init(&reorder, storage, MAX_WAIT_US);
	push(&reorder, 65534, 0, &seen);
	push(&reorder, 1, 0, &seen);
	push(&reorder, 0, 0, &seen);
	push(&reorder, 0, 0, &seen);
	push(&reorder, 65535, 0, &seen);
	push(&reorder, 2, 0, &seen);
	CHECK(&seen, 65534, 65535, 0, 1, 2);
}

static void gives_up_after_a_while(void **state)
{
	struct km_rtp_reorder reorder = { 0 };
	struct seen seen = { 0 };

	(void)state;
	km_rtp_reorder_init(&reorder, storage, MAX_WAIT_US);
	push(&reorder, 10, 0, &seen);
	push(&reorder, 12, 0, &seen);
	push(&reorder, 13, 50000, &seen);
	drain(&reorder, MAX_WAIT_US - 1, &seen);
	CHECK(&seen, 10);
	drain(&reorder, MAX_WAIT_US, &seen);
	CHECK(&seen, 10, 12, 13);
	push(&reorder, 11, MAX_WAIT_US, &seen);
	CHECK(&seen, 10, 12, 13, 11);
}

static void moves_a_full_window(void **state)
{
	struct km_rtp_reorder reorder = { 0 };
	struct seen seen = { 0 };

	(void)state;
	km_rtp_reorder_init(&reorder, storage, MAX_WAIT_US);
	push(&reorder, 1, 0, &seen);
	push(&reorder, 3, 0, &seen);
	push(&reorder, 33, 0, &seen);
	CHECK(&seen, 1);
	push(&reorder, 35, 0, &seen);
	CHECK(&seen, 1, 3);
	push(&reorder, 20000, 0, &seen);
	CHECK(&seen, 1, 3, 33, 35, 20000);
	push(&reorder, 20001, 0, &seen);
	assert_int_equal(reorder.count, 0);
}

static void every_order_of_six(void **state)
{
	/* 720 orders by the factorial number system; each must come out sorted. */
	(void)state;
	for (unsigned order = 0; order < 720; order++) {
		struct km_rtp_reorder reorder = { 0 };
		struct seen seen = { 0 };
		unsigned left[6] = { 1, 2, 3, 4, 5, 6 };
		unsigned code = order;

		km_rtp_reorder_init(&reorder, storage, MAX_WAIT_US);
		push(&reorder, 0, 0, &seen);
		for (unsigned size = 6; size > 0; size--) {
			unsigned at = code % size;

			code /= size;
			push(&reorder, left[at], 0, &seen);
			for (unsigned i = at; i + 1 < size; i++) {
				left[i] = left[i + 1];
			}
		}
		CHECK(&seen, 0, 1, 2, 3, 4, 5, 6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(puts_in_order),
		cmocka_unit_test(gives_up_after_a_while),
		cmocka_unit_test(moves_a_full_window),
		cmocka_unit_test(every_order_of_six),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
