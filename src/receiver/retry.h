/*
 * How long to wait before the next try to reach a camera.
 *
 * A stream that was good is tried again at once; a camera that cannot be reached after first_us,
 * and then twice as long each time, up to 32 times; one that refuses us after 1 and then every 5
 * minutes, so that its own lock-out against guessing never shuts the recorder out. All with jitter,
 * so that a switch coming back does not make all cameras be called in the same moment.
 */
#ifndef KM_RECEIVER_RETRY_H
#define KM_RECEIVER_RETRY_H

#include <stdbool.h>
#include <stdint.h>

struct km_retry {
	unsigned failures; /* since it was good last */
	unsigned refusals;
};

/* Media came for a while: the next loss is the first one. */
void km_retry_note_good(struct km_retry *retry);

/*
 * A try has failed, or a stream was lost. is_refused: 401, 403, a wrong certificate. `random` is
 * any number. Returns how many microseconds to wait.
 */
int64_t km_retry_delay_us(
    struct km_retry *retry, int64_t first_us, bool is_refused, uint32_t random);

#endif
