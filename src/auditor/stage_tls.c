/*
 * The stage `tls`: on each port that speaks TLS, the versions and suites that it takes, and its
 * certificate. [IPA d11-1] [CRYPTREC GL-3001]
 */
#include "auditor/stages.h"
#include "auditor/talk.h"
#include "base/text.h"
#include "base/time.h"
#include "crypto/certificate_facts.h"
#include "crypto/random.h"
#include "io/clock.h"
#include "model/states.h"
#include "proto/tls_hello.h"

#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#define PATIENCE_US  (3 * KM_TIME_SECOND_US)
#define SUITES_MAX   128
#define ANSWER_BYTES 4096
#define PORTS_MAX    4 /* more ports with TLS than these are not looked into */

struct version_row {
	enum km_tls_version version;
	const char *name;
};

static const struct version_row versions[] = {
	{ KM_TLS_SSL_3_0, "SSL 3.0" },
	{ KM_TLS_1_0, "TLS 1.0" },
	{ KM_TLS_1_1, "TLS 1.1" },
	{ KM_TLS_1_2, "TLS 1.2" },
	{ KM_TLS_1_3, "TLS 1.3" },
};

struct visit {
	struct km_job *job;
	uint16_t port;
	char subject[16]; /* "tcp/443" */
	bool is_accepted[KM_COUNT(versions)];
};

/* 0 with the suite that it chose; KM_ERR_DENIED: it does not take any of them. */
static int offer(const struct visit *visit, struct km_tls_hello *hello, uint16_t *ret_suite)
{
	struct km_talk_place place = { .address = visit->job->egress.addresses[0] };
	int64_t deadline_us = km_clock_monotonic_us() + PATIENCE_US;
	struct km_tls_hello_answer answer = { 0 };
	uint8_t storage[KM_TLS_HELLO_BYTES_MAX];
	uint8_t input[ANSWER_BYTES];
	struct km_talk *talk = NULL;
	struct km_buf question;
	size_t size = 0;
	size_t count = 0;
	int parsed = KM_ERR_SHORT;
	int err = km_random_fill(hello->random, sizeof(hello->random));

	km_buf_init_fixed(&question, storage, sizeof(storage));
	km_tls_hello_write(hello, &question);
	km_address_set_port(&place.address, visit->port);
	if (err == 0) {
		err = km_talk_open(&visit->job->egress, &place, deadline_us, &talk);
	}
	if (err < 0) {
		return km_job_is_cancelled(visit->job) ? KM_ERR_CLOSED : KM_ERR_TIMEOUT;
	}
	err = km_talk_send(talk, km_buf_view(&question), deadline_us);
	while (err == 0 && parsed == KM_ERR_SHORT && size < sizeof(input)) {
		err =
		    km_talk_receive(talk, input + size, sizeof(input) - size, deadline_us, &count);
		if (err == 0) {
			size += count;
			parsed = km_tls_hello_parse(km_bytes_from(input, size), &answer);
		}
	}
	km_talk_close(talk);
	if (km_job_is_cancelled(visit->job)) {
		return KM_ERR_CLOSED;
	}
	if (parsed < 0) {
		/* Some hang up instead of refusing. */
		return err == KM_ERR_TIMEOUT ? KM_ERR_TIMEOUT : KM_ERR_DENIED;
	}
	if (answer.is_alert || answer.version != hello->version) {
		return KM_ERR_DENIED;
	}
	*ret_suite = answer.suite;
	return 0;
}

static size_t list_suites(enum km_tls_version version, uint16_t ret_suites[static SUITES_MAX])
{
	size_t total = 0;
	size_t count = 0;
	const struct km_tls_suite *all = km_tls_hello_suites(&total);

	for (size_t i = 0; i < total && count < SUITES_MAX; i++) {
		if (km_tls_hello_is_1_3(all[i].number) == (version == KM_TLS_1_3)) {
			ret_suites[count++] = all[i].number;
		}
	}
	return count;
}

