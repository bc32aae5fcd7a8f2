#include "report/report_parts.h"

#include "base/time.h"
#include "model/facts.h"
#include "model/states.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *en;
	const char *ja;
} words[] = {
#define KM_WORD(NAME, en, ja) { en, ja },
#include "report/words.tbl"
#undef KM_WORD
};

const char *km_report_word(const struct km_report *report, enum km_report_word word)
{
	return report->is_japanese ? words[word].ja : words[word].en;
}

const char *km_report_state_word(const struct km_report *report, unsigned state)
{
	switch (state) {
	case KM_ANSWER_MET:
		return km_report_word(report, KM_WORD_MET);
	case KM_ANSWER_NOT_MET:
		return km_report_word(report, KM_WORD_NOT_MET);
	case KM_ANSWER_NOT_APPLICABLE:
		return km_report_word(report, KM_WORD_NOT_APPLICABLE);
	default:
		return km_report_word(report, KM_WORD_UNKNOWN);
	}
}

const char *km_report_source_word(const struct km_report *report, unsigned source)
{
	static const enum km_report_word of_sources[] = {
		[KM_FROM_ONVIF] = KM_WORD_FROM_ONVIF,
		[KM_FROM_PROBE] = KM_WORD_FROM_PROBE,
		[KM_FROM_RECORDER] = KM_WORD_FROM_RECORDER,
		[KM_FROM_PERSON] = KM_WORD_FROM_PERSON,
		[KM_FROM_IMPORT] = KM_WORD_FROM_IMPORT,
	};

	return source >= KM_FROM_ONVIF && source < KM_COUNT(of_sources)
		   ? km_report_word(report, of_sources[source])
		   : "";
}

#define ITEM(name, list)                                                                           \
	const struct km_message_##name *km_report_##name(                                          \
	    const struct km_report *report, size_t place)                                          \
	{                                                                                          \
		const struct km_message_##name *items = report->list.items;                        \
                                                                                                   \
		return &items[place];                                                              \
	}

ITEM(requirement, requirements)
ITEM(answer, answers)
ITEM(evidence, evidence)
ITEM(attestation, attestations)
ITEM(waiver, waivers)
ITEM(disagreement, disagreements)

bool km_report_is_shown(const struct km_report *report, const struct km_message_evidence *evidence)
{
	const struct km_requirement *requirement =
	    km_requirements_find(km_bytes_text(evidence->requirement));

	return evidence->level != KM_ANSWER_OF_ALL || requirement == NULL ||
	       !report->has_parts[requirement->name];
}

bool km_report_has(const struct km_report *report, const char *requirement)
{
	for (size_t i = 0; i < report->requirements.count; i++) {
		if (strcmp(km_report_requirement(report, i)->requirement, requirement) == 0) {
			return true;
		}
	}
	return false;
}

const struct km_message_answer *km_report_whole(
    const struct km_report *report, const char *requirement)
{
	unsigned level = report->is_of_camera ? KM_ANSWER_OF_CAMERA : KM_ANSWER_OF_ALL;

	for (size_t i = 0; i < report->answers.count; i++) {
		const struct km_message_answer *answer = km_report_answer(report, i);

		if (answer->level == level && strcmp(answer->requirement, requirement) == 0) {
			return answer;
		}
	}
	return NULL;
}

const struct km_message_attestation *km_report_find_attestation(
    const struct km_report *report, int64_t number)
{
	for (size_t i = 0; number != 0 && i < report->attestations.count; i++) {
		if (km_report_attestation(report, i)->number == number) {
			return km_report_attestation(report, i);
		}
	}
	return NULL;
}

const struct km_message_waiver *km_report_find_waiver(
    const struct km_report *report, int64_t number)
{
	for (size_t i = 0; number != 0 && i < report->waivers.count; i++) {
		if (km_report_waiver(report, i)->number == number) {
			return km_report_waiver(report, i);
		}
	}
	return NULL;
}

size_t km_report_count(
    const struct km_report *report, unsigned state, char section, bool wants_points)
{
	size_t count = 0;

	for (size_t i = 0; i < report->requirements.count; i++) {
		const struct km_message_requirement *requirement = km_report_requirement(report, i);
		const struct km_message_answer *answer = NULL;

		if ((requirement->is_audit_point != 0) != wants_points ||
		    (section != 0 && requirement->section[0] != section)) {
			continue;
		}
		answer = km_report_whole(report, requirement->requirement);
		count += (answer == NULL ? KM_ANSWER_UNKNOWN : answer->state) == state ? 1 : 0;
	}
	return count;
}

const char *km_report_whose(const struct km_report *report, unsigned level, const char *camera)
{
	return level == KM_ANSWER_OF_CAMERA   ? camera
	       : level == KM_ANSWER_OF_SYSTEM ? km_report_word(report, KM_WORD_SYSTEM)
					      : km_report_word(report, KM_WORD_WHOLE);
}

bool km_report_is_finding(const struct km_report *report, const struct km_message_answer *answer)
{
	if (answer->state != KM_ANSWER_NOT_MET) {
		return false;
	}
	if (answer->level != KM_ANSWER_OF_ALL) {
		return true;
	}
	for (size_t i = 0; i < report->answers.count; i++) {
		const struct km_message_answer *part = km_report_answer(report, i);

		if (part->level != KM_ANSWER_OF_ALL && part->state == KM_ANSWER_NOT_MET &&
		    strcmp(part->requirement, answer->requirement) == 0) {
			return false;
		}
	}
	return true;
}

void km_report_write_stamp(int64_t unix_us, char ret_text[static KM_REPORT_TIME_SIZE])
{
	char text[KM_TIME_TEXT_SIZE];

	ret_text[0] = '\0';
	if (unix_us > 0) {
		km_time_write(unix_us, text);
		(void)snprintf(ret_text, KM_REPORT_TIME_SIZE, "%.19sZ", text);
	}
}

void km_report_write_time(int64_t unix_us, char ret_text[static KM_REPORT_TIME_SIZE])
{
	km_report_write_stamp(unix_us, ret_text);
	if (ret_text[0] != '\0') {
		ret_text[10] = ' ';
		ret_text[16] = '\0';
	}
}

/* Its shape is known by its name; one that is unknown here is shown as it came. */
static bool is_time(const char *name)
{
	static const struct {
		const char *name;
		enum km_fact_shape shape;
	} shapes[] = {
#define KM_FACT(number, NAME, name, shape, from, text) { #name, KM_FACT_SHAPE_##shape },
#include "model/facts.tbl"
#undef KM_FACT
	};

	for (size_t i = 0; i < KM_COUNT(shapes); i++) {
		if (strcmp(shapes[i].name, name) == 0) {
			return shapes[i].shape == KM_FACT_SHAPE_TIME;
		}
	}
	return false;
}

void km_report_write_value(const struct km_message_evidence *evidence, char ret_text[static 512])
{
	uint64_t unix_us = 0;

	(void)snprintf(ret_text, 512, "%s", evidence->value);
	if (is_time(evidence->fact) &&
	    km_bytes_parse_u64(km_bytes_text(evidence->value), INT64_MAX, &unix_us) == 0) {
		km_report_write_time((int64_t)unix_us, ret_text);
	}
}
