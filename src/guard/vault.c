#include "guard/vault.h"

#include "base/reader.h"
#include "crypto/box.h"
#include "crypto/password.h"
#include "crypto/random.h"

#include <stdlib.h>
#include <string.h>

#define ROOT_SETTING "root_key"
#define RECORD_MAX   256
#define KEY_BYTES    32
#define PURPOSE_MAX  128

/* How the root key is sealed; first byte of the record. */
enum {
	BY_KEY_FILE = 1,   /* then the box */
	BY_PASSPHRASE = 2, /* then salt, passes (u32), memory (u64), the box */
};

struct km_vault {
	struct km_database *database; /* borrowed */
	uint8_t root[KEY_BYTES];
};

static const struct km_bytes root_purpose = {
	.data = (const uint8_t *)"komainu root key",
	.size = sizeof("komainu root key") - 1,
};

/* Write the record's head, and make the key that seals: from the file, or from the passphrase. */
static int begin_record(
    const struct km_vault_opener *opener, struct km_buf *record, uint8_t ret_sealer[KEY_BYTES])
{
	uint8_t salt[KM_PASSWORD_SALT_BYTES];
	int err = 0;

	if (opener->passphrase.size == 0) {
		if (opener->key_file.size != KEY_BYTES) {
			return KM_ERR_FORMAT;
		}
		km_buf_add_u8(record, BY_KEY_FILE);
		memcpy(ret_sealer, opener->key_file.data, KEY_BYTES);
		return 0;
	}
	err = km_random_fill(salt, sizeof(salt));
	if (err < 0) {
		return err;
	}
	km_buf_add_u8(record, BY_PASSPHRASE);
	km_buf_add_data(record, salt, sizeof(salt));
	km_buf_add_u32(record, KM_PASSWORD_PASSES);
	km_buf_add_u64(record, KM_PASSWORD_MEMORY_BYTES);
	return km_password_derive(
	    opener->passphrase, salt, KM_PASSWORD_PASSES, KM_PASSWORD_MEMORY_BYTES, ret_sealer);
}

int km_vault_make(struct km_database *database, const struct km_vault_opener *opener)
{
	uint8_t storage[RECORD_MAX];
	uint8_t sealer[KEY_BYTES] = { 0 };
	uint8_t root[KEY_BYTES] = { 0 };
	struct km_buf record;
	int err = 0;

	km_buf_init_fixed(&record, storage, sizeof(storage));
	err = km_database_get(database, ROOT_SETTING, &record);
	if (err != KM_ERR_NOT_FOUND) {
		return err == 0 ? KM_ERR_EXISTS : err;
	}
	err = begin_record(opener, &record, sealer);
	if (err == 0) {
		err = km_random_fill(root, sizeof(root));
	}
	if (err == 0) {
		err = km_box_seal(sealer, root_purpose, km_bytes_from(root, sizeof(root)), &record);
	}
	if (err == 0) {
		err = km_database_put(database, ROOT_SETTING, km_buf_view(&record));
	}
	explicit_bzero(sealer, sizeof(sealer));
	explicit_bzero(root, sizeof(root));
	return err;
}

int km_vault_wants_passphrase(struct km_database *database, bool *ret_wants)
{
	uint8_t storage[RECORD_MAX];
	struct km_buf record;
	int err = 0;

	km_buf_init_fixed(&record, storage, sizeof(storage));
	err = km_database_get(database, ROOT_SETTING, &record);
	if (err == 0) {
		*ret_wants = record.size > 0 && record.data[0] == BY_PASSPHRASE;
	}
	return err;
}

/* The key that opens the record's box; the reader then stands at the box. */
static int read_sealer(
    struct km_reader *record, const struct km_vault_opener *opener, uint8_t ret_sealer[KEY_BYTES])
{
	uint8_t method = 0;
	uint8_t salt[KM_PASSWORD_SALT_BYTES];
	uint32_t passes = 0;
	uint64_t memory_bytes = 0;

	if (km_reader_u8(record, &method) < 0) {
		return KM_ERR_SHORT;
	}
	if (method == BY_KEY_FILE) {
		if (opener->key_file.size != KEY_BYTES) {
			return KM_ERR_AUTH;
		}
		memcpy(ret_sealer, opener->key_file.data, KEY_BYTES);
		return 0;
	}
	if (method != BY_PASSPHRASE) {
		return KM_ERR_UNSUPPORTED;
	}
	if (km_reader_copy(record, salt, sizeof(salt)) < 0 || km_reader_u32(record, &passes) < 0 ||
	    km_reader_u64(record, &memory_bytes) < 0) {
		return KM_ERR_SHORT;
	}
	if (opener->passphrase.size == 0) {
		return KM_ERR_AUTH;
	}
	return km_password_derive(
	    opener->passphrase, salt, passes, (size_t)memory_bytes, ret_sealer);
}

int km_vault_open(
    struct km_database *database, const struct km_vault_opener *opener, struct km_vault **ret_vault)
{
	uint8_t storage[RECORD_MAX];
	uint8_t sealer[KEY_BYTES] = { 0 };
	struct km_vault *vault = calloc(1, sizeof(*vault));
	struct km_buf record;
	struct km_buf root;
	struct km_reader reader;
	int err = KM_ERR_MEMORY;

