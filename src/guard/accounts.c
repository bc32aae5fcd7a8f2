#include "guard/accounts.h"

#include "base/text.h"
#include "crypto/random.h"
#include "guard/login_locks.h"

#include <string.h>

#define COLUMNS "id, name, role, is_disabled, generation, allow_from, created_us, password_us, hash"

static int read_account(sqlite3_stmt *row, struct km_account *ret_account)
{
	struct km_account account = {
		.id = km_database_uuid(row, 0),
		.role = (enum km_account_role)sqlite3_column_int(row, 2),
		.is_disabled = sqlite3_column_int(row, 3) != 0,
		.generation = sqlite3_column_int64(row, 4),
		.created_us = sqlite3_column_int64(row, 6),
		.password_us = sqlite3_column_int64(row, 7),
	};

	if (km_bytes_copy_text(km_database_text(row, 1), account.name, sizeof(account.name)) < 0 ||
	    km_bytes_copy_text(
		km_database_text(row, 5), account.allow_from, sizeof(account.allow_from)) < 0 ||
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
		    "INSERT INTO account (" COLUMNS
		    ") VALUES (?1, ?2, ?3, 0, 0, 'any', ?4, ?4, ?5)",
		    KM_VALUES(KM_UUID_DATA(&id), KM_WORDS(name), KM_NUMBER(role), KM_NUMBER(now_us),
			KM_WORDS(hash)),
		    NULL, NULL);
	}
	if (err == 0) {
		*ret_id = id;
	}
	return err;
}

/* The hash of now goes to the old ones, of which `keep` stay. */
static int keep_hash(struct km_database *database, const struct km_uuid *id, unsigned keep)
{
	int err = km_database_run(database,
	    "INSERT INTO old_password (account, number, hash) SELECT id, (SELECT"
	    " coalesce(max(number), 0) + 1 FROM old_password WHERE account = ?1), hash FROM account"
	    " WHERE id = ?1",
	    KM_VALUES(KM_UUID_DATA(id)), NULL, NULL);

	if (err < 0) {
		return err;
	}
	return km_database_run(database,
	    "DELETE FROM old_password WHERE account = ?1 AND number <= (SELECT max(number) FROM"
	    " old_password WHERE account = ?1) - ?2",
	    KM_VALUES(KM_UUID_DATA(id), KM_NUMBER(keep)), NULL, NULL);
}

int km_accounts_set_hash(struct km_database *database, const struct km_uuid *id, const char *hash,
    unsigned keep, int64_t now_us)
{
	int err = km_database_exec(database, "BEGIN IMMEDIATE");

	if (err < 0) {
		return err;
	}
	err = keep_hash(database, id, keep);
	if (err == 0) {
		err = km_database_run(database,
		    "UPDATE account SET hash = ?2, password_us = ?3, generation = generation + 1"
		    " WHERE id = ?1",
		    KM_VALUES(KM_UUID_DATA(id), KM_WORDS(hash), KM_NUMBER(now_us)), NULL, NULL);
	}
	if (err == 0) {
		err = km_login_locks_clear(database, id);
	}
	if (err == 0) {
		err = km_database_exec(database, "COMMIT");
	}
	if (err < 0) {
		km_database_undo(database);
	}
	return err;
}

int km_accounts_renew_hash(
    struct km_database *database, const struct km_uuid *id, const char *old, const char *hash)
{
	return km_database_run(database, "UPDATE account SET hash = ?3 WHERE id = ?1 AND hash = ?2",
	    KM_VALUES(KM_UUID_DATA(id), KM_WORDS(old), KM_WORDS(hash)), NULL, NULL);
}

struct hashing {
	char (*ret_hashes)[KM_PASSWORD_HASH_SIZE];
	size_t most;
	size_t count;
};

static int on_hash(void *context, sqlite3_stmt *row)
{
	struct hashing *hashing = context;

	if (hashing->count < hashing->most &&
	    km_bytes_copy_text(km_database_text(row, 0), hashing->ret_hashes[hashing->count],
		KM_PASSWORD_HASH_SIZE) == 0) {
		hashing->count++;
	}
	return 0;
}

