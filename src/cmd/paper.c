#include "cmd/paper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum km_exit km_paper_take_language(const struct km_arguments *arguments, bool *ret_is_japanese)
{
	const char *language = km_arguments_get(arguments, "--language");
	bool is_japanese = language != NULL && strcmp(language, "ja") == 0;

	if (language != NULL && !is_japanese && strcmp(language, "en") != 0) {
		(void)km_verb_fail("--language %s: ja or en is right", language);
		return KM_EXIT_USAGE;
	}
	*ret_is_japanese = is_japanese;
	return KM_EXIT_DONE;
}

static bool write_all(int fd, struct km_bytes paper)
{
	size_t done = 0;

	while (done < paper.size) {
		ssize_t size = write(fd, paper.data + done, paper.size - done);

		if (size < 0 && errno != EINTR) {
			return false;
		}
		done += size > 0 ? (size_t)size : 0;
	}
	return true;
}

enum km_exit km_paper_put(const char *path, struct km_bytes paper)
{
	char part[PATH_MAX];
	int fd = -1;
	bool is_done = false;
	int error = 0;

	if (path == NULL) {
		return write_all(STDOUT_FILENO, paper)
			   ? KM_EXIT_DONE
			   : km_verb_fail("standard output: %s", strerror(errno));
	}
	if (snprintf(part, sizeof(part), "%s.part", path) >= (int)sizeof(part)) {
		return km_verb_fail("%s: the name is too long", path);
	}
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	is_done = fd >= 0 && write_all(fd, paper) && fsync(fd) == 0;
	error = errno;
	if (fd >= 0 && close(fd) < 0) {
		is_done = false;
	}
	if (is_done && rename(part, path) < 0) {
		is_done = false;
		error = errno;
	}
	if (!is_done && fd >= 0) {
		(void)unlink(part);
	}
	return is_done ? KM_EXIT_DONE : km_verb_fail("%s: %s", path, strerror(error));
}
