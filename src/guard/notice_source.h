/*
 * What happened, as notices: each change of an alarm becomes one, and each journal entry of an
 * event in notice_events.tbl.
 *
 * The journal is read from where it was read last, whoever wrote it (the command line too), in one
 * transaction with what is queued: an entry is told once, also over a crash.
 */
#ifndef KM_GUARD_NOTICE_SOURCE_H
#define KM_GUARD_NOTICE_SOURCE_H

#include "guard/database.h"

/*
 * Queue what is new, at most some hundred entries at a time. The first time ever only notes how
 * long the journal is. Returns 0 or an error; ret_count: entries that were read.
 */
KM_MUST_USE int km_notice_source_run(
    struct km_database *database, int64_t now_us, size_t *ret_count);

#endif
