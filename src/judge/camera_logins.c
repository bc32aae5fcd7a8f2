/* Rules about who is let into a camera. [IPA a03-1, a03-3, a03-4, a12-1..3] */
#include "judge/rules.h"

#include <string.h>

/* Whether the subject is a service by its name, or a port ("tcp/554") on which it was recognised.
 */
static bool is_of(const struct km_judging *judging, const char *subject, const char *service)
{
	const struct km_fact *port = NULL;

	if (strncmp(subject, service, strlen(service)) == 0) {
		return true;
	}
	while ((port = km_judging_next(judging, KM_FACT_PORT_OPEN, port)) != NULL) {
		if (strncmp(subject, port->subject, strlen(port->subject)) == 0 &&
		    strncmp(port->value, service, strlen(service)) == 0) {
			return true;
		}
	}
	return false;
}

/* A service that answers any path alike: what it answers proves nothing. */
static bool answers_any_path(const struct km_judging *judging, const char *service)
{
	const struct km_fact *fact = NULL;

	while ((fact = km_judging_next(judging, KM_FACT_ANSWERS_ANY_PATH, fact)) != NULL) {
		if (km_judging_is_usable(judging, fact) && km_facts_is_yes(fact) &&
		    is_of(judging, fact->subject, service)) {
			return true;
		}
	}
	return false;
}

/* Something that must not be given without a login. */
static void weigh_open(struct km_judging *judging, enum km_fact_kind kind, const char *service)
{
	const struct km_fact *fact = NULL;
	bool is_blunt = answers_any_path(judging, service);

	while ((fact = km_judging_next(judging, kind, fact)) != NULL) {
		if (km_facts_is_yes(fact) && is_blunt) {
			km_judging_weigh(
			    judging, KM_ANSWER_UNKNOWN, KM_REASON_ANY_PATH, fact->subject, fact);
		} else {
			bool is_open = km_facts_is_yes(fact);

			km_judging_weigh(judging, is_open ? KM_ANSWER_NOT_MET : KM_ANSWER_MET,
			    is_open ? KM_REASON_OPEN_WITHOUT_LOGIN : KM_REASON_LOGIN_ASKED,
			    fact->subject, fact);
		}
	}
}

static void weigh_pictures(struct km_judging *judging)
{
	weigh_open(judging, KM_FACT_OPEN_VIDEO, "rtsp");
	weigh_open(judging, KM_FACT_OPEN_PICTURE, "http");
	(void)km_judging_weigh_all(
	    judging, KM_FACT_ANY_LOGIN, false, KM_REASON_LOGIN_ASKED, KM_REASON_ANY_LOGIN);
	if (km_judging_next(judging, KM_FACT_OPEN_VIDEO, NULL) == NULL) {
		km_judging_lack(judging, KM_FACT_OPEN_VIDEO);
	}
}

void km_camera_logins_pictures(struct km_judging *judging)
{
	weigh_pictures(judging);
}

void km_camera_logins_everything(struct km_judging *judging)
{
	weigh_pictures(judging);
	weigh_open(judging, KM_FACT_OPEN_SETTINGS, "onvif");
	weigh_open(judging, KM_FACT_OPEN_SERVICE, "a service for itself");
	if (km_judging_next(judging, KM_FACT_OPEN_SETTINGS, NULL) == NULL) {
		km_judging_lack(judging, KM_FACT_OPEN_SETTINGS);
	}
}

/* A pair that is let in proves nothing while any pair is: the control comes first. */
void km_camera_logins_factory(struct km_judging *judging)
{
	km_judging_need_all(
	    judging, KM_FACT_ANY_LOGIN, false, KM_REASON_FACTORY_REFUSED, KM_REASON_ANY_LOGIN);
	if (km_judging_has(judging, KM_FACT_ANY_LOGIN, true)) {
		return;
	}
	km_judging_need_all(judging, KM_FACT_FACTORY_LOGIN, false, KM_REASON_FACTORY_REFUSED,
	    KM_REASON_FACTORY_PASSWORD);
}

