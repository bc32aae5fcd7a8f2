#include "guard/logins.h"

#include "base/text.h"
#include "base/time.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "guard/journal.h"
#include "io/clock.h"
#include "io/work.h"

#include <stdlib.h>
#include <string.h>

#define WAITING_MAX        32
#define WAITING_OF_ONE_MAX 4 /* from one address, which so cannot keep the others out */
#define RETRY_US           (2 * KM_TIME_SECOND_US)

/* One try. Between submit and done only the pool's thread touches it. */
struct attempt {
	struct km_logins *logins;
	struct attempt *next;
	uint32_t request;
	bool is_setup;
	bool is_known; /* the account exists and may try */
	char address[64];
	char name[64];
	char password[256];
	struct km_account account;
	bool is_right; /* results */
	int err;
	char hash[KM_PASSWORD_HASH_SIZE];
};

struct km_logins {
	struct km_loop *loop;
	struct km_database *database;
	const struct km_logins_events *events;
	void *context;
	unsigned at_once;
	unsigned password_characters;
	unsigned running;
	unsigned waiting;
	struct attempt *first;
	struct attempt **last;
	bool is_setup_done;
	bool is_setup_running;
	bool has_token;
	bool is_destroyed; /* the last check under way frees it */
	uint8_t token_hash[KM_DIGEST_SHA256_BYTES];
};

int km_logins_create(struct km_loop *loop, struct km_database *database, unsigned at_once,
    unsigned password_characters, const struct km_logins_events *events, void *context,
    struct km_logins **ret_logins)
{
	struct km_logins *logins = calloc(1, sizeof(*logins));
	int64_t count = 0;
	int err = km_accounts_count(database, &count);

	if (logins == NULL || err < 0) {
		free(logins);
		return err < 0 ? err : KM_ERR_MEMORY;
	}
	*logins = (struct km_logins){
		.loop = loop,
		.database = database,
		.events = events,
		.context = context,
		.at_once = at_once,
		.password_characters = password_characters,
		.is_setup_done = count > 0,
	};
	logins->last = &logins->first;
	*ret_logins = logins;
	return 0;
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

	logins->events->on_login(logins->context, attempt->request, err,
	    err == 0 ? &attempt->account : NULL, retry_after_us, text);
	free_attempt(attempt);
}

/* --- on a thread of the pool --- */

static void on_run(void *context)
{
	struct attempt *attempt = context;
	struct km_bytes password = km_bytes_text(attempt->password);

	if (attempt->is_setup) {
		attempt->err = km_password_hash(password, attempt->hash);
	} else {
		/* Also for a name that does not exist: the time must not tell. */
		attempt->is_right = km_password_is_right(
					password, attempt->is_known ? attempt->account.hash : "") &&
				    attempt->is_known;
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
		km_journal_note(logins->database, KM_EVENT_SETUP_DONE, NULL, &attempt->account.id,
		    "%s from %s", attempt->name, attempt->address);
	}
	end_attempt(attempt, err, 0, err == 0 ? "" : "the account could not be stored");
}

static void finish_login(struct attempt *attempt)
{
	struct km_logins *logins = attempt->logins;
	int64_t now_us = km_clock_unix_us();
	int64_t locked_until_us = 0;
	char name[KM_JOURNAL_NAME_SIZE];

	if (attempt->is_right) {
		(void)km_accounts_note_success(logins->database, &attempt->account.id);
		km_journal_note(logins->database, KM_EVENT_LOGIN, NULL, &attempt->account.id,
		    "%s from %s", attempt->name, attempt->address);
		end_attempt(attempt, 0, 0, "");
		return;
	}
	if (attempt->is_known) {
		(void)km_accounts_note_failure(
		    logins->database, &attempt->account.id, now_us, &locked_until_us);
	}
	if (attempt->is_known) {
		memcpy(name, attempt->name, sizeof(name));
	} else {
		km_journal_describe_name(logins->database, km_bytes_text(attempt->name), name);
	}
	km_journal_note(logins->database,
	    locked_until_us > 0 ? KM_EVENT_LOGIN_LOCKED : KM_EVENT_LOGIN_FAILED, NULL,
	    attempt->is_known ? &attempt->account.id : NULL, "%s from %s", name, attempt->address);
	end_attempt(attempt, KM_ERR_AUTH, 0, "the name or the password is wrong");
}

static void start_next(struct km_logins *logins);

