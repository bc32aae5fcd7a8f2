/* sources: base/error.c io/clock.c io/loop.c io/rounds.c */
/* libraries: uv */
/*
 * Readiness in rounds: the first at once, then together; by event without anybody reading.
 */
#include "io/rounds.h"

#include "base/error.h"
#include "io/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define PERIOD_US 30000
#define COUNT     3

struct source {
	struct stage *stage;
	struct km_rounds_entry *entry;
	int fd;
	unsigned calls;
	int64_t last_us;
	struct source *removes; /* another one, when it is called */
	bool is_read;           /* when it is called */
};

struct stage {
	struct km_loop *loop;
	struct km_timer *end;
	struct km_rounds *rounds;
	struct source sources[COUNT];
};

static void on_end(void *context)
{
	struct stage *stage = context;

	km_loop_stop(stage->loop);
}

static void on_ready(void *context)
{
	struct source *source = context;
	uint64_t count = 0;

	source->calls++;
	source->last_us = km_clock_monotonic_us();
	if (source->is_read) {
		assert_int_equal(read(source->fd, &count, sizeof(count)), sizeof(count));
	}
	if (source->removes != NULL) {
		km_rounds_remove(source->removes->entry);
		source->removes->entry = NULL;
		source->removes = NULL;
	}
}

static void signal_it(struct source *source)
{
	uint64_t one = 1;

	assert_int_equal(write(source->fd, &one, sizeof(one)), sizeof(one));
}

static void turn(struct stage *stage, int64_t us)
{
	km_timer_start(stage->end, us, 0);
	km_loop_run(stage->loop);
}

static void begin(struct stage *stage, enum km_rounds_trigger trigger)
{
	*stage = (struct stage){ 0 };
	assert_int_equal(km_loop_create(&stage->loop), 0);
	assert_int_equal(km_timer_create(stage->loop, on_end, stage, &stage->end), 0);
	assert_int_equal(km_rounds_create(stage->loop, PERIOD_US, &stage->rounds), 0);
	for (int i = 0; i < COUNT; i++) {
		struct source *source = &stage->sources[i];

		source->stage = stage;
		source->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		assert_true(source->fd >= 0);
		assert_int_equal(km_rounds_add(stage->rounds, source->fd, trigger, on_ready, source,
				     &source->entry),
		    0);
	}
}

static void end(struct stage *stage)
{
	for (int i = 0; i < COUNT; i++) {
		km_rounds_remove(stage->sources[i].entry);
		assert_int_equal(close(stage->sources[i].fd), 0);
	}
	km_rounds_destroy(stage->rounds);
	km_timer_destroy(stage->end);
	km_loop_destroy(stage->loop);
}

static void first_at_once_and_then_together(void **state)
{
	struct stage stage;
	int64_t began_us = 0;

	(void)state;
	begin(&stage, KM_ROUNDS_BY_EVENT);
	began_us = km_clock_monotonic_us();
	signal_it(&stage.sources[0]);
	turn(&stage, 1000);
	assert_int_equal(stage.sources[0].calls, 1);
	signal_it(&stage.sources[1]);
	signal_it(&stage.sources[2]);
	signal_it(&stage.sources[2]);
	turn(&stage, 3 * PERIOD_US);
	assert_int_equal(stage.sources[0].calls, 1);
	assert_int_equal(stage.sources[1].calls, 1);
	assert_int_equal(stage.sources[2].calls, 1);
	/* Not before the period is over; the first one is as of a millisecond at most. */
	assert_true(stage.sources[1].last_us - began_us >= PERIOD_US - 2000);
	end(&stage);
}

static void events_are_told_though_nobody_reads(void **state)
{
	struct stage stage;

	(void)state;
	begin(&stage, KM_ROUNDS_BY_EVENT);
	for (unsigned i = 1; i <= 4; i++) {
		signal_it(&stage.sources[0]);
		turn(&stage, 3 * PERIOD_US);
		assert_int_equal(stage.sources[0].calls, i);
	}
	end(&stage);
}

static void readiness_is_told_until_it_is_read(void **state)
{
	struct stage stage;

	(void)state;
	begin(&stage, KM_ROUNDS_WHILE_READY);
	signal_it(&stage.sources[0]);
	/* As many rounds as it takes: one that comes late is not made up for. */
	for (unsigned i = 0; i < 100 && stage.sources[0].calls < 2; i++) {
		turn(&stage, 2 * PERIOD_US);
	}
	assert_true(stage.sources[0].calls >= 2);
	stage.sources[0].is_read = true;
	turn(&stage, 2 * PERIOD_US);
	stage.sources[0].calls = 0;
	turn(&stage, 2 * PERIOD_US);
	assert_int_equal(stage.sources[0].calls, 0);
	end(&stage);
}

static void one_may_remove_another_of_the_same_round(void **state)
{
	struct stage stage;
	unsigned calls = 0;

	(void)state;
	begin(&stage, KM_ROUNDS_BY_EVENT);
	stage.sources[0].removes = &stage.sources[1];
	stage.sources[1].removes = &stage.sources[0];
	signal_it(&stage.sources[0]);
	signal_it(&stage.sources[1]);
	turn(&stage, PERIOD_US);
	calls = stage.sources[0].calls + stage.sources[1].calls;
	assert_int_equal(calls, 1);
	/* A removed one stays silent. */
	signal_it(&stage.sources[0]);
	signal_it(&stage.sources[1]);
	turn(&stage, 3 * PERIOD_US);
	assert_int_equal(stage.sources[0].calls + stage.sources[1].calls, 2);
	end(&stage);
}

static void what_cannot_be_waited_for_is_refused(void **state)
{
	struct stage stage;
	struct km_rounds_entry *entry = NULL;
	int fd = memfd_create("file", MFD_CLOEXEC);

	(void)state;
	begin(&stage, KM_ROUNDS_BY_EVENT);
	assert_true(fd >= 0);
	assert_int_equal(
	    km_rounds_add(stage.rounds, fd, KM_ROUNDS_BY_EVENT, on_ready, NULL, &entry),
	    KM_ERR_SYS);
	assert_null(entry);
	assert_int_equal(close(fd), 0);
	end(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_at_once_and_then_together),
		cmocka_unit_test(events_are_told_though_nobody_reads),
		cmocka_unit_test(readiness_is_told_until_it_is_read),
		cmocka_unit_test(one_may_remove_another_of_the_same_round),
		cmocka_unit_test(what_cannot_be_waited_for_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
