#include "report/spec_sheet.h"

#include "model/requirements.h"
#include "report/report_parts.h"
#include "report/workbook.h"

#include <stdio.h>

#define BYTES_MAX ((size_t)4 * 1024 * 1024)

struct writing {
	struct km_report report; /* of it, the language alone */
	struct km_workbook book;
};

static const char *word(const struct writing *writing, enum km_report_word which)
{
	return km_report_word(&writing->report, which);
}

static void cell(struct writing *writing, enum km_workbook_style style, const char *text)
{
	km_workbook_add_text(&writing->book, style, text);
}

static void line(struct writing *writing, enum km_workbook_style style, const char *text)
{
	km_workbook_begin_row(&writing->book);
	cell(writing, style, text);
	km_workbook_end_row(&writing->book);
}

/* The words of those that are in the set, by the bits in the order of `words`. */
static void add_set(
    struct writing *writing, unsigned set, const enum km_report_word *words, size_t count)
{
	char text[400];
	struct km_buf buf;

	km_buf_init_fixed(&buf, text, sizeof(text) - 1);
	for (size_t i = 0; i < count; i++) {
		if ((set & 1U << i) != 0) {
			km_buf_add_text(&buf, buf.size > 0 ? ", " : "");
			km_buf_add_text(&buf, word(writing, words[i]));
		}
	}
	text[buf.size] = '\0';
	cell(writing, KM_STYLE_PLAIN, text);
}

static void add_requirement(struct writing *writing, const struct km_requirement *requirement)
{
	static const enum km_report_word per[] = { KM_WORD_PER_CAMERA, KM_WORD_PER_RECORDER,
		KM_WORD_PER_SITE };
	static const enum km_report_word kinds[] = { KM_WORD_KIND_E, KM_WORD_KIND_S, KM_WORD_KIND_P,
		KM_WORD_KIND_D, KM_WORD_KIND_A };
	bool is_japanese = writing->report.is_japanese;

	km_workbook_begin_row(&writing->book);
	cell(writing, KM_STYLE_PLAIN, requirement->id);
	cell(writing, KM_STYLE_PLAIN, is_japanese ? requirement->title_ja : requirement->title_en);
	cell(writing, KM_STYLE_PLAIN,
	    is_japanese ? requirement->question_ja : requirement->question_en);
	add_set(writing, requirement->per, per, KM_COUNT(per));
	add_set(writing, requirement->kinds, kinds, KM_COUNT(kinds));
	cell(writing, KM_STYLE_PLAIN, "");
	cell(writing, KM_STYLE_PLAIN, "");
	km_workbook_end_row(&writing->book);
}

static void add_heads(struct writing *writing)
{
	static const enum km_report_word heads[] = { KM_WORD_ID, KM_WORD_REQUIREMENT,
		KM_WORD_QUESTION, KM_WORD_SPEC_FOR, KM_WORD_SPEC_SHOWN, KM_WORD_SPEC_ANSWER,
		KM_WORD_NOTE };

	km_workbook_begin_row(&writing->book);
	for (size_t i = 0; i < KM_COUNT(heads); i++) {
		cell(writing, KM_STYLE_HEAD, word(writing, heads[i]));
	}
	km_workbook_end_row(&writing->book);
	km_workbook_mark_head(&writing->book);
}

static void add_circumstances(struct writing *writing, uint32_t profile)
{
	const struct km_profile_row *row = NULL;
	bool has_any = false;

	line(writing, KM_STYLE_HEAD, word(writing, KM_WORD_SPEC_APPLIES));
	for (size_t i = 0; (row = km_requirements_profile(i)) != NULL; i++) {
		if ((profile & 1U << row->part) != 0) {
			line(writing, KM_STYLE_PLAIN,
			    writing->report.is_japanese ? row->text_ja : row->text_en);
			has_any = true;
		}
	}
	if (!has_any) {
		line(writing, KM_STYLE_PLAIN, word(writing, KM_WORD_PROFILE_NONE));
	}
}

int km_spec_sheet_write(uint32_t profile, bool is_japanese, struct km_buf *paper)
{
	static const unsigned front_widths[] = { 110, 0 };
	static const unsigned widths[] = { 9, 30, 60, 24, 36, 20, 40, 0 };
	struct writing writing = { .report.is_japanese = is_japanese };
	int err = 0;

	km_workbook_init(&writing.book, BYTES_MAX);
	km_workbook_add_sheet(&writing.book, word(&writing, KM_WORD_SUMMARY), front_widths);
	line(&writing, KM_STYLE_TITLE, word(&writing, KM_WORD_SPEC_TITLE));
	line(&writing, KM_STYLE_PLAIN, word(&writing, KM_WORD_SPEC_INTRO));
	line(&writing, KM_STYLE_PLAIN, word(&writing, KM_WORD_SOURCE_HELP));
	add_circumstances(&writing, profile);
	km_workbook_add_sheet(&writing.book, word(&writing, KM_WORD_CHECKLIST), widths);
	add_heads(&writing);
	for (unsigned i = 0; i < KM_REQUIREMENTS; i++) {
		if (km_requirements_applies(km_requirements_get(i), profile)) {
			add_requirement(&writing, km_requirements_get(i));
		}
	}
	err = km_workbook_write(&writing.book, paper);
	km_workbook_finish(&writing.book);
	return err;
}
