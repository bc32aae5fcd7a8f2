#include "guard/logins.h"

#include "base/text.h"
#include "base/time.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "guard/journal.h"
#include "guard/login_locks.h"
#include "guard/second_factor.h"
#include "io/clock.h"
#include "io/work.h"

#include <stdlib.h>
#include <string.h>

#define WAITING_MAX        32
#define WAITING_OF_ONE_MAX 4 /* from one place, which so cannot keep the others out */
#define RETRY_US           (2 * KM_TIME_SECOND_US)
#define NAME_KEY_BYTES     32
#define NAME_KEY_PURPOSE   "names at the login"
#define HASHES_MAX         (KM_ACCOUNT_OLD_HASHES_MAX + 1)

enum attempt_kind { ATTEMPT_LOGIN, ATTEMPT_SETUP, ATTEMPT_CHANGE };

/* One try. Between submit and done only the pool's thread touches it. */
struct attempt {
	struct km_logins *logins;
	struct attempt *next;
	enum attempt_kind kind;
	uint32_t request;
	bool is_known; /* the account exists and may try */
	struct km_login_locks_try trying;
	char address[64];
	char program[128];
	char name[64];
	char password[256]; /* to be checked */
	char code[32];
	char wanted[256]; /* to be hashed */
	bool checks;      /* ATTEMPT_CHANGE: the password is asked for */
	struct km_account account;
	char hashes[HASHES_MAX][KM_PASSWORD_HASH_SIZE]; /* that the new one must not fit */
	size_t hash_count;
	bool is_right; /* results */
	bool was_used;
	int err;
	char hash[KM_PASSWORD_HASH_SIZE];
	void (*on_ready)(
	    void *context, int err, int64_t retry_after_us, const char *hash, const char *text);
	void *context;
};

struct km_logins {
	struct km_loop *loop;
	struct km_database *database;
	struct km_vault *vault;
	struct km_logins_rules rules;
	const struct km_logins_events *events;
	void *context;
	unsigned running;
	unsigned waiting;
	struct attempt *first;
	struct attempt **last;
	bool is_setup_done;
	bool is_setup_running;
	bool has_token;
	bool is_destroyed; /* the last check under way frees it */
	uint8_t token_hash[KM_DIGEST_SHA256_BYTES];
	uint8_t boot[KM_LOGIN_LOCKS_BOOT_BYTES];
	uint8_t name_key[NAME_KEY_BYTES]; /* of the hashes that stand for names nobody has */
};

/* Made at the first start; sealed, as it would tell what was typed into the field for the name. */
static int make_name_key(struct km_logins *logins)
{
	uint8_t storage[256];
	struct km_buf sealed;
	int err = km_random_fill(logins->name_key, sizeof(logins->name_key));

	km_buf_init_fixed(&sealed, storage, sizeof(storage));
	if (err == 0) {
		err = km_vault_seal(
		    logins->vault, NAME_KEY_PURPOSE, KM_BYTES_OF(logins->name_key), &sealed);
	}
	return err < 0 ? err
		       : km_database_put(logins->database, "login_name_key", km_buf_view(&sealed));
}

static int load_name_key(struct km_logins *logins)
{
	uint8_t sealed_storage[256];
	uint8_t key_storage[64];
	struct km_buf sealed;
	struct km_buf key;
	int err = 0;

	km_buf_init_fixed(&sealed, sealed_storage, sizeof(sealed_storage));
	km_buf_init_fixed(&key, key_storage, sizeof(key_storage));
	err = km_database_get(logins->database, "login_name_key", &sealed);
	if (err == KM_ERR_NOT_FOUND) {
		return make_name_key(logins);
	}
	if (err == 0) {
		err = km_vault_unseal(logins->vault, NAME_KEY_PURPOSE, km_buf_view(&sealed), &key);
	}
	if (err == 0 && key.size != NAME_KEY_BYTES) {
		err = KM_ERR_DATABASE;
	}
	if (err == 0) {
		memcpy(logins->name_key, key_storage, NAME_KEY_BYTES);
	}
	explicit_bzero(key_storage, sizeof(key_storage));
	return err;
}

