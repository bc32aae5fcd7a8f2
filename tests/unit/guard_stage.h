/*
 * What the tests of the guard share: a directory that goes away again, a database in it, and a
 * vault that a key file opened.
 */
#ifndef KM_TESTS_GUARD_STAGE_H
#define KM_TESTS_GUARD_STAGE_H

#include "guard/vault.h"

#define GUARD_STAGE_NOW_US INT64_C(1795000000000000) /* 2026-11-18 */

struct guard_stage {
	char directory[64];
	char path[80]; /* of the database */
	struct km_database *database;
	struct km_vault *vault; /* NULL unless guard_stage_open_vault */
};

extern const struct km_vault_opener guard_stage_opener;

/* For cmocka: a stage with an open database in *state; what is left of it is removed afterwards. */
int guard_stage_set_up(void **state);
int guard_stage_tear_down(void **state);

/* Close the database (and the vault) and open it again, as another start of the recorder does. */
void guard_stage_reopen(struct guard_stage *stage);

/* Make the root key if there is none, and open it. */
void guard_stage_open_vault(struct guard_stage *stage);

/* A new directory under /tmp, and the end of it with all that lies in it. */
void guard_stage_make_directory(char ret_path[static 64]);
void guard_stage_remove_directory(const char *path);

/* A file with this content; replaces one that is there. */
void guard_stage_write_file(const char *path, const char *content);

/* The first column of the first row, as a number. */
int64_t guard_stage_number(struct guard_stage *stage, const char *sql);

#endif
