#include "guard/tokens.h"

#include "base/text.h"
#include "base/time.h"
#include "crypto/digest.h"
#include "crypto/random.h"

#include <stdio.h>
#include <string.h>

#define PREFIX      "kmt_"
#define HASH_PREFIX "komainu token"
#define NOTE_US     KM_TIME_MINUTE_US

#define COLUMNS                                                                                    \
	"id, account, name, rights, allow_from, created_us, expires_us, used_us, used_from,"       \
	" revoked_us"

uint64_t km_tokens_rights(void)
{
	uint64_t all = 0;

#define KM_RIGHT(number, NAME, name, per_camera, roles, text) all |= UINT64_C(1) << (number);
#include "model/rights.tbl"
#undef KM_RIGHT
	return all & ~(UINT64_C(1) << KM_RIGHT_SESSION | UINT64_C(1) << KM_RIGHT_ACCOUNTS |
			 UINT64_C(1) << KM_RIGHT_REMEDY);
}

static bool is_among(uint64_t rights, unsigned right)
{
	return right < 64 && (rights >> right & 1) != 0;
}

uint64_t km_tokens_rights_of_cameras(void)
{
	/* Their answers leave the other cameras out. */
	uint64_t rights = UINT64_C(1) << KM_RIGHT_STATUS | UINT64_C(1) << KM_RIGHT_METRICS;

	for (unsigned right = 0; right < 64; right++) {
		if (km_rights_is_per_camera((enum km_right)right)) {
			rights |= UINT64_C(1) << right;
		}
	}
	return rights & km_tokens_rights();
}

/* What counts, whatever was stored. */
static uint64_t rights_of(const struct km_token *token)
{
	return token->rights &
	       (token->camera_count == 0 ? km_tokens_rights() : km_tokens_rights_of_cameras());
}

int km_tokens_parse_rights(struct km_bytes text, uint64_t *ret_rights)
{
	uint64_t rights = 0;

	while (text.size > 0) {
		struct km_bytes name = km_bytes_trim(km_bytes_split(&text, ','));
		unsigned right = 0;

		while (right < 64 && !(is_among(km_tokens_rights(), right) &&
					 km_bytes_is_equal(name, km_bytes_text(km_rights_name(
								     (enum km_right)right))))) {
			right++;
		}
		if (right == 64) {
			return KM_ERR_FORMAT;
		}
		rights |= UINT64_C(1) << right;
	}
	if (rights == 0) {
		return KM_ERR_FORMAT;
	}
	*ret_rights = rights;
	return 0;
}

void km_tokens_write_rights(uint64_t rights, char *ret_text, size_t size)
{
	size_t used = 0;

	ret_text[0] = '\0';
	for (unsigned right = 0; right < 64 && used < size; right++) {
		if (is_among(rights, right)) {
			int length = snprintf(ret_text + used, size - used, "%s%s",
			    used > 0 ? "," : "", km_rights_name((enum km_right)right));

			used += length < 0 ? 0 : (size_t)length;
		}
	}
}

static int hash_token(struct km_bytes bytes, uint8_t ret_hash[static KM_DIGEST_SHA256_BYTES])
{
	uint8_t storage[sizeof(HASH_PREFIX) + KM_TOKEN_BYTES];
	struct km_buf buf;
	int err = 0;

	km_buf_init_fixed(&buf, storage, sizeof(storage));
	km_buf_add_text(&buf, HASH_PREFIX);
	km_buf_add(&buf, bytes);
	err = km_buf_error(&buf);
	if (err == 0) {
		err = km_digest_sha256(km_buf_view(&buf), ret_hash);
	}
	explicit_bzero(storage, sizeof(storage));
	return err;
}

static int on_number(void *context, sqlite3_stmt *row)
{
	*(int64_t *)context = sqlite3_column_int64(row, 0);
	return 0;
}

/* What is wrong with it; 0 if nothing. */
static int judge(struct km_database *database, const struct km_token *token, int64_t now_us)
{
	int64_t same = 0;
	int64_t count = 0;
	int err = 0;

	if (!km_text_is_name(km_bytes_text(token->name)) || token->rights == 0 ||
	    token->rights != rights_of(token) || token->camera_count > KM_TOKEN_CAMERAS_MAX) {
		return KM_ERR_FORMAT;
	}
	if (token->expires_us <= now_us || token->expires_us > now_us + KM_TOKEN_LIFE_MAX_US) {
		return KM_ERR_RANGE;
	}
	err = km_database_run(database,
	    "SELECT count(*) FROM token WHERE account = ?1 AND revoked_us = 0 AND expires_us > ?2",
	    KM_VALUES(KM_UUID_DATA(&token->account), KM_NUMBER(now_us)), on_number, &count);
	if (err == 0) {
		err = km_database_run(database,
		    "SELECT count(*) FROM token WHERE account = ?1 AND name = ?2 AND revoked_us = 0"
		    " AND expires_us > ?3",
		    KM_VALUES(
			KM_UUID_DATA(&token->account), KM_WORDS(token->name), KM_NUMBER(now_us)),
		    on_number, &same);
	}
	if (err < 0) {
		return err;
	}
	return same > 0 ? KM_ERR_EXISTS : count >= KM_TOKENS_OF_ONE_MAX ? KM_ERR_LIMIT : 0;
}