void km_camera_logins_passwords(struct km_judging *judging)
{
	km_camera_logins_factory(judging);
	km_judging_need_all(judging, KM_FACT_PASSWORD_WEAK, false, KM_REASON_FACTORY_REFUSED,
	    KM_REASON_WEAK_PASSWORD);
}

void km_camera_logins_locks(struct km_judging *judging)
{
	const struct km_fact *fact = NULL;
	int64_t characters = 0;

	while ((fact = km_judging_next(judging, KM_FACT_PASSWORD_MIN, fact)) != NULL) {
		bool is_short =
		    km_facts_number(fact, &characters) < 0 || characters < KM_JUDGING_PASSWORD;

		km_judging_weigh(judging, is_short ? KM_ANSWER_NOT_MET : KM_ANSWER_MET,
		    is_short ? KM_REASON_PASSWORD_SHORT : KM_REASON_LOCKS, fact->value, fact);
	}
	if (km_judging_next(judging, KM_FACT_PASSWORD_MIN, NULL) == NULL) {
		km_judging_lack(judging, KM_FACT_PASSWORD_MIN);
	}
	while ((fact = km_judging_next(judging, KM_FACT_LOCK_SEEN, fact)) != NULL) {
		/* We stop long before a lock: that none came is no fault. */
		bool is_seen = km_facts_is_yes(fact);

		km_judging_weigh(judging, is_seen ? KM_ANSWER_MET : KM_ANSWER_UNKNOWN,
		    is_seen ? KM_REASON_LOCKS : KM_REASON_LOCK_UNSEEN, NULL, fact);
	}
	if (km_judging_next(judging, KM_FACT_LOCK_SEEN, NULL) == NULL) {
		km_judging_weigh(judging, KM_ANSWER_UNKNOWN, KM_REASON_LOCK_UNSEEN, NULL, NULL);
	}
}

/* Accounts, one and more; anonymous ones are a fault in any case. Returns how many are usable. */
static unsigned weigh_accounts(struct km_judging *judging)
{
	const struct km_fact *fact = NULL;
	unsigned count = 0;

	while ((fact = km_judging_next(judging, KM_FACT_ACCOUNT, fact)) != NULL) {
		bool is_anonymous = fact->is_known && strcmp(fact->value, "anonymous") == 0;

		count += km_judging_is_usable(judging, fact) ? 1 : 0;
		km_judging_weigh(judging, is_anonymous ? KM_ANSWER_NOT_MET : KM_ANSWER_MET,
		    is_anonymous ? KM_REASON_ACCOUNT_ANONYMOUS : KM_REASON_ACCOUNTS_FINE,
		    fact->subject, fact);
	}
	return count;
}

void km_camera_logins_accounts(struct km_judging *judging)
{
	const struct km_fact *most = km_judging_next(judging, KM_FACT_ACCOUNTS_MAX, NULL);
	const struct km_fact *login = km_judging_next(judging, KM_FACT_OWN_LOGIN, NULL);
	int64_t number = 0;
	unsigned count = weigh_accounts(judging);

	if (most != NULL && km_facts_number(most, &number) == 0) {
		km_judging_weigh(judging, number >= 2 ? KM_ANSWER_MET : KM_ANSWER_NOT_MET,
		    number >= 2 ? KM_REASON_ACCOUNTS_FINE : KM_REASON_ACCOUNTS_FEW, most->value,
		    most);
	} else if (count == 1) {
		km_judging_weigh(judging, KM_ANSWER_UNKNOWN, KM_REASON_ACCOUNTS_FEW, "1", NULL);
	}
	if (count > 0) {
		return;
	}
	if (login != NULL && km_facts_is_no(login)) {
		km_judging_weigh(judging, KM_ANSWER_UNKNOWN, KM_REASON_NO_OWN_LOGIN, NULL, login);
	} else {
		km_judging_lack(judging, KM_FACT_ACCOUNT);
	}
}