int km_logins_create(struct km_loop *loop, struct km_database *database, struct km_vault *vault,
    const struct km_logins_rules *rules, const struct km_logins_events *events, void *context,
    struct km_logins **ret_logins)
{
	struct km_logins *logins = calloc(1, sizeof(*logins));
	int64_t count = 0;
	int err = logins == NULL ? KM_ERR_MEMORY : km_accounts_count(database, &count);

	if (err < 0) {
		goto out;
	}
	*logins = (struct km_logins){
		.loop = loop,
		.database = database,
		.vault = vault,
		.rules = *rules,
		.events = events,
		.context = context,
		.is_setup_done = count > 0,
	};
	logins->last = &logins->first;
	km_login_locks_boot(logins->boot);
	err = km_login_locks_begin(database, logins->boot, km_clock_monotonic_us());
	if (err == 0) {
		err = load_name_key(logins);
	}
	if (err == 0) {
		*ret_logins = logins;
		logins = NULL;
	}
out:
	free(logins);
	return err;
}

int km_logins_make_token(struct km_logins *logins, char ret_token[static KM_LOGINS_TOKEN_SIZE])
{
	uint8_t raw[24];
	struct km_buf text;
	int err = 0;

	if (logins->is_setup_done) {
		return KM_ERR_STATE;
	}
	err = km_random_fill(raw, sizeof(raw));
	if (err < 0) {
		return err;
	}
	km_buf_init_fixed(&text, ret_token, KM_LOGINS_TOKEN_SIZE);
	km_text_add_base64url(&text, KM_BYTES_OF(raw));
	err = km_digest_sha256(km_buf_view(&text), logins->token_hash);
	km_buf_add_u8(&text, 0);
	logins->has_token = err == 0;
	explicit_bzero(raw, sizeof(raw));
	return err < 0 ? err : km_buf_error(&text);
}

bool km_logins_is_setup_done(const struct km_logins *logins)
{
	return logins->is_setup_done;
}

static void free_attempt(struct attempt *attempt)
{
	explicit_bzero(attempt, sizeof(*attempt));
	free(attempt);
}

static void free_logins(struct km_logins *logins)
{
	explicit_bzero(logins, sizeof(*logins));
	free(logins);
}

static void end_attempt(struct attempt *attempt, int err, int64_t retry_after_us, const char *text)
{
	struct km_logins *logins = attempt->logins;
	const struct km_logins_result result = {
		.request = attempt->request,
		.err = err,
		.account = err == 0 ? &attempt->account : NULL,
		.retry_after_us = retry_after_us,
		.text = text,
		.address = attempt->address,
		.program = attempt->program,
	};

	if (attempt->kind == ATTEMPT_CHANGE) {
		attempt->on_ready(attempt->context, err, retry_after_us,
		    err == 0 && attempt->hash[0] != '\0' ? attempt->hash : NULL, text);
	} else {
		logins->events->on_login(logins->context, &result);
	}
	free_attempt(attempt);
}

/* The password was right; a code is wanted too. */
static void want_code(struct attempt *attempt, const char *text)
{
	const struct km_logins_result result = {
		.request = attempt->request,
		.err = KM_ERR_AUTH,
		.needs_code = true,
		.text = text,
		.address = attempt->address,
		.program = attempt->program,
	};

	attempt->logins->events->on_login(attempt->logins->context, &result);
	free_attempt(attempt);
}

/* Nobody waits for the answer any more, but what the caller keeps must be let go. */
static void drop_attempt(struct attempt *attempt)
{
	if (attempt->kind == ATTEMPT_CHANGE) {
		attempt->on_ready(attempt->context, KM_ERR_CLOSED, 0, NULL, "");
	}
	free_attempt(attempt);
}

