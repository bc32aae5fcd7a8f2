/*
 * The checklist's answers as a paper: HTML to read and print, a workbook, JSON, SARIF 2.1.0 and
 * OSCAL assessment results. Made of the records that the guard answers `checklist_list` with, and
 * nothing else, so that the command line and the page give the same papers.
 */
#ifndef KM_REPORT_REPORT_H
#define KM_REPORT_REPORT_H

#include "base/buf.h"
#include "model/messages.h"
#include "model/requirements.h"

#define KM_REPORT_BYTES_MAX ((size_t)64 * 1024 * 1024) /* of a paper */

/* Records of one kind. */
struct km_report_list {
	void *items;
	size_t count;
	size_t capacity;
};

struct km_report {
	struct km_report_list requirements;
	struct km_report_list answers;
	struct km_report_list evidence;
	struct km_report_list attestations;
	struct km_report_list waivers;
	struct km_report_list disagreements;
	struct km_message_profile profile;
	bool is_cut;                         /* there were more records than are kept */
	bool has_parts[KM_REQUIREMENTS_ALL]; /* it has evidence of its parts */
	/* Set by the caller before the first record: what was asked for. */
	bool is_of_camera; /* the answers of one camera alone */
	char section;      /* 'a' to 'i'; 0: all */
	/* Set by the caller before it is written. */
	bool is_japanese;
	int64_t made_unix_us;
	struct km_uuid id; /* of this paper */
};

enum km_report_format {
	KM_REPORT_HTML,
	KM_REPORT_XLSX,
	KM_REPORT_JSON,
	KM_REPORT_SARIF,
	KM_REPORT_OSCAL,
};

/* A zeroed struct is an empty one. */
void km_report_finish(struct km_report *report);

/* Keep a record; other kinds are passed over. Returns 0 or KM_ERR_MEMORY. */
KM_MUST_USE int km_report_add(
    struct km_report *report, enum km_message_kind kind, const void *record);

/* "html", ...: 0 or KM_ERR_NOT_FOUND. */
KM_MUST_USE int km_report_find_format(struct km_bytes name, enum km_report_format *ret_format);

/* "text/html; charset=utf-8", and "html" for a file's name. Static. */
const char *km_report_media_type(enum km_report_format format);
const char *km_report_extension(enum km_report_format format);

/* Append the paper. KM_ERR_LIMIT, KM_ERR_MEMORY, KM_ERR_CRYPTO. */
KM_MUST_USE int km_report_write(
    const struct km_report *report, enum km_report_format format, struct km_buf *paper);

#endif
