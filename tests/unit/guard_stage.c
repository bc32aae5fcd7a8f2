#include "guard_stage.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>

#include <cmocka.h>

static const uint8_t key_file[32] = "what a key file holds, 32 bytes";

const struct km_vault_opener guard_stage_opener = {
	.key_file = { .data = key_file, .size = sizeof(key_file) },
};

void guard_stage_make_directory(char ret_path[static 64])
{
	(void)snprintf(ret_path, 64, "/tmp/komainu-guard-XXXXXX");
	assert_non_null(mkdtemp(ret_path));
}

static int on_file(const char *path, const struct stat *info, int kind, struct FTW *place)
{
	(void)info;
	(void)kind;
	(void)place;
	return remove(path);
}

void guard_stage_remove_directory(const char *path)
{
	assert_int_equal(nftw(path, on_file, 8, FTW_DEPTH | FTW_PHYS), 0);
}

void guard_stage_write_file(const char *path, const char *content)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	assert_int_equal(close(fd), 0);
}

int guard_stage_set_up(void **state)
{
	static struct guard_stage stage;

	stage = (struct guard_stage){ 0 };
	guard_stage_make_directory(stage.directory);
	(void)snprintf(stage.path, sizeof(stage.path), "%s/guard.db", stage.directory);
	assert_int_equal(km_database_open(stage.path, true, &stage.database), 0);
	*state = &stage;
	return 0;
}

int guard_stage_tear_down(void **state)
{
	struct guard_stage *stage = *state;

	km_vault_close(stage->vault);
	km_database_close(stage->database);
	guard_stage_remove_directory(stage->directory);
	return 0;
}

void guard_stage_reopen(struct guard_stage *stage)
{
	bool had_vault = stage->vault != NULL;

	km_vault_close(stage->vault);
	stage->vault = NULL;
	km_database_close(stage->database);
	stage->database = NULL;
	assert_int_equal(km_database_open(stage->path, false, &stage->database), 0);
	if (had_vault) {
		guard_stage_open_vault(stage);
	}
}

void guard_stage_open_vault(struct guard_stage *stage)
{
	int err = km_vault_make(stage->database, &guard_stage_opener);

	assert_true(err == 0 || err == KM_ERR_EXISTS);
	assert_int_equal(km_vault_open(stage->database, &guard_stage_opener, &stage->vault), 0);
}

static int on_number(void *context, sqlite3_stmt *row)
{
	*(int64_t *)context = sqlite3_column_int64(row, 0);
	return 0;
}

int64_t guard_stage_number(struct guard_stage *stage, const char *sql)
{
	int64_t number = -1;

	assert_int_equal(km_database_run(stage->database, sql, NULL, 0, on_number, &number), 0);
	return number;
}
