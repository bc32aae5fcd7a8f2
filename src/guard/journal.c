#include "guard/journal.h"

#include "base/buf.h"
#include "crypto/digest.h"
#include "io/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_SIZE  600
#define HASH_BYTES 32
#define ENTRY_MAX  1024

struct entry {
	int64_t number;
	int64_t unix_us;
	int64_t monotonic_us;
	int64_t event;
	struct km_uuid camera;
	struct km_uuid account;
	struct km_bytes text;
	uint8_t hash[HASH_BYTES];
};

static int hash_entry(
    const uint8_t before[HASH_BYTES], const struct entry *entry, uint8_t ret_hash[HASH_BYTES])
{
	uint8_t storage[ENTRY_MAX];
	struct km_buf buf;

	km_buf_init_fixed(&buf, storage, sizeof(storage));
	km_buf_add_data(&buf, before, HASH_BYTES);
	km_buf_add_i64(&buf, entry->number);
	km_buf_add_i64(&buf, entry->unix_us);
	km_buf_add_i64(&buf, entry->monotonic_us);
	km_buf_add_i64(&buf, entry->event);
	km_buf_add(&buf, km_uuid_view(&entry->camera));
	km_buf_add(&buf, km_uuid_view(&entry->account));
	km_buf_add_u32(&buf, (uint32_t)entry->text.size);
	km_buf_add(&buf, entry->text);
	if (km_buf_error(&buf) < 0) {
		return km_buf_error(&buf);
	}
	return km_digest_sha256(km_buf_view(&buf), ret_hash);
}

/* Columns: number, hash. */
static int on_last(void *context, sqlite3_stmt *row)
{
	struct entry *last = context;
	struct km_bytes hash = km_database_blob(row, 1);

	last->number = sqlite3_column_int64(row, 0);
	if (hash.size == HASH_BYTES) {
		memcpy(last->hash, hash.data, HASH_BYTES);
	}
	return 0;
}

static int add(struct km_database *database, struct entry *entry)
{
	struct entry last = { 0 };
	int err = km_database_run(database,
	    "SELECT number, hash FROM journal ORDER BY number DESC LIMIT 1", NULL, 0, on_last,
	    &last);

	entry->number = last.number + 1;
	if (err == 0) {
		err = hash_entry(last.hash, entry, entry->hash);
	}
	if (err < 0) {
		return err;
	}
	return km_database_run(database,
	    "INSERT INTO journal (number, unix_us, monotonic_us, event, camera, account, text, "
	    "hash)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	    (const struct km_database_value[]){
		KM_NUMBER(entry->number),
		KM_NUMBER(entry->unix_us),
		KM_NUMBER(entry->monotonic_us),
		KM_NUMBER(entry->event),
		KM_UUID_DATA(&entry->camera),
		KM_UUID_DATA(&entry->account),
		{ .kind = KM_VALUE_TEXT, .bytes = entry->text },
		KM_DATA(km_bytes_from(entry->hash, HASH_BYTES)),
	    },
	    8, NULL, NULL);
}

static int add_alone(struct km_database *database, struct entry *entry)
{
	int err = km_database_exec(database, "BEGIN IMMEDIATE");

	if (err < 0) {
		return err;
	}
	err = add(database, entry);
	if (err == 0) {
		err = km_database_exec(database, "COMMIT");
	}
	if (err < 0) {
		km_database_undo(database);
	}
	return err;
}

int km_journal_note(struct km_database *database, enum km_event event, const struct km_uuid *camera,
    const struct km_uuid *account, const char *text, ...)
{
	char line[TEXT_SIZE];
	struct entry entry = {
		.unix_us = km_clock_unix_us(),
		.monotonic_us = km_clock_monotonic_us(),
		.event = event,
	};
	va_list args;

	va_start(args, text);
	(void)vsnprintf(line, sizeof(line), text, args);
	va_end(args);
	entry.text = km_bytes_text(line);
	if (camera != NULL) {
		entry.camera = *camera;
	}
	if (account != NULL) {
		entry.account = *account;
	}
	return add_alone(database, &entry);
}

struct verifying {
	uint8_t hash[HASH_BYTES];
	int64_t count;
};

/* Whether the row has the very types that were written: others would read as the same values. */
static bool has_shape(sqlite3_stmt *row)
{
	for (int column = 0; column < 4; column++) {
		if (sqlite3_column_type(row, column) != SQLITE_INTEGER) {
			return false;
		}
	}
	return km_database_blob(row, 4).size == KM_UUID_BYTES &&
	       sqlite3_column_type(row, 4) == SQLITE_BLOB &&
	       km_database_blob(row, 5).size == KM_UUID_BYTES &&
	       sqlite3_column_type(row, 5) == SQLITE_BLOB &&
	       sqlite3_column_type(row, 6) == SQLITE_TEXT &&
	       km_database_text(row, 6).size < TEXT_SIZE &&
	       sqlite3_column_type(row, 7) == SQLITE_BLOB;
}

static int on_entry(void *context, sqlite3_stmt *row)
{
	struct verifying *verifying = context;
	struct km_bytes stored = { 0 };
	struct entry entry = { 0 };
	int err = 0;

	if (!has_shape(row)) {
		return KM_ERR_AUTH;
	}
	stored = km_database_blob(row, 7);
	entry = (struct entry){
		.number = sqlite3_column_int64(row, 0),
		.unix_us = sqlite3_column_int64(row, 1),
		.monotonic_us = sqlite3_column_int64(row, 2),
		.event = sqlite3_column_int64(row, 3),
		.camera = km_database_uuid(row, 4),
		.account = km_database_uuid(row, 5),
		.text = km_database_text(row, 6),
	};
	err = hash_entry(verifying->hash, &entry, entry.hash);
	if (err < 0) {
		return err;
	}
	if (entry.number != verifying->count + 1 ||
	    !km_bytes_is_equal(stored, km_bytes_from(entry.hash, HASH_BYTES))) {
		return KM_ERR_AUTH;
	}
	memcpy(verifying->hash, entry.hash, HASH_BYTES);
	verifying->count++;
	return 0;
}

int km_journal_verify(struct km_database *database, int64_t *ret_count)
{
	struct verifying verifying = { 0 };
	int err = km_database_run(database,
	    "SELECT number, unix_us, monotonic_us, event, camera, account, text, hash FROM journal"
	    " ORDER BY number",
	    NULL, 0, on_entry, &verifying);

	*ret_count = verifying.count;
	return err;
}
