/* sources: base/error.c base/bytes.c base/buf.c base/text.c base/time.c proto/cpe.c proto/version_text.c proto/json_split.c model/weakness.c model/makers.c model/own_products.c importer/range_words.c importer/json_lists.c importer/jvn_list.c importer/importing.c store/weakness_file.c */
/* libraries: jansson xml sqlite3 */
#include "importer/importing.h"
#include "importer/json_lists.h"
#include "importer/jvn_list.h"
#include "importer/range_words.h"
#include "proto/json_split.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* --- cutting JSON --- */

struct cut {
	char records[512];
	size_t count;
};

static int on_record(void *context, struct km_bytes record)
{
	struct cut *cut = context;
	size_t length = strlen(cut->records);

	cut->count++;
	(void)snprintf(cut->records + length, sizeof(cut->records) - length, "%.*s;",
	    (int)record.size, (const char *)record.data);
	return 0;
}

/* In pieces of every size it gives the same. */
static int split(const char *text, size_t step, size_t max, struct cut *ret_cut)
{
	struct km_json_split split;
	struct km_buf record;
	struct km_bytes rest = km_bytes_text(text);
	int err = 0;

	memset(ret_cut, 0, sizeof(*ret_cut));
	km_buf_init(&record, max);
	km_json_split_init(&split, &record);
	while (err == 0 && rest.size > 0) {
		err = km_json_split_feed(&split, km_bytes_slice(rest, 0, step), on_record, ret_cut);
		rest = km_bytes_after(rest, step);
	}
	err = err == 0 ? km_json_split_end(&split) : err;
	km_buf_finish(&record);
	return err;
}

static void test_split(void **state)
{
	static const struct {
		const char *text;
		const char *records;
		int err;
	} rows[] = {
		{ "{\"a\":1,\"vulnerabilities\":[{\"b\":\"}]\\\"\"},{\"c\":[{}]}],\"z\":{}}",
		    "{\"b\":\"}]\\\"\"};{\"c\":[{}]};", 0 },
		{ "[{\"a\":{}}, {\"b\":2}]", "{\"a\":{}};{\"b\":2};", 0 },
		{ "{\"a\":1}\n{\"b\":2}\n", "{\"a\":1};{\"b\":2};", 0 },
		{ "{\"a\":{\"vulnerabilities\":[{}]}}", "{\"a\":{\"vulnerabilities\":[{}]}};", 0 },
		{ "{\"vulnerabilities\":[]}", "", 0 },
		{ "{\"a\":\"vulnerabilities\",\"b\":[{}]}",
		    "{\"a\":\"vulnerabilities\",\"b\":[{}]};", 0 },
		{ "{\"a\":[}", "", KM_ERR_FORMAT },
		{ "]", "", KM_ERR_FORMAT },
		{ "{\"a\":", "", KM_ERR_SHORT },
		{ "\"abc", "", KM_ERR_SHORT },
	};
	struct cut cut;

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		for (size_t step = 1; step < 40; step += 3) {
			assert_int_equal(split(rows[i].text, step, 1000, &cut), rows[i].err);
			assert_string_equal(cut.records, rows[i].records);
		}
	}
	assert_int_equal(split("{\"a\":\"0123456789\"}", 4, 8, &cut), KM_ERR_LIMIT);
	assert_int_equal(
	    split("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 4, 8,
		&cut),
	    KM_ERR_LIMIT);
}

/* --- versions in words --- */

static void test_words(void **state)
{
	static const struct {
		const char *words;
		const char *version;
		const char *start;
		const char *end;
		unsigned flags;
	} rows[] = {
		{ "< 1.2", "", "", "1.2", 0 },
		{ "<= 1.2", "", "", "1.2", KM_WEAKNESS_END_INCLUDED },
		{ ">= 1.0, < 2.0", "", "1.0", "2.0", 0 },
		{ "3.8.0 and prior", "", "", "3.8.0", KM_WEAKNESS_END_INCLUDED },
		{ "before 5.5", "", "", "5.5", 0 },
		{ "Versions prior to V1.3", "", "", "V1.3", 0 },
		{ "Ver.1.10 より前", "", "", "Ver.1.10", 0 },
		{ "1.10 未満", "", "", "1.10", 0 },
		{ "1.0 およびそれ以前", "", "", "1.0", KM_WEAKNESS_END_INCLUDED },
		{ "すべてのバージョン", "", "", "", 0 },
		{ "n/a", "", "", "", 0 },
		{ "", "", "", "", 0 },
		{ "5.2.0 build 140721", "5.2.0 build 140721", "", "", 0 },
		{ "some of them", "", "", "", KM_WEAKNESS_UNCLEAR },
		{ "1.0 から 2.0", "", "", "", KM_WEAKNESS_UNCLEAR },
	};

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		struct km_weakness_range range = { 0 };

		km_range_words_take(km_bytes_text(rows[i].words), &range);
		assert_string_equal(range.version, rows[i].version);
		assert_string_equal(range.start, rows[i].start);
		assert_string_equal(range.end, rows[i].end);
		assert_int_equal(range.flags, rows[i].flags);
	}
}

