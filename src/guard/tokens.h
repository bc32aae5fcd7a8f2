/*
 * API tokens: what programs have instead of a password. [IPA a03-2]
 *
 * A token acts for its owner, with some of the owner's rights, on some of the owner's cameras, from
 * some addresses, and not for longer than a year. What the owner loses, the token loses. It never
 * has the rights over accounts and sessions, as a token makes no further tokens, nor the one to put
 * cameras right, as that asks for a person's password. 32 random bytes, written as "kmt_" and
 * base64url; shown once, kept as a hash with a prefix of its own, so that nothing else that is 32
 * bytes long is ever taken for one. Revoked tokens stay in the list: the journal names them.
 */
#ifndef KM_GUARD_TOKENS_H
#define KM_GUARD_TOKENS_H

#include "guard/accounts.h"

#define KM_TOKEN_BYTES       32
#define KM_TOKEN_TEXT_SIZE   48 /* "kmt_", 43 characters, NUL */
#define KM_TOKEN_CAMERAS_MAX 64
#define KM_TOKEN_LIFE_MAX_US (366 * INT64_C(86400000000))
#define KM_TOKENS_OF_ONE_MAX 64 /* that live, of one account */

struct km_token {
	struct km_uuid id;
	struct km_uuid account;
	char name[KM_ACCOUNT_NAME_SIZE];
	uint64_t rights; /* bit n: enum km_right n */
	char allow_from[KM_ACCOUNT_ALLOW_SIZE];
	int64_t created_us; /* unix */
	int64_t expires_us;
	int64_t used_us; /* 0: never */
	char used_from[64];
	int64_t revoked_us; /* 0: it was not */
	struct km_uuid cameras[KM_TOKEN_CAMERAS_MAX];
	size_t camera_count; /* 0: all that the owner may see */
};

/*
 * The rights that a token may have at all; and those that one for some cameras may have: what they
 * reach can be told apart by camera. The others are over the whole system.
 */
uint64_t km_tokens_rights(void);
uint64_t km_tokens_rights_of_cameras(void);

/* "live,playback" to bits and back. KM_ERR_FORMAT: no right, or not one of a token's. */
KM_MUST_USE int km_tokens_parse_rights(struct km_bytes text, uint64_t *ret_rights);
void km_tokens_write_rights(uint64_t rights, char *ret_text, size_t size);

/*
 * Store one: name, account, rights, allow_from, expires_us and cameras are used. Returns 0,
 * KM_ERR_FORMAT (name, or a right that it may not have), KM_ERR_RANGE (expiry), KM_ERR_EXISTS (a
 * living one of the account has the name), KM_ERR_LIMIT (too many), or an error of the database.
 */
KM_MUST_USE int km_tokens_add(struct km_database *database, const struct km_token *token,
    int64_t now_us, struct km_uuid *ret_id, char ret_text[static KM_TOKEN_TEXT_SIZE]);

/* "kmt_..." to its bytes. KM_ERR_FORMAT. */
KM_MUST_USE int km_tokens_parse(struct km_bytes text, uint8_t ret_bytes[static KM_TOKEN_BYTES]);

/* By the bytes; also if it is over. KM_ERR_NOT_FOUND. */
KM_MUST_USE int km_tokens_find(
    struct km_database *database, struct km_bytes bytes, struct km_token *ret_token);
KM_MUST_USE int km_tokens_find_id(
    struct km_database *database, const struct km_uuid *id, struct km_token *ret_token);

/* Whether it is neither over nor revoked. */
bool km_tokens_is_alive(const struct km_token *token, int64_t now_us);

/* Whether it was made for all cameras, or for this one among others. */
bool km_tokens_is_for(const struct km_token *token, const struct km_uuid *camera);

/* Whether it was made for this: the right, on this camera (nil: none), from this address. */
bool km_tokens_may(const struct km_token *token, enum km_right right, const struct km_uuid *camera);
bool km_tokens_may_come_from(
    const struct km_token *token, const uint8_t address[static KM_CIDR_ADDRESS_BYTES]);

/* Note its use; written at most once a minute. */
int km_tokens_note_use(struct km_database *database, const struct km_token *token,
    const char *address, int64_t now_us);

/* KM_ERR_NOT_FOUND: there is none, or it was revoked before. */
KM_MUST_USE int km_tokens_revoke(
    struct km_database *database, const struct km_uuid *id, int64_t now_us);

/* By account and name; of all accounts, or of one (nil: all). */
KM_MUST_USE int km_tokens_each(struct km_database *database, const struct km_uuid *account,
    int (*on_token)(void *context, const struct km_token *token), void *context);

#endif
