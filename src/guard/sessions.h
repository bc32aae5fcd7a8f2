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

/* What is known of whoever begins one; for lists of sessions. */
struct km_session_origin {
	char address[64];
	char program[128]; /* as it calls itself */
};

struct km_session {
	struct km_uuid account; /* nil: this place is free */
	struct km_uuid id;      /* to speak of it; gives nobody the session */
	uint8_t token_hash[32];
	uint8_t csrf[KM_SESSION_CSRF_BYTES];
	int64_t generation; /* the account's, when this began: another password or role ends it */
	int64_t created_us; /* monotonic */
	int64_t used_us;
	int64_t created_unix_us;
	struct km_session_origin origin;
};

struct km_sessions {
	int64_t idle_us; /* time-outs */
	int64_t absolute_us;
	struct km_session places[KM_SESSIONS_MAX];
};

void km_sessions_init(struct km_sessions *sessions, int64_t idle_us, int64_t absolute_us);

/*
 * A new session. generation: the account's now, for the caller to compare; unix_us: for people.
 * Returns 0 or KM_ERR_SYS (no randomness).
 */
KM_MUST_USE int km_sessions_begin(struct km_sessions *sessions, const struct km_uuid *account,
    int64_t generation, const struct km_session_origin *origin, int64_t now_us, int64_t unix_us,
    uint8_t ret_token[static KM_SESSION_TOKEN_BYTES], const struct km_session **ret_session);

/* The living session of a token, marked as used now; NULL if there is none. */
const struct km_session *km_sessions_find(
    struct km_sessions *sessions, struct km_bytes token, int64_t now_us);

/* When it ends if it is not used any more (monotonic). */
int64_t km_sessions_ends_us(const struct km_sessions *sessions, const struct km_session *session);

/* Whether there was one. */
bool km_sessions_end(struct km_sessions *sessions, struct km_bytes token);

/* All of an account, but for the one with this id (nil: none is spared). Returns how many. */
size_t km_sessions_end_account(
    struct km_sessions *sessions, const struct km_uuid *account, const struct km_uuid *spared);

/* By its id. Whether there was one. */
bool km_sessions_end_id(struct km_sessions *sessions, const struct km_uuid *id);

/* The living one with this id; NULL if there is none. Not marked as used. */
const struct km_session *km_sessions_find_id(
    struct km_sessions *sessions, const struct km_uuid *id, int64_t now_us);

/* It goes on with the account as it is now: of all sessions, that which changed the password. */
void km_sessions_keep(struct km_sessions *sessions, const struct km_uuid *id, int64_t generation);

/* All that live. */
void km_sessions_each(const struct km_sessions *sessions, int64_t now_us,
    void (*on_session)(void *context, const struct km_session *session), void *context);

#endif
