/* sources: base/error.c io/clock.c io/loop.c */
/* libraries: uv */
#include "io/clock.h"
#include "io/loop.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
	struct km_loop *loop;
	struct km_timer *timer;
	struct km_watch *watch;
	int fds[2];
	unsigned calls;
	unsigned events;
};

static int set_up(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){ 0 };
	assert_int_equal(km_loop_create(&fixture.loop), 0);
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fixture.fds), 0);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	km_timer_destroy(fixture->timer);
	km_watch_destroy(fixture->watch);
	km_loop_destroy(fixture->loop);
	(void)close(fixture->fds[0]);
	(void)close(fixture->fds[1]);
	return 0;
}

static void stop_at_three(void *context)
{
	struct fixture *fixture = context;

	if (++fixture->calls == 3) {
		km_timer_stop(fixture->timer);
		km_loop_stop(fixture->loop);
	}
}

static void timer_repeats_and_never_early(void **state)
{
	struct fixture *fixture = *state;
	int64_t start = km_clock_monotonic_us();

	assert_int_equal(
	    km_timer_create(fixture->loop, stop_at_three, fixture, &fixture->timer), 0);
	assert_false(km_timer_is_running(fixture->timer));
	km_timer_start(fixture->timer, 1500, 5000);
	assert_true(km_timer_is_running(fixture->timer));
	km_loop_run(fixture->loop);
	assert_int_equal(fixture->calls, 3);
	assert_true(km_clock_monotonic_us() - start >= 11000);
	assert_false(km_timer_is_running(fixture->timer));
	assert_true(km_loop_now_us(fixture->loop) >= start);
}

static void destroy_self(void *context)
{
	struct fixture *fixture = context;

	km_timer_destroy(fixture->timer);
	fixture->timer = NULL;
	km_loop_stop(fixture->loop);
}

static void timer_may_destroy_itself(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(km_timer_create(fixture->loop, destroy_self, fixture, &fixture->timer), 0);
	km_timer_start(fixture->timer, 0, 0);
	km_loop_run(fixture->loop);
	assert_null(fixture->timer);
}

static void on_ready(void *context, unsigned events)
{
	struct fixture *fixture = context;

	fixture->calls++;
	fixture->events |= events;
	if (fixture->calls == 2) {
		km_watch_destroy(fixture->watch);
		fixture->watch = NULL;
	}
	km_loop_stop(fixture->loop);
}

static void watch_reads_pauses_and_destroys_itself(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(
	    km_watch_create(fixture->loop, fixture->fds[0], on_ready, fixture, &fixture->watch), 0);
	km_watch_set(fixture->watch, KM_LOOP_WRITE);
	km_loop_run(fixture->loop);
	assert_int_equal(fixture->events, KM_LOOP_WRITE);

	fixture->events = 0;
	assert_int_equal(write(fixture->fds[1], "x", 1), 1);
	/* Paused: only the timer comes. */
	km_watch_set(fixture->watch, 0);
	assert_int_equal(km_timer_create(fixture->loop, destroy_self, fixture, &fixture->timer), 0);
	km_timer_start(fixture->timer, 5000, 0);
	km_loop_run(fixture->loop);
	assert_int_equal(fixture->calls, 1);

	km_watch_set(fixture->watch, KM_LOOP_READ);
	km_loop_run(fixture->loop);
	assert_int_equal(fixture->calls, 2);
	assert_int_equal(fixture->events, KM_LOOP_READ);
	assert_null(fixture->watch);
}

/* A socket error must not silence the watch: libuv alone would stop it. */
static void watch_reports_errors_as_both(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(write(fixture->fds[0], "x", 1), 1);
	(void)close(fixture->fds[1]); /* with unread data: ECONNRESET for the other end */
	fixture->fds[1] = -1;
	assert_int_equal(
	    km_watch_create(fixture->loop, fixture->fds[0], on_ready, fixture, &fixture->watch), 0);
	km_watch_set(fixture->watch, KM_LOOP_READ);
	km_loop_run(fixture->loop);
	assert_int_equal(fixture->events, KM_LOOP_READ | KM_LOOP_WRITE);
	km_loop_run(fixture->loop);
	assert_int_equal(fixture->calls, 2);
}

static void on_signal(void *context)
{
	struct fixture *fixture = context;

	fixture->calls++;
	km_loop_stop(fixture->loop);
}

static void signal_is_called(void **state)
{
	struct fixture *fixture = *state;
	struct km_signal *signal = NULL;

	assert_int_equal(km_signal_create(fixture->loop, SIGUSR1, on_signal, fixture, &signal), 0);
	assert_int_equal(raise(SIGUSR1), 0);
	km_loop_run(fixture->loop);
	assert_int_equal(fixture->calls, 1);
	km_signal_destroy(signal);
	km_signal_destroy(NULL);
}

static void wrong_descriptors_are_refused(void **state)
{
	struct fixture *fixture = *state;
	struct km_watch *watch = NULL;

	assert_int_not_equal(km_watch_create(fixture->loop, -1, on_ready, fixture, &watch), 0);
	assert_null(watch);
}

static void clocks_go_forward(void **state)
{
	int64_t before = km_clock_monotonic_us();

	(void)state;
	assert_true(km_clock_monotonic_us() >= before);
	assert_true(km_clock_unix_us() > INT64_C(1700000000000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(timer_repeats_and_never_early, set_up, tear_down),
		cmocka_unit_test_setup_teardown(timer_may_destroy_itself, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    watch_reads_pauses_and_destroys_itself, set_up, tear_down),
		cmocka_unit_test_setup_teardown(watch_reports_errors_as_both, set_up, tear_down),
		cmocka_unit_test_setup_teardown(signal_is_called, set_up, tear_down),
		cmocka_unit_test_setup_teardown(wrong_descriptors_are_refused, set_up, tear_down),
		cmocka_unit_test(clocks_go_forward),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
