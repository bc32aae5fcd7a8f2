/*
 * One HTML page that needs nothing else: no script, no picture, no address outside. It is made to
 * be printed; every answer links to its evidence.
 */
#include "report/markup.h"
#include "report/report_parts.h"

#include "base/text.h"
#include "model/requirements.h"
#include "model/states.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char style[] =
    "@page{size:A4 landscape;margin:12mm}"
    "*{box-sizing:border-box}"
    "body{font:14px/1.5 system-ui,sans-serif;color:#16202a;background:#fff;max-width:76rem;"
    "margin:0 auto;padding:1.5rem}"
    "h1{font-size:1.6rem;margin:0 0 .5rem}h2{font-size:1.2rem;margin:2rem 0 .5rem;"
    "border-bottom:2px solid #16202a}h3{font-size:1rem;margin:1.2rem 0 .3rem}"
    "p{margin:.3rem 0}a{color:#0b4f8a}"
    "table{border-collapse:collapse;width:100%;margin:.4rem 0;table-layout:fixed}"
    "th,td{border:1px solid #b8c2cc;padding:.25rem .4rem;text-align:left;vertical-align:top;"
    "overflow-wrap:anywhere}"
    "th{background:#e4e8ec}thead{display:table-header-group}tr{break-inside:avoid}"
    "h2,h3{break-after:avoid}"
    ".id{width:5.2rem;white-space:nowrap;font-weight:600}.time{width:9.5rem}.state{width:8.5rem}"
    ".kinds{width:4.2rem}.number{width:4.5rem}.name{width:9rem}"
    ".met{background:#d8f0dc}.not_met{background:#fad4d0;font-weight:600}"
    ".unknown{background:#fff0c8}.not_applicable{background:#ececec}"
    "small,.small{font-size:.85em;color:#44505c}.sum{width:auto}.sum td,.sum th{padding:.15rem "
    ".7rem}"
    ".sum td+td{text-align:right}code{font-size:.85em}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:.5rem 0}"
    "dd{margin:0}"
    "@media print{body{padding:0;font-size:10px;max-width:none}a{color:inherit;"
    "text-decoration:none}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}";

struct writing {
	const struct km_report *report;
	struct km_buf *out;
};

static void raw(struct writing *writing, const char *html)
{
	km_buf_add_text(writing->out, html);
}

static void text(struct writing *writing, const char *foreign)
{
	km_markup_add(writing->out, km_bytes_text(foreign));
}

static void word(struct writing *writing, enum km_report_word which)
{
	text(writing, km_report_word(writing->report, which));
}

/* before, text, after: the tags are ours, what stands between them need not be. */
static void wrap(
    struct writing *writing, const char *before, const char *foreign, const char *after)
{
	raw(writing, before);
	text(writing, foreign);
	raw(writing, after);
}

static void time_cell(struct writing *writing, int64_t unix_us)
{
	char shown[KM_REPORT_TIME_SIZE];

	km_report_write_time(unix_us, shown);
	wrap(writing, "<td>", shown, "</td>");
}

/* Shape and word, never colour alone. */
static const char *mark_of(unsigned state)
{
	switch (state) {
	case KM_ANSWER_MET:
		return "\xe2\x9c\x93 ";
	case KM_ANSWER_NOT_MET:
		return "\xe2\x9c\x97 ";
	case KM_ANSWER_NOT_APPLICABLE:
		return "\xe2\x80\x93 ";
	default:
		return "? ";
	}
}

static void state_cell(struct writing *writing, unsigned state)
{
	km_buf_add_format(writing->out, "<td class=\"%s\">", km_states_name("answer_state", state));
	raw(writing, mark_of(state));
	wrap(writing, "", km_report_state_word(writing->report, state), "</td>");
}

struct column {
	enum km_report_word word;
	const char *class; /* NULL: as wide as is left */
};