/* --- records --- */

static struct km_weakness_range ranges[KM_WEAKNESS_RANGES_MAX];

static const char nvd[] =
    "{\"cve\":{\"id\":\"CVE-2099-0001\",\"published\":\"2026-01-02T03:04:05.678\","
    "\"vulnStatus\":\"Analyzed\",\"cisaExploitAdd\":\"2026-02-03\","
    "\"descriptions\":[{\"lang\":\"es\",\"value\":\"no\"},{\"lang\":\"en\",\"value\":\"yes\"}],"
    "\"metrics\":{\"cvssMetricV31\":[{\"cvssData\":{\"baseScore\":9.8}}]},"
    "\"configurations\":[{\"operator\":\"AND\",\"nodes\":["
    "{\"operator\":\"OR\",\"negate\":false,\"cpeMatch\":[{\"vulnerable\":true,"
    "\"criteria\":\"cpe:2.3:o:hikvision:ds-1_firmware:*:*:*:*:*:*:*:*\","
    "\"versionStartExcluding\":\"1.0\",\"versionEndIncluding\":\"5.4.5\"}]},"
    "{\"operator\":\"OR\",\"negate\":false,\"cpeMatch\":[{\"vulnerable\":false,"
    "\"criteria\":\"cpe:2.3:h:hikvision:ds-1:-:*:*:*:*:*:*:*\"}]}]}]}}";

static const char cve[] =
    "{\"dataType\":\"CVE_RECORD\",\"cveMetadata\":{\"cveId\":\"CVE-2099-0003\","
    "\"state\":\"PUBLISHED\",\"datePublished\":\"2026-02-03T00:00:00.000Z\"},"
    "\"containers\":{\"cna\":{\"title\":\"t\",\"affected\":["
    "{\"vendor\":\"Axis Communications AB\",\"product\":\"AXIS OS\","
    "\"defaultStatus\":\"unaffected\",\"versions\":["
    "{\"version\":\"6.50\",\"status\":\"affected\",\"lessThan\":\"11.11.73\"},"
    "{\"version\":\"9.80.49\",\"status\":\"unaffected\"},"
    "{\"version\":\"0\",\"status\":\"affected\",\"lessThan\":\"*\"}]},"
    "{\"vendor\":\"n/a\",\"product\":\"n/a\",\"versions\":[{\"version\":\"n/a\","
    "\"status\":\"affected\"}]},"
    "{\"vendor\":\"A\",\"product\":\"B\",\"defaultStatus\":\"affected\"}]}}}";

static const char kev[] =
    "{\"cveID\":\"CVE-2099-0004\",\"vendorProject\":\"D-Link\","
    "\"product\":\"DCS-2530L and DCS-2670L Devices\",\"vulnerabilityName\":\"n\","
    "\"dateAdded\":\"2025-08-05\"}";

