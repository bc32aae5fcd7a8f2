/* Requests about accounts, rights, sessions and tokens. */
#include "guard/hub_people.h"
#include "base/text.h"
#include "base/time.h"
#include "guard/journal.h"
#include "guard/login_locks.h"
#include "guard/logins.h"
#include "guard/second_factor.h"
#include "io/clock.h"
#include "model/states.h"

#include <stdlib.h>
#include <string.h>

static const struct km_uuid nobody;

/* --- what waits for a hash --- */

/* Kept while the pool works; `end` goes on with it. */
struct waiting {
	struct km_hub *hub;
	uint32_t request;
	struct km_uuid session;    /* of who asks */
	struct km_account account; /* whose password it is */
	struct km_account asker;
	struct km_message_account_add add;
	struct km_message_account_set set;
	int (*end)(struct waiting *waiting, const char *hash, struct km_uuid *ret_id);
};

static void on_ready(
    void *context, int err, int64_t retry_after_us, const char *hash, const char *text)
{
	struct waiting *waiting = context;
	struct km_uuid id = { 0 };

	(void)retry_after_us;
	if (err != KM_ERR_CLOSED) {
		if (err == 0) {
			err = waiting->end(waiting, hash, &id);
		}
		km_hub_requests_finish(waiting->hub, waiting->request, err, &id, text);
	}
	explicit_bzero(waiting, sizeof(*waiting));
	free(waiting);
}

/* The session that asks; NULL for the command line. */
static const struct km_session *session_of(struct km_hub_asking *asking)
{
	return km_sessions_find(&asking->hub->sessions, asking->session, km_clock_monotonic_us());
}

/* Returns KM_HUB_REQUESTS_LATER, or KM_ERR_MEMORY. `account` is whose password it is about. */
static int wait_for(struct km_hub_asking *asking, const struct waiting *wanted, const char *current,
    const char *password)
{
	const struct km_session *session = session_of(asking);
	struct waiting *waiting = calloc(1, sizeof(*waiting));
	struct km_logins_change change = {
		.address = session == NULL ? "" : session->origin.address,
		.current = current,
		.wanted = password,
		.on_ready = on_ready,
		.context = waiting,
	};

	if (waiting == NULL) {
		return KM_ERR_MEMORY;
	}
	*waiting = *wanted;
	waiting->hub = asking->hub;
	waiting->request = asking->request;
	waiting->asker = *asking->account;
	waiting->session = session == NULL ? nobody : session->id;
	change.account = &waiting->account;
	km_logins_change(asking->hub->logins, &change);
	return KM_HUB_REQUESTS_LATER;
}

/* The account has changed, so its sessions end, but for the one that changed it. */
static int bump(struct km_hub *hub, const struct km_uuid *id, const struct km_uuid *session)
{
	struct km_account account;
	int err = km_accounts_bump(hub->database, id);

	if (err == 0) {
		err = km_accounts_find_id(hub->database, id, &account);
	}
	if (err == 0) {
		km_sessions_keep(&hub->sessions, session, account.generation);
	}
	km_hub_tell_rights(hub);
	return err;
}

/* --- one's own account --- */

struct counting {
	const struct km_uuid *account;
	uint32_t count;
};

static void on_counted_session(void *context, const struct km_session *session)
{
	struct counting *counting = context;

	counting->count += km_uuid_is_equal(&session->account, counting->account) ? 1 : 0;
}

static int on_counted_token(void *context, const struct km_token *token)
{
	struct counting *counting = context;

	counting->count += km_tokens_is_alive(token, km_clock_unix_us()) ? 1 : 0;
	return 0;
}

static int tell_account(struct km_hub_asking *asking, const struct km_account *account)
{
	struct km_hub *hub = asking->hub;
	struct km_second_factor_state factor = { 0 };
	struct counting sessions = { .account = &account->id };
	struct counting tokens = { .account = &account->id };
	struct km_message_own_account record = {
		.id = account->id,
		.role = (uint8_t)account->role,
		.is_disabled = account->is_disabled,
		.created_unix_us = account->created_us,
		.password_unix_us = account->password_us,
	};
	int err = km_second_factor_show(hub->database, &account->id, &factor);

	if (err == 0) {
		err = km_login_locks_of(
		    hub->database, &account->id, km_clock_monotonic_us(), &record.locked_us);
	}
	if (err == 0) {
		err = km_tokens_each(hub->database, &account->id, on_counted_token, &tokens);
	}
	if (err < 0) {
		return err;
	}
	km_sessions_each(&hub->sessions, km_clock_monotonic_us(), on_counted_session, &sessions);
	record.has_second_factor = factor.is_active;
	record.is_second_factor_needed =
	    km_hub_wants_factor(hub, account->role) && !factor.is_active;
	record.recovery_codes = factor.codes_left;
	record.sessions = sessions.count;
	record.tokens = tokens.count;
	memcpy(record.name, account->name, sizeof(record.name));
	memcpy(record.allow_from, account->allow_from, sizeof(record.allow_from));
	km_hub_requests_answer(asking, KM_MESSAGE_own_account, &record);
	return 0;
}

