#include "guard/journal_walk.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PIECE_BYTES 65536

/* --- the database --- */

/* Columns: those of the entry, then the checkpoint's number, unix_us, hash, signature. */
static const char rows_sql[] =
    "SELECT " KM_JOURNAL_COLUMNS ", mark.number, mark.unix_us, mark.hash, mark.signature"
    " FROM journal LEFT JOIN journal_checkpoint AS mark ON mark.number = journal.number"
    " WHERE journal.number > ?1 ORDER BY journal.number LIMIT ?2";

/* A copy of a database from before there were checkpoints. */
static const char bare_rows_sql[] = "SELECT " KM_JOURNAL_COLUMNS ", NULL, NULL, NULL, NULL"
				    " FROM journal WHERE number > ?1 ORDER BY number LIMIT ?2";

static int on_number(void *context, sqlite3_stmt *row)
{
	*(int64_t *)context = sqlite3_column_int64(row, 0);
	return 0;
}

static int has_checkpoints(struct km_database *database, bool *ret_has)
{
	int64_t count = 0;
	int err = km_database_run(database,
	    "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = "
	    "'journal_checkpoint'",
	    NULL, 0, on_number, &count);

	*ret_has = count > 0;
	return err;
}

/* At four columns from `first` on. Misshapen ones get a signature that fits nothing. */
static bool read_checkpoint(
    sqlite3_stmt *row, int first, struct km_journal_checkpoint *ret_checkpoint)
{
	struct km_bytes hash = km_database_blob(row, first + 2);
	struct km_bytes signature = km_database_blob(row, first + 3);
	bool is_right = sqlite3_column_type(row, first + 1) == SQLITE_INTEGER &&
			hash.size == KM_JOURNAL_HASH_BYTES && signature.size == KM_SIGNATURE_BYTES;

	*ret_checkpoint = (struct km_journal_checkpoint){
		.number = sqlite3_column_int64(row, first),
	};
	if (is_right) {
		ret_checkpoint->unix_us = sqlite3_column_int64(row, first + 1);
		memcpy(ret_checkpoint->hash, hash.data, KM_JOURNAL_HASH_BYTES);
		memcpy(ret_checkpoint->signature, signature.data, KM_SIGNATURE_BYTES);
	}
	return is_right;
}

struct walking {
	struct km_journal_chain *chain;
	int64_t count;
};

static int on_row(void *context, sqlite3_stmt *row)
{
	struct walking *walking = context;
	struct km_journal_checkpoint checkpoint;
	struct km_journal_entry entry;
	int err = km_journal_read(row, &entry);

	walking->count++;
	if (err < 0) {
		km_journal_chain_misshapen(walking->chain, entry.number);
		return KM_ERR_AUTH;
	}
	err = km_journal_chain_entry(walking->chain, &entry);
	if (err == 0 && sqlite3_column_type(row, KM_JOURNAL_COLUMN_COUNT) != SQLITE_NULL) {
		(void)read_checkpoint(row, KM_JOURNAL_COLUMN_COUNT, &checkpoint);
		err = km_journal_chain_checkpoint(walking->chain, &checkpoint);
	}
	return err;
}

int km_journal_walk_rows(
    struct km_database *database, struct km_journal_chain *chain, int64_t most, int64_t *ret_count)
{
	struct walking walking = { .chain = chain };
	/* From the very beginning also what stands before it. */
	int64_t behind = chain->number == 0 ? INT64_MIN : chain->number;
	bool has = false;
	int err = has_checkpoints(database, &has);

	if (err == 0) {
		err = km_database_run(database, has ? rows_sql : bare_rows_sql,
		    KM_VALUES(KM_NUMBER(behind), KM_NUMBER(most)), on_row, &walking);
	}
	*ret_count = walking.count;
	return err;
}

static int on_checkpoint(void *context, sqlite3_stmt *row)
{
	return read_checkpoint(row, 0, context) ? 0 : KM_ERR_AUTH;
}

int km_journal_walk_last_checkpoint(
    struct km_database *database, struct km_journal_checkpoint *ret_checkpoint)
{
	struct km_journal_checkpoint found = { 0 };
	bool has = false;
	int err = has_checkpoints(database, &has);

