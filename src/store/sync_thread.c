#include "store/sync_thread.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct km_sync_thread {
	const struct km_disk *disk;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* Under the lock. */
	bool is_running;
	bool is_ending;
	int fds[KM_SYNC_THREAD_FDS];
	size_t count;
	int error; /* errno of the last one; 0: it went well */
};

/* 0, or the errno of the first that failed. */
static int sync_all(const struct km_sync_thread *thread)
{
	const struct km_disk *disk = thread->disk;
	int error = 0;

	for (size_t i = 0; i < thread->count; i++) {
		if (disk->syncfs(disk->context, thread->fds[i]) < 0 && error == 0) {
			error = errno;
		}
	}
	return error;
}

static void *run(void *context)
{
	struct km_sync_thread *thread = context;

	(void)pthread_mutex_lock(&thread->lock);
	while (!thread->is_ending) {
		int error = 0;

		if (!thread->is_running) {
			(void)pthread_cond_wait(&thread->changed, &thread->lock);
			continue;
		}
		(void)pthread_mutex_unlock(&thread->lock);
		error = sync_all(thread); /* nobody changes them while it runs */
		(void)pthread_mutex_lock(&thread->lock);
		thread->error = error;
		thread->is_running = false;
		(void)pthread_cond_broadcast(&thread->changed);
	}
	(void)pthread_mutex_unlock(&thread->lock);
	return NULL;
}

/* Signals are the main thread's. */
static int start(struct km_sync_thread *thread)
{
	sigset_t all;
	sigset_t before;
	int failed = 0;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&thread->thread, NULL, run, thread);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = failed;
	return failed == 0 ? 0 : KM_ERR_SYS;
}

int km_sync_thread_create(const struct km_disk *disk, struct km_sync_thread **ret_thread)
{
	struct km_sync_thread *thread = calloc(1, sizeof(*thread));
	int err = 0;

	if (thread == NULL) {
		return KM_ERR_MEMORY;
	}
	thread->disk = disk;
	(void)pthread_mutex_init(&thread->lock, NULL);
	(void)pthread_cond_init(&thread->changed, NULL);
	err = start(thread);
	if (err < 0) {
		(void)pthread_cond_destroy(&thread->changed);
		(void)pthread_mutex_destroy(&thread->lock);
		free(thread);
		return err;
	}
	*ret_thread = thread;
	return 0;
}

void km_sync_thread_destroy(struct km_sync_thread *thread)
{
	if (thread == NULL) {
		return;
	}
	(void)pthread_mutex_lock(&thread->lock);
	thread->is_ending = true;
	(void)pthread_cond_broadcast(&thread->changed);
	(void)pthread_mutex_unlock(&thread->lock);
	(void)pthread_join(thread->thread, NULL);
	(void)pthread_cond_destroy(&thread->changed);
	(void)pthread_mutex_destroy(&thread->lock);
	free(thread);
}

void km_sync_thread_begin(struct km_sync_thread *thread, const int *fds, size_t count)
{
	assert(count <= KM_SYNC_THREAD_FDS);
	(void)pthread_mutex_lock(&thread->lock);
	memcpy(thread->fds, fds, count * sizeof(fds[0]));
	thread->count = count;
	thread->is_running = true;
	(void)pthread_cond_broadcast(&thread->changed);
	(void)pthread_mutex_unlock(&thread->lock);
}

bool km_sync_thread_is_running(struct km_sync_thread *thread)
{
	bool is_running = false;

	(void)pthread_mutex_lock(&thread->lock);
	is_running = thread->is_running;
	(void)pthread_mutex_unlock(&thread->lock);
	return is_running;
}

int km_sync_thread_finish(struct km_sync_thread *thread)
{
	int error = 0;

	(void)pthread_mutex_lock(&thread->lock);
	while (thread->is_running) {
		(void)pthread_cond_wait(&thread->changed, &thread->lock);
	}
	error = thread->error;
	(void)pthread_mutex_unlock(&thread->lock);
	errno = error;
	return error == 0 ? 0 : KM_ERR_SYS;
}
