#include "guard/second_factor.h"

#include "base/time.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "crypto/secret.h"

#include <liboath/oath.h>
#include <stdio.h>
#include <string.h>

#define SECRET_BYTES   20 /* [RFC 4226 4 R6] */
#define RECOVERY_BYTES 10
#define DIGITS         6
#define STEP_US        (30 * KM_TIME_SECOND_US)
#define PURPOSE        "second factor"

static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";

/* size must be a multiple of 5: no padding then. */
static void write_base32(const uint8_t *data, size_t size, char *ret_text)
{
	for (size_t bit = 0; bit < size * 8; bit += 5) {
		unsigned pair =
		    (unsigned)data[bit / 8] << 8 | (bit / 8 + 1 < size ? data[bit / 8 + 1] : 0U);

		*ret_text++ = base32[pair >> (11 - bit % 8) & 31U];
	}
	*ret_text = '\0';
}

struct row {
	bool is_found;
	bool is_active;
	int64_t counter;
	uint8_t sealed[256];
	size_t sealed_size;
};

static int on_row(void *context, sqlite3_stmt *statement)
{
	struct row *row = context;
	struct km_bytes sealed = km_database_blob(statement, 0);

	if (sealed.size > sizeof(row->sealed)) {
		return KM_ERR_DATABASE;
	}
	row->is_found = true;
	row->is_active = sqlite3_column_int(statement, 1) != 0;
	row->counter = sqlite3_column_int64(statement, 2);
	memcpy(row->sealed, sealed.data, sealed.size);
	row->sealed_size = sealed.size;
	return 0;
}

static int load(struct km_database *database, const struct km_uuid *account, struct row *ret_row)
{
	*ret_row = (struct row){ .is_found = false };
	return km_database_run(database,
	    "SELECT secret, is_active, counter FROM second_factor WHERE account = ?1",
	    KM_VALUES(KM_UUID_DATA(account)), on_row, ret_row);
}

static int on_number(void *context, sqlite3_stmt *row)
{
	*(int64_t *)context = sqlite3_column_int64(row, 0);
	return 0;
}

int km_second_factor_show(struct km_database *database, const struct km_uuid *account,
    struct km_second_factor_state *ret_state)
{
	struct row row;
	int64_t codes = 0;
	int err = load(database, account, &row);

	if (err == 0) {
		err = km_database_run(database,
		    "SELECT count(*) FROM recovery_code WHERE account = ?1",
		    KM_VALUES(KM_UUID_DATA(account)), on_number, &codes);
	}
	if (err == 0) {
		*ret_state = (struct km_second_factor_state){
			.is_active = row.is_active,
			.is_pending = row.is_found && !row.is_active,
			.codes_left = (unsigned)codes,
		};
	}
	return err;
}

int km_second_factor_begin(struct km_vault *vault, struct km_database *database,
    const struct km_uuid *account, char ret_secret[static KM_SECOND_FACTOR_SECRET_SIZE])
{
	uint8_t secret[SECRET_BYTES];
	uint8_t storage[256];
	struct km_buf sealed;
	struct row row;
	int err = load(database, account, &row);

	km_buf_init_fixed(&sealed, storage, sizeof(storage));
	if (err == 0 && row.is_active) {
		err = KM_ERR_STATE;
	}
	if (err == 0) {
		err = km_random_fill(secret, sizeof(secret));
	}
	if (err == 0) {
		err = km_vault_seal(vault, PURPOSE, KM_BYTES_OF(secret), &sealed);
	}
	if (err == 0) {
		err = km_database_run(database,
		    "INSERT INTO second_factor (account, secret, is_active, counter)"
		    " VALUES (?1, ?2, 0, 0) ON CONFLICT DO UPDATE SET secret = ?2, counter = 0",
		    KM_VALUES(KM_UUID_DATA(account), KM_DATA(km_buf_view(&sealed))), NULL, NULL);
	}
	if (err == 0) {
		write_base32(secret, sizeof(secret), ret_secret);
	}
	explicit_bzero(secret, sizeof(secret));
	return err;
}

