/* Rules about the recorder, the site and its people. */
#include "judge/rules.h"

#include <string.h>

void km_system_rules_statement(struct km_judging *judging)
{
	(void)judging; /* a statement of a person alone */
}

void km_system_rules_built_in(struct km_judging *judging)
{
	km_judging_weigh_built_in(judging, KM_REASON_BUILT_IN);
}

void km_system_rules_grants(struct km_judging *judging)
{
	km_judging_weigh_built_in(judging, KM_REASON_GRANTS_FINE);
	km_judging_need_all(judging, KM_FACT_SELF_CAMERA_ACCESS, true, KM_REASON_GRANTS_FINE,
	    KM_REASON_GRANTS_FINE);
}

void km_system_rules_version(struct km_judging *judging)
{
	km_judging_weigh_built_in(judging, KM_REASON_SHOWS_VERSION);
}

void km_system_rules_unknown_devices(struct km_judging *judging)
{
	const struct km_fact *fact = NULL;

	while ((fact = km_judging_next(judging, KM_FACT_SELF_UNKNOWN_DEVICE, fact)) != NULL) {
		if (fact->is_known) {
			km_judging_weigh(judging, KM_ANSWER_NOT_MET, KM_REASON_DEVICE_UNKNOWN,
			    fact->subject, fact);
		}
	}
}

/* --- what is open --- */

void km_system_rules_listeners(struct km_judging *judging)
{
	const struct km_fact *fact = NULL;

	while ((fact = km_judging_next(judging, KM_FACT_SELF_UNEXPECTED_LISTENER, fact)) != NULL) {
		km_judging_weigh(
		    judging, KM_ANSWER_NOT_MET, KM_REASON_LISTENER_UNEXPECTED, fact->subject, fact);
	}
	km_judging_need_all(judging, KM_FACT_SELF_HTTPS_ONLY, true, KM_REASON_LISTENERS_FINE,
	    KM_REASON_LISTENER_UNEXPECTED);
	if (judging->answer->state == KM_ANSWER_MET) {
		judging->answer->kinds |= KM_ANSWER_ENFORCED;
	}
}

void km_system_rules_limited(struct km_judging *judging)
{
	const struct km_fact *fact = km_judging_next(judging, KM_FACT_SELF_ALLOW_FROM, NULL);

	if (fact == NULL) {
		km_judging_lack(judging, KM_FACT_SELF_ALLOW_FROM);
	} else {
		bool is_any = fact->value[0] == '\0' || strcmp(fact->value, "any") == 0 ||
			      strstr(fact->value, "/0") != NULL;

		km_judging_weigh(judging, is_any ? KM_ANSWER_NOT_MET : KM_ANSWER_MET,
		    is_any ? KM_REASON_SELF_UNLIMITED : KM_REASON_SELF_LIMITED, fact->value, fact);
	}
}

void km_system_rules_locks(struct km_judging *judging)
{
	const struct km_fact *tries = km_judging_next(judging, KM_FACT_SELF_LOCK_TRIES, NULL);
	const struct km_fact *length = km_judging_next(judging, KM_FACT_SELF_PASSWORD_MIN, NULL);
	int64_t number = 0;

	if (tries == NULL || km_facts_number(tries, &number) < 0) {
		km_judging_lack(judging, KM_FACT_SELF_LOCK_TRIES);
	} else {
		bool is_good = number >= 1 && number <= KM_JUDGING_TRIES_MAX;

		km_judging_weigh(judging, is_good ? KM_ANSWER_MET : KM_ANSWER_NOT_MET,
		    is_good ? KM_REASON_LOCKS : KM_REASON_TRIES_MANY, tries->value, tries);
	}
	if (length == NULL || km_facts_number(length, &number) < 0) {
		km_judging_lack(judging, KM_FACT_SELF_PASSWORD_MIN);
	} else {
		bool is_good = number >= KM_JUDGING_PASSWORD;

		km_judging_weigh(judging, is_good ? KM_ANSWER_MET : KM_ANSWER_NOT_MET,
		    is_good ? KM_REASON_LOCKS : KM_REASON_PASSWORD_SHORT, length->value, length);
	}
	if (judging->answer->state == KM_ANSWER_MET) {
		judging->answer->kinds |= KM_ANSWER_ENFORCED;
	}
}

/* --- records and clock --- */

static void need_journal(struct km_judging *judging)
{
	const struct km_fact *fact = km_judging_next(judging, KM_FACT_SELF_JOURNAL, NULL);

	if (fact == NULL) {
		km_judging_lack(judging, KM_FACT_SELF_JOURNAL);
	} else {
		bool is_good = strcmp(fact->value, "ok") == 0;

		km_judging_weigh(judging, is_good ? KM_ANSWER_MET : KM_ANSWER_NOT_MET,
		    is_good ? KM_REASON_JOURNAL_FINE : KM_REASON_JOURNAL_BROKEN, fact->value, fact);
	}
}

