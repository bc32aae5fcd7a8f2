/*
 * The stage `logins`: whether the camera lets in anybody, or whoever has read its manual. It tries
 * one random pair and then at most two documented ones of the maker that the camera looks like,
 * each only after the guard has written it into its ledger, and stops at the first sign of a lock.
 * [IPA a12-3]
 *
 * The recorder's own password is looked at without sending anything.
 */
#include "auditor/login_try.h"
#include "auditor/own_path.h"
#include "auditor/stages.h"
#include "base/text.h"
#include "crypto/password.h"
#include "crypto/random.h"
#include "crypto/secret.h"
#include "model/states.h"

#include <stdio.h>
#include <string.h>

#define PAIRS_MAX        2 /* of one maker that are tried */
#define OWN_LENGTH_LEAST 8 /* characters */
#define RANDOM_BYTES     6

struct pair {
	unsigned number;
	const char *maker;
	const char *account;
	const char *password;
	const char *ledger; /* what the ledger calls the account; NULL: by its name */
};

static const struct pair pairs[] = {
#define KM_FACTORY_PAIR(pair_number, name, user, secret)                                           \
	{ .number = (pair_number), .maker = (name), .account = (user), .password = (secret) },
#include "auditor/factory_pairs.tbl"
#undef KM_FACTORY_PAIR
};

struct visit {
	struct km_job *job;
	struct km_login_place place;
	char service[16]; /* "tcp/554" */
};

/* [IPA a03-3] */
static void judge_own(struct km_job *job)
{
	enum km_password_flaw flaw = KM_PASSWORD_FINE;
	const struct km_bytes own = km_bytes_text(job->password);
	const char *detail = NULL;
	bool is_factory = false;

	if (job->user[0] == '\0') {
		km_job_give_unknown(
		    job, KM_FACT_PASSWORD_WEAK, KM_FROM_PROBE, "", "its entry has no account");
		return;
	}
	for (size_t i = 0; i < KM_COUNT(pairs); i++) {
		/* Every row is compared, whether one was equal already or not. */
		is_factory |= km_secret_is_equal_bytes(own, km_bytes_text(pairs[i].password));
	}
	flaw = km_password_judge(own, km_bytes_text(job->user), OWN_LENGTH_LEAST);
	detail = is_factory ? "it is one that a maker documents" : km_password_flaw_text(flaw);
	km_job_give_yes_no(job, KM_FACT_PASSWORD_WEAK, KM_FROM_PROBE, "",
	    is_factory || flaw != KM_PASSWORD_FINE,
	    is_factory || flaw != KM_PASSWORD_FINE ? detail : "nothing was sent to judge it", NULL);
}

/* The service that is tried: one that asks for a login which is known here; streams first. */
static int find_service(struct visit *visit, const struct km_own_path *own, bool *ret_is_found)
{
	struct km_job *job = visit->job;
	enum km_login_result result = KM_LOGIN_SILENT;
	int err = 0;

	*ret_is_found = false;
	for (unsigned round = 0; round < 2; round++) {
		for (size_t i = 0; i < job->seen.port_count; i++) {
			const struct km_seen_port *port = &job->seen.port[i];
			bool is_rtsp = km_sightings_is_rtsp(port);

			if (round == 0 ? !is_rtsp : !km_sightings_is_http(port)) {
				continue;
			}
			visit->place = (struct km_login_place){ .port = port->number,
				.is_tls = km_sightings_is_tls(port),
				.is_rtsp = is_rtsp,
				.path = is_rtsp && own->port == port->number ? own->path : "/" };
			err = km_login_try_run(job, &visit->place, NULL, NULL, &result);
			if (err < 0) {
				return err;
			}
			if (result == KM_LOGIN_REFUSED) {
				(void)snprintf(
				    visit->service, sizeof(visit->service), "tcp/%u", port->number);
				*ret_is_found = true;
				return 0;
			}
		}
	}
	return 0;
}

static void give_lock(struct visit *visit, const char *account)
{
	visit->job->events->on_lock(visit->job->context, visit->service, account);
	km_job_give_yes_no(visit->job, KM_FACT_LOCK_SEEN, KM_FROM_PROBE, "", true,
	    "it stopped answering logins after a failed one; no more were tried", NULL);
}

/* One try, if the guard lets it. KM_ERR_DENIED: it does not. */
static int try_pair(struct visit *visit, const struct pair *pair, enum km_login_result *ret_result)
{
	struct km_job *job = visit->job;
	const char *account = pair->ledger != NULL ? pair->ledger : pair->account;
	int err = job->events->on_try(job->context, visit->service, account, pair->number);

	if (err == 0) {
		err =
		    km_login_try_run(job, &visit->place, pair->account, pair->password, ret_result);
	}
	if (err == 0 && *ret_result == KM_LOGIN_LOCKED) {
		give_lock(visit, account);
	}
	visit->place.has_failed = true;
	return err;
}

