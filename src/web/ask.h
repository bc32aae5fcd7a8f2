/*
 * Questions to guard, which answers over the channel when it can: numbered, bounded in number and
 * in time. Nothing is served before its answer.
 */
#ifndef KM_WEB_ASK_H
#define KM_WEB_ASK_H

#include "io/loop.h"
#include "model/messages.h"

struct km_ask;

struct km_ask_answer {
	int err; /* 0, KM_ERR_TIMEOUT or KM_ERR_CLOSED: no message then */
	enum km_message_kind kind;
	const void *message; /* struct of that kind; borrowed */
	int *fds;            /* with ring_open: set those to -1 that are kept */
	size_t fd_count;
	bool is_last; /* nothing follows for this question */
};

typedef void km_ask_callback(void *context, const struct km_ask_answer *answer);

/* `send` puts a packed message onto the channel. */
KM_MUST_USE int km_ask_create(struct km_loop *loop,
    int (*send)(void *context, struct km_bytes packed), void *send_context,
    struct km_ask **ret_ask);

/* Open questions are dropped without a call. NULL is fine. */
void km_ask_destroy(struct km_ask *ask);

/*
 * Ask. `message` is a struct of that kind, whose first field is `request` (filled in here). The
 * callback is called one or more times, the last time with is_last, never before return. It cannot
 * be called off: context lives until then.
 * Returns 0, KM_ERR_LIMIT (too many are open) or what sending returned.
 */
KM_MUST_USE int km_ask_put(struct km_ask *ask, enum km_message_kind kind, void *message,
    km_ask_callback *on_answer, void *context);

/*
 * A message with a `request` as its first field came. False if no open question has that number
 * (too late, or none of ours): then nothing was done with it.
 */
bool km_ask_take(
    struct km_ask *ask, enum km_message_kind kind, const void *message, int *fds, size_t fd_count);

#endif
