/*
 * Check the whole archive: every chunk's tag, every trailer, and index and files against each
 * other in both directions. Reads everything, changes nothing; may run beside the writer.
 */
#ifndef KM_STORE_VERIFY_H
#define KM_STORE_VERIFY_H

#include "crypto/secret.h"
#include "store/archive.h"

struct km_verify_result {
	uint64_t segments;
	uint64_t chunks;
	uint64_t samples;
	uint64_t bytes;
	uint64_t problems;
	uint64_t unchecked; /* segments whose key is not there: erased, or not ours */
};

struct km_verify_options {
	const char *root;
	const char *index;
	struct km_uuid camera; /* nil: all */
	int64_t from_us; /* of segments that touch [from_us, to_us); INT64_MIN, INT64_MAX: all */
	int64_t to_us;
	/* A data key by its id. Returns 0, or KM_ERR_NOT_FOUND: the segment counts as unchecked. */
	int (*find_key)(
	    void *context, const struct km_uuid *key, uint8_t ret_key[static KM_SECRET_BYTES]);
	/* Something is wrong: in which file (below the root), where, and what. Text is borrowed. */
	void (*on_problem)(void *context, const char *path, uint64_t offset, const char *text);
	/* After each segment; false ends the check (KM_ERR_CLOSED). May be NULL. */
	bool (*on_progress)(void *context, const struct km_verify_result *so_far);
	void *context;
};

/*
 * Returns 0 if it could look at everything, whatever it found; else why not (KM_ERR_NOT_FOUND,
 * KM_ERR_DATABASE, KM_ERR_MEMORY, KM_ERR_CLOSED, ...). ret_result holds in either case.
 */
KM_MUST_USE int km_verify_run(
    const struct km_verify_options *options, struct km_verify_result *ret_result);

#endif
