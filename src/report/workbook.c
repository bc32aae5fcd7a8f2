#include "report/workbook.h"

#include "base/error.h"
#include "base/text.h"
#include "base/time.h"
#include "report/markup.h"
#include "report/zip_file.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CELL_MAX 32000 /* a spreadsheet takes 32767 characters */

static const char declaration[] = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

#define MAIN      "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
#define RELATIONS "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
#define PACKAGE   "http://schemas.openxmlformats.org/package/2006/"

/* In the order of enum km_workbook_style. */
static const char styles[] =
    "<styleSheet xmlns=\"" MAIN "\">"
    "<numFmts count=\"1\"><numFmt numFmtId=\"164\" formatCode=\"yyyy\\-mm\\-dd\\ "
    "hh:mm\"/></numFmts>"
    "<fonts count=\"3\"><font><sz val=\"10\"/><name val=\"Arial\"/></font>"
    "<font><b/><sz val=\"14\"/><name val=\"Arial\"/></font>"
    "<font><b/><sz val=\"10\"/><name val=\"Arial\"/></font></fonts>"
    "<fills count=\"7\"><fill><patternFill patternType=\"none\"/></fill>"
    "<fill><patternFill patternType=\"gray125\"/></fill>"
    "<fill><patternFill patternType=\"solid\"><fgColor rgb=\"FFE4E8EC\"/></patternFill></fill>"
    "<fill><patternFill patternType=\"solid\"><fgColor rgb=\"FFD8F0DC\"/></patternFill></fill>"
    "<fill><patternFill patternType=\"solid\"><fgColor rgb=\"FFFAD4D0\"/></patternFill></fill>"
    "<fill><patternFill patternType=\"solid\"><fgColor rgb=\"FFFFF0C8\"/></patternFill></fill>"
    "<fill><patternFill patternType=\"solid\"><fgColor rgb=\"FFECECEC\"/></patternFill></fill>"
    "</fills><borders count=\"1\"><border/></borders>"
    "<cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" "
    "borderId=\"0\"/></cellStyleXfs>"
    "<cellXfs count=\"8\">"
#define XF(format, font, fill)                                                                     \
	"<xf numFmtId=\"" #format "\" fontId=\"" #font "\" fillId=\"" #fill                        \
	"\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\" applyFont=\"1\" applyFill=\"1\""     \
	" applyAlignment=\"1\"><alignment vertical=\"top\" wrapText=\"1\"/></xf>"
    XF(0, 0, 0) "<xf numFmtId=\"0\" fontId=\"1\" fillId=\"0\" borderId=\"0\" xfId=\"0\" "
		"applyFont=\"1\"/>" XF(0, 2, 2) XF(164, 0, 0) XF(0, 0, 3) XF(0, 0, 4) XF(0, 0, 5)
		    XF(0, 0, 6)
#undef XF
			"</cellXfs><cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" "
			"builtinId=\"0\"/>"
			"</cellStyles></styleSheet>";

void km_workbook_init(struct km_workbook *book, size_t max)
{
	memset(book, 0, sizeof(*book));
	book->max = max;
}

void km_workbook_finish(struct km_workbook *book)
{
	for (size_t i = 0; i < book->count; i++) {
		km_buf_finish(&book->sheets[i]);
	}
	book->count = 0;
}

static struct km_buf *last(struct km_workbook *book)
{
	assert(book->count > 0);
	return &book->sheets[book->count - 1];
}

void km_workbook_add_sheet(struct km_workbook *book, const char *name, const unsigned *widths)
{
	size_t i = book->count;

	assert(i < KM_WORKBOOK_SHEETS_MAX);
	km_buf_init(&book->sheets[i], book->max);
	(void)snprintf(book->names[i], sizeof(book->names[i]), "%s", name);
	while (book->columns[i] < KM_WORKBOOK_COLUMNS_MAX && widths[book->columns[i]] > 0) {
		book->widths[i][book->columns[i]] = widths[book->columns[i]];
		book->columns[i]++;
	}
	book->count++;
}