void km_system_rules_noticed(struct km_judging *judging)
{
	km_judging_weigh_built_in(judging, KM_REASON_JOURNAL_FINE);
	need_journal(judging);
}

static void need_clock(struct km_judging *judging)
{
	km_judging_need_all(judging, KM_FACT_SELF_CLOCK_SYNCED, true, KM_REASON_CLOCK_RIGHT,
	    KM_REASON_CLOCK_NOT_KEPT);
}

void km_system_rules_times(struct km_judging *judging)
{
	need_journal(judging);
	km_judging_weigh_built_in(judging, KM_REASON_JOURNAL_FINE);
}

void km_system_rules_clock(struct km_judging *judging)
{
	const struct km_fact *fact = NULL;

	while ((fact = km_judging_next(judging, KM_FACT_SELF_OPEN_ALARM, fact)) != NULL) {
		if (strncmp(fact->subject, "clock_step", strlen("clock_step")) == 0) {
			km_judging_weigh(judging, KM_ANSWER_NOT_MET, KM_REASON_CLOCK_JUMPED,
			    fact->subject, fact);
		}
	}
	need_clock(judging);
}

/* --- weaknesses, restart --- */

void km_system_rules_weaknesses(struct km_judging *judging)
{
	const struct km_fact *fact = km_judging_next(judging, KM_FACT_WEAKNESSES_COMPARED, NULL);

	km_judging_weigh_weaknesses(judging, KM_FACT_SELF_VULNERABILITY);
	km_judging_weigh(judging, fact != NULL ? KM_ANSWER_MET : KM_ANSWER_UNKNOWN,
	    fact != NULL ? KM_REASON_NO_WEAKNESS : KM_REASON_NOT_MATCHED, NULL, fact);
}

/* --- towards another network --- */

void km_system_rules_certificate(struct km_judging *judging)
{
	const struct km_fact *served = km_judging_next(judging, KM_FACT_SELF_CERTIFICATE, NULL);
	const struct km_fact *until =
	    km_judging_next(judging, KM_FACT_SELF_CERTIFICATE_UNTIL, NULL);
	int64_t until_us = 0;

	if (served == NULL || until == NULL || km_facts_number(until, &until_us) < 0) {
		km_judging_lack(judging, KM_FACT_SELF_CERTIFICATE);
		return;
	}
	if (strcmp(served->value, "self_signed") == 0) {
		km_judging_weigh(
		    judging, KM_ANSWER_NOT_MET, KM_REASON_CERTIFICATE_SELF, NULL, served);
	} else {
		km_judging_weigh(
		    judging, KM_ANSWER_MET, KM_REASON_CERTIFICATE_TRUSTED, NULL, served);
	}
	km_judging_weigh(judging, until_us > judging->now_us ? KM_ANSWER_MET : KM_ANSWER_NOT_MET,
	    until_us > judging->now_us ? KM_REASON_CERTIFICATE_TRUSTED
				       : KM_REASON_CERTIFICATE_ENDED,
	    NULL, until);
}

void km_system_rules_tampering(struct km_judging *judging)
{
	const struct km_fact *fact = NULL;

	if (judging->cameras_watch) {
		km_judging_weigh(
		    judging, KM_ANSWER_NOT_APPLICABLE, KM_REASON_CAMERAS_DO, NULL, NULL);
		return;
	}
	while ((fact = km_judging_next(judging, KM_FACT_SELF_TAMPER_WATCH, fact)) != NULL) {
		bool is_watched = km_facts_is_yes(fact);

		km_judging_weigh(judging, is_watched ? KM_ANSWER_MET : KM_ANSWER_NOT_MET,
		    is_watched ? KM_REASON_TAMPER_WATCHED : KM_REASON_TAMPER_UNSEEN, NULL, fact);
	}
	if (km_judging_next(judging, KM_FACT_SELF_TAMPER_WATCH, NULL) == NULL) {
		km_judging_lack(judging, KM_FACT_SELF_TAMPER_WATCH);
	}
}

/* --- availability --- */

/* Without a copy of its own a disk array may do it: a person knows. */
static bool weigh_mirrors(struct km_judging *judging, enum km_reason good)
{
	const struct km_fact *fact = km_judging_next(judging, KM_FACT_SELF_MIRRORS, NULL);
	int64_t count = 0;

	if (fact == NULL || km_facts_number(fact, &count) < 0) {
		km_judging_lack(judging, KM_FACT_SELF_MIRRORS);
		return false;
	}
	km_judging_weigh(judging, count > 0 ? KM_ANSWER_MET : KM_ANSWER_UNKNOWN,
	    count > 0 ? good : KM_REASON_NO_MIRROR, NULL, fact);
	return count > 0;
}

