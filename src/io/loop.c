#include "io/loop.h"

#include "base/error.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <uv.h>

#define US_PER_MS 1000

struct km_loop {
	uv_loop_t uv;
	uv_async_t keep_alive; /* never sent: keeps uv_run going while nothing else is active */
};

struct km_timer {
	uv_timer_t uv;
	void (*on_timer)(void *context);
	void *context;
};

struct km_watch {
	uv_poll_t uv;
	unsigned events;
	bool is_destroyed;
	void (*on_ready)(void *context, unsigned events);
	void *context;
};

struct km_signal {
	uv_signal_t uv;
	void (*on_signal)(void *context);
	void *context;
};

/* The code for a libuv error; errno says what it was. */
static int error_from(int uv_err)
{
	if (uv_err == UV_ENOMEM) {
		return KM_ERR_MEMORY;
	}
	errno = -uv_err;
	return KM_ERR_SYS;
}

static void on_never(uv_async_t *async)
{
	(void)async;
}

int km_loop_create(struct km_loop **ret_loop)
{
	struct km_loop *loop = calloc(1, sizeof(*loop));
	int uv_err = 0;

	if (loop == NULL) {
		return KM_ERR_MEMORY;
	}
	uv_err = uv_loop_init(&loop->uv);
	if (uv_err < 0) {
		free(loop);
		return error_from(uv_err);
	}
	uv_err = uv_async_init(&loop->uv, &loop->keep_alive, on_never);
	if (uv_err < 0) {
		(void)uv_loop_close(&loop->uv);
		free(loop);
		return error_from(uv_err);
	}
	*ret_loop = loop;
	return 0;
}