static void begin_table(struct writing *writing, const struct column *columns, size_t count)
{
	raw(writing, "<table><thead><tr>");
	for (size_t i = 0; i < count; i++) {
		if (columns[i].class != NULL) {
			wrap(writing, "<th class=\"", columns[i].class, "\">");
		} else {
			raw(writing, "<th>");
		}
		word(writing, columns[i].word);
		raw(writing, "</th>");
	}
	raw(writing, "</tr></thead><tbody>");
}

#define BEGIN_TABLE(writing, ...)                                                                  \
	begin_table(writing, (const struct column[]){ __VA_ARGS__ },                               \
	    sizeof((const struct column[]){ __VA_ARGS__ }) / sizeof(struct column))

static void end_table(struct writing *writing)
{
	raw(writing, "</tbody></table>");
}

static void heading(struct writing *writing, const char *anchor, enum km_report_word which)
{
	wrap(writing, "<h2 id=\"", anchor, "\">");
	word(writing, which);
	raw(writing, "</h2>");
}

/* --- the head --- */

static void add_profile(struct writing *writing)
{
	const struct km_message_profile *profile = &writing->report->profile;
	struct km_bytes rest = km_bytes_text(profile->parts);
	bool is_first = true;

	if (profile->is_set == 0) {
		word(writing, KM_WORD_PROFILE_NOT_SET);
		return;
	}
	if (rest.size == 0 || km_bytes_is_equal(rest, KM_BYTES("none"))) {
		word(writing, KM_WORD_PROFILE_NONE);
	}
	while (rest.size > 0) {
		struct km_bytes name = km_bytes_split(&rest, ',');
		const struct km_profile_row *row = NULL;

		for (size_t i = 0; (row = km_requirements_profile(i)) != NULL; i++) {
			if (km_bytes_is_equal(name, km_bytes_text(row->name))) {
				raw(writing, is_first ? "" : "<br>");
				text(writing,
				    writing->report->is_japanese ? row->text_ja : row->text_en);
				is_first = false;
			}
		}
	}
}

/* What part of the checklist it is. */
static void add_scope(struct writing *writing)
{
	const struct km_report *report = writing->report;

	if (report->is_of_camera && report->answers.count > 0) {
		raw(writing, "</dd><dt>");
		word(writing, KM_WORD_DEVICE);
		wrap(writing, "</dt><dd>", km_report_answer(report, 0)->camera_name, "");
	}
	if (report->section != 0) {
		raw(writing, "</dd><dt>");
		word(writing, KM_WORD_SECTION);
		wrap(writing, "</dt><dd>",
		    km_requirements_section(report->section, report->is_japanese), "");
	}
}

static void add_head(struct writing *writing)
{
	char made[KM_REPORT_TIME_SIZE];
	char id[KM_UUID_TEXT_SIZE];

	km_report_write_time(writing->report->made_unix_us, made);
	km_uuid_write(&writing->report->id, id);
	raw(writing, "<header><h1>");
	word(writing, KM_WORD_TITLE);
	raw(writing, "</h1><dl><dt>");
	word(writing, KM_WORD_MADE);
	wrap(writing, "</dt><dd>", made, " UTC</dd><dt>");
	word(writing, KM_WORD_BY_PROGRAM);
	wrap(writing, "</dt><dd>Komainu " KM_VERSION ", <code>", id, "</code></dd><dt>");
	word(writing, KM_WORD_PROFILE);
	raw(writing, "</dt><dd>");
	add_profile(writing);
	add_scope(writing);
	raw(writing, "</dd></dl><p class=\"small\">");
	word(writing, KM_WORD_KINDS_HELP);
	raw(writing, "</p><p class=\"small\">");
	word(writing, KM_WORD_SOURCE_HELP);
	raw(writing, " ");
	word(writing, KM_WORD_UTC);
	raw(writing, "</p>");
	if (writing->report->is_cut) {
		raw(writing, "<p><strong>");
		word(writing, KM_WORD_CUT);
		raw(writing, "</strong></p>");
	}
	raw(writing, "</header>");
}

