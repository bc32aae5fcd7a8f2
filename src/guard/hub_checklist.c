/* Requests about the checklist: answers, evidence, statements, waivers, the profile. */
#include "guard/audits.h"
#include "guard/hub_requests.h"
#include "guard/journal.h"
#include "guard/self_facts.h"
#include "guard/statements.h"
#include "io/clock.h"
#include "judge/answers.h"
#include "model/fact_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is asked for, while it is answered. */
struct telling {
	struct km_hub_asking *asking;
	const struct km_requirement *only; /* NULL: all */
	char section;                      /* 0: all */
	const struct km_uuid *camera;      /* its answers alone; NULL: all */
	bool has_evidence;
	bool has_parts;
	bool has_disagreements;
	bool tells_once; /* evidence of the whole only where no part of it has any */
	bool has_told[KM_REQUIREMENTS_ALL]; /* evidence of a part */
	struct km_self_facts self;
	struct km_self_facts facts; /* of one camera */
};

static void text(const char *from, char *ret_text, size_t size)
{
	(void)km_bytes_copy_text(km_bytes_text(from), ret_text, size);
}

static const char *camera_name(struct km_hub *hub, const struct km_uuid *id)
{
	const struct km_hub_camera *camera = km_hub_find(hub, id);

	return camera == NULL ? "" : camera->entry.name;
}

/* --- requirements --- */

static const char *sureness_of(const struct km_requirement *requirement)
{
	const struct km_rule_row *row = NULL;
	const char *found = "stated";
	size_t place = 0;

	/* Rows of cameras come first, and are the less sure ones. */
	while ((row = km_answers_rule(place++)) != NULL) {
		if (row->requirement == requirement->name) {
			return row->sureness;
		}
	}
	return found;
}

static int tell_requirement(struct km_hub_asking *asking, const struct km_requirement *requirement)
{
	struct km_message_requirement record = {
		.is_audit_point = requirement->is_audit_point,
		.section = { requirement->section, '\0' },
		.fresh_days = requirement->fresh_days,
	};

	text(requirement->id, record.requirement, sizeof(record.requirement));
	km_requirements_write_kinds(requirement->kinds, record.kinds);
	text(sureness_of(requirement), record.sureness, sizeof(record.sureness));
	text(requirement->leans_on, record.leans_on, sizeof(record.leans_on));
	text(requirement->title_en, record.title_en, sizeof(record.title_en));
	text(requirement->title_ja, record.title_ja, sizeof(record.title_ja));
	text(requirement->question_en, record.question_en, sizeof(record.question_en));
	text(requirement->question_ja, record.question_ja, sizeof(record.question_ja));
	return km_hub_requests_answer(asking, KM_MESSAGE_requirement, &record);
}

/* --- answers --- */

static int tell_evidence(struct telling *telling, const struct km_answer *answer, const char *id)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < answer->evidence_count; i++) {
		const struct km_fact *fact = answer->evidence[i];
		struct km_message_evidence record = {
			.level = answer->level,
			.camera = fact->camera,
			.source = fact->source,
			.is_known = fact->is_known,
			.proof_size = fact->has_proof ? KM_FACT_PROOF_BYTES : 0,
			.observed_unix_us = fact->observed_unix_us,
		};

		text(id, record.requirement, sizeof(record.requirement));
		text(camera_name(telling->asking->hub, &fact->camera), record.camera_name,
		    sizeof(record.camera_name));
		text(km_facts_name(fact->kind), record.fact, sizeof(record.fact));
		text(km_fact_words_of(fact->kind, false), record.fact_en, sizeof(record.fact_en));
		text(km_fact_words_of(fact->kind, true), record.fact_ja, sizeof(record.fact_ja));
		memcpy(record.subject, fact->subject, sizeof(record.subject));
		memcpy(record.value, fact->value, sizeof(record.value));
		memcpy(record.detail, fact->detail, sizeof(record.detail));
		memcpy(record.proof, fact->proof, record.proof_size);
		err = km_hub_requests_answer(telling->asking, KM_MESSAGE_evidence, &record);
	}
	return err;
}

