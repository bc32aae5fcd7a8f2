/*
 * The event loop of a process, over libuv: timers, readiness of descriptors, signals.
 *
 * One per process; all callbacks run on its thread. Nothing may block in one.
 */
#ifndef KM_IO_LOOP_H
#define KM_IO_LOOP_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

struct km_loop;
struct km_timer;
struct km_watch;
struct km_signal;

enum km_loop_event {
	KM_LOOP_READ = 1,
	KM_LOOP_WRITE = 2,
};

KM_MUST_USE int km_loop_create(struct km_loop **ret_loop);

/* Until km_loop_stop(). */
void km_loop_run(struct km_loop *loop);
void km_loop_stop(struct km_loop *loop);

/* Everything made from the loop must have been destroyed. NULL is fine. */
void km_loop_destroy(struct km_loop *loop);

/* The libuv loop inside, for libraries that bring their own use of it (web's HTTP server). */
void *km_loop_uv(struct km_loop *loop);

/* Monotonic time as of the last wake-up, in whole milliseconds, without a system call. */
int64_t km_loop_now_us(const struct km_loop *loop);

/*
 * A timer; not running at first. The callback may start, stop or destroy it.
 */
KM_MUST_USE int km_timer_create(struct km_loop *loop, void (*on_timer)(void *context),
    void *context, struct km_timer **ret_timer);

/* (Re)start: first after delay_us, then each period_us (0: once). Millisecond resolution. */
void km_timer_start(struct km_timer *timer, int64_t delay_us, int64_t period_us);
void km_timer_stop(struct km_timer *timer);
bool km_timer_is_running(const struct km_timer *timer);
void km_timer_destroy(struct km_timer *timer);

/*
 * Watch a descriptor, which stays the caller's and must be non-blocking. `events` is a set of enum
 * km_loop_event, 0 to pause (costs nothing while paused). Errors and hang-ups are reported as both
 * events: the next read or write tells which. The callback may destroy the watch.
 */
KM_MUST_USE int km_watch_create(struct km_loop *loop, int fd,
    void (*on_ready)(void *context, unsigned events), void *context, struct km_watch **ret_watch);
void km_watch_set(struct km_watch *watch, unsigned events);

/* Must come before the descriptor is closed. NULL is fine. */
void km_watch_destroy(struct km_watch *watch);

/* Call back for a signal instead of its default action. */
KM_MUST_USE int km_signal_create(struct km_loop *loop, int number, void (*on_signal)(void *context),
    void *context, struct km_signal **ret_signal);
void km_signal_destroy(struct km_signal *signal);

#endif
