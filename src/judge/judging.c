#include "judge/judging.h"

#include <string.h>

static const struct km_fact *next(
    const struct km_fact *facts, size_t count, enum km_fact_kind kind, const struct km_fact *after)
{
	for (size_t i = after == NULL ? 0 : (size_t)(after - facts) + 1; i < count; i++) {
		if (facts[i].kind == kind) {
			return &facts[i];
		}
	}
	return NULL;
}

const struct km_fact *km_judging_next(
    const struct km_judging *judging, enum km_fact_kind kind, const struct km_fact *after)
{
	return next(judging->facts, judging->count, kind, after);
}

const struct km_fact *km_judging_next_self(
    const struct km_judging *judging, enum km_fact_kind kind, const struct km_fact *after)
{
	return next(judging->self, judging->self_count, kind, after);
}

/* What a person entered (when it was bought, when support ends) does not change by itself. */
static int64_t fresh_us(const struct km_judging *judging, const struct km_fact *fact)
{
	return fact->source == KM_FROM_PERSON && judging->fresh_us < KM_JUDGING_ENTERED_US
		   ? KM_JUDGING_ENTERED_US
		   : judging->fresh_us;
}

static bool is_fresh(const struct km_judging *judging, const struct km_fact *fact)
{
	/* Subtracted from now, which is never far off: a fact may carry any number. */
	return fact->observed_unix_us > judging->now_us - fresh_us(judging, fact) &&
	       fact->observed_unix_us < judging->now_us + KM_JUDGING_EARLY_US;
}

bool km_judging_is_usable(const struct km_judging *judging, const struct km_fact *fact)
{
	return fact->is_known && is_fresh(judging, fact);
}

static unsigned weight_of(unsigned state)
{
	switch (state) {
	case KM_ANSWER_NOT_MET:
		return 4;
	case KM_ANSWER_UNKNOWN:
		return 3;
	case KM_ANSWER_MET:
		return 2;
	default:
		return 1; /* not applicable: anything else says more */
	}
}

static unsigned kind_of(unsigned source)
{
	switch (source) {
	case KM_FROM_ONVIF:
		return KM_ANSWER_TOLD;
	case KM_FROM_RECORDER:
		return KM_ANSWER_SELF;
	case KM_FROM_PERSON:
		return KM_ANSWER_ATTESTED;
	default:
		return KM_ANSWER_PROBED;
	}
}

static void copy_subject(const char *from, char ret_subject[static KM_ANSWER_SUBJECT_SIZE])
{
	size_t size = from == NULL ? 0 : strnlen(from, KM_ANSWER_SUBJECT_SIZE - 1);

	/* Not into the middle of a character. */
	while (from != NULL && size > 0 && ((unsigned char)from[size] & 0xc0U) == 0x80U) {
		size--;
	}
	if (size > 0) {
		memcpy(ret_subject, from, size);
	}
	ret_subject[size] = '\0';
}

void km_judging_show(struct km_judging *judging, const struct km_fact *fact)
{
	struct km_answer *answer = judging->answer;
	int64_t due_us = 0;

	for (size_t i = 0; i < answer->evidence_count; i++) {
		if (answer->evidence[i] == fact) {
			return;
		}
	}
	if (answer->evidence_count < KM_ANSWER_EVIDENCE_MAX) {
		answer->evidence[answer->evidence_count++] = fact;
	} else {
		answer->evidence_left_out++;
	}
	answer->kinds |= kind_of(fact->source);
	/* One from the future is not trusted, and would overflow. */
	if (fact->observed_unix_us <= 0 ||
	    fact->observed_unix_us > judging->now_us + KM_JUDGING_EARLY_US) {
		return;
	}
	due_us = fact->observed_unix_us + fresh_us(judging, fact);
	if (answer->observed_unix_us == 0 || fact->observed_unix_us < answer->observed_unix_us) {
		answer->observed_unix_us = fact->observed_unix_us;
	}
	if (answer->due_unix_us == 0 || due_us < answer->due_unix_us) {
		answer->due_unix_us = due_us;
	}
}

static void decide(
    struct km_judging *judging, unsigned state, enum km_reason reason, const char *subject)
{
	struct km_answer *answer = judging->answer;

	judging->weight = weight_of(state);
	answer->state = (uint8_t)state;
	answer->reason = reason;
	answer->evidence_count = 0;
	answer->evidence_left_out = 0;
	answer->kinds = 0;
	answer->observed_unix_us = 0;
	answer->due_unix_us = 0;
	copy_subject(subject, answer->subject);
}