void km_workbook_begin_row(struct km_workbook *book)
{
	book->column = 0;
	book->rows[book->count - 1]++;
	km_buf_add_format(last(book), "<row r=\"%zu\">", book->rows[book->count - 1]);
}

void km_workbook_end_row(struct km_workbook *book)
{
	km_buf_add_text(last(book), "</row>");
}

void km_workbook_mark_head(struct km_workbook *book)
{
	book->head_rows[book->count - 1] = book->rows[book->count - 1];
}

/* The next cell of the row, without the end of its tag. */
static void begin_cell(struct km_workbook *book, unsigned style)
{
	assert(book->column < KM_WORKBOOK_COLUMNS_MAX);
	km_buf_add_format(last(book), "<c r=\"%c%zu\" s=\"%u\"", (char)('A' + (char)book->column),
	    book->rows[book->count - 1], style);
	book->column++;
}

void km_workbook_add_text(struct km_workbook *book, enum km_workbook_style style, const char *text)
{
	struct km_bytes view = km_bytes_slice(km_bytes_text(text), 0, CELL_MAX);

	begin_cell(book, style);
	if (view.size == 0) {
		km_buf_add_text(last(book), "/>");
		return;
	}
	km_buf_add_text(last(book), " t=\"inlineStr\"><is><t xml:space=\"preserve\">");
	km_markup_add(last(book), view);
	km_buf_add_text(last(book), "</t></is></c>");
}

void km_workbook_add_number(struct km_workbook *book, int64_t number)
{
	begin_cell(book, KM_STYLE_PLAIN);
	km_buf_add_format(last(book), "><v>%" PRId64 "</v></c>", number);
}

/* Days since 1899-12-30, with the time as their fraction. */
void km_workbook_add_time(struct km_workbook *book, int64_t unix_us)
{
	begin_cell(book, KM_STYLE_TIME);
	if (unix_us <= 0) {
		km_buf_add_text(last(book), "/>");
		return;
	}
	km_buf_add_format(
	    last(book), "><v>%.6f</v></c>", (double)unix_us / (double)KM_TIME_DAY_US + 25569.0);
}

/* --- the parts of the file --- */

static void write_sheet(const struct km_workbook *book, size_t i, struct km_buf *part)
{
	size_t head = book->head_rows[i];

	km_buf_add_text(part, declaration);
	km_buf_add_text(part,
	    "<worksheet xmlns=\"" MAIN "\"><sheetPr><pageSetUpPr fitToPage=\"1\"/>"
	    "</sheetPr><sheetViews><sheetView workbookViewId=\"0\"");
	km_buf_add_text(part, i == 0 ? " tabSelected=\"1\">" : ">");
	if (head > 0) {
		km_buf_add_format(part,
		    "<pane ySplit=\"%zu\" topLeftCell=\"A%zu\" activePane=\"bottomLeft\""
		    " state=\"frozen\"/>",
		    head, head + 1);
	}
	km_buf_add_text(part, "</sheetView></sheetViews><cols>");
	for (size_t k = 0; k < book->columns[i]; k++) {
		km_buf_add_format(part,
		    "<col min=\"%zu\" max=\"%zu\" width=\"%u\" customWidth=\"1\"/>", k + 1, k + 1,
		    book->widths[i][k]);
	}
	km_buf_add_text(part, "</cols><sheetData>");
	km_buf_add(part, km_buf_view(&book->sheets[i]));
	km_buf_add_text(part, "</sheetData>");
	if (head > 0 && book->rows[i] > head) {
		km_buf_add_format(part, "<autoFilter ref=\"A%zu:%c%zu\"/>", head,
		    (char)('A' + (char)book->columns[i] - 1), book->rows[i]);
	}
	km_buf_add_text(part,
	    "<pageSetup paperSize=\"9\" orientation=\"landscape\" fitToHeight=\"0\"/>"
	    "</worksheet>");
}

