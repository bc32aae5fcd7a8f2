/*
 * What is not met, as SARIF 2.1.0 [OASIS sarif-v2.1.0-errata01]. Only that: programs that read
 * SARIF make an alert of every result.
 */
#include "report/report_parts.h"

#include "base/json.h"
#include "model/states.h"

#include <stdio.h>
#include <string.h>

#define SCHEMA                                                                                     \
	"https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"                      \
	"sarif-schema-2.1.0.json"

static void add_message(struct km_json *json, const char *key, const char *text)
{
	km_json_open(json, key, '{');
	km_json_text(json, "text", text);
	km_json_close(json, '}');
}

static void add_rule(struct km_json *json, const struct km_report *report,
    const struct km_message_requirement *requirement)
{
	km_json_open(json, NULL, '{');
	km_json_text(json, "id", requirement->requirement);
	add_message(json, "shortDescription", KM_REPORT_TEXT(report, requirement, title));
	add_message(json, "fullDescription", KM_REPORT_TEXT(report, requirement, question));
	km_json_open(json, "defaultConfiguration", '{');
	km_json_text(json, "level", "error");
	km_json_close(json, '}');
	km_json_open(json, "properties", '{');
	km_json_open(json, "tags", '[');
	km_json_text(json, NULL, "security");
	km_json_close(json, ']');
	km_json_text(json, "section", requirement->section);
	km_json_text(json, "answeredBy", requirement->kinds);
	km_json_close(json, '}');
	km_json_close(json, '}');
}

/* Where: the device, as a name and as an address that alerts can be grouped by. */
static void add_location(struct km_json *json, const struct km_message_answer *answer)
{
	char name[128];

	if (answer->level == KM_ANSWER_OF_CAMERA) {
		(void)snprintf(name, sizeof(name), "cameras/%s", answer->camera_name);
	} else {
		(void)snprintf(name, sizeof(name), "recorder");
	}
	km_json_open(json, "locations", '[');
	km_json_open(json, NULL, '{');
	km_json_open(json, "physicalLocation", '{');
	km_json_open(json, "artifactLocation", '{');
	km_json_text(json, "uri", name);
	km_json_close(json, '}');
	km_json_close(json, '}');
	km_json_open(json, "logicalLocations", '[');
	km_json_open(json, NULL, '{');
	km_json_text(json, "fullyQualifiedName", name);
	km_json_text(json, "kind", "device");
	km_json_close(json, '}');
	km_json_close(json, ']');
	km_json_close(json, '}');
	km_json_close(json, ']');
}

/* A waiver: known, and lived with until a day. */
static void add_suppression(
    struct km_json *json, const struct km_report *report, const struct km_message_answer *answer)
{
	const struct km_message_waiver *waiver = km_report_find_waiver(report, answer->waiver);
	char until[KM_REPORT_TIME_SIZE];
	char text[700];

	if (answer->waiver == 0) {
		return;
	}
	km_report_write_stamp(waiver == NULL ? 0 : waiver->until_unix_us, until);
	(void)snprintf(text, sizeof(text), "%s (%s %s, %s)", waiver == NULL ? "" : waiver->reason,
	    km_report_word(report, KM_WORD_WAIVED), until, waiver == NULL ? "" : waiver->by);
	km_json_open(json, "suppressions", '[');
	km_json_open(json, NULL, '{');
	km_json_text(json, "kind", "external");
	km_json_text(json, "status", "accepted");
	km_json_text(json, "justification", text);
	km_json_close(json, '}');
	km_json_close(json, ']');
}

