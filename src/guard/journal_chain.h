/*
 * Whether a journal is whole: its entries are walked in order, together with its checkpoints, and
 * the first one that does not fit is named. [IPA a04-2] For the database, for exports, and for both
 * piece by piece. No I/O, nothing allocated.
 *
 * A checkpoint is a signature over the number and the hash of an entry, and so over all before it.
 * What the chain and the checkpoints alone cannot show is that entries at the end were cut off:
 * that is seen by who knows a later one (km_journal_chain_expect).
 */
#ifndef KM_GUARD_JOURNAL_CHAIN_H
#define KM_GUARD_JOURNAL_CHAIN_H

#include "crypto/signature.h"
#include "guard/journal.h"

#define KM_JOURNAL_CHAIN_EXPECTED_MAX 4

struct km_journal_checkpoint {
	int64_t number; /* of the entry; the checkpoint stands behind it */
	int64_t unix_us;
	uint8_t hash[KM_JOURNAL_HASH_BYTES];
	uint8_t signature[KM_SIGNATURE_BYTES];
};

/* Sign what the other fields say. */
KM_MUST_USE int km_journal_chain_sign(
    const struct km_signature_key *key, struct km_journal_checkpoint *checkpoint);

enum km_journal_fault {
	KM_JOURNAL_WHOLE = 0,
	KM_JOURNAL_SHAPE,        /* a field has a type or size that is never written */
	KM_JOURNAL_MISSING,      /* the next one has a higher number */
	KM_JOURNAL_OUT_OF_ORDER, /* a number that was there already, or one below 1 */
	KM_JOURNAL_CHANGED,      /* its hash does not follow from it and the one before it */
	KM_JOURNAL_REWRITTEN,    /* a checkpoint, or the verifier, knows another hash of it */
	KM_JOURNAL_FORGED,       /* the signature of its checkpoint is not by the key */
	KM_JOURNAL_CUT,      /* it is known to have been there, and the journal ends before it */
	KM_JOURNAL_UNSIGNED, /* a key was given, and no checkpoint stands anywhere */
};

/* What is wrong with the entry, in words; static. */
const char *km_journal_chain_fault_text(enum km_journal_fault fault);

struct km_journal_chain {
	const struct km_signature_key *key; /* NULL: signatures are not looked at */
	int64_t number;                     /* the last entry that fits; 0: none */
	int64_t unix_us;                    /* its time */
	uint8_t hash[KM_JOURNAL_HASH_BYTES];
	int64_t signed_number; /* the last checkpoint that fits; 0: none */
	int64_t signed_unix_us;
	int64_t checkpoints;
	enum km_journal_fault fault;
	/*
	 * The first entry that does not fit. For REWRITTEN it is the one behind the last checkpoint
	 * that fits: somewhere from there up to `until` something was changed, and all hashes after
	 * it were made anew.
	 */
	int64_t broken;
	int64_t until; /* else as `broken` */
	struct km_journal_expected {
		int64_t number;
		uint8_t hash[KM_JOURNAL_HASH_BYTES];
	} expected[KM_JOURNAL_CHAIN_EXPECTED_MAX];
	size_t expected_count;
};

/* Begin before the first entry. key: borrowed, may be NULL. */
void km_journal_chain_init(struct km_journal_chain *chain, const struct km_signature_key *key);

/* Begin behind an entry that is trusted: a checkpoint that was verified. */
void km_journal_chain_resume(
    struct km_journal_chain *chain, const struct km_journal_checkpoint *checkpoint);

/* An entry that the verifier knows of. KM_ERR_LIMIT: too many. Before the first entry. */
KM_MUST_USE int km_journal_chain_expect(struct km_journal_chain *chain, int64_t number,
    const uint8_t hash[static KM_JOURNAL_HASH_BYTES]);

/*
 * The next entry; the next checkpoint (behind its entry, before the next one). Return 0, or
 * KM_ERR_AUTH when it does not fit; from then on nothing changes any more. KM_ERR_CRYPTO, ...
 */
KM_MUST_USE int km_journal_chain_entry(
    struct km_journal_chain *chain, const struct km_journal_entry *entry);
KM_MUST_USE int km_journal_chain_checkpoint(
    struct km_journal_chain *chain, const struct km_journal_checkpoint *checkpoint);

/* An entry with this number whose fields cannot be what was written. */
void km_journal_chain_misshapen(struct km_journal_chain *chain, int64_t number);

/*
 * The end: there is nothing more. last_checkpoint: the highest number that a checkpoint was seen
 * with anywhere. Returns 0 or KM_ERR_AUTH.
 */
KM_MUST_USE int km_journal_chain_end(struct km_journal_chain *chain, int64_t last_checkpoint);

/* A line that says what was found: "entry 7 was changed ..."; append to buf. */
void km_journal_chain_describe(const struct km_journal_chain *chain, struct km_buf *buf);

#endif
