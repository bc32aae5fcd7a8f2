/*
 * The people who may log in, their lock after failures, and what they may do. [IPA a03-1..4]
 *
 * Passwords are checked elsewhere (they take time and memory, guard/login); here are the records.
 */
#ifndef KM_GUARD_ACCOUNTS_H
#define KM_GUARD_ACCOUNTS_H

#include "crypto/password.h"
#include "guard/database.h"
#include "model/rights.h"

#define KM_ACCOUNT_NAME_SIZE 64

struct km_account {
	struct km_uuid id;
	char name[KM_ACCOUNT_NAME_SIZE];
	enum km_account_role role;
	bool is_disabled;
	uint32_t failures; /* in a row */
	int64_t locked_until_us;
	int64_t created_us;
	int64_t password_us; /* when the password was set */
	char hash[KM_PASSWORD_HASH_SIZE];
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

KM_MUST_USE int km_accounts_set_hash(
    struct km_database *database, const struct km_uuid *id, const char *hash, int64_t now_us);

/* A disabled account cannot log in; it is never deleted, as the journal names it. */
KM_MUST_USE int km_accounts_set_disabled(
    struct km_database *database, const struct km_uuid *id, bool is_disabled);

/*
 * Count a failure. From the third in a row on the account is locked: 1 minute, doubling up to 15.
 * [IPA a03-4] ret_locked_until_us is 0 while it is not locked.
 */
int km_accounts_note_failure(struct km_database *database, const struct km_uuid *id, int64_t now_us,
    int64_t *ret_locked_until_us);
int km_accounts_note_success(struct km_database *database, const struct km_uuid *id);

/* How long the account is locked from now on; 0: it is not. Never longer than the longest lock. */
int64_t km_accounts_lock_left_us(const struct km_account *account, int64_t now_us);

/*
 * Whether the account may do this, to this camera (nil: to none in particular, which is refused for
 * rights that are checked on one). Administrators have every camera; others what was granted.
 */
KM_MUST_USE int km_accounts_may(struct km_database *database, const struct km_account *account,
    enum km_right right, const struct km_uuid *camera, bool *ret_may);

/* Give or take a right on a camera. */
KM_MUST_USE int km_accounts_grant(struct km_database *database, const struct km_uuid *account,
    const struct km_uuid *camera, enum km_right right, bool is_granted);

#endif
