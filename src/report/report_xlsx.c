/* The answers as a workbook: what to do, the checklist, by device, evidence, statements. */
#include "report/report_parts.h"
#include "report/workbook.h"

#include "base/text.h"
#include "model/requirements.h"
#include "model/states.h"

#include <stdio.h>
#include <string.h>

struct writing {
	const struct km_report *report;
	struct km_workbook book;
};

static enum km_workbook_style style_of(unsigned state)
{
	switch (state) {
	case KM_ANSWER_MET:
		return KM_STYLE_MET;
	case KM_ANSWER_NOT_MET:
		return KM_STYLE_NOT_MET;
	case KM_ANSWER_NOT_APPLICABLE:
		return KM_STYLE_NOT_APPLICABLE;
	default:
		return KM_STYLE_UNKNOWN;
	}
}

static void plain(struct writing *writing, const char *text)
{
	km_workbook_add_text(&writing->book, KM_STYLE_PLAIN, text);
}

static void state_cell(struct writing *writing, unsigned state)
{
	km_workbook_add_text(
	    &writing->book, style_of(state), km_report_state_word(writing->report, state));
}

static void begin_sheet(struct writing *writing, enum km_report_word name, const unsigned *widths)
{
	km_workbook_add_sheet(&writing->book, km_report_word(writing->report, name), widths);
}

static void heads(struct writing *writing, const enum km_report_word *words, size_t count)
{
	km_workbook_begin_row(&writing->book);
	for (size_t i = 0; i < count; i++) {
		km_workbook_add_text(
		    &writing->book, KM_STYLE_HEAD, km_report_word(writing->report, words[i]));
	}
	km_workbook_end_row(&writing->book);
	km_workbook_mark_head(&writing->book);
}

#define HEADS(writing, ...)                                                                        \
	heads(writing, (const enum km_report_word[]){ __VA_ARGS__ },                               \
	    sizeof((const enum km_report_word[]){ __VA_ARGS__ }) / sizeof(enum km_report_word))

static void line(struct writing *writing, enum km_workbook_style style, const char *text)
{
	km_workbook_begin_row(&writing->book);
	km_workbook_add_text(&writing->book, style, text);
	km_workbook_end_row(&writing->book);
}

static void add_counts(struct writing *writing, char section, const char *name, bool wants_points)
{
	const char id[2] = { section, '\0' };
	char label[256];

	(void)snprintf(label, sizeof(label), "%s%s%s", id, section == 0 ? "" : ". ", name);
	km_workbook_begin_row(&writing->book);
	plain(writing, label);
	for (unsigned state = KM_ANSWER_MET; state <= KM_ANSWER_NOT_APPLICABLE; state++) {
		km_workbook_add_number(&writing->book,
		    (int64_t)km_report_count(writing->report, state, section, wants_points));
	}
	km_workbook_end_row(&writing->book);
}

static void add_summary(struct writing *writing)
{
	static const unsigned widths[] = { 50, 16, 16, 16, 16, 0 };
	const struct km_report *report = writing->report;
	char text[256];
	char made[KM_REPORT_TIME_SIZE];

	begin_sheet(writing, KM_WORD_SUMMARY, widths);
	line(writing, KM_STYLE_TITLE, km_report_word(report, KM_WORD_TITLE));
	km_report_write_time(report->made_unix_us, made);
	(void)snprintf(text, sizeof(text), "%s: %s UTC, Komainu " KM_VERSION,
	    km_report_word(report, KM_WORD_MADE), made);
	line(writing, KM_STYLE_PLAIN, text);
	(void)snprintf(text, sizeof(text), "%s: %s", km_report_word(report, KM_WORD_PROFILE),
	    report->profile.is_set != 0 ? report->profile.parts
					: km_report_word(report, KM_WORD_PROFILE_NOT_SET));
	line(writing, KM_STYLE_PLAIN, text);
	line(writing, KM_STYLE_PLAIN, km_report_word(report, KM_WORD_SOURCE_HELP));
	line(writing, KM_STYLE_PLAIN, km_report_word(report, KM_WORD_KINDS_HELP));
	line(writing, KM_STYLE_PLAIN, km_report_word(report, KM_WORD_UTC));
	if (report->is_cut) {
		line(writing, KM_STYLE_NOT_MET, km_report_word(report, KM_WORD_CUT));
	}
	HEADS(writing, KM_WORD_SECTION, KM_WORD_MET, KM_WORD_NOT_MET, KM_WORD_UNKNOWN,
	    KM_WORD_NOT_APPLICABLE);
	for (const char *section = "abcdefghi"; *section != '\0'; section++) {
		add_counts(writing, *section,
		    km_requirements_section(*section, report->is_japanese), false);
	}
	add_counts(writing, 0, km_report_word(report, KM_WORD_ALL), false);
	add_counts(writing, 0, km_report_word(report, KM_WORD_POINTS), true);
}

