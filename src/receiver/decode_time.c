#include "receiver/decode_time.h"

void km_decode_time_begin(struct km_decode_time *time)
{
	*time = (struct km_decode_time){ .depth = time->depth };
}

/* How many presentation times are larger; the maximum also for more than are kept. */
static unsigned insert(struct km_decode_time *time, int64_t presentation)
{
	unsigned rank = time->count;

	if (rank == KM_DECODE_TIME_DEPTH_MAX + 1) {
		rank--;
		if (presentation <= time->largest[rank]) {
			return KM_DECODE_TIME_DEPTH_MAX;
		}
	} else {
		time->count++;
	}
	while (rank > 0 && time->largest[rank - 1] < presentation) {
		time->largest[rank] = time->largest[rank - 1];
		rank--;
	}
	time->largest[rank] = presentation;
	return rank;
}

int64_t km_decode_time_push(struct km_decode_time *time, int64_t presentation)
{
	unsigned rank = insert(time, presentation);
	int64_t decoding = 0;

	/* largest[depth] must not be above what is shown. */
	if (rank > time->depth) {
		time->depth = rank;
	}
	decoding = time->largest[time->depth < time->count ? time->depth : time->count - 1];
	if (time->is_started && decoding <= time->last) {
		decoding = time->last + 1;
	}
	time->is_started = true;
	time->last = decoding;
	return decoding;
}