/* --- on a thread of the pool --- */

static void check_password(struct attempt *attempt)
{
	struct km_bytes password = km_bytes_text(attempt->password);

	/* Also for a name that does not exist: the time must not tell. */
	attempt->is_right =
	    km_password_is_right(password, attempt->is_known ? attempt->account.hash : "") &&
	    attempt->is_known;
	if (attempt->is_right && attempt->kind == ATTEMPT_LOGIN &&
	    km_password_is_outdated(attempt->account.hash) &&
	    km_password_hash(password, attempt->hash) < 0) {
		attempt->hash[0] = '\0'; /* the old one stays: it is right */
	}
}

static void hash_wanted(struct attempt *attempt)
{
	struct km_bytes wanted = km_bytes_text(attempt->wanted);

	for (size_t i = 0; i < attempt->hash_count && !attempt->was_used; i++) {
		attempt->was_used = km_password_is_right(wanted, attempt->hashes[i]);
	}
	if (!attempt->was_used) {
		attempt->err = km_password_hash(wanted, attempt->hash);
	}
}

static void on_run(void *context)
{
	struct attempt *attempt = context;

	if (attempt->kind == ATTEMPT_LOGIN || attempt->checks) {
		check_password(attempt);
	}
	if (attempt->wanted[0] != '\0' && (attempt->is_right || !attempt->checks)) {
		hash_wanted(attempt);
	}
}

/* --- back on the loop --- */

static void finish_setup(struct attempt *attempt)
{
	struct km_logins *logins = attempt->logins;
	int64_t now_us = km_clock_unix_us();
	int err = attempt->err;

	logins->is_setup_running = false;
	if (err == 0) {
		err = km_accounts_add(logins->database, attempt->name, KM_ACCOUNT_ADMINISTRATOR,
		    attempt->hash, now_us, &attempt->account.id);
	}
	if (err == 0) {
		err =
		    km_accounts_find_id(logins->database, &attempt->account.id, &attempt->account);
	}
	if (err == 0) {
		logins->is_setup_done = true;
		logins->has_token = false;
		attempt->trying.who = attempt->account.id;
		(void)km_login_locks_succeed(logins->database, &attempt->trying, now_us);
		km_journal_note(logins->database, KM_EVENT_SETUP_DONE, NULL, &attempt->account.id,
		    "%s from %s", attempt->name, attempt->address);
	}
	end_attempt(attempt, err, 0, err == 0 ? "" : "the account could not be stored");
}

static void count_failure(struct attempt *attempt, const char *what)
{
	struct km_logins *logins = attempt->logins;
	char name[KM_JOURNAL_NAME_SIZE];
	const struct km_uuid *account = attempt->trying.is_account ? &attempt->trying.who : NULL;
	struct km_login_locks_outcome outcome = { 0 };

	(void)km_login_locks_fail(
	    logins->database, &attempt->trying, logins->boot, km_clock_monotonic_us(), &outcome);
	if (attempt->trying.is_account) {
		memcpy(name, attempt->name, sizeof(name));
	} else {
		km_journal_describe_name(logins->database, km_bytes_text(attempt->name), name);
	}
	km_journal_note(logins->database,
	    outcome.account_us > 0 ? KM_EVENT_LOGIN_LOCKED : KM_EVENT_LOGIN_FAILED, NULL, account,
	    "%s from %s: %s", name, attempt->address, what);
	if (outcome.place_us > 0) {
		km_journal_note(logins->database, KM_EVENT_LOGIN_PLACE_LOCKED, NULL, account,
		    "%s for %d s", attempt->address, (int)(outcome.place_us / KM_TIME_SECOND_US));
	}
}

static void fail_login(struct attempt *attempt, const char *what)
{
	count_failure(attempt, what);
	end_attempt(attempt, KM_ERR_AUTH, 0, "the name or the password is wrong");
}

