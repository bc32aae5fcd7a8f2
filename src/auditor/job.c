#include "auditor/job.h"

#include "base/text.h"
#include "crypto/digest.h"
#include "io/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What devices say ends up in pages and reports: as much of it as is clean, printable UTF-8. */
static void clean(const char *text, char *ret_text, size_t size)
{
	size_t count = text == NULL ? 0 : strnlen(text, size - 1);

	while (count > 0 && !km_text_is_clean_utf8(km_bytes_from((const uint8_t *)text, count))) {
		count--;
	}
	memcpy(ret_text, text == NULL ? "" : text, count);
	ret_text[count] = '\0';
}

static void give(struct km_job *job, struct km_fact *fact, const char *subject, const char *value,
    const char *detail)
{
	fact->camera = job->camera;
	fact->observed_unix_us = km_clock_unix_us();
	clean(subject, fact->subject, sizeof(fact->subject));
	clean(value, fact->value, sizeof(fact->value));
	clean(detail, fact->detail, sizeof(fact->detail));
	if (km_facts_check(fact) < 0) {
		fact->is_known = false;
		fact->value[0] = '\0';
		(void)snprintf(fact->detail, sizeof(fact->detail), "what it said makes no sense");
	}
	job->events->on_fact(job->context, fact);
}

void km_job_give(struct km_job *job, enum km_fact_kind kind, unsigned source, const char *subject,
    const char *value, const char *detail, const struct km_bytes *proof)
{
	struct km_fact fact = {
		.kind = (uint16_t)kind, .source = (uint8_t)source, .is_known = true
	};

	fact.has_proof = proof != NULL && km_digest_sha256(*proof, fact.proof) == 0;
	give(job, &fact, subject, value, detail);
}

void km_job_give_number(struct km_job *job, enum km_fact_kind kind, unsigned source,
    const char *subject, int64_t value, const char *detail, const struct km_bytes *proof)
{
	char digits[24];

	(void)snprintf(digits, sizeof(digits), "%" PRId64, value);
	km_job_give(job, kind, source, subject, digits, detail, proof);
}

void km_job_give_yes_no(struct km_job *job, enum km_fact_kind kind, unsigned source,
    const char *subject, bool value, const char *detail, const struct km_bytes *proof)
{
	km_job_give(job, kind, source, subject, value ? "yes" : "no", detail, proof);
}

void km_job_give_unknown(struct km_job *job, enum km_fact_kind kind, unsigned source,
    const char *subject, const char *why)
{
	struct km_fact fact = { .kind = (uint16_t)kind, .source = (uint8_t)source };

	give(job, &fact, subject, "", why);
}

void km_job_progress(struct km_job *job, const char *stage, uint32_t done, uint32_t total)
{
	job->events->on_progress(job->context, stage, done, total);
}

bool km_job_is_cancelled(const struct km_job *job)
{
	return atomic_load(job->egress.is_cancelled);
}

void km_job_wipe(struct km_job *job)
{
	explicit_bzero(job->user, sizeof(job->user));
	explicit_bzero(job->password, sizeof(job->password));
}
