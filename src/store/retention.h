/*
 * What is deleted, and how: in two steps, so that a crash in between leaves neither a row without
 * file nor a deleted recording that comes back.
 *
 * Oldest first. Over all cameras that means: everyone loses the same far end of time.
 */
#ifndef KM_STORE_RETENTION_H
#define KM_STORE_RETENTION_H

#include "store/disk.h"
#include "store/index.h"

#define KM_RETENTION_BATCH                                                                         \
	32 /* segments in one go, so that recording waits for no long deletion                     \
	    */

struct km_retention {
	struct km_index *index;
	const struct km_disk *disk;
	int root;
};

/* Of one camera; 0 is no limit. */
struct km_retention_rule {
	struct km_uuid camera;
	int64_t retain_us;
	uint64_t retain_bytes;
};

/*
 * Each deletes at most one batch and tells how many segments it was: call again while that is
 * KM_RETENTION_BATCH. Returns 0, KM_ERR_DATABASE, KM_ERR_NO_SPACE or KM_ERR_SYS (a file could not
 * be deleted: its garbage row stays, and is tried again at the next start).
 */

/* What the camera's own rule says. */
KM_MUST_USE int km_retention_apply(const struct km_retention *retention,
    const struct km_retention_rule *rule, int64_t now_us, size_t *ret_deleted);

/* The oldest of all until `bytes` are free, or were deleted at least. */
KM_MUST_USE int km_retention_free(
    const struct km_retention *retention, uint64_t bytes, size_t *ret_deleted);

/* Finish deletions that were interrupted. */
KM_MUST_USE int km_retention_resume(const struct km_retention *retention, size_t *ret_deleted);

#endif
