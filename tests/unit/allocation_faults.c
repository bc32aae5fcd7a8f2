#include "allocation_faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>

/* These run before a sanitizer has set itself up. */
#define EARLY __attribute__((no_sanitize("address", "undefined")))

static _Thread_local unsigned countdown; /* 0: off */
static _Thread_local bool stays;
static _Thread_local bool has_failed;

/* dlsym itself may allocate before there is anything to call. */
static uint8_t first_storage[16384];
static size_t first_used;

EARLY static void *allocate_first(size_t size)
{
	size_t at = first_used;

	size = (size + 15) / 16 * 16;
	if (size > sizeof(first_storage) - at) {
		abort();
	}
	first_used += size;
	return first_storage + at;
}

EARLY static bool is_first(const void *data)
{
	return (uintptr_t)data >= (uintptr_t)first_storage &&
	       (uintptr_t)data < (uintptr_t)first_storage + sizeof(first_storage);
}

EARLY static bool must_fail(void)
{
	if (countdown == 0 || (countdown > 1 && --countdown > 0)) {
		return false;
	}
	if (!stays) {
		countdown = 0;
	}
	has_failed = true;
	errno = ENOMEM;
	return true;
}

void allocation_faults_begin(unsigned nth, bool is_for_good)
{
	countdown = nth + 1;
	stays = is_for_good;
	has_failed = false;
}

bool allocation_faults_end(void)
{
	countdown = 0;
	return has_failed;
}

/* ISO C has no conversion from an object pointer to a function's; POSIX lets memory be copied. */
EARLY static void find(const char *name, void *ret_function)
{
	void *found = dlsym(RTLD_NEXT, name);

	memcpy(ret_function, &found, sizeof(found));
}

EARLY void *malloc(size_t size)
{
	static void *(*next)(size_t size);
	static bool is_finding;

	if (next == NULL) {
		if (is_finding) {
			return allocate_first(size);
		}
		is_finding = true;
		find("malloc", &next);
	}
	return must_fail() ? NULL : next(size);
}

EARLY void *calloc(size_t count, size_t size)
{
	static void *(*next)(size_t count, size_t size);
	static bool is_finding;

	if (next == NULL) {
		if (is_finding) {
			return allocate_first(count * size);
		}
		is_finding = true;
		find("calloc", &next);
	}
	return must_fail() ? NULL : next(count, size);
}

EARLY void *realloc(void *data, size_t size)
{
	static void *(*next)(void *data, size_t size);

	if (next == NULL) {
		find("realloc", &next);
	}
	if (is_first(data)) {
		return NULL;
	}
	return must_fail() ? NULL : next(data, size);
}

EARLY void free(void *data)
{
	static void (*next)(void *data);
	static bool is_finding;

	if (data == NULL || is_first(data)) {
		return;
	}
	if (next == NULL) {
		if (is_finding) {
			return; /* what dlsym gives back meanwhile stays */
		}
		is_finding = true;
		find("free", &next);
	}
	next(data);
}