int km_hub_request_own_account_get(
    struct km_hub_asking *asking, struct km_message_own_account_get *get)
{
	(void)get;
	return tell_account(asking, asking->account);
}

static int end_own_password(struct waiting *waiting, const char *hash, struct km_uuid *ret_id)
{
	struct km_hub *hub = waiting->hub;
	int err = km_accounts_set_hash(hub->database, &waiting->account.id, hash,
	    (unsigned)hub->options.password_history, km_clock_unix_us());

	(void)ret_id;
	if (err == 0) {
		err = bump(hub, &waiting->account.id, &waiting->session);
		km_journal_note(hub->database, KM_EVENT_PASSWORD_SET, NULL, &waiting->account.id,
		    "%s: by the account itself", waiting->account.name);
	}
	return err;
}

int km_hub_request_own_password_set(
    struct km_hub_asking *asking, struct km_message_own_password_set *set)
{
	const struct waiting waiting = { .account = *asking->account, .end = end_own_password };

	return wait_for(asking, &waiting, set->current, set->password);
}

static int end_totp_get(struct waiting *waiting, const char *hash, struct km_uuid *ret_id)
{
	struct km_hub *hub = waiting->hub;
	struct km_message_totp record = { .request = waiting->request };
	int err =
	    km_second_factor_begin(hub->vault, hub->database, &waiting->account.id, record.secret);

	(void)hash;
	(void)ret_id;
	if (err == 0) {
		km_second_factor_write_uri(waiting->account.name, record.secret, record.uri);
		km_hub_send(hub->web, KM_MESSAGE_totp, &record);
	}
	explicit_bzero(&record, sizeof(record));
	return err;
}

int km_hub_request_totp_get(struct km_hub_asking *asking, struct km_message_totp_get *get)
{
	const struct waiting waiting = { .account = *asking->account, .end = end_totp_get };
	struct km_second_factor_state state = { 0 };
	int err = km_second_factor_show(asking->hub->database, &asking->account->id, &state);

	if (err == 0 && state.is_active) {
		return km_hub_requests_fail(asking, KM_ERR_STATE,
		    "there is a second factor already: switch that one off first");
	}
	return err < 0 ? err : wait_for(asking, &waiting, get->password, NULL);
}

int km_hub_request_totp_confirm(
    struct km_hub_asking *asking, struct km_message_totp_confirm *confirm)
{
	struct km_hub *hub = asking->hub;
	const struct km_uuid *id = &asking->account->id;
	const struct km_session *session = session_of(asking);
	char codes[KM_SECOND_FACTOR_CODES][KM_SECOND_FACTOR_CODE_SIZE];
	struct km_message_recovery_code record = { 0 };
	int err = KM_ERR_AUTH;

	/* Without a code the factor would be switched on unseen, which is for the command line. */
	if (confirm->code[0] != '\0') {
		err = km_second_factor_confirm(hub->vault, hub->database, id,
		    km_bytes_text(confirm->code), km_clock_unix_us(), codes);
	}
	if (err == KM_ERR_AUTH) {
		return km_hub_requests_fail(asking, KM_ERR_FORMAT,
		    "the code is wrong; is the clock of the telephone right, and of the recorder?");
	}
	if (err == KM_ERR_STATE) {
		return km_hub_requests_fail(asking, err, "nothing was begun, or it is on already");
	}
	if (err == 0) {
		km_journal_note(hub->database, KM_EVENT_SECOND_FACTOR_ON, NULL, id, "%s",
		    asking->account->name);
		err = bump(hub, id, session == NULL ? &nobody : &session->id);
	}
	for (size_t i = 0; err == 0 && i < KM_SECOND_FACTOR_CODES; i++) {
		memcpy(record.code, codes[i], sizeof(record.code));
		km_hub_requests_answer(asking, KM_MESSAGE_recovery_code, &record);
	}
	explicit_bzero(&record, sizeof(record));
	explicit_bzero(codes, sizeof(codes));
	return err;
}

