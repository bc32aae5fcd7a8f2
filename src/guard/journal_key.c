#include "guard/journal_key.h"

#include "crypto/digest.h"
#include "crypto/random.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALED_SETTING "journal_key"
#define PUBLIC_SETTING "journal_public"
#define PURPOSE        "journal key"
#define BOX_MAX        128
#define PEM_MAX        1024
#define PATH_SIZE      1024

static int make(struct km_database *database, struct km_vault *vault,
    uint8_t ret_seed[static KM_SIGNATURE_SEED_BYTES])
{
	uint8_t storage[BOX_MAX];
	struct km_buf box;
	int err = km_random_fill(ret_seed, KM_SIGNATURE_SEED_BYTES);

	km_buf_init_fixed(&box, storage, sizeof(storage));
	if (err == 0) {
		err = km_vault_seal(
		    vault, PURPOSE, km_bytes_from(ret_seed, KM_SIGNATURE_SEED_BYTES), &box);
	}
	return err < 0 ? err : km_database_put(database, SEALED_SETTING, km_buf_view(&box));
}

/* The private half; made if there is none. */
static int unseal(struct km_database *database, struct km_vault *vault,
    uint8_t ret_seed[static KM_SIGNATURE_SEED_BYTES])
{
	uint8_t storage[BOX_MAX];
	struct km_buf box;
	struct km_buf seed;
	int err = 0;

	km_buf_init_fixed(&box, storage, sizeof(storage));
	km_buf_init_fixed(&seed, ret_seed, KM_SIGNATURE_SEED_BYTES);
	err = km_database_get(database, SEALED_SETTING, &box);
	if (err == KM_ERR_NOT_FOUND) {
		return make(database, vault, ret_seed);
	}
	if (err == 0) {
		err = km_vault_unseal(vault, PURPOSE, km_buf_view(&box), &seed);
	}
	return err == 0 && seed.size != KM_SIGNATURE_SEED_BYTES ? KM_ERR_FORMAT : err;
}

int km_journal_key_open(
    struct km_database *database, struct km_vault *vault, struct km_journal_key *ret_key)
{
	uint8_t seed[KM_SIGNATURE_SEED_BYTES] = { 0 };
	uint8_t stored[KM_SIGNATURE_PUBLIC_BYTES] = { 0 };
	struct km_journal_key key = { 0 };
	int err = unseal(database, vault, seed);

	if (err == 0) {
		err = km_signature_create(seed, &key.signer);
	}
	if (err == 0) {
		err = km_signature_public(key.signer, key.public_key);
	}
	if (err == 0) {
		err = km_digest_hkdf_sha256(KM_BYTES_OF(seed), km_bytes_from(NULL, 0),
		    KM_BYTES("komainu journal unknown names"), key.names, sizeof(key.names));
	}
	if (err == 0 && (km_journal_key_public(database, stored) < 0 ||
			    memcmp(stored, key.public_key, sizeof(stored)) != 0)) {
		err = km_database_put(database, PUBLIC_SETTING, KM_BYTES_OF(key.public_key));
	}
	explicit_bzero(seed, sizeof(seed));
	if (err < 0) {
		km_journal_key_close(&key);
		return err;
	}
	*ret_key = key;
	return 0;
}

void km_journal_key_close(struct km_journal_key *key)
{
	km_signature_destroy(key->signer);
	explicit_bzero(key, sizeof(*key));
}

int km_journal_key_put_checkpoint(const struct km_journal_key *key, struct km_database *database,
    struct km_journal_checkpoint *checkpoint)
{
	int err = km_journal_chain_sign(key->signer, checkpoint);

	return err < 0
		   ? err
		   : km_database_run(database,
			 "INSERT INTO journal_checkpoint (number, unix_us, hash, signature)"
			 " VALUES (?1, ?2, ?3, ?4)",
			 KM_VALUES(KM_NUMBER(checkpoint->number), KM_NUMBER(checkpoint->unix_us),
			     KM_DATA(KM_BYTES_OF(checkpoint->hash)),
			     KM_DATA(KM_BYTES_OF(checkpoint->signature))),
			 NULL, NULL);
}

int km_journal_key_public(
    struct km_database *database, uint8_t ret_public[static KM_SIGNATURE_PUBLIC_BYTES])
{
	uint8_t storage[KM_SIGNATURE_PUBLIC_BYTES];
	struct km_buf found;
	int err = 0;

	km_buf_init_fixed(&found, storage, sizeof(storage));
	err = km_database_get(database, PUBLIC_SETTING, &found);
	if (err == 0 && found.size != sizeof(storage)) {
		err = KM_ERR_FORMAT;
	}
	if (err == 0) {
		memcpy(ret_public, storage, sizeof(storage));
	}
	return err;
}

/* Whether the file says just this; 0 or KM_ERR_NOT_FOUND: there is none, KM_ERR_STATE: another. */
static int compare(const char *path, struct km_bytes pem)
{
	uint8_t content[PEM_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
	ssize_t count = 0;

	if (fd < 0) {
		return errno == ENOENT ? KM_ERR_NOT_FOUND : KM_ERR_STATE;
	}
	count = read(fd, content, sizeof(content));
	(void)close(fd);
	return count >= 0 && km_bytes_is_equal(km_bytes_from(content, (size_t)count), pem)
		   ? 0
		   : KM_ERR_STATE;
}

/* Under another name first: what has the final name is whole. */
static int replace(const char *path, struct km_bytes pem)
{
	char part[PATH_SIZE + 8];
	int fd = -1;
	int err = 0;

	(void)snprintf(part, sizeof(part), "%s.part", path);
	(void)unlink(part);
	fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0) {
		return KM_ERR_SYS;
	}
	if (fchmod(fd, 0644) < 0 || write(fd, pem.data, pem.size) != (ssize_t)pem.size ||
	    fsync(fd) < 0 || rename(part, path) < 0) {
		err = KM_ERR_SYS;
		(void)unlink(part);
	}
	(void)close(fd);
	return err;
}

int km_journal_key_publish(
    const struct km_journal_key *key, const char *directory, bool *ret_was_other)
{
	char path[PATH_SIZE];
	uint8_t storage[PEM_MAX];
	struct km_buf pem;
	int length = snprintf(path, sizeof(path), "%s/" KM_JOURNAL_KEY_FILE, directory);
	int err = length < 0 || (size_t)length >= sizeof(path) ? KM_ERR_LIMIT : 0;

	km_buf_init_fixed(&pem, storage, sizeof(storage));
	if (err == 0) {
		err = km_signature_write_pem(key->signer, &pem);
	}
	if (err == 0) {
		err = compare(path, km_buf_view(&pem));
	} else {
		return err;
	}
	*ret_was_other = err == KM_ERR_STATE;
	return err == 0 ? 0 : replace(path, km_buf_view(&pem));
}