static int insert(struct km_database *database, const struct km_token *token,
    const struct km_uuid *id, const uint8_t *hash, int64_t now_us)
{
	int err = km_database_run(database,
	    "INSERT INTO token (" COLUMNS ", hash)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, '', 0, ?8)",
	    KM_VALUES(KM_UUID_DATA(id), KM_UUID_DATA(&token->account), KM_WORDS(token->name),
		KM_NUMBER(token->rights), KM_WORDS(token->allow_from), KM_NUMBER(now_us),
		KM_NUMBER(token->expires_us), KM_DATA(km_bytes_from(hash, KM_DIGEST_SHA256_BYTES))),
	    NULL, NULL);

	for (size_t i = 0; err == 0 && i < token->camera_count; i++) {
		err = km_database_run(database,
		    "INSERT INTO token_camera (token, camera) VALUES (?1, ?2) ON CONFLICT DO "
		    "NOTHING",
		    KM_VALUES(KM_UUID_DATA(id), KM_UUID_DATA(&token->cameras[i])), NULL, NULL);
	}
	return err;
}

static int insert_whole(struct km_database *database, const struct km_token *token,
    const struct km_uuid *id, const uint8_t *hash, int64_t now_us)
{
	int err = km_database_exec(database, "BEGIN IMMEDIATE");

	if (err < 0) {
		return err;
	}
	err = insert(database, token, id, hash, now_us);
	if (err == 0) {
		err = km_database_exec(database, "COMMIT");
	}
	if (err < 0) {
		km_database_undo(database);
	}
	return err;
}

int km_tokens_add(struct km_database *database, const struct km_token *token, int64_t now_us,
    struct km_uuid *ret_id, char ret_text[static KM_TOKEN_TEXT_SIZE])
{
	uint8_t bytes[KM_TOKEN_BYTES] = { 0 };
	uint8_t hash[KM_DIGEST_SHA256_BYTES];
	struct km_uuid id = { 0 };
	struct km_buf text;
	int err = judge(database, token, now_us);

	if (err == 0) {
		err = km_random_fill(bytes, sizeof(bytes));
	}
	if (err == 0) {
		err = km_random_uuid(&id);
	}
	if (err == 0) {
		err = hash_token(KM_BYTES_OF(bytes), hash);
	}
	if (err == 0) {
		err = insert_whole(database, token, &id, hash, now_us);
	}
	if (err == 0) {
		km_buf_init_fixed(&text, ret_text, KM_TOKEN_TEXT_SIZE);
		km_buf_add_text(&text, PREFIX);
		km_text_add_base64url(&text, KM_BYTES_OF(bytes));
		km_buf_add_u8(&text, 0);
		*ret_id = id;
	}
	explicit_bzero(bytes, sizeof(bytes));
	return err;
}

int km_tokens_parse(struct km_bytes text, uint8_t ret_bytes[static KM_TOKEN_BYTES])
{
	uint8_t storage[KM_TOKEN_BYTES];
	struct km_buf buf;
	int err = KM_ERR_FORMAT;

	km_buf_init_fixed(&buf, storage, sizeof(storage));
	if (text.size == KM_TOKEN_TEXT_SIZE - 1 && km_bytes_has_prefix(text, KM_BYTES(PREFIX)) &&
	    km_text_parse_base64(km_bytes_after(text, sizeof(PREFIX) - 1), &buf) == 0 &&
	    buf.size == sizeof(storage)) {
		memcpy(ret_bytes, storage, sizeof(storage));
		err = 0;
	}
	explicit_bzero(storage, sizeof(storage));
	return err;
}

/* --- reading --- */

static int read_token(sqlite3_stmt *row, struct km_token *ret_token)
{
	struct km_token token = {
		.id = km_database_uuid(row, 0),
		.account = km_database_uuid(row, 1),
		.rights = (uint64_t)sqlite3_column_int64(row, 3),
		.created_us = sqlite3_column_int64(row, 5),
		.expires_us = sqlite3_column_int64(row, 6),
		.used_us = sqlite3_column_int64(row, 7),
		.revoked_us = sqlite3_column_int64(row, 9),
	};

	if (km_bytes_copy_text(km_database_text(row, 2), token.name, sizeof(token.name)) < 0 ||
	    km_bytes_copy_text(
		km_database_text(row, 4), token.allow_from, sizeof(token.allow_from)) < 0 ||
	    km_bytes_copy_text(km_database_text(row, 8), token.used_from, sizeof(token.used_from)) <
		0) {
		return KM_ERR_DATABASE;
	}
	*ret_token = token;
	return 0;
}

static int on_camera(void *context, sqlite3_stmt *row)
{
	struct km_token *token = context;

	if (token->camera_count == KM_TOKEN_CAMERAS_MAX) {
		return KM_ERR_DATABASE;
	}
	token->cameras[token->camera_count++] = km_database_uuid(row, 0);
	return 0;
}

