/*
 * The role processes: started, watched, started again after an end that nobody asked for (with
 * back-off), and stopped in order.
 */
#ifndef KM_GUARD_CHILDREN_H
#define KM_GUARD_CHILDREN_H

#include "base/bytes.h"
#include "base/error.h"
#include "io/loop.h"
#include "model/roles.h"
#include "priv/log.h"

struct km_children;

struct km_process {
	enum km_role role;
	unsigned instance;
	int pid; /* 0 while it does not run */
	bool is_ready;
	unsigned restarts;
	int64_t started_unix_us;
	char kernel[128];     /* the walls that it got, as it says */
	char libraries[4096]; /* that it runs with, as it says: priv/loaded */
	int64_t noted_us;     /* its share of the journal: km_hub_may_note */
};

struct km_children_events {
	/* Just started: send it its first messages. */
	void (*on_started)(void *context, struct km_process *child);
	/* As in priv/channel. */
	void (*on_message)(void *context, struct km_process *child, struct km_bytes message,
	    int *fds, size_t fd_count);
	/* It ended; `text` says how. It will be started again unless it was asked to end. */
	void (*on_ended)(void *context, struct km_process *child, const char *text);
	/* After km_children_stop: the last one has ended. */
	void (*on_all_ended)(void *context);
};

/*
 * programs: directory of the roles' executables; borrowed, as log, events and context.
 */
KM_MUST_USE int km_children_create(struct km_loop *loop, struct km_log *log, const char *programs,
    const struct km_children_events *events, void *context, struct km_children **ret_children);

/*
 * Add a child and start it (on_started is called before this returns, if starting worked).
 * The pointer stays valid until km_children_destroy.
 */
KM_MUST_USE int km_children_add(struct km_children *children, enum km_role role, unsigned instance,
    struct km_process **ret_process);

/* Nothing is sent while it does not run: on_started tells it everything. Failures are logged. */
void km_children_send(
    struct km_process *process, struct km_bytes message, const int *fds, size_t fd_count);

/* How much waits to be sent to it, as km_channel_fill_percent; 0 while it does not run. */
unsigned km_children_fill_percent(const struct km_process *process);

/* Call for each child. */
void km_children_each(struct km_children *children,
    void (*on_child)(void *context, struct km_process *process), void *context);

/* End one that broke the rules; it is started again. */
void km_children_restart(struct km_process *process);

/*
 * Ask all to finish, web first, the writer last (it stores what the receivers still had). Those of
 * a role that have not ended `patience_us` after they were asked are killed.
 */
void km_children_stop(struct km_children *children, int64_t patience_us);

/* Kill what is left. NULL is fine. */
void km_children_destroy(struct km_children *children);

#endif
