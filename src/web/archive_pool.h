/*
 * Handles of the archive for the threads of the work pool: each is used by one thread at a time and
 * opened when first needed, so that web also runs while there is no index yet.
 */
#ifndef KM_WEB_ARCHIVE_POOL_H
#define KM_WEB_ARCHIVE_POOL_H

#include "store/archive.h"

struct km_archive_pool;

KM_MUST_USE int km_archive_pool_create(
    const char *root, const char *index, struct km_archive_pool **ret_pool);

/* All handles must have been given back. NULL is fine. */
void km_archive_pool_destroy(struct km_archive_pool *pool);

/* From any thread; may block on the disk. Errors as of km_archive_open. */
KM_MUST_USE int km_archive_pool_take(struct km_archive_pool *pool, struct km_archive **ret_archive);

/* Give back, from any thread. One that is_broken is closed. NULL is fine. */
void km_archive_pool_give(struct km_archive_pool *pool, struct km_archive *archive, bool is_broken);

#endif