void km_judging_weigh(struct km_judging *judging, unsigned state, enum km_reason reason,
    const char *subject, const struct km_fact *fact)
{
	if (fact != NULL && !is_fresh(judging, fact)) {
		state = KM_ANSWER_UNKNOWN;
		reason = KM_REASON_AGED;
		subject = km_facts_name(fact->kind);
	} else if (fact != NULL && !fact->is_known) {
		state = KM_ANSWER_UNKNOWN;
		reason = KM_REASON_NOT_KNOWN;
		subject = fact->detail[0] != '\0' ? fact->detail : km_facts_name(fact->kind);
	}
	if (weight_of(state) > judging->weight) {
		decide(judging, state, reason, subject);
	}
	if (weight_of(state) == judging->weight && fact != NULL) {
		km_judging_show(judging, fact);
	}
}

void km_judging_lack(struct km_judging *judging, enum km_fact_kind kind)
{
	km_judging_weigh(judging, KM_ANSWER_UNKNOWN, KM_REASON_NO_FACTS, km_facts_name(kind), NULL);
}

unsigned km_judging_weigh_all(struct km_judging *judging, enum km_fact_kind kind, bool is_yes,
    enum km_reason good, enum km_reason bad)
{
	const struct km_fact *fact = NULL;
	unsigned usable = 0;

	while ((fact = km_judging_next(judging, kind, fact)) != NULL) {
		bool is_good = is_yes ? km_facts_is_yes(fact) : km_facts_is_no(fact);

		km_judging_weigh(judging, is_good ? KM_ANSWER_MET : KM_ANSWER_NOT_MET,
		    is_good ? good : bad, fact->subject, fact);
		usable += km_judging_is_usable(judging, fact) ? 1 : 0;
	}
	return usable;
}

void km_judging_need_all(struct km_judging *judging, enum km_fact_kind kind, bool is_yes,
    enum km_reason good, enum km_reason bad)
{
	(void)km_judging_weigh_all(judging, kind, is_yes, good, bad);
	if (km_judging_next(judging, kind, NULL) == NULL) {
		km_judging_lack(judging, kind);
	}
}

bool km_judging_has(const struct km_judging *judging, enum km_fact_kind kind, bool is_yes)
{
	const struct km_fact *fact = NULL;

	while ((fact = km_judging_next(judging, kind, fact)) != NULL) {
		if (km_judging_is_usable(judging, fact) &&
		    (is_yes ? km_facts_is_yes(fact) : km_facts_is_no(fact))) {
			return true;
		}
	}
	return false;
}

void km_judging_weigh_built_in(struct km_judging *judging, enum km_reason reason)
{
	const struct km_fact *version = km_judging_next_self(judging, KM_FACT_SELF_VERSION, NULL);

	if (version == NULL) {
		km_judging_lack(judging, KM_FACT_SELF_VERSION);
		return;
	}
	km_judging_weigh(judging, KM_ANSWER_MET, reason, version->value, version);
	if (judging->answer->state == KM_ANSWER_MET) {
		judging->answer->kinds |= KM_ANSWER_ENFORCED;
	}
}

const struct km_fact *km_judging_of_camera(const struct km_judging *judging, enum km_fact_kind kind)
{
	char camera[KM_UUID_TEXT_SIZE];
	const struct km_fact *fact = NULL;

	km_uuid_write(&judging->answer->camera, camera);
	while ((fact = km_judging_next_self(judging, kind, fact)) != NULL) {
		if (strcmp(fact->subject, camera) == 0) {
			return fact;
		}
	}
	return NULL;
}

void km_judging_weigh_clock(struct km_judging *judging)
{
	const struct km_fact *fact = NULL;
	int64_t offset_ms = 0;

	while ((fact = km_judging_next(judging, KM_FACT_CLOCK_OFFSET, fact)) != NULL) {
		bool is_right = km_facts_number(fact, &offset_ms) == 0 &&
				offset_ms >= -KM_JUDGING_CLOCK_MS &&
				offset_ms <= KM_JUDGING_CLOCK_MS;

		km_judging_weigh(judging, is_right ? KM_ANSWER_MET : KM_ANSWER_NOT_MET,
		    is_right ? KM_REASON_CLOCK_RIGHT : KM_REASON_CLOCK_OFF, fact->value, fact);
	}
	if (km_judging_next(judging, KM_FACT_CLOCK_OFFSET, NULL) == NULL) {
		km_judging_lack(judging, KM_FACT_CLOCK_OFFSET);
	}
}

void km_judging_weigh_weaknesses(struct km_judging *judging, enum km_fact_kind kind)
{
	const struct km_fact *fact = NULL;

	while ((fact = km_judging_next(judging, kind, fact)) != NULL) {
		int64_t confidence = 0;
		bool is_told = km_facts_number(fact, &confidence) == 0;

		if (!is_told || confidence > 0) {
			bool is_sure = confidence >= KM_JUDGING_SURE;

			km_judging_weigh(judging, is_sure ? KM_ANSWER_NOT_MET : KM_ANSWER_UNKNOWN,
			    is_sure ? KM_REASON_WEAKNESS_KNOWN : KM_REASON_WEAKNESS_POSSIBLE,
			    fact->subject, fact);
		}
	}
}
