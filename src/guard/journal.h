/*
 * What happened, once and for good: numbered entries, each with the hash of the one before it.
 * [IPA a04-2, a04-3]
 *
 * hash(n) = SHA-256(hash(n-1) || the entry's fields): a changed, removed or inserted entry breaks
 * the chain from there on. The table refuses updates and deletes. Entries cut off at the end, and a
 * chain written anew from some entry on, are seen only by who noted a later number or hash.
 */
#ifndef KM_GUARD_JOURNAL_H
#define KM_GUARD_JOURNAL_H

#include "guard/database.h"
#include "model/events.h"

/*
 * Write an entry. camera and account may be NULL. The text is for people and never holds a secret.
 * What happened has happened, so callers go on when it cannot be written; the guard logs it.
 */
int km_journal_note(struct km_database *database, enum km_event event, const struct km_uuid *camera,
    const struct km_uuid *account, const char *text, ...) KM_PRINTF(5, 6);

/*
 * Check the whole chain. ret_count entries hold together; KM_ERR_AUTH if the one after them does
 * not fit.
 */
KM_MUST_USE int km_journal_verify(struct km_database *database, int64_t *ret_count);

#endif