static int drop_factor(struct km_hub *hub, const struct km_account *account,
    const struct km_uuid *session, const struct km_account *asker)
{
	int err = km_second_factor_drop(hub->database, &account->id);

	if (err == 0) {
		km_journal_note(hub->database, KM_EVENT_SECOND_FACTOR_OFF, NULL, &asker->id,
		    "%s: by %s", account->name, asker->name);
		err = bump(hub, &account->id, session);
	}
	return err;
}

static int end_own_totp_drop(struct waiting *waiting, const char *hash, struct km_uuid *ret_id)
{
	(void)hash;
	(void)ret_id;
	return drop_factor(waiting->hub, &waiting->account, &waiting->session, &waiting->account);
}

int km_hub_request_own_totp_drop(
    struct km_hub_asking *asking, struct km_message_own_totp_drop *drop)
{
	const struct waiting waiting = { .account = *asking->account, .end = end_own_totp_drop };

	return wait_for(asking, &waiting, drop->password, NULL);
}

/* --- accounts --- */

static int on_account(void *context, const struct km_account *account)
{
	return tell_account(context, account);
}

int km_hub_request_account_list(struct km_hub_asking *asking, struct km_message_account_list *list)
{
	(void)list;
	return km_accounts_each(asking->hub->database, on_account, asking);
}

int km_hub_people_find(
    struct km_hub_asking *asking, const struct km_uuid *id, struct km_account *ret_account)
{
	int err = km_accounts_find_id(asking->hub->database, id, ret_account);

	return err == KM_ERR_NOT_FOUND
		   ? km_hub_requests_fail(asking, err, "there is no such account")
		   : err;
}

int km_hub_people_judge_list(struct km_hub_asking *asking, const char *text)
{
	struct km_cidr_list list;
	struct km_buf fault;
	char words[200] = "";

	km_buf_init_fixed(&fault, words, sizeof(words) - 1);
	if (km_cidr_parse_list(km_bytes_text(text), &list, &fault) < 0) {
		return km_hub_requests_fail(asking, KM_ERR_FORMAT, "allow_from: %s", words);
	}
	return 0;
}

static int end_account_add(struct waiting *waiting, const char *hash, struct km_uuid *ret_id)
{
	struct km_hub *hub = waiting->hub;
	const struct km_message_account_add *add = &waiting->add;
	int err = km_accounts_add(hub->database, add->name, (enum km_account_role)add->role, hash,
	    km_clock_unix_us(), ret_id);

	if (err == 0 && add->allow_from[0] != '\0') {
		err = km_accounts_set_allow_from(hub->database, ret_id, add->allow_from);
	}
	if (err == 0) {
		km_journal_note(hub->database, KM_EVENT_ACCOUNT_PUT, NULL, &waiting->asker.id,
		    "%s: new %s, by %s", add->name,
		    km_rights_role_name((enum km_account_role)add->role), waiting->asker.name);
	}
	return err;
}

int km_hub_request_account_add(struct km_hub_asking *asking, struct km_message_account_add *add)
{
	struct waiting waiting = { .end = end_account_add };
	int err = km_hub_people_judge_list(asking, add->allow_from);

	if (err < 0) {
		return err;
	}
	if (!km_text_is_name(km_bytes_text(add->name))) {
		return km_hub_requests_fail(
		    asking, KM_ERR_FORMAT, "name: 1 to 63 of a-z, 0-9, '-', '_' and '.' is right");
	}
	if (add->role == KM_ACCOUNT_NONE) {
		return km_hub_requests_fail(
		    asking, KM_ERR_FORMAT, "role: administrator, user or maintenance is right");
	}
	if (km_accounts_find(asking->hub->database, km_bytes_text(add->name), &waiting.account) ==
	    0) {
		return km_hub_requests_fail(asking, KM_ERR_EXISTS, "name: there is this account");
	}
	waiting.account = (struct km_account){ 0 };
	memcpy(waiting.account.name, add->name, sizeof(add->name));
	waiting.add = *add;
	explicit_bzero(waiting.add.password, sizeof(waiting.add.password));
	return wait_for(asking, &waiting, NULL, add->password);
}

