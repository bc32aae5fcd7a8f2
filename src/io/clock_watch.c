#include "io/clock_watch.h"

#include "base/error.h"
#include "io/clock.h"

#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define FAR_SECONDS (INT64_C(1) << 33) /* beyond 2240 */

struct km_clock_watch {
	int fd;
	struct km_watch *ready;
	int64_t least_us;
	int64_t apart_us; /* wall clock minus monotonic clock, at the last look */
	void (*on_step)(void *context, int64_t step_us);
	void *context;
};

static int64_t read_apart(void)
{
	return km_clock_unix_us() - km_clock_monotonic_us();
}

static int arm(struct km_clock_watch *watch)
{
	const struct itimerspec far = { .it_value.tv_sec = FAR_SECONDS };

	return timerfd_settime(watch->fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &far, NULL) <
		       0
		   ? KM_ERR_SYS
		   : 0;
}

static void on_ready(void *context, unsigned events)
{
	struct km_clock_watch *watch = context;
	uint64_t expirations = 0;

	(void)events;
	/* ECANCELED: the clock was set. */
	if (read(watch->fd, &expirations, sizeof(expirations)) < 0 && arm(watch) < 0) {
		km_watch_set(watch->ready, 0); /* looking from time to time is left */
	}
	km_clock_watch_look(watch);
}

int km_clock_watch_create(struct km_loop *loop, int64_t least_us,
    void (*on_step)(void *context, int64_t step_us), void *context,
    struct km_clock_watch **ret_watch)
{
	struct km_clock_watch *watch = calloc(1, sizeof(*watch));
	int err = KM_ERR_MEMORY;

	if (watch == NULL) {
		return err;
	}
	*watch = (struct km_clock_watch){
		.fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK),
		.least_us = least_us,
		.apart_us = read_apart(),
		.on_step = on_step,
		.context = context,
	};
	err = watch->fd < 0 ? KM_ERR_SYS : arm(watch);
	if (err == 0) {
		err = km_watch_create(loop, watch->fd, on_ready, watch, &watch->ready);
	}
	if (err < 0) {
		km_clock_watch_destroy(watch);
		return err;
	}
	km_watch_set(watch->ready, KM_LOOP_READ);
	*ret_watch = watch;
	return 0;
}

void km_clock_watch_destroy(struct km_clock_watch *watch)
{
	if (watch == NULL) {
		return;
	}
	km_watch_destroy(watch->ready);
	if (watch->fd >= 0) {
		(void)close(watch->fd);
	}
	free(watch);
}

void km_clock_watch_look(struct km_clock_watch *watch)
{
	int64_t apart_us = read_apart();
	int64_t step_us = apart_us - watch->apart_us;

	watch->apart_us = apart_us;
	if (step_us >= watch->least_us || step_us <= -watch->least_us) {
		watch->on_step(watch->context, step_us);
	}
}