/* The whole shows what its worst parts show. */
static bool is_told_already(struct telling *telling, const struct km_answer *answer)
{
	if (answer->level == KM_ANSWER_OF_ALL) {
		return telling->tells_once && telling->has_told[answer->requirement];
	}
	telling->has_told[answer->requirement] |= answer->evidence_count > 0;
	return false;
}

static bool is_asked_for(const struct telling *telling, const struct km_answer *answer)
{
	const struct km_requirement *requirement = km_requirements_get(answer->requirement);
	bool is_whole = answer->level == KM_ANSWER_OF_ALL;

	if ((telling->only != NULL && telling->only != requirement) ||
	    (telling->section != 0 && telling->section != requirement->section)) {
		return false;
	}
	if (telling->camera != NULL) {
		return answer->level == KM_ANSWER_OF_CAMERA &&
		       km_uuid_is_equal(telling->camera, &answer->camera);
	}
	return is_whole || telling->has_parts;
}

static int on_answer(void *context, const struct km_answer *answer)
{
	struct telling *telling = context;
	const struct km_requirement *requirement = km_requirements_get(answer->requirement);
	struct km_message_answer record = {
		.is_audit_point = requirement->is_audit_point,
		.level = answer->level,
		.camera = answer->camera,
		.state = answer->state,
		.observed_unix_us = answer->observed_unix_us,
		.due_unix_us = answer->due_unix_us,
		.evidence_count = (uint32_t)(answer->evidence_count + answer->evidence_left_out),
		.attestation = answer->attestation == NULL ? 0 : answer->attestation->number,
		.waiver = answer->waiver == NULL ? 0 : answer->waiver->number,
		.is_disputed = answer->disagrees,
		.cameras_met = answer->cameras_met,
		.cameras_not_met = answer->cameras_not_met,
		.cameras_unknown = answer->cameras_unknown,
		.cameras_not_applicable = answer->cameras_not_applicable,
	};
	int err = 0;

	if (!is_asked_for(telling, answer)) {
		return 0;
	}
	if (telling->only == NULL &&
	    (answer->level == KM_ANSWER_OF_ALL || telling->camera != NULL)) {
		err = tell_requirement(telling->asking, requirement);
	}
	text(requirement->id, record.requirement, sizeof(record.requirement));
	text(camera_name(telling->asking->hub, &answer->camera), record.camera_name,
	    sizeof(record.camera_name));
	km_requirements_write_kinds(answer->kinds, record.kinds);
	text(km_answers_reason_name(answer->reason), record.reason, sizeof(record.reason));
	memcpy(record.subject, answer->subject, sizeof(record.subject));
	km_answers_write_reason(answer->reason, answer->subject, false, record.reason_en);
	km_answers_write_reason(answer->reason, answer->subject, true, record.reason_ja);
	if (err == 0) {
		err = km_hub_requests_answer(telling->asking, KM_MESSAGE_answer, &record);
	}
	if (err == 0 && telling->has_evidence && !is_told_already(telling, answer)) {
		err = tell_evidence(telling, answer, requirement->id);
	}
	return err;
}

