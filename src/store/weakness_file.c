#include "store/weakness_file.h"

#include "base/time.h"
#include "model/makers.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define APPLICATION 0x4b4d5746 /* "KMWF" */

struct km_weakness_file {
	sqlite3 *db;
	sqlite3_stmt *put;
	sqlite3_stmt *put_range;
	sqlite3_stmt *drop;
	sqlite3_stmt *drop_ranges;
	struct km_weakness_range *ranges; /* for reading */
};

static const char schema[] =
    "PRAGMA application_id = 1263359814; PRAGMA user_version = 1;"
    "CREATE TABLE weakness ("
    " id TEXT NOT NULL, source INTEGER NOT NULL, title TEXT NOT NULL, url TEXT NOT NULL,"
    " severity INTEGER NOT NULL, published TEXT NOT NULL, exploited_since TEXT NOT NULL,"
    " is_cut INTEGER NOT NULL, PRIMARY KEY (id, source)) WITHOUT ROWID;"
    "CREATE TABLE weakness_range ("
    " id TEXT NOT NULL, source INTEGER NOT NULL, number INTEGER NOT NULL,"
    " configuration INTEGER NOT NULL, node INTEGER NOT NULL, flags INTEGER NOT NULL,"
    " part TEXT NOT NULL, maker TEXT NOT NULL, vendor TEXT NOT NULL, product TEXT NOT NULL,"
    " version TEXT NOT NULL, start TEXT NOT NULL, end TEXT NOT NULL,"
    " PRIMARY KEY (id, source, number)) WITHOUT ROWID;"
    "CREATE INDEX weakness_maker ON weakness_range (maker, id, source);"
    "CREATE TABLE imported ("
    " unix_us INTEGER NOT NULL, files INTEGER NOT NULL, bytes INTEGER NOT NULL,"
    " records INTEGER NOT NULL, kept INTEGER NOT NULL, strange INTEGER NOT NULL,"
    " broken INTEGER NOT NULL);";

/* What km_weakness_file_count tells, counted where an import ends. Files of before are without. */
static const char counts_schema[] =
    "CREATE TABLE IF NOT EXISTS imported_list ("
    " source INTEGER PRIMARY KEY, weaknesses INTEGER NOT NULL, ranges INTEGER NOT NULL,"
    " newest TEXT NOT NULL)";

#define COUNT_ALL                                                                                  \
	"SELECT source, count(*), (SELECT count(*) FROM weakness_range r"                          \
	" WHERE r.source = w.source), max(published) FROM weakness w GROUP BY source"

static int fault(int code)
{
	switch (code & 0xff) {
	case SQLITE_FULL:
		return KM_ERR_NO_SPACE;
	case SQLITE_NOMEM:
		return KM_ERR_MEMORY;
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return KM_ERR_FORMAT;
	default:
		return KM_ERR_DATABASE;
	}
}

