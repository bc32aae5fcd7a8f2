#include "guard/control_lock.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 1100

static int give_to_owner(const char *state_directory, int fd)
{
	struct stat directory;
	struct stat file;

	if (stat(state_directory, &directory) < 0 || fstat(fd, &file) < 0) {
		return KM_ERR_SYS;
	}
	if (file.st_uid == directory.st_uid && file.st_gid == directory.st_gid) {
		return 0;
	}
	return fchown(fd, directory.st_uid, directory.st_gid) < 0 ? KM_ERR_SYS : 0;
}

int km_control_lock_take(const char *state_directory, int *ret_fd)
{
	char path[PATH_SIZE];
	int length = snprintf(path, sizeof(path), "%s/komainu.lock", state_directory);
	int fd = -1;
	int saved = 0;

	if (length < 0 || (size_t)length >= sizeof(path)) {
		return KM_ERR_LIMIT;
	}
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
	if (fd < 0) {
		return KM_ERR_SYS;
	}
	if (geteuid() == 0 && give_to_owner(state_directory, fd) < 0) {
		(void)close(fd);
		return KM_ERR_SYS;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		saved = errno;
		(void)close(fd);
		errno = saved;
		return saved == EWOULDBLOCK ? KM_ERR_EXISTS : KM_ERR_SYS;
	}
	*ret_fd = fd;
	return 0;
}
