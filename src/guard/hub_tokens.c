/* Requests about API tokens. */
#include "base/time.h"
#include "guard/hub_people.h"
#include "guard/journal.h"
#include "io/clock.h"

#include <string.h>

static const struct km_uuid nobody;

static int on_token(void *context, const struct km_token *token)
{
	struct km_hub_asking *asking = context;
	struct km_message_token record = {
		.id = token->id,
		.account = token->account,
		.is_alive = km_tokens_is_alive(token, km_clock_unix_us()),
		.created_unix_us = token->created_us,
		.expires_unix_us = token->expires_us,
		.revoked_unix_us = token->revoked_us,
		.used_unix_us = token->used_us,
	};
	struct km_account account;
	struct km_buf cameras;
	int err = km_accounts_find_id(asking->hub->database, &token->account, &account);

	if (err < 0) {
		return err;
	}
	memcpy(record.account_name, account.name, sizeof(record.account_name));
	memcpy(record.name, token->name, sizeof(record.name));
	memcpy(record.allow_from, token->allow_from, sizeof(record.allow_from));
	memcpy(record.used_from, token->used_from, sizeof(record.used_from));
	km_tokens_write_rights(token->rights, record.rights, sizeof(record.rights));
	km_buf_init_fixed(&cameras, record.cameras, sizeof(record.cameras) - 1);
	for (size_t i = 0; i < token->camera_count; i++) {
		char id[KM_UUID_TEXT_SIZE];

		km_uuid_write(&token->cameras[i], id);
		km_buf_add_format(&cameras, "%s%s", i > 0 ? "," : "", id);
	}
	return km_hub_requests_answer(asking, KM_MESSAGE_token, &record);
}

int km_hub_request_token_list(struct km_hub_asking *asking, struct km_message_token_list *list)
{
	(void)list;
	return km_tokens_each(asking->hub->database,
	    km_hub_people_sees_all(asking) ? &nobody : &asking->account->id, on_token, asking);
}

/* A camera by its id, or by its name. */
static int parse_camera(struct km_hub *hub, struct km_bytes word, struct km_uuid *ret_camera)
{
	struct km_uuid id = { 0 };

	if (km_uuid_parse(word, &id) == 0 && km_hub_find(hub, &id) != NULL) {
		*ret_camera = id;
		return 0;
	}
	for (size_t i = 0; i < hub->camera_count; i++) {
		if (km_bytes_is_equal(word, km_bytes_text(hub->cameras[i]->entry.name))) {
			*ret_camera = hub->cameras[i]->entry.id;
			return 0;
		}
	}
	return KM_ERR_NOT_FOUND;
}

static int fill_token(struct km_hub_asking *asking, const struct km_message_token_made_get *made,
    struct km_token *token)
{
	struct km_bytes cameras = km_bytes_text(made->cameras);
	const char *allow_from = made->allow_from[0] == '\0' ? "any" : made->allow_from;
	char rights[256] = "";
	int err = km_hub_people_judge_list(asking, allow_from);

	if (err < 0) {
		return err;
	}
	memcpy(token->name, made->name, sizeof(token->name));
	(void)km_bytes_copy_text(
	    km_bytes_text(allow_from), token->allow_from, sizeof(token->allow_from));
	token->expires_us = km_clock_unix_us() + (int64_t)made->days * KM_TIME_DAY_US;
	if (made->days < 1 || made->days > 365) {
		return km_hub_requests_fail(asking, KM_ERR_RANGE, "days: 1 to 365 is right");
	}
	if (km_tokens_parse_rights(km_bytes_text(made->rights), &token->rights) < 0) {
		km_tokens_write_rights(km_tokens_rights(), rights, sizeof(rights));
		return km_hub_requests_fail(asking, KM_ERR_FORMAT,
		    "rights: one or more of %s, separated by commas, is right", rights);
	}
	while (cameras.size > 0) {
		struct km_bytes word = km_bytes_trim(km_bytes_split(&cameras, ','));

		if (token->camera_count == KM_TOKEN_CAMERAS_MAX) {
			return km_hub_requests_fail(
			    asking, KM_ERR_RANGE, "cameras: at most 64 are right");
		}
		if (parse_camera(asking->hub, word, &token->cameras[token->camera_count]) < 0) {
			return km_hub_requests_fail(asking, KM_ERR_FORMAT,
			    "cameras: there is no camera %.*s", (int)word.size,
			    (const char *)word.data);
		}
		token->camera_count++;
	}
	return 0;
}

