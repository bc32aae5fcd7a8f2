#include "judge/answers.h"

#include "judge/disagreements.h"
#include "judge/rules.h"
#include "model/fact_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Facts that the answer of the whole keeps of its worst parts, for they do not stay in memory. */
#define KEPT_MAX 6
/* Names of cameras that a reason tells. */
#define NAMES_SIZE 120 /* fewer than a subject has */

enum {
	CAMERA = KM_PER_CAMERA,
	RECORDER = KM_PER_RECORDER,
	SITE = KM_PER_SITE,
};

static const struct rule {
	struct km_rule_row row;
	void (*weigh)(struct km_judging *judging);
} rules[] = {
#define KM_RULE(NAME, per, function, sureness, facts, text_en, text_ja)                            \
	{ { KM_REQUIREMENT_##NAME, (per), (sureness), (facts), (text_en), (text_ja) },             \
		km_##function },
#include "judge/rules.tbl"
#undef KM_RULE
};

static const struct {
	const char *name;
	const char *texts[2];
} reasons[] = {
#define KM_REASON(NAME, name, text_en, text_ja) { #name, { (text_en), (text_ja) } },
#include "judge/reasons.tbl"
#undef KM_REASON
};

/* A requirement while its parts are judged: the worst so far, copied. */
struct whole {
	struct km_answer answer;
	struct km_fact *kept;   /* KEPT_MAX; NULL until there is one */
	char names[NAMES_SIZE]; /* of the cameras that are as bad as it gets */
	uint32_t names_left_out;
	bool has_any;
};

struct km_answers {
	struct km_judge_case judged;
	struct km_answers_events events;
	void *context;
	uint32_t cameras;
	struct whole wholes[KM_REQUIREMENTS_ALL];
};

int km_answers_create(const struct km_judge_case *judged, const struct km_answers_events *events,
    void *context, struct km_answers **ret_answers)
{
	struct km_answers *answers = calloc(1, sizeof(*answers));

	if (answers == NULL) {
		return KM_ERR_MEMORY;
	}
	answers->judged = *judged;
	answers->events = *events;
	answers->context = context;
	*ret_answers = answers;
	return 0;
}

void km_answers_destroy(struct km_answers *answers)
{
	if (answers == NULL) {
		return;
	}
	for (size_t i = 0; i < KM_REQUIREMENTS_ALL; i++) {
		free(answers->wholes[i].kept);
	}
	free(answers);
}

/* --- statements of people --- */

static bool concerns(unsigned requirement, const struct km_uuid *camera, unsigned of_requirement,
    const struct km_uuid *of_camera)
{
	return requirement == of_requirement &&
	       (km_uuid_is_nil(camera) || km_uuid_is_equal(camera, of_camera));
}

/* The last statement about it: one that counts, before one that has run out. */
static const struct km_attestation *find_attestation(
    const struct km_judge_case *judged, const struct km_answer *answer)
{
	const struct km_attestation *found = NULL;

	for (size_t i = 0; i < judged->attestation_count; i++) {
		const struct km_attestation *next = &judged->attestations[i];
		bool counts = next->until_unix_us > judged->now_unix_us;
		bool is_found_counting =
		    found != NULL && found->until_unix_us > judged->now_unix_us;
		bool is_narrower = found == NULL || km_uuid_is_nil(&found->camera) ||
				   !km_uuid_is_nil(&next->camera);

		if (!next->is_withdrawn &&
		    concerns(
			next->requirement, &next->camera, answer->requirement, &answer->camera) &&
		    (counts == is_found_counting ? is_narrower : counts)) {
			found = next;
		}
	}
	return found;
}

static const struct km_waiver *find_waiver(
    const struct km_judge_case *judged, const struct km_answer *answer)
{
	const struct km_waiver *found = NULL;

	for (size_t i = 0; i < judged->waiver_count; i++) {
		const struct km_waiver *next = &judged->waivers[i];

		if (!next->is_withdrawn && next->until_unix_us > judged->now_unix_us &&
		    concerns(
			next->requirement, &next->camera, answer->requirement, &answer->camera)) {
			found = next;
		}
	}
	return found;
}

static void take_statement(struct km_answer *answer, const struct km_attestation *attestation)
{
	answer->state = attestation->state;
	answer->kinds = KM_ANSWER_ATTESTED;
	answer->reason = attestation->state == KM_ANSWER_MET ? KM_REASON_STATED
			 : attestation->state == KM_ANSWER_NOT_MET
			     ? KM_REASON_STATED_NOT_MET
			     : KM_REASON_STATED_NOT_APPLICABLE;
	answer->subject[0] = '\0';
	answer->attestation = attestation;
	answer->observed_unix_us = attestation->made_unix_us;
	answer->due_unix_us = attestation->until_unix_us;
}

/*
 * A person decides where observation does not; against what was observed a statement is of no use,
 * but that the two contradict each other is shown.
 */
static void weigh_statement(const struct km_judge_case *judged, struct km_answer *answer)
{
	const struct km_requirement *requirement = km_requirements_get(answer->requirement);
	const struct km_attestation *attestation = NULL;
	bool counts = false;

	if ((requirement->kinds & KM_ANSWER_ATTESTED) == 0) {
		return;
	}
	attestation = find_attestation(judged, answer);
	counts = attestation != NULL && attestation->until_unix_us > judged->now_unix_us;
	if (answer->state == KM_ANSWER_UNKNOWN && counts) {
		take_statement(answer, attestation);
	} else if (answer->state == KM_ANSWER_UNKNOWN && attestation != NULL) {
		answer->reason = KM_REASON_STATEMENT_RAN_OUT;
		answer->subject[0] = '\0';
		answer->attestation = attestation;
		answer->due_unix_us = attestation->until_unix_us;
	} else if (counts && answer->state != attestation->state &&
		   answer->state != KM_ANSWER_NOT_APPLICABLE) {
		answer->disagrees = true;
		answer->attestation = attestation;
		if (answer->state == KM_ANSWER_MET && attestation->state == KM_ANSWER_NOT_MET) {
			take_statement(answer, attestation);
		}
	}
}

/* --- one part --- */

static const struct rule *find_rule(unsigned requirement, unsigned per)
{
	for (size_t i = 0; i < KM_COUNT(rules); i++) {
		if (rules[i].row.requirement == requirement && (rules[i].row.per & per) != 0) {
			return &rules[i];
		}
	}
	return NULL;
}

/* The whole takes over what is at least as bad; facts are copied, for they go. */
static void keep_evidence(struct whole *whole, const struct km_answer *answer)
{
	size_t count = whole->answer.evidence_count;

	if (answer->evidence_count > 0 && whole->kept == NULL) {
		whole->kept = calloc(KEPT_MAX, sizeof(*whole->kept));
	}
	for (size_t i = 0; i < answer->evidence_count; i++) {
		if (whole->kept == NULL || count >= KEPT_MAX) {
			whole->answer.evidence_left_out++;
		} else {
			whole->kept[count] = *answer->evidence[i];
			whole->answer.evidence[count] = &whole->kept[count];
			count++;
		}
	}
	whole->answer.evidence_left_out += answer->evidence_left_out;
	whole->answer.evidence_count = count;
}

static int rank(unsigned state)
{
	return state == KM_ANSWER_NOT_MET   ? 3
	       : state == KM_ANSWER_UNKNOWN ? 2
	       : state == KM_ANSWER_MET     ? 1
					    : 0;
}

static void add_name(struct whole *whole, const char *name)
{
	size_t used = strlen(whole->names);
	size_t size = strlen(name);

	if (whole->names_left_out > 0 || used + 2 + size >= sizeof(whole->names)) {
		whole->names_left_out++;
		return;
	}
	if (used > 0) {
		memcpy(whole->names + used, ", ", 2);
		used += 2;
	}
	memcpy(whole->names + used, name, size + 1);
}

static void merge_dates(struct km_answer *whole, const struct km_answer *part)
{
	if (part->observed_unix_us != 0 &&
	    (whole->observed_unix_us == 0 || part->observed_unix_us < whole->observed_unix_us)) {
		whole->observed_unix_us = part->observed_unix_us;
	}
	if (part->due_unix_us != 0 &&
	    (whole->due_unix_us == 0 || part->due_unix_us < whole->due_unix_us)) {
		whole->due_unix_us = part->due_unix_us;
	}
}

/* name: of the camera; NULL: the system. */
static void merge(struct km_answers *answers, const struct km_answer *part, const char *name)
{
	struct whole *whole = &answers->wholes[part->requirement];
	struct km_answer *all = &whole->answer;
	bool is_worse = !whole->has_any || rank(part->state) > rank(all->state);

	if (name != NULL) {
		all->cameras_met += part->state == KM_ANSWER_MET;
		all->cameras_not_met += part->state == KM_ANSWER_NOT_MET;
		all->cameras_unknown += part->state == KM_ANSWER_UNKNOWN;
		all->cameras_not_applicable += part->state == KM_ANSWER_NOT_APPLICABLE;
	}
	all->disagrees = all->disagrees || part->disagrees;
	if (is_worse) {
		all->state = part->state;
		all->reason = part->reason;
		memcpy(all->subject, part->subject, sizeof(all->subject));
		all->kinds = 0;
		all->evidence_count = 0;
		all->evidence_left_out = 0;
		all->observed_unix_us = 0;
		all->due_unix_us = 0;
		all->attestation = NULL;
		whole->names[0] = '\0';
		whole->names_left_out = 0;
	} else if (rank(part->state) != rank(all->state)) {
		return;
	}
	whole->has_any = true;
	all->kinds |= part->kinds;
	if (name == NULL) {
		/* What the recorder says of itself is nearer than a list of cameras. */
		all->reason = part->reason;
		memcpy(all->subject, part->subject, sizeof(all->subject));
	} else {
		add_name(whole, name);
	}
	if (all->attestation == NULL) {
		all->attestation = part->attestation;
	}
	merge_dates(all, part);
	keep_evidence(whole, part);
}

static int give(struct km_answers *answers, const struct km_answer *answer)
{
	return answers->events.on_answer(answers->context, answer);
}

/* The kinds that the requirement lists; all, if what decided it came some other way. */
static void keep_kinds(struct km_answer *answer, const struct km_requirement *requirement)
{
	if ((answer->kinds & requirement->kinds) != 0) {
		answer->kinds &= requirement->kinds;
	}
}

/* Judge one part of a requirement: a camera, or the system. */
static void judge_part(struct km_answers *answers, const struct rule *rule,
    struct km_judging *judging, struct km_answer *answer)
{
	const struct km_requirement *requirement = km_requirements_get(answer->requirement);

	judging->answer = answer;
	judging->weight = 0;
	judging->profile = answers->judged.profile;
	judging->now_us = answers->judged.now_unix_us;
	judging->fresh_us = (int64_t)requirement->fresh_days * KM_TIME_DAY_US;
	if (!km_requirements_applies(requirement, judging->profile)) {
		answer->state = KM_ANSWER_NOT_APPLICABLE;
		answer->reason = KM_REASON_NOT_IN_PROFILE;
		return;
	}
	answer->state = KM_ANSWER_UNKNOWN;
	answer->reason = KM_REASON_NOT_STATED;
	rule->weigh(judging);
	keep_kinds(answer, requirement);
	weigh_statement(&answers->judged, answer);
	answer->waiver = find_waiver(&answers->judged, answer);
}

struct collected {
	struct km_answers *answers;
	const struct km_disagreement *list;
	size_t count;
};

int km_answers_judge_camera(struct km_answers *answers, const struct km_uuid *camera,
    const char *name, const struct km_fact *facts, size_t count, const struct km_fact *self,
    size_t self_count)
{
	struct km_disagreement disagreements[KM_DISAGREEMENTS_MAX];
	struct km_judging judging = {
		.facts = facts, .count = count, .self = self, .self_count = self_count
	};
	size_t found = km_disagreements_find(camera, facts, count, disagreements);
	int err = 0;

	answers->cameras++;
	for (unsigned i = 0; err == 0 && i < KM_REQUIREMENTS; i++) {
		struct km_answer answer = {
			.requirement = (uint8_t)i, .level = KM_ANSWER_OF_CAMERA, .camera = *camera
		};
		const struct rule *rule = find_rule(i, CAMERA);

		if (rule == NULL) {
			continue;
		}
		judge_part(answers, rule, &judging, &answer);
		for (size_t k = 0; k < found; k++) {
			answer.disagrees = answer.disagrees || disagreements[k].requirement == i;
		}
		merge(answers, &answer, name);
		err = give(answers, &answer);
	}
	for (size_t k = 0; err == 0 && k < found; k++) {
		if (answers->events.on_disagreement != NULL) {
			err = answers->events.on_disagreement(answers->context, &disagreements[k]);
		}
	}
	return err;
}

/* --- the whole --- */

/* The reason of an answer that several parts share. */
static void finish_reason(const struct km_answers *answers, struct whole *whole, bool has_system)
{
	struct km_answer *all = &whole->answer;
	uint32_t alike = all->state == KM_ANSWER_NOT_MET   ? all->cameras_not_met
			 : all->state == KM_ANSWER_UNKNOWN ? all->cameras_unknown
			 : all->state == KM_ANSWER_MET     ? all->cameras_met
							   : all->cameras_not_applicable;

	if (alike == 0 || (alike == 1 && answers->cameras == 1 && !has_system)) {
		return; /* the one part says it */
	}
	if (all->state == KM_ANSWER_MET) {
		all->reason = has_system ? KM_REASON_ALL_PARTS : KM_REASON_ALL_CAMERAS;
		all->subject[0] = '\0';
	} else if (all->state == KM_ANSWER_NOT_APPLICABLE) {
		all->reason = all->reason == KM_REASON_NOT_IN_PROFILE ? KM_REASON_NOT_IN_PROFILE
								      : KM_REASON_NONE_APPLIES;
		all->subject[0] = '\0';
	} else if (whole->names[0] != '\0') {
		all->reason = all->state == KM_ANSWER_NOT_MET ? KM_REASON_SOME_NOT_MET
							      : KM_REASON_SOME_UNKNOWN;
		memcpy(all->subject, whole->names, sizeof(whole->names));
		if (whole->names_left_out > 0) {
			size_t size = strlen(all->subject);

			(void)snprintf(all->subject + size, sizeof(all->subject) - size, ", +%u",
			    whole->names_left_out);
		}
	}
}

/* A requirement of cameras while there is none. */
static void judge_none(struct km_answers *answers, const struct km_requirement *requirement)
{
	struct km_answer *all = &answers->wholes[requirement->name].answer;

	all->state = KM_ANSWER_UNKNOWN;
	all->reason = KM_REASON_NO_CAMERAS;
	if (!km_requirements_applies(requirement, answers->judged.profile)) {
		all->state = KM_ANSWER_NOT_APPLICABLE;
		all->reason = KM_REASON_NOT_IN_PROFILE;
	} else {
		weigh_statement(&answers->judged, all);
	}
}

static bool can_all_watch(const struct km_answers *answers)
{
	const struct km_answer *watch = &answers->wholes[KM_REQUIREMENT_C11_1].answer;

	return watch->cameras_met > 0 && watch->cameras_not_met == 0 && watch->cameras_unknown == 0;
}

static int judge_requirement(
    struct km_answers *answers, unsigned name, const struct km_fact *self, size_t self_count)
{
	const struct km_requirement *requirement = km_requirements_get(name);
	const struct rule *rule = find_rule(name, RECORDER | SITE);
	struct whole *whole = &answers->wholes[name];
	struct km_judging judging = { .facts = self,
		.count = self_count,
		.self = self,
		.self_count = self_count,
		.cameras_watch = can_all_watch(answers) };
	struct km_answer answer = { .requirement = (uint8_t)name, .level = KM_ANSWER_OF_SYSTEM };
	int err = 0;

	whole->answer.requirement = (uint8_t)name;
	whole->answer.level = KM_ANSWER_OF_ALL;
	if (rule != NULL) {
		judge_part(answers, rule, &judging, &answer);
		merge(answers, &answer, NULL);
		err = give(answers, &answer);
	} else if (!whole->has_any) {
		judge_none(answers, requirement);
	}
	if (err == 0) {
		finish_reason(answers, whole, rule != NULL);
		whole->answer.waiver = find_waiver(&answers->judged, &whole->answer);
		err = give(answers, &whole->answer);
	}
	return err;
}

/* --- audit points --- */

/* As the requirements that it leans on; where a statement is wanted too, that one besides. */
static int judge_point(struct km_answers *answers, unsigned name)
{
	const struct km_requirement *point = km_requirements_get(name);
	struct km_bytes rest = km_bytes_text(point->leans_on);
	struct whole *whole = &answers->wholes[name];
	struct km_answer statement = { .requirement = (uint8_t)name,
		.level = KM_ANSWER_OF_ALL,
		.state = KM_ANSWER_UNKNOWN,
		.reason = KM_REASON_NOT_STATED };

	whole->answer.requirement = (uint8_t)name;
	whole->answer.level = KM_ANSWER_OF_ALL;
	if (!km_requirements_applies(point, answers->judged.profile)) {
		whole->answer.state = KM_ANSWER_NOT_APPLICABLE;
		whole->answer.reason = KM_REASON_NOT_IN_PROFILE;
		return give(answers, &whole->answer);
	}
	if ((point->kinds & KM_ANSWER_ATTESTED) != 0) {
		weigh_statement(&answers->judged, &statement);
		merge(answers, &statement, NULL);
	}
	while (rest.size > 0) {
		const struct km_requirement *leg = km_requirements_find(km_bytes_split(&rest, ' '));
		struct km_answer part;

		if (leg == NULL) {
			continue;
		}
		part = answers->wholes[leg->name].answer;
		if (part.state == KM_ANSWER_NOT_APPLICABLE) {
			continue;
		}
		part.requirement = (uint8_t)name;
		if (part.state == KM_ANSWER_NOT_MET || part.state == KM_ANSWER_UNKNOWN) {
			part.reason = part.state == KM_ANSWER_NOT_MET ? KM_REASON_SOME_NOT_MET
								      : KM_REASON_SOME_UNKNOWN;
		}
		merge(answers, &part, NULL);
		if (part.state == whole->answer.state) {
			add_name(whole, leg->id);
		}
	}
	if (!whole->has_any) {
		whole->answer.state = KM_ANSWER_NOT_APPLICABLE;
		whole->answer.reason = KM_REASON_NONE_APPLIES;
	}
	if (whole->names[0] != '\0' && (whole->answer.reason == KM_REASON_SOME_NOT_MET ||
					   whole->answer.reason == KM_REASON_SOME_UNKNOWN)) {
		memcpy(whole->answer.subject, whole->names, sizeof(whole->names));
	}
	whole->answer.waiver = find_waiver(&answers->judged, &whole->answer);
	return give(answers, &whole->answer);
}

int km_answers_judge_rest(struct km_answers *answers, const struct km_fact *self, size_t self_count)
{
	int err = 0;

	for (unsigned i = 0; err == 0 && i < KM_REQUIREMENTS; i++) {
		err = judge_requirement(answers, i, self, self_count);
	}
	for (unsigned i = KM_REQUIREMENTS; err == 0 && i < KM_REQUIREMENTS_ALL; i++) {
		err = judge_point(answers, i);
	}
	return err;
}

/* --- words --- */

/* What a reason is about, in words where it is a name of ours: of a fact, or of a duty. */
static const char *words_of(const char *subject, bool is_japanese)
{
	static const struct {
		const char *name;
		const char *texts[2];
	} duties[] = {
		{ "stock_taking", { "stock-taking", "棚卸し" } },
		{ "account_review", { "review of the accounts", "アカウントの見直し" } },
		{ "journal_review", { "review of the journal", "監査記録の確認" } },
		{ "vulnerabilities", { "news of weaknesses", "脆弱性情報の確認" } },
		{ "restore_drill", { "trying to restore", "復元の練習" } },
	};
	enum km_fact_kind kind = KM_FACT_MAKER;

	for (size_t i = 0; i < KM_COUNT(duties); i++) {
		if (strcmp(duties[i].name, subject) == 0) {
			return duties[i].texts[is_japanese ? 1 : 0];
		}
	}
	return km_facts_find(km_bytes_text(subject), &kind) == 0
		   ? km_fact_words_of(kind, is_japanese)
		   : subject;
}

void km_answers_write_reason(enum km_reason reason, const char *subject, bool is_japanese,
    char ret_text[static KM_ANSWER_REASON_SIZE])
{
	const char *text = "";
	const char *about = words_of(subject, is_japanese);
	const char *hole = NULL;

	if ((size_t)reason < KM_COUNT(reasons)) {
		text = reasons[reason].texts[is_japanese ? 1 : 0];
	}
	hole = strstr(text, "%s");
	if (hole == NULL) {
		(void)snprintf(ret_text, KM_ANSWER_REASON_SIZE, "%s", text);
	} else if (about[0] == '\0' && hole[2] == '\0' && hole - text >= 2) {
		(void)snprintf(
		    ret_text, KM_ANSWER_REASON_SIZE, "%.*s", (int)(hole - text) - 2, text);
	} else {
		(void)snprintf(ret_text, KM_ANSWER_REASON_SIZE, "%.*s%s%s", (int)(hole - text),
		    text, about, hole + 2);
	}
}

const char *km_answers_reason_name(enum km_reason reason)
{
	return (size_t)reason < KM_COUNT(reasons) ? reasons[reason].name : "unknown";
}

const struct km_rule_row *km_answers_rule(size_t place)
{
	return place < KM_COUNT(rules) ? &rules[place].row : NULL;
}
