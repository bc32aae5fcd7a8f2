/*
 * Questions of the command line to an auditor of its own: which cameras are on the network, and
 * what one of them offers. Each runs on a thread of the pool and answers with messages.
 */
#ifndef KM_AUDITOR_LOOKOUT_H
#define KM_AUDITOR_LOOKOUT_H

#include "io/loop.h"
#include "model/messages.h"

#include <stdatomic.h>

struct km_lookout_events {
	/* A packed message for whoever asked; from the loop's thread. */
	void (*on_message)(void *context, struct km_bytes packed);
	void *context;
	const atomic_bool *is_cancelled;
};

/* Answers with search_found for each device, then search_ended. events is borrowed until then.
 * 0, KM_ERR_MEMORY, KM_ERR_RANGE (span) or KM_ERR_SYS. */
KM_MUST_USE int km_lookout_search(struct km_loop *loop, const struct km_message_search_begin *begin,
    const struct km_lookout_events *events);

/* Answers with offer_profile for each profile, then offer_ended. As above. */
KM_MUST_USE int km_lookout_offer(struct km_loop *loop, const struct km_message_offer_ask *ask,
    const struct km_lookout_events *events);

#endif
