/*
 * Leads a chain (guard/journal_chain) through a journal: through the database, whole or in pieces,
 * or through an exported file. Blocks while it reads.
 */
#ifndef KM_GUARD_JOURNAL_WALK_H
#define KM_GUARD_JOURNAL_WALK_H

#include "guard/journal_file.h"

/*
 * Walk the entries behind the chain's last one, at most `most`. ret_count: how many rows there
 * were; fewer than `most`: that was the end (call km_journal_chain_end). Returns 0, KM_ERR_AUTH
 * (the chain says what is wrong) or an error of the database.
 */
KM_MUST_USE int km_journal_walk_rows(
    struct km_database *database, struct km_journal_chain *chain, int64_t most, int64_t *ret_count);

/* All of it, with its end. Nothing is changed meanwhile that this could see. */
KM_MUST_USE int km_journal_walk_database(
    struct km_database *database, struct km_journal_chain *chain);

/* The checkpoint with the highest number. KM_ERR_NOT_FOUND, or KM_ERR_AUTH if it is misshapen. */
KM_MUST_USE int km_journal_walk_last_checkpoint(
    struct km_database *database, struct km_journal_checkpoint *ret_checkpoint);

/* The last entry's number and hash; 0 and zeros if there is none. */
KM_MUST_USE int km_journal_walk_last_entry(struct km_database *database, int64_t *ret_number,
    uint8_t ret_hash[static KM_JOURNAL_HASH_BYTES]);

struct km_journal_walk_file {
	int64_t line;       /* that was read last, from 1 on */
	bool is_unreadable; /* that line is not what is ever written */
	bool has_key;
	uint8_t public_key[KM_SIGNATURE_PUBLIC_BYTES]; /* as the file itself says */
	struct km_journal_expected last;               /* the highest entry or checkpoint */
};

/*
 * Read lines from a descriptor and lead the chain through them; with `chain` NULL they are only
 * read, for what stands in ret_file. Returns 0, KM_ERR_AUTH (the chain or is_unreadable says what
 * is wrong), or KM_ERR_SYS.
 */
KM_MUST_USE int km_journal_walk_lines(
    int fd, struct km_journal_chain *chain, struct km_journal_walk_file *ret_file);

/* Write the whole journal as lines to a descriptor, as of one moment. ret_count: entries. */
KM_MUST_USE int km_journal_walk_export(struct km_database *database, int fd,
    const uint8_t public_key[static KM_SIGNATURE_PUBLIC_BYTES], int64_t *ret_count);

#endif