	if (err == 0 && has) {
		err = km_database_run(database,
		    "SELECT number, unix_us, hash, signature FROM journal_checkpoint"
		    " ORDER BY number DESC LIMIT 1",
		    NULL, 0, on_checkpoint, &found);
	}
	if (err == 0 && found.number == 0) {
		err = KM_ERR_NOT_FOUND;
	}
	if (err == 0) {
		*ret_checkpoint = found;
	}
	return err;
}

static int on_last(void *context, sqlite3_stmt *row)
{
	struct km_journal_expected *last = context;
	struct km_bytes hash = km_database_blob(row, 1);

	last->number = sqlite3_column_int64(row, 0);
	if (hash.size == sizeof(last->hash)) {
		memcpy(last->hash, hash.data, sizeof(last->hash));
	}
	return 0;
}

int km_journal_walk_last_entry(struct km_database *database, int64_t *ret_number,
    uint8_t ret_hash[static KM_JOURNAL_HASH_BYTES])
{
	struct km_journal_expected last = { 0 };
	int err = km_database_run(database,
	    "SELECT number, hash FROM journal ORDER BY number DESC LIMIT 1", NULL, 0, on_last,
	    &last);

	if (err == 0) {
		*ret_number = last.number;
		memcpy(ret_hash, last.hash, sizeof(last.hash));
	}
	return err;
}

int km_journal_walk_database(struct km_database *database, struct km_journal_chain *chain)
{
	struct km_journal_checkpoint last = { 0 };
	int64_t count = 0;
	int err = km_database_exec(database, "BEGIN");

	if (err < 0) {
		return err;
	}
	err = km_journal_walk_rows(database, chain, INT64_MAX, &count);
	if (err == 0) {
		err = km_journal_walk_last_checkpoint(database, &last);
		err = err == KM_ERR_NOT_FOUND || err == KM_ERR_AUTH ? 0 : err;
	}
	if (err == 0) {
		err = km_journal_chain_end(chain, last.number);
	}
	km_database_undo(database);
	return err;
}

/* --- lines --- */

static int take_line(
    struct km_bytes line, struct km_journal_chain *chain, struct km_journal_walk_file *file)
{
	static const int64_t first_line = 1;
	struct km_journal_line parsed;
	int64_t number = 0;
	int err = 0;

	file->line++;
	if (km_journal_file_parse(line, &parsed, &number) < 0 ||
	    (parsed.kind == KM_JOURNAL_LINE_HEADER && file->line != first_line)) {
		file->is_unreadable = true;
		if (chain != NULL && number != 0) {
			km_journal_chain_misshapen(chain, number);
		}
		return KM_ERR_AUTH;
	}
	switch (parsed.kind) {
	case KM_JOURNAL_LINE_HEADER:
		file->has_key = true;
		memcpy(file->public_key, parsed.public_key, sizeof(file->public_key));
		return 0;
	case KM_JOURNAL_LINE_ENTRY:
		err = chain == NULL ? 0 : km_journal_chain_entry(chain, &parsed.entry);
		break;
	case KM_JOURNAL_LINE_CHECKPOINT:
		err = chain == NULL ? 0 : km_journal_chain_checkpoint(chain, &parsed.checkpoint);
		break;
	}
	if (err == 0 && number >= file->last.number) {
		file->last.number = number;
		memcpy(file->last.hash,
		    parsed.kind == KM_JOURNAL_LINE_ENTRY ? parsed.entry.hash
							 : parsed.checkpoint.hash,
		    sizeof(file->last.hash));
	}
	return err;
}

/* The whole lines of what was read; the rest stays for later. */
static int take_lines(
    struct km_buf *piece, struct km_journal_chain *chain, struct km_journal_walk_file *file)
{
	struct km_bytes rest = km_buf_view(piece);
	int err = 0;

	while (err == 0 && rest.size > 0) {
		size_t end = km_bytes_find(rest, '\n');

		if (end == rest.size) {
			break;
		}
		err = take_line(km_bytes_slice(rest, 0, end), chain, file);
		rest = km_bytes_after(rest, end + 1);
	}
	km_buf_consume(piece, piece->size - rest.size);
	return err;
}