static int try_versions(struct visit *visit)
{
	char subject[32];

	for (size_t i = 0; i < KM_COUNT(versions); i++) {
		uint16_t suites[SUITES_MAX];
		struct km_tls_hello hello = { .version = versions[i].version, .suites = suites };
		uint16_t suite = 0;
		int err = 0;

		hello.count = list_suites(versions[i].version, suites);
		err = offer(visit, &hello, &suite);
		if (err == KM_ERR_CLOSED) {
			return err;
		}
		(void)snprintf(subject, sizeof(subject), "%s %s", visit->subject, versions[i].name);
		visit->is_accepted[i] = err == 0;
		if (err == KM_ERR_TIMEOUT) {
			km_job_give_unknown(visit->job, KM_FACT_TLS_VERSION, KM_FROM_PROBE, subject,
			    "no answer to an offer of it");
		} else {
			km_job_give_yes_no(visit->job, KM_FACT_TLS_VERSION, KM_FROM_PROBE, subject,
			    err == 0, "offered alone", NULL);
		}
	}
	return 0;
}

static void give_suite(const struct visit *visit, uint16_t number)
{
	static const char *const worths[] = { [KM_TLS_RECOMMENDED] = "recommended",
		[KM_TLS_TOLERATED] = "tolerated",
		[KM_TLS_WEAK] = "weak" };
	size_t count = 0;
	const struct km_tls_suite *all = km_tls_hello_suites(&count);
	char subject[KM_FACT_SUBJECT_SIZE];

	for (size_t i = 0; i < count; i++) {
		if (all[i].number == number) {
			(void)snprintf(
			    subject, sizeof(subject), "%s %s", visit->subject, all[i].name);
			km_job_give(visit->job, KM_FACT_TLS_SUITE, KM_FROM_PROBE, subject,
			    worths[all[i].worth], "", NULL);
		}
	}
}

/*
 * Which suites it takes: what it chose is left out of the next offer, until it chooses none. One
 * that does not say so may take more.
 */
static int list_accepted(const struct visit *visit, enum km_tls_version version)
{
	uint16_t suites[SUITES_MAX];
	struct km_tls_hello hello = { .version = version, .suites = suites };
	const char *why_unknown = NULL;
	int err = 0;

	hello.count = list_suites(version, suites);
	while (hello.count > 0) {
		uint16_t chosen = 0;
		size_t at = 0;

		err = offer(visit, &hello, &chosen);
		if (err < 0) {
			break;
		}
		while (at < hello.count && suites[at] != chosen) {
			at++;
		}
		if (at == hello.count) {
			why_unknown = "it chose what was not offered";
			break;
		}
		give_suite(visit, chosen);
		memmove(&suites[at], &suites[at + 1], (hello.count - at - 1) * sizeof(suites[0]));
		hello.count--;
	}
	if (err == KM_ERR_TIMEOUT) {
		why_unknown = "no answer to an offer of those that are left";
	}
	if (why_unknown != NULL) {
		km_job_give_unknown(
		    visit->job, KM_FACT_TLS_SUITE, KM_FROM_PROBE, visit->subject, why_unknown);
	}
	return err == KM_ERR_CLOSED ? err : 0;
}

/* Of TLS 1.3, and of the newest of the older ones: those differ in little but their age. */
static int try_suites(const struct visit *visit)
{
	size_t last = KM_COUNT(versions) - 1;
	int err = 0;

	if (visit->is_accepted[last]) {
		err = list_accepted(visit, versions[last].version);
	}
	for (size_t i = last; i-- > 0 && err == 0;) {
		if (visit->is_accepted[i]) {
			return list_accepted(visit, versions[i].version);
		}
	}
	return err;
}

