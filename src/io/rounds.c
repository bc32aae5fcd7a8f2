#include "io/rounds.h"

#include "base/error.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define BATCH       64
#define BATCHES_MAX 32 /* in one round */

struct km_rounds_entry {
	struct km_rounds *rounds;
	int fd;
	void (*on_ready)(void *context);
	void *context;
	bool is_removed;
	struct km_rounds_entry *next_removed;
};

/* An epoll instance of its own, which the loop watches while there is a rest. */
struct km_rounds {
	int epoll_fd;
	struct km_watch *watch;
	struct km_timer *timer;
	int64_t period_us;
	bool is_in_round;
	struct km_rounds_entry *removed; /* in this round: its batch may still name them */
};

static void free_removed(struct km_rounds *rounds)
{
	while (rounds->removed != NULL) {
		struct km_rounds_entry *entry = rounds->removed;

		rounds->removed = entry->next_removed;
		free(entry);
	}
}

/* Returns whether anything was ready. */
static bool do_round(struct km_rounds *rounds)
{
	struct epoll_event events[BATCH];
	int count = BATCH;
	bool was_ready = false;

	rounds->is_in_round = true;
	for (int i = 0; i < BATCHES_MAX && count == BATCH; i++) {
		count = epoll_wait(rounds->epoll_fd, events, BATCH, 0);
		for (int k = 0; k < count; k++) {
			struct km_rounds_entry *entry = events[k].data.ptr;

			was_ready = true;
			if (!entry->is_removed) {
				entry->on_ready(entry->context);
			}
		}
	}
	rounds->is_in_round = false;
	free_removed(rounds);
	return was_ready;
}

static void on_first(void *context, unsigned events)
{
	struct km_rounds *rounds = context;

	(void)events;
	km_watch_set(rounds->watch, 0);
	(void)do_round(rounds);
	km_timer_start(rounds->timer, rounds->period_us, rounds->period_us);
}

static void on_period(void *context)
{
	struct km_rounds *rounds = context;

	if (!do_round(rounds)) {
		km_timer_stop(rounds->timer);
		km_watch_set(rounds->watch, KM_LOOP_READ);
	}
}

int km_rounds_create(struct km_loop *loop, int64_t period_us, struct km_rounds **ret_rounds)
{
	struct km_rounds *rounds = calloc(1, sizeof(*rounds));
	int err = 0;

	if (rounds == NULL) {
		return KM_ERR_MEMORY;
	}
	rounds->period_us = period_us;
	rounds->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	err = rounds->epoll_fd < 0 ? KM_ERR_SYS : 0;
	if (err == 0) {
		err = km_timer_create(loop, on_period, rounds, &rounds->timer);
	}
	if (err == 0) {
		err = km_watch_create(loop, rounds->epoll_fd, on_first, rounds, &rounds->watch);
	}
	if (err < 0) {
		km_rounds_destroy(rounds);
		return err;
	}
	km_watch_set(rounds->watch, KM_LOOP_READ);
	*ret_rounds = rounds;
	return 0;
}

void km_rounds_destroy(struct km_rounds *rounds)
{
	if (rounds == NULL) {
		return;
	}
	km_watch_destroy(rounds->watch);
	if (rounds->timer != NULL) {
		km_timer_destroy(rounds->timer);
	}
	if (rounds->epoll_fd >= 0) {
		(void)close(rounds->epoll_fd);
	}
	free(rounds);
}

int km_rounds_add(struct km_rounds *rounds, int fd, enum km_rounds_trigger trigger,
    void (*on_ready)(void *context), void *context, struct km_rounds_entry **ret_entry)
{
	struct km_rounds_entry *entry = calloc(1, sizeof(*entry));
	struct epoll_event event = {
		.events = EPOLLIN | (trigger == KM_ROUNDS_BY_EVENT ? (uint32_t)EPOLLET : 0U),
		.data.ptr = entry,
	};

	if (entry == NULL) {
		return KM_ERR_MEMORY;
	}
	*entry = (struct km_rounds_entry){
		.rounds = rounds,
		.fd = fd,
		.on_ready = on_ready,
		.context = context,
	};
	if (epoll_ctl(rounds->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
		free(entry);
		return KM_ERR_SYS;
	}
	*ret_entry = entry;
	return 0;
}

void km_rounds_remove(struct km_rounds_entry *entry)
{
	if (entry == NULL) {
		return;
	}
	/* By hand, as another process may hold the descriptor open. */
	(void)epoll_ctl(entry->rounds->epoll_fd, EPOLL_CTL_DEL, entry->fd, NULL);
	entry->is_removed = true;
	entry->next_removed = entry->rounds->removed;
	entry->rounds->removed = entry;
	if (!entry->rounds->is_in_round) {
		free_removed(entry->rounds);
	}
}
