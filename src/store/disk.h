/*
 * The system calls by which the store touches files, as a table: tests put another one in its
 * place, to let the Nth call fail or to lose what was not synced.
 *
 * Every function is as the system call of its name: a result, or -1 and errno.
 */
#ifndef KM_STORE_DISK_H
#define KM_STORE_DISK_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct km_disk {
	int (*openat)(void *context, int directory, const char *path, int flags, mode_t mode);
	int (*mkdirat)(void *context, int directory, const char *path, mode_t mode);
	ssize_t (*pwrite)(void *context, int fd, const void *data, size_t size, off_t offset);
	int (*ftruncate)(void *context, int fd, off_t size);
	int (*fdatasync)(void *context, int fd);
	int (*fsync)(void *context, int fd);
	int (*syncfs)(void *context, int fd);
	int (*unlinkat)(void *context, int directory, const char *path, int flags);
	int (*renameat)(void *context, int directory, const char *from, const char *to);
	/* Bytes of the file system that holds fd: all, and those that we may still use. */
	int (*space)(void *context, int fd, uint64_t *ret_total, uint64_t *ret_free);
	void *context;
};

/* The real ones; static. */
const struct km_disk *km_disk_system(void);

/* All of it, however often the call writes only a part. Returns 0, KM_ERR_NO_SPACE or KM_ERR_SYS.
 */
KM_MUST_USE int km_disk_write(
    const struct km_disk *disk, int fd, const void *data, size_t size, uint64_t offset);

/*
 * pread until `size` bytes or the end of the file. Not in the table: reading harms nothing.
 * Returns 0 or KM_ERR_SYS.
 */
KM_MUST_USE int km_disk_read(
    int fd, void *ret_data, size_t size, uint64_t offset, size_t *ret_count);

/* Whether the last call failed for want of space. */
bool km_disk_is_full(int error);

#endif
