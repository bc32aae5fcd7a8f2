/*
 * A file of firmware in the state directory: opened when a plan shows it, and again when it is
 * sent, and known to be the same. [IPA a14-1]
 */
#ifndef KM_GUARD_REMEDY_FILE_H
#define KM_GUARD_REMEDY_FILE_H

#include "base/compiler.h"
#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define KM_REMEDY_FILE_FOLDER    "firmware" /* of the state directory */
#define KM_REMEDY_FILE_BYTES_MAX (INT64_C(1) << 30)

/* By what a file is known again: whoever writes to it or puts another in its place changes that. */
struct km_remedy_file_mark {
	uint64_t device;
	uint64_t inode;
	uint64_t bytes;
	int64_t written_ns;
	int64_t changed_ns;
};

/*
 * Open it to be read; the descriptor is the caller's. KM_ERR_NOT_FOUND, KM_ERR_FORMAT (no plain
 * file, empty, too large) or KM_ERR_SYS.
 */
KM_MUST_USE int km_remedy_file_open(const char *state_directory, const char *name, int *ret_fd,
    struct km_remedy_file_mark *ret_mark);

bool km_remedy_file_is_same(
    const struct km_remedy_file_mark *mark, const struct km_remedy_file_mark *other);

#endif