/* Nobody takes the last administrator away, nor shuts out the address that they sit at. */
static int judge_set(struct km_hub_asking *asking, const struct km_account *account,
    const struct km_message_account_set *set)
{
	const struct km_session *session = session_of(asking);
	struct km_account wanted = *account;
	uint8_t address[KM_CIDR_ADDRESS_BYTES];
	bool is_own = km_uuid_is_equal(&account->id, &asking->account->id);
	bool loses = set->state == KM_ACCOUNT_STATE_DISABLED ||
		     (set->role != 0 && set->role != KM_ACCOUNT_ADMINISTRATOR);
	bool is_last = false;
	int err = km_hub_people_judge_list(asking, set->allow_from);

	if (err == 0 && loses && account->role == KM_ACCOUNT_ADMINISTRATOR) {
		err = km_accounts_is_last_administrator(
		    asking->hub->database, &account->id, &is_last);
	}
	if (err < 0) {
		return err;
	}
	if (is_last) {
		return km_hub_requests_fail(
		    asking, KM_ERR_STATE, "this is the last administrator: make another one first");
	}
	if (is_own && set->password[0] != '\0') {
		return km_hub_requests_fail(asking, KM_ERR_STATE,
		    "one's own password is changed with the current one: see your own account");
	}
	memcpy(wanted.allow_from, set->allow_from, sizeof(wanted.allow_from));
	if (is_own && set->allow_from[0] != '\0' && session != NULL &&
	    km_cidr_parse_address(km_bytes_text(session->origin.address), address) == 0 &&
	    !km_accounts_may_come_from(&wanted, address)) {
		return km_hub_requests_fail(asking, KM_ERR_FORMAT,
		    "allow_from: it would shut out %s, where you are", session->origin.address);
	}
	return 0;
}

static int apply_set(struct km_hub *hub, const struct km_account *account,
    const struct km_message_account_set *set, const struct km_account *asker)
{
	const struct km_uuid *id = &account->id;
	int err = 0;

	if (set->role != 0 && set->role != (uint8_t)account->role) {
		err = km_accounts_set_role(hub->database, id, (enum km_account_role)set->role);
	}
	if (err == 0 && set->state != KM_ACCOUNT_STATE_UNCHANGED) {
		err = km_accounts_set_disabled(
		    hub->database, id, set->state == KM_ACCOUNT_STATE_DISABLED);
	}
	if (err == 0 && set->allow_from[0] != '\0') {
		err = km_accounts_set_allow_from(hub->database, id, set->allow_from);
	}
	if (err == 0 && set->is_unlocked) {
		err = km_login_locks_clear(hub->database, id);
		km_journal_note(hub->database, KM_EVENT_ACCOUNT_UNLOCKED, NULL, &asker->id,
		    "%s: by %s", account->name, asker->name);
	}
	if (err == 0 && (set->role != 0 || set->state != 0 || set->allow_from[0] != '\0')) {
		km_journal_note(hub->database, KM_EVENT_ACCOUNT_PUT, NULL, &asker->id,
		    "%s:%s%s%s%s%s%s, by %s", account->name, set->role != 0 ? " role " : "",
		    set->role != 0 ? km_rights_role_name((enum km_account_role)set->role) : "",
		    set->state == KM_ACCOUNT_STATE_DISABLED ? " disabled" : "",
		    set->state == KM_ACCOUNT_STATE_ENABLED ? " enabled" : "",
		    set->allow_from[0] != '\0' ? " only from " : "", set->allow_from, asker->name);
	}
	km_hub_tell_rights(hub);
	return err;
}

static int end_account_set(struct waiting *waiting, const char *hash, struct km_uuid *ret_id)
{
	struct km_hub *hub = waiting->hub;
	int err = km_accounts_set_hash(hub->database, &waiting->account.id, hash,
	    (unsigned)hub->options.password_history, km_clock_unix_us());

	(void)ret_id;
	if (err == 0) {
		km_journal_note(hub->database, KM_EVENT_PASSWORD_SET, NULL, &waiting->asker.id,
		    "%s: by %s", waiting->account.name, waiting->asker.name);
		err = apply_set(hub, &waiting->account, &waiting->set, &waiting->asker);
	}
	return err;
}