/* Nobody gives away what they do not have. */
static int judge_rights(
    struct km_hub_asking *asking, const struct km_account *owner, const struct km_token *token)
{
	for (unsigned right = 0; right < 64; right++) {
		if ((token->rights >> right & 1) != 0 &&
		    !km_rights_has(owner->role, (enum km_right)right)) {
			return km_hub_requests_fail(asking, KM_ERR_DENIED,
			    "rights: %s has not the right %s", owner->name,
			    km_rights_name((enum km_right)right));
		}
	}
	return 0;
}

/* A token for some cameras has no right over all of them. */
static int judge_cameras(struct km_hub_asking *asking, const struct km_token *token)
{
	uint64_t beyond = token->rights & ~km_tokens_rights_of_cameras();
	char wrong[256] = "";
	char right[256] = "";

	if (token->camera_count == 0 || beyond == 0) {
		return 0;
	}
	km_tokens_write_rights(beyond, wrong, sizeof(wrong));
	km_tokens_write_rights(km_tokens_rights_of_cameras(), right, sizeof(right));
	return km_hub_requests_fail(asking, KM_ERR_FORMAT,
	    "rights: %s reaches all cameras: with cameras, of %s, is right", wrong, right);
}

static int explain(struct km_hub_asking *asking, int err)
{
	switch (err) {
	case KM_ERR_FORMAT:
		return km_hub_requests_fail(
		    asking, err, "name: 1 to 63 of a-z, 0-9, '-', '_' and '.' is right");
	case KM_ERR_EXISTS:
		return km_hub_requests_fail(asking, err, "name: there is a token of this name");
	case KM_ERR_LIMIT:
		return km_hub_requests_fail(asking, KM_ERR_STATE,
		    "there are 64 tokens already: revoke those that are not needed");
	default:
		return err;
	}
}

int km_hub_request_token_made_get(
    struct km_hub_asking *asking, struct km_message_token_made_get *made)
{
	struct km_hub *hub = asking->hub;
	struct km_message_token_made record = { 0 };
	struct km_account owner;
	struct km_token token = { 0 };
	int err = 0;

	token.account = asking->account == NULL ? made->account : asking->account->id;
	err = km_hub_people_find(asking, &token.account, &owner);
	if (err == 0) {
		err = fill_token(asking, made, &token);
	}
	if (err == 0) {
		err = judge_rights(asking, &owner, &token);
	}
	if (err == 0) {
		err = judge_cameras(asking, &token);
	}
	if (err < 0) {
		return err;
	}
	err = km_tokens_add(hub->database, &token, km_clock_unix_us(), &record.id, record.token);
	if (err < 0) {
		return explain(asking, err);
	}
	km_journal_note(hub->database, KM_EVENT_TOKEN_MADE, NULL, &owner.id,
	    "%s of %s: %s for %u days, by %s", token.name, owner.name, made->rights,
	    (unsigned)made->days, km_hub_requests_who(asking));
	km_hub_requests_answer(asking, KM_MESSAGE_token_made, &record);
	explicit_bzero(&record, sizeof(record));
	return 0;
}

int km_hub_request_token_end(struct km_hub_asking *asking, struct km_message_token_end *end)
{
	struct km_hub *hub = asking->hub;
	struct km_token token;
	int err = km_tokens_find_id(hub->database, &end->id, &token);

	if (err == 0 && !km_hub_people_sees_all(asking) &&
	    !km_uuid_is_equal(&token.account, &asking->account->id)) {
		err = KM_ERR_NOT_FOUND;
	}
	if (err == 0) {
		err = km_tokens_revoke(hub->database, &end->id, km_clock_unix_us());
	}
	if (err == KM_ERR_NOT_FOUND) {
		return km_hub_requests_fail(asking, err, "there is no such token");
	}
	if (err == 0) {
		km_journal_note(hub->database, KM_EVENT_TOKEN_REVOKED, NULL, &token.account,
		    "%s, by %s", token.name, km_hub_requests_who(asking));
		km_hub_tell_rights(hub);
	}
	return err;
}
