/*
 * What the process of every role does alike: its log, its loop, the channel to who started it, the
 * check that a message may come from there, and its end.
 */
#ifndef KM_PRIV_ROLE_PROCESS_H
#define KM_PRIV_ROLE_PROCESS_H

#include "io/loop.h"
#include "model/messages.h"
#include "priv/child.h"
#include "priv/log.h"
#include "priv/sandbox.h"

struct km_role_process;

struct km_role_process_options {
	enum km_role role;
	unsigned senders; /* set of roles (KM_ROLE_<NAME>) that the messages come from */
	struct km_child_limits limits;
	/* Make what needs the loop, before the first message. 0, or the process ends. May be NULL.
	 */
	int (*on_begin)(void *context, struct km_role_process *process);
	/*
	 * A message that its sender may send to this role; `stop` is seen to. Descriptors that are
	 * kept are replaced by -1; the others are closed. An error ends the process as failed: who
	 * sends it is broken.
	 */
	int (*on_message)(void *context, enum km_message_kind kind, struct km_bytes packed,
	    int *fds, size_t fd_count);
	/* Asked to end (`stop`, SIGTERM, the channel closed, a message refused): to call
	 * km_loop_stop when there is nothing left to do. NULL: ends at once. */
	void (*on_stop)(void *context);
	bool leaves_rest; /* on_end does not free all: the loop is left to the kernel with the rest
			   */
	/* Free everything; called in any case, also where on_begin failed or was not called. */
	void (*on_end)(void *context);
};

/* The whole life of the process. Its exit status. */
int km_role_process_run(const struct km_role_process_options *options, void *context);

struct km_loop *km_role_process_loop(struct km_role_process *process);
struct km_log *km_role_process_log(struct km_role_process *process);

/* What fails is logged. */
void km_role_process_send(
    struct km_role_process *process, enum km_message_kind kind, const void *message);
void km_role_process_send_fds(struct km_role_process *process, enum km_message_kind kind,
    const void *message, const int *fds, size_t fd_count);

/* A message that is packed already. Returns what km_channel_send did; KM_ERR_CLOSED. */
int km_role_process_send_packed(struct km_role_process *process, struct km_bytes packed);

/* Say `ready`, with the walls that the kernel gave and the libraries that it runs with. */
void km_role_process_ready(struct km_role_process *process, const struct km_sandbox_result *walls);

/* End, with this exit status: see on_stop. */
void km_role_process_stop(struct km_role_process *process, int exit_status);

/* The same as failed, with a line in the log. Returns err. */
int km_role_process_fail(struct km_role_process *process, const char *what, int err);

#endif