static void on_done(void *context)
{
	struct attempt *attempt = context;
	struct km_logins *logins = attempt->logins;

	logins->running--;
	if (logins->is_destroyed) {
		free_attempt(attempt);
		if (logins->running == 0) {
			free_logins(logins);
		}
		return;
	}
	if (attempt->is_setup) {
		finish_setup(attempt);
	} else {
		finish_login(attempt);
	}
	start_next(logins);
}

static const char *const busy_text = "too many logins at once; try again in a moment";

/*
 * The lock is looked at just before the check, not when the try came in: of many tries that came
 * together only as many count as may fail.
 */
static bool is_locked(struct attempt *attempt)
{
	int64_t left_us = 0;

	if (attempt->is_setup || !attempt->is_known ||
	    km_accounts_find_id(
		attempt->logins->database, &attempt->account.id, &attempt->account) < 0) {
		return false;
	}
	left_us = km_accounts_lock_left_us(&attempt->account, km_clock_unix_us());
	if (left_us == 0) {
		return false;
	}
	end_attempt(attempt, KM_ERR_LOCKED, left_us, "locked after failed logins");
	return true;
}

static void start_next(struct km_logins *logins)
{
	while (logins->running < logins->at_once && logins->first != NULL) {
		struct attempt *attempt = logins->first;

		logins->first = attempt->next;
		if (logins->first == NULL) {
			logins->last = &logins->first;
		}
		logins->waiting--;
		if (is_locked(attempt)) {
			continue;
		}
		if (km_work_submit(logins->loop, on_run, on_done, attempt) < 0) {
			logins->is_setup_running &= !attempt->is_setup;
			end_attempt(attempt, KM_ERR_LOCKED, RETRY_US, busy_text);
			continue;
		}
		logins->running++;
	}
}

static bool may_wait(const struct km_logins *logins, const char *address)
{
	unsigned same = 0;

	for (const struct attempt *attempt = logins->first; attempt != NULL;
	     attempt = attempt->next) {
		same += strcmp(attempt->address, address) == 0 ? 1 : 0;
	}
	return same < WAITING_OF_ONE_MAX && logins->waiting < WAITING_MAX;
}

static struct attempt *make_attempt(struct km_logins *logins, uint32_t request, const char *address,
    const char *name, const char *password)
{
	struct attempt *attempt = may_wait(logins, address) ? calloc(1, sizeof(*attempt)) : NULL;

	if (attempt == NULL) {
		logins->events->on_login(
		    logins->context, request, KM_ERR_LOCKED, NULL, RETRY_US, busy_text);
		return NULL;
	}
	attempt->logins = logins;
	attempt->request = request;
	(void)km_bytes_copy_text(
	    km_bytes_text(address), attempt->address, sizeof(attempt->address));
	(void)km_bytes_copy_text(km_bytes_text(name), attempt->name, sizeof(attempt->name));
	(void)km_bytes_copy_text(
	    km_bytes_text(password), attempt->password, sizeof(attempt->password));
	return attempt;
}

static void enqueue(struct km_logins *logins, struct attempt *attempt)
{
	*logins->last = attempt;
	logins->last = &attempt->next;
	logins->waiting++;
	start_next(logins);
}

void km_logins_login(struct km_logins *logins, struct km_message_login *login)
{
	struct attempt *attempt =
	    make_attempt(logins, login->request, login->address, login->name, login->password);

	if (attempt != NULL) {
		attempt->is_known = km_accounts_find(logins->database, km_bytes_text(login->name),
					&attempt->account) == 0 &&
				    !attempt->account.is_disabled;
		enqueue(logins, attempt);
	}
	km_messages_wipe(KM_MESSAGE_login, login);
}

/* Why the set-up cannot begin; 0 and "" if it can. */
static int judge_setup(
    struct km_logins *logins, const struct km_message_setup *setup, const char **ret_text)
{
	uint8_t hash[KM_DIGEST_SHA256_BYTES] = { 0 };
	enum km_password_flaw flaw = km_password_judge(km_bytes_text(setup->password),
	    km_bytes_text(setup->name), logins->password_characters);

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
	int err = judge_setup(logins, setup, &text);

	if (err < 0) {
		logins->events->on_login(logins->context, setup->request, err, NULL, 0, text);
	} else {
		attempt = make_attempt(
		    logins, setup->request, setup->address, setup->name, setup->password);
	}
	if (attempt != NULL) {
		attempt->is_setup = true;
		logins->is_setup_running = true;
		enqueue(logins, attempt);
	}
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
		free_attempt(attempt);
	}
	logins->is_destroyed = true;
	if (logins->running == 0) {
		free_logins(logins);
	}
}
