#include "receiver/label_clock.h"

#include "base/time.h"

#define SETTLING_US (3 * KM_TIME_SECOND_US)
#define WINDOW_US   (10 * KM_TIME_SECOND_US)
#define SLEW_PPM    500

void km_label_clock_begin(struct km_label_clock *clock, int64_t dead_band_us)
{
	*clock = (struct km_label_clock){ .dead_band_us = dead_band_us };
}

/* The window has ended: its minimum is where the offset should be, unless draining explains it. */
static void end_window(struct km_label_clock *clock, int64_t media_us)
{
	if (clock->window_min_us < clock->offset_us ||
	    clock->window_min_us > clock->offset_us + clock->dead_band_us) {
		clock->target_us = clock->window_min_us;
	} else {
		clock->target_us = clock->offset_us;
	}
	clock->window_start_us = media_us;
	clock->window_min_us = INT64_MAX;
}

static void slew(struct km_label_clock *clock, int64_t media_us)
{
	int64_t most_us = (media_us - clock->slewed_media_us) * SLEW_PPM / 1000000;
	int64_t step_us = clock->target_us - clock->offset_us;

	if (most_us <= 0) {
		return;
	}
	if (step_us > most_us) {
		step_us = most_us;
	} else if (step_us < -most_us) {
		step_us = -most_us;
	}
	clock->offset_us += step_us;
	clock->slewed_media_us = media_us;
}

void km_label_clock_observe(struct km_label_clock *clock, int64_t media_us, int64_t arrival_unix_us)
{
	int64_t delay_us = arrival_unix_us - media_us;

	if (!clock->is_started) {
		clock->is_started = true;
		clock->offset_us = delay_us;
		clock->target_us = delay_us;
		clock->window_start_us = media_us;
		clock->window_min_us = INT64_MAX;
	}
	if (media_us < SETTLING_US) {
		if (delay_us < clock->offset_us) {
			clock->offset_us = delay_us;
			clock->target_us = delay_us;
		}
		clock->slewed_media_us = media_us;
		clock->window_start_us = media_us;
		return;
	}
	if (delay_us < clock->window_min_us) {
		clock->window_min_us = delay_us;
	}
	if (media_us - clock->window_start_us >= WINDOW_US) {
		end_window(clock, media_us);
	}
	slew(clock, media_us);
}

int64_t km_label_clock_at(const struct km_label_clock *clock, int64_t media_us)
{
	return clock->offset_us + media_us;
}
