/*
 * The two clocks. Wall time labels, monotonic time waits and measures; neither replaces the other.
 */
#ifndef KM_IO_CLOCK_H
#define KM_IO_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* CLOCK_MONOTONIC in microseconds. */
int64_t km_clock_monotonic_us(void);

/* CLOCK_REALTIME in microseconds since 1970 UTC. */
int64_t km_clock_unix_us(void);

/*
 * Whether something keeps CLOCK_REALTIME right, as the kernel was told [adjtimex(2)]. chronyd tells
 * it if its configuration says rtcsync, as Debian's does; ntpd and systemd-timesyncd always do.
 * ret_error_us: how far off it may be; without meaning if the answer is no.
 */
bool km_clock_is_kept(int64_t *ret_error_us);

#endif