static void add_counts(struct writing *writing, char section, const char *name, bool wants_points)
{
	const char id[2] = { section, '\0' };
	char label[256];
	size_t counts[KM_ANSWER_NOT_APPLICABLE + 1] = { 0 };
	size_t all = 0;

	for (unsigned state = KM_ANSWER_MET; state <= KM_ANSWER_NOT_APPLICABLE; state++) {
		counts[state] = km_report_count(writing->report, state, section, wants_points);
		all += counts[state];
	}
	if (all == 0) {
		return;
	}
	(void)snprintf(label, sizeof(label), "%s%s%s", id, section == 0 ? "" : ". ", name);
	wrap(writing, "<tr><td>", label, "</td>");
	for (unsigned state = KM_ANSWER_MET; state <= KM_ANSWER_NOT_APPLICABLE; state++) {
		km_buf_add_format(writing->out, "<td>%zu</td>", counts[state]);
	}
	raw(writing, "</tr>");
}

static void add_summary(struct writing *writing)
{
	const struct km_report *report = writing->report;

	heading(writing, "summary", KM_WORD_SUMMARY);
	raw(writing, "<table class=\"sum\"><thead><tr><th>");
	word(writing, KM_WORD_SECTION);
	raw(writing, "</th>");
	for (unsigned state = KM_ANSWER_MET; state <= KM_ANSWER_NOT_APPLICABLE; state++) {
		km_buf_add_format(
		    writing->out, "<th class=\"%s\">", km_states_name("answer_state", state));
		raw(writing, mark_of(state));
		wrap(writing, "", km_report_state_word(report, state), "</th>");
	}
	raw(writing, "</tr></thead><tbody>");
	for (const char *section = "abcdefghi"; *section != '\0'; section++) {
		add_counts(writing, *section,
		    km_requirements_section(*section, report->is_japanese), false);
	}
	add_counts(writing, 0, km_report_word(report, KM_WORD_ALL), false);
	add_counts(writing, 0, km_report_word(report, KM_WORD_POINTS), true);
	raw(writing, "</tbody></table>");
}

/* --- answers --- */

static void add_link(struct writing *writing, const char *anchor, const char *id)
{
	wrap(writing, "<a href=\"#", anchor, "");
	wrap(writing, "", id, "\">");
	wrap(writing, "", id, "</a>");
}

static void add_remarks(struct writing *writing, const struct km_message_answer *answer)
{
	const struct km_message_waiver *waiver =
	    km_report_find_waiver(writing->report, answer->waiver);
	char until[KM_REPORT_TIME_SIZE];

	wrap(writing, "", KM_REPORT_TEXT(writing->report, answer, reason), "");
	if (answer->is_disputed != 0) {
		raw(writing, " <small>(");
		word(writing, KM_WORD_DISPUTED);
		raw(writing, ")</small>");
	}
	if (waiver != NULL) {
		km_report_write_time(waiver->until_unix_us, until);
		raw(writing, "<br><small>");
		word(writing, KM_WORD_WAIVED);
		wrap(writing, " ", until, ": ");
		wrap(writing, "", waiver->reason, " (");
		wrap(writing, "", waiver->by, ")</small>");
	}
}

static void add_to_do(struct writing *writing)
{
	const struct km_report *report = writing->report;
	bool is_open = false;

	heading(writing, "to-do", KM_WORD_TO_DO);
	for (size_t i = 0; i < report->answers.count; i++) {
		const struct km_message_answer *answer = km_report_answer(report, i);

		if (answer->is_audit_point != 0 || !km_report_is_finding(report, answer)) {
			continue;
		}
		if (!is_open) {
			BEGIN_TABLE(writing, { KM_WORD_ID, "id" }, { KM_WORD_DEVICE, "name" },
			    { KM_WORD_REASON, NULL }, { KM_WORD_OBSERVED, "time" });
			is_open = true;
		}
		raw(writing, "<tr><td class=\"id\">");
		add_link(writing, "r-", answer->requirement);
		wrap(writing, "</td><td>",
		    km_report_whose(report, answer->level, answer->camera_name), "</td><td>");
		add_remarks(writing, answer);
		raw(writing, "</td>");
		time_cell(writing, answer->observed_unix_us);
		raw(writing, "</tr>");
	}
	if (is_open) {
		end_table(writing);
	} else {
		raw(writing, "<p>");
		word(writing, KM_WORD_NOTHING_TO_DO);
		raw(writing, "</p>");
	}
}

