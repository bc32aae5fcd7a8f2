/*
 * The answers as OSCAL assessment results 1.1 [NIST OSCAL assessment-results]: an observation for
 * each piece of evidence and statement, a finding for each requirement that applies. The catalogue
 * is IPA's, which has no OSCAL form: its identifiers are the control ids.
 *
 * Everything has a UUID that is made of what it is about, so that the same thing keeps its own from
 * paper to paper.
 */
#include "report/report_parts.h"

#include "base/error.h"
#include "base/json.h"
#include "crypto/digest.h"
#include "model/states.h"

#include <stdio.h>
#include <string.h>

#define OSCAL_VERSION "1.1.2"
#define CATALOGUE     "ipa-network-camera-checklist-2"

/*
 * In the shape of version 5 [RFC 9562 5.5], which the schema asks for, though it comes from
 * SHA-256: it is unique and stays the same, which is all that it is for.
 */
static int make_uuid(const char *text, struct km_uuid *ret_uuid)
{
	uint8_t hash[KM_DIGEST_SHA256_BYTES];
	int err = km_digest_sha256(km_bytes_text(text), hash);

	if (err == 0) {
		memcpy(ret_uuid->bytes, hash, sizeof(ret_uuid->bytes));
		ret_uuid->bytes[6] = (uint8_t)(0x50 | (ret_uuid->bytes[6] & 0x0f));
		ret_uuid->bytes[8] = (uint8_t)(0x80 | (ret_uuid->bytes[8] & 0x3f));
	}
	return err;
}

struct writing {
	const struct km_report *report;
	struct km_json json;
	int err; /* of OpenSSL */
};

static void add_made_uuid(struct writing *writing, const char *key, const char *text)
{
	struct km_uuid uuid = { 0 };
	int err = make_uuid(text, &uuid);

	writing->err = err < 0 ? err : writing->err;
	km_json_uuid(&writing->json, key, &uuid);
}

static void name_evidence(const struct km_message_evidence *evidence, char *ret_text, size_t size)
{
	char id[KM_UUID_TEXT_SIZE];

	km_uuid_write(&evidence->camera, id);
	(void)snprintf(ret_text, size, "evidence/%s/%u/%s/%s/%s/%u", evidence->requirement,
	    evidence->level, id, evidence->fact, evidence->subject, evidence->source);
}

static void name_statement(const struct km_message_attestation *stated, char *ret_text, size_t size)
{
	(void)snprintf(ret_text, size, "statement/%lld/%lld", (long long)stated->number,
	    (long long)stated->made_unix_us);
}

static void add_prop(struct writing *writing, const char *name, const char *value)
{
	km_json_open(&writing->json, NULL, '{');
	km_json_text(&writing->json, "name", name);
	km_json_text(&writing->json, "value", value);
	km_json_close(&writing->json, '}');
}

static void add_subject(
    struct writing *writing, const char *type, const struct km_uuid *camera, const char *name)
{
	km_json_open(&writing->json, "subjects", '[');
	km_json_open(&writing->json, NULL, '{');
	if (km_uuid_is_nil(camera)) {
		add_made_uuid(writing, "subject-uuid", "recorder");
	} else {
		km_json_uuid(&writing->json, "subject-uuid", camera);
	}
	km_json_text(&writing->json, "type", type);
	km_json_text(&writing->json, "title", km_uuid_is_nil(camera) ? "recorder" : name);
	km_json_close(&writing->json, '}');
	km_json_close(&writing->json, ']');
}

static void add_observation(struct writing *writing, const struct km_message_evidence *evidence)
{
	struct km_json *json = &writing->json;
	char name[600];
	char text[1300];
	char value[512];
	char stamp[KM_REPORT_TIME_SIZE];

	name_evidence(evidence, name, sizeof(name));
	km_report_write_value(evidence, value);
	km_report_write_stamp(evidence->observed_unix_us, stamp);
	(void)snprintf(text, sizeof(text), "%s%s%s%s: %s%s%s",
	    KM_REPORT_TEXT(writing->report, evidence, fact),
	    evidence->subject[0] == '\0' ? "" : " [", evidence->subject,
	    evidence->subject[0] == '\0' ? "" : "]",
	    evidence->is_known ? value : km_report_word(writing->report, KM_WORD_NOT_KNOWN),
	    evidence->detail[0] == '\0' ? "" : "; ", evidence->detail);
	km_json_open(json, NULL, '{');
	add_made_uuid(writing, "uuid", name);
	km_json_text(json, "title", evidence->fact);
	km_json_text(json, "description", text);
	km_json_open(json, "props", '[');
	add_prop(writing, "source", km_states_name("fact_source", evidence->source));
	km_json_close(json, ']');
	km_json_open(json, "methods", '[');
	km_json_text(json, NULL,
	    evidence->source == KM_FROM_PERSON  ? "INTERVIEW"
	    : evidence->source == KM_FROM_PROBE ? "TEST"
						: "EXAMINE");
	km_json_close(json, ']');
	add_subject(writing, "component", &evidence->camera, evidence->camera_name);
	km_json_text(json, "collected", stamp[0] == '\0' ? "1970-01-01T00:00:00Z" : stamp);
	km_json_close(json, '}');
}

