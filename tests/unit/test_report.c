/* sources: base/error.c base/bytes.c base/buf.c base/json.c base/text.c base/time.c base/uuid.c crypto/digest.c model/requirements.c model/states.c report/markup.c report/report.c report/report_html.c report/report_json.c report/report_oscal.c report/report_parts.c report/report_sarif.c report/report_xlsx.c report/spec_sheet.c report/workbook.c report/zip_file.c */
/* libraries: crypto jansson */
#include "model/states.h"
#include "report/markup.h"
#include "report/report.h"
#include "report/spec_sheet.h"
#include "report/workbook.h"
#include "report/zip_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#define HOSTILE "=1+1<script>alert('x')</script>&\"\x01"

static bool has(const struct km_buf *buf, const char *text)
{
	return km_bytes_find_seq(km_buf_view(buf), km_bytes_text(text)) < buf->size;
}

static void test_markup(void **state)
{
	struct km_buf out;

	(void)state;
	km_buf_init(&out, 1000);
	km_markup_add(&out, KM_BYTES("<a href='x'>&\"\n\t\x01\xff\xef\xbf\xbe狛"));
	km_buf_add_u8(&out, 0);
	assert_string_equal((const char *)out.data,
	    "&lt;a "
	    "href=&#39;x&#39;&gt;&amp;&quot;"
	    "\n\t\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd狛");
	km_buf_finish(&out);
}

static void test_zip(void **state)
{
	struct km_zip_file zip;
	struct km_buf out;
	int err = 0;

	(void)state;
	assert_int_equal(km_zip_file_crc(KM_BYTES("123456789")), 0xcbf43926);
	km_buf_init(&out, 4096);
	km_zip_file_init(&zip, &out);
	assert_int_equal(km_zip_file_add(&zip, "a", KM_BYTES("bc")), 0);
	assert_int_equal(km_zip_file_end(&zip), 0);
	/* Two headers, the member, and the end of the directory. */
	assert_int_equal(out.size, 30 + 1 + 2 + 46 + 1 + 22);
	while (err == 0) {
		err = km_zip_file_add(&zip, "a", KM_BYTES(""));
	}
	assert_int_equal(err, KM_ERR_LIMIT);
	km_buf_finish(&out);
}

static void test_cells(void **state)
{
	static const unsigned widths[] = { 10, 20, 0 };
	struct km_workbook book;
	struct km_buf file;

	(void)state;
	km_buf_init(&file, 65536);
	km_workbook_init(&book, 65536);
	km_workbook_add_sheet(&book, "a<b", widths);
	km_workbook_begin_row(&book);
	km_workbook_add_text(&book, KM_STYLE_HEAD, HOSTILE);
	km_workbook_add_time(&book, INT64_C(1763856000000000));
	km_workbook_end_row(&book);
	km_workbook_mark_head(&book);
	km_workbook_begin_row(&book);
	km_workbook_add_number(&book, -5);
	km_workbook_add_time(&book, 0);
	km_workbook_end_row(&book);
	assert_int_equal(km_workbook_write(&book, &file), 0);
	assert_true(has(&file, "t=\"inlineStr\"><is><t xml:space=\"preserve\">=1+1&lt;script"));
	assert_true(has(&file, "<v>45984.000000</v>"));
	assert_true(has(&file, "<sheet name=\"a&lt;b\""));
	assert_true(has(&file, "autoFilter ref=\"A1:B2\""));
	assert_false(has(&file, "<f>"));
	km_workbook_finish(&book);
	km_buf_finish(&file);
	/* What does not fit is an error, and no half of a file. */
	km_buf_init(&file, 512);
	km_workbook_init(&book, 512);
	km_workbook_add_sheet(&book, "a", widths);
	assert_int_equal(km_workbook_write(&book, &file), KM_ERR_LIMIT);
	km_workbook_finish(&book);
	km_buf_finish(&file);
}

/* --- papers --- */

#define PUT(to, text) (void)snprintf(to, sizeof(to), "%s", text)