static void test_records(void **state)
{
	struct km_weakness weakness = { .ranges = ranges, .range_capacity = KM_COUNT(ranges) };

	(void)state;
	assert_int_equal(km_json_lists_parse(km_bytes_text(nvd), &weakness), 0);
	assert_string_equal(weakness.id, "CVE-2099-0001");
	assert_int_equal(weakness.source, KM_WEAKNESS_NVD);
	assert_string_equal(weakness.title, "yes");
	assert_string_equal(weakness.published, "2026-01-02");
	assert_string_equal(weakness.exploited_since, "2026-02-03");
	assert_int_equal(weakness.severity_tenths, 98);
	assert_int_equal(weakness.range_count, 2);
	assert_int_equal(ranges[0].flags, KM_WEAKNESS_VULNERABLE | KM_WEAKNESS_ALL_NODES |
					      KM_WEAKNESS_START_EXCLUDED |
					      KM_WEAKNESS_END_INCLUDED);
	assert_string_equal(ranges[0].end, "5.4.5");
	assert_int_equal(ranges[1].node, 1);
	assert_int_equal(ranges[1].part, 'h');

	assert_int_equal(km_json_lists_parse(km_bytes_text(cve), &weakness), 0);
	assert_int_equal(weakness.source, KM_WEAKNESS_CVE);
	assert_int_equal(weakness.range_count, 4);
	assert_string_equal(ranges[0].start, "6.50");
	assert_string_equal(ranges[0].end, "11.11.73");
	assert_int_equal(ranges[1].flags, KM_WEAKNESS_UNAFFECTED);
	assert_string_equal(ranges[2].end, "");
	assert_string_equal(ranges[3].vendor, "A");

	assert_int_equal(km_json_lists_parse(km_bytes_text(kev), &weakness), 0);
	assert_int_equal(weakness.range_count, 2);
	assert_string_equal(ranges[1].product, "DCS-2670L");
	assert_string_equal(weakness.exploited_since, "2025-08-05");

	assert_int_equal(km_json_lists_parse(KM_BYTES("{\"a\":1}"), &weakness), KM_ERR_NOT_FOUND);
	assert_int_equal(km_json_lists_parse(KM_BYTES("{\"a\":"), &weakness), KM_ERR_FORMAT);
	assert_int_equal(
	    km_json_lists_parse(KM_BYTES("{\"cve\":{\"id\":\"../x\"}}"), &weakness), KM_ERR_FORMAT);
	assert_int_equal(
	    km_json_lists_parse(KM_BYTES("{\"cve\":{\"id\":[]}}"), &weakness), KM_ERR_FORMAT);
}

/* --- MyJVN --- */

struct input {
	struct km_bytes rest;
	char seen[512];
};

static int on_read(void *context, char *ret_data, int size)
{
	struct input *input = context;
	size_t count = input->rest.size < (size_t)size ? input->rest.size : (size_t)size;

	count = count > 7 ? 7 : count;
	if (count > 0) {
		memcpy(ret_data, input->rest.data, count);
	}
	input->rest = km_bytes_after(input->rest, count);
	return (int)count;
}

static int on_weakness(void *context, struct km_weakness *weakness)
{
	struct input *input = context;
	size_t length = strlen(input->seen);

	(void)snprintf(input->seen + length, sizeof(input->seen) - length, "%s %s %s %u %s",
	    weakness->id, weakness->title, weakness->published, weakness->severity_tenths,
	    weakness->url);
	for (size_t i = 0; i < weakness->range_count; i++) {
		length = strlen(input->seen);
		(void)snprintf(input->seen + length, sizeof(input->seen) - length, " [%s %s %s %x]",
		    ranges[i].vendor, ranges[i].product, ranges[i].end, ranges[i].flags);
	}
	length = strlen(input->seen);
	(void)snprintf(input->seen + length, sizeof(input->seen) - length, ";");
	return 0;
}

static int read_jvn(const char *text, struct input *input, char *error, size_t size)
{
	struct km_weakness weakness = { .ranges = ranges, .range_capacity = KM_COUNT(ranges) };

	memset(input, 0, sizeof(*input));
	input->rest = km_bytes_text(text);
	return km_jvn_list_read(on_read, on_weakness, input, &weakness, error, size);
}