static int exec(sqlite3 *db, const char *sql)
{
	int code = sqlite3_exec(db, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : fault(code);
}

static int open_at(const char *path, int flags, struct km_weakness_file **ret_file)
{
	struct km_weakness_file *file = calloc(1, sizeof(*file));
	int code = SQLITE_OK;

	if (file == NULL) {
		return KM_ERR_MEMORY;
	}
	code = sqlite3_open_v2(path, &file->db, flags | SQLITE_OPEN_NOFOLLOW, NULL);
	if (code != SQLITE_OK) {
		km_weakness_file_close(file);
		return fault(code);
	}
	/* Nothing that stands in the file is executed. */
	(void)sqlite3_db_config(file->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_busy_timeout(file->db, 5000);
	*ret_file = file;
	return 0;
}

static int64_t number_of(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *row = NULL;
	int64_t number = -1;

	if (sqlite3_prepare_v2(db, sql, -1, &row, NULL) == SQLITE_OK &&
	    sqlite3_step(row) == SQLITE_ROW) {
		number = sqlite3_column_int64(row, 0);
	}
	(void)sqlite3_finalize(row);
	return number;
}

int km_weakness_file_open(const char *path, struct km_weakness_file **ret_file)
{
	struct km_weakness_file *file = NULL;
	int err = access(path, F_OK) < 0 && errno == ENOENT ? KM_ERR_NOT_FOUND : 0;

	if (err == 0) {
		err = open_at(path, SQLITE_OPEN_READONLY, &file);
	}
	if (err == 0) {
		(void)sqlite3_db_config(file->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	}
	if (err == 0 && (number_of(file->db, "PRAGMA application_id") != APPLICATION ||
			    number_of(file->db, "PRAGMA user_version") != 1)) {
		err = KM_ERR_FORMAT;
	}
	if (err == 0) {
		file->ranges = calloc(KM_WEAKNESS_RANGES_MAX, sizeof(*file->ranges));
		err = file->ranges == NULL ? KM_ERR_MEMORY : 0;
	}
	if (err < 0) {
		km_weakness_file_close(file);
		return err;
	}
	*ret_file = file;
	return 0;
}

/* All pages of the earlier file, as they are. */
static int copy_earlier(struct km_weakness_file *file, const char *earlier)
{
	struct km_weakness_file *from = NULL;
	sqlite3_backup *backup = NULL;
	int err = km_weakness_file_open(earlier, &from);

	if (err < 0) {
		return err;
	}
	backup = sqlite3_backup_init(file->db, "main", from->db, "main");
	if (backup == NULL || sqlite3_backup_step(backup, -1) != SQLITE_DONE) {
		err = KM_ERR_DATABASE;
	}
	if (backup != NULL && sqlite3_backup_finish(backup) != SQLITE_OK) {
		err = KM_ERR_DATABASE;
	}
	km_weakness_file_close(from);
	return err;
}

static int prepare(struct km_weakness_file *file)
{
	const struct {
		sqlite3_stmt **statement;
		const char *sql;
	} statements[] = {
		{ &file->put, "INSERT OR REPLACE INTO weakness VALUES (?, ?, ?, ?, ?, ?, ?, ?)" },
		{ &file->drop, "DELETE FROM weakness WHERE id = ? AND source = ?" },
		{ &file->drop_ranges, "DELETE FROM weakness_range WHERE id = ? AND source = ?" },
		{ &file->put_range,
		    "INSERT INTO weakness_range VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)" },
	};

	for (size_t i = 0; i < KM_COUNT(statements); i++) {
		if (sqlite3_prepare_v2(file->db, statements[i].sql, -1, statements[i].statement,
			NULL) != SQLITE_OK) {
			return KM_ERR_DATABASE;
		}
	}
	return 0;
}

int km_weakness_file_make(const char *path, const char *earlier, struct km_weakness_file **ret_file)
{
	struct km_weakness_file *file = NULL;
	int err = access(path, F_OK) == 0 ? KM_ERR_EXISTS : 0;

	if (err == 0) {
		err = open_at(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, &file);
	}
	if (err == 0 && earlier != NULL) {
		err = copy_earlier(file, earlier);
		if (err == KM_ERR_NOT_FOUND) {
			earlier = NULL;
			err = 0;
		}
	}
	/* Whoever is interrupted leaves a file that nobody looks at: it needs no journal. */
	if (err == 0) {
		err = exec(file->db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
				     "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384;"
				     "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
	}
	if (err == 0 && earlier == NULL) {
		err = exec(file->db, schema);
	}
	if (err == 0) {
		err = exec(file->db, counts_schema);
	}
	if (err == 0) {
		err = prepare(file);
	}
	if (err < 0) {
		km_weakness_file_close(file);
		return err;
	}
	*ret_file = file;
	return 0;
}

static void bind_text(sqlite3_stmt *statement, int place, const char *text)
{
	(void)sqlite3_bind_text(statement, place, text, -1, SQLITE_STATIC);
}

/* Run it, and make it ready for the next time. */
static int step(sqlite3_stmt *statement)
{
	int code = sqlite3_step(statement);

	(void)sqlite3_reset(statement);
	return code == SQLITE_DONE ? 0 : fault(code);
}

static int put_range(
    struct km_weakness_file *file, const struct km_weakness *weakness, size_t number)
{
	const struct km_weakness_range *range = &weakness->ranges[number];
	const char part[2] = { range->part, '\0' };
	const char *const texts[] = { range->vendor, range->product, range->version, range->start,
		range->end };
	char maker[KM_MAKERS_NAME_SIZE];

	(void)km_makers_find(range->vendor, maker);
	bind_text(file->put_range, 1, weakness->id);
	(void)sqlite3_bind_int(file->put_range, 2, weakness->source);
	(void)sqlite3_bind_int64(file->put_range, 3, (sqlite3_int64)number);
	(void)sqlite3_bind_int(file->put_range, 4, range->configuration);
	(void)sqlite3_bind_int(file->put_range, 5, range->node);
	(void)sqlite3_bind_int(file->put_range, 6, range->flags);
	bind_text(file->put_range, 7, part);
	bind_text(file->put_range, 8, maker);
	for (size_t i = 0; i < KM_COUNT(texts); i++) {
		bind_text(file->put_range, 9 + (int)i, texts[i]);
	}
	return step(file->put_range);
}

static int drop_from(sqlite3_stmt *statement, const char *id, unsigned source)
{
	bind_text(statement, 1, id);
	(void)sqlite3_bind_int(statement, 2, (int)source);
	return step(statement);
}

int km_weakness_file_drop(struct km_weakness_file *file, const char *id, unsigned source)
{
	int err = drop_from(file->drop_ranges, id, source);

	return err == 0 ? drop_from(file->drop, id, source) : err;
}

int km_weakness_file_put(struct km_weakness_file *file, const struct km_weakness *weakness)
{
	int err = drop_from(file->drop_ranges, weakness->id, weakness->source);

	bind_text(file->put, 1, weakness->id);
	(void)sqlite3_bind_int(file->put, 2, weakness->source);
	bind_text(file->put, 3, weakness->title);
	bind_text(file->put, 4, weakness->url);
	(void)sqlite3_bind_int(file->put, 5, weakness->severity_tenths);
	bind_text(file->put, 6, weakness->published);
	bind_text(file->put, 7, weakness->exploited_since);
	(void)sqlite3_bind_int(file->put, 8, weakness->is_cut);
	if (err == 0) {
		err = step(file->put);
	}
	for (size_t i = 0; err == 0 && i < weakness->range_count; i++) {
		err = put_range(file, weakness, i);
	}
	return err;
}

int km_weakness_file_commit(
    struct km_weakness_file *file, const struct km_weakness_file_import *import)
{
	const uint64_t numbers[] = { (uint64_t)import->unix_us, import->files, import->bytes,
		import->records, import->kept, import->strange, import->broken };
	sqlite3_stmt *insert = NULL;
	int err = exec(file->db, "DELETE FROM imported; DELETE FROM imported_list;"
				 "INSERT INTO imported_list " COUNT_ALL);

	if (err == 0 &&
	    sqlite3_prepare_v2(file->db, "INSERT INTO imported VALUES (?, ?, ?, ?, ?, ?, ?)", -1,
		&insert, NULL) != SQLITE_OK) {
		err = KM_ERR_DATABASE;
	}
	for (size_t i = 0; err == 0 && i < KM_COUNT(numbers); i++) {
		(void)sqlite3_bind_int64(insert, 1 + (int)i, (sqlite3_int64)numbers[i]);
	}
	if (err == 0) {
		err = step(insert);
	}
	(void)sqlite3_finalize(insert);
	return err == 0 ? exec(file->db, "COMMIT") : err;
}

void km_weakness_file_close(struct km_weakness_file *file)
{
	if (file != NULL) {
		(void)sqlite3_finalize(file->put);
		(void)sqlite3_finalize(file->put_range);
		(void)sqlite3_finalize(file->drop);
		(void)sqlite3_finalize(file->drop_ranges);
		(void)sqlite3_close(file->db);
		free(file->ranges);
		free(file);
	}
}

/* --- reading --- */

static void take_text(sqlite3_stmt *row, int column, char *ret_text, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	km_weakness_copy(km_bytes_text(text), ret_text, size);
}

static int take_ranges(struct km_weakness_file *file, struct km_weakness *weakness)
{
	sqlite3_stmt *row = NULL;
	int code = sqlite3_prepare_v2(file->db,
	    "SELECT configuration, node, flags, part, vendor, product, version, start, end"
	    " FROM weakness_range WHERE id = ? AND source = ? ORDER BY configuration, node, number",
	    -1, &row, NULL);

	if (code == SQLITE_OK) {
		bind_text(row, 1, weakness->id);
		(void)sqlite3_bind_int(row, 2, weakness->source);
	}
	while (code == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW) {
		struct km_weakness_range *range = km_weakness_add(weakness);
		const char *part = (const char *)sqlite3_column_text(row, 3);

		if (range == NULL) {
			break;
		}
		range->configuration = (uint16_t)sqlite3_column_int(row, 0);
		range->node = (uint16_t)sqlite3_column_int(row, 1);
		range->flags = (uint8_t)sqlite3_column_int(row, 2);
		range->part = '*';
		if (part != NULL && part[0] != '\0') {
			range->part = part[0];
		}
		take_text(row, 4, range->vendor, sizeof(range->vendor));
		take_text(row, 5, range->product, sizeof(range->product));
		take_text(row, 6, range->version, sizeof(range->version));
		take_text(row, 7, range->start, sizeof(range->start));
		take_text(row, 8, range->end, sizeof(range->end));
	}
	(void)sqlite3_finalize(row);
	return code == SQLITE_OK ? 0 : fault(code);
}

/* The rows of a statement that selects id, source, title, ... and KEV's date. */
static int walk(struct km_weakness_file *file, const char *sql, const char *word,
    int (*on_weakness)(void *context, const struct km_weakness *weakness), void *context)
{
	struct km_weakness weakness = {
		.ranges = file->ranges,
		.range_capacity = KM_WEAKNESS_RANGES_MAX,
	};
	sqlite3_stmt *row = NULL;
	int code = sqlite3_prepare_v2(file->db, sql, -1, &row, NULL);
	int err = code == SQLITE_OK ? 0 : fault(code);

	if (err == 0 && word != NULL) {
		bind_text(row, 1, word);
	}
	while (err == 0 && (code = sqlite3_step(row)) == SQLITE_ROW) {
		km_weakness_clear(&weakness);
		take_text(row, 0, weakness.id, sizeof(weakness.id));
		weakness.source = (uint8_t)sqlite3_column_int(row, 1);
		take_text(row, 2, weakness.title, sizeof(weakness.title));
		take_text(row, 3, weakness.url, sizeof(weakness.url));
		weakness.severity_tenths = (uint16_t)sqlite3_column_int(row, 4);
		take_text(row, 5, weakness.published, sizeof(weakness.published));
		take_text(row, 6, weakness.exploited_since, sizeof(weakness.exploited_since));
		weakness.is_cut = sqlite3_column_int(row, 7) != 0;
		err = take_ranges(file, &weakness);
		if (err == 0) {
			err = on_weakness(context, &weakness);
		}
	}
	(void)sqlite3_finalize(row);
	return err == 0 && code != SQLITE_DONE ? fault(code) : err;
}

#define COLUMNS                                                                                    \
	"SELECT w.id, w.source, w.title, w.url, w.severity, w.published,"                          \
	" coalesce((SELECT max(k.exploited_since) FROM weakness k WHERE k.id = w.id), ''),"        \
	" w.is_cut FROM weakness w "

int km_weakness_file_each(struct km_weakness_file *file, const char *maker,
    int (*on_weakness)(void *context, const struct km_weakness *weakness), void *context)
{
	return maker == NULL
		   ? walk(file, COLUMNS "ORDER BY w.id, w.source", NULL, on_weakness, context)
		   : walk(file,
			 COLUMNS "WHERE (w.id, w.source) IN (SELECT id, source FROM "
				 "weakness_range WHERE maker = ?) ORDER BY w.id, w.source",
			 maker, on_weakness, context);
}

int km_weakness_file_find(struct km_weakness_file *file, const char *id,
    int (*on_weakness)(void *context, const struct km_weakness *weakness), void *context)
{
	return walk(file, COLUMNS "WHERE w.id = ? ORDER BY w.source", id, on_weakness, context);
}

static int find_import(struct km_weakness_file *file, struct km_weakness_file_import *ret_import)
{
	struct km_weakness_file_import import = { 0 };
	sqlite3_stmt *row = NULL;
	int code = sqlite3_prepare_v2(file->db,
	    "SELECT unix_us, files, bytes, records, kept, strange, broken FROM imported", -1, &row,
	    NULL);

	if (code == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW) {
		import.unix_us = sqlite3_column_int64(row, 0);
		import.files = (uint64_t)sqlite3_column_int64(row, 1);
		import.bytes = (uint64_t)sqlite3_column_int64(row, 2);
		import.records = (uint64_t)sqlite3_column_int64(row, 3);
		import.kept = (uint64_t)sqlite3_column_int64(row, 4);
		import.strange = (uint64_t)sqlite3_column_int64(row, 5);
		import.broken = (uint64_t)sqlite3_column_int64(row, 6);
	}
	(void)sqlite3_finalize(row);
	*ret_import = import;
	return code == SQLITE_OK ? 0 : fault(code);
}

int km_weakness_file_count(struct km_weakness_file *file,
    void (*on_count)(void *context, const struct km_weakness_file_count *count), void *context,
    struct km_weakness_file_import *ret_import)
{
	bool is_counted =
	    number_of(
		file->db, "SELECT count(*) FROM sqlite_schema WHERE name = 'imported_list'") == 1;
	sqlite3_stmt *row = NULL;
	int code = sqlite3_prepare_v2(file->db,
	    is_counted
		? "SELECT source, weaknesses, ranges, newest FROM imported_list ORDER BY source"
		: COUNT_ALL,
	    -1, &row, NULL);

	while (code == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW) {
		struct km_weakness_file_count count = {
			.source = (unsigned)sqlite3_column_int(row, 0),
			.weaknesses = sqlite3_column_int64(row, 1),
			.ranges = sqlite3_column_int64(row, 2),
		};

		take_text(row, 3, count.newest, sizeof(count.newest));
		on_count(context, &count);
	}
	(void)sqlite3_finalize(row);
	return code == SQLITE_OK ? find_import(file, ret_import) : fault(code);
}
