/*
 * Entries of the journal that somebody wishes to see, newest first.
 */
#ifndef KM_GUARD_JOURNAL_SEARCH_H
#define KM_GUARD_JOURNAL_SEARCH_H

#include "guard/journal.h"

#define KM_JOURNAL_SEARCH_EVENTS_MAX 32

struct km_journal_wish {
	int64_t before_number;  /* 0: from the newest on */
	int64_t from_us;        /* 0: without limit */
	int64_t to_us;          /* 0: without limit; not included */
	struct km_uuid camera;  /* nil: all, and entries without one */
	struct km_uuid account; /* nil: all, and entries without one */
	int64_t events[KM_JOURNAL_SEARCH_EVENTS_MAX];
	size_t event_count;   /* 0: all */
	struct km_bytes text; /* stands in the text, letters A to Z in either case; empty: all */
	int64_t most;
	int64_t rows_most; /* entries that are looked through, so that it ends soon; 0: all */
};

/* An entry and, as they are called now, its camera and account ("": none). */
struct km_journal_found {
	struct km_journal_entry entry;
	const char *camera_name;
	const char *account_name;
};

/* Names of events, joined by commas. KM_ERR_NOT_FOUND: ret_wrong is none; KM_ERR_LIMIT. */
KM_MUST_USE int km_journal_search_events(
    struct km_bytes names, struct km_journal_wish *wish, struct km_bytes *ret_wrong);

/*
 * on_found may end the search with a negative result, which is returned. ret_next: before_number
 * of what follows; 0: there is nothing more.
 */
KM_MUST_USE int km_journal_search_run(struct km_database *database,
    const struct km_journal_wish *wish,
    int (*on_found)(void *context, const struct km_journal_found *found), void *context,
    int64_t *ret_next);

/* Somebody went through the journal. [IPA g03-2] */
struct km_journal_review {
	int64_t until_number; /* 0: nobody ever did */
	int64_t unix_us;
	char who[64];
	char note[400];
};

/* The last one. */
KM_MUST_USE int km_journal_search_review(
    struct km_database *database, struct km_journal_review *ret_review);

/*
 * Note one. account: NULL for the command line. until_number 0: up to the last entry; KM_ERR_RANGE:
 * there is no such entry.
 */
KM_MUST_USE int km_journal_search_note_review(struct km_database *database,
    const struct km_uuid *account, const char *who, int64_t until_number, const char *note);

#endif