static void add_leaning(struct writing *writing, const char *ids)
{
	struct km_bytes rest = km_bytes_text(ids);
	char id[16];

	while (rest.size > 0) {
		if (km_bytes_copy_text(km_bytes_split(&rest, ' '), id, sizeof(id)) < 0) {
			continue;
		}
		if (km_report_has(writing->report, id)) {
			add_link(writing, "r-", id);
		} else {
			text(writing, id);
		}
		raw(writing, " ");
	}
}

static void add_row(struct writing *writing, const struct km_message_requirement *requirement)
{
	const struct km_report *report = writing->report;
	const struct km_message_answer *answer = km_report_whole(report, requirement->requirement);

	wrap(writing, "<tr id=\"r-", requirement->requirement, "\"><td class=\"id\">");
	add_link(writing, "e-", requirement->requirement);
	wrap(writing, "</td><td><strong>", KM_REPORT_TEXT(report, requirement, title),
	    "</strong><br>");
	wrap(writing, "", KM_REPORT_TEXT(report, requirement, question), "</td>");
	state_cell(writing, answer == NULL ? KM_ANSWER_UNKNOWN : answer->state);
	raw(writing, "<td>");
	if (answer != NULL) {
		add_remarks(writing, answer);
	}
	if (requirement->leans_on[0] != '\0') {
		raw(writing, "<br><small>");
		word(writing, KM_WORD_LEANS_ON);
		raw(writing, ": ");
		add_leaning(writing, requirement->leans_on);
		raw(writing, "</small>");
	}
	wrap(writing, "</td><td>", answer == NULL ? "" : answer->kinds, "</td>");
	time_cell(writing, answer == NULL ? 0 : answer->observed_unix_us);
	time_cell(writing, answer == NULL ? 0 : answer->due_unix_us);
	raw(writing, "</tr>");
}

static void add_checklist(struct writing *writing, bool wants_points)
{
	const struct km_report *report = writing->report;
	char section = 0;

	heading(writing, wants_points ? "points" : "checklist",
	    wants_points ? KM_WORD_POINTS : KM_WORD_CHECKLIST);
	for (size_t i = 0; i < report->requirements.count; i++) {
		const struct km_message_requirement *requirement = km_report_requirement(report, i);
		bool is_new = section == 0 || (!wants_points && section != requirement->section[0]);

		if ((requirement->is_audit_point != 0) != wants_points) {
			continue;
		}
		if (is_new && section != 0) {
			end_table(writing);
		}
		if (is_new) {
			section = requirement->section[0];
			if (!wants_points) {
				wrap(writing, "<h3>", requirement->section, ". ");
				wrap(writing, "",
				    km_requirements_section(section, report->is_japanese), "</h3>");
			}
			BEGIN_TABLE(writing, { KM_WORD_ID, "id" }, { KM_WORD_REQUIREMENT, NULL },
			    { KM_WORD_ANSWER, "state" }, { KM_WORD_REASON, NULL },
			    { KM_WORD_KINDS, "kinds" }, { KM_WORD_OBSERVED, "time" },
			    { KM_WORD_DUE, "time" });
		}
		add_row(writing, requirement);
	}
	if (section != 0) {
		end_table(writing);
	}
}

/* --- evidence --- */

