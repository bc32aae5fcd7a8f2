/*
 * A workbook for spreadsheet programs (xlsx) [ECMA-376-1 18], written in memory: the process that
 * serves it over HTTPS may write no file. Every text is a string cell, never a formula, whatever
 * it begins with; what XML cannot hold is left out.
 */
#ifndef KM_REPORT_WORKBOOK_H
#define KM_REPORT_WORKBOOK_H

#include "base/buf.h"

#define KM_WORKBOOK_SHEETS_MAX  8
#define KM_WORKBOOK_COLUMNS_MAX 16

enum km_workbook_style {
	KM_STYLE_PLAIN, /* wrapped, at the top */
	KM_STYLE_TITLE,
	KM_STYLE_HEAD,
	KM_STYLE_TIME,
	KM_STYLE_MET,
	KM_STYLE_NOT_MET,
	KM_STYLE_UNKNOWN,
	KM_STYLE_NOT_APPLICABLE,
};

struct km_workbook {
	struct km_buf sheets[KM_WORKBOOK_SHEETS_MAX]; /* their rows */
	char names[KM_WORKBOOK_SHEETS_MAX][96];
	unsigned widths[KM_WORKBOOK_SHEETS_MAX][KM_WORKBOOK_COLUMNS_MAX];
	size_t columns[KM_WORKBOOK_SHEETS_MAX];
	size_t head_rows[KM_WORKBOOK_SHEETS_MAX]; /* row of the column heads: kept in view,
						     filtered; 0: none */
	size_t rows[KM_WORKBOOK_SHEETS_MAX];
	size_t count;
	size_t column; /* of the row that is being written */
	size_t max;
};

/* max: bytes of a sheet, and of the whole. */
void km_workbook_init(struct km_workbook *book, size_t max);
void km_workbook_finish(struct km_workbook *book);

/* The next sheet, with the widths of its columns in characters (ends with 0). At most
 * KM_WORKBOOK_SHEETS_MAX, which is the caller's to keep. name: without []:*?/\ */
void km_workbook_add_sheet(struct km_workbook *book, const char *name, const unsigned *widths);

/* Rows of the last sheet, cell by cell from the left. */
void km_workbook_begin_row(struct km_workbook *book);
void km_workbook_add_text(struct km_workbook *book, enum km_workbook_style style, const char *text);
void km_workbook_add_number(struct km_workbook *book, int64_t number);
void km_workbook_add_time(struct km_workbook *book, int64_t unix_us); /* 0: an empty cell */
void km_workbook_end_row(struct km_workbook *book);

/* The row that was ended last holds the heads of the columns. */
void km_workbook_mark_head(struct km_workbook *book);

/* Append the file to an empty buffer. KM_ERR_LIMIT, KM_ERR_MEMORY. */
KM_MUST_USE int km_workbook_write(struct km_workbook *book, struct km_buf *ret_file);

#endif
