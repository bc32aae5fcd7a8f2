#include "receiver/retry.h"

#include "base/time.h"

#define AT_ONCE_US       0 /* with the next tick */
#define REFUSED_FIRST_US (60 * KM_TIME_SECOND_US)
#define REFUSED_LATER_US (300 * KM_TIME_SECOND_US)
#define DOUBLINGS_MAX    5
#define JITTER_PERMILLE  200

void km_retry_note_good(struct km_retry *retry)
{
	*retry = (struct km_retry){ 0 };
}

/* Up to a fifth longer, never shorter. */
static int64_t add_jitter(int64_t delay_us, uint32_t random)
{
	return delay_us + delay_us / 1000 * (int64_t)(random % (JITTER_PERMILLE + 1));
}

int64_t km_retry_delay_us(
    struct km_retry *retry, int64_t first_us, bool is_refused, uint32_t random)
{
	int64_t delay_us = AT_ONCE_US;

	if (is_refused) {
		retry->refusals++;
		return add_jitter(
		    retry->refusals == 1 ? REFUSED_FIRST_US : REFUSED_LATER_US, random);
	}
	if (retry->failures > 0) {
		unsigned doublings = retry->failures - 1;

		delay_us = first_us << (doublings < DOUBLINGS_MAX ? doublings : DOUBLINGS_MAX);
	}
	if (retry->failures <= DOUBLINGS_MAX) {
		retry->failures++;
	}
	return add_jitter(delay_us, random);
}