int km_hub_request_account_set(struct km_hub_asking *asking, struct km_message_account_set *set)
{
	struct waiting waiting = { .end = end_account_set };
	int err = km_hub_people_find(asking, &set->id, &waiting.account);

	if (err == 0) {
		err = judge_set(asking, &waiting.account, set);
	}
	if (err < 0) {
		return err;
	}
	if (set->password[0] == '\0') {
		return apply_set(asking->hub, &waiting.account, set, asking->account);
	}
	waiting.set = *set;
	explicit_bzero(waiting.set.password, sizeof(waiting.set.password));
	return wait_for(asking, &waiting, NULL, set->password);
}

int km_hub_request_account_totp_drop(
    struct km_hub_asking *asking, struct km_message_account_totp_drop *drop)
{
	struct km_account account;
	int err = km_hub_people_find(asking, &drop->id, &account);

	if (err == 0 && km_uuid_is_equal(&account.id, &asking->account->id)) {
		return km_hub_requests_fail(asking, KM_ERR_STATE,
		    "one's own second factor is switched off with the password: see your own "
		    "account");
	}
	return err < 0 ? err : drop_factor(asking->hub, &account, &nobody, asking->account);
}

/* --- rights --- */

static uint8_t *place_of(struct km_message_grant *grant, enum km_right right)
{
	switch (right) {
	case KM_RIGHT_LIVE:
		return &grant->may_live;
	case KM_RIGHT_PLAYBACK:
		return &grant->may_playback;
	case KM_RIGHT_EXPORT:
		return &grant->may_export;
	default:
		return NULL;
	}
}

static const enum km_right grid_rights[] = { KM_RIGHT_LIVE, KM_RIGHT_PLAYBACK, KM_RIGHT_EXPORT };

static int tell_grant(struct km_hub_asking *asking, const struct km_account *account,
    const struct km_hub_camera *camera, bool is_told_if_empty)
{
	struct km_message_grant grant = { .id = account->id, .camera = camera->entry.id };
	bool has_any = false;
	int err = 0;

	for (size_t i = 0; err == 0 && i < KM_COUNT(grid_rights); i++) {
		bool may = false;

		err = km_accounts_may(
		    asking->hub->database, account, grid_rights[i], &camera->entry.id, &may);
		*place_of(&grant, grid_rights[i]) = may;
		has_any = has_any || may;
	}
	if (err == 0 && (has_any || is_told_if_empty)) {
		memcpy(grant.camera_name, camera->entry.name, sizeof(grant.camera_name));
		err = km_hub_requests_answer(asking, KM_MESSAGE_grant, &grant);
	}
	return err;
}

static int tell_grants(
    struct km_hub_asking *asking, const struct km_account *account, bool are_all_told)
{
	struct km_hub *hub = asking->hub;
	int err = 0;

	for (size_t i = 0; err == 0 && i < hub->camera_count; i++) {
		err = tell_grant(asking, account, hub->cameras[i], are_all_told);
	}
	return err;
}

/* Administrators have all, and maintenance none: only what was given is told. */
static int on_granted_account(void *context, const struct km_account *account)
{
	return account->role == KM_ACCOUNT_USER && !account->is_disabled
		   ? tell_grants(context, account, false)
		   : 0;
}

int km_hub_request_grant_list(struct km_hub_asking *asking, struct km_message_grant_list *list)
{
	struct km_account account;
	int err = 0;

	if (km_uuid_is_nil(&list->id)) {
		return km_accounts_each(asking->hub->database, on_granted_account, asking);
	}
	err = km_hub_people_find(asking, &list->id, &account);
	return err < 0 ? err : tell_grants(asking, &account, true);
}

int km_hub_request_grant_set(struct km_hub_asking *asking, struct km_message_grant_set *set)
{
	struct km_hub *hub = asking->hub;
	const struct km_hub_camera *camera = km_hub_find(hub, &set->camera);
	struct km_message_grant grant = {
		.may_live = set->may_live,
		.may_playback = set->may_playback,
		.may_export = set->may_export,
	};
	struct km_account account;
	int err = km_hub_people_find(asking, &set->id, &account);

	if (err < 0) {
		return err;
	}
	if (camera == NULL) {
		return km_hub_requests_fail(asking, KM_ERR_NOT_FOUND, "there is no such camera");
	}
	if (account.role != KM_ACCOUNT_USER) {
		return km_hub_requests_fail(asking, KM_ERR_STATE,
		    "rights on cameras are given to users: administrators have all of them, "
		    "maintenance staff none");
	}
	for (size_t i = 0; err == 0 && i < KM_COUNT(grid_rights); i++) {
		err = km_accounts_grant(hub->database, &account.id, &set->camera, grid_rights[i],
		    *place_of(&grant, grid_rights[i]) != 0);
	}
	if (err == 0) {
		km_journal_note(hub->database, KM_EVENT_GRANT_SET, &set->camera,
		    &asking->account->id, "%s on %s:%s%s%s%s, by %s", account.name,
		    camera->entry.name, set->may_live ? " live" : "",
		    set->may_playback ? " playback" : "", set->may_export ? " export" : "",
		    set->may_live || set->may_playback || set->may_export ? "" : " nothing",
		    asking->account->name);
	}
	km_hub_tell_rights(hub);
	return err;
}

