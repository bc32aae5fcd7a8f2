#include "report/report_parts.h"

#include "base/error.h"
#include "model/states.h"

#include <stdlib.h>
#include <string.h>

#define RECORDS_MAX 24000 /* of a kind: 64 cameras with six facts to each requirement */

static const struct {
	const char *name;
	const char *media_type;
	const char *extension;
	int (*write)(const struct km_report *report, struct km_buf *paper);
} formats[] = {
	[KM_REPORT_HTML] = { "html", "text/html; charset=utf-8", "html", km_report_write_html },
	[KM_REPORT_XLSX] = { "xlsx",
	    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx",
	    km_report_write_xlsx },
	[KM_REPORT_JSON] = { "json", "application/json", "json", km_report_write_json },
	[KM_REPORT_SARIF] = { "sarif", "application/sarif+json", "sarif", km_report_write_sarif },
	[KM_REPORT_OSCAL] = { "oscal", "application/json", "oscal.json", km_report_write_oscal },
};

void km_report_finish(struct km_report *report)
{
	free(report->requirements.items);
	free(report->answers.items);
	free(report->evidence.items);
	free(report->attestations.items);
	free(report->waivers.items);
	free(report->disagreements.items);
	memset(report, 0, sizeof(*report));
}

static int keep(
    struct km_report *report, struct km_report_list *list, const void *record, size_t size)
{
	if (list->count == RECORDS_MAX) {
		report->is_cut = true;
		return 0;
	}
	if (list->count == list->capacity) {
		size_t capacity = list->capacity == 0 ? 64 : 2 * list->capacity;
		void *items = realloc(list->items, capacity * size);

		if (items == NULL) {
			return KM_ERR_MEMORY;
		}
		list->items = items;
		list->capacity = capacity;
	}
	memcpy((char *)list->items + list->count * size, record, size);
	list->count++;
	return 0;
}

static void note_parts(struct km_report *report, const struct km_message_evidence *evidence)
{
	const struct km_requirement *requirement =
	    km_requirements_find(km_bytes_text(evidence->requirement));

	if (requirement != NULL && evidence->level != KM_ANSWER_OF_ALL) {
		report->has_parts[requirement->name] = true;
	}
}

/* They come after the answers, all of them: those about the rest and about others are left out. */
static bool is_about(
    const struct km_report *report, const char *requirement, const struct km_uuid *camera)
{
	if (!report->is_of_camera && report->section == 0) {
		return true;
	}
	return km_report_has(report, requirement) &&
	       (!report->is_of_camera || km_uuid_is_nil(camera) ||
		   km_uuid_is_equal(camera, &km_report_answer(report, 0)->camera));
}

static int keep_attestation(
    struct km_report *report, const struct km_message_attestation *attestation)
{
	return is_about(report, attestation->requirement, &attestation->camera)
		   ? keep(report, &report->attestations, attestation, sizeof(*attestation))
		   : 0;
}

static int keep_waiver(struct km_report *report, const struct km_message_waiver *waiver)
{
	return is_about(report, waiver->requirement, &waiver->camera)
		   ? keep(report, &report->waivers, waiver, sizeof(*waiver))
		   : 0;
}

int km_report_add(struct km_report *report, enum km_message_kind kind, const void *record)
{
	switch (kind) {
	case KM_MESSAGE_requirement:
		return keep(
		    report, &report->requirements, record, sizeof(struct km_message_requirement));
	case KM_MESSAGE_answer:
		return keep(report, &report->answers, record, sizeof(struct km_message_answer));
	case KM_MESSAGE_evidence:
		note_parts(report, record);
		return keep(report, &report->evidence, record, sizeof(struct km_message_evidence));
	case KM_MESSAGE_attestation:
		return keep_attestation(report, record);
	case KM_MESSAGE_waiver:
		return keep_waiver(report, record);
	case KM_MESSAGE_disagreement:
		return keep(
		    report, &report->disagreements, record, sizeof(struct km_message_disagreement));
	case KM_MESSAGE_profile:
		memcpy(&report->profile, record, sizeof(report->profile));
		return 0;
	default:
		return 0;
	}
}

int km_report_find_format(struct km_bytes name, enum km_report_format *ret_format)
{
	for (size_t i = 0; i < KM_COUNT(formats); i++) {
		if (km_bytes_is_equal(name, km_bytes_text(formats[i].name))) {
			*ret_format = (enum km_report_format)i;
			return 0;
		}
	}
	return KM_ERR_NOT_FOUND;
}

const char *km_report_media_type(enum km_report_format format)
{
	return formats[format].media_type;
}

const char *km_report_extension(enum km_report_format format)
{
	return formats[format].extension;
}

int km_report_write(
    const struct km_report *report, enum km_report_format format, struct km_buf *paper)
{
	return formats[format].write(report, paper);
}
