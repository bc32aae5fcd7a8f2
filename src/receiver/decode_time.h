/*
 * Decoding times of pictures that come in decoding order with presentation times only, as RTP
 * delivers them.
 *
 * With a reordering depth of d, the n-th picture is decoded at the (d+1)-th largest presentation
 * time seen so far. The depth is learnt: 0, which is right for almost all cameras, until a picture
 * goes back in time.
 */
#ifndef KM_RECEIVER_DECODE_TIME_H
#define KM_RECEIVER_DECODE_TIME_H

#include <stdbool.h>
#include <stdint.h>

#define KM_DECODE_TIME_DEPTH_MAX 4

struct km_decode_time {
	unsigned depth;
	unsigned count; /* of `largest` in use */
	bool is_started;
	int64_t last;                                  /* decoding time given out */
	int64_t largest[KM_DECODE_TIME_DEPTH_MAX + 1]; /* presentation times, descending */
};

/* Begin a run; the depth learnt stays. A zeroed struct has depth 0. */
void km_decode_time_begin(struct km_decode_time *time);

/*
 * The decoding time of the next picture. Grows strictly within a run. It is at most the
 * presentation time, but for the first pictures after the depth turned out too small.
 */
int64_t km_decode_time_push(struct km_decode_time *time, int64_t presentation);

#endif