static void add_requirement(
    struct writing *writing, const struct km_message_requirement *requirement)
{
	const struct km_report *report = writing->report;
	const struct km_message_answer *answer = km_report_whole(report, requirement->requirement);
	char cameras[80] = "";

	if (answer != NULL && answer->level == KM_ANSWER_OF_ALL) {
		(void)snprintf(cameras, sizeof(cameras), "%u / %u / %u / %u", answer->cameras_met,
		    answer->cameras_not_met, answer->cameras_unknown,
		    answer->cameras_not_applicable);
	}
	km_workbook_begin_row(&writing->book);
	plain(writing, requirement->requirement);
	plain(writing, KM_REPORT_TEXT(report, requirement, title));
	plain(writing, KM_REPORT_TEXT(report, requirement, question));
	state_cell(writing, answer == NULL ? KM_ANSWER_UNKNOWN : answer->state);
	plain(writing, answer == NULL ? "" : KM_REPORT_TEXT(report, answer, reason));
	plain(writing, answer == NULL ? "" : answer->kinds);
	km_workbook_add_time(&writing->book, answer == NULL ? 0 : answer->observed_unix_us);
	km_workbook_add_time(&writing->book, answer == NULL ? 0 : answer->due_unix_us);
	plain(writing, requirement->is_audit_point != 0 ? requirement->leans_on : cameras);
	km_workbook_end_row(&writing->book);
}

static void add_checklist(struct writing *writing, bool wants_points)
{
	static const unsigned widths[] = { 9, 30, 50, 14, 50, 8, 17, 17, 20, 0 };
	const struct km_report *report = writing->report;

	begin_sheet(writing, wants_points ? KM_WORD_POINTS : KM_WORD_CHECKLIST, widths);
	HEADS(writing, KM_WORD_ID, KM_WORD_REQUIREMENT, KM_WORD_QUESTION, KM_WORD_ANSWER,
	    KM_WORD_REASON, KM_WORD_KINDS, KM_WORD_OBSERVED, KM_WORD_DUE,
	    wants_points ? KM_WORD_LEANS_ON : KM_WORD_CAMERAS);
	for (size_t i = 0; i < report->requirements.count; i++) {
		if ((km_report_requirement(report, i)->is_audit_point != 0) == wants_points) {
			add_requirement(writing, km_report_requirement(report, i));
		}
	}
}

static void add_devices(struct writing *writing)
{
	static const unsigned widths[] = { 22, 9, 14, 60, 8, 17, 17, 40, 0 };
	const struct km_report *report = writing->report;

	begin_sheet(writing, KM_WORD_BY_DEVICE, widths);
	HEADS(writing, KM_WORD_DEVICE, KM_WORD_ID, KM_WORD_ANSWER, KM_WORD_REASON, KM_WORD_KINDS,
	    KM_WORD_OBSERVED, KM_WORD_DUE, KM_WORD_WAIVERS);
	for (size_t i = 0; i < report->answers.count; i++) {
		const struct km_message_answer *answer = km_report_answer(report, i);
		const struct km_message_waiver *waiver =
		    km_report_find_waiver(report, answer->waiver);

		if (answer->level == KM_ANSWER_OF_ALL) {
			continue;
		}
		km_workbook_begin_row(&writing->book);
		plain(writing, km_report_whose(report, answer->level, answer->camera_name));
		plain(writing, answer->requirement);
		state_cell(writing, answer->state);
		plain(writing, KM_REPORT_TEXT(report, answer, reason));
		plain(writing, answer->kinds);
		km_workbook_add_time(&writing->book, answer->observed_unix_us);
		km_workbook_add_time(&writing->book, answer->due_unix_us);
		plain(writing, waiver == NULL ? "" : waiver->reason);
		km_workbook_end_row(&writing->book);
	}
}