static void add_statement(struct writing *writing, const struct km_message_attestation *stated)
{
	struct km_json *json = &writing->json;
	char name[80];
	char text[1200];
	char stamp[KM_REPORT_TIME_SIZE];

	name_statement(stated, name, sizeof(name));
	(void)snprintf(text, sizeof(text), "%s: %s, %s; %s %s", stated->requirement,
	    km_report_state_word(writing->report, stated->state), stated->by, stated->document,
	    stated->note);
	km_json_open(json, NULL, '{');
	add_made_uuid(writing, "uuid", name);
	km_json_text(json, "title", km_report_word(writing->report, KM_WORD_STATEMENTS));
	km_json_text(json, "description", text);
	km_json_open(json, "methods", '[');
	km_json_text(json, NULL, "INTERVIEW");
	km_json_close(json, ']');
	add_subject(writing, "component", &stated->camera, stated->camera_name);
	km_report_write_stamp(stated->made_unix_us, stamp);
	km_json_text(json, "collected", stamp[0] == '\0' ? "1970-01-01T00:00:00Z" : stamp);
	km_report_write_stamp(stated->until_unix_us, stamp);
	if (stamp[0] != '\0') {
		km_json_text(json, "expires", stamp);
	}
	km_json_close(json, '}');
}

/* What the finding rests on; without anything there is no such list. */
static void add_related(struct writing *writing, const char *requirement)
{
	const struct km_report *report = writing->report;
	const struct km_message_answer *whole = km_report_whole(report, requirement);
	const struct km_message_attestation *stated =
	    km_report_find_attestation(report, whole == NULL ? 0 : whole->attestation);
	bool is_open = false;
	char name[600];

	for (size_t i = 0; i <= report->evidence.count; i++) {
		if (i < report->evidence.count) {
			const struct km_message_evidence *evidence = km_report_evidence(report, i);

			if (strcmp(evidence->requirement, requirement) != 0 ||
			    !km_report_is_shown(report, evidence)) {
				continue;
			}
			name_evidence(evidence, name, sizeof(name));
		} else if (stated != NULL) {
			name_statement(stated, name, sizeof(name));
		} else {
			continue;
		}
		if (!is_open) {
			km_json_open(&writing->json, "related-observations", '[');
			is_open = true;
		}
		km_json_open(&writing->json, NULL, '{');
		add_made_uuid(writing, "observation-uuid", name);
		km_json_close(&writing->json, '}');
	}
	if (is_open) {
		km_json_close(&writing->json, ']');
	}
}

static void add_finding(struct writing *writing, const struct km_message_requirement *requirement,
    const struct km_message_answer *answer)
{
	const struct km_report *report = writing->report;
	struct km_json *json = &writing->json;
	char name[64];

	(void)snprintf(name, sizeof(name), "finding/%s", requirement->requirement);
	km_json_open(json, NULL, '{');
	add_made_uuid(writing, "uuid", name);
	km_json_text(json, "title", KM_REPORT_TEXT(report, requirement, title));
	km_json_text(json, "description", KM_REPORT_TEXT(report, requirement, question));
	km_json_open(json, "props", '[');
	add_prop(writing, "answer", km_states_name("answer_state", answer->state));
	add_prop(writing, "reason", answer->reason);
	km_json_close(json, ']');
	km_json_open(json, "target", '{');
	km_json_text(json, "type", "objective-id");
	km_json_text(json, "target-id", requirement->requirement);
	km_json_open(json, "status", '{');
	km_json_text(json, "state", answer->state == KM_ANSWER_MET ? "satisfied" : "not-satisfied");
	km_json_text(json, "reason",
	    answer->state == KM_ANSWER_MET       ? "pass"
	    : answer->state == KM_ANSWER_NOT_MET ? "fail"
						 : "other");
	km_json_text(json, "remarks", KM_REPORT_TEXT(report, answer, reason));
	km_json_close(json, '}');
	km_json_close(json, '}');
	add_related(writing, requirement->requirement);
	km_json_close(json, '}');
}

static bool is_reviewed(
    const struct km_report *report, size_t place, const struct km_message_answer **ret_answer)
{
	const struct km_message_requirement *requirement = km_report_requirement(report, place);

	*ret_answer = km_report_whole(report, requirement->requirement);
	return requirement->is_audit_point == 0 && *ret_answer != NULL &&
	       (*ret_answer)->state != KM_ANSWER_NOT_APPLICABLE;
}