/* A device that lets in a random pair lets in every pair: that says nothing of passwords. */
static int try_control(struct visit *visit, bool *ret_may_go_on)
{
	uint8_t random[2 * RANDOM_BYTES] = { 0 };
	char account[2 * RANDOM_BYTES + 3] = "km";
	char password[2 * RANDOM_BYTES + 1] = "";
	struct pair control = {
		.account = account, .password = password, .ledger = KM_FACT_CONTROL_ACCOUNT
	};
	enum km_login_result result = KM_LOGIN_SILENT;
	int err = km_random_fill(random, sizeof(random));

	*ret_may_go_on = false;
	if (err == 0) {
		err = km_text_write_hex(
		    km_bytes_from(random, RANDOM_BYTES), account + 2, sizeof(account) - 2);
	}
	if (err == 0) {
		err = km_text_write_hex(
		    km_bytes_from(random + RANDOM_BYTES, RANDOM_BYTES), password, sizeof(password));
	}
	if (err == 0) {
		err = try_pair(visit, &control, &result);
	}
	if (err < 0) {
		return err;
	}
	if (result == KM_LOGIN_ACCEPTED || result == KM_LOGIN_REFUSED) {
		km_job_give_yes_no(visit->job, KM_FACT_ANY_LOGIN, KM_FROM_PROBE, visit->service,
		    result == KM_LOGIN_ACCEPTED, "tried with a random account and password", NULL);
	}
	*ret_may_go_on = result == KM_LOGIN_REFUSED;
	return 0;
}

static void give_pair(struct visit *visit, const struct pair *pair, enum km_login_result result)
{
	char subject[32];

	(void)snprintf(subject, sizeof(subject), "%s %u", visit->service, pair->number);
	if (result == KM_LOGIN_ACCEPTED || result == KM_LOGIN_REFUSED) {
		km_job_give_yes_no(visit->job, KM_FACT_FACTORY_LOGIN, KM_FROM_PROBE, subject,
		    result == KM_LOGIN_ACCEPTED, "one pair that its maker documents was tried",
		    NULL);
	} else {
		km_job_give_unknown(visit->job, KM_FACT_FACTORY_LOGIN, KM_FROM_PROBE, subject,
		    "it gave no answer that tells");
	}
}

/* What it claims over ONVIF is not enough: that would let it choose what is tried on it. */
static bool is_for(const struct pair *pair, const struct km_job *job)
{
	return job->looks_like != NULL && strcmp(pair->maker, job->looks_like) == 0;
}

static int try_pairs(struct visit *visit)
{
	enum km_login_result result = KM_LOGIN_REFUSED;
	unsigned tried = 0;
	int err = 0;

	for (size_t i = 0; i < KM_COUNT(pairs); i++) {
		if (!is_for(&pairs[i], visit->job) || tried == PAIRS_MAX) {
			continue;
		}
		if (strcasecmp(pairs[i].account, visit->job->user) == 0) {
			km_job_give_unknown(visit->job, KM_FACT_FACTORY_LOGIN, KM_FROM_PROBE,
			    visit->service,
			    "the recorder logs in with that account; a failed try could lock it");
			continue;
		}
		err = try_pair(visit, &pairs[i], &result);
		if (err < 0) {
			return err;
		}
		tried++;
		give_pair(visit, &pairs[i], result);
		if (result != KM_LOGIN_REFUSED) {
			break;
		}
	}
	return 0;
}

static void give_untried(struct km_job *job, const char *why)
{
	km_job_give_unknown(job, KM_FACT_FACTORY_LOGIN, KM_FROM_PROBE, "", why);
}

static bool has_pairs(const struct km_job *job)
{
	for (size_t i = 0; i < KM_COUNT(pairs); i++) {
		if (is_for(&pairs[i], job)) {
			return true;
		}
	}
	return false;
}

static int try_logins(struct km_job *job)
{
	struct visit visit = { .job = job };
	struct km_own_path own;
	bool is_found = false;
	bool may_go_on = false;
	int err = 0;

	if (!job->may_try_factory) {
		give_untried(job, "its owner has not allowed it");
		return 0;
	}
	km_own_path_read(job, &own);
	err = find_service(&visit, &own, &is_found);
	if (err < 0) {
		return err;
	}
	if (!is_found) {
		give_untried(job, "no service of it asks for a login that is known here");
		return 0;
	}
	err = try_control(&visit, &may_go_on);
	if (err == 0 && may_go_on && !has_pairs(job)) {
		give_untried(
		    job, "it looks like the work of no maker that documents a pair known here");
		return 0;
	}
	return err == 0 && may_go_on ? try_pairs(&visit) : err;
}

int km_stage_logins_run(struct km_job *job)
{
	int err = 0;

	judge_own(job);
	err = try_logins(job);
	if (err == KM_ERR_DENIED) {
		give_untried(job, "the tries of this time are used up, or it locked before");
		err = 0;
	}
	return err == KM_ERR_CLOSED || err == KM_ERR_MEMORY ? err : 0;
}
