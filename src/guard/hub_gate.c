/* Who somebody is, what they may do, and from where: every answer to web begins here. */
#include "base/text.h"
#include "guard/hub.h"
#include "guard/journal.h"
#include "guard/second_factor.h"
#include "io/clock.h"

#include <string.h>

#define REFUSED_NOTE_US KM_TIME_MINUTE_US

bool km_hub_wants_factor(const struct km_hub *hub, enum km_account_role role)
{
	return (hub->factor_roles >> role & 1U) != 0;
}

int km_hub_begin_people(struct km_hub *hub)
{
	struct km_bytes roles = km_bytes_text(hub->options.second_factor_roles);

	while (roles.size > 0) {
		struct km_bytes name = km_bytes_trim(km_bytes_split(&roles, ','));

		for (int role = KM_ACCOUNT_ADMINISTRATOR; role <= KM_ACCOUNT_MAINTENANCE; role++) {
			const char *known = km_rights_role_name((enum km_account_role)role);

			if (km_bytes_is_equal(name, km_bytes_text(known))) {
				hub->factor_roles |= 1U << role;
			}
		}
	}
	return km_cidr_parse_list(km_bytes_text(hub->options.allow_from), &hub->allow_from, NULL) <
		       0
		   ? KM_ERR_CONFIG
		   : 0;
}

/* The session's account; the session ends if it began with another password, role or factor. */
static int identify_session(
    struct km_hub *hub, const struct km_session *session, struct km_account *ret_account)
{
	int err = km_accounts_find_id(hub->database, &session->account, ret_account);

	if (err < 0) {
		return err == KM_ERR_NOT_FOUND ? KM_ERR_AUTH : err;
	}
	if (ret_account->is_disabled || ret_account->generation != session->generation) {
		(void)km_sessions_end_id(&hub->sessions, &session->id);
		return KM_ERR_AUTH;
	}
	return 0;
}

static int identify_token(
    struct km_hub *hub, struct km_bytes token, struct km_hub_identity *identity)
{
	int err = km_tokens_find(hub->database, token, &identity->token);

	if (err == 0 && !km_tokens_is_alive(&identity->token, km_clock_unix_us())) {
		err = KM_ERR_AUTH;
	}
	if (err == 0) {
		err = km_accounts_find_id(
		    hub->database, &identity->token.account, &identity->account);
	}
	if (err == 0 && identity->account.is_disabled) {
		err = KM_ERR_AUTH;
	}
	if (err == 0) {
		memcpy(
		    identity->account.token, identity->token.name, sizeof(identity->account.token));
	}
	return err == KM_ERR_NOT_FOUND ? KM_ERR_AUTH : err;
}

int km_hub_identify(struct km_hub *hub, struct km_bytes token, struct km_hub_identity *ret_identity)
{
	struct km_hub_identity identity = {
		.session = km_sessions_find(&hub->sessions, token, km_clock_monotonic_us()),
	};
	struct km_second_factor_state factor = { .is_active = true };
	int err = identity.session != NULL
		      ? identify_session(hub, identity.session, &identity.account)
		      : identify_token(hub, token, &identity);

	if (err == 0 && km_hub_wants_factor(hub, identity.account.role)) {
		err = km_second_factor_show(hub->database, &identity.account.id, &factor);
	}
	identity.lacks_factor = !factor.is_active;
	if (err == 0) {
		*ret_identity = identity;
	}
	explicit_bzero(&identity, sizeof(identity));
	return err;
}

int km_hub_allow(struct km_hub *hub, const struct km_hub_identity *identity, enum km_right right,
    const struct km_uuid *camera)
{
	bool may = false;
	int err = km_accounts_may(hub->database, &identity->account, right, camera, &may);

	if (err < 0) {
		return err;
	}
	/* Without its second factor an account can only be seen, and get one. */
	may = may && (!identity->lacks_factor || right == KM_RIGHT_SESSION);
	may = may && (identity->session != NULL || km_tokens_may(&identity->token, right, camera));
	return may ? 0 : KM_ERR_DENIED;
}

/* At most one entry a minute: who is refused may ask again at once. */
static void note_refused(
    struct km_hub *hub, const struct km_hub_identity *identity, const char *address)
{
	int64_t now_us = km_clock_monotonic_us();

	if (identity->session == NULL &&
	    (hub->refused_noted_us == 0 || now_us - hub->refused_noted_us > REFUSED_NOTE_US)) {
		hub->refused_noted_us = now_us;
		km_journal_note(hub->database, KM_EVENT_TOKEN_REFUSED, NULL, &identity->account.id,
		    "token %s of %s from %s", identity->token.name, identity->account.name,
		    address);
	}
}

int km_hub_admit(struct km_hub *hub, const struct km_hub_identity *identity, const char *address)
{
	const struct km_token *token = &identity->token;
	uint8_t bytes[KM_CIDR_ADDRESS_BYTES];
	bool may = km_cidr_parse_address(km_bytes_text(address), bytes) == 0 &&
		   (km_cidr_is_loopback(bytes) || km_cidr_list_has(&hub->allow_from, bytes)) &&
		   km_accounts_may_come_from(&identity->account, bytes) &&
		   (identity->session != NULL || km_tokens_may_come_from(token, bytes));

	if (!may) {
		note_refused(hub, identity, address);
		return KM_ERR_DENIED;
	}
	if (identity->session != NULL) {
		return 0;
	}
	if (strcmp(token->used_from, address) != 0) {
		km_journal_note(hub->database, KM_EVENT_TOKEN_USED, NULL, &identity->account.id,
		    "token %s of %s from %s", token->name, identity->account.name, address);
	}
	/* Its use is worth less than what it was used for: a full disk does not stop it. */
	(void)km_tokens_note_use(hub->database, token, address, km_clock_unix_us());
	return 0;
}
