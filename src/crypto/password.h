/*
 * Passwords: their hashes (Argon2id [RFC 9106]) and keys made from passphrases.
 *
 * One hash takes KM_PASSWORD_MEMORY_BYTES and about 0.2 s of one core: callers bound how many run
 * at once, and never call this on an event loop.
 */
#ifndef KM_CRYPTO_PASSWORD_H
#define KM_CRYPTO_PASSWORD_H

#include "base/bytes.h"

#define KM_PASSWORD_HASH_SIZE    128 /* with the NUL */
#define KM_PASSWORD_SALT_BYTES   16
#define KM_PASSWORD_MEMORY_BYTES (128U << 20)
#define KM_PASSWORD_PASSES       3

/*
 * The hash as text with its parameters and salt ("$argon2id$v=19$..."), to be stored.
 * Returns 0 or KM_ERR_MEMORY.
 */
KM_MUST_USE int km_password_hash(
    struct km_bytes password, char ret_hash[static KM_PASSWORD_HASH_SIZE]);

/* Whether the password fits the hash. Takes the same time for a broken hash as for a wrong one. */
bool km_password_is_right(struct km_bytes password, const char *hash);

/* Whether the hash was made with other parameters than today's: make it anew at the next login. */
bool km_password_is_outdated(const char *hash);

/*
 * A 32-byte key from a passphrase. passes and memory_bytes as stored beside the salt.
 * Returns 0, KM_ERR_RANGE or KM_ERR_MEMORY.
 */
KM_MUST_USE int km_password_derive(struct km_bytes passphrase,
    const uint8_t salt[static KM_PASSWORD_SALT_BYTES], uint64_t passes, size_t memory_bytes,
    uint8_t ret_key[static 32]);

enum km_password_flaw {
	KM_PASSWORD_FINE = 0,
	KM_PASSWORD_SHORT,   /* fewer than min_characters */
	KM_PASSWORD_LONG,    /* more than 200 bytes */
	KM_PASSWORD_COMMON,  /* known words, years, runs and repetitions, and little else */
	KM_PASSWORD_NAME,    /* contains the account's name, or is contained in it */
	KM_PASSWORD_NO_TEXT, /* not UTF-8, or with control characters */
	KM_PASSWORD_USED, /* one of the last ones of this account; told by who knows their hashes */
};

/*
 * What is wrong with a new password. [IPA a03-3, a03-4] Length counts characters (UTF-8);
 * min_characters is never taken below 8.
 */
enum km_password_flaw km_password_judge(
    struct km_bytes password, struct km_bytes account_name, unsigned min_characters);

/* A sentence that says what would be right; static. */
const char *km_password_flaw_text(enum km_password_flaw flaw);

#endif
