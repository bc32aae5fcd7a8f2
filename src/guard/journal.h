/*
 * What happened, once and for good: numbered entries, each with the hash of the one before it.
 * [IPA a04-2, a04-3] The format, and how others check it, is in docs/journal.md.
 *
 * hash(n) = SHA-256(hash(n-1) || the entry's fields): a changed, removed or inserted entry breaks
 * the chain from there on. The table refuses updates and deletes. Signed checkpoints
 * (guard/journal_chain) show a chain that was written anew without the key.
 *
 * What is durable when: an entry is on the disk before km_journal_note returns, so that nobody is
 * let in, and nothing is changed, unless it is written down. In the guard (km_journal_open_queue)
 * what the machine tells about itself (cameras up and lost, the disk, processes) waits some
 * milliseconds and is written with what else came meanwhile, in one transaction; a power cut costs
 * these at most KM_JOURNAL_WAIT_US. The order of the entries is the order of the calls: one that
 * must be durable takes those that wait along.
 */
#ifndef KM_GUARD_JOURNAL_H
#define KM_GUARD_JOURNAL_H

#include "guard/database.h"
#include "model/events.h"

#define KM_JOURNAL_HASH_BYTES 32
#define KM_JOURNAL_TEXT_SIZE  600
#define KM_JOURNAL_WAIT_US    INT64_C(20000)
#define KM_JOURNAL_NAME_SIZE  64

struct km_journal_entry {
	int64_t number; /* from 1 on, without holes */
	int64_t unix_us;
	int64_t monotonic_us;   /* of the recorder's machine, since it was switched on */
	int64_t event;          /* enum km_event; others are from a newer version */
	struct km_uuid camera;  /* nil: none */
	struct km_uuid account; /* nil: none */
	struct km_bytes text;   /* fewer than KM_JOURNAL_TEXT_SIZE bytes */
	uint8_t hash[KM_JOURNAL_HASH_BYTES];
};

/*
 * Write an entry. camera and account may be NULL. The text is for people and never holds a secret,
 * nor what somebody typed that might be one (km_journal_describe_name). Bytes that are not clean
 * UTF-8 become '?'; what is too long is cut.
 *
 * What happened has happened, so callers go on when it cannot be written: then this returns the
 * error, the entry waits in the queue if there is one, and the guard says so in its log and in the
 * status. Not inside a transaction of the caller, where an entry would only join the queue.
 */
int km_journal_note(struct km_database *database, enum km_event event, const struct km_uuid *camera,
    const struct km_uuid *account, const char *text, ...) KM_PRINTF(5, 6);

/*
 * Check the whole chain, without signatures. ret_count entries hold together; KM_ERR_AUTH if the
 * one after them does not fit.
 */
KM_MUST_USE int km_journal_verify(struct km_database *database, int64_t *ret_count);

/* The hash that this entry has behind one whose hash is `before` (zeros before the first). */
KM_MUST_USE int km_journal_hash(const uint8_t before[static KM_JOURNAL_HASH_BYTES],
    const struct km_journal_entry *entry, uint8_t ret_hash[static KM_JOURNAL_HASH_BYTES]);

/* The columns that km_journal_read takes, in front of others. */
#define KM_JOURNAL_COLUMNS                                                                         \
	"journal.number, journal.unix_us, journal.monotonic_us, journal.event, journal.camera,"    \
	" journal.account, journal.text, journal.hash"
#define KM_JOURNAL_COLUMN_COUNT 8

/*
 * An entry from a row. KM_ERR_FORMAT: a column does not have the type or size that was written;
 * ret_entry then has the number, as far as that can be read. The text is valid up to the next row.
 */
KM_MUST_USE int km_journal_read(sqlite3_stmt *row, struct km_journal_entry *ret_entry);

/*
 * Let entries that may wait do so. on_first is called for the first one that waits, and then not
 * before a km_journal_flush: it sees to that. The key tells names apart (km_journal_describe_name)
 * and is copied. The queue goes with km_journal_close_queue, which writes what still waits.
 */
KM_MUST_USE int km_journal_open_queue(struct km_database *database, struct km_bytes name_key,
    void (*on_first)(void *context), void *context);
int km_journal_close_queue(struct km_database *database);

/*
 * Write what waits, in one transaction. Returns 0, or why not; then it still waits. Of more than a
 * few thousand the later ones are given up and counted; a later entry says how many.
 */
int km_journal_flush(struct km_database *database);

/*
 * How a name is written that was typed and belongs to nobody: people type their password there.
 * "an unknown name (a1b2c3d4)", by a keyed hash, so that repeats can be told apart and nothing can
 * be learnt; without a queue, and so without the key, "an unknown name".
 */
void km_journal_describe_name(struct km_database *database, struct km_bytes typed,
    char ret_text[static KM_JOURNAL_NAME_SIZE]);

#endif
