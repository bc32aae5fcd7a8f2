#include "guard/accounts.h"

#include "base/text.h"
#include "base/time.h"
#include "crypto/random.h"

#include <string.h>

#define FAILURES_BEFORE_LOCK 3
#define LOCK_FIRST_US        KM_TIME_MINUTE_US
#define LOCK_DOUBLINGS_MAX   4 /* 16 minutes, cut to 15 */
#define LOCK_MAX_US          (15 * KM_TIME_MINUTE_US)

#define COLUMNS                                                                                    \
	"id, name, role, is_disabled, failures, locked_until_us, created_us, password_us, hash"

static int read_account(sqlite3_stmt *row, struct km_account *ret_account)
{
	struct km_account account = {
		.id = km_database_uuid(row, 0),
		.role = (enum km_account_role)sqlite3_column_int(row, 2),
		.is_disabled = sqlite3_column_int(row, 3) != 0,
		.failures = (uint32_t)sqlite3_column_int(row, 4),
		.locked_until_us = sqlite3_column_int64(row, 5),
		.created_us = sqlite3_column_int64(row, 6),
		.password_us = sqlite3_column_int64(row, 7),
	};

	if (km_bytes_copy_text(km_database_text(row, 1), account.name, sizeof(account.name)) < 0 ||
	    km_bytes_copy_text(km_database_text(row, 8), account.hash, sizeof(account.hash)) < 0) {
		return KM_ERR_DATABASE;
	}
	*ret_account = account;
	return 0;
}

struct finding {
	struct km_account *ret_account;
	bool is_found;
};

static int on_found(void *context, sqlite3_stmt *row)
{
	struct finding *finding = context;

	finding->is_found = true;
	return read_account(row, finding->ret_account);
}

int km_accounts_find(
    struct km_database *database, struct km_bytes name, struct km_account *ret_account)
{
	struct finding finding = { .ret_account = ret_account };
	struct km_database_value value = { .kind = KM_VALUE_TEXT, .bytes = name };
	int err = km_database_run(database, "SELECT " COLUMNS " FROM account WHERE name = ?1",
	    &value, 1, on_found, &finding);

	return err < 0 || finding.is_found ? err : KM_ERR_NOT_FOUND;
}

int km_accounts_find_id(
    struct km_database *database, const struct km_uuid *id, struct km_account *ret_account)
{
	struct finding finding = { .ret_account = ret_account };
	int err = km_database_run(database, "SELECT " COLUMNS " FROM account WHERE id = ?1",
	    KM_VALUES(KM_UUID_DATA(id)), on_found, &finding);

	return err < 0 || finding.is_found ? err : KM_ERR_NOT_FOUND;
}

struct listing {
	int (*on_account)(void *context, const struct km_account *account);
	void *context;
};

static int on_listed(void *context, sqlite3_stmt *row)
{
	struct listing *listing = context;
	struct km_account account;
	int err = read_account(row, &account);

	return err < 0 ? err : listing->on_account(listing->context, &account);
}

int km_accounts_each(struct km_database *database,
    int (*on_account)(void *context, const struct km_account *account), void *context)
{
	struct listing listing = { .on_account = on_account, .context = context };

	return km_database_run(database, "SELECT " COLUMNS " FROM account ORDER BY name", NULL, 0,
	    on_listed, &listing);
}

static int on_number(void *context, sqlite3_stmt *row)
{
	*(int64_t *)context = sqlite3_column_int64(row, 0);
	return 0;
}

int km_accounts_count(struct km_database *database, int64_t *ret_count)
{
	return km_database_run(
	    database, "SELECT count(*) FROM account", NULL, 0, on_number, ret_count);
}

int km_accounts_add(struct km_database *database, const char *name, enum km_account_role role,
    const char *hash, int64_t now_us, struct km_uuid *ret_id)
{
	struct km_uuid id = { 0 };
	int err = km_random_uuid(&id);

	if (!km_text_is_name(km_bytes_text(name))) {
		return KM_ERR_FORMAT;
	}
	if (err == 0) {
		err = km_database_run(database,
		    "INSERT INTO account (" COLUMNS ") VALUES (?1, ?2, ?3, 0, 0, 0, ?4, ?4, ?5)",
		    KM_VALUES(KM_UUID_DATA(&id), KM_WORDS(name), KM_NUMBER(role), KM_NUMBER(now_us),
			KM_WORDS(hash)),
		    NULL, NULL);
	}
	if (err == 0) {
		*ret_id = id;
	}
	return err;
}

