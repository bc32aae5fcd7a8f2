/*
 * The people who may log in, and what they may do. [IPA a03-1..4]
 *
 * Passwords are checked elsewhere (they take time and memory, guard/logins), and so is how often
 * they may be tried (guard/login_locks, which also says why nobody is locked out for ever); here
 * are the records. An account is never deleted, since the journal names it.
 *
 * Each account has a list of addresses from which it may be used ("any" by default). Who shuts
 * themselves out by it is let in again by another administrator or by `komainu user set` on the
 * recorder itself; the API refuses a list that does not hold the address from which an
 * administrator changes their own.
 */
#ifndef KM_GUARD_ACCOUNTS_H
#define KM_GUARD_ACCOUNTS_H

#include "base/cidr.h"
#include "crypto/password.h"
#include "guard/database.h"
#include "model/rights.h"

#define KM_ACCOUNT_NAME_SIZE      64
#define KM_ACCOUNT_ALLOW_SIZE     1024
#define KM_ACCOUNT_OLD_HASHES_MAX 24 /* earlier passwords that are kept */

struct km_account {
	struct km_uuid id;
	char name[KM_ACCOUNT_NAME_SIZE];
	enum km_account_role role;
	bool is_disabled;
	int64_t generation; /* grows when the password, the role or the second factor changes */
	int64_t created_us;
	int64_t password_us;                    /* when the password was set */
	char allow_from[KM_ACCOUNT_ALLOW_SIZE]; /* base/cidr's list of addresses */
	char hash[KM_PASSWORD_HASH_SIZE];
	char token[KM_ACCOUNT_NAME_SIZE]; /* the API token that acts for it here; empty: none */
};

/* Returns 0 or KM_ERR_NOT_FOUND. */
KM_MUST_USE int km_accounts_find(
    struct km_database *database, struct km_bytes name, struct km_account *ret_account);
KM_MUST_USE int km_accounts_find_id(
    struct km_database *database, const struct km_uuid *id, struct km_account *ret_account);

/* By name; disabled ones too. */
KM_MUST_USE int km_accounts_each(struct km_database *database,
    int (*on_account)(void *context, const struct km_account *account), void *context);

KM_MUST_USE int km_accounts_count(struct km_database *database, int64_t *ret_count);

/*
 * Add an account with the hash of its password. The name: km_text_is_name.
 * Returns 0, KM_ERR_FORMAT (name), KM_ERR_EXISTS or KM_ERR_DATABASE.
 */
KM_MUST_USE int km_accounts_add(struct km_database *database, const char *name,
    enum km_account_role role, const char *hash, int64_t now_us, struct km_uuid *ret_id);

/*
 * A new password: `keep` of the hashes before it are kept, so that it can be said which were used.
 * Ends the account's sessions (its generation grows) and its locks.
 */
KM_MUST_USE int km_accounts_set_hash(struct km_database *database, const struct km_uuid *id,
    const char *hash, unsigned keep, int64_t now_us);

/* The same password, hashed with other parameters. Nothing else changes. */
int km_accounts_renew_hash(
    struct km_database *database, const struct km_uuid *id, const char *old, const char *hash);

/* The hash of now and those before it, newest first, `most` together. ret_count says how many. */
KM_MUST_USE int km_accounts_hashes(struct km_database *database, const struct km_uuid *id,
    char (*ret_hashes)[KM_PASSWORD_HASH_SIZE], size_t most, size_t *ret_count);

/* A disabled account cannot log in; it is never deleted, as the journal names it. */
KM_MUST_USE int km_accounts_set_disabled(
    struct km_database *database, const struct km_uuid *id, bool is_disabled);

/* Ends the account's sessions. */
KM_MUST_USE int km_accounts_set_role(
    struct km_database *database, const struct km_uuid *id, enum km_account_role role);

/* Where it may be used from; the caller has parsed the list. KM_ERR_LIMIT: too long. */
KM_MUST_USE int km_accounts_set_allow_from(
    struct km_database *database, const struct km_uuid *id, const char *allow_from);

/* End the sessions of the account: what it is, or how it proves it, has changed. */
KM_MUST_USE int km_accounts_bump(struct km_database *database, const struct km_uuid *id);

/*
 * Whether it would leave no enabled administrator if this account were not one any more.
 */
KM_MUST_USE int km_accounts_is_last_administrator(
    struct km_database *database, const struct km_uuid *id, bool *ret_is_last);

/* Whether its list holds the address. A list that does not parse holds none. */
bool km_accounts_may_come_from(
    const struct km_account *account, const uint8_t address[static KM_CIDR_ADDRESS_BYTES]);

/*
 * Whether the account may do this, to this camera (nil: to none in particular, which is refused for
 * rights that are checked on one). Administrators have every camera; others what was granted.
 */
KM_MUST_USE int km_accounts_may(struct km_database *database, const struct km_account *account,
    enum km_right right, const struct km_uuid *camera, bool *ret_may);

/* The grid: each right of each camera that was given to the account. */
KM_MUST_USE int km_accounts_each_grant(struct km_database *database, const struct km_uuid *account,
    int (*on_grant)(void *context, const struct km_uuid *camera, enum km_right right),
    void *context);

/* Give or take a right on a camera. */
KM_MUST_USE int km_accounts_grant(struct km_database *database, const struct km_uuid *account,
    const struct km_uuid *camera, enum km_right right, bool is_granted);

#endif
