#include "guard/journal.h"

#include "base/buf.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "io/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_MAX   1024
#define WAITING_MAX 4096
#define KEY_BYTES   32

struct waiting {
	struct waiting *next;
	struct km_journal_entry entry;
	char text[KM_JOURNAL_TEXT_SIZE];
};

struct km_journal_queue {
	struct waiting *first;
	struct waiting **last;
	size_t count;
	uint64_t given_up; /* there was no room, or no memory */
	uint8_t name_key[KEY_BYTES];
	void (*on_first)(void *context);
	void *context;
};

int km_journal_hash(const uint8_t before[static KM_JOURNAL_HASH_BYTES],
    const struct km_journal_entry *entry, uint8_t ret_hash[static KM_JOURNAL_HASH_BYTES])
{
	uint8_t storage[ENTRY_MAX];
	struct km_buf buf;

	km_buf_init_fixed(&buf, storage, sizeof(storage));
	km_buf_add_data(&buf, before, KM_JOURNAL_HASH_BYTES);
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

/* --- writing --- */

/* Columns: number, hash. */
static int on_last(void *context, sqlite3_stmt *row)
{
	struct km_journal_entry *last = context;
	struct km_bytes hash = km_database_blob(row, 1);

	last->number = sqlite3_column_int64(row, 0);
	if (hash.size == sizeof(last->hash)) {
		memcpy(last->hash, hash.data, sizeof(last->hash));
	}
	return 0;
}

static int find_last(struct km_database *database, struct km_journal_entry *ret_last)
{
	return km_database_run(database,
	    "SELECT number, hash FROM journal ORDER BY number DESC LIMIT 1", NULL, 0, on_last,
	    ret_last);
}

/* Write the entry behind `last`, and make it the last. */
static int add(struct km_database *database, struct km_journal_entry *last,
    const struct km_journal_entry *entry)
{
	struct km_journal_entry next = *entry;
	int err = 0;

	next.number = last->number + 1;
	err = km_journal_hash(last->hash, &next, next.hash);
	if (err < 0) {
		return err;
	}
	err = km_database_run(database,
	    "INSERT INTO journal (number, unix_us, monotonic_us, event, camera, account, text, "
	    "hash)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	    (const struct km_database_value[]){
		KM_NUMBER(next.number),
		KM_NUMBER(next.unix_us),
		KM_NUMBER(next.monotonic_us),
		KM_NUMBER(next.event),
		KM_UUID_DATA(&next.camera),
		KM_UUID_DATA(&next.account),
		{ .kind = KM_VALUE_TEXT, .bytes = next.text },
		KM_DATA(KM_BYTES_OF(next.hash)),
	    },
	    8, NULL, NULL);
	if (err == 0) {
		*last = next;
	}
	return err;
}

/* Those in the list, then `extra` if it is not NULL, in one transaction. */
static int write_all(
    struct km_database *database, const struct waiting *first, const struct km_journal_entry *extra)
{
	struct km_journal_entry last = { 0 };
	int err = km_database_exec(database, "BEGIN IMMEDIATE");

	if (err < 0) {
		return err;
	}
	err = find_last(database, &last);
	for (; err == 0 && first != NULL; first = first->next) {
		err = add(database, &last, &first->entry);
	}
	if (err == 0 && extra != NULL) {
		err = add(database, &last, extra);
	}
	if (err == 0) {
		err = km_database_exec(database, "COMMIT");
	}
	if (err < 0) {
		km_database_undo(database);
	}
	return err;
}

static struct km_journal_entry make_entry(enum km_event event)
{
	return (struct km_journal_entry){
		.unix_us = km_clock_unix_us(),
		.monotonic_us = km_clock_monotonic_us(),
		.event = event,
	};
}

/* Without a queue: at once, or as part of the transaction that the caller is in. */
static int write_alone(struct km_database *database, const struct km_journal_entry *entry)
{
	struct km_journal_entry last = { 0 };
	int err = 0;

	if (!km_database_is_in_transaction(database)) {
		return write_all(database, NULL, entry);
	}
	err = find_last(database, &last);
	return err < 0 ? err : add(database, &last, entry);
}

/* --- what waits --- */

/*
 * Whether a power cut may take it: what the machine tells about itself again and again. All else,
 * and what is not listed here, is somebody's doing.
 */
