#include "guard/remedy_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int64_t nanoseconds(const struct timespec *at)
{
	return (int64_t)at->tv_sec * 1000000000 + at->tv_nsec;
}

int km_remedy_file_open(const char *state_directory, const char *name, int *ret_fd,
    struct km_remedy_file_mark *ret_mark)
{
	char path[PATH_MAX];
	struct stat facts;
	int fd = -1;
	int length =
	    snprintf(path, sizeof(path), "%s/" KM_REMEDY_FILE_FOLDER "/%s", state_directory, name);

	if (length < 0 || (size_t)length >= sizeof(path)) {
		return KM_ERR_NOT_FOUND;
	}
	/* A pipe must not keep the guard waiting. */
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		return errno == ENOENT  ? KM_ERR_NOT_FOUND
		       : errno == ELOOP ? KM_ERR_FORMAT
					: KM_ERR_SYS;
	}
	if (fstat(fd, &facts) < 0 || !S_ISREG(facts.st_mode) || facts.st_size <= 0 ||
	    facts.st_size > KM_REMEDY_FILE_BYTES_MAX) {
		(void)close(fd);
		return KM_ERR_FORMAT;
	}
	*ret_fd = fd;
	*ret_mark = (struct km_remedy_file_mark){
		.device = facts.st_dev,
		.inode = facts.st_ino,
		.bytes = (uint64_t)facts.st_size,
		.written_ns = nanoseconds(&facts.st_mtim),
		.changed_ns = nanoseconds(&facts.st_ctim),
	};
	return 0;
}

bool km_remedy_file_is_same(
    const struct km_remedy_file_mark *mark, const struct km_remedy_file_mark *other)
{
	return mark->device == other->device && mark->inode == other->inode &&
	       mark->bytes == other->bytes && mark->written_ns == other->written_ns &&
	       mark->changed_ns == other->changed_ns;
}
