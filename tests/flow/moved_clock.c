/*
 * A wall clock that tests can move: a library to be preloaded. The file that KOMAINU_TEST_CLOCK
 * names holds what is added to CLOCK_REALTIME and, where a test wants it, what the kernel would
 * know of the clock, for adjtimex(2): so chronyd can keep a clock that is not the machine's. The
 * file is mapped at the start, so that it also works behind a sandbox. chronyd is told that the
 * kernel does not stamp packets: its stamps would be of the machine's clock.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define NS INT64_C(1000000000)

/* The file. Its first field alone is enough. */
struct clock_file {
	int64_t shift_ns;
	int64_t is_kept; /* the rest is what the kernel knows; without it the machine's answers */
	int64_t status;
	int64_t maxerror_us;
	int64_t esterror_us;
	int64_t frequency;
	int64_t tick_us;
};

static volatile struct clock_file *state;

__attribute__((constructor)) static void map_state(void)
{
	const char *path = getenv("KOMAINU_TEST_CLOCK");
	int protection = PROT_READ | PROT_WRITE;
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
	void *map = MAP_FAILED;

	if (fd < 0 && path != NULL) {
		protection = PROT_READ;
		fd = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (fd >= 0) {
		/* What a shorter file lacks reads as zero, to the end of its page. */
		map = mmap(NULL, sizeof(*state), protection, MAP_SHARED, fd, 0);
		(void)close(fd);
	}
	if (map != MAP_FAILED) {
		state = map;
	}
}

int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
	int64_t ns = 0;

	if (syscall(SYS_clock_gettime, clock, ret_time) < 0) {
		return -1;
	}
	if (clock == CLOCK_REALTIME && state != NULL) {
		ns = ret_time->tv_sec * NS + ret_time->tv_nsec + state->shift_ns;
		ret_time->tv_sec = ns / NS;
		ret_time->tv_nsec = ns % NS;
	}
	return 0;
}

int gettimeofday(struct timeval *restrict ret_time, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &now) < 0) {
		return -1;
	}
	ret_time->tv_sec = now.tv_sec;
	ret_time->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *ret_time)
{
	struct timespec now = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (ret_time != NULL) {
		*ret_time = now.tv_sec;
	}
	return now.tv_sec;
}

/* What the kernel's timekeeping takes and tells; slewing is noted and moves nothing. */
static int keep(struct timex *txc)
{
	struct timespec now;
	unsigned modes = txc->modes;

	if (modes & ADJ_SETOFFSET) {
		state->shift_ns +=
		    txc->time.tv_sec * NS + txc->time.tv_usec * ((modes & ADJ_NANO) ? 1 : 1000);
	}
	/* The single shot of adjtime(3) has bits of its own. */
	if (modes != ADJ_OFFSET_SINGLESHOT && modes != ADJ_OFFSET_SS_READ) {
		state->status = (modes & ADJ_STATUS) ? txc->status : state->status;
		state->maxerror_us = (modes & ADJ_MAXERROR) ? txc->maxerror : state->maxerror_us;
		state->esterror_us = (modes & ADJ_ESTERROR) ? txc->esterror : state->esterror_us;
		state->frequency = (modes & ADJ_FREQUENCY) ? txc->freq : state->frequency;
		state->tick_us = (modes & ADJ_TICK) ? txc->tick : state->tick_us;
	}
	memset(txc, 0, sizeof(*txc));
	(void)clock_gettime(CLOCK_REALTIME, &now);
	txc->status = (int)state->status;
	txc->maxerror = state->maxerror_us;
	txc->esterror = state->esterror_us;
	txc->freq = state->frequency;
	txc->tick = state->tick_us;
	txc->constant = 2;
	txc->precision = 1;
	txc->tolerance = 32768000;
	txc->time.tv_sec = now.tv_sec;
	txc->time.tv_usec = now.tv_nsec / 1000;
	return (state->status & STA_UNSYNC) ? TIME_ERROR : TIME_OK;
}

int adjtimex(struct timex *txc)
{
	if (state == NULL || !state->is_kept) {
		return (int)syscall(SYS_adjtimex, txc);
	}
	return keep(txc);
}

int ntp_adjtime(struct timex *txc)
{
	return adjtimex(txc);
}

int clock_adjtime(clockid_t clock, struct timex *txc)
{
	if (clock != CLOCK_REALTIME) {
		errno = EINVAL;
		return -1;
	}
	return adjtimex(txc);
}

/* Nobody moves the machine's clock by way of this library. */
int clock_settime(clockid_t clock, const struct timespec *time)
{
	struct timespec now;

	if (clock != CLOCK_REALTIME || state == NULL || !state->is_kept) {
		errno = EPERM;
		return -1;
	}
	(void)clock_gettime(clock, &now);
	state->shift_ns += (time->tv_sec - now.tv_sec) * NS + time->tv_nsec - now.tv_nsec;
	return 0;
}

int settimeofday(const struct timeval *time, const struct timezone *zone)
{
	struct timespec wanted = { .tv_sec = time->tv_sec, .tv_nsec = time->tv_usec * 1000 };

	(void)zone;
	return clock_settime(CLOCK_REALTIME, &wanted);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
	int (*real)(int, int, int, const void *, socklen_t) = NULL;
	void *found = dlsym(RTLD_NEXT, "setsockopt");

	if (state != NULL && state->is_kept && level == SOL_SOCKET &&
	    (name == SO_TIMESTAMP || name == SO_TIMESTAMPNS || name == SO_TIMESTAMPING)) {
		errno = ENOPROTOOPT;
		return -1;
	}
	memcpy(&real, &found, sizeof(real));
	return real(fd, level, name, value, size);
}
