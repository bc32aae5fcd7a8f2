/*
 * The imported lists (weaknesses.db in the state directory): SQLite, written by the importer into
 * a file beside it that then takes its place, read by everybody else. What it holds came from
 * outside: readers check it again.
 *
 * Functions return 0, KM_ERR_DATABASE, KM_ERR_NO_SPACE or KM_ERR_MEMORY unless said otherwise. All
 * may block on the disk.
 */
#ifndef KM_STORE_WEAKNESS_FILE_H
#define KM_STORE_WEAKNESS_FILE_H

#include "base/error.h"
#include "model/weakness.h"

#define KM_WEAKNESS_FILE_NAME "weaknesses.db"

struct km_weakness_file;

/* To read. KM_ERR_NOT_FOUND (nothing was imported yet), KM_ERR_FORMAT (no such file, or another
 * version of it). */
KM_MUST_USE int km_weakness_file_open(const char *path, struct km_weakness_file **ret_file);

/*
 * To write: a new file, with all that an earlier one (may be NULL, or not be there) holds. It must
 * not exist. From here on no other file is opened, until it is closed: everything happens in one
 * transaction that _commit ends.
 */
KM_MUST_USE int km_weakness_file_make(
    const char *path, const char *earlier, struct km_weakness_file **ret_file);

/* Replace what this list said of this weakness. */
KM_MUST_USE int km_weakness_file_put(
    struct km_weakness_file *file, const struct km_weakness *weakness);

/* Forget what this list said of it. */
KM_MUST_USE int km_weakness_file_drop(
    struct km_weakness_file *file, const char *id, unsigned source);

/* The newest import: what it read, and what came of it. */
struct km_weakness_file_import {
	int64_t unix_us; /* 0: there was none */
	uint64_t files;
	uint64_t bytes;
	uint64_t records; /* of the lists that are known */
	uint64_t kept;    /* may concern a device, or the recorder's own parts */
	uint64_t strange; /* JSON objects that are no record of those lists */
	uint64_t broken;  /* records, or files of a folder, that cannot be read */
};

/*
 * Note the import and end the transaction. To be sure of the disk, sync the file afterwards, as
 * this does not.
 */
KM_MUST_USE int km_weakness_file_commit(
    struct km_weakness_file *file, const struct km_weakness_file_import *import);

void km_weakness_file_close(struct km_weakness_file *file);

/*
 * Each weakness that names this maker (model/makers.h), or all for NULL; or the one with this id,
 * by each of its lists. `weakness` lasts as long as the call; KEV's date is set whichever list it
 * comes from. A negative result of on_weakness ends the walk and is returned.
 */
KM_MUST_USE int km_weakness_file_each(struct km_weakness_file *file, const char *maker,
    int (*on_weakness)(void *context, const struct km_weakness *weakness), void *context);
KM_MUST_USE int km_weakness_file_find(struct km_weakness_file *file, const char *id,
    int (*on_weakness)(void *context, const struct km_weakness *weakness), void *context);

/* How much of a list is there. */
struct km_weakness_file_count {
	unsigned source;
	int64_t weaknesses;
	int64_t ranges;
	char newest[KM_WEAKNESS_DATE_SIZE]; /* when the newest of them was published */
};

/*
 * Per list, and the newest import. Reads what the import counted; a file of an earlier version is
 * read as a whole.
 */
KM_MUST_USE int km_weakness_file_count(struct km_weakness_file *file,
    void (*on_count)(void *context, const struct km_weakness_file_count *count), void *context,
    struct km_weakness_file_import *ret_import);

#endif
