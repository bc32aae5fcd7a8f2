/* sources: judge/answers.c judge/camera_links.c judge/camera_logins.c judge/camera_records.c judge/camera_services.c judge/disagreements.c judge/judging.c judge/system_rules.c model/fact_words.c model/facts.c model/requirements.c model/states.c base/bytes.c base/error.c base/uuid.c base/reader.c base/text.c base/buf.c */
#include "judge/answers.h"

#include "base/time.h"

#include <assert.h>
#include <string.h>

#define NOW_US    (INT64_C(20000) * KM_TIME_DAY_US)
#define FACTS_MAX 48
#define SAID_MAX  4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t take(const uint8_t **data, size_t *size)
{
	uint8_t byte = *size > 0 ? **data : 0;

	*data += *size > 0 ? 1 : 0;
	*size -= *size > 0 ? 1 : 0;
	return byte;
}

static const char *const subjects[] = { "", "tcp/23", "tcp/554", "udp/161", "tcp", "udp", "rtsp",
	"http", "stock_taking", "clock_step 1", "tcp/443 TLS 1.0",
	"tns1:VideoSource/GlobalSceneChange", "01000000-0000-0000-0000-000000000000" };
static const char *const values[] = { "yes", "no", "", "telnet", "rtsp", "0", "99", "-99999",
	"9223372036854775807", "-9223372036854775807", "allow", "ccmp", "1-65535", "70-", "encoder",
	"Lobby", "onvif://x/location/city/y", "weak", "administrator", "ok" };

/* A fact of a kind that exists, with values that fit it or do not. */
static void make(const uint8_t **data, size_t *size, struct km_fact *fact)
{
	static const int64_t ages[] = { 0, 1, 31, 400, -1, -400, 20000 };
	uint8_t age = take(data, size);
	const char *subject = subjects[take(data, size) % KM_COUNT(subjects)];
	const char *value = values[take(data, size) % KM_COUNT(values)];

	memset(fact, 0, sizeof(*fact));
	fact->kind = take(data, size);
	fact->source = (uint8_t)(1 + take(data, size) % 5);
	fact->is_known = take(data, size) % 8 != 0;
	memcpy(fact->subject, subject, strlen(subject));
	memcpy(fact->value, value, strlen(value));
	fact->observed_unix_us = age == 255   ? INT64_MAX
				 : age == 254 ? INT64_MIN
					      : NOW_US - ages[age % 7] * KM_TIME_DAY_US - 1;
}

struct seen {
	unsigned wholes;
	const struct km_judge_case *judged;
};

static int on_answer(void *context, const struct km_answer *answer)
{
	struct seen *seen = context;
	const struct km_requirement *requirement = km_requirements_get(answer->requirement);
	char text[KM_ANSWER_REASON_SIZE];

	assert(requirement != NULL);
	assert(answer->state >= KM_ANSWER_MET && answer->state <= KM_ANSWER_NOT_APPLICABLE);
	assert(memchr(answer->subject, '\0', sizeof(answer->subject)) != NULL);
	assert(answer->evidence_count <= KM_ANSWER_EVIDENCE_MAX);
	seen->wholes += answer->level == KM_ANSWER_OF_ALL;
	if (answer->state == KM_ANSWER_MET) {
		/* Nothing is met without something to show, and not past its day. */
		assert(answer->evidence_count > 0 || answer->attestation != NULL);
		assert(answer->kinds != 0);
		assert(answer->due_unix_us == 0 || answer->due_unix_us > NOW_US ||
		       requirement->is_audit_point);
		for (size_t i = 0; i < answer->evidence_count; i++) {
			assert(answer->evidence[i]->is_known);
		}
	}
	if (answer->reason == KM_REASON_NOT_IN_PROFILE) {
		assert(!km_requirements_applies(requirement, seen->judged->profile));
	}
	km_answers_write_reason(answer->reason, answer->subject, false, text);
	km_answers_write_reason(answer->reason, answer->subject, true, text);
	return 0;
}

static int on_disagreement(void *context, const struct km_disagreement *disagreement)
{
	(void)context;
	assert(disagreement->said->is_known && disagreement->seen->is_known);
	return 0;
}

/* Any facts and statements: every requirement has one answer, and no answer is met for nothing. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct km_answers_events events = { on_answer, on_disagreement };
	static struct km_fact facts[FACTS_MAX];
	static const struct km_uuid camera = { { 1 } };
	struct km_attestation said[SAID_MAX] = { 0 };
	struct km_waiver waivers[SAID_MAX] = { 0 };
	struct km_judge_case judged = { .attestations = said,
		.attestation_count = SAID_MAX,
		.waivers = waivers,
		.waiver_count = SAID_MAX,
		.profile = (uint32_t)take(&data, &size),
		.now_unix_us = NOW_US };
	struct seen seen = { .judged = &judged };
	struct km_answers *answers = NULL;
	size_t count = 0;
	size_t self = take(&data, &size) % FACTS_MAX;

	for (size_t i = 0; i < SAID_MAX; i++) {
		uint8_t bits = take(&data, &size);

		said[i].requirement = (uint8_t)(take(&data, &size) % KM_REQUIREMENTS_ALL);
		said[i].state = (uint8_t)(bits % 3 == 2 ? KM_ANSWER_NOT_APPLICABLE : 1 + bits % 3);
		said[i].made_unix_us = NOW_US - 5;
		said[i].until_unix_us = NOW_US + ((bits & 8) != 0 ? 5 : -1);
		said[i].is_withdrawn = (bits & 16) != 0;
		waivers[i].requirement = said[i].requirement;
		waivers[i].until_unix_us = said[i].until_unix_us;
	}
	while (size > 0 && count < FACTS_MAX) {
		make(&data, &size, &facts[count++]);
	}
	self = self > count ? count : self;
	assert(km_answers_create(&judged, &events, &seen, &answers) == 0);
	assert(km_answers_judge_camera(
		   answers, &camera, "one", facts + self, count - self, facts, self) == 0);
	assert(km_answers_judge_rest(answers, facts, self) == 0);
	assert(seen.wholes == KM_REQUIREMENTS_ALL);
	km_answers_destroy(answers);
	return 0;
}