void km_second_factor_write_uri(const char *name,
    const char secret[static KM_SECOND_FACTOR_SECRET_SIZE],
    char ret_uri[static KM_SECOND_FACTOR_URI_SIZE])
{
	char upper[KM_SECOND_FACTOR_SECRET_SIZE];
	size_t i = 0;

	for (; secret[i] != '\0' && i + 1 < sizeof(upper); i++) {
		upper[i] = (char)(secret[i] >= 'a' && secret[i] <= 'z' ? secret[i] - 'a' + 'A'
								       : secret[i]);
	}
	upper[i] = '\0';
	(void)snprintf(ret_uri, KM_SECOND_FACTOR_URI_SIZE,
	    "otpauth://totp/Komainu:%.63s?secret=%s&issuer=Komainu", name, upper);
	explicit_bzero(upper, sizeof(upper));
}

static int unseal(struct km_vault *vault, const struct row *row, uint8_t ret_secret[SECRET_BYTES])
{
	uint8_t storage[256];
	struct km_buf secret;
	int err = 0;

	km_buf_init_fixed(&secret, storage, sizeof(storage));
	err =
	    km_vault_unseal(vault, PURPOSE, km_bytes_from(row->sealed, row->sealed_size), &secret);
	if (err == 0 && secret.size != SECRET_BYTES) {
		err = KM_ERR_DATABASE;
	}
	if (err == 0) {
		memcpy(ret_secret, storage, SECRET_BYTES);
	}
	explicit_bzero(storage, sizeof(storage));
	return err;
}

/* The counter whose code it is, of those that are taken now. [RFC 6238 5.2] */
static int find_counter(
    const uint8_t secret[SECRET_BYTES], struct km_bytes code, int64_t unix_us, int64_t *ret_counter)
{
	char wanted[DIGITS + 1];
	int64_t now = unix_us / STEP_US;
	int err = KM_ERR_AUTH;

	for (int64_t counter = now - 1; counter <= now + 1; counter++) {
		if (oath_hotp_generate((const char *)secret, SECRET_BYTES, (uint64_t)counter,
			DIGITS, false, OATH_HOTP_DYNAMIC_TRUNCATION, wanted) != OATH_OK) {
			return KM_ERR_CRYPTO;
		}
		if (km_secret_is_equal_bytes(km_bytes_from(wanted, DIGITS), code)) {
			*ret_counter = counter;
			err = 0;
		}
	}
	explicit_bzero(wanted, sizeof(wanted));
	return err;
}

/* Check a code of the application and remember its step; each step works once. */
static int use_code(struct km_vault *vault, struct km_database *database,
    const struct km_uuid *account, const struct row *row, struct km_bytes code, int64_t unix_us)
{
	uint8_t secret[SECRET_BYTES] = { 0 };
	int64_t counter = 0;
	int err = unseal(vault, row, secret);

	if (err == 0) {
		err = find_counter(secret, code, unix_us, &counter);
	}
	explicit_bzero(secret, sizeof(secret));
	if (err < 0) {
		return err;
	}
	err = km_database_run(database,
	    "UPDATE second_factor SET counter = ?2 WHERE account = ?1 AND counter < ?2",
	    KM_VALUES(KM_UUID_DATA(account), KM_NUMBER(counter)), NULL, NULL);
	if (err < 0) {
		return err;
	}
	return km_database_changes(database) == 1 ? 0 : KM_ERR_AUTH;
}

/* The 16 letters and digits of a recovery code, however they were typed. */
static int hash_recovery(
    const struct km_uuid *account, struct km_bytes code, uint8_t ret_hash[static 32])
{
	uint8_t text[KM_UUID_BYTES + 16];
	size_t size = KM_UUID_BYTES;
	int err = 0;

	memcpy(text, account->bytes, KM_UUID_BYTES);
	for (size_t i = 0; i < code.size; i++) {
		uint8_t byte = code.data[i];

		if (byte == '-' || byte == ' ') {
			continue;
		}
		if (size == sizeof(text)) {
			return KM_ERR_AUTH;
		}
		text[size++] = (uint8_t)(byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte);
	}
	err = size < sizeof(text) ? KM_ERR_AUTH : km_digest_sha256(KM_BYTES_OF(text), ret_hash);
	explicit_bzero(text, sizeof(text));
	return err;
}

static int use_recovery(
    struct km_database *database, const struct km_uuid *account, struct km_bytes code)
{
	uint8_t hash[32];
	int err = hash_recovery(account, code, hash);

	if (err == 0) {
		err = km_database_run(database,
		    "DELETE FROM recovery_code WHERE account = ?1 AND hash = ?2",
		    KM_VALUES(KM_UUID_DATA(account), KM_DATA(KM_BYTES_OF(hash))), NULL, NULL);
	}
	if (err < 0) {
		return err;
	}
	return km_database_changes(database) == 1 ? 0 : KM_ERR_AUTH;
}