int km_accounts_hashes(struct km_database *database, const struct km_uuid *id,
    char (*ret_hashes)[KM_PASSWORD_HASH_SIZE], size_t most, size_t *ret_count)
{
	struct hashing hashing = { .ret_hashes = ret_hashes, .most = most };
	int err = km_database_run(database,
	    "SELECT hash FROM (SELECT hash, 0 AS age FROM account WHERE id = ?1 UNION ALL"
	    " SELECT hash, -number FROM old_password WHERE account = ?1) ORDER BY age = 0 DESC, "
	    "age",
	    KM_VALUES(KM_UUID_DATA(id)), on_hash, &hashing);

	if (err == 0) {
		*ret_count = hashing.count;
	}
	return err;
}

int km_accounts_set_disabled(
    struct km_database *database, const struct km_uuid *id, bool is_disabled)
{
	return km_database_run(database, "UPDATE account SET is_disabled = ?2 WHERE id = ?1",
	    KM_VALUES(KM_UUID_DATA(id), KM_NUMBER(is_disabled)), NULL, NULL);
}

int km_accounts_set_role(
    struct km_database *database, const struct km_uuid *id, enum km_account_role role)
{
	return km_database_run(database,
	    "UPDATE account SET role = ?2, generation = generation + 1 WHERE id = ?1 AND role <> "
	    "?2",
	    KM_VALUES(KM_UUID_DATA(id), KM_NUMBER(role)), NULL, NULL);
}

int km_accounts_set_allow_from(
    struct km_database *database, const struct km_uuid *id, const char *allow_from)
{
	if (strlen(allow_from) >= KM_ACCOUNT_ALLOW_SIZE) {
		return KM_ERR_LIMIT;
	}
	return km_database_run(database, "UPDATE account SET allow_from = ?2 WHERE id = ?1",
	    KM_VALUES(KM_UUID_DATA(id), KM_WORDS(allow_from)), NULL, NULL);
}

int km_accounts_bump(struct km_database *database, const struct km_uuid *id)
{
	return km_database_run(database,
	    "UPDATE account SET generation = generation + 1 WHERE id = ?1",
	    KM_VALUES(KM_UUID_DATA(id)), NULL, NULL);
}

int km_accounts_is_last_administrator(
    struct km_database *database, const struct km_uuid *id, bool *ret_is_last)
{
	int64_t others = 0;
	int err = km_database_run(database,
	    "SELECT count(*) FROM account WHERE role = ?2 AND is_disabled = 0 AND id <> ?1",
	    KM_VALUES(KM_UUID_DATA(id), KM_NUMBER(KM_ACCOUNT_ADMINISTRATOR)), on_number, &others);

	if (err == 0) {
		*ret_is_last = others == 0;
	}
	return err;
}

bool km_accounts_may_come_from(
    const struct km_account *account, const uint8_t address[static KM_CIDR_ADDRESS_BYTES])
{
	struct km_cidr_list list;

	return km_cidr_parse_list(km_bytes_text(account->allow_from), &list, NULL) == 0 &&
	       km_cidr_list_has(&list, address);
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

struct granting {
	int (*on_grant)(void *context, const struct km_uuid *camera, enum km_right right);
	void *context;
};

static int on_granted(void *context, sqlite3_stmt *row)
{
	struct granting *granting = context;
	struct km_uuid camera = km_database_uuid(row, 0);

	return granting->on_grant(
	    granting->context, &camera, (enum km_right)sqlite3_column_int(row, 1));
}

int km_accounts_each_grant(struct km_database *database, const struct km_uuid *account,
    int (*on_grant)(void *context, const struct km_uuid *camera, enum km_right right),
    void *context)
{
	struct granting granting = { .on_grant = on_grant, .context = context };

	return km_database_run(database,
	    "SELECT camera, right_number FROM camera_grant WHERE account = ?1"
	    " ORDER BY camera, right_number",
	    KM_VALUES(KM_UUID_DATA(account)), on_granted, &granting);
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
