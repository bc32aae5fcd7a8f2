#include "guard/children.h"

#include "guard/users.h"
#include "io/clock.h"
#include "priv/channel.h"
#include "priv/child.h"
#include "priv/log.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BACKOFF_FIRST_US  INT64_C(50000)
#define BACKOFF_MAX_US    INT64_C(10000000)
#define CALM_US           INT64_C(30000000) /* after so long the next end counts as the first again */
#define PROGRAM_PATH_SIZE 1024
#define UMASK             027

struct worker {
	struct km_process process; /* first: what others hold a pointer to */
	struct km_children *children;
	struct worker *next;
	struct km_child child;
	struct km_watch *watch; /* of its pidfd */
	struct km_channel *channel;
	struct km_timer *retry;
	int64_t started_us;
	int64_t backoff_us;
};

struct km_children {
	struct km_loop *loop;
	struct km_log *log;
	const char *programs;
	const struct km_children_events *events;
	void *context;
	struct worker *first;
	struct worker **last;
	struct km_timer *patience;
	int64_t patience_us;
	bool is_stopping;
	enum km_role ending; /* the role that is being waited for; COMMAND: none yet */
};

static void start(struct worker *worker);
static void stop_next(struct km_children *children);

int km_children_create(struct km_loop *loop, struct km_log *log, const char *programs,
    const struct km_children_events *events, void *context, struct km_children **ret_children)
{
	struct km_children *children = calloc(1, sizeof(*children));

	if (children == NULL) {
		return KM_ERR_MEMORY;
	}
	*children = (struct km_children){
		.loop = loop,
		.log = log,
		.programs = programs,
		.events = events,
		.context = context,
		.ending = KM_ROLE_COMMAND,
	};
	children->last = &children->first;
	*ret_children = children;
	return 0;
}

/* --- the end of one --- */

static void describe(const struct km_child_end *end, char *ret_text, size_t size)
{
	if (end->is_signalled) {
		(void)snprintf(ret_text, size, "killed by signal %d (%s)", end->number,
		    strsignal(end->number));
	} else {
		(void)snprintf(ret_text, size, "ended with status %d", end->number);
	}
}

static void let_go(struct worker *worker)
{
	km_watch_destroy(worker->watch);
	worker->watch = NULL;
	km_channel_destroy(worker->channel);
	worker->channel = NULL;
	worker->process.pid = 0;
	worker->process.is_ready = false;
}

static void plan_restart(struct worker *worker)
{
	if (km_clock_monotonic_us() - worker->started_us > CALM_US) {
		worker->backoff_us = 0;
	}
	km_timer_start(worker->retry, worker->backoff_us, 0);
	worker->backoff_us = worker->backoff_us == 0 ? BACKOFF_FIRST_US : 2 * worker->backoff_us;
	if (worker->backoff_us > BACKOFF_MAX_US) {
		worker->backoff_us = BACKOFF_MAX_US;
	}
	worker->process.restarts++;
}

static void on_exit_seen(void *context, unsigned events)
{
	struct worker *worker = context;
	struct km_children *children = worker->children;
	struct km_child_end end = { 0 };
	char text[96];

	(void)events;
	km_watch_destroy(worker->watch);
	worker->watch = NULL;
	if (km_child_reap(&worker->child, &end) < 0) {
		return;
	}
	describe(&end, text, sizeof(text));
	let_go(worker);
	children->events->on_ended(children->context, &worker->process, text);
	if (children->is_stopping) {
		stop_next(children);
	} else {
		plan_restart(worker);
	}
}

static void on_message(void *context, struct km_bytes message, int *fds, size_t fd_count)
{
	struct worker *worker = context;
	struct km_children *children = worker->children;

	children->events->on_message(children->context, &worker->process, message, fds, fd_count);
}

/* It closed its channel without having ended: it will not talk again. */
static void on_closed(void *context, int err)
{
	struct worker *worker = context;

	(void)err;
	km_channel_destroy(worker->channel);
	worker->channel = NULL;
	if (!worker->children->is_stopping && worker->process.pid != 0) {
		(void)km_child_signal(&worker->child, SIGKILL);
	}
}

static const struct km_channel_events channel_events = {
	.on_message = on_message,
	.on_closed = on_closed,
};

/* --- the start --- */

static int execute(struct worker *worker, int channel_fd)
{
	const char *role = km_roles_name(worker->process.role);
	char path[PROGRAM_PATH_SIZE];
	char name[32];
	const char *const arguments[] = { name, NULL };
	struct km_child_start child = {
		.path = path,
		.arguments = arguments,
		.channel_fd = channel_fd,
		.umask = UMASK,
	};
	int length =
	    snprintf(path, sizeof(path), "%s/komainu-%s", worker->children->programs, role);

	if (length < 0 || (size_t)length >= sizeof(path)) {
		return KM_ERR_LIMIT;
	}
	(void)snprintf(name, sizeof(name), "komainu-%s", role);
	km_users_of(worker->process.role, &child.uid, &child.gid);
	return km_child_start(&child, &worker->child);
}

/* Have its messages and its end reported. Takes the descriptor on success; else the child ends. */
static int watch_over(struct worker *worker, int channel_fd)
{
	struct km_loop *loop = worker->children->loop;
	int err = km_watch_create(loop, worker->child.pidfd, on_exit_seen, worker, &worker->watch);

	if (err == 0) {
		err =
		    km_channel_create(loop, channel_fd, &channel_events, worker, &worker->channel);
	}
	if (err < 0) {
		km_watch_destroy(worker->watch);
		worker->watch = NULL;
		km_child_kill(&worker->child);
		return err;
	}
	km_watch_set(worker->watch, KM_LOOP_READ);
	return 0;
}

