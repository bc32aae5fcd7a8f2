/*
 * The key that signs the journal's checkpoints. The private half is sealed by the root key, as
 * other secrets are; the public half lies in the file journal.pub (PEM) for anybody to keep
 * elsewhere, where whoever owns this machine cannot exchange it.
 */
#ifndef KM_GUARD_JOURNAL_KEY_H
#define KM_GUARD_JOURNAL_KEY_H

#include "guard/journal_chain.h"
#include "guard/vault.h"

#define KM_JOURNAL_KEY_FILE       "journal.pub"
#define KM_JOURNAL_KEY_NAME_BYTES 32

struct km_journal_key {
	struct km_signature_key *signer;
	uint8_t public_key[KM_SIGNATURE_PUBLIC_BYTES];
	uint8_t names[KM_JOURNAL_KEY_NAME_BYTES]; /* for km_journal_open_queue; derived */
};

/* Unseal it; made if there is none, as in states of older versions. */
KM_MUST_USE int km_journal_key_open(
    struct km_database *database, struct km_vault *vault, struct km_journal_key *ret_key);

/* Wipes. A zeroed struct is fine. */
void km_journal_key_close(struct km_journal_key *key);

/*
 * Sign what the checkpoint's other fields say, and store it. KM_ERR_EXISTS: its entry has one
 * already, which stays.
 */
KM_MUST_USE int km_journal_key_put_checkpoint(const struct km_journal_key *key,
    struct km_database *database, struct km_journal_checkpoint *checkpoint);

/* The public half as the database says, which needs no root key. KM_ERR_NOT_FOUND: none was made.
 */
KM_MUST_USE int km_journal_key_public(
    struct km_database *database, uint8_t ret_public[static KM_SIGNATURE_PUBLIC_BYTES]);

/*
 * See to it that the file in the directory holds the public half. ret_was_other: a file was there
 * with something else, and was replaced.
 */
KM_MUST_USE int km_journal_key_publish(
    const struct km_journal_key *key, const char *directory, bool *ret_was_other);

#endif
