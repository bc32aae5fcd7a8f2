#include "guard/notice_plan.h"

#include "model/states.h"

#define DOUBLINGS_MAX   20
#define JITTER_PERMILLE 200

static size_t at_most(size_t count)
{
	return count < KM_NOTICE_PLAN_DIGEST_MAX ? count : KM_NOTICE_PLAN_DIGEST_MAX;
}

size_t km_notice_plan_next(const struct km_notice_plan_limits *limits,
    const struct km_notice_plan_queue *queue, int64_t now_us, int64_t *ret_from_us)
{
	int64_t free_us = queue->oldest_sent_us + limits->span_us;

	switch (queue->kind) {
	case KM_DESTINATION_SYSLOG:
		return at_most(queue->waiting); /* each stays a message of its own */
	case KM_DESTINATION_MAIL:
		break;
	default:
		return 1;
	}
	/* A clock that was set back must not hold mails for longer than the span. */
	if (queue->sent >= limits->singles && free_us > now_us &&
	    free_us - now_us <= limits->span_us) {
		*ret_from_us = free_us;
		return 0;
	}
	return queue->waiting > limits->singles || queue->sent + 1 >= limits->singles
		   ? at_most(queue->waiting)
		   : 1;
}

int64_t km_notice_plan_delay_us(
    const struct km_notice_plan_limits *limits, unsigned tries, uint32_t random)
{
	unsigned doublings = tries > 0 ? tries - 1 : 0;
	int64_t delay_us = limits->retry_us;

	doublings = doublings < DOUBLINGS_MAX ? doublings : DOUBLINGS_MAX;
	for (unsigned i = 0; i < doublings && delay_us < limits->retry_max_us; i++) {
		delay_us *= 2;
	}
	delay_us = delay_us < limits->retry_max_us ? delay_us : limits->retry_max_us;
	/* Up to a fifth longer, never shorter: recorders of one building do not call together. */
	return delay_us + delay_us / 1000 * (int64_t)(random % (JITTER_PERMILLE + 1));
}