/* Its cameras, and with them the rights that count. */
static int read_cameras(struct km_database *database, struct km_token *token)
{
	int err = km_database_run(database,
	    "SELECT camera FROM token_camera WHERE token = ?1 ORDER BY camera",
	    KM_VALUES(KM_UUID_DATA(&token->id)), on_camera, token);

	token->rights = rights_of(token);
	return err;
}

struct finding {
	struct km_token token;
	bool is_found;
};

static int on_found(void *context, sqlite3_stmt *row)
{
	struct finding *finding = context;

	finding->is_found = true;
	return read_token(row, &finding->token);
}

static int find(
    struct km_database *database, const char *sql, struct km_bytes key, struct km_token *ret_token)
{
	struct finding finding = { .is_found = false };
	int err = km_database_run(database, sql, KM_VALUES(KM_DATA(key)), on_found, &finding);

	if (err == 0 && !finding.is_found) {
		err = KM_ERR_NOT_FOUND;
	}
	if (err == 0) {
		err = read_cameras(database, &finding.token);
	}
	if (err == 0) {
		*ret_token = finding.token;
	}
	return err;
}

int km_tokens_find(struct km_database *database, struct km_bytes bytes, struct km_token *ret_token)
{
	uint8_t hash[KM_DIGEST_SHA256_BYTES];
	int err = bytes.size == KM_TOKEN_BYTES ? hash_token(bytes, hash) : KM_ERR_NOT_FOUND;

	return err < 0 ? err
		       : find(database, "SELECT " COLUMNS " FROM token WHERE hash = ?1",
			     KM_BYTES_OF(hash), ret_token);
}

int km_tokens_find_id(
    struct km_database *database, const struct km_uuid *id, struct km_token *ret_token)
{
	return find(
	    database, "SELECT " COLUMNS " FROM token WHERE id = ?1", km_uuid_view(id), ret_token);
}

bool km_tokens_is_alive(const struct km_token *token, int64_t now_us)
{
	return token->revoked_us == 0 && now_us < token->expires_us;
}

bool km_tokens_is_for(const struct km_token *token, const struct km_uuid *camera)
{
	bool is_for = token->camera_count == 0;

	for (size_t i = 0; !is_for && i < token->camera_count; i++) {
		is_for = km_uuid_is_equal(&token->cameras[i], camera);
	}
	return is_for;
}

bool km_tokens_may(const struct km_token *token, enum km_right right, const struct km_uuid *camera)
{
	return is_among(rights_of(token), (unsigned)right) &&
	       (!km_rights_is_per_camera(right) || km_tokens_is_for(token, camera));
}

bool km_tokens_may_come_from(
    const struct km_token *token, const uint8_t address[static KM_CIDR_ADDRESS_BYTES])
{
	struct km_cidr_list list;

	return km_cidr_parse_list(km_bytes_text(token->allow_from), &list, NULL) == 0 &&
	       km_cidr_list_has(&list, address);
}

int km_tokens_note_use(
    struct km_database *database, const struct km_token *token, const char *address, int64_t now_us)
{
	int64_t passed = now_us - token->used_us;

	if (passed >= 0 && passed < NOTE_US && strcmp(address, token->used_from) == 0) {
		return 0;
	}
	return km_database_run(database,
	    "UPDATE token SET used_us = ?2, used_from = ?3 WHERE id = ?1",
	    KM_VALUES(KM_UUID_DATA(&token->id), KM_NUMBER(now_us), KM_WORDS(address)), NULL, NULL);
}

int km_tokens_revoke(struct km_database *database, const struct km_uuid *id, int64_t now_us)
{
	int err = km_database_run(database,
	    "UPDATE token SET revoked_us = ?2 WHERE id = ?1 AND revoked_us = 0",
	    KM_VALUES(KM_UUID_DATA(id), KM_NUMBER(now_us)), NULL, NULL);

	return err < 0 || km_database_changes(database) == 1 ? err : KM_ERR_NOT_FOUND;
}

struct listing {
	struct km_database *database;
	int (*on_token)(void *context, const struct km_token *token);
	void *context;
};

static int on_listed(void *context, sqlite3_stmt *row)
{
	struct listing *listing = context;
	struct km_token token;
	int err = read_token(row, &token);

	if (err == 0) {
		err = read_cameras(listing->database, &token);
	}
	return err < 0 ? err : listing->on_token(listing->context, &token);
}

int km_tokens_each(struct km_database *database, const struct km_uuid *account,
    int (*on_token)(void *context, const struct km_token *token), void *context)
{
	struct listing listing = { database, on_token, context };

	if (km_uuid_is_nil(account)) {
		return km_database_run(database,
		    "SELECT " COLUMNS " FROM token ORDER BY account, name, created_us", NULL, 0,
		    on_listed, &listing);
	}
	return km_database_run(database,
	    "SELECT " COLUMNS " FROM token WHERE account = ?1 ORDER BY name, created_us",
	    KM_VALUES(KM_UUID_DATA(account)), on_listed, &listing);
}