static void fill(struct km_report *report)
{
	static const unsigned states[] = { KM_ANSWER_NOT_MET, KM_ANSWER_MET, KM_ANSWER_UNKNOWN,
		KM_ANSWER_NOT_APPLICABLE };
	static const char *const ids[] = { "a01-1", "a02-1", "a03-1", "b01-1" };
	struct km_message_requirement requirement = { .section = "a" };
	struct km_message_answer answer = { .observed_unix_us = INT64_C(1763856000000000) };
	struct km_message_evidence evidence = { .requirement = "a01-1",
		.level = KM_ANSWER_OF_CAMERA,
		.camera.bytes = { 1 },
		.is_known = 1,
		.source = KM_FROM_PROBE,
		.fact = "boot_time",
		.value = "1763856000000000" };
	struct km_message_attestation stated = { .number = 7, .requirement = "a02-1" };
	struct km_message_waiver waiver = { .number = 9, .requirement = "a01-1" };

	for (size_t i = 0; i < KM_COUNT(ids); i++) {
		PUT(requirement.requirement, ids[i]);
		PUT(requirement.title_en, HOSTILE);
		assert_int_equal(km_report_add(report, KM_MESSAGE_requirement, &requirement), 0);
		PUT(answer.requirement, ids[i]);
		PUT(answer.reason_en, HOSTILE);
		answer.level = KM_ANSWER_OF_ALL;
		answer.state = (uint8_t)states[i];
		answer.attestation = i == 1 ? 7 : 0;
		answer.waiver = i == 0 ? 9 : 0;
		assert_int_equal(km_report_add(report, KM_MESSAGE_answer, &answer), 0);
	}
	PUT(answer.requirement, ids[0]);
	PUT(answer.camera_name, "front");
	answer.camera.bytes[0] = 1;
	answer.level = KM_ANSWER_OF_CAMERA;
	answer.state = KM_ANSWER_NOT_MET;
	answer.waiver = 9;
	assert_int_equal(km_report_add(report, KM_MESSAGE_answer, &answer), 0);
	PUT(evidence.detail, HOSTILE);
	assert_int_equal(km_report_add(report, KM_MESSAGE_evidence, &evidence), 0);
	evidence.level = KM_ANSWER_OF_ALL;
	assert_int_equal(km_report_add(report, KM_MESSAGE_evidence, &evidence), 0);
	PUT(stated.by, HOSTILE);
	PUT(waiver.reason, HOSTILE);
	assert_int_equal(km_report_add(report, KM_MESSAGE_attestation, &stated), 0);
	assert_int_equal(km_report_add(report, KM_MESSAGE_waiver, &waiver), 0);
	report->made_unix_us = INT64_C(1763856000000000);
}

static void write_paper(enum km_report_format format, bool is_japanese, struct km_buf *paper)
{
	struct km_report report = { .is_japanese = is_japanese };

	fill(&report);
	km_buf_init(paper, KM_REPORT_BYTES_MAX);
	assert_int_equal(km_report_write(&report, format, paper), 0);
	km_report_finish(&report);
}

static json_t *write_json(enum km_report_format format)
{
	struct km_buf paper;
	json_t *root = NULL;

	write_paper(format, false, &paper);
	root = json_loadb((const char *)paper.data, paper.size, JSON_REJECT_DUPLICATES, NULL);
	km_buf_finish(&paper);
	assert_non_null(root);
	return root;
}

static void test_html(void **state)
{
	struct km_buf paper;

	(void)state;
	for (int is_japanese = 0; is_japanese < 2; is_japanese++) {
		write_paper(KM_REPORT_HTML, is_japanese != 0, &paper);
		assert_false(has(&paper, "<script"));
		assert_true(has(&paper, "2025-11-23 00:00"));
		assert_true(has(&paper, is_japanese != 0 ? "満たさない" : "not met"));
		km_buf_finish(&paper);
	}
}

static void test_findings(void **state)
{
	json_t *root = write_json(KM_REPORT_SARIF);
	json_t *run = json_array_get(json_object_get(root, "runs"), 0);
	json_t *results = json_object_get(run, "results");
	json_t *result = json_array_get(results, 0);

	(void)state;
	/* The camera's own, and not that of the whole besides; lived with, and said so. */
	assert_int_equal(json_array_size(results), 1);
	assert_string_equal(json_string_value(json_object_get(result, "ruleId")), "a01-1");
	assert_int_equal(json_array_size(json_object_get(result, "suppressions")), 1);
	json_decref(root);
}