int km_journal_walk_lines(
    int fd, struct km_journal_chain *chain, struct km_journal_walk_file *ret_file)
{
	static const size_t room = PIECE_BYTES;
	struct km_buf piece;
	ssize_t count = 1;
	int err = 0;

	*ret_file = (struct km_journal_walk_file){ 0 };
	km_buf_init(&piece, room + KM_JOURNAL_FILE_LINE_MAX + 1);
	while (err == 0 && count > 0) {
		size_t before = piece.size;
		uint8_t *start = NULL;

		/* Longer than any line, and no end of it. */
		if (before > KM_JOURNAL_FILE_LINE_MAX) {
			ret_file->line++;
			ret_file->is_unreadable = true;
			err = KM_ERR_AUTH;
			break;
		}
		start = km_buf_grow(&piece, room);
		if (start == NULL) {
			err = km_buf_error(&piece);
			break;
		}
		count = read(fd, start, room);
		piece.size = before + (count > 0 ? (size_t)count : 0);
		if (count < 0) {
			count = errno == EINTR ? 1 : count;
			err = count < 0 ? KM_ERR_SYS : 0;
		} else {
			err = take_lines(&piece, chain, ret_file);
		}
	}
	/* A last line without its end was cut. */
	if (err == 0 && piece.size > 0) {
		ret_file->line++;
		ret_file->is_unreadable = true;
		err = KM_ERR_AUTH;
	}
	km_buf_finish(&piece);
	return err == 0 && chain != NULL ? km_journal_chain_end(chain, 0) : err;
}

/* --- exporting --- */

struct exporting {
	int fd;
	struct km_buf piece;
	int64_t count;
};

static int write_out(struct exporting *exporting)
{
	struct km_bytes rest = km_buf_view(&exporting->piece);

	while (rest.size > 0) {
		ssize_t count = write(exporting->fd, rest.data, rest.size);

		if (count < 0 && errno != EINTR) {
			return KM_ERR_SYS;
		}
		rest = km_bytes_after(rest, count < 0 ? 0 : (size_t)count);
	}
	km_buf_clear(&exporting->piece);
	return 0;
}

static int on_exported(void *context, sqlite3_stmt *row)
{
	struct exporting *exporting = context;
	struct km_journal_checkpoint checkpoint;
	struct km_journal_entry entry;

	if (km_journal_read(row, &entry) < 0) {
		return KM_ERR_AUTH;
	}
	km_journal_file_write_entry(&exporting->piece, &entry);
	if (sqlite3_column_type(row, KM_JOURNAL_COLUMN_COUNT) != SQLITE_NULL &&
	    read_checkpoint(row, KM_JOURNAL_COLUMN_COUNT, &checkpoint)) {
		km_journal_file_write_checkpoint(&exporting->piece, &checkpoint);
	}
	exporting->count++;
	if (km_buf_error(&exporting->piece) < 0) {
		return km_buf_error(&exporting->piece);
	}
	return exporting->piece.size > PIECE_BYTES ? write_out(exporting) : 0;
}

int km_journal_walk_export(struct km_database *database, int fd,
    const uint8_t public_key[static KM_SIGNATURE_PUBLIC_BYTES], int64_t *ret_count)
{
	struct exporting exporting = { .fd = fd };
	bool has = false;
	int err = has_checkpoints(database, &has);

	km_buf_init(&exporting.piece, (size_t)PIECE_BYTES + 3 * KM_JOURNAL_FILE_LINE_MAX);
	km_journal_file_write_header(&exporting.piece, public_key);
	if (err == 0) {
		err = km_database_run(database, has ? rows_sql : bare_rows_sql,
		    KM_VALUES(KM_NUMBER(INT64_MIN), KM_NUMBER(INT64_MAX)), on_exported, &exporting);
	}
	if (err == 0) {
		err = write_out(&exporting);
	}
	km_buf_finish(&exporting.piece);
	if (err == 0) {
		*ret_count = exporting.count;
	}
	return err;
}