static void test_jvn(void **state)
{
	struct input input;
	char error[200] = "";

	(void)state;
	assert_int_equal(
	    read_jvn(
		"<VULDEF-Document xmlns='http://jvn.jp/vuldef/'><Vulinfo>"
		"<VulinfoID>JVNDB-2026-000001</VulinfoID><VulinfoData><Title>T</Title>"
		"<Affected><AffectedItem><Name>N</Name><ProductName>P</ProductName>"
		"<Cpe>cpe:/o:panasonic:wv-1_firmware</Cpe>"
		"<VersionNumber>2.40 未満</VersionNumber></AffectedItem>"
		"<AffectedItem><Name>X</Name><ProductName>Y</ProductName></AffectedItem></Affected>"
		"<Impact><Cvss><Base>8.8</Base></Cvss></Impact>"
		"<Related><RelatedItem><Name>CVE</Name><VulinfoID>CVE-2099-0004</VulinfoID>"
		"<Title>no</Title></RelatedItem></Related>"
		"<DateFirstPublished>2026-03-04T12:00:00+09:00</DateFirstPublished>"
		"</VulinfoData></Vulinfo></VULDEF-Document>",
		&input, error, sizeof(error)),
	    0);
	assert_string_equal(input.seen,
	    "CVE-2099-0004 T 2026-03-04 88 "
	    "https://jvndb.jvn.jp/ja/contents/2026/JVNDB-2026-000001.html"
	    " [panasonic wv-1_firmware 2.40 1] [X Y  21];");

	assert_int_equal(
	    read_jvn("<rdf:RDF xmlns:rdf='r' xmlns='d' xmlns:sec='s' xmlns:dcterms='t'>"
		     "<item><title>T</title><link>https://jvndb.jvn.jp/x</link>"
		     "<sec:identifier>JVNDB-2026-000002</sec:identifier>"
		     "<sec:references source='JVN' id='JVN#1'>u</sec:references>"
		     "<sec:references source='CVE' id='CVE-2099-0005'>u</sec:references>"
		     "<sec:references source='CVE' id='CVE-2099-0006'/>"
		     "<sec:cpe version='2.2' vendor='v' product='p'>cpe:/h:axis:p1</sec:cpe>"
		     "<sec:cvss score='7.5' "
		     "version='3.0'/><dcterms:issued>2026-05-06T00:00</dcterms:issued>"
		     "</item></rdf:RDF>",
		&input, error, sizeof(error)),
	    0);
	assert_string_equal(input.seen,
	    "CVE-2099-0005 T 2026-05-06 75 https://jvndb.jvn.jp/x [axis p1  21];"
	    "CVE-2099-0006 T 2026-05-06 75 https://jvndb.jvn.jp/x [axis p1  21];");
}

static void test_jvn_hostile(void **state)
{
	struct input input;
	char error[200] = "";

	(void)state;
	assert_int_equal(read_jvn("<!DOCTYPE a [<!ENTITY b 'c'><!ENTITY d '&b;&b;&b;'>]><a>&d;</a>",
			     &input, error, sizeof(error)),
	    KM_ERR_FORMAT);
	assert_non_null(strstr(error, "document type"));
	assert_int_equal(read_jvn("<a><b></a>", &input, error, sizeof(error)), KM_ERR_FORMAT);
	assert_int_equal(read_jvn("<a>", &input, error, sizeof(error)), KM_ERR_FORMAT);
	assert_int_equal(read_jvn("", &input, error, sizeof(error)), KM_ERR_FORMAT);
}

/* --- the whole, into a file --- */

struct told {
	size_t faults;
};

static void on_progress(void *context, const char *path, const struct km_importing *importing)
{
	(void)context;
	(void)path;
	(void)importing;
}

