/*
 * One syncfs at a time on a thread of its own, so that who writes goes on writing meanwhile: on a
 * busy disk a sync takes a second or more.
 */
#ifndef KM_STORE_SYNC_THREAD_H
#define KM_STORE_SYNC_THREAD_H

#include "base/error.h"
#include "store/disk.h"

struct km_sync_thread;

/* disk is borrowed, and its syncfs must bear another thread. Returns 0, KM_ERR_MEMORY, KM_ERR_SYS.
 */
KM_MUST_USE int km_sync_thread_create(
    const struct km_disk *disk, struct km_sync_thread **ret_thread);

/* Waits for what runs. NULL is fine. */
void km_sync_thread_destroy(struct km_sync_thread *thread);

/*
 * Sync the file systems of these descriptors, which stay open until it is done; at most
 * KM_SYNC_THREAD_FDS. None may run.
 */
#define KM_SYNC_THREAD_FDS 2
void km_sync_thread_begin(struct km_sync_thread *thread, const int *fds, size_t count);

bool km_sync_thread_is_running(struct km_sync_thread *thread);

/* Wait for it. Returns 0, or KM_ERR_SYS with errno. To be called once for each begin. */
int km_sync_thread_finish(struct km_sync_thread *thread);

#endif
