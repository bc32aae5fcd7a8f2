#include "cmd/asking.h"
#include "cmd/paper.h"
#include "cmd/verbs.h"
#include "crypto/random.h"
#include "io/clock.h"
#include "report/report.h"

#include <string.h>

struct collecting {
	struct km_report report;
	int err;
};

static void on_record(void *context, enum km_message_kind kind, const void *record)
{
	struct collecting *collecting = context;

	if (collecting->err == 0) {
		collecting->err = km_report_add(&collecting->report, kind, record);
	}
}

static enum km_exit write_report(
    const struct km_report *report, enum km_report_format format, const char *path)
{
	struct km_buf paper;
	enum km_exit result = KM_EXIT_DONE;
	int err = 0;

	km_buf_init(&paper, KM_REPORT_BYTES_MAX);
	err = km_report_write(report, format, &paper);
	result = err < 0 ? km_verb_fail("the report cannot be written: %s", km_error_text(err))
			 : km_paper_put(path, km_buf_view(&paper));
	km_buf_finish(&paper);
	return result;
}

/* Of one camera, or of one section: what a site is too large for comes in parts. */
static enum km_exit take_part(const struct km_verb_context *context,
    const struct km_arguments *arguments, struct km_message_checklist_list *list,
    struct km_report *report)
{
	const char *camera = km_arguments_get(arguments, "--camera");
	const char *section = km_arguments_get(arguments, "--section");

	if (section != NULL && (section[0] < 'a' || section[0] > 'i' || section[1] != '\0')) {
		(void)km_verb_fail("--section %s: a to i is right", section);
		return KM_EXIT_USAGE;
	}
	report->is_of_camera = camera != NULL;
	if (section != NULL) {
		report->section = section[0];
		list->section[0] = section[0];
	}
	return camera == NULL ? KM_EXIT_DONE
			      : km_asking_find_camera(context, camera, &list->camera);
}

static enum km_exit run_report(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_message_checklist_list list = { .has_evidence = 1, .has_parts = 1 };
	struct collecting collecting = { .report.made_unix_us = km_clock_unix_us() };
	const char *name = km_arguments_get(arguments, "--format");
	enum km_report_format format = KM_REPORT_HTML;
	enum km_exit result = km_paper_take_language(arguments, &collecting.report.is_japanese);

	if (result == KM_EXIT_DONE) {
		result = take_part(context, arguments, &list, &collecting.report);
	}
	if (result != KM_EXIT_DONE) {
		return result;
	}
	if (name != NULL && km_report_find_format(km_bytes_text(name), &format) < 0) {
		(void)km_verb_fail("--format %s: html, xlsx, json, sarif or oscal is right", name);
		return KM_EXIT_USAGE;
	}
	if (km_random_uuid(&collecting.report.id) < 0) {
		return km_verb_fail("%s", km_error_text(KM_ERR_CRYPTO));
	}
	result =
	    km_asking_each(context, KM_MESSAGE_checklist_list, &list, on_record, &collecting, NULL);
	if (result == KM_EXIT_DONE && collecting.err < 0) {
		result = km_verb_fail("%s", km_error_text(collecting.err));
	}
	if (result == KM_EXIT_DONE) {
		result =
		    write_report(&collecting.report, format, km_arguments_get(arguments, "-o"));
	}
	km_report_finish(&collecting.report);
	return result;
}

static const struct km_argument report_arguments[] = {
	{ "--format", "FORMAT", "html, xlsx, json, sarif or oscal; html if it is not given" },
	{ "--language", "LANGUAGE", "ja or en; en if it is not given" },
	{ "--camera", "NAME", "the answers of this camera alone" },
	{ "--section", "LETTER", "this section of the checklist alone: a to i" },
	{ "-o", "FILE", "write there instead of to standard output" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_checklist_report = {
	.name = "checklist report",
	.usage = "[--format FORMAT] [--language LANGUAGE] [--camera NAME] [--section LETTER] "
		 "[-o FILE]",
	.text = "the checklist with its evidence, to be printed, kept and handed on",
	.arguments = report_arguments,
	.run = run_report,
};