void km_system_rules_mirror_able(struct km_judging *judging)
{
	(void)weigh_mirrors(judging, KM_REASON_MIRROR_ABLE);
}

/* --- duties --- */

static const struct km_fact *duty_fact(
    const struct km_judging *judging, enum km_fact_kind kind, const char *duty)
{
	const struct km_fact *fact = NULL;

	while ((fact = km_judging_next(judging, kind, fact)) != NULL) {
		if (strcmp(fact->subject, duty) == 0) {
			return fact;
		}
	}
	return NULL;
}

static void weigh_duty(struct km_judging *judging, const char *duty)
{
	const struct km_fact *done = duty_fact(judging, KM_FACT_SELF_DUTY, duty);
	const struct km_fact *due = duty_fact(judging, KM_FACT_SELF_DUTY_DUE, duty);
	int64_t due_us = 0;

	if (due == NULL || km_facts_number(due, &due_us) < 0) {
		km_judging_weigh(judging, KM_ANSWER_UNKNOWN, KM_REASON_DUTY_ABSENT, duty, due);
	} else if (due_us <= judging->now_us) {
		km_judging_weigh(judging, KM_ANSWER_NOT_MET, KM_REASON_DUTY_OVERDUE, duty, due);
	} else if (done == NULL) {
		km_judging_weigh(judging, KM_ANSWER_UNKNOWN, KM_REASON_DUTY_NEVER, duty, due);
	} else {
		km_judging_weigh(judging, KM_ANSWER_MET, KM_REASON_DUTY_DONE, duty, done);
		km_judging_show(judging, due);
		/* It is looked at again when the duty is due, not when we next look at ourselves.
		 */
		if (judging->answer->state == KM_ANSWER_MET) {
			judging->answer->due_unix_us = due_us;
		}
	}
}

void km_system_rules_stock_taking(struct km_judging *judging)
{
	weigh_duty(judging, "stock_taking");
}

void km_system_rules_account_review(struct km_judging *judging)
{
	weigh_duty(judging, "account_review");
}

void km_system_rules_journal_review(struct km_judging *judging)
{
	weigh_duty(judging, "journal_review");
}

void km_system_rules_vulnerabilities(struct km_judging *judging)
{
	weigh_duty(judging, "vulnerabilities");
}

void km_system_rules_mirrored(struct km_judging *judging)
{
	if (weigh_mirrors(judging, KM_REASON_MIRRORED)) {
		weigh_duty(judging, "restore_drill");
	}
}

/* --- alarms --- */

/* An alarm that waits for too long without an incident. kinds: NULL for any. */
static void weigh_alarms(
    struct km_judging *judging, const char *const kinds[], size_t count, enum km_reason good)
{
	const struct km_fact *fact = NULL;

	km_judging_weigh_built_in(judging, good);
	while ((fact = km_judging_next(judging, KM_FACT_SELF_OPEN_ALARM, fact)) != NULL) {
		bool is_meant = kinds == NULL;
		int64_t since_us = judging->now_us;

		for (size_t i = 0; i < count; i++) {
			is_meant =
			    is_meant || strncmp(fact->subject, kinds[i], strlen(kinds[i])) == 0;
		}
		if (is_meant && km_facts_number(fact, &since_us) == 0 &&
		    since_us < judging->now_us - KM_JUDGING_PATIENCE_US) {
			km_judging_weigh(
			    judging, KM_ANSWER_NOT_MET, KM_REASON_ALARM_WAITS, fact->subject, fact);
		}
	}
}

void km_system_rules_alarms(struct km_judging *judging)
{
	weigh_alarms(judging, NULL, 0, KM_REASON_ALARMS_WORKED);
}

void km_system_rules_login_alarms(struct km_judging *judging)
{
	static const char *const kinds[] = { "logins", "login_unusual", "clock_step",
		"clock_drift" };

	weigh_alarms(judging, kinds, KM_COUNT(kinds), KM_REASON_ALARMS_WORKED);
	need_journal(judging);
}

void km_system_rules_silent_devices(struct km_judging *judging)
{
	static const char *const kinds[] = { "camera_lost", "cameras_lost", "camera_refused" };

	weigh_alarms(judging, kinds, KM_COUNT(kinds), KM_REASON_ALARMS_WORKED);
}

/* The recorder can do its part; whether people do theirs is for them to say. */
void km_system_rules_procedure(struct km_judging *judging)
{
	km_judging_weigh(judging, KM_ANSWER_UNKNOWN, KM_REASON_PROCEDURE_UNSTATED, NULL, NULL);
}

void km_system_rules_disposal(struct km_judging *judging)
{
	km_judging_weigh(judging, KM_ANSWER_UNKNOWN, KM_REASON_DISPOSAL_UNSTATED, NULL, NULL);
}