static bool may_wait(int64_t event)
{
	switch (event) {
	case KM_EVENT_ROLE_DIED:
	case KM_EVENT_CAMERA_UP:
	case KM_EVENT_CAMERA_LOST:
	case KM_EVENT_CAMERA_REFUSED:
	case KM_EVENT_STORAGE_TIGHT:
	case KM_EVENT_STORAGE_FULL:
	case KM_EVENT_STORAGE_FAILED:
	case KM_EVENT_STORAGE_OK:
	case KM_EVENT_RECOVERED:
	case KM_EVENT_SAMPLES_LOST:
	case KM_EVENT_CAMERA_CLOCK_OFF:
	case KM_EVENT_CAMERA_CLOCK_OK:
	case KM_EVENT_NETWORK_LOST:
	case KM_EVENT_NETWORK_BACK:
		return true;
	default:
		return false;
	}
}

int km_journal_open_queue(struct km_database *database, struct km_bytes name_key,
    void (*on_first)(void *context), void *context)
{
	struct km_journal_queue *queue = calloc(1, sizeof(*queue));
	int err = 0;

	if (queue == NULL) {
		return KM_ERR_MEMORY;
	}
	err = km_digest_sha256(name_key, queue->name_key);
	if (err < 0) {
		free(queue);
		return err;
	}
	queue->last = &queue->first;
	queue->on_first = on_first;
	queue->context = context;
	km_database_set_journal(database, queue);
	return 0;
}

static void forget_waiting(struct km_journal_queue *queue)
{
	while (queue->first != NULL) {
		struct waiting *waiting = queue->first;

		queue->first = waiting->next;
		free(waiting);
	}
	queue->last = &queue->first;
	queue->count = 0;
}

int km_journal_flush(struct km_database *database)
{
	struct km_journal_queue *queue = km_database_journal(database);
	struct km_journal_entry lost = make_entry(KM_EVENT_JOURNAL_FAILED);
	char text[KM_JOURNAL_TEXT_SIZE];
	int err = 0;

	if (queue == NULL || (queue->first == NULL && queue->given_up == 0)) {
		return 0;
	}
	if (km_database_is_in_transaction(database)) {
		return KM_ERR_STATE;
	}
	(void)snprintf(text, sizeof(text), "%llu entries before this one could not be written",
	    (unsigned long long)queue->given_up);
	lost.text = km_bytes_text(text);
	err = write_all(database, queue->first, queue->given_up > 0 ? &lost : NULL);
	if (err == 0) {
		forget_waiting(queue);
		queue->given_up = 0;
	}
	return err;
}

int km_journal_close_queue(struct km_database *database)
{
	struct km_journal_queue *queue = km_database_journal(database);
	int err = km_journal_flush(database);

	if (queue != NULL) {
		km_database_set_journal(database, NULL);
		forget_waiting(queue);
		explicit_bzero(queue, sizeof(*queue));
		free(queue);
	}
	return err;
}

static int enqueue(struct km_database *database, struct km_journal_queue *queue,
    const struct km_journal_entry *entry)
{
	bool is_first = queue->first == NULL;
	struct waiting *waiting = queue->count < WAITING_MAX ? malloc(sizeof(*waiting)) : NULL;

	if (waiting == NULL) {
		queue->given_up++;
		return KM_ERR_LIMIT;
	}
	waiting->next = NULL;
	waiting->entry = *entry;
	if (entry->text.size > 0) {
		memcpy(waiting->text, entry->text.data, entry->text.size);
	}
	waiting->entry.text = km_bytes_from(waiting->text, entry->text.size);
	*queue->last = waiting;
	queue->last = &waiting->next;
	queue->count++;
	if (is_first) {
		queue->on_first(queue->context);
	}
	if (may_wait(entry->event) || km_database_is_in_transaction(database)) {
		return 0;
	}
	return km_journal_flush(database);
}

/* --- the text --- */

/* Without the beginning of a character at the end, and with '?' for what is not clean UTF-8. */
static struct km_bytes clean(char text[static KM_JOURNAL_TEXT_SIZE], int length)
{
	size_t size = length < 0 ? 0 : (size_t)length;

	if (size >= KM_JOURNAL_TEXT_SIZE) {
		size = KM_JOURNAL_TEXT_SIZE - 1;
		while (size > 0 && ((uint8_t)text[size - 1] & 0xc0) == 0x80) {
			size--;
		}
		if (size > 0 && ((uint8_t)text[size - 1] & 0x80) != 0) {
			size--;
		}
	}
	for (size_t at = 0; at < size;) {
		size_t step = 1;

		while (step <= 4 && at + step <= size &&
		       !km_text_is_clean_utf8(km_bytes_from(text + at, step))) {
			step++;
		}
		if (step > 4 || at + step > size) {
			text[at] = '?';
			step = 1;
		}
		at += step;
	}
	return km_bytes_from(text, size);
}