void km_loop_run(struct km_loop *loop)
{
	(void)uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void km_loop_stop(struct km_loop *loop)
{
	uv_stop(&loop->uv);
}

static void assert_closing(uv_handle_t *handle, void *context)
{
	(void)context;
	assert(uv_is_closing(handle));
	(void)handle;
}

void km_loop_destroy(struct km_loop *loop)
{
	if (loop == NULL) {
		return;
	}
	uv_close((uv_handle_t *)&loop->keep_alive, NULL);
	uv_walk(&loop->uv, assert_closing, NULL);
	/* What is left are callbacks of closed handles and requests in the thread pool: they end
	 * by themselves. Twice, because a stop not yet seen would end the first run at once. */
	(void)uv_run(&loop->uv, UV_RUN_NOWAIT);
	(void)uv_run(&loop->uv, UV_RUN_DEFAULT);
	if (uv_loop_close(&loop->uv) < 0) {
		assert(false);
	}
	free(loop);
}

void *km_loop_uv(struct km_loop *loop)
{
	return &loop->uv;
}

int64_t km_loop_now_us(const struct km_loop *loop)
{
	return (int64_t)uv_now(&loop->uv) * US_PER_MS;
}

/* --- timers --- */

static void call_timer(uv_timer_t *uv)
{
	struct km_timer *timer = uv->data;

	timer->on_timer(timer->context);
}

int km_timer_create(struct km_loop *loop, void (*on_timer)(void *context), void *context,
    struct km_timer **ret_timer)
{
	struct km_timer *timer = calloc(1, sizeof(*timer));

	if (timer == NULL) {
		return KM_ERR_MEMORY;
	}
	(void)uv_timer_init(&loop->uv, &timer->uv); /* cannot fail */
	timer->uv.data = timer;
	timer->on_timer = on_timer;
	timer->context = context;
	*ret_timer = timer;
	return 0;
}

/* Rounded up: a timer never fires early. */
static uint64_t ms_from(int64_t us)
{
	return us <= 0 ? 0 : ((uint64_t)us + US_PER_MS - 1) / US_PER_MS;
}

void km_timer_start(struct km_timer *timer, int64_t delay_us, int64_t period_us)
{
	/* libuv counts from the last wake-up, which may be long ago in a busy callback. */
	uv_update_time(timer->uv.loop);
	(void)uv_timer_start(&timer->uv, call_timer, ms_from(delay_us), ms_from(period_us));
}

void km_timer_stop(struct km_timer *timer)
{
	(void)uv_timer_stop(&timer->uv);
}

bool km_timer_is_running(const struct km_timer *timer)
{
	return uv_is_active((const uv_handle_t *)&timer->uv) != 0;
}

static void free_timer(uv_handle_t *handle)
{
	free(handle->data);
}

void km_timer_destroy(struct km_timer *timer)
{
	if (timer != NULL) {
		uv_close((uv_handle_t *)&timer->uv, free_timer);
	}
}

/* --- descriptors --- */

static void call_watch(uv_poll_t *uv, int status, int uv_events);

static void apply_events(struct km_watch *watch)
{
	int uv_events = 0;

	if ((watch->events & KM_LOOP_READ) != 0) {
		uv_events |= UV_READABLE;
	}
	if ((watch->events & KM_LOOP_WRITE) != 0) {
		uv_events |= UV_WRITABLE;
	}
	if (uv_events == 0) {
		(void)uv_poll_stop(&watch->uv);
	} else {
		(void)uv_poll_start(&watch->uv, uv_events, call_watch);
	}
}

static void call_watch(uv_poll_t *uv, int status, int uv_events)
{
	struct km_watch *watch = uv->data;
	unsigned events = 0;

	if (status < 0) {
		/* libuv has stopped polling at EPOLLERR; the caller has not asked for that. It is
		 * started again unless the callback ends it, which it does after its next read or
		 * write has failed. */
		watch->on_ready(watch->context, KM_LOOP_READ | KM_LOOP_WRITE);
		if (!watch->is_destroyed && uv_is_active((uv_handle_t *)uv) == 0) {
			apply_events(watch);
		}
		return;
	}
	if ((uv_events & UV_READABLE) != 0) {
		events |= KM_LOOP_READ;
	}
	if ((uv_events & UV_WRITABLE) != 0) {
		events |= KM_LOOP_WRITE;
	}
	watch->on_ready(watch->context, events);
}

int km_watch_create(struct km_loop *loop, int fd, void (*on_ready)(void *context, unsigned events),
    void *context, struct km_watch **ret_watch)
{
	struct km_watch *watch = calloc(1, sizeof(*watch));
	int uv_err = 0;

	if (watch == NULL) {
		return KM_ERR_MEMORY;
	}
	uv_err = uv_poll_init(&loop->uv, &watch->uv, fd);
	if (uv_err < 0) {
		free(watch);
		return error_from(uv_err);
	}
	watch->uv.data = watch;
	watch->on_ready = on_ready;
	watch->context = context;
	*ret_watch = watch;
	return 0;
}

void km_watch_set(struct km_watch *watch, unsigned events)
{
	/* Setting it costs two calls of epoll_ctl even if nothing changes. */
	if (watch->events != events) {
		watch->events = events;
		apply_events(watch);
	}
}

static void free_watch(uv_handle_t *handle)
{
	free(handle->data);
}

void km_watch_destroy(struct km_watch *watch)
{
	if (watch != NULL) {
		watch->is_destroyed = true;
		uv_close((uv_handle_t *)&watch->uv, free_watch);
	}
}

/* --- signals --- */

static void call_signal(uv_signal_t *uv, int number)
{
	struct km_signal *signal = uv->data;

	(void)number;
	signal->on_signal(signal->context);
}

static void free_signal(uv_handle_t *handle)
{
	free(handle->data);
}

int km_signal_create(struct km_loop *loop, int number, void (*on_signal)(void *context),
    void *context, struct km_signal **ret_signal)
{
	struct km_signal *signal = calloc(1, sizeof(*signal));
	int uv_err = 0;

	if (signal == NULL) {
		return KM_ERR_MEMORY;
	}
	uv_err = uv_signal_init(&loop->uv, &signal->uv);
	if (uv_err < 0) {
		free(signal);
		return error_from(uv_err);
	}
	signal->uv.data = signal;
	signal->on_signal = on_signal;
	signal->context = context;
	uv_err = uv_signal_start(&signal->uv, call_signal, number);
	if (uv_err < 0) {
		uv_close((uv_handle_t *)&signal->uv, free_signal);
		return error_from(uv_err);
	}
	*ret_signal = signal;
	return 0;
}

void km_signal_destroy(struct km_signal *signal)
{
	if (signal != NULL) {
		uv_close((uv_handle_t *)&signal->uv, free_signal);
	}
}