static int on_disagreement(void *context, const struct km_disagreement *disagreement)
{
	struct telling *telling = context;
	const struct km_requirement *requirement = km_requirements_get(disagreement->requirement);
	struct km_message_disagreement record = {
		.camera = disagreement->camera,
		.said_source = disagreement->said->source,
		.said_unix_us = disagreement->said->observed_unix_us,
		.seen_source = disagreement->seen->source,
		.seen_unix_us = disagreement->seen->observed_unix_us,
	};

	if (!telling->has_disagreements ||
	    (telling->only != NULL && telling->only != requirement) ||
	    (telling->section != 0 && telling->section != requirement->section) ||
	    (telling->camera != NULL &&
		!km_uuid_is_equal(telling->camera, &disagreement->camera))) {
		return 0;
	}
	text(requirement->id, record.requirement, sizeof(record.requirement));
	text(camera_name(telling->asking->hub, &disagreement->camera), record.camera_name,
	    sizeof(record.camera_name));
	text(km_answers_reason_name(disagreement->reason), record.reason, sizeof(record.reason));
	km_answers_write_reason(
	    disagreement->reason, disagreement->subject, false, record.reason_en);
	km_answers_write_reason(
	    disagreement->reason, disagreement->subject, true, record.reason_ja);
	text(km_facts_name(disagreement->said->kind), record.said_fact, sizeof(record.said_fact));
	memcpy(record.said_subject, disagreement->said->subject, sizeof(record.said_subject));
	memcpy(record.said_value, disagreement->said->value, sizeof(record.said_value));
	text(km_facts_name(disagreement->seen->kind), record.seen_fact, sizeof(record.seen_fact));
	memcpy(record.seen_subject, disagreement->seen->subject, sizeof(record.seen_subject));
	memcpy(record.seen_value, disagreement->seen->value, sizeof(record.seen_value));
	return km_hub_requests_answer(telling->asking, KM_MESSAGE_disagreement, &record);
}

/* --- judging --- */

static int on_fact(void *context, const struct km_fact *fact)
{
	struct km_self_facts *list = context;

	km_self_facts_add(list, fact);
	return list->err;
}

static int judge_camera(
    struct telling *telling, struct km_answers *answers, const struct km_hub_camera *camera)
{
	struct km_hub *hub = telling->asking->hub;
	int err = 0;

	telling->facts.count = 0;
	err = km_audits_each_fact(hub->database, &camera->entry.id, 0, on_fact, &telling->facts);
	if (err == 0) {
		err = km_self_facts_gather_camera(hub, camera, km_clock_unix_us(), &telling->facts);
	}
	return err < 0 ? err
		       : km_answers_judge_camera(answers, &camera->entry.id, camera->entry.name,
			     telling->facts.facts, telling->facts.count, telling->self.facts,
			     telling->self.count);
}

/* Facts of the recorder that were matched against lists lie with those of cameras. */
static int gather(struct telling *telling, int64_t now_us)
{
	static const struct km_uuid nil;
	struct km_hub *hub = telling->asking->hub;
	int err = km_self_facts_gather(hub, now_us, &telling->self);

	return err < 0 ? err : km_audits_each_fact(hub->database, &nil, 0, on_fact, &telling->self);
}

static int judge(struct telling *telling)
{
	static const struct km_answers_events events = {
		.on_answer = on_answer,
		.on_disagreement = on_disagreement,
	};
	struct km_hub *hub = telling->asking->hub;
	struct km_statements statements = { 0 };
	struct km_message_profile profile = { 0 };
	struct km_judge_case judged = { .now_unix_us = km_clock_unix_us() };
	struct km_answers *answers = NULL;
	int err = km_statements_read(hub->database, &statements);

	if (err == 0) {
		err = km_statements_profile(hub->database, &profile);
	}
	if (err == 0) {
		err = gather(telling, judged.now_unix_us);
	}
	if (err == 0) {
		err = km_requirements_parse_profile(km_bytes_text(profile.parts), &judged.profile);
	}
	if (err < 0) {
		goto out;
	}
	judged.attestations = statements.attestations;
	judged.attestation_count = statements.attestation_count;
	judged.waivers = statements.waivers;
	judged.waiver_count = statements.waiver_count;
	err = km_answers_create(&judged, &events, telling, &answers);
	for (size_t i = 0; err == 0 && i < hub->camera_count; i++) {
		if (telling->camera == NULL ||
		    km_uuid_is_equal(telling->camera, &hub->cameras[i]->entry.id)) {
			err = judge_camera(telling, answers, hub->cameras[i]);
		}
	}
	if (err == 0 && telling->camera == NULL) {
		err = km_answers_judge_rest(answers, telling->self.facts, telling->self.count);
	}
out:
	km_answers_destroy(answers);
	km_statements_finish(&statements);
	km_self_facts_finish(&telling->self);
	km_self_facts_finish(&telling->facts);
	return err;
}

/* --- requests --- */