int km_second_factor_check(struct km_vault *vault, struct km_database *database,
    const struct km_uuid *account, struct km_bytes code, int64_t unix_us, bool *ret_was_recovery)
{
	struct row row;
	int err = load(database, account, &row);
	bool is_recovery = false;

	code = km_bytes_trim(code);
	is_recovery = code.size != DIGITS;
	if (err == 0 && !row.is_active) {
		err = KM_ERR_STATE;
	}
	if (err == 0) {
		err = is_recovery ? use_recovery(database, account, code)
				  : use_code(vault, database, account, &row, code, unix_us);
	}
	if (err == 0 && ret_was_recovery != NULL) {
		*ret_was_recovery = is_recovery;
	}
	return err;
}

static int make_recovery(struct km_database *database, const struct km_uuid *account,
    char ret_code[static KM_SECOND_FACTOR_CODE_SIZE])
{
	uint8_t raw[RECOVERY_BYTES];
	uint8_t hash[32];
	char text[17];
	int err = km_random_fill(raw, sizeof(raw));

	if (err == 0) {
		write_base32(raw, sizeof(raw), text);
		(void)snprintf(ret_code, KM_SECOND_FACTOR_CODE_SIZE, "%.4s-%.4s-%.4s-%.4s", text,
		    text + 4, text + 8, text + 12);
		err = hash_recovery(account, km_bytes_text(text), hash);
	}
	if (err == 0) {
		err = km_database_run(database,
		    "INSERT INTO recovery_code (account, hash) VALUES (?1, ?2)",
		    KM_VALUES(KM_UUID_DATA(account), KM_DATA(KM_BYTES_OF(hash))), NULL, NULL);
	}
	explicit_bzero(raw, sizeof(raw));
	explicit_bzero(text, sizeof(text));
	return err;
}

static int activate(struct km_database *database, const struct km_uuid *account,
    char ret_codes[static KM_SECOND_FACTOR_CODES][KM_SECOND_FACTOR_CODE_SIZE])
{
	int err = km_database_run(database, "DELETE FROM recovery_code WHERE account = ?1",
	    KM_VALUES(KM_UUID_DATA(account)), NULL, NULL);

	for (size_t i = 0; err == 0 && i < KM_SECOND_FACTOR_CODES; i++) {
		err = make_recovery(database, account, ret_codes[i]);
	}
	if (err == 0) {
		err = km_database_run(database,
		    "UPDATE second_factor SET is_active = 1 WHERE account = ?1",
		    KM_VALUES(KM_UUID_DATA(account)), NULL, NULL);
	}
	return err;
}

int km_second_factor_confirm(struct km_vault *vault, struct km_database *database,
    const struct km_uuid *account, struct km_bytes code, int64_t unix_us,
    char ret_codes[static KM_SECOND_FACTOR_CODES][KM_SECOND_FACTOR_CODE_SIZE])
{
	char codes[KM_SECOND_FACTOR_CODES][KM_SECOND_FACTOR_CODE_SIZE];
	struct row row;
	int err = load(database, account, &row);

	if (err == 0 && (!row.is_found || row.is_active)) {
		err = KM_ERR_STATE;
	}
	if (err == 0 && code.size > 0) {
		err = use_code(vault, database, account, &row, km_bytes_trim(code), unix_us);
	}
	if (err < 0) {
		return err;
	}
	err = km_database_exec(database, "BEGIN IMMEDIATE");
	if (err < 0) {
		return err;
	}
	err = activate(database, account, codes);
	if (err == 0) {
		err = km_database_exec(database, "COMMIT");
	}
	if (err < 0) {
		km_database_undo(database);
	} else {
		memcpy(ret_codes, codes, sizeof(codes));
	}
	explicit_bzero(codes, sizeof(codes));
	return err;
}

int km_second_factor_drop(struct km_database *database, const struct km_uuid *account)
{
	int err = km_database_run(database, "DELETE FROM second_factor WHERE account = ?1",
	    KM_VALUES(KM_UUID_DATA(account)), NULL, NULL);

	if (err == 0) {
		err = km_database_run(database, "DELETE FROM recovery_code WHERE account = ?1",
		    KM_VALUES(KM_UUID_DATA(account)), NULL, NULL);
	}
	return err;
}
