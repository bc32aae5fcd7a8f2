/*
 * Which moment of the wall clock a moment of the media belongs to.
 *
 * Networks and draining only ever delay packets, so the least-delayed one tells the most: the label
 * is media time plus the smallest (arrival - media time) seen. In the first seconds of a run, while
 * packets are taken on arrival, that is believed at once; afterwards the offset follows the minimum
 * of a sliding window by at most 500 ppm, so that the camera's crystal is followed and labels never
 * jump.
 */
#ifndef KM_RECEIVER_LABEL_CLOCK_H
#define KM_RECEIVER_LABEL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct km_label_clock {
	bool is_started;
	int64_t offset_us;       /* wall clock minus media time */
	int64_t dead_band_us;    /* later than this is explained by how we drain */
	int64_t slewed_media_us; /* media time up to which slewing was applied */
	int64_t target_us;       /* where the offset should be */
	int64_t window_start_us; /* media time */
	int64_t window_min_us;
};

/* Begin a run. dead_band_us: how late the drain may make an arrival, at most (the tick). */
void km_label_clock_begin(struct km_label_clock *clock, int64_t dead_band_us);

/* Something with this media time (since the run's start) has just arrived. */
void km_label_clock_observe(
    struct km_label_clock *clock, int64_t media_us, int64_t arrival_unix_us);

/* The label; only after the first km_label_clock_observe. */
int64_t km_label_clock_at(const struct km_label_clock *clock, int64_t media_us);

#endif
