#include "web/parcel.h"

#include "base/error.h"

#include <stdlib.h>

struct km_parcel *km_parcel_create(size_t capacity, bool is_text)
{
	struct km_parcel *parcel = malloc(sizeof(*parcel) + KM_PARCEL_HEADROOM + capacity);

	if (parcel != NULL) {
		*parcel = (struct km_parcel){
			.refs = 1,
			.capacity = capacity,
			.is_text = is_text,
			.data = (uint8_t *)(parcel + 1) + KM_PARCEL_HEADROOM,
		};
	}
	return parcel;
}

struct km_parcel *km_parcel_ref(struct km_parcel *parcel)
{
	parcel->refs++;
	return parcel;
}

void km_parcel_unref(struct km_parcel *parcel)
{
	if (parcel != NULL && --parcel->refs == 0) {
		free(parcel);
	}
}

int km_parcel_queue_put(struct km_parcel_queue *queue, struct km_parcel *parcel)
{
	if (queue->count == KM_PARCEL_QUEUE_MAX) {
		return KM_ERR_LIMIT;
	}
	queue->parcels[(queue->first + queue->count) % KM_PARCEL_QUEUE_MAX] = km_parcel_ref(parcel);
	queue->count++;
	return 0;
}

struct km_parcel *km_parcel_queue_take(struct km_parcel_queue *queue)
{
	struct km_parcel *parcel = NULL;

	if (queue->count > 0) {
		parcel = queue->parcels[queue->first];
		queue->first = (queue->first + 1) % KM_PARCEL_QUEUE_MAX;
		queue->count--;
	}
	return parcel;
}
