#include "receiver/decode_time.h"

void km_decode_time_begin(struct km_decode_time *time)
{
	*time = (struct km_decode_time){ .depth = time->depth };
}

static void insert(struct km_decode_time *time, int64_t presentation)
{
	unsigned at = time->count;

	if (at == KM_DECODE_TIME_DEPTH_MAX + 1) {
		at--;
		if (presentation <= time->largest[at]) {
			return;
		}
	} else {
		time->count++;
	}
	while (at > 0 && time->largest[at - 1] < presentation) {
		time->largest[at] = time->largest[at - 1];
		at--;
	}
	time->largest[at] = presentation;
}

int64_t km_decode_time_push(struct km_decode_time *time, int64_t presentation)
{
	int64_t decoding = 0;

	insert(time, presentation);
	if (time->is_started && presentation <= time->last &&
	    time->depth < KM_DECODE_TIME_DEPTH_MAX) {
		time->depth++;
	}
	decoding =
	    time->depth < time->count ? time->largest[time->depth] : time->largest[time->count - 1];
	if (time->is_started && decoding <= time->last) {
		decoding = time->last + 1;
	}
	time->is_started = true;
	time->last = decoding;
	return decoding;
}
