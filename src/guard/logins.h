/*
 * Logging in and the first set-up: password hashes are computed on the pool's threads, a few at a
 * time, so that a storm of logins costs bounded memory and never holds up the keys. [IPA a03-4]
 */
#ifndef KM_GUARD_LOGINS_H
#define KM_GUARD_LOGINS_H

#include "guard/accounts.h"
#include "io/loop.h"
#include "model/messages.h"

struct km_logins;

struct km_logins_events {
	/*
	 * How a try ended. err 0: the account may have a session. KM_ERR_AUTH: wrong name or
	 * password; KM_ERR_LOCKED: not before retry_after_us; KM_ERR_DENIED: the set-up token is
	 * wrong; KM_ERR_STATE: the set-up was done, or is under way; KM_ERR_FORMAT: the password or
	 * name is not acceptable. `text` says why.
	 */
	void (*on_login)(void *context, uint32_t request, int err, const struct km_account *account,
	    int64_t retry_after_us, const char *text);
};

/* at_once: password checks that run together; events and database are borrowed. */
KM_MUST_USE int km_logins_create(struct km_loop *loop, struct km_database *database,
    unsigned at_once, unsigned password_characters, const struct km_logins_events *events,
    void *context, struct km_logins **ret_logins);

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

/* Nothing is called any more; checks under way end by themselves on the loop. NULL is fine. */
void km_logins_destroy(struct km_logins *logins);

#endif
