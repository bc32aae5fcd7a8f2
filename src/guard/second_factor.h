/*
 * The second factor: codes of an authenticator application (TOTP, SHA-1, 6 digits, 30 s) [RFC
 * 6238], and ten recovery codes for when it is lost. [IPA a03-3]
 *
 * The shared secret is sealed by the vault, recovery codes are kept as hashes; both are shown once.
 * A code is taken if it is the one of now or of the step before or after (RFC 6238 5.2), and only
 * if it is later than the last one that was taken, so each code works once. A recovery code is
 * deleted by its use. How often codes may be tried is counted with the passwords
 * (guard/login_locks).
 */
#ifndef KM_GUARD_SECOND_FACTOR_H
#define KM_GUARD_SECOND_FACTOR_H

#include "guard/vault.h"

#define KM_SECOND_FACTOR_SECRET_SIZE 33  /* 20 bytes in base32 [RFC 4648 6], and the NUL */
#define KM_SECOND_FACTOR_URI_SIZE    192 /* otpauth:// with the secret, and the NUL */
#define KM_SECOND_FACTOR_CODES       10  /* recovery codes */
#define KM_SECOND_FACTOR_CODE_SIZE   20  /* "abcd-efgh-ijkl-mnop" and the NUL: 80 bits */

struct km_second_factor_state {
	bool is_active;
	bool is_pending; /* begun, not yet confirmed by a code */
	unsigned codes_left;
};

KM_MUST_USE int km_second_factor_show(struct km_database *database, const struct km_uuid *account,
    struct km_second_factor_state *ret_state);

/*
 * Make a secret. It counts only once km_second_factor_confirm has seen a code of it.
 * KM_ERR_STATE: one is active; that is to be dropped first.
 */
KM_MUST_USE int km_second_factor_begin(struct km_vault *vault, struct km_database *database,
    const struct km_uuid *account, char ret_secret[static KM_SECOND_FACTOR_SECRET_SIZE]);

/* What authenticators read, from a QR code mostly. The name: km_text_is_name. */
void km_second_factor_write_uri(const char *name,
    const char secret[static KM_SECOND_FACTOR_SECRET_SIZE],
    char ret_uri[static KM_SECOND_FACTOR_URI_SIZE]);

/*
 * The first code: from now on the factor is wanted. KM_ERR_AUTH (wrong code), KM_ERR_STATE (nothing
 * was begun). Without a code (empty) it is not asked for: for the local command line.
 */
KM_MUST_USE int km_second_factor_confirm(struct km_vault *vault, struct km_database *database,
    const struct km_uuid *account, struct km_bytes code, int64_t unix_us,
    char ret_codes[static KM_SECOND_FACTOR_CODES][KM_SECOND_FACTOR_CODE_SIZE]);

/*
 * Check a code, of the application or for recovery, and use it up. Returns 0, KM_ERR_AUTH, or
 * another error if it could not be checked. ret_was_recovery may be NULL.
 */
KM_MUST_USE int km_second_factor_check(struct km_vault *vault, struct km_database *database,
    const struct km_uuid *account, struct km_bytes code, int64_t unix_us, bool *ret_was_recovery);

/* Forget secret and recovery codes. Nothing there is fine. */
KM_MUST_USE int km_second_factor_drop(struct km_database *database, const struct km_uuid *account);

#endif
