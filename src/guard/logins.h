/*
 * Logging in, the first set-up, and new passwords: hashes are computed on the pool's threads, a few
 * at a time, so that a storm of logins costs bounded memory and never holds up the keys.
 * [IPA a03-3, a03-4]
 *
 * A login is: is the try not locked (guard/login_locks), is the password right, is the second
 * factor right where the account has one, may the account be used from there. All failures give the
 * same answer, after the same time, for names that exist and for others.
 */
#ifndef KM_GUARD_LOGINS_H
#define KM_GUARD_LOGINS_H

#include "guard/accounts.h"
#include "guard/vault.h"
#include "io/loop.h"
#include "model/messages.h"

struct km_logins;

/* How a try ended. What it points to is valid during the call. */
struct km_logins_result {
	uint32_t request;
	/*
	 * 0: the account may have a session. KM_ERR_AUTH: wrong name, password or code;
	 * KM_ERR_LOCKED: not before retry_after_us; KM_ERR_DENIED: the set-up token is wrong, or
	 * nobody may come from that address; KM_ERR_STATE: the set-up was done, or is under way;
	 * KM_ERR_FORMAT: the password or name is not acceptable.
	 */
	int err;
	bool needs_code; /* with KM_ERR_AUTH: the password was right, a code is wanted */
	const struct km_account *account; /* NULL unless err is 0 */
	int64_t retry_after_us;
	const char *text; /* why */
	const char *address;
	const char *program;
};

struct km_logins_events {
	void (*on_login)(void *context, const struct km_logins_result *result);
};

struct km_logins_rules {
	unsigned at_once; /* password checks that run together */
	unsigned password_characters;
	unsigned password_history;             /* earlier passwords that are refused */
	const struct km_cidr_list *allow_from; /* from where anybody may come; borrowed */
};

/* events, database, vault and what the rules point to are borrowed. */
KM_MUST_USE int km_logins_create(struct km_loop *loop, struct km_database *database,
    struct km_vault *vault, const struct km_logins_rules *rules,
    const struct km_logins_events *events, void *context, struct km_logins **ret_logins);

/*
 * If there is no account yet: make a set-up token (text, URL-safe) that lives until it is used or
 * this process ends. Returns 0, KM_ERR_STATE (set-up was done), or an error.
 */
#define KM_LOGINS_TOKEN_SIZE 33
KM_MUST_USE int km_logins_make_token(
    struct km_logins *logins, char ret_token[static KM_LOGINS_TOKEN_SIZE]);

bool km_logins_is_setup_done(const struct km_logins *logins);

/* Begin; on_login follows, perhaps before this returns. The message is wiped. */
void km_logins_login(struct km_logins *logins, struct km_message_login *login);
void km_logins_setup(struct km_logins *logins, struct km_message_setup *setup);

/*
 * Prove once more who one is, make the hash of a new password, or both. Texts are copied.
 *
 * on_ready: err 0, and hash (NULL if none was wanted) is that of the new password, which the caller
 * stores. KM_ERR_DENIED: the current password is wrong (counted as a failed login);
 * KM_ERR_LOCKED: as with logins; KM_ERR_FORMAT: the new one is not acceptable; KM_ERR_CLOSED: this
 * process ends, let go of the context and touch nothing else. text says why.
 */
struct km_logins_change {
	const struct km_account *account; /* whose; an empty hash: it is to be made */
	const char *address;
	const char *current; /* NULL: it is not asked for */
	const char *wanted;  /* NULL: no new one */
	void (*on_ready)(
	    void *context, int err, int64_t retry_after_us, const char *hash, const char *text);
	void *context;
};
void km_logins_change(struct km_logins *logins, const struct km_logins_change *change);

/* on_login is not called any more; checks under way end by themselves on the loop. NULL is fine. */
void km_logins_destroy(struct km_logins *logins);

#endif