int km_journal_note(struct km_database *database, enum km_event event, const struct km_uuid *camera,
    const struct km_uuid *account, const char *text, ...)
{
	struct km_journal_queue *queue = km_database_journal(database);
	struct km_journal_entry entry = make_entry(event);
	char line[KM_JOURNAL_TEXT_SIZE];
	int length = 0;
	va_list args;

	va_start(args, text);
	length = vsnprintf(line, sizeof(line), text, args);
	va_end(args);
	entry.text = clean(line, length);
	if (camera != NULL) {
		entry.camera = *camera;
	}
	if (account != NULL) {
		entry.account = *account;
	}
	return queue == NULL ? write_alone(database, &entry) : enqueue(database, queue, &entry);
}

void km_journal_describe_name(
    struct km_database *database, struct km_bytes typed, char ret_text[static KM_JOURNAL_NAME_SIZE])
{
	static const char unknown[] = "an unknown name";
	const struct km_journal_queue *queue = km_database_journal(database);
	uint8_t hash[KM_DIGEST_SHA256_BYTES] = { 0 };

	memcpy(ret_text, unknown, sizeof(unknown));
	if (queue != NULL &&
	    km_digest_hmac_sha256(KM_BYTES_OF(queue->name_key), typed, hash) == 0) {
		(void)snprintf(ret_text, KM_JOURNAL_NAME_SIZE, "%s (%02x%02x%02x%02x)", unknown,
		    hash[0], hash[1], hash[2], hash[3]);
	}
}

/* --- reading --- */

/* Whether the row has the very types that were written: others would read as the same values. */
static bool has_shape(sqlite3_stmt *row)
{
	for (int column = 0; column < 4; column++) {
		if (sqlite3_column_type(row, column) != SQLITE_INTEGER) {
			return false;
		}
	}
	return sqlite3_column_type(row, 4) == SQLITE_BLOB &&
	       sqlite3_column_bytes(row, 4) == KM_UUID_BYTES &&
	       sqlite3_column_type(row, 5) == SQLITE_BLOB &&
	       sqlite3_column_bytes(row, 5) == KM_UUID_BYTES &&
	       sqlite3_column_type(row, 6) == SQLITE_TEXT &&
	       sqlite3_column_bytes(row, 6) < KM_JOURNAL_TEXT_SIZE &&
	       sqlite3_column_type(row, 7) == SQLITE_BLOB &&
	       sqlite3_column_bytes(row, 7) == KM_JOURNAL_HASH_BYTES;
}

int km_journal_read(sqlite3_stmt *row, struct km_journal_entry *ret_entry)
{
	*ret_entry = (struct km_journal_entry){ .number = sqlite3_column_int64(row, 0) };
	if (!has_shape(row)) {
		return KM_ERR_FORMAT;
	}
	*ret_entry = (struct km_journal_entry){
		.number = ret_entry->number,
		.unix_us = sqlite3_column_int64(row, 1),
		.monotonic_us = sqlite3_column_int64(row, 2),
		.event = sqlite3_column_int64(row, 3),
		.camera = km_database_uuid(row, 4),
		.account = km_database_uuid(row, 5),
		.text = km_database_text(row, 6),
	};
	memcpy(ret_entry->hash, km_database_blob(row, 7).data, sizeof(ret_entry->hash));
	return 0;
}

struct verifying {
	uint8_t hash[KM_JOURNAL_HASH_BYTES];
	int64_t count;
};

static int on_entry(void *context, sqlite3_stmt *row)
{
	struct verifying *verifying = context;
	struct km_journal_entry entry;
	uint8_t hash[KM_JOURNAL_HASH_BYTES];
	int err = 0;

	if (km_journal_read(row, &entry) < 0 || entry.number != verifying->count + 1) {
		return KM_ERR_AUTH;
	}
	err = km_journal_hash(verifying->hash, &entry, hash);
	if (err < 0) {
		return err;
	}
	if (memcmp(hash, entry.hash, sizeof(hash)) != 0) {
		return KM_ERR_AUTH;
	}
	memcpy(verifying->hash, hash, sizeof(hash));
	verifying->count++;
	return 0;
}

int km_journal_verify(struct km_database *database, int64_t *ret_count)
{
	struct verifying verifying = { 0 };
	int err =
	    km_database_run(database, "SELECT " KM_JOURNAL_COLUMNS " FROM journal ORDER BY number",
		NULL, 0, on_entry, &verifying);

	*ret_count = verifying.count;
	return err;
}
