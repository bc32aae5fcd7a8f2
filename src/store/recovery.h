/*
 * After an unclean end: make files and index agree again, before recording starts.
 *
 *  - deletions that were begun are finished;
 *  - segments that were being written are cut at their last whole chunk and closed;
 *  - files that no row knows (their row was not committed yet, or the index was lost) get one;
 *  - rows without a file become gaps.
 *
 * Nothing that could be a recording is deleted: what cannot be opened goes to root/unreadable/.
 * Only what was not synced when it ended is read and decrypted, so this takes seconds, not hours.
 */
#ifndef KM_STORE_RECOVERY_H
#define KM_STORE_RECOVERY_H

#include "crypto/secret.h"
#include "store/disk.h"
#include "store/index.h"

/*
 * A data key by its id. May block. Returns 0; KM_ERR_NOT_FOUND if there is no such key;
 * KM_ERR_AGAIN if it cannot be told now (then the segment is left for the next start).
 */
typedef int km_recovery_find_key(
    void *context, const struct km_uuid *key, uint8_t ret_key[static KM_SECRET_BYTES]);

struct km_recovery {
	struct km_index *index;
	const struct km_disk *disk;
	int root;
	km_recovery_find_key *find_key;
	/* Something that an operator should know; text is borrowed. May be NULL. */
	void (*on_report)(void *context, const struct km_uuid *camera, const char *text);
	void *context; /* of both */
};

struct km_recovery_result {
	unsigned repaired;   /* segments closed after the fact */
	unsigned adopted;    /* files that had no row */
	unsigned unreadable; /* files put aside */
	unsigned missing;    /* rows whose file is not there */
	unsigned deleted;    /* deletions finished, and files without a single whole chunk */
	unsigned postponed;  /* for want of a key now */
	uint64_t cut_bytes;
};

/* Returns 0 or the error that kept it from going on. */
KM_MUST_USE int km_recovery_run(
    const struct km_recovery *recovery, struct km_recovery_result *ret_result);

#endif