static void add_fact(struct writing *writing, const struct km_message_evidence *evidence)
{
	const struct km_report *report = writing->report;
	char value[512];
	char proof[2 * sizeof(evidence->proof) + 1] = "";

	km_report_write_value(evidence, value);
	(void)km_text_write_hex(
	    km_bytes_from(evidence->proof, evidence->proof_size), proof, sizeof(proof));
	wrap(writing, "<tr><td>",
	    km_uuid_is_nil(&evidence->camera) ? km_report_word(report, KM_WORD_SYSTEM)
					      : evidence->camera_name,
	    "</td><td>");
	wrap(writing, "", KM_REPORT_TEXT(report, evidence, fact), "");
	if (evidence->subject[0] != '\0') {
		wrap(writing, " <small>[", evidence->subject, "]</small>");
	}
	wrap(writing, "</td><td>",
	    evidence->is_known != 0 ? value : km_report_word(report, KM_WORD_NOT_KNOWN), "");
	if (evidence->detail[0] != '\0') {
		wrap(writing, "<br><small>", evidence->detail, "</small>");
	}
	if (proof[0] != '\0') {
		wrap(writing, "<br><code>SHA-256 ", proof, "</code>");
	}
	wrap(writing, "</td><td>", km_report_source_word(report, evidence->source), "</td>");
	time_cell(writing, evidence->observed_unix_us);
	raw(writing, "</tr>");
}

static void add_parts(struct writing *writing, const char *requirement)
{
	const struct km_report *report = writing->report;
	bool is_open = false;

	for (size_t i = 0; i < report->answers.count; i++) {
		const struct km_message_answer *answer = km_report_answer(report, i);

		if (answer->level == KM_ANSWER_OF_ALL ||
		    strcmp(answer->requirement, requirement) != 0) {
			continue;
		}
		if (!is_open) {
			BEGIN_TABLE(writing, { KM_WORD_DEVICE, "name" },
			    { KM_WORD_ANSWER, "state" }, { KM_WORD_REASON, NULL },
			    { KM_WORD_OBSERVED, "time" });
			is_open = true;
		}
		wrap(writing, "<tr><td>",
		    km_report_whose(report, answer->level, answer->camera_name), "</td>");
		state_cell(writing, answer->state);
		raw(writing, "<td>");
		add_remarks(writing, answer);
		raw(writing, "</td>");
		time_cell(writing, answer->observed_unix_us);
		raw(writing, "</tr>");
	}
	if (is_open) {
		end_table(writing);
	}
}

static void add_facts(struct writing *writing, const char *requirement)
{
	const struct km_report *report = writing->report;
	bool is_open = false;

	for (size_t i = 0; i < report->evidence.count; i++) {
		const struct km_message_evidence *evidence = km_report_evidence(report, i);

		if (strcmp(evidence->requirement, requirement) != 0 ||
		    !km_report_is_shown(report, evidence)) {
			continue;
		}
		if (!is_open) {
			BEGIN_TABLE(writing, { KM_WORD_DEVICE, "name" }, { KM_WORD_FACT, NULL },
			    { KM_WORD_VALUE, NULL }, { KM_WORD_SOURCE, "name" },
			    { KM_WORD_OBSERVED, "time" });
			is_open = true;
		}
		add_fact(writing, evidence);
	}
	if (is_open) {
		end_table(writing);
	}
}

static void add_statement(struct writing *writing, const struct km_message_attestation *stated)
{
	wrap(writing, "<tr><td>", stated->requirement, "</td>");
	wrap(writing, "<td>",
	    km_uuid_is_nil(&stated->camera) ? km_report_word(writing->report, KM_WORD_WHOLE)
					    : stated->camera_name,
	    "</td>");
	state_cell(writing, stated->state);
	wrap(writing, "<td>", stated->by, "</td><td>");
	wrap(writing, "", stated->document, "");
	if (stated->note[0] != '\0') {
		wrap(writing, "<br><small>", stated->note, "</small>");
	}
	if (stated->withdrawn_unix_us != 0) {
		raw(writing, "<br><small>");
		word(writing, KM_WORD_WITHDRAWN);
		raw(writing, "</small>");
	}
	raw(writing, "</td>");
	time_cell(writing, stated->made_unix_us);
	time_cell(writing, stated->until_unix_us);
	raw(writing, "</tr>");
}

