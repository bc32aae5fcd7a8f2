/*
 * How often logins may be tried. [IPA a03-4]
 *
 * Counted are failures in a row, in three kinds of counts:
 *   - an account from a place from which it has logged in before: that pair alone;
 *   - an account from everywhere else: one count for all those places together, so that guessing
 *     from a thousand addresses is not a thousand times as quick;
 *   - a place, whatever the names: against those who try one password on many names.
 * From the third failure of an account (the tenth of a place) on each one locks its count: for
 * 1 minute, then 2, 4, ... up to 15 minutes (an hour for a place). While it is locked nothing is
 * checked and nothing counted. A success clears the account's count; a place's count is cleared by
 * a day without failures only, as somebody with an account of their own could clear it at will.
 *
 * Why this does not lock anybody out for ever: strangers who keep an account locked do so for
 * places that it does not know. From where it has been used before it can still log in, whatever
 * strangers do and even if others at that place fail; and `komainu user unlock` on the recorder
 * itself clears all. A place that goes on trying is locked itself for longer than the account is,
 * so that one place alone cannot keep it locked without a break.
 *
 * Names that do not exist are counted just like accounts, so that locks tell nobody which exist:
 * `who` is then a keyed hash of the name, since people type passwords into the field for the name.
 *
 * Counts are kept in the database. Times are of the monotonic clock and of the boot that it counts
 * from: a step of the wall clock neither ends nor lengthens a lock. After another boot each lock
 * begins anew. A place is an IPv4 address, or 64 bits of an IPv6 address.
 */
#ifndef KM_GUARD_LOGIN_LOCKS_H
#define KM_GUARD_LOGIN_LOCKS_H

#include "base/cidr.h"
#include "guard/database.h"

#define KM_LOGIN_LOCKS_TRIES       3 /* failures in a row of an account; from there on it locks */
#define KM_LOGIN_LOCKS_BOOT_BYTES  16
#define KM_LOGIN_LOCKS_PLACES_MAX  32   /* that an account knows; the one unused longest goes */
#define KM_LOGIN_LOCKS_NAMES_MAX   4096 /* counts of names that do not exist */
#define KM_LOGIN_LOCKS_SOURCES_MAX 4096 /* counts of places */

/* Somebody at the door. */
struct km_login_locks_try {
	struct km_uuid who; /* the account, or what stands for a name that does not exist */
	bool is_account;
	uint8_t place[KM_CIDR_ADDRESS_BYTES];
	bool is_familiar; /* the account has logged in from there before */
};

/* Which boot of the machine this is; all zero where the kernel does not tell. */
void km_login_locks_boot(uint8_t ret_boot[static KM_LOGIN_LOCKS_BOOT_BYTES]);

/* Once per start: counts of another boot begin anew at now_us (monotonic, as everywhere here). */
KM_MUST_USE int km_login_locks_begin(struct km_database *database,
    const uint8_t boot[static KM_LOGIN_LOCKS_BOOT_BYTES], int64_t now_us);

/* Fill in who tries from where; place may be all zero (unknown). */
KM_MUST_USE int km_login_locks_recognize(struct km_database *database, const struct km_uuid *who,
    bool is_account, const uint8_t address[static KM_CIDR_ADDRESS_BYTES],
    struct km_login_locks_try *ret_try);

/* How long this try has to wait; 0: it may be checked now. */
KM_MUST_USE int km_login_locks_left(struct km_database *database,
    const struct km_login_locks_try *trying, int64_t now_us, int64_t *ret_left_us);

struct km_login_locks_outcome {
	int64_t account_us; /* the account is locked for so long now; 0: not yet */
	int64_t place_us;
};

/* It failed. */
int km_login_locks_fail(struct km_database *database, const struct km_login_locks_try *trying,
    const uint8_t boot[static KM_LOGIN_LOCKS_BOOT_BYTES], int64_t now_us,
    struct km_login_locks_outcome *ret_outcome);

/* It succeeded: the place is a familiar one from now on. now_unix_us orders places only. */
int km_login_locks_succeed(
    struct km_database *database, const struct km_login_locks_try *trying, int64_t now_unix_us);

/* Clear all counts of an account. */
KM_MUST_USE int km_login_locks_clear(struct km_database *database, const struct km_uuid *account);

/* The longest that is left of the account's locks, from whatever place. */
KM_MUST_USE int km_login_locks_of(struct km_database *database, const struct km_uuid *account,
    int64_t now_us, int64_t *ret_left_us);

#endif