static void write_types(const struct km_workbook *book, struct km_buf *part)
{
	km_buf_add_text(part, declaration);
	km_buf_add_text(part,
	    "<Types xmlns=\"" PACKAGE "content-types\">"
	    "<Default Extension=\"rels\""
	    " ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>"
	    "<Default Extension=\"xml\" ContentType=\"application/xml\"/>"
	    "<Override PartName=\"/xl/workbook.xml\" ContentType=\"application/"
	    "vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml\"/>"
	    "<Override PartName=\"/xl/styles.xml\" ContentType=\"application/"
	    "vnd.openxmlformats-officedocument.spreadsheetml.styles+xml\"/>");
	for (size_t i = 0; i < book->count; i++) {
		km_buf_add_format(part,
		    "<Override PartName=\"/xl/worksheets/sheet%zu.xml\" ContentType=\"application/"
		    "vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml\"/>",
		    i + 1);
	}
	km_buf_add_text(part, "</Types>");
}

static void write_root(const struct km_workbook *book, struct km_buf *part)
{
	(void)book;
	km_buf_add_text(part, declaration);
	km_buf_add_text(part, "<Relationships xmlns=\"" PACKAGE "relationships\">"
			      "<Relationship Id=\"rId1\" Type=\"" RELATIONS
			      "/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>");
}

static void write_book(const struct km_workbook *book, struct km_buf *part)
{
	km_buf_add_text(part, declaration);
	km_buf_add_text(part, "<workbook xmlns=\"" MAIN "\" xmlns:r=\"" RELATIONS "\"><sheets>");
	for (size_t i = 0; i < book->count; i++) {
		km_buf_add_text(part, "<sheet name=\"");
		km_markup_add(part, km_bytes_text(book->names[i]));
		km_buf_add_format(part, "\" sheetId=\"%zu\" r:id=\"rId%zu\"/>", i + 1, i + 1);
	}
	km_buf_add_text(part, "</sheets></workbook>");
}

static void write_relations(const struct km_workbook *book, struct km_buf *part)
{
	km_buf_add_text(part, declaration);
	km_buf_add_text(part, "<Relationships xmlns=\"" PACKAGE "relationships\">");
	for (size_t i = 0; i < book->count; i++) {
		km_buf_add_format(part,
		    "<Relationship Id=\"rId%zu\" Type=\"" RELATIONS
		    "/worksheet\" Target=\"worksheets/sheet%zu.xml\"/>",
		    i + 1, i + 1);
	}
	km_buf_add_format(part,
	    "<Relationship Id=\"rId%zu\" Type=\"" RELATIONS
	    "/styles\" Target=\"styles.xml\"/></Relationships>",
	    book->count + 1);
}

static void write_styles(const struct km_workbook *book, struct km_buf *part)
{
	(void)book;
	km_buf_add_text(part, declaration);
	km_buf_add_text(part, styles);
}

int km_workbook_write(struct km_workbook *book, struct km_buf *ret_file)
{
	static const struct {
		const char *name;
		void (*write)(const struct km_workbook *book, struct km_buf *part);
	} parts[] = {
		{ "[Content_Types].xml", write_types },
		{ "_rels/.rels", write_root },
		{ "xl/workbook.xml", write_book },
		{ "xl/_rels/workbook.xml.rels", write_relations },
		{ "xl/styles.xml", write_styles },
	};
	struct km_zip_file zip;
	struct km_buf part;
	char name[KM_ZIP_FILE_NAME_SIZE];
	int err = 0;

	km_buf_init(&part, book->max);
	km_zip_file_init(&zip, ret_file);
	for (size_t i = 0; err == 0 && i < KM_COUNT(parts); i++) {
		km_buf_clear(&part);
		parts[i].write(book, &part);
		err = km_buf_error(&part);
		err = err == 0 ? km_zip_file_add(&zip, parts[i].name, km_buf_view(&part)) : err;
	}
	for (size_t i = 0; err == 0 && i < book->count; i++) {
		(void)snprintf(name, sizeof(name), "xl/worksheets/sheet%zu.xml", i + 1);
		km_buf_clear(&part);
		write_sheet(book, i, &part);
		err = km_buf_error(&book->sheets[i]);
		err = err == 0 ? km_buf_error(&part) : err;
		err = err == 0 ? km_zip_file_add(&zip, name, km_buf_view(&part)) : err;
	}
	km_buf_finish(&part);
	return err == 0 ? km_zip_file_end(&zip) : err;
}
