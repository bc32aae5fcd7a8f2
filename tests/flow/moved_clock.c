/*
 * A wall clock that tests can move: a library to be preloaded. The eight bytes of the file named by
 * KOMAINU_TEST_CLOCK are nanoseconds that are added to CLOCK_REALTIME. The file is mapped at the
 * start, so that it also works behind a sandbox.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NS INT64_C(1000000000)

static const volatile int64_t *shift_ns;

__attribute__((constructor)) static void map_shift(void)
{
	const char *path = getenv("KOMAINU_TEST_CLOCK");
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	void *map = MAP_FAILED;

	if (fd >= 0) {
		map = mmap(NULL, sizeof(*shift_ns), PROT_READ, MAP_SHARED, fd, 0);
		(void)close(fd);
	}
	if (map != MAP_FAILED) {
		shift_ns = map;
	}
}

int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
	int64_t ns = 0;

	if (syscall(SYS_clock_gettime, clock, ret_time) < 0) {
		return -1;
	}
	if (clock == CLOCK_REALTIME && shift_ns != NULL) {
		ns = ret_time->tv_sec * NS + ret_time->tv_nsec + *shift_ns;
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
