/*
 * One import: files and folders of foreign lists into weaknesses.db. It keeps what may concern a
 * device or the recorder itself: weaknesses of firmware and hardware, of the makers in makers.tbl,
 * of the libraries in own_products.tbl, and everything that KEV lists.
 */
#ifndef KM_IMPORTER_IMPORTING_H
#define KM_IMPORTER_IMPORTING_H

#include "store/weakness_file.h"

#define KM_IMPORTING_RECORD_MAX  ((size_t)8 * 1024 * 1024) /* one record of a list */
#define KM_IMPORTING_FOLDERS_MAX 8                         /* how deep folders may nest */

struct km_importing {
	struct km_weakness_file *file;
	void (*on_progress)(void *context, const char *path, const struct km_importing *importing);
	/* What is wrong with a record or a file, for people. */
	void (*on_fault)(void *context, const char *path, const char *text);
	void *context;
	struct km_weakness_file_import counts;
	struct km_weakness weakness;
};

/* The callbacks, file and context are the caller's. KM_ERR_MEMORY. */
KM_MUST_USE int km_importing_init(struct km_importing *importing);
void km_importing_finish(struct km_importing *importing);

/*
 * Import a file, a folder with all below it (*.json, *.jsonl, *.xml, *.rdf), or "-": the
 * descriptor 3, where the standard input of who started it is. Returns 0, KM_ERR_FORMAT (a file
 * that is no such list: told to on_fault), KM_ERR_SYS, KM_ERR_MEMORY, or an error of the database.
 */
KM_MUST_USE int km_importing_read(struct km_importing *importing, const char *path);

#endif
