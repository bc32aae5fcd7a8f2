/* The answers as they are, for programs. */
#include "report/report_parts.h"

#include "base/json.h"
#include "base/text.h"
#include "model/states.h"

#include <string.h>

static void add_time(struct km_json *json, const char *key, int64_t unix_us)
{
	char text[KM_REPORT_TIME_SIZE];

	km_report_write_stamp(unix_us, text);
	if (text[0] == '\0') {
		km_json_null(json, key);
	} else {
		km_json_text(json, key, text);
	}
}

static void add_camera(struct km_json *json, const struct km_uuid *camera, const char *name)
{
	if (!km_uuid_is_nil(camera)) {
		km_json_uuid(json, "camera", camera);
		km_json_text(json, "camera_name", name);
	}
}

static void add_answer(struct km_json *json, const char *key, const struct km_report *report,
    const struct km_message_answer *answer)
{
	km_json_open(json, key, '{');
	km_json_text(json, "level", km_states_name("answer_level", answer->level));
	add_camera(json, &answer->camera, answer->camera_name);
	km_json_text(json, "state", km_states_name("answer_state", answer->state));
	km_json_text(json, "kinds", answer->kinds);
	km_json_text(json, "reason", answer->reason);
	km_json_text(json, "reason_text", KM_REPORT_TEXT(report, answer, reason));
	km_json_text(json, "subject", answer->subject);
	add_time(json, "observed", answer->observed_unix_us);
	add_time(json, "due", answer->due_unix_us);
	km_json_i64(json, "attestation", answer->attestation);
	km_json_i64(json, "waiver", answer->waiver);
	km_json_bool(json, "disputed", answer->is_disputed != 0);
	if (answer->level == KM_ANSWER_OF_ALL) {
		km_json_u64(json, "cameras_met", answer->cameras_met);
		km_json_u64(json, "cameras_not_met", answer->cameras_not_met);
		km_json_u64(json, "cameras_unknown", answer->cameras_unknown);
		km_json_u64(json, "cameras_not_applicable", answer->cameras_not_applicable);
	}
	km_json_close(json, '}');
}

static void add_evidence(struct km_json *json, const struct km_message_evidence *evidence)
{
	char proof[2 * sizeof(evidence->proof) + 1] = "";

	(void)km_text_write_hex(
	    km_bytes_from(evidence->proof, evidence->proof_size), proof, sizeof(proof));
	km_json_open(json, NULL, '{');
	add_camera(json, &evidence->camera, evidence->camera_name);
	km_json_text(json, "fact", evidence->fact);
	km_json_text(json, "subject", evidence->subject);
	km_json_text(json, "source", km_states_name("fact_source", evidence->source));
	km_json_bool(json, "known", evidence->is_known != 0);
	km_json_text(json, "value", evidence->value);
	km_json_text(json, "detail", evidence->detail);
	if (proof[0] != '\0') {
		km_json_text(json, "proof_sha256", proof);
	}
	add_time(json, "observed", evidence->observed_unix_us);
	km_json_close(json, '}');
}

static void add_requirement(struct km_json *json, const struct km_report *report,
    const struct km_message_requirement *requirement)
{
	const struct km_message_answer *whole = km_report_whole(report, requirement->requirement);

	km_json_open(json, NULL, '{');
	km_json_text(json, "requirement", requirement->requirement);
	km_json_bool(json, "audit_point", requirement->is_audit_point != 0);
	km_json_text(json, "section", requirement->section);
	km_json_text(json, "title", KM_REPORT_TEXT(report, requirement, title));
	km_json_text(json, "question", KM_REPORT_TEXT(report, requirement, question));
	km_json_text(json, "answered_by", requirement->kinds);
	km_json_text(json, "sureness", requirement->sureness);
	km_json_text(json, "leans_on", requirement->leans_on);
	if (whole != NULL) {
		add_answer(json, "answer", report, whole);
	}
	km_json_open(json, "parts", '[');
	for (size_t i = 0; i < report->answers.count; i++) {
		const struct km_message_answer *answer = km_report_answer(report, i);

		if (answer->level != KM_ANSWER_OF_ALL &&
		    strcmp(answer->requirement, requirement->requirement) == 0) {
			add_answer(json, NULL, report, answer);
		}
	}
	km_json_close(json, ']');
	km_json_open(json, "evidence", '[');
	for (size_t i = 0; i < report->evidence.count; i++) {
		const struct km_message_evidence *evidence = km_report_evidence(report, i);

		if (strcmp(evidence->requirement, requirement->requirement) == 0 &&
		    km_report_is_shown(report, evidence)) {
			add_evidence(json, evidence);
		}
	}
	km_json_close(json, ']');
	km_json_close(json, '}');
}