int km_accounts_set_hash(
    struct km_database *database, const struct km_uuid *id, const char *hash, int64_t now_us)
{
	return km_database_run(database,
	    "UPDATE account SET hash = ?2, password_us = ?3, failures = 0, locked_until_us = 0"
	    " WHERE id = ?1",
	    KM_VALUES(KM_UUID_DATA(id), KM_WORDS(hash), KM_NUMBER(now_us)), NULL, NULL);
}

int km_accounts_set_disabled(
    struct km_database *database, const struct km_uuid *id, bool is_disabled)
{
	return km_database_run(database, "UPDATE account SET is_disabled = ?2 WHERE id = ?1",
	    KM_VALUES(KM_UUID_DATA(id), KM_NUMBER(is_disabled)), NULL, NULL);
}

static int64_t lock_length_us(uint32_t failures)
{
	uint32_t doublings = 0;
	int64_t length = 0;

	if (failures < FAILURES_BEFORE_LOCK) {
		return 0;
	}
	doublings = failures - FAILURES_BEFORE_LOCK;
	length = LOCK_FIRST_US << (doublings < LOCK_DOUBLINGS_MAX ? doublings : LOCK_DOUBLINGS_MAX);
	return length < LOCK_MAX_US ? length : LOCK_MAX_US;
}

int km_accounts_note_failure(struct km_database *database, const struct km_uuid *id, int64_t now_us,
    int64_t *ret_locked_until_us)
{
	struct km_account account;
	int64_t length = 0;
	int64_t until = 0;
	int err = km_accounts_find_id(database, id, &account);

	if (err < 0) {
		return err;
	}
	account.failures = account.failures < UINT16_MAX ? account.failures + 1 : UINT16_MAX;
	length = lock_length_us(account.failures);
	until = length == 0 ? 0 : now_us + length;
	err = km_database_run(database,
	    "UPDATE account SET failures = ?2, locked_until_us = ?3 WHERE id = ?1",
	    KM_VALUES(KM_UUID_DATA(id), KM_NUMBER(account.failures), KM_NUMBER(until)), NULL, NULL);
	if (err == 0) {
		*ret_locked_until_us = until;
	}
	return err;
}

int km_accounts_note_success(struct km_database *database, const struct km_uuid *id)
{
	return km_database_run(database,
	    "UPDATE account SET failures = 0, locked_until_us = 0 WHERE id = ?1 AND failures > 0",
	    KM_VALUES(KM_UUID_DATA(id)), NULL, NULL);
}

int64_t km_accounts_lock_left_us(const struct km_account *account, int64_t now_us)
{
	/* Further off than any lock reaches: the clock was set back, and nobody waits for years.
	 * The failures still count, so that the next one locks again. */
	bool is_locked =
	    account->locked_until_us > now_us && account->locked_until_us <= now_us + LOCK_MAX_US;

	return is_locked ? account->locked_until_us - now_us : 0;
}

int km_accounts_may(struct km_database *database, const struct km_account *account,
    enum km_right right, const struct km_uuid *camera, bool *ret_may)
{
	int64_t count = 0;
	int err = 0;

	if (account->is_disabled || !km_rights_has(account->role, right)) {
		*ret_may = false;
		return 0;
	}
	if (!km_rights_is_per_camera(right)) {
		*ret_may = true;
		return 0;
	}
	if (km_uuid_is_nil(camera)) {
		*ret_may = false;
		return 0;
	}
	if (account->role == KM_ACCOUNT_ADMINISTRATOR) {
		*ret_may = true;
		return 0;
	}
	err = km_database_run(database,
	    "SELECT count(*) FROM camera_grant WHERE account = ?1 AND camera = ?2"
	    " AND right_number = ?3",
	    KM_VALUES(KM_UUID_DATA(&account->id), KM_UUID_DATA(camera), KM_NUMBER(right)),
	    on_number, &count);
	if (err == 0) {
		*ret_may = count > 0;
	}
	return err;
}

int km_accounts_grant(struct km_database *database, const struct km_uuid *account,
    const struct km_uuid *camera, enum km_right right, bool is_granted)
{
	const char *sql =
	    is_granted
		? "INSERT INTO camera_grant (account, camera, right_number) VALUES (?1, ?2, ?3)"
		  " ON CONFLICT DO NOTHING"
		: "DELETE FROM camera_grant WHERE account = ?1 AND camera = ?2 AND right_number = "
		  "?3";

	return km_database_run(database, sql,
	    KM_VALUES(KM_UUID_DATA(account), KM_UUID_DATA(camera), KM_NUMBER(right)), NULL, NULL);
}
