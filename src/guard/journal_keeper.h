/*
 * Keeps the journal of a running guard: writes what waits, signs checkpoints, and verifies. On the
 * guard's loop; nothing here takes longer than a few milliseconds at a time.
 *
 * It remembers the end of the chain that it has seen, so that entries which are changed or cut off
 * behind its back are noticed before they would be signed. What is broken is reported, once, and
 * signing goes on from there: the later entries are not to suffer, and the broken one stays where
 * everybody's verification finds it.
 */
#ifndef KM_GUARD_JOURNAL_KEEPER_H
#define KM_GUARD_JOURNAL_KEEPER_H

#include "guard/journal_key.h"
#include "guard/journal_walk.h"
#include "io/loop.h"

struct km_journal_keeper;

struct km_journal_keeper_options {
	int64_t entries;   /* sign after so many */
	int64_t period_us; /* and after so long, if there is a new one */
	int64_t whole_us;  /* so long after the start the whole is verified for the first time */
};

struct km_journal_keeper_events {
	/* Entries cannot be written, and wait (err < 0); they were written after all (0). */
	void (*on_writing)(void *context, int err);
	/* The text says which entry, and what is wrong with it. */
	void (*on_broken)(void *context, const char *text);
};

struct km_journal_keeper_state {
	bool is_failing; /* entries wait because they cannot be written */
	bool is_broken;
	int64_t number; /* of the last entry */
	int64_t signed_number;
	int64_t signed_unix_us;
	int64_t verified_number; /* the last verification of everything came to here; 0: none yet */
	int64_t verified_unix_us;
	char text[256]; /* what is broken */
};

/*
 * Open the key and the journal's queue. All pointers are borrowed. The journal is closed, with what
 * waits written, by km_journal_keeper_destroy.
 */
KM_MUST_USE int km_journal_keeper_create(struct km_loop *loop, struct km_database *database,
    struct km_vault *vault, const struct km_journal_keeper_options *options,
    const struct km_journal_keeper_events *events, void *context,
    struct km_journal_keeper **ret_keeper);

/*
 * Verify what came after the last checkpoint, and sign a new one. From then on the whole journal is
 * verified soon and once a day, in small pieces.
 */
KM_MUST_USE int km_journal_keeper_start(struct km_journal_keeper *keeper);

/* Write what waits and sign, if there is anything new. */
KM_MUST_USE int km_journal_keeper_sign(struct km_journal_keeper *keeper);

const struct km_journal_key *km_journal_keeper_key(const struct km_journal_keeper *keeper);

void km_journal_keeper_look(
    const struct km_journal_keeper *keeper, struct km_journal_keeper_state *ret_state);

/* NULL is fine. */
void km_journal_keeper_destroy(struct km_journal_keeper *keeper);

#endif