static void let_in(struct attempt *attempt)
{
	struct km_logins *logins = attempt->logins;
	const struct km_uuid *account = &attempt->account.id;

	(void)km_login_locks_succeed(logins->database, &attempt->trying, km_clock_unix_us());
	if (attempt->hash[0] != '\0') {
		(void)km_accounts_renew_hash(
		    logins->database, account, attempt->account.hash, attempt->hash);
	}
	km_journal_note(logins->database, KM_EVENT_LOGIN, NULL, account, "%s from %s",
	    attempt->name, attempt->address);
	if (!attempt->trying.is_familiar) {
		km_journal_note(logins->database, KM_EVENT_LOGIN_NEW_PLACE, NULL, account,
		    "%s from %s", attempt->name, attempt->address);
	}
	end_attempt(attempt, 0, 0, "");
}

/* The password is right: is the code? */
static void finish_factor(struct attempt *attempt)
{
	struct km_logins *logins = attempt->logins;
	const struct km_uuid *account = &attempt->account.id;
	bool was_recovery = false;
	int err = km_second_factor_check(logins->vault, logins->database, account,
	    km_bytes_text(attempt->code), km_clock_unix_us(), &was_recovery);

	if (err == KM_ERR_AUTH) {
		count_failure(attempt, "wrong code");
		want_code(attempt, "the code is wrong, or was used before");
		return;
	}
	if (err < 0) {
		end_attempt(attempt, err, 0, "the code could not be checked");
		return;
	}
	if (was_recovery) {
		km_journal_note(logins->database, KM_EVENT_RECOVERY_CODE_USED, NULL, account,
		    "%s from %s", attempt->name, attempt->address);
	}
	let_in(attempt);
}

/*
 * True: it was answered, as its count is locked. Looked at just before the password is checked, and
 * again behind it: of many tries that come together only as many learn something as may fail, the
 * right password among them included.
 */
static bool is_locked(struct attempt *attempt)
{
	struct km_logins *logins = attempt->logins;
	int64_t left_us = 0;

	if (attempt->kind != ATTEMPT_LOGIN && !attempt->checks) {
		return false;
	}
	if (km_login_locks_left(
		logins->database, &attempt->trying, km_clock_monotonic_us(), &left_us) < 0) {
		end_attempt(attempt, KM_ERR_DATABASE, 0, "the account could not be read");
		return true;
	}
	if (left_us > 0) {
		end_attempt(attempt, KM_ERR_LOCKED, left_us, "locked after failed logins");
		return true;
	}
	return false;
}

static void finish_login(struct attempt *attempt)
{
	struct km_second_factor_state factor = { 0 };
	uint8_t address[KM_CIDR_ADDRESS_BYTES] = { 0 };
	int err = 0;

	if (!attempt->is_right) {
		fail_login(attempt, attempt->is_known || !attempt->trying.is_account
					? "wrong password"
					: "disabled account");
		return;
	}
	if (km_cidr_parse_address(km_bytes_text(attempt->address), address) < 0 ||
	    !km_accounts_may_come_from(&attempt->account, address)) {
		fail_login(attempt, "not an address of this account");
		return;
	}
	err = km_second_factor_show(attempt->logins->database, &attempt->account.id, &factor);
	if (err < 0) {
		end_attempt(attempt, err, 0, "the account could not be read");
	} else if (!factor.is_active) {
		let_in(attempt);
	} else if (attempt->code[0] == '\0') {
		want_code(attempt, "the code of the second factor is needed");
	} else {
		finish_factor(attempt);
	}
}

static void finish_change(struct attempt *attempt)
{
	if (attempt->checks && !attempt->is_right) {
		count_failure(attempt, "wrong password, asked for once more");
		end_attempt(attempt, KM_ERR_DENIED, 0, "the current password is wrong");
		return;
	}
	if (attempt->checks) {
		(void)km_login_locks_succeed(
		    attempt->logins->database, &attempt->trying, km_clock_unix_us());
	}
	if (attempt->was_used) {
		end_attempt(attempt, KM_ERR_FORMAT, 0, km_password_flaw_text(KM_PASSWORD_USED));
		return;
	}
	end_attempt(attempt, attempt->err, 0, "");
}