static void test_assessment(void **state)
{
	json_t *root = write_json(KM_REPORT_OSCAL);
	json_t *whole = json_object_get(root, "assessment-results");
	json_t *result = json_array_get(json_object_get(whole, "results"), 0);

	(void)state;
	assert_int_equal(json_array_size(json_object_get(result, "findings")), 3);
	/* The evidence of the whole repeats that of the camera. */
	assert_int_equal(json_array_size(json_object_get(result, "observations")), 2);
	json_decref(root);
}

/* Of one camera: its own answers are the paper's, without statements about the rest or others. */
static void test_one_camera(void **state)
{
	struct km_message_requirement requirement = { .section = "a", .leans_on = "a02-1" };
	struct km_message_answer answer = {
		.level = KM_ANSWER_OF_CAMERA, .state = KM_ANSWER_NOT_MET, .camera.bytes = { 1 }
	};
	struct km_message_attestation stated = { .number = 1 };
	struct km_message_waiver waiver = { .number = 2 };
	struct km_report report = { .is_of_camera = true, .section = 'a' };
	struct km_buf paper;
	json_t *root = NULL;

	(void)state;
	PUT(requirement.requirement, "a01-1");
	PUT(answer.requirement, "a01-1");
	PUT(answer.camera_name, "gate");
	assert_int_equal(km_report_add(&report, KM_MESSAGE_requirement, &requirement), 0);
	assert_int_equal(km_report_add(&report, KM_MESSAGE_answer, &answer), 0);
	for (size_t i = 0; i < 4; i++) {
		static const uint8_t of[] = { 0, 1, 2, 0 }; /* all, it, another; the rest */

		stated.camera.bytes[0] = of[i];
		waiver.camera.bytes[0] = of[i];
		PUT(stated.requirement, i < 3 ? "a01-1" : "b01-1");
		PUT(waiver.requirement, i < 3 ? "a01-1" : "b01-1");
		assert_int_equal(km_report_add(&report, KM_MESSAGE_attestation, &stated), 0);
		assert_int_equal(km_report_add(&report, KM_MESSAGE_waiver, &waiver), 0);
	}
	km_buf_init(&paper, KM_REPORT_BYTES_MAX);
	assert_int_equal(km_report_write(&report, KM_REPORT_JSON, &paper), 0);
	root = json_loadb((const char *)paper.data, paper.size, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	assert_int_equal(
	    json_integer_value(json_object_get(json_object_get(root, "summary"), "not_met")), 1);
	assert_int_equal(json_array_size(json_object_get(root, "attestations")), 2);
	assert_int_equal(json_array_size(json_object_get(root, "waivers")), 2);
	assert_string_equal(json_string_value(json_object_get(root, "camera_name")), "gate");
	json_decref(root);
	km_buf_finish(&paper);
	km_buf_init(&paper, KM_REPORT_BYTES_MAX);
	assert_int_equal(km_report_write(&report, KM_REPORT_HTML, &paper), 0);
	assert_true(has(&paper, "<dd>gate</dd>"));
	assert_true(has(&paper, "#r-a01-1\""));
	assert_false(has(&paper, "#r-a02-1\"")); /* it is not in this paper */
	km_buf_finish(&paper);
	km_report_finish(&report);
}

static void test_empty(void **state)
{
	struct km_report report = { 0 };

	(void)state;
	for (int format = KM_REPORT_HTML; format <= KM_REPORT_OSCAL; format++) {
		struct km_buf paper;

		km_buf_init(&paper, 65536);
		assert_int_equal(
		    km_report_write(&report, (enum km_report_format)format, &paper), 0);
		km_buf_finish(&paper);
		km_buf_init(&paper, 64);
		assert_int_equal(
		    km_report_write(&report, (enum km_report_format)format, &paper), KM_ERR_LIMIT);
		km_buf_finish(&paper);
	}
	km_report_finish(&report);
}

static void test_spec(void **state)
{
	struct km_buf paper;

	(void)state;
	km_buf_init(&paper, (size_t)4 * 1024 * 1024);
	assert_int_equal(km_spec_sheet_write(0, true, &paper), 0);
	assert_true(has(&paper, "a01-1"));
	assert_false(has(&paper, "e01-1"));
	km_buf_finish(&paper);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_markup),
		cmocka_unit_test(test_zip),
		cmocka_unit_test(test_cells),
		cmocka_unit_test(test_html),
		cmocka_unit_test(test_findings),
		cmocka_unit_test(test_assessment),
		cmocka_unit_test(test_one_camera),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_spec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
