/*
 * One audit of one camera: what its stages (stages.tbl) get and give. It runs on a thread of its
 * own and may block, always with a deadline; the process's loop carries what it says to the guard.
 */
#ifndef KM_AUDITOR_JOB_H
#define KM_AUDITOR_JOB_H

#include "auditor/egress.h"
#include "auditor/sightings.h"
#include "model/facts.h"

#include <stdarg.h>

#define KM_JOB_HOST_SIZE     256
#define KM_JOB_URL_SIZE      512
#define KM_JOB_USER_SIZE     128
#define KM_JOB_PASSWORD_SIZE 256

struct km_job_events {
	/* A fact, checked. Called from the job's thread. */
	void (*on_fact)(void *context, const struct km_fact *fact);
	/* How far a stage is. */
	void (*on_progress)(void *context, const char *stage, uint32_t done, uint32_t total);
	/*
	 * A login with this account is about to be tried, outside of the recorder's own login: may
	 * it? account: its name, or KM_FACT_CONTROL_ACCOUNT. Answers when the guard has written it
	 * into its ledger, which outlives every crash. 0, KM_ERR_DENIED (2 tries in the window are
	 * used up, or it locked), KM_ERR_CLOSED.
	 */
	int (*on_try)(void *context, const char *service, const char *account, uint32_t pair);
	/* It locked: no further try for the time that the ledger keeps. */
	void (*on_lock)(void *context, const char *service, const char *account);
};

struct km_job {
	struct km_egress egress;
	struct km_uuid camera;
	char host[KM_JOB_HOST_SIZE];     /* as in the camera's entry: name or digits */
	char rtsp_url[KM_JOB_URL_SIZE];  /* as in the camera's entry */
	char onvif_url[KM_JOB_URL_SIZE]; /* device service; empty: the usual places are tried */
	char user[KM_JOB_USER_SIZE];     /* the recorder's account; may be empty */
	char password[KM_JOB_PASSWORD_SIZE];
	bool has_pin;
	uint8_t pin[32];          /* of the camera's certificate, as in its entry */
	bool is_thorough;         /* all TCP ports, not the telling ones alone */
	bool may_try_factory;     /* the owner lets documented pairs be tried */
	struct km_address second; /* a second source address of the owner's; size 0: none */
	/* What stages tell one another: known after identification. */
	char maker[64];         /* what it looks like, else what it claims */
	const char *looks_like; /* a maker of makers.tbl, by what it showed alone; NULL: none */
	char model[64];
	unsigned onvif_scheme; /* the way in which it took a login (onvif_client.c); 0: not known */
	struct km_sightings seen;
	const struct km_job_events *events;
	void *context;
};

/*
 * Give a fact. source: fact_source in states.tbl. proof: the raw reply, hashed; or NULL. The
 * value is cut to what fits, and in front of what is not clean UTF-8.
 */
void km_job_give(struct km_job *job, enum km_fact_kind kind, unsigned source, const char *subject,
    const char *value, const char *detail, const struct km_bytes *proof);

void km_job_give_number(struct km_job *job, enum km_fact_kind kind, unsigned source,
    const char *subject, int64_t value, const char *detail, const struct km_bytes *proof);

void km_job_give_yes_no(struct km_job *job, enum km_fact_kind kind, unsigned source,
    const char *subject, bool value, const char *detail, const struct km_bytes *proof);

/* It was tried and is not known; why, in a sentence. Absence of proof is an answer, too. */
void km_job_give_unknown(struct km_job *job, enum km_fact_kind kind, unsigned source,
    const char *subject, const char *why);

void km_job_progress(struct km_job *job, const char *stage, uint32_t done, uint32_t total);

bool km_job_is_cancelled(const struct km_job *job);

/* The credentials, when it is over. */
void km_job_wipe(struct km_job *job);

#endif