static void add_statements(struct km_json *json, const struct km_report *report)
{
	km_json_open(json, "attestations", '[');
	for (size_t i = 0; i < report->attestations.count; i++) {
		const struct km_message_attestation *stated = km_report_attestation(report, i);

		km_json_open(json, NULL, '{');
		km_json_i64(json, "number", stated->number);
		km_json_text(json, "requirement", stated->requirement);
		add_camera(json, &stated->camera, stated->camera_name);
		km_json_text(json, "state", km_states_name("answer_state", stated->state));
		km_json_text(json, "by", stated->by);
		km_json_text(json, "document", stated->document);
		km_json_text(json, "note", stated->note);
		add_time(json, "made", stated->made_unix_us);
		add_time(json, "until", stated->until_unix_us);
		add_time(json, "withdrawn", stated->withdrawn_unix_us);
		km_json_close(json, '}');
	}
	km_json_close(json, ']');
	km_json_open(json, "waivers", '[');
	for (size_t i = 0; i < report->waivers.count; i++) {
		const struct km_message_waiver *waiver = km_report_waiver(report, i);

		km_json_open(json, NULL, '{');
		km_json_i64(json, "number", waiver->number);
		km_json_text(json, "requirement", waiver->requirement);
		add_camera(json, &waiver->camera, waiver->camera_name);
		km_json_text(json, "by", waiver->by);
		km_json_text(json, "reason", waiver->reason);
		add_time(json, "made", waiver->made_unix_us);
		add_time(json, "until", waiver->until_unix_us);
		add_time(json, "withdrawn", waiver->withdrawn_unix_us);
		km_json_close(json, '}');
	}
	km_json_close(json, ']');
}

static void add_disagreements(struct km_json *json, const struct km_report *report)
{
	km_json_open(json, "disagreements", '[');
	for (size_t i = 0; i < report->disagreements.count; i++) {
		const struct km_message_disagreement *both = km_report_disagreement(report, i);

		km_json_open(json, NULL, '{');
		km_json_text(json, "requirement", both->requirement);
		add_camera(json, &both->camera, both->camera_name);
		km_json_text(json, "reason", both->reason);
		km_json_text(json, "reason_text", KM_REPORT_TEXT(report, both, reason));
		km_json_text(json, "said", both->said_value);
		km_json_text(json, "seen", both->seen_value);
		km_json_close(json, '}');
	}
	km_json_close(json, ']');
}

int km_report_write_json(const struct km_report *report, struct km_buf *paper)
{
	struct km_json json;
	int err = 0;

	km_json_init(&json, KM_REPORT_BYTES_MAX);
	km_json_open(&json, NULL, '{');
	km_json_text(&json, "program", "Komainu " KM_VERSION);
	km_json_uuid(&json, "id", &report->id);
	add_time(&json, "made", report->made_unix_us);
	km_json_text(&json, "language", report->is_japanese ? "ja" : "en");
	if (report->section != 0) {
		km_json_text(&json, "section", (const char[]){ report->section, '\0' });
	}
	if (report->is_of_camera && report->answers.count > 0) {
		add_camera(&json, &km_report_answer(report, 0)->camera,
		    km_report_answer(report, 0)->camera_name);
	}
	km_json_text(&json, "profile", report->profile.parts);
	km_json_bool(&json, "profile_set", report->profile.is_set != 0);
	km_json_bool(&json, "cut", report->is_cut);
	km_json_open(&json, "summary", '{');
	for (unsigned state = KM_ANSWER_MET; state <= KM_ANSWER_NOT_APPLICABLE; state++) {
		km_json_u64(&json, km_states_name("answer_state", state),
		    km_report_count(report, state, 0, false));
	}
	km_json_close(&json, '}');
	km_json_open(&json, "requirements", '[');
	for (size_t i = 0; i < report->requirements.count; i++) {
		add_requirement(&json, report, km_report_requirement(report, i));
	}
	km_json_close(&json, ']');
	add_statements(&json, report);
	add_disagreements(&json, report);
	km_json_close(&json, '}');
	km_buf_add(paper, km_buf_view(&json.buf));
	err = km_buf_error(&json.buf);
	km_json_finish(&json);
	return err == 0 ? km_buf_error(paper) : err;
}