static void start_next(struct km_logins *logins);

static void on_done(void *context)
{
	struct attempt *attempt = context;
	struct km_logins *logins = attempt->logins;

	logins->running--;
	if (logins->is_destroyed) {
		drop_attempt(attempt);
		if (logins->running == 0) {
			free_logins(logins);
		}
		return;
	}
	if (is_locked(attempt)) {
		start_next(logins);
		return;
	}
	switch (attempt->kind) {
	case ATTEMPT_LOGIN:
		finish_login(attempt);
		break;
	case ATTEMPT_SETUP:
		finish_setup(attempt);
		break;
	case ATTEMPT_CHANGE:
		finish_change(attempt);
		break;
	}
	start_next(logins);
}

static const char *const busy_text = "too many logins at once; try again in a moment";

/* What the account is, is looked at just before the check too. */
static bool is_refused(struct attempt *attempt)
{
	struct km_logins *logins = attempt->logins;

	if (is_locked(attempt)) {
		return true;
	}
	if (attempt->is_known && (attempt->kind == ATTEMPT_LOGIN || attempt->checks)) {
		attempt->is_known = km_accounts_find_id(logins->database, &attempt->trying.who,
					&attempt->account) == 0 &&
				    !attempt->account.is_disabled;
	}
	return false;
}

static void start_next(struct km_logins *logins)
{
	while (logins->running < logins->rules.at_once && logins->first != NULL) {
		struct attempt *attempt = logins->first;

		logins->first = attempt->next;
		if (logins->first == NULL) {
			logins->last = &logins->first;
		}
		logins->waiting--;
		if (is_refused(attempt)) {
			continue;
		}
		if (km_work_submit(logins->loop, on_run, on_done, attempt) < 0) {
			logins->is_setup_running &= attempt->kind != ATTEMPT_SETUP;
			end_attempt(attempt, KM_ERR_LOCKED, RETRY_US, busy_text);
			continue;
		}
		logins->running++;
	}
}

static bool may_wait(const struct km_logins *logins, const uint8_t *place)
{
	unsigned same = 0;

	for (const struct attempt *attempt = logins->first; attempt != NULL;
	     attempt = attempt->next) {
		same += memcmp(attempt->trying.place, place, KM_CIDR_ADDRESS_BYTES) == 0 ? 1 : 0;
	}
	return same < WAITING_OF_ONE_MAX && logins->waiting < WAITING_MAX;
}

/* Who stands for a name: the account, or a keyed hash of the name. */
static int identify(struct km_logins *logins, struct attempt *attempt, struct km_uuid *ret_who)
{
	uint8_t hash[KM_DIGEST_SHA256_BYTES];
	int err =
	    km_accounts_find(logins->database, km_bytes_text(attempt->name), &attempt->account);

	attempt->is_known = err == 0 && !attempt->account.is_disabled;
	if (err == 0) {
		*ret_who = attempt->account.id;
		return 0;
	}
	if (err != KM_ERR_NOT_FOUND) {
		return err;
	}
	err = km_digest_hmac_sha256(
	    KM_BYTES_OF(logins->name_key), km_bytes_text(attempt->name), hash);
	if (err == 0) {
		memcpy(ret_who->bytes, hash, sizeof(ret_who->bytes));
	}
	return err < 0 ? err : KM_ERR_NOT_FOUND;
}

/* Find out who it is and from where. */
static int recognize(struct km_logins *logins, struct attempt *attempt)
{
	uint8_t address[KM_CIDR_ADDRESS_BYTES] = { 0 };
	struct km_uuid who = { 0 };
	int err = identify(logins, attempt, &who);
	bool is_account = err == 0;

	if (err < 0 && err != KM_ERR_NOT_FOUND) {
		return err;
	}
	if (km_cidr_parse_address(km_bytes_text(attempt->address), address) < 0) {
		memset(address, 0, sizeof(address));
	}
	return km_login_locks_recognize(
	    logins->database, &who, is_account, address, &attempt->trying);
}

