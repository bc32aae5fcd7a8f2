/*
 * What the papers share: finding records, words of either language. Private to report/.
 */
#ifndef KM_REPORT_REPORT_PARTS_H
#define KM_REPORT_REPORT_PARTS_H

#include "report/report.h"

enum km_report_word {
#define KM_WORD(NAME, en, ja) KM_WORD_##NAME,
#include "report/words.tbl"
#undef KM_WORD
};

/* In the paper's language. Static. */
const char *km_report_word(const struct km_report *report, enum km_report_word word);

/* "met", ...; of a fact's source: "seen from outside". Static. */
const char *km_report_state_word(const struct km_report *report, unsigned state);
const char *km_report_source_word(const struct km_report *report, unsigned source);

/* Its text in the paper's language. */
#define KM_REPORT_TEXT(report, record, field)                                                      \
	((report)->is_japanese ? (record)->field##_ja : (record)->field##_en)

const struct km_message_requirement *km_report_requirement(
    const struct km_report *report, size_t place);
const struct km_message_answer *km_report_answer(const struct km_report *report, size_t place);
const struct km_message_evidence *km_report_evidence(const struct km_report *report, size_t place);
const struct km_message_attestation *km_report_attestation(
    const struct km_report *report, size_t place);
const struct km_message_waiver *km_report_waiver(const struct km_report *report, size_t place);
const struct km_message_disagreement *km_report_disagreement(
    const struct km_report *report, size_t place);

/* Whether a piece of evidence is shown: that of the whole repeats that of the parts. */
bool km_report_is_shown(const struct km_report *report, const struct km_message_evidence *evidence);

/* Whether the requirement is among those of the paper. */
bool km_report_has(const struct km_report *report, const char *requirement);

/* The answer of a requirement as a whole, or of the one camera; NULL: none. */
const struct km_message_answer *km_report_whole(
    const struct km_report *report, const char *requirement);

/* By their numbers; NULL: none. */
const struct km_message_attestation *km_report_find_attestation(
    const struct km_report *report, int64_t number);
const struct km_message_waiver *km_report_find_waiver(
    const struct km_report *report, int64_t number);

/* How many requirements (or audit points) are in a state; section 0: of all. */
size_t km_report_count(
    const struct km_report *report, unsigned state, char section, bool wants_points);

/* Of whom an answer is: the camera's name, "recorder and site", or "all". */
const char *km_report_whose(const struct km_report *report, unsigned level, const char *camera);

/*
 * Whether a requirement's answer of this part is one to act on: a camera or the system that does
 * not meet it, or the whole where no part of it says so.
 */
bool km_report_is_finding(const struct km_report *report, const struct km_message_answer *answer);

/* "2026-11-23 01:02" (UTC), "2026-11-23T01:02:03Z"; "" for 0. */
#define KM_REPORT_TIME_SIZE 28
void km_report_write_time(int64_t unix_us, char ret_text[static KM_REPORT_TIME_SIZE]);
void km_report_write_stamp(int64_t unix_us, char ret_text[static KM_REPORT_TIME_SIZE]);

/* A value of a fact as people read it: times as times. ret_text takes 512 bytes. */
void km_report_write_value(const struct km_message_evidence *evidence, char ret_text[static 512]);

int km_report_write_html(const struct km_report *report, struct km_buf *paper);
int km_report_write_xlsx(const struct km_report *report, struct km_buf *paper);
int km_report_write_json(const struct km_report *report, struct km_buf *paper);
int km_report_write_sarif(const struct km_report *report, struct km_buf *paper);
int km_report_write_oscal(const struct km_report *report, struct km_buf *paper);

#endif
