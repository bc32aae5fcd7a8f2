/*
 * What was put right on cameras, and what is under way. [IPA a06-1, a12-3, h01-1]
 *
 * A new password is stored sealed, beside the one before it, before anything is sent. Both stay
 * until one of them is known to hold; so whatever ends when, the recorder has the right one.
 */
#ifndef KM_GUARD_REMEDY_RECORDS_H
#define KM_GUARD_REMEDY_RECORDS_H

#include "guard/cameras.h"
#include "guard/database.h"
#include "guard/vault.h"
#include "model/messages.h"

#define KM_REMEDY_RECORDS_PASSWORD_SIZE 17 /* NUL included */

struct km_remedy_record {
	int64_t number;
	struct km_uuid camera;
	unsigned kind;                  /* model/remedies.tbl */
	unsigned state;                 /* remedy_state in states.tbl */
	char user[KM_CAMERA_USER_SIZE]; /* password: whose */
	unsigned tries;                 /* to find out which password holds */
	int64_t due_us; /* running or unsure: when to see to it; over: when to audit; 0: not */
};

/* A new one that is to begin. */
struct km_remedy_records_order {
	struct km_uuid camera;
	unsigned kind;
	const char *by;
	const char *plan;    /* what will be sent, in short */
	int64_t before;      /* snapshot; 0: none */
	const char *user;    /* password: whose; else "" */
	const char *wanted;  /* password: the new one; else NULL */
	const char *earlier; /* and the one before */
};

/*
 * A new password that cameras' rules take: 16 signs, which is the most that some allow; letters of
 * both cases, digits, and a dash in the middle. About 87 bits.
 */
KM_MUST_USE int km_remedy_records_make_password(
    char ret_password[static KM_REMEDY_RECORDS_PASSWORD_SIZE]);

/* On the disk when this returns 0. KM_ERR_EXISTS: one of this camera is not over. */
KM_MUST_USE int km_remedy_records_begin(struct km_database *database, struct km_vault *vault,
    const struct km_remedy_records_order *order, int64_t now_us, int64_t *ret_number);

KM_MUST_USE int km_remedy_records_set_step(
    struct km_database *database, int64_t number, const char *step);

/* KM_ERR_NOT_FOUND. */
KM_MUST_USE int km_remedy_records_find(
    struct km_database *database, int64_t number, struct km_remedy_record *ret_record);

/*
 * Those whose time has come: not over, or to be followed by an audit; and all that are RUNNING, of
 * which the caller knows whether somebody runs them.
 */
KM_MUST_USE int km_remedy_records_each_due(struct km_database *database, int64_t now_us,
    int (*on_due)(void *context, const struct km_remedy_record *record), void *context);

/* Both passwords in the clear. Wipe them. */
KM_MUST_USE int km_remedy_records_passwords(struct km_database *database, struct km_vault *vault,
    const struct km_remedy_record *record, char ret_wanted[static KM_CAMERA_PASSWORD_SIZE],
    char ret_earlier[static KM_CAMERA_PASSWORD_SIZE]);

/*
 * It is over as DONE or FAILED: both passwords are forgotten here. audit_us: when the camera is to
 * be audited; 0: not. As UNSURE, they are kept and looked at again then.
 */
KM_MUST_USE int km_remedy_records_end(struct km_database *database, int64_t number, unsigned state,
    const char *text, int64_t audit_us, int64_t now_us);

/* Its time was used: the next one, or 0. */
KM_MUST_USE int km_remedy_records_put_off(
    struct km_database *database, int64_t number, unsigned tries, int64_t due_us);

/*
 * Whatever ran when the recorder ended: of a password it is UNSURE now and due at once, others
 * are FAILED.
 */
KM_MUST_USE int km_remedy_records_prepare(struct km_database *database, int64_t now_us);

/* camera nil: of all. The newest first. */
KM_MUST_USE int km_remedy_records_each(struct km_database *database, const struct km_uuid *camera,
    uint32_t limit, int (*on_remedy)(void *context, struct km_message_remedy *remedy),
    void *context);

/*
 * What the end of a password's change means: remedy_state in states.tbl. Pure.
 * DONE: the new one holds. FAILED: the old one holds. UNSURE: neither is known. Once a change may
 * have been taken, only a login tells, and that the old one is let in only if it is so when
 * everything is settled (is_settling): some cameras take a change late.
 */
unsigned km_remedy_records_judge(const struct km_message_remedy_done *done, bool is_settling);

/* When to try again which password holds: half an hour, an hour, ... a day. */
int64_t km_remedy_records_pause_us(unsigned tries);

#endif