static void add_result(struct km_json *json, const struct km_report *report,
    const struct km_message_answer *answer, size_t rule)
{
	char id[KM_UUID_TEXT_SIZE];
	char print[64];
	char text[640];
	char observed[KM_REPORT_TIME_SIZE];

	km_uuid_write(&answer->camera, id);
	km_report_write_stamp(answer->observed_unix_us, observed);
	(void)snprintf(print, sizeof(print), "%s/%s", answer->requirement,
	    answer->level == KM_ANSWER_OF_CAMERA ? id : "recorder");
	(void)snprintf(text, sizeof(text), "%s: %s",
	    km_report_whose(report, answer->level, answer->camera_name),
	    KM_REPORT_TEXT(report, answer, reason));
	km_json_open(json, NULL, '{');
	km_json_text(json, "ruleId", answer->requirement);
	km_json_u64(json, "ruleIndex", rule);
	km_json_text(json, "kind", "fail");
	km_json_text(json, "level", "error");
	add_message(json, "message", text);
	add_location(json, answer);
	km_json_open(json, "partialFingerprints", '{');
	km_json_text(json, "requirementOfDevice/v1", print);
	km_json_close(json, '}');
	add_suppression(json, report, answer);
	km_json_open(json, "properties", '{');
	km_json_text(json, "reason", answer->reason);
	km_json_text(json, "subject", answer->subject);
	km_json_text(json, "observed", observed);
	km_json_close(json, '}');
	km_json_close(json, '}');
}

static void add_results(struct km_json *json, const struct km_report *report)
{
	km_json_open(json, "results", '[');
	for (size_t rule = 0; rule < report->requirements.count; rule++) {
		const char *id = km_report_requirement(report, rule)->requirement;

		/* An audit point that fails only says again what its requirements say. */
		if (km_report_requirement(report, rule)->leans_on[0] != '\0') {
			continue;
		}
		for (size_t i = 0; i < report->answers.count; i++) {
			const struct km_message_answer *answer = km_report_answer(report, i);

			if (strcmp(answer->requirement, id) == 0 &&
			    km_report_is_finding(report, answer)) {
				add_result(json, report, answer, rule);
			}
		}
	}
	km_json_close(json, ']');
}

static void add_run(struct km_json *json, const struct km_report *report)
{
	char made[KM_REPORT_TIME_SIZE];
	char id[KM_UUID_TEXT_SIZE];

	km_report_write_stamp(report->made_unix_us, made);
	km_uuid_write(&report->id, id);
	km_json_open(json, "tool", '{');
	km_json_open(json, "driver", '{');
	km_json_text(json, "name", "Komainu");
	km_json_text(json, "version", KM_VERSION);
	km_json_text(json, "semanticVersion", KM_VERSION);
	km_json_text(json, "language", report->is_japanese ? "ja" : "en");
	km_json_open(json, "rules", '[');
	for (size_t i = 0; i < report->requirements.count; i++) {
		add_rule(json, report, km_report_requirement(report, i));
	}
	km_json_close(json, ']');
	km_json_close(json, '}');
	km_json_close(json, '}');
	km_json_open(json, "automationDetails", '{');
	km_json_text(json, "id", "komainu/checklist/");
	km_json_text(json, "guid", id);
	km_json_close(json, '}');
	km_json_open(json, "invocations", '[');
	km_json_open(json, NULL, '{');
	km_json_bool(json, "executionSuccessful", true);
	km_json_text(json, "endTimeUtc", made);
	km_json_close(json, '}');
	km_json_close(json, ']');
	km_json_text(json, "language", report->is_japanese ? "ja" : "en");
	add_results(json, report);
}

int km_report_write_sarif(const struct km_report *report, struct km_buf *paper)
{
	struct km_json json;
	int err = 0;

	km_json_init(&json, KM_REPORT_BYTES_MAX);
	km_json_open(&json, NULL, '{');
	km_json_text(&json, "$schema", SCHEMA);
	km_json_text(&json, "version", "2.1.0");
	km_json_open(&json, "runs", '[');
	km_json_open(&json, NULL, '{');
	add_run(&json, report);
	km_json_close(&json, '}');
	km_json_close(&json, ']');
	km_json_close(&json, '}');
	km_buf_add(paper, km_buf_view(&json.buf));
	err = km_buf_error(&json.buf);
	km_json_finish(&json);
	return err == 0 ? km_buf_error(paper) : err;
}