	if (vault == NULL) {
		return KM_ERR_MEMORY;
	}
	vault->database = database;
	km_buf_init_fixed(&record, storage, sizeof(storage));
	km_buf_init_fixed(&root, vault->root, sizeof(vault->root));
	err = km_database_get(database, ROOT_SETTING, &record);
	if (err < 0) {
		goto out;
	}
	reader = km_reader_from(km_buf_view(&record));
	err = read_sealer(&reader, opener, sealer);
	if (err == 0) {
		err = km_box_open(sealer, root_purpose, km_reader_rest(&reader), &root);
	}
	if (err < 0) {
		goto out;
	}
	*ret_vault = vault;
	vault = NULL;
out:
	explicit_bzero(sealer, sizeof(sealer));
	km_vault_close(vault);
	return err;
}

void km_vault_close(struct km_vault *vault)
{
	if (vault != NULL) {
		explicit_bzero(vault->root, sizeof(vault->root));
		free(vault);
	}
}

int km_vault_seal(
    struct km_vault *vault, const char *purpose, struct km_bytes secret, struct km_buf *box)
{
	return km_box_seal(vault->root, km_bytes_text(purpose), secret, box);
}

int km_vault_unseal(
    struct km_vault *vault, const char *purpose, struct km_bytes box, struct km_buf *secret)
{
	return km_box_open(vault->root, km_bytes_text(purpose), box, secret);
}

/* A wrapped data key belongs to its id, camera and day: none can be put in place of another. */
static struct km_bytes write_purpose(const struct km_vault_key *key, struct km_buf *purpose)
{
	km_buf_add_text(purpose, "komainu data key");
	km_buf_add(purpose, km_uuid_view(&key->id));
	km_buf_add(purpose, km_uuid_view(&key->camera));
	km_buf_add_u32(purpose, (uint32_t)key->day);
	return km_buf_view(purpose);
}

struct finding {
	struct km_vault *vault;
	struct km_vault_key *ret_key;
	bool is_found;
};

/* Columns: id, camera, day, wrapped. */
static int on_key(void *context, sqlite3_stmt *row)
{
	struct finding *finding = context;
	uint8_t purpose_storage[PURPOSE_MAX];
	struct km_vault_key key = {
		.id = km_database_uuid(row, 0),
		.camera = km_database_uuid(row, 1),
		.day = sqlite3_column_int(row, 2),
	};
	struct km_buf purpose;
	struct km_buf material;
	int err = 0;

	km_buf_init_fixed(&purpose, purpose_storage, sizeof(purpose_storage));
	km_buf_init_fixed(&material, key.material, sizeof(key.material));
	err = km_box_open(finding->vault->root, write_purpose(&key, &purpose),
	    km_database_blob(row, 3), &material);
	if (err == 0 && material.size != KEY_BYTES) {
		err = KM_ERR_FORMAT;
	}
	if (err == 0) {
		finding->is_found = true;
		*finding->ret_key = key;
	}
	explicit_bzero(&key, sizeof(key));
	return err;
}

static int make_key(struct km_vault *vault, const struct km_uuid *camera, int32_t day,
    int64_t now_unix_us, struct km_vault_key *ret_key)
{
	uint8_t purpose_storage[PURPOSE_MAX];
	uint8_t wrapped_storage[KEY_BYTES + KM_BOX_EXTRA_BYTES];
	struct km_vault_key key = { .camera = *camera, .day = day };
	struct km_buf purpose;
	struct km_buf wrapped;
	int err = km_random_uuid(&key.id);

	km_buf_init_fixed(&purpose, purpose_storage, sizeof(purpose_storage));
	km_buf_init_fixed(&wrapped, wrapped_storage, sizeof(wrapped_storage));
	if (err == 0) {
		err = km_random_fill(key.material, sizeof(key.material));
	}
	if (err == 0) {
		err = km_box_seal(vault->root, write_purpose(&key, &purpose),
		    km_bytes_from(key.material, sizeof(key.material)), &wrapped);
	}
	if (err == 0) {
		err = km_database_run(vault->database,
		    "INSERT INTO data_key (id, camera, day, wrapped, created_us)"
		    " VALUES (?1, ?2, ?3, ?4, ?5)",
		    KM_VALUES(KM_UUID_DATA(&key.id), KM_UUID_DATA(camera), KM_NUMBER(day),
			KM_DATA(km_buf_view(&wrapped)), KM_NUMBER(now_unix_us)),
		    NULL, NULL);
	}
	if (err == 0) {
		*ret_key = key;
	}
	explicit_bzero(&key, sizeof(key));
	return err;
}

int km_vault_day_key(struct km_vault *vault, const struct km_uuid *camera, int32_t day,
    int64_t now_unix_us, struct km_vault_key *ret_key)
{
	struct finding finding = { .vault = vault, .ret_key = ret_key };
	int err = km_database_run(vault->database,
	    "SELECT id, camera, day, wrapped FROM data_key"
	    " WHERE camera = ?1 AND day = ?2 AND wrapped IS NOT NULL",
	    KM_VALUES(KM_UUID_DATA(camera), KM_NUMBER(day)), on_key, &finding);

	if (err < 0 || finding.is_found) {
		return err;
	}
	return make_key(vault, camera, day, now_unix_us, ret_key);
}

int km_vault_find_key(
    struct km_vault *vault, const struct km_uuid *id, struct km_vault_key *ret_key)
{
	struct finding finding = { .vault = vault, .ret_key = ret_key };
	int err = km_database_run(vault->database,
	    "SELECT id, camera, day, wrapped FROM data_key WHERE id = ?1 AND wrapped IS NOT NULL",
	    KM_VALUES(KM_UUID_DATA(id)), on_key, &finding);

	return err < 0 || finding.is_found ? err : KM_ERR_NOT_FOUND;
}
