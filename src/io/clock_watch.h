/*
 * Notices when somebody sets the wall clock. [IPA a04-4]
 */
#ifndef KM_IO_CLOCK_WATCH_H
#define KM_IO_CLOCK_WATCH_H

#include "io/loop.h"

struct km_clock_watch;

/*
 * Call on_step with how far the wall clock was moved against the monotonic one: at once when the
 * kernel tells (timerfd_create(2), TFD_TIMER_CANCEL_ON_SET), else at the next km_clock_watch_look.
 * Changes below least_us are slewing and pass without a word.
 */
KM_MUST_USE int km_clock_watch_create(struct km_loop *loop, int64_t least_us,
    void (*on_step)(void *context, int64_t step_us), void *context,
    struct km_clock_watch **ret_watch);
void km_clock_watch_destroy(struct km_clock_watch *watch);

/* Compare the clocks now. */
void km_clock_watch_look(struct km_clock_watch *watch);

#endif