/* NULL without memory. */
static struct attempt *make_attempt(
    struct km_logins *logins, enum attempt_kind kind, const char *address, const char *name)
{
	struct attempt *attempt = calloc(1, sizeof(*attempt));

	if (attempt != NULL) {
		attempt->logins = logins;
		attempt->kind = kind;
		(void)km_bytes_copy_text(
		    km_bytes_text(address), attempt->address, sizeof(attempt->address));
		(void)km_bytes_copy_text(km_bytes_text(name), attempt->name, sizeof(attempt->name));
	}
	return attempt;
}

static void copy_secret(const char *text, char *ret_text, size_t size)
{
	(void)km_bytes_copy_text(km_bytes_text(text), ret_text, size);
}

/* To the end of the queue, if there is room for one more from there. */
static void enqueue(struct km_logins *logins, struct attempt *attempt)
{
	if (!may_wait(logins, attempt->trying.place)) {
		end_attempt(attempt, KM_ERR_LOCKED, RETRY_US, busy_text);
		return;
	}
	logins->is_setup_running |= attempt->kind == ATTEMPT_SETUP;
	*logins->last = attempt;
	logins->last = &attempt->next;
	logins->waiting++;
	start_next(logins);
}

static void refuse(struct km_logins *logins, uint32_t request, int err, const char *text)
{
	const struct km_logins_result result = {
		.request = request,
		.err = err,
		.retry_after_us = err == KM_ERR_LOCKED ? RETRY_US : 0,
		.text = text,
		.address = "",
		.program = "",
	};

	logins->events->on_login(logins->context, &result);
}

static bool may_anybody_come_from(const struct km_logins *logins, const char *text)
{
	uint8_t address[KM_CIDR_ADDRESS_BYTES];

	return km_cidr_parse_address(km_bytes_text(text), address) == 0 &&
	       (km_cidr_is_loopback(address) ||
		   km_cidr_list_has(logins->rules.allow_from, address));
}

void km_logins_login(struct km_logins *logins, struct km_message_login *login)
{
	struct attempt *attempt = NULL;
	int err = 0;

	if (!may_anybody_come_from(logins, login->address)) {
		refuse(logins, login->request, KM_ERR_DENIED, "not from this address");
		goto out;
	}
	attempt = make_attempt(logins, ATTEMPT_LOGIN, login->address, login->name);
	if (attempt == NULL) {
		refuse(logins, login->request, KM_ERR_LOCKED, busy_text);
		goto out;
	}
	attempt->request = login->request;
	copy_secret(login->program, attempt->program, sizeof(attempt->program));
	copy_secret(login->password, attempt->password, sizeof(attempt->password));
	copy_secret(login->code, attempt->code, sizeof(attempt->code));
	err = recognize(logins, attempt);
	if (err < 0) {
		end_attempt(attempt, err, 0, "the accounts could not be read");
	} else {
		enqueue(logins, attempt);
	}
out:
	km_messages_wipe(KM_MESSAGE_login, login);
}

/* The hashes that a new password must not fit. */
static int load_hashes(struct km_logins *logins, struct attempt *attempt)
{
	size_t most = logins->rules.password_history < HASHES_MAX ? logins->rules.password_history
								  : HASHES_MAX;

	return km_accounts_hashes(
	    logins->database, &attempt->account.id, attempt->hashes, most, &attempt->hash_count);
}

