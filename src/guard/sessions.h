/*
 * Who is logged in now. Kept in memory only: a restart ends all sessions.
 *
 * A session's token is 32 random bytes that only the browser keeps; here is its SHA-256, so that a
 * look into this process's memory gives no token.
 */
#ifndef KM_GUARD_SESSIONS_H
#define KM_GUARD_SESSIONS_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/uuid.h"

#define KM_SESSION_TOKEN_BYTES 32
#define KM_SESSION_CSRF_BYTES  32
#define KM_SESSIONS_MAX        256 /* of all accounts; the one idle longest makes room */
#define KM_SESSIONS_OF_ONE_MAX 32  /* of one account, which so cannot push out the others */

struct km_session {
	struct km_uuid account; /* nil: this place is free */
	uint8_t token_hash[32];
	uint8_t csrf[KM_SESSION_CSRF_BYTES];
	int64_t password_us; /* the account's, when this began: a session ends with its password */
	int64_t created_us;  /* monotonic */
	int64_t used_us;
};

struct km_sessions {
	int64_t idle_us; /* time-outs */
	int64_t absolute_us;
	struct km_session places[KM_SESSIONS_MAX];
};

void km_sessions_init(struct km_sessions *sessions, int64_t idle_us, int64_t absolute_us);

/*
 * A new session. password_us: when the account's password was set, for the caller to compare.
 * Returns 0 or KM_ERR_SYS (no randomness).
 */
KM_MUST_USE int km_sessions_begin(struct km_sessions *sessions, const struct km_uuid *account,
    int64_t password_us, int64_t now_us, uint8_t ret_token[static KM_SESSION_TOKEN_BYTES],
    const struct km_session **ret_session);

/* The living session of a token, marked as used now; NULL if there is none. */
const struct km_session *km_sessions_find(
    struct km_sessions *sessions, struct km_bytes token, int64_t now_us);

/* When it ends if it is not used any more (monotonic). */
int64_t km_sessions_ends_us(const struct km_sessions *sessions, const struct km_session *session);

/* Whether there was one. */
bool km_sessions_end(struct km_sessions *sessions, struct km_bytes token);

/* All of an account, which was disabled. */
void km_sessions_end_account(struct km_sessions *sessions, const struct km_uuid *account);

#endif
