#include "guard/listener_watch.h"

#include <stdio.h>
#include <string.h>

void km_listener_watch_begin(struct km_listener_watch *watch)
{
	for (size_t i = 0; i < watch->count; i++) {
		watch->known[i].is_seen = false;
	}
}

void km_listener_watch_name(
    const char *protocol, const char *address, char ret_name[static KM_LISTENER_WATCH_NAME_SIZE])
{
	(void)snprintf(ret_name, KM_LISTENER_WATCH_NAME_SIZE, "%s/%s", protocol, address);
	for (char *at = strchr(ret_name, ' '); at != NULL; at = strchr(at, ' ')) {
		*at = '_';
	}
}

bool km_listener_watch_see(struct km_listener_watch *watch, const char *name)
{
	size_t size = strnlen(name, KM_LISTENER_WATCH_NAME_SIZE - 1);

	for (size_t i = 0; i < watch->count; i++) {
		if (strncmp(watch->known[i].name, name, KM_LISTENER_WATCH_NAME_SIZE - 1) == 0) {
			watch->known[i].is_seen = true;
			return false;
		}
	}
	if (watch->count >= KM_LISTENER_WATCH_MAX) {
		return false;
	}
	memcpy(watch->known[watch->count].name, name, size);
	watch->known[watch->count].name[size] = '\0';
	watch->known[watch->count++].is_seen = true;
	return true;
}

void km_listener_watch_end(struct km_listener_watch *watch,
    void (*on_gone)(void *context, const char *name), void *context)
{
	size_t kept = 0;

	for (size_t i = 0; i < watch->count; i++) {
		if (watch->known[i].is_seen) {
			watch->known[kept++] = watch->known[i];
		} else {
			on_gone(context, watch->known[i].name);
		}
	}
	watch->count = kept;
}
