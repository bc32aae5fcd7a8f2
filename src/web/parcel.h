/*
 * Messages for WebSockets that many may send, and a bounded queue of them.
 */
#ifndef KM_WEB_PARCEL_H
#define KM_WEB_PARCEL_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room in front of the bytes, where the server writes the framing. */
#define KM_PARCEL_HEADROOM 32

struct km_parcel {
	size_t refs;
	size_t size;
	size_t capacity;
	bool is_text;
	uint8_t *data;
};

/* An empty parcel with room for `capacity` bytes, one reference. NULL: no memory. */
struct km_parcel *km_parcel_create(size_t capacity, bool is_text);
struct km_parcel *km_parcel_ref(struct km_parcel *parcel);
void km_parcel_unref(struct km_parcel *parcel);

#define KM_PARCEL_QUEUE_MAX 1024

/* A plain struct, zeroed at first. */
struct km_parcel_queue {
	struct km_parcel *parcels[KM_PARCEL_QUEUE_MAX];
	size_t first;
	size_t count;
};

/* Put at the end, with a reference of its own. Returns 0 or KM_ERR_LIMIT. */
KM_MUST_USE int km_parcel_queue_put(struct km_parcel_queue *queue, struct km_parcel *parcel);

/* Take the first one, with its reference; NULL if there is none. */
struct km_parcel *km_parcel_queue_take(struct km_parcel_queue *queue);

#endif
