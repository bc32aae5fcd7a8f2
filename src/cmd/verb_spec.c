/* What a procurement specification asks for: the requirements that a profile makes apply, for the
 * buyer. Needs no recorder. */
#include "base/buf.h"
#include "cmd/verbs.h"
#include "model/requirements.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

static enum km_exit write_out(const char *path, struct km_bytes text)
{
	size_t done = 0;
	int fd = STDOUT_FILENO;

	if (path != NULL) {
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		if (fd < 0) {
			return km_verb_fail("%s: %s", path, strerror(errno));
		}
	}
	while (done < text.size) {
		ssize_t size = write(fd, text.data + done, text.size - done);

		if (size < 0 && errno != EINTR) {
			int error = errno;

			if (path != NULL) {
				(void)close(fd);
			}
			return km_verb_fail(
			    "%s: %s", path == NULL ? "output" : path, strerror(error));
		}
		done += size > 0 ? (size_t)size : 0;
	}
	if (path != NULL && close(fd) < 0) {
		return km_verb_fail("%s: %s", path, strerror(errno));
	}
	return KM_EXIT_DONE;
}

static enum km_exit run_spec(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	const char *words = km_arguments_get(arguments, "--profile");
	const char *language = km_arguments_get(arguments, "--language");
	bool is_japanese = language != NULL && strcmp(language, "ja") == 0;
	uint32_t profile = 0;
	struct km_buf buf;
	enum km_exit result = KM_EXIT_USAGE;

	(void)context;
	if (language != NULL && !is_japanese && strcmp(language, "en") != 0) {
		(void)km_verb_fail("--language %s: ja or en is right", language);
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
	add_head(&buf, profile, is_japanese);
	for (const char *section = "abcdefghi"; *section != '\0'; section++) {
		add_section(&buf, *section, profile, is_japanese);
	}
	add_points(&buf, profile, is_japanese);
	result = km_buf_error(&buf) < 0
		     ? km_verb_fail("the specification did not fit into memory")
		     : write_out(km_arguments_get(arguments, "-o"), km_buf_view(&buf));
	km_buf_finish(&buf);
	return result;
}

static const struct km_argument spec_arguments[] = {
	{ "--profile", "PARTS", "which parts apply, with commas; none if it is not given" },
	{ "--language", "LANGUAGE", "ja or en; en if it is not given" },
	{ "-o", "FILE", "write there instead of to standard output" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_spec = {
	.name = "spec",
	.usage = "[--profile PARTS] [--language LANGUAGE] [-o FILE]",
	.text = "requirements for a procurement specification, as Markdown",
	.arguments = spec_arguments,
	.run = run_spec,
};