static int read_certificate(const SSL *ssl, struct km_certificate_facts *ret_facts)
{
	BIO *memory = BIO_new(BIO_s_mem());
	X509 *certificate = SSL_get0_peer_certificate(ssl);
	char *data = NULL;
	long size = 0;
	int err = KM_ERR_CRYPTO;

	if (memory != NULL && certificate != NULL && PEM_write_bio_X509(memory, certificate) == 1) {
		size = BIO_get_mem_data(memory, &data);
		err = km_certificate_facts_read(km_bytes_from(data, (size_t)size), ret_facts);
	}
	BIO_free(memory);
	return err;
}

static void give_certificate(const struct visit *visit, const struct km_certificate_facts *facts)
{
	struct km_job *job = visit->job;
	const char *subject = visit->subject;
	char hex[2 * KM_CERTIFICATE_FINGERPRINT_BYTES + 1];
	char detail[KM_FACT_DETAIL_SIZE];

	(void)snprintf(
	    detail, sizeof(detail), "subject %.200s, issuer %.200s", facts->subject, facts->issuer);
	km_job_give(job, KM_FACT_CERTIFICATE_KEY, KM_FROM_PROBE, subject, facts->key, detail, NULL);
	km_job_give(
	    job, KM_FACT_CERTIFICATE_SIGNATURE, KM_FROM_PROBE, subject, facts->signature, "", NULL);
	km_job_give_number(
	    job, KM_FACT_CERTIFICATE_UNTIL, KM_FROM_PROBE, subject, facts->until_unix_us, "", NULL);
	km_job_give_yes_no(job, KM_FACT_CERTIFICATE_SELF_SIGNED, KM_FROM_PROBE, subject,
	    facts->is_self_signed, detail, NULL);
	km_job_give(job, KM_FACT_CERTIFICATE_NAMES, KM_FROM_PROBE, subject, facts->names, "", NULL);
	if (km_text_write_hex(KM_BYTES_OF(facts->sha256), hex, sizeof(hex)) == 0) {
		km_job_give(job, KM_FACT_CERTIFICATE_SHA256, KM_FROM_PROBE, subject, hex, "", NULL);
	}
	km_sightings_add_text(&job->seen, KM_SIGHTING_SUBJECT, km_bytes_text(facts->subject));
	km_sightings_add_text(&job->seen, KM_SIGHTING_SUBJECT, km_bytes_text(facts->issuer));
}

static int look_at_certificate(const struct visit *visit)
{
	struct km_talk_place place = { .address = visit->job->egress.addresses[0], .is_tls = true };
	struct km_certificate_facts facts;
	struct km_talk *talk = NULL;
	int err = 0;

	km_address_set_port(&place.address, visit->port);
	err =
	    km_talk_open(&visit->job->egress, &place, km_clock_monotonic_us() + PATIENCE_US, &talk);
	if (err == 0) {
		err = read_certificate(km_talk_session(talk), &facts);
	}
	km_talk_close(talk);
	if (km_job_is_cancelled(visit->job)) {
		return KM_ERR_CLOSED;
	}
	if (err == 0) {
		give_certificate(visit, &facts);
	} else {
		km_job_give_unknown(visit->job, KM_FACT_CERTIFICATE_KEY, KM_FROM_PROBE,
		    visit->subject, "no handshake with it came to an end");
	}
	return 0;
}

int km_stage_tls_run(struct km_job *job)
{
	unsigned count = 0;
	int err = 0;

	for (size_t i = 0; i < job->seen.port_count && err == 0; i++) {
		struct visit visit = { .job = job, .port = job->seen.port[i].number };

		if (!km_sightings_is_tls(&job->seen.port[i]) || count++ >= PORTS_MAX) {
			continue;
		}
		(void)snprintf(visit.subject, sizeof(visit.subject), "tcp/%u", visit.port);
		err = try_versions(&visit);
		if (err == 0) {
			err = try_suites(&visit);
		}
		if (err == 0) {
			err = look_at_certificate(&visit);
		}
		km_job_progress(job, "tls", (uint32_t)i + 1, (uint32_t)job->seen.port_count);
	}
	return err;
}