static int on_attestation(void *context, struct km_message_attestation *attestation)
{
	return km_hub_requests_answer(context, KM_MESSAGE_attestation, attestation);
}

static int on_waiver(void *context, struct km_message_waiver *waiver)
{
	return km_hub_requests_answer(context, KM_MESSAGE_waiver, waiver);
}

static int tell_statements(
    struct km_hub_asking *asking, const char *requirement, bool only_counting)
{
	struct km_database *database = asking->hub->database;
	int err = km_statements_each_attestation(
	    database, requirement, only_counting, on_attestation, asking);

	return err < 0 ? err
		       : km_statements_each_waiver(
			     database, requirement, only_counting, on_waiver, asking);
}

static int tell_profile(struct km_hub_asking *asking)
{
	struct km_message_profile profile = { 0 };
	int err = km_statements_profile(asking->hub->database, &profile);

	if (err == 0) {
		km_hub_requests_answer(asking, KM_MESSAGE_profile, &profile);
	}
	return err;
}

static int check_camera(struct km_hub_asking *asking, const struct km_uuid *camera)
{
	if (km_uuid_is_nil(camera) || km_hub_find(asking->hub, camera) != NULL) {
		return 0;
	}
	return km_hub_requests_fail(asking, KM_ERR_NOT_FOUND, "camera: there is no such camera");
}

int km_hub_request_checklist_list(
    struct km_hub_asking *asking, struct km_message_checklist_list *list)
{
	struct telling telling = {
		.asking = asking,
		.section = list->section[0],
		.camera = km_uuid_is_nil(&list->camera) ? NULL : &list->camera,
		.has_evidence = list->has_evidence != 0,
		.has_parts = list->has_parts != 0,
		.has_disagreements = true,
		.tells_once = true,
	};
	int err = check_camera(asking, &list->camera);

	if (err == 0 && telling.section != 0 &&
	    (list->section[1] != '\0' ||
		km_requirements_section(telling.section, false)[0] == '\0')) {
		return km_hub_requests_fail(asking, KM_ERR_FORMAT, "section: a to i");
	}
	if (err == 0) {
		err = judge(&telling);
	}
	if (err == 0) {
		err = tell_statements(asking, NULL, true);
	}
	return err < 0 ? err : tell_profile(asking);
}

static int no_requirement(struct km_hub_asking *asking, const char *id)
{
	return km_hub_requests_fail(asking, KM_ERR_NOT_FOUND,
	    "there is no requirement %s: an identifier of the checklist is wanted, as a01-1", id);
}

int km_hub_request_evidence_list(
    struct km_hub_asking *asking, struct km_message_evidence_list *list)
{
	struct telling telling = {
		.asking = asking,
		.only = km_requirements_find(km_bytes_text(list->requirement)),
		.camera = km_uuid_is_nil(&list->camera) ? NULL : &list->camera,
		.has_evidence = true,
		.has_parts = true,
		.has_disagreements = true,
	};
	int err = check_camera(asking, &list->camera);

	if (err == 0 && telling.only == NULL) {
		return no_requirement(asking, list->requirement);
	}
	if (err == 0) {
		err = tell_requirement(asking, telling.only);
	}
	if (err == 0) {
		err = judge(&telling);
	}
	return err < 0 ? err : tell_statements(asking, list->requirement, false);
}

int km_hub_request_statement_list(
    struct km_hub_asking *asking, struct km_message_statement_list *list)
{
	(void)list;
	return tell_statements(asking, NULL, false);
}

static const struct km_uuid *account_of(const struct km_hub_asking *asking)
{
	return asking->account == NULL ? NULL : &asking->account->id;
}

#define NOTE(asking, event, camera, ...)                                                           \
	km_journal_note((asking)->hub->database, event, camera, account_of(asking), __VA_ARGS__)

