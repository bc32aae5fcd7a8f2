/*
 * Audits of cameras, the facts that they gave, and the ledger of logins that they tried.
 * [IPA a02-1, a03-3, a05-1]
 */
#ifndef KM_GUARD_AUDITS_H
#define KM_GUARD_AUDITS_H

#include "base/time.h"
#include "guard/database.h"
#include "model/facts.h"
#include "model/messages.h"

/* Tries of a login on one account of a camera's service within the window; of the random accounts
 * (KM_FACT_CONTROL_ACCOUNT) on all of its services together. */
#define KM_AUDITS_TRIES_MAX 2
#define KM_AUDITS_WINDOW_US INT64_C(86400000000)
#define KM_AUDITS_LOCK_US   INT64_C(604800000000) /* after a lock was seen: no try for a week */

#define KM_AUDITS_KEPT_MAX   100  /* audits of a camera that are remembered: the newest */
#define KM_AUDITS_FACTS_MAX  1024 /* of a camera, from each of ONVIF and PROBE: the newest */
#define KM_AUDITS_BACKOFF_US KM_TIME_HOUR_US /* after one that did not come to its end */

/* What was left of an earlier run is over. */
KM_MUST_USE int km_audits_prepare(struct km_database *database, int64_t now_us);

/*
 * Queue an audit. One of the camera that waits is taken instead, and made thorough if that is asked
 * for. One that runs is as good for the schedule and after an outage; after a change, or for a
 * person, another one follows it.
 */
KM_MUST_USE int km_audits_queue(struct km_database *database, const struct km_uuid *camera,
    unsigned reason, const char *by, bool is_thorough, int64_t now_us, int64_t *ret_number);

KM_MUST_USE int km_audits_begin(struct km_database *database, int64_t number, int64_t now_us);

/*
 * It is over, as DONE, FAILED or STOPPED. After DONE, facts of lists that this audit could have
 * confirmed and did not (a port that is closed now) are gone; what it did not look at stays and
 * ages. What is older than KM_AUDITS_KEPT_MAX audits or KM_AUDITS_LOCK_US is forgotten.
 */
KM_MUST_USE int km_audits_end(struct km_database *database, int64_t number, unsigned state,
    uint64_t packets, const char *text, int64_t now_us);

KM_MUST_USE int km_audits_find(
    struct km_database *database, int64_t number, struct km_message_audit *ret_audit);

/* The oldest that waits, of a camera that none runs for. KM_ERR_NOT_FOUND. */
KM_MUST_USE int km_audits_next(struct km_database *database, struct km_message_audit *ret_audit);

/* camera nil: the newest of each; else all of it, newest first, limit at most. */
KM_MUST_USE int km_audits_each(struct km_database *database, const struct km_uuid *camera,
    uint32_t limit, int (*on_audit)(void *context, struct km_message_audit *audit), void *context);

/* How the camera's audits went. */
struct km_audits_past {
	int64_t ended_us; /* the last one, however it ended; 0: there was none */
	int64_t misses;   /* that were stopped or failed since one was DONE */
};

KM_MUST_USE int km_audits_past(
    struct km_database *database, const struct km_uuid *camera, struct km_audits_past *ret_past);

/*
 * When the next one is due by itself: interval_us after the last; after misses sooner, but each
 * time later, from KM_AUDITS_BACKOFF_US up to the interval. So nobody has to stop one twice, and
 * none is begun over and over on a camera that does not let it come to its end. Pure.
 */
int64_t km_audits_due_us(const struct km_audits_past *past, int64_t interval_us);

/* Store a fact; one of the same camera, kind, subject and source is replaced. */
KM_MUST_USE int km_audits_put_fact(struct km_database *database, const struct km_fact *fact);

/*
 * Store facts of one camera together: all or none. What is above KM_AUDITS_FACTS_MAX then goes, the
 * oldest first, so that no camera fills the database.
 */
KM_MUST_USE int km_audits_put_facts(
    struct km_database *database, const struct km_fact *facts, size_t count);

/* Forget the facts of this kind that come from this source. */
KM_MUST_USE int km_audits_drop_facts(
    struct km_database *database, const struct km_uuid *camera, unsigned kind, unsigned source);

/* camera NULL: of all cameras; kind 0: of all kinds. In the order camera, kind, subject. */
KM_MUST_USE int km_audits_each_fact(struct km_database *database, const struct km_uuid *camera,
    unsigned kind, int (*on_fact)(void *context, const struct km_fact *fact), void *context);

/*
 * Write down that a login is about to be tried, or refuse it: KM_ERR_DENIED after
 * KM_AUDITS_TRIES_MAX tries in the window, or after a lock. On the disk when this returns 0.
 */
KM_MUST_USE int km_audits_try(struct km_database *database, const struct km_uuid *camera,
    const char *service, const char *account, uint32_t pair, int64_t now_us);

/*
 * A login was let in: its tries so far were no failed ones, or the camera counts from nought again.
 * What is known of locks stays.
 */
KM_MUST_USE int km_audits_forget_tries(struct km_database *database, const struct km_uuid *camera,
    const char *service, const char *account);

/* A lock was seen: nothing is tried on this camera for KM_AUDITS_LOCK_US. */
KM_MUST_USE int km_audits_note_lock(struct km_database *database, const struct km_uuid *camera,
    const char *service, const char *account, int64_t now_us);

#endif
