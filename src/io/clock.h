/*
 * The two clocks. Wall time labels, monotonic time waits and measures; neither replaces the other.
 */
#ifndef KM_IO_CLOCK_H
#define KM_IO_CLOCK_H

#include <stdint.h>

/* CLOCK_MONOTONIC in microseconds. */
int64_t km_clock_monotonic_us(void);

/* CLOCK_REALTIME in microseconds since 1970 UTC. */
int64_t km_clock_unix_us(void);

#endif