/* Those that apply; an empty list would be none of the schema's. */
static void add_reviewed(struct writing *writing)
{
	const struct km_report *report = writing->report;
	struct km_json *json = &writing->json;
	const struct km_message_answer *answer = NULL;
	size_t count = 0;

	for (size_t i = 0; i < report->requirements.count; i++) {
		count += is_reviewed(report, i, &answer) ? 1 : 0;
	}
	km_json_open(json, "reviewed-controls", '{');
	km_json_open(json, "control-selections", '[');
	km_json_open(json, NULL, '{');
	if (count == 0) {
		km_json_open(json, "include-all", '{');
		km_json_close(json, '}');
	} else {
		km_json_open(json, "include-controls", '[');
		for (size_t i = 0; i < report->requirements.count; i++) {
			if (is_reviewed(report, i, &answer)) {
				km_json_open(json, NULL, '{');
				km_json_text(json, "control-id",
				    km_report_requirement(report, i)->requirement);
				km_json_close(json, '}');
			}
		}
		km_json_close(json, ']');
	}
	km_json_close(json, '}');
	km_json_close(json, ']');
	km_json_close(json, '}');
}

static void add_result(struct writing *writing, const char *made)
{
	const struct km_report *report = writing->report;
	struct km_json *json = &writing->json;
	const struct km_message_answer *answer = NULL;
	bool has_observations = report->evidence.count + report->attestations.count > 0;
	bool is_open = false;

	km_json_open(json, NULL, '{');
	km_json_uuid(json, "uuid", &report->id);
	km_json_text(json, "title", km_report_word(report, KM_WORD_TITLE));
	km_json_text(json, "description", km_report_word(report, KM_WORD_SOURCE_HELP));
	km_json_text(json, "start", made);
	add_reviewed(writing);
	if (has_observations) {
		km_json_open(json, "observations", '[');
		for (size_t i = 0; i < report->evidence.count; i++) {
			if (km_report_is_shown(report, km_report_evidence(report, i))) {
				add_observation(writing, km_report_evidence(report, i));
			}
		}
		for (size_t i = 0; i < report->attestations.count; i++) {
			add_statement(writing, km_report_attestation(report, i));
		}
		km_json_close(json, ']');
	}
	for (size_t i = 0; i < report->requirements.count; i++) {
		if (is_reviewed(report, i, &answer)) {
			if (!is_open) {
				km_json_open(json, "findings", '[');
				is_open = true;
			}
			add_finding(writing, km_report_requirement(report, i), answer);
		}
	}
	if (is_open) {
		km_json_close(json, ']');
	}
	km_json_close(json, '}');
}

static void add_metadata(struct writing *writing, const char *made)
{
	struct km_json *json = &writing->json;

	km_json_open(json, "metadata", '{');
	km_json_text(json, "title", km_report_word(writing->report, KM_WORD_TITLE));
	km_json_text(json, "last-modified", made);
	km_json_text(json, "version", made);
	km_json_text(json, "oscal-version", OSCAL_VERSION);
	km_json_open(json, "props", '[');
	add_prop(writing, "made-by", "Komainu " KM_VERSION);
	km_json_close(json, ']');
	km_json_close(json, '}');
}

/* There is no plan in OSCAL's form: a resource says what the checks were made against. */
static void add_plan(struct writing *writing)
{
	struct km_json *json = &writing->json;
	struct km_uuid uuid = { 0 };
	char text[KM_UUID_TEXT_SIZE];
	char reference[KM_UUID_TEXT_SIZE + 1];
	int err = make_uuid(CATALOGUE, &uuid);

	writing->err = err < 0 ? err : writing->err;
	km_uuid_write(&uuid, text);
	(void)snprintf(reference, sizeof(reference), "#%s", text);
	km_json_open(json, "import-ap", '{');
	km_json_text(json, "href", reference);
	km_json_close(json, '}');
}

static void add_back_matter(struct writing *writing)
{
	struct km_json *json = &writing->json;

	km_json_open(json, "back-matter", '{');
	km_json_open(json, "resources", '[');
	km_json_open(json, NULL, '{');
	add_made_uuid(writing, "uuid", CATALOGUE);
	km_json_text(json, "title", CATALOGUE);
	km_json_text(json, "description", km_report_word(writing->report, KM_WORD_SOURCE_HELP));
	km_json_close(json, '}');
	km_json_close(json, ']');
	km_json_close(json, '}');
}

int km_report_write_oscal(const struct km_report *report, struct km_buf *paper)
{
	struct writing writing = { .report = report };
	struct km_json *json = &writing.json;
	char made[KM_REPORT_TIME_SIZE];
	char id[KM_UUID_TEXT_SIZE];
	char name[80];

	km_report_write_stamp(report->made_unix_us, made);
	km_uuid_write(&report->id, id);
	(void)snprintf(name, sizeof(name), "paper/%s", id);
	km_json_init(json, KM_REPORT_BYTES_MAX);
	km_json_open(json, NULL, '{');
	km_json_open(json, "assessment-results", '{');
	add_made_uuid(&writing, "uuid", name);
	add_metadata(&writing, made);
	add_plan(&writing);
	km_json_open(json, "results", '[');
	add_result(&writing, made);
	km_json_close(json, ']');
	add_back_matter(&writing);
	km_json_close(json, '}');
	km_json_close(json, '}');
	km_buf_add(paper, km_buf_view(&json->buf));
	writing.err = writing.err == 0 ? km_buf_error(&json->buf) : writing.err;
	km_json_finish(json);
	return writing.err == 0 ? km_buf_error(paper) : writing.err;
}
