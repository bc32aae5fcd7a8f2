#include "cmd/programs.h"

#include "base/error.h"

#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static bool has_programs(const char *directory)
{
	char path[KM_PROGRAMS_PATH_SIZE + 32];

	(void)snprintf(path, sizeof(path), "%s/komainu-writer", directory);
	return access(path, X_OK) == 0;
}

int km_programs_find(char ret_directory[static KM_PROGRAMS_PATH_SIZE])
{
	char self[KM_PROGRAMS_PATH_SIZE];
	ssize_t size = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (size > 0) {
		self[size] = '\0';
		(void)snprintf(ret_directory, KM_PROGRAMS_PATH_SIZE, "%s", dirname(self));
		if (has_programs(ret_directory)) {
			return 0;
		}
	}
	(void)snprintf(ret_directory, KM_PROGRAMS_PATH_SIZE, "%s", KM_LIBEXEC);
	return has_programs(ret_directory) ? 0 : KM_ERR_NOT_FOUND;
}
