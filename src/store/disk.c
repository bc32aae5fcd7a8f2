#include "store/disk.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static int real_openat(void *context, int directory, const char *path, int flags, mode_t mode)
{
	(void)context;
	return openat(directory, path, flags | O_CLOEXEC | O_NOFOLLOW, mode);
}

static int real_mkdirat(void *context, int directory, const char *path, mode_t mode)
{
	(void)context;
	return mkdirat(directory, path, mode);
}

static ssize_t real_pwrite(void *context, int fd, const void *data, size_t size, off_t offset)
{
	(void)context;
	return pwrite(fd, data, size, offset);
}

static int real_ftruncate(void *context, int fd, off_t size)
{
	(void)context;
	return ftruncate(fd, size);
}

static int real_fdatasync(void *context, int fd)
{
	(void)context;
	return fdatasync(fd);
}

static int real_fsync(void *context, int fd)
{
	(void)context;
	return fsync(fd);
}

static int real_syncfs(void *context, int fd)
{
	(void)context;
	return syncfs(fd);
}

static int real_unlinkat(void *context, int directory, const char *path, int flags)
{
	(void)context;
	return unlinkat(directory, path, flags);
}

static int real_renameat(void *context, int directory, const char *from, const char *to)
{
	(void)context;
	return renameat(directory, from, directory, to);
}

static int real_space(void *context, int fd, uint64_t *ret_total, uint64_t *ret_free)
{
	struct statvfs status;

	(void)context;
	if (fstatvfs(fd, &status) < 0) {
		return -1;
	}
	*ret_total = (uint64_t)status.f_blocks * status.f_frsize;
	*ret_free = (uint64_t)status.f_bavail * status.f_frsize;
	return 0;
}

const struct km_disk *km_disk_system(void)
{
	static const struct km_disk disk = {
		.openat = real_openat,
		.mkdirat = real_mkdirat,
		.pwrite = real_pwrite,
		.ftruncate = real_ftruncate,
		.fdatasync = real_fdatasync,
		.fsync = real_fsync,
		.syncfs = real_syncfs,
		.unlinkat = real_unlinkat,
		.renameat = real_renameat,
		.space = real_space,
	};

	return &disk;
}

bool km_disk_is_full(int error)
{
	return error == ENOSPC || error == EDQUOT;
}

int km_disk_write(
    const struct km_disk *disk, int fd, const void *data, size_t size, uint64_t offset)
{
	const uint8_t *from = data;
	size_t done = 0;

	while (done < size) {
		ssize_t count = disk->pwrite(
		    disk->context, fd, from + done, size - done, (off_t)(offset + done));

		if (count < 0 && errno == EINTR) {
			continue;
		}
		if (count == 0) {
			errno = EIO; /* no such case is documented for files */
		}
		if (count <= 0) {
			return km_disk_is_full(errno) ? KM_ERR_NO_SPACE : KM_ERR_SYS;
		}
		done += (size_t)count;
	}
	return 0;
}

int km_disk_read(int fd, void *ret_data, size_t size, uint64_t offset, size_t *ret_count)
{
	uint8_t *to = ret_data;
	size_t done = 0;

	while (done < size) {
		ssize_t count = pread(fd, to + done, size - done, (off_t)(offset + done));

		if (count < 0 && errno == EINTR) {
			continue;
		}
		if (count < 0) {
			return KM_ERR_SYS;
		}
		if (count == 0) {
			break;
		}
		done += (size_t)count;
	}
	*ret_count = done;
	return 0;
}