static void on_fault(void *context, const char *path, const char *text)
{
	struct told *told = context;

	(void)path;
	(void)text;
	told->faults++;
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int import(
    const char *new_path, const char *earlier, const char *input, struct km_importing *ret_done)
{
	struct told told = { 0 };
	struct km_importing importing = {
		.on_progress = on_progress, .on_fault = on_fault, .context = &told
	};
	int err = km_weakness_file_make(new_path, earlier, &importing.file);

	assert_int_equal(err, 0);
	assert_int_equal(km_importing_init(&importing), 0);
	err = km_importing_read(&importing, input);
	if (err == 0) {
		importing.counts.unix_us = 1000;
		err = km_weakness_file_commit(importing.file, &importing.counts);
	} else {
		assert_true(told.faults > 0);
	}
	km_importing_finish(&importing);
	km_weakness_file_close(importing.file);
	*ret_done = importing;
	return err;
}

struct found {
	size_t count;
	size_t ranges;
	char since[KM_WEAKNESS_DATE_SIZE];
};

static int on_found(void *context, const struct km_weakness *weakness)
{
	struct found *found = context;

	found->count++;
	found->ranges += weakness->range_count;
	memcpy(found->since, weakness->exploited_since, sizeof(found->since));
	return 0;
}

struct counted {
	size_t lists;
	char text[200];
};

static void on_count(void *context, const struct km_weakness_file_count *count)
{
	struct counted *counted = context;
	size_t length = strlen(counted->text);

	counted->lists++;
	(void)snprintf(counted->text + length, sizeof(counted->text) - length, "%s %lld %lld %s; ",
	    km_weakness_source_name(count->source), (long long)count->weaknesses,
	    (long long)count->ranges, count->newest);
}

static void check_counts(const char *path, const char *text)
{
	struct km_weakness_file *file = NULL;
	struct km_weakness_file_import import = { 0 };
	struct counted counted = { 0 };

	assert_int_equal(km_weakness_file_open(path, &file), 0);
	assert_int_equal(km_weakness_file_count(file, on_count, &counted, &import), 0);
	km_weakness_file_close(file);
	assert_string_equal(counted.text, text);
	assert_true(import.unix_us == 1000);
}

static void change_file(const char *path, const char *sql)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_file(void **state)
{
	char folder[] = "/tmp/komainu-test-lists-XXXXXX";
	char input[128];
	char first[128];
	char second[128];
	char text[4096];
	struct km_importing done;
	struct km_weakness_file *file = NULL;
	struct found found = { 0 };

	(void)state;
	assert_non_null(mkdtemp(folder));
	(void)snprintf(input, sizeof(input), "%s/list.json", folder);
	(void)snprintf(first, sizeof(first), "%s/first.db", folder);
	(void)snprintf(second, sizeof(second), "%s/second.db", folder);
	(void)snprintf(text, sizeof(text),
	    "{\"vulnerabilities\":[%s,{\"x\":1},{\"cve\":{\"id\":\"bad\"}},"
	    "{\"cve\":{\"id\":\"CVE-2099-9\"}}]}",
	    nvd);
	write_file(input, text);
	assert_int_equal(import(first, NULL, input, &done), 0);
	assert_int_equal(done.counts.records, 2);
	assert_int_equal(done.counts.kept, 1);
	assert_int_equal(done.counts.strange, 1);
	assert_int_equal(done.counts.broken, 1);

	/* What was there stays; what is imported again is replaced; a folder is walked. */
	(void)snprintf(text, sizeof(text), "%s\n%s\n", kev, nvd);
	write_file(input, text);
	assert_int_equal(import(second, first, folder, &done), 0);
	assert_int_equal(done.counts.kept, 2);
	assert_int_equal(km_weakness_file_open(second, &file), 0);
	assert_int_equal(km_weakness_file_each(file, "hikvision", on_found, &found), 0);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.ranges, 2);
	assert_int_equal(km_weakness_file_find(file, "CVE-2099-0004", on_found, &found), 0);
	assert_int_equal(found.count, 2);
	assert_string_equal(found.since, "2025-08-05");
	km_weakness_file_close(file);

	/* Who asks what is there reads what the import counted, not the lists; older files lack it.
	 */
	check_counts(second, "nvd 1 2 2026-01-02; kev 1 2 2025-08-05; ");
	change_file(second, "CREATE TABLE kept AS SELECT * FROM weakness; DELETE FROM weakness");
	check_counts(second, "nvd 1 2 2026-01-02; kev 1 2 2025-08-05; ");
	change_file(second, "INSERT INTO weakness SELECT * FROM kept; DROP TABLE kept;"
			    "DROP TABLE imported_list");
	check_counts(second, "nvd 1 2 2026-01-02; kev 1 2 2025-08-05; ");
	assert_int_equal(unlink(first), 0);
	assert_int_equal(import(first, second, folder, &done), 0);
	check_counts(first, "nvd 1 2 2026-01-02; kev 1 2 2025-08-05; ");
	assert_int_equal(km_weakness_file_open(input, &file), KM_ERR_FORMAT);
	assert_int_equal(km_weakness_file_make(second, NULL, &file), KM_ERR_EXISTS);

	/* A file that breaks off is no list. */
	write_file(input, "{\"vulnerabilities\":[{");
	assert_int_equal(unlink(first), 0);
	assert_int_equal(import(first, second, input, &done), KM_ERR_FORMAT);
	assert_int_equal(unlink(first), 0);
	assert_int_equal(unlink(second), 0);
	assert_int_equal(unlink(input), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_jvn),
		cmocka_unit_test(test_jvn_hostile),
		cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