int km_hub_request_attest(struct km_hub_asking *asking, struct km_message_attest *attest)
{
	const char *who = km_hub_requests_who(asking);
	const char *right = NULL;
	struct km_message_attestation made = { 0 };
	int err = km_statements_attest(
	    asking->hub->database, attest, who, km_clock_unix_us(), &made, &right);

	if (err < 0) {
		return right == NULL ? err : km_hub_requests_fail(asking, err, "%s", right);
	}
	NOTE(asking, KM_EVENT_ATTESTED, &made.camera, "%s: %s, document %s, by %s",
	    made.requirement, km_states_name("answer_state", made.state), made.document, who);
	return km_hub_requests_answer(asking, KM_MESSAGE_attestation, &made);
}

static int explain_number(struct km_hub_asking *asking, int err, const char *what, int64_t number)
{
	if (err == KM_ERR_NOT_FOUND) {
		return km_hub_requests_fail(
		    asking, err, "there is no %s %lld", what, (long long)number);
	}
	if (err == KM_ERR_STATE) {
		return km_hub_requests_fail(
		    asking, err, "%s %lld was withdrawn already", what, (long long)number);
	}
	return err;
}

int km_hub_request_attest_withdraw(
    struct km_hub_asking *asking, struct km_message_attest_withdraw *withdraw)
{
	const char *who = km_hub_requests_who(asking);
	struct km_message_attestation gone = { 0 };
	int err = km_statements_withdraw_attestation(
	    asking->hub->database, withdraw->number, who, km_clock_unix_us(), &gone);

	if (err < 0) {
		return explain_number(asking, err, "statement", withdraw->number);
	}
	NOTE(asking, KM_EVENT_ATTESTATION_WITHDRAWN, &gone.camera, "%s: statement %lld, by %s",
	    gone.requirement, (long long)gone.number, who);
	return 0;
}

int km_hub_request_waive(struct km_hub_asking *asking, struct km_message_waive *waive)
{
	const char *who = km_hub_requests_who(asking);
	const char *right = NULL;
	struct km_message_waiver made = { 0 };
	int err = km_statements_waive(
	    asking->hub->database, waive, who, km_clock_unix_us(), &made, &right);

	if (err < 0) {
		return right == NULL ? err : km_hub_requests_fail(asking, err, "%s", right);
	}
	NOTE(asking, KM_EVENT_WAIVED, &made.camera, "%s: waiver %lld, %s, by %s", made.requirement,
	    (long long)made.number, made.reason, who);
	return km_hub_requests_answer(asking, KM_MESSAGE_waiver, &made);
}

int km_hub_request_waive_end(struct km_hub_asking *asking, struct km_message_waive_end *end)
{
	const char *who = km_hub_requests_who(asking);
	struct km_message_waiver gone = { 0 };
	int err = km_statements_withdraw_waiver(
	    asking->hub->database, end->number, who, km_clock_unix_us(), &gone);

	if (err < 0) {
		return explain_number(asking, err, "waiver", end->number);
	}
	NOTE(asking, KM_EVENT_WAIVER_ENDED, &gone.camera, "%s: waiver %lld, by %s",
	    gone.requirement, (long long)gone.number, who);
	return 0;
}

int km_hub_request_profile_get(struct km_hub_asking *asking, struct km_message_profile_get *get)
{
	(void)get;
	return tell_profile(asking);
}

int km_hub_request_profile_set(struct km_hub_asking *asking, struct km_message_profile_set *set)
{
	const char *who = km_hub_requests_who(asking);
	struct km_message_profile profile = { 0 };
	int err = km_statements_set_profile(
	    asking->hub->database, set->parts, who, km_clock_unix_us(), &profile);

	if (err == KM_ERR_NOT_FOUND) {
		return km_hub_requests_fail(asking, err,
		    "parts: names with commas: serves_other_network, within_reach, sturdy_cameras, "
		    "line_may_be_tapped, video_encrypted, wireless, availability; or none");
	}
	if (err == 0) {
		NOTE(asking, KM_EVENT_PROFILE_SET, NULL, "%s, by %s",
		    profile.parts[0] == '\0' ? "none" : profile.parts, who);
		km_hub_requests_answer(asking, KM_MESSAGE_profile, &profile);
	}
	return err;
}
