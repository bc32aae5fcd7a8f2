/*
 * A journal outside of its database: one line of JSON for each entry and each checkpoint, in a form
 * that leaves no choice (docs/journal.md), so that a changed byte is a changed journal. Pure:
 * reading takes foreign bytes and allocates nothing.
 *
 *     {"format":"komainu journal 1","public_key":"9c..."}
 *     {"entry":1,"unix_us":1,"monotonic_us":2,"event":40,"camera":null,"account":null,
 *      "text":"...","hash":"0f...","time":"2026-11-22T01:02:03.000004Z","name":"login"}
 *     {"checkpoint":1,"unix_us":1,"hash":"0f...","signature":"77...","time":"..."}
 */
#ifndef KM_GUARD_JOURNAL_FILE_H
#define KM_GUARD_JOURNAL_FILE_H

#include "guard/journal_chain.h"

#define KM_JOURNAL_FILE_LINE_MAX 2048 /* no line is longer; without its line end */

enum km_journal_line_kind {
	KM_JOURNAL_LINE_HEADER,
	KM_JOURNAL_LINE_ENTRY,
	KM_JOURNAL_LINE_CHECKPOINT,
};

/* What a line says; of the members behind `kind` only the one that it names. */
struct km_journal_line {
	enum km_journal_line_kind kind;
	uint8_t public_key[KM_SIGNATURE_PUBLIC_BYTES];
	struct km_journal_entry entry; /* its text lies in text_storage */
	struct km_journal_checkpoint checkpoint;
	char text_storage[KM_JOURNAL_TEXT_SIZE];
};

/*
 * Take a line apart; without its line end. Returns 0, or KM_ERR_FORMAT: it is not exactly what
 * would have been written. ret_number: of the entry or checkpoint, as far as that could be read,
 * else 0; set in any case.
 */
KM_MUST_USE int km_journal_file_parse(
    struct km_bytes line, struct km_journal_line *ret_line, int64_t *ret_number);

/* Append a line with its line end. */
void km_journal_file_write_header(
    struct km_buf *buf, const uint8_t public_key[static KM_SIGNATURE_PUBLIC_BYTES]);
void km_journal_file_write_entry(struct km_buf *buf, const struct km_journal_entry *entry);
void km_journal_file_write_checkpoint(
    struct km_buf *buf, const struct km_journal_checkpoint *checkpoint);

#endif
