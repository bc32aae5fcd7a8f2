/* What a procurement specification asks for: the requirements that a profile makes apply, for the
 * buyer. Needs no recorder. */
#include "base/buf.h"
#include "cmd/paper.h"
#include "cmd/verbs.h"
#include "model/requirements.h"
#include "report/spec_sheet.h"

#include <string.h>

#define SPEC_MAX ((size_t)256 * 1024)

static void add_head(struct km_buf *buf, uint32_t profile, bool is_japanese)
{
	const struct km_profile_row *row = NULL;

	km_buf_add_text(buf,
	    is_japanese ? "# ネットワークカメラシステム セキュリティ要件\n\n"
			  "番号は、IPA「ネットワークカメラシステムにおける情報セキュリティ対策"
			  "要件チェックリスト」第2版（2018年）のものです。要件の文言は本ソフト"
			  "ウェアによる要約です。\n\n## 前提とする利用形態\n\n"
			: "# Security requirements of the network camera system\n\n"
			  "Numbers are those of IPA's checklist of security requirements for "
			  "network camera systems, 2nd edition (2018). The words are a summary "
			  "by this program.\n\n## Deployment\n\n");
	for (size_t i = 0; (row = km_requirements_profile(i)) != NULL; i++) {
		bool is_in = (profile & 1U << row->part) != 0;

		km_buf_add_format(buf, "- [%c] %c: %s\n", is_in ? 'x' : ' ', row->section,
		    is_japanese ? row->text_ja : row->text_en);
	}
}

/* Numbers that go to a device of its own: x1y cameras and encoders, x2y recorders, x3y encoders. */
static const char *addressee(const struct km_requirement *requirement, bool is_japanese)
{
	static const char *const words[][2] = {
		{ "system", "システム" },
		{ "camera, encoder", "カメラ/エンコーダー" },
		{ "recorder", "レコーダー" },
		{ "encoder", "エンコーダー" },
	};
	size_t which = (size_t)(requirement->id[1] - '0');
	bool is_operation = requirement->section >= 'g';

	return words[is_operation || which > 3 ? 0 : which][is_japanese ? 1 : 0];
}

static void add_section(struct km_buf *buf, char section, uint32_t profile, bool is_japanese)
{
	bool has_head = false;

	for (unsigned i = 0; i < KM_REQUIREMENTS; i++) {
		const struct km_requirement *requirement = km_requirements_get(i);

		if (requirement->section != section ||
		    !km_requirements_applies(requirement, profile)) {
			continue;
		}
		if (!has_head) {
			km_buf_add_format(buf, "\n## %c. %s\n\n%s\n|---|---|---|---|\n", section,
			    km_requirements_section(section, is_japanese),
			    is_japanese ? "| 番号 | 対象 | 要件 | 確認すること |"
					: "| no. | for | requirement | to be shown |");
			has_head = true;
		}
		km_buf_add_format(buf, "| %s | %s | %s | %s |\n", requirement->id,
		    addressee(requirement, is_japanese),
		    is_japanese ? requirement->title_ja : requirement->title_en,
		    is_japanese ? requirement->question_ja : requirement->question_en);
	}
}

static void add_points(struct km_buf *buf, uint32_t profile, bool is_japanese)
{
	km_buf_add_text(buf, is_japanese ? "\n## 監査で確認すること\n\n" : "\n## Audit points\n\n");
	for (unsigned i = KM_REQUIREMENTS; i < KM_REQUIREMENTS_ALL; i++) {
		const struct km_requirement *point = km_requirements_get(i);

		if (km_requirements_applies(point, profile)) {
			km_buf_add_format(
			    buf, "- %s\n", is_japanese ? point->question_ja : point->question_en);
		}
	}
}

static void write_markdown(struct km_buf *buf, uint32_t profile, bool is_japanese)
{
	add_head(buf, profile, is_japanese);
	for (const char *section = "abcdefghi"; *section != '\0'; section++) {
		add_section(buf, *section, profile, is_japanese);
	}
	add_points(buf, profile, is_japanese);
}

static enum km_exit run_spec(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	const char *words = km_arguments_get(arguments, "--profile");
	const char *format = km_arguments_get(arguments, "--format");
	bool is_workbook = format != NULL && strcmp(format, "xlsx") == 0;
	bool is_japanese = false;
	uint32_t profile = 0;
	struct km_buf buf;
	enum km_exit result = km_paper_take_language(arguments, &is_japanese);
	int err = 0;

	(void)context;
	if (result != KM_EXIT_DONE) {
		return result;
	}
	if (format != NULL && !is_workbook && strcmp(format, "md") != 0) {
		(void)km_verb_fail("--format %s: md or xlsx is right", format);
		return KM_EXIT_USAGE;
	}
	if (km_requirements_parse_profile(km_bytes_text(words == NULL ? "" : words), &profile) <
	    0) {
		(void)km_verb_fail("--profile %s: names with commas are right, of "
				   "serves_other_network, within_reach, sturdy_cameras, "
				   "line_may_be_tapped, video_encrypted, wireless, availability; "
				   "or none",
		    words);
		return KM_EXIT_USAGE;
	}
	km_buf_init(&buf, SPEC_MAX);
	if (is_workbook) {
		err = km_spec_sheet_write(profile, is_japanese, &buf);
	} else {
		write_markdown(&buf, profile, is_japanese);
		err = km_buf_error(&buf);
	}
	result = err < 0 ? km_verb_fail("the specification did not fit into memory")
			 : km_paper_put(km_arguments_get(arguments, "-o"), km_buf_view(&buf));
	km_buf_finish(&buf);
	return result;
}

static const struct km_argument spec_arguments[] = {
	{ "--profile", "PARTS", "which parts apply, with commas; none if it is not given" },
	{ "--format", "FORMAT", "md or xlsx; md if it is not given" },
	{ "--language", "LANGUAGE", "ja or en; en if it is not given" },
	{ "-o", "FILE", "write there instead of to standard output" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_spec = {
	.name = "spec",
	.usage = "[--profile PARTS] [--format FORMAT] [--language LANGUAGE] [-o FILE]",
	.text = "requirements for a procurement specification, as Markdown or a workbook",
	.arguments = spec_arguments,
	.run = run_spec,
};
