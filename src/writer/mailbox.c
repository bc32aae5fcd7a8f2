#include "writer/mailbox.h"

#include "base/error.h"
#include "base/time.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct km_mailbox {
	pthread_mutex_t lock;
	pthread_cond_t has_new;
	struct km_mailbox_item *first;
	struct km_mailbox_item **end;
	size_t count;
	size_t most;
};

int km_mailbox_create(size_t most, struct km_mailbox **ret_mailbox)
{
	struct km_mailbox *mailbox = calloc(1, sizeof(*mailbox));
	pthread_condattr_t attributes;
	int failed = 0;

	if (mailbox == NULL) {
		return KM_ERR_MEMORY;
	}
	failed = pthread_condattr_init(&attributes);
	if (failed == 0) {
		failed = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
		if (failed == 0) {
			failed = pthread_cond_init(&mailbox->has_new, &attributes);
		}
		(void)pthread_condattr_destroy(&attributes);
	}
	if (failed == 0) {
		failed = pthread_mutex_init(&mailbox->lock, NULL);
	}
	if (failed != 0) {
		free(mailbox);
		errno = failed;
		return KM_ERR_SYS;
	}
	mailbox->end = &mailbox->first;
	mailbox->most = most;
	*ret_mailbox = mailbox;
	return 0;
}

void km_mailbox_destroy(struct km_mailbox *mailbox)
{
	if (mailbox != NULL) {
		assert(mailbox->first == NULL);
		(void)pthread_cond_destroy(&mailbox->has_new);
		(void)pthread_mutex_destroy(&mailbox->lock);
		free(mailbox);
	}
}

int km_mailbox_put(struct km_mailbox *mailbox, struct km_mailbox_item *item)
{
	int err = KM_ERR_LIMIT;

	(void)pthread_mutex_lock(&mailbox->lock);
	if (mailbox->count < mailbox->most) {
		item->next = NULL;
		*mailbox->end = item;
		mailbox->end = &item->next;
		mailbox->count++;
		(void)pthread_cond_signal(&mailbox->has_new);
		err = 0;
	}
	(void)pthread_mutex_unlock(&mailbox->lock);
	return err;
}

static struct km_mailbox_item *unlink_wanted(struct km_mailbox *mailbox,
    bool (*is_wanted)(void *context, const struct km_mailbox_item *item), void *context)
{
	for (struct km_mailbox_item **link = &mailbox->first; *link != NULL;
	     link = &(*link)->next) {
		struct km_mailbox_item *item = *link;

		if (is_wanted != NULL && !is_wanted(context, item)) {
			continue;
		}
		*link = item->next;
		if (item->next == NULL) {
			mailbox->end = link;
		}
		mailbox->count--;
		item->next = NULL;
		return item;
	}
	return NULL;
}

struct km_mailbox_item *km_mailbox_take_wanted(struct km_mailbox *mailbox, int64_t until_us,
    bool (*is_wanted)(void *context, const struct km_mailbox_item *item), void *context)
{
	const struct timespec until = { .tv_sec = until_us / KM_TIME_SECOND_US,
		.tv_nsec = until_us % KM_TIME_SECOND_US * 1000 };
	struct km_mailbox_item *item = NULL;
	int failed = until_us == 0 ? ETIMEDOUT : 0;

	(void)pthread_mutex_lock(&mailbox->lock);
	item = unlink_wanted(mailbox, is_wanted, context);
	while (item == NULL && failed == 0) {
		failed = pthread_cond_timedwait(&mailbox->has_new, &mailbox->lock, &until);
		item = unlink_wanted(mailbox, is_wanted, context);
	}
	(void)pthread_mutex_unlock(&mailbox->lock);
	return item;
}

struct km_mailbox_item *km_mailbox_take(struct km_mailbox *mailbox, int64_t until_us)
{
	return km_mailbox_take_wanted(mailbox, until_us, NULL, NULL);
}
