#include "io/clock.h"

#include "base/time.h"

#include <assert.h>
#include <sys/timex.h>
#include <time.h>

static int64_t read_us(clockid_t clock)
{
	struct timespec now;
	int err = clock_gettime(clock, &now);

	assert(err == 0);
	(void)err;
	return (int64_t)now.tv_sec * KM_TIME_SECOND_US + now.tv_nsec / 1000;
}

int64_t km_clock_monotonic_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

int64_t km_clock_unix_us(void)
{
	return read_us(CLOCK_REALTIME);
}

bool km_clock_is_kept(int64_t *ret_error_us)
{
	struct timex state = { 0 };
	int told = adjtimex(&state);

	*ret_error_us = state.maxerror;
	return told >= 0 && (state.status & STA_UNSYNC) == 0;
}