/* Those of a requirement, or all for NULL. */
static void add_statements(struct writing *writing, const char *requirement)
{
	const struct km_report *report = writing->report;
	bool is_open = false;

	for (size_t i = 0; i < report->attestations.count; i++) {
		const struct km_message_attestation *stated = km_report_attestation(report, i);

		if (requirement != NULL && strcmp(stated->requirement, requirement) != 0) {
			continue;
		}
		if (!is_open) {
			BEGIN_TABLE(writing, { KM_WORD_ID, "id" }, { KM_WORD_DEVICE, "name" },
			    { KM_WORD_ANSWER, "state" }, { KM_WORD_BY, "name" },
			    { KM_WORD_DOCUMENT, NULL }, { KM_WORD_STATED_ON, "time" },
			    { KM_WORD_UNTIL, "time" });
			is_open = true;
		}
		add_statement(writing, stated);
	}
	if (is_open) {
		end_table(writing);
	}
}

static void add_evidence(struct writing *writing)
{
	const struct km_report *report = writing->report;

	heading(writing, "evidence", KM_WORD_EVIDENCE);
	for (size_t i = 0; i < report->requirements.count; i++) {
		const struct km_message_requirement *requirement = km_report_requirement(report, i);

		wrap(writing, "<h3 id=\"e-", requirement->requirement, "\">");
		add_link(writing, "r-", requirement->requirement);
		wrap(writing, " ", KM_REPORT_TEXT(report, requirement, title), "</h3>");
		if (requirement->leans_on[0] != '\0') {
			raw(writing, "<p>");
			word(writing, KM_WORD_LEANS_ON);
			raw(writing, ": ");
			add_leaning(writing, requirement->leans_on);
			raw(writing, "</p>");
		}
		add_parts(writing, requirement->requirement);
		add_facts(writing, requirement->requirement);
		add_statements(writing, requirement->requirement);
	}
}

static void add_disagreements(struct writing *writing)
{
	const struct km_report *report = writing->report;

	if (report->disagreements.count == 0) {
		return;
	}
	heading(writing, "disagreements", KM_WORD_DISAGREEMENTS);
	BEGIN_TABLE(writing, { KM_WORD_ID, "id" }, { KM_WORD_DEVICE, "name" },
	    { KM_WORD_REASON, NULL }, { KM_WORD_SAID, NULL }, { KM_WORD_SEEN, NULL });
	for (size_t i = 0; i < report->disagreements.count; i++) {
		const struct km_message_disagreement *both = km_report_disagreement(report, i);

		raw(writing, "<tr><td class=\"id\">");
		add_link(writing, "r-", both->requirement);
		wrap(writing, "</td><td>", both->camera_name, "</td><td>");
		wrap(writing, "", KM_REPORT_TEXT(report, both, reason), "</td><td>");
		wrap(writing, "", both->said_value, "<br><small>");
		wrap(writing, "", km_report_source_word(report, both->said_source),
		    "</small></td><td>");
		wrap(writing, "", both->seen_value, "<br><small>");
		wrap(writing, "", km_report_source_word(report, both->seen_source),
		    "</small></td></tr>");
	}
	end_table(writing);
}

int km_report_write_html(const struct km_report *report, struct km_buf *paper)
{
	struct writing writing = { .report = report, .out = paper };

	wrap(&writing, "<!DOCTYPE html>\n<html lang=\"", report->is_japanese ? "ja" : "en",
	    "\"><head><meta charset=\"utf-8\">"
	    "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>");
	word(&writing, KM_WORD_TITLE);
	wrap(&writing, "</title><style>", "", style);
	raw(&writing, "</style></head><body>\n");
	add_head(&writing);
	add_summary(&writing);
	add_to_do(&writing);
	add_disagreements(&writing);
	add_checklist(&writing, false);
	add_checklist(&writing, true);
	add_evidence(&writing);
	raw(&writing, "</body></html>\n");
	return km_buf_error(paper);
}
