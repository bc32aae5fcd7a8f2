/*
 * How two processes of ours talk: messages over a socket pair (SOCK_SEQPACKET), each at most
 * KM_CHANNEL_MESSAGE_MAX bytes, with up to KM_CHANNEL_FDS_MAX descriptors.
 *
 * A message that cannot be sent at once waits in a bounded queue; the queue being full means that
 * the other side hangs, and closes the channel. What is in a message is the business of
 * model/messages; this module sees bytes.
 */
#ifndef KM_PRIV_CHANNEL_H
#define KM_PRIV_CHANNEL_H

#include "base/bytes.h"
#include "io/loop.h"

#define KM_CHANNEL_MESSAGE_MAX 65536
#define KM_CHANNEL_FDS_MAX     4

struct km_channel;

struct km_channel_events {
	/*
	 * A message came. `message` is borrowed until return. Descriptors in fds[0..fd_count)
	 * become the callee's: it closes what it does not keep. May destroy the channel.
	 */
	void (*on_message)(void *context, struct km_bytes message, int *fds, size_t fd_count);
	/* The other side has gone, or broke the rules (err). Called once; destroy the channel here.
	 */
	void (*on_closed)(void *context, int err);
};

/* A connected pair of descriptors, non-blocking and close-on-exec. Returns 0 or KM_ERR_SYS. */
KM_MUST_USE int km_channel_pair(int ret_fds[static 2]);

/*
 * Watch one end. Takes fd on success. events and context must outlive the channel.
 * Returns 0, KM_ERR_MEMORY or KM_ERR_SYS.
 */
KM_MUST_USE int km_channel_create(struct km_loop *loop, int fd,
    const struct km_channel_events *events, void *context, struct km_channel **ret_channel);

/*
 * Send a message with descriptors (duplicated; the caller keeps its own). Copies what cannot go
 * at once. The message must not be empty. Never calls back: that the queue is full is reported by
 * on_closed (KM_ERR_LIMIT) from the loop.
 * Returns 0, KM_ERR_LIMIT (too large), KM_ERR_MEMORY or KM_ERR_CLOSED.
 */
KM_MUST_USE int km_channel_send(
    struct km_channel *channel, struct km_bytes message, const int *fds, size_t fd_count);

/*
 * How much waits, of what may at most, by messages or by bytes, whichever is more: 0 to 100.
 * Whoever answers much asks before, as a full queue closes the channel for everybody.
 */
unsigned km_channel_fill_percent(const struct km_channel *channel);

/* Close and free; nothing is called any more. NULL is fine. */
void km_channel_destroy(struct km_channel *channel);

#endif