static void start(struct worker *worker)
{
	struct km_children *children = worker->children;
	int fds[2] = { -1, -1 };
	int err = km_channel_pair(fds);

	worker->started_us = km_clock_monotonic_us();
	if (err == 0) {
		err = execute(worker, fds[1]);
		(void)close(fds[1]);
	}
	if (err == 0) {
		err = watch_over(worker, fds[0]);
	}
	if (err < 0) {
		KM_LOG(children->log, KM_LOG_ERROR, "not-started",
		    km_log_text("role", km_roles_name(worker->process.role)),
		    km_log_error("why", err));
		if (fds[0] >= 0) {
			(void)close(fds[0]);
		}
		plan_restart(worker);
		return;
	}
	worker->process.pid = worker->child.pid;
	worker->process.started_unix_us = km_clock_unix_us();
	children->events->on_started(children->context, &worker->process);
}

static void on_retry(void *context)
{
	struct worker *worker = context;

	if (!worker->children->is_stopping) {
		start(worker);
	}
}

int km_children_add(struct km_children *children, enum km_role role, unsigned instance,
    struct km_process **ret_process)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	int err = 0;

	if (worker == NULL) {
		return KM_ERR_MEMORY;
	}
	worker->process = (struct km_process){ .role = role, .instance = instance };
	worker->children = children;
	err = km_timer_create(children->loop, on_retry, worker, &worker->retry);
	if (err < 0) {
		free(worker);
		return err;
	}
	*children->last = worker;
	children->last = &worker->next;
	*ret_process = &worker->process;
	start(worker);
	return 0;
}

void km_children_send(
    struct km_process *process, struct km_bytes message, const int *fds, size_t fd_count)
{
	struct worker *worker = KM_CONTAINER(process, struct worker, process);
	int err = 0;

	if (worker->channel == NULL) {
		return;
	}
	err = km_channel_send(worker->channel, message, fds, fd_count);
	if (err < 0) {
		KM_LOG(worker->children->log, KM_LOG_ERROR, "not-sent",
		    km_log_text("role", km_roles_name(process->role)), km_log_error("why", err));
	}
}

unsigned km_children_fill_percent(const struct km_process *process)
{
	const struct worker *worker = KM_CONTAINER(process, const struct worker, process);

	return worker->channel == NULL ? 0 : km_channel_fill_percent(worker->channel);
}

void km_children_each(struct km_children *children,
    void (*on_child)(void *context, struct km_process *process), void *context)
{
	for (struct worker *worker = children->first; worker != NULL; worker = worker->next) {
		on_child(context, &worker->process);
	}
}

void km_children_restart(struct km_process *process)
{
	struct worker *worker = KM_CONTAINER(process, struct worker, process);

	if (process->pid != 0) {
		KM_LOG(worker->children->log, KM_LOG_ERROR, "rules-broken",
		    km_log_text("role", km_roles_name(process->role)));
		(void)km_child_signal(&worker->child, SIGKILL);
	}
}

/* --- the end of all --- */

/* Close the channels of a role, which tells it to finish. Returns whether one of it still runs. */
static bool ask_to_end(struct km_children *children, enum km_role role)
{
	bool runs = false;

	for (struct worker *worker = children->first; worker != NULL; worker = worker->next) {
		if (worker->process.role == role && worker->process.pid != 0) {
			runs = true;
			km_channel_destroy(worker->channel);
			worker->channel = NULL;
		}
	}
	return runs;
}

static void start_patience(struct km_children *children, enum km_role role)
{
	if (children->ending != role && children->patience != NULL) {
		km_timer_start(children->patience, children->patience_us, 0);
	}
	children->ending = role;
}

/* Web and courier first; then the receivers, which end their rings; the writer stores them. */
static void stop_next(struct km_children *children)
{
	static const enum km_role order[] = { KM_ROLE_WEB, KM_ROLE_COURIER, KM_ROLE_AUDITOR,
		KM_ROLE_RECEIVER, KM_ROLE_WRITER };

	for (size_t i = 0; i < KM_COUNT(order); i++) {
		if (ask_to_end(children, order[i])) {
			start_patience(children, order[i]);
			return;
		}
	}
	if (children->patience != NULL) {
		km_timer_stop(children->patience);
	}
	children->events->on_all_ended(children->context);
}

static void on_patience_over(void *context)
{
	struct km_children *children = context;

	KM_LOG(children->log, KM_LOG_ERROR, "killed-impatiently",
	    km_log_text("role", km_roles_name(children->ending)));
	/* Only these: a web that hangs must not cost what the writer still has to store. */
	for (struct worker *worker = children->first; worker != NULL; worker = worker->next) {
		if (worker->process.role == children->ending && worker->process.pid != 0) {
			(void)km_child_signal(&worker->child, SIGKILL);
		}
	}
}

void km_children_stop(struct km_children *children, int64_t patience_us)
{
	if (children->is_stopping) {
		return;
	}
	children->is_stopping = true;
	children->patience_us = patience_us;
	/* Without the timer they are waited for as long as it takes. */
	if (km_timer_create(children->loop, on_patience_over, children, &children->patience) < 0) {
		children->patience = NULL;
	}
	stop_next(children);
}

void km_children_destroy(struct km_children *children)
{
	if (children == NULL) {
		return;
	}
	while (children->first != NULL) {
		struct worker *worker = children->first;

		children->first = worker->next;
		if (worker->process.pid != 0) {
			(void)km_child_signal(&worker->child, SIGKILL);
			let_go(worker);
		}
		km_timer_destroy(worker->retry);
		free(worker);
	}
	km_timer_destroy(children->patience);
	free(children);
}