void km_logins_change(struct km_logins *logins, const struct km_logins_change *change)
{
	struct attempt *attempt = NULL;
	enum km_password_flaw flaw = KM_PASSWORD_FINE;
	int err = 0;

	if (change->wanted != NULL) {
		flaw = km_password_judge(km_bytes_text(change->wanted),
		    km_bytes_text(change->account->name), logins->rules.password_characters);
	}
	if (flaw != KM_PASSWORD_FINE) {
		change->on_ready(
		    change->context, KM_ERR_FORMAT, 0, NULL, km_password_flaw_text(flaw));
		return;
	}
	attempt = make_attempt(logins, ATTEMPT_CHANGE, change->address, change->account->name);
	if (attempt == NULL) {
		change->on_ready(change->context, KM_ERR_MEMORY, 0, NULL, "");
		return;
	}
	attempt->on_ready = change->on_ready;
	attempt->context = change->context;
	attempt->checks = change->current != NULL;
	copy_secret(change->current, attempt->password, sizeof(attempt->password));
	copy_secret(change->wanted, attempt->wanted, sizeof(attempt->wanted));
	err = recognize(logins, attempt);
	if (err == 0 && change->wanted != NULL && attempt->trying.is_account) {
		err = load_hashes(logins, attempt);
	}
	if (err < 0) {
		end_attempt(attempt, err, 0, "the account could not be read");
	} else {
		enqueue(logins, attempt);
	}
}

/* Why the set-up cannot begin; 0 and "" if it can. */
static int judge_setup(
    struct km_logins *logins, const struct km_message_setup *setup, const char **ret_text)
{
	uint8_t hash[KM_DIGEST_SHA256_BYTES] = { 0 };
	enum km_password_flaw flaw = km_password_judge(km_bytes_text(setup->password),
	    km_bytes_text(setup->name), logins->rules.password_characters);

	*ret_text = "";
	if (logins->is_setup_done || logins->is_setup_running || !logins->has_token) {
		*ret_text = "the set-up was done already";
		return KM_ERR_STATE;
	}
	if (km_digest_sha256(km_bytes_text(setup->token), hash) < 0 ||
	    !km_secret_is_equal_bytes(KM_BYTES_OF(hash), KM_BYTES_OF(logins->token_hash))) {
		*ret_text = "the token is wrong: it is printed where the recorder was started";
		return KM_ERR_DENIED;
	}
	if (!km_text_is_name(km_bytes_text(setup->name))) {
		*ret_text = "name: 1 to 63 of a-z, 0-9, '-', '_' and '.' is right";
		return KM_ERR_FORMAT;
	}
	if (flaw != KM_PASSWORD_FINE) {
		*ret_text = km_password_flaw_text(flaw);
		return KM_ERR_FORMAT;
	}
	return 0;
}

void km_logins_setup(struct km_logins *logins, struct km_message_setup *setup)
{
	const char *text = NULL;
	struct attempt *attempt = NULL;
	int err = may_anybody_come_from(logins, setup->address) ? judge_setup(logins, setup, &text)
								: KM_ERR_DENIED;

	if (err < 0) {
		refuse(logins, setup->request, err, text == NULL ? "not from this address" : text);
		goto out;
	}
	attempt = make_attempt(logins, ATTEMPT_SETUP, setup->address, setup->name);
	if (attempt == NULL) {
		refuse(logins, setup->request, KM_ERR_LOCKED, busy_text);
		goto out;
	}
	attempt->request = setup->request;
	copy_secret(setup->program, attempt->program, sizeof(attempt->program));
	copy_secret(setup->password, attempt->wanted, sizeof(attempt->wanted));
	err = recognize(logins, attempt);
	if (err < 0) {
		end_attempt(attempt, err, 0, "the accounts could not be read");
	} else {
		enqueue(logins, attempt);
	}
out:
	km_messages_wipe(KM_MESSAGE_setup, setup);
}

void km_logins_destroy(struct km_logins *logins)
{
	if (logins == NULL) {
		return;
	}
	while (logins->first != NULL) {
		struct attempt *attempt = logins->first;

		logins->first = attempt->next;
		drop_attempt(attempt);
	}
	logins->is_destroyed = true;
	if (logins->running == 0) {
		free_logins(logins);
	}
}
