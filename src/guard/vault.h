/*
 * Keys: the root key, the data keys of recordings (one per camera and UTC day), and secrets sealed
 * under the root key (camera passwords, the TLS key). They exist in the clear in this process only,
 * apart from the data keys that are released to the writer and, for a user who may see that camera,
 * to web.
 *
 * The root key is sealed either by a key file (32 random bytes, which may lie on another medium) or
 * by a passphrase (Argon2id). Destroying it destroys all recordings. [IPA i01-1]
 */
#ifndef KM_GUARD_VAULT_H
#define KM_GUARD_VAULT_H

#include "base/buf.h"
#include "guard/database.h"

struct km_vault;

/* What opens the root key: exactly one is set. */
struct km_vault_opener {
	struct km_bytes key_file;   /* the 32 bytes of the key file */
	struct km_bytes passphrase; /* as typed, without a line end */
};

/* Make a root key and store it sealed. KM_ERR_EXISTS if there is one. */
KM_MUST_USE int km_vault_make(struct km_database *database, const struct km_vault_opener *opener);

/* Whether the root key wants a passphrase (not a key file). KM_ERR_NOT_FOUND: none was made. */
KM_MUST_USE int km_vault_wants_passphrase(struct km_database *database, bool *ret_wants);

/*
 * Unseal the root key. The database must outlive the vault.
 * Returns 0, KM_ERR_NOT_FOUND, KM_ERR_AUTH (wrong key file or passphrase), KM_ERR_MEMORY, ...
 */
KM_MUST_USE int km_vault_open(struct km_database *database, const struct km_vault_opener *opener,
    struct km_vault **ret_vault);

/* Wipes. NULL is fine. */
void km_vault_close(struct km_vault *vault);

/* Seal and open small secrets. `purpose` is authenticated: a box opens only for the same one. */
KM_MUST_USE int km_vault_seal(
    struct km_vault *vault, const char *purpose, struct km_bytes secret, struct km_buf *box);
KM_MUST_USE int km_vault_unseal(
    struct km_vault *vault, const char *purpose, struct km_bytes box, struct km_buf *secret);

struct km_vault_key {
	struct km_uuid id;
	struct km_uuid camera;
	int32_t day;
	uint8_t material[32];
};

/* The data key of a camera's day, made if there is none. Wipe ret_key after use. */
KM_MUST_USE int km_vault_day_key(struct km_vault *vault, const struct km_uuid *camera, int32_t day,
    int64_t now_unix_us, struct km_vault_key *ret_key);

/* A data key by its id. KM_ERR_NOT_FOUND: unknown or destroyed. */
KM_MUST_USE int km_vault_find_key(
    struct km_vault *vault, const struct km_uuid *id, struct km_vault_key *ret_key);

#endif