static void add_fact(struct writing *writing, const struct km_message_evidence *evidence)
{
	const struct km_report *report = writing->report;
	char value[512];
	char proof[2 * sizeof(evidence->proof) + 1] = "";

	km_report_write_value(evidence, value);
	(void)km_text_write_hex(
	    km_bytes_from(evidence->proof, evidence->proof_size), proof, sizeof(proof));
	km_workbook_begin_row(&writing->book);
	plain(writing, evidence->requirement);
	plain(writing, km_uuid_is_nil(&evidence->camera) ? km_report_word(report, KM_WORD_SYSTEM)
							 : evidence->camera_name);
	plain(writing, KM_REPORT_TEXT(report, evidence, fact));
	plain(writing, evidence->subject);
	plain(writing, evidence->is_known != 0 ? value : km_report_word(report, KM_WORD_NOT_KNOWN));
	plain(writing, km_report_source_word(report, evidence->source));
	plain(writing, evidence->detail);
	km_workbook_add_time(&writing->book, evidence->observed_unix_us);
	plain(writing, proof);
	km_workbook_end_row(&writing->book);
}

static void add_evidence(struct writing *writing)
{
	static const unsigned widths[] = { 9, 22, 40, 24, 30, 18, 50, 17, 40, 0 };

	begin_sheet(writing, KM_WORD_EVIDENCE, widths);
	HEADS(writing, KM_WORD_ID, KM_WORD_DEVICE, KM_WORD_FACT, KM_WORD_SUBJECT, KM_WORD_VALUE,
	    KM_WORD_SOURCE, KM_WORD_DETAIL, KM_WORD_OBSERVED, KM_WORD_PROOF);
	for (size_t i = 0; i < writing->report->evidence.count; i++) {
		if (km_report_is_shown(writing->report, km_report_evidence(writing->report, i))) {
			add_fact(writing, km_report_evidence(writing->report, i));
		}
	}
}

static void add_statements(struct writing *writing)
{
	static const unsigned widths[] = { 6, 9, 22, 14, 20, 40, 50, 17, 17, 17, 0 };
	const struct km_report *report = writing->report;

	begin_sheet(writing, KM_WORD_STATEMENTS, widths);
	HEADS(writing, KM_WORD_NUMBER, KM_WORD_ID, KM_WORD_DEVICE, KM_WORD_ANSWER, KM_WORD_BY,
	    KM_WORD_DOCUMENT, KM_WORD_NOTE, KM_WORD_STATED_ON, KM_WORD_UNTIL, KM_WORD_WITHDRAWN);
	for (size_t i = 0; i < report->attestations.count; i++) {
		const struct km_message_attestation *stated = km_report_attestation(report, i);

		km_workbook_begin_row(&writing->book);
		km_workbook_add_number(&writing->book, stated->number);
		plain(writing, stated->requirement);
		plain(writing, stated->camera_name);
		state_cell(writing, stated->state);
		plain(writing, stated->by);
		plain(writing, stated->document);
		plain(writing, stated->note);
		km_workbook_add_time(&writing->book, stated->made_unix_us);
		km_workbook_add_time(&writing->book, stated->until_unix_us);
		km_workbook_add_time(&writing->book, stated->withdrawn_unix_us);
		km_workbook_end_row(&writing->book);
	}
}

static void add_waivers(struct writing *writing)
{
	static const unsigned widths[] = { 6, 9, 22, 20, 60, 17, 17, 17, 0 };
	const struct km_report *report = writing->report;

	begin_sheet(writing, KM_WORD_WAIVERS, widths);
	HEADS(writing, KM_WORD_NUMBER, KM_WORD_ID, KM_WORD_DEVICE, KM_WORD_BY, KM_WORD_REASON,
	    KM_WORD_STATED_ON, KM_WORD_UNTIL, KM_WORD_WITHDRAWN);
	for (size_t i = 0; i < report->waivers.count; i++) {
		const struct km_message_waiver *waiver = km_report_waiver(report, i);

		km_workbook_begin_row(&writing->book);
		km_workbook_add_number(&writing->book, waiver->number);
		plain(writing, waiver->requirement);
		plain(writing, waiver->camera_name);
		plain(writing, waiver->by);
		plain(writing, waiver->reason);
		km_workbook_add_time(&writing->book, waiver->made_unix_us);
		km_workbook_add_time(&writing->book, waiver->until_unix_us);
		km_workbook_add_time(&writing->book, waiver->withdrawn_unix_us);
		km_workbook_end_row(&writing->book);
	}
}

int km_report_write_xlsx(const struct km_report *report, struct km_buf *paper)
{
	struct writing writing = { .report = report };
	int err = 0;

	km_workbook_init(&writing.book, KM_REPORT_BYTES_MAX);
	add_summary(&writing);
	add_checklist(&writing, false);
	add_checklist(&writing, true);
	add_devices(&writing);
	add_evidence(&writing);
	add_statements(&writing);
	add_waivers(&writing);
	err = km_workbook_write(&writing.book, paper);
	km_workbook_finish(&writing.book);
	return err;
}
