#include "guard/users.h"

#include "base/error.h"

#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FALLBACK_FIRST 61700 /* systemd's dynamic users are 61184 to 65519 */
#define FALLBACK_MEDIA (FALLBACK_FIRST + 9)

static gid_t media_group(void)
{
	const struct group *group = getgrnam("komainu-media");

	return group == NULL ? FALLBACK_MEDIA : group->gr_gid;
}

static uid_t user_of(enum km_role role)
{
	const struct passwd *user = NULL;
	char name[48];

	(void)snprintf(name, sizeof(name), "komainu-%s", km_roles_name(role));
	user = getpwnam(name);
	return user == NULL ? FALLBACK_FIRST + (uid_t)role : user->pw_uid;
}

void km_users_of(enum km_role role, uid_t *ret_uid, gid_t *ret_gid)
{
	uid_t uid = geteuid() == 0 ? user_of(role) : 0;
	bool reads_media = role == KM_ROLE_WRITER || role == KM_ROLE_WEB;

	*ret_uid = uid;
	*ret_gid = uid == 0 ? 0 : reads_media ? media_group() : (gid_t)uid;
}

int km_users_give_to_writer(const char *directory)
{
	uid_t uid = 0;
	gid_t gid = 0;

	km_users_of(KM_ROLE_WRITER, &uid, &gid);
	if (uid == 0) {
		return 0;
	}
	return chown(directory, uid, gid) < 0 || chmod(directory, 0750) < 0 ? KM_ERR_SYS : 0;
}

int km_users_can_reach(const char *directory, char *ret_obstacle, size_t size)
{
	struct stat info;

	if (geteuid() != 0) {
		return 0;
	}
	for (size_t i = 1; directory[0] == '/' && directory[i] != '\0'; i++) {
		if (directory[i] != '/' || i >= size) {
			continue;
		}
		memcpy(ret_obstacle, directory, i);
		ret_obstacle[i] = '\0';
		if (stat(ret_obstacle, &info) == 0 && (info.st_mode & S_IXOTH) == 0) {
			return KM_ERR_DENIED;
		}
	}
	return 0;
}
