/*
 * Which unexpected sockets are known, so that each is told of once when it appears and once when it
 * has gone. Plain values, no I/O.
 */
#ifndef KM_GUARD_LISTENER_WATCH_H
#define KM_GUARD_LISTENER_WATCH_H

#include <stdbool.h>
#include <stddef.h>

#define KM_LISTENER_WATCH_MAX       64
#define KM_LISTENER_WATCH_NAME_SIZE 128 /* what an alarm's subject can hold */

/* Zeroed: nothing is known. */
struct km_listener_watch {
	struct {
		char name[KM_LISTENER_WATCH_NAME_SIZE];
		bool is_seen; /* at the look that is under way */
	} known[KM_LISTENER_WATCH_MAX];
	size_t count;
};

/* A look begins. */
void km_listener_watch_begin(struct km_listener_watch *watch);

/*
 * One word that names a socket: "tcp/0.0.0.0:23". What is too long is cut; what would end the word
 * is replaced.
 */
void km_listener_watch_name(
    const char *protocol, const char *address, char ret_name[static KM_LISTENER_WATCH_NAME_SIZE]);

/* It was seen. True: it was not known, and is from now on; beyond the maximum nothing is new. */
bool km_listener_watch_see(struct km_listener_watch *watch, const char *name);

/* The look is over: what is known and was not seen is told to on_gone, and forgotten. */
void km_listener_watch_end(struct km_listener_watch *watch,
    void (*on_gone)(void *context, const char *name), void *context);

#endif