/* --- sessions --- */

/* Whether who asks may see and end what belongs to others. */
bool km_hub_people_sees_all(const struct km_hub_asking *asking)
{
	return asking->account == NULL || km_rights_has(asking->account->role, KM_RIGHT_ACCOUNTS);
}

static void on_session(void *context, const struct km_session *session)
{
	struct km_hub_asking *asking = context;
	struct km_hub *hub = asking->hub;
	const struct km_session *own = session_of(asking);
	int64_t ahead_us = km_clock_unix_us() - km_clock_monotonic_us();
	struct km_message_session_info record = {
		.id = session->id,
		.account = session->account,
		.is_own = own == session,
		.since_unix_us = session->created_unix_us,
		.used_unix_us = session->used_us + ahead_us,
		.expires_unix_us = km_sessions_ends_us(&hub->sessions, session) + ahead_us,
	};
	struct km_account account;

	if (!km_hub_people_sees_all(asking) &&
	    !km_uuid_is_equal(&session->account, &asking->account->id)) {
		return;
	}
	/* One that is over, though it does not know it yet, is not shown. */
	if (km_accounts_find_id(hub->database, &session->account, &account) < 0 ||
	    account.is_disabled || account.generation != session->generation) {
		return;
	}
	memcpy(record.name, account.name, sizeof(record.name));
	memcpy(record.address, session->origin.address, sizeof(record.address));
	memcpy(record.program, session->origin.program, sizeof(record.program));
	km_hub_requests_answer(asking, KM_MESSAGE_session_info, &record);
}

int km_hub_request_session_list(struct km_hub_asking *asking, struct km_message_session_list *list)
{
	(void)list;
	km_sessions_each(&asking->hub->sessions, km_clock_monotonic_us(), on_session, asking);
	return 0;
}

static int end_all(struct km_hub_asking *asking, const struct km_uuid *id)
{
	const struct km_session *own = session_of(asking);
	struct km_account account;
	size_t count = 0;
	int err = 0;

	if (!km_hub_people_sees_all(asking) && !km_uuid_is_equal(id, &asking->account->id)) {
		return KM_ERR_NOT_FOUND;
	}
	err = km_hub_people_find(asking, id, &account);
	if (err < 0) {
		return err;
	}
	count =
	    km_sessions_end_account(&asking->hub->sessions, id, own == NULL ? &nobody : &own->id);
	km_journal_note(asking->hub->database, KM_EVENT_SESSION_REVOKED, NULL,
	    asking->account == NULL ? NULL : &asking->account->id, "%zu of %s, by %s", count,
	    account.name, km_hub_requests_who(asking));
	km_hub_tell_rights(asking->hub);
	return 0;
}

int km_hub_request_session_end(struct km_hub_asking *asking, struct km_message_session_end *end)
{
	struct km_hub *hub = asking->hub;
	const struct km_session *session =
	    km_sessions_find_id(&hub->sessions, &end->id, km_clock_monotonic_us());
	struct km_account account;

	if (km_uuid_is_nil(&end->id)) {
		return end_all(asking, &end->account);
	}
	if (session == NULL ||
	    km_accounts_find_id(hub->database, &session->account, &account) < 0 ||
	    (!km_hub_people_sees_all(asking) &&
		!km_uuid_is_equal(&session->account, &asking->account->id))) {
		return km_hub_requests_fail(asking, KM_ERR_NOT_FOUND, "there is no such session");
	}
	km_journal_note(hub->database, KM_EVENT_SESSION_REVOKED, NULL,
	    asking->account == NULL ? NULL : &asking->account->id, "one of %s from %s, by %s",
	    account.name, session->origin.address, km_hub_requests_who(asking));
	(void)km_sessions_end_id(&hub->sessions, &end->id);
	km_hub_tell_rights(hub);
	return 0;
}
