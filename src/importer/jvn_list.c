#include "importer/jvn_list.h"

#include "importer/range_words.h"
#include "proto/cpe.h"

#include <libxml/xmlreader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 32
#define IDS_MAX   16
#define TEXT_SIZE 1024

struct walk {
	xmlTextReader *reader;
	struct km_weakness *weakness;
	int (*on_weakness)(void *context, struct km_weakness *weakness);
	void *context;
	char text[TEXT_SIZE]; /* of the element that is being read */
	size_t text_size;
	char ids[IDS_MAX][KM_WEAKNESS_ID_SIZE]; /* CVEs of the entry */
	size_t id_count;
	/* The product that is being read. */
	bool is_in_related;
	bool has_versions;
	struct km_weakness_range product;
	char error[160];
};

static bool is(const char *name, const char *wanted)
{
	return strcmp(name, wanted) == 0;
}

static struct km_bytes text_of(const struct walk *walk)
{
	return km_bytes_trim(km_bytes_from(walk->text, walk->text_size));
}

static void take(const struct walk *walk, char *ret_text, size_t size)
{
	if (ret_text[0] == '\0') {
		km_weakness_copy(text_of(walk), ret_text, size);
	}
}

static void add_id(struct walk *walk, struct km_bytes id)
{
	if (walk->id_count < IDS_MAX && km_weakness_is_id(id) &&
	    km_bytes_has_prefix(id, KM_BYTES("CVE-"))) {
		(void)km_bytes_copy_text(id, walk->ids[walk->id_count++], KM_WEAKNESS_ID_SIZE);
	}
}

static void take_score(struct walk *walk, struct km_bytes text)
{
	char number[8];
	double score = 0;

	if (km_bytes_copy_text(text, number, sizeof(number)) == 0) {
		score = strtod(number, NULL);
	}
	if (score > 0 && score <= 10 && score * 10 > walk->weakness->severity_tenths) {
		walk->weakness->severity_tenths = (uint16_t)(score * 10 + 0.5);
	}
}

static void take_day(struct walk *walk)
{
	struct km_bytes day = km_bytes_slice(text_of(walk), 0, KM_WEAKNESS_DATE_SIZE - 1);

	if (walk->weakness->published[0] == '\0') {
		km_weakness_copy(day, walk->weakness->published, KM_WEAKNESS_DATE_SIZE);
	}
}

/* Products of an entry are alternatives: each is a configuration of its own. */
static struct km_weakness_range *add_range(struct walk *walk)
{
	struct km_weakness_range *range = km_weakness_add(walk->weakness);

	if (range != NULL) {
		*range = walk->product;
		range->flags = KM_WEAKNESS_VULNERABLE;
		range->configuration = (uint16_t)(walk->weakness->range_count - 1);
	}
	return range;
}

static void take_cpe(struct walk *walk)
{
	struct km_cpe cpe;

	if (km_cpe_parse(text_of(walk), &cpe) == 0) {
		walk->product.part = cpe.part;
		(void)snprintf(
		    walk->product.vendor, sizeof(walk->product.vendor), "%s", cpe.vendor);
		(void)snprintf(
		    walk->product.product, sizeof(walk->product.product), "%s", cpe.product);
	}
}

/* A product without a version that is told: the list names none that could be compared. */
static void end_product(struct walk *walk)
{
	struct km_weakness_range *range = NULL;

	if (!walk->has_versions && walk->product.vendor[0] != '\0') {
		range = add_range(walk);
	}
	if (range != NULL) {
		range->flags |= KM_WEAKNESS_UNCLEAR;
	}
}

static void begin_product(struct walk *walk)
{
	memset(&walk->product, 0, sizeof(walk->product));
	walk->product.part = '*';
	walk->has_versions = false;
}

static void begin_entry(struct walk *walk)
{
	km_weakness_clear(walk->weakness);
	walk->weakness->source = KM_WEAKNESS_JVN;
	walk->id_count = 0;
	walk->is_in_related = false;
	begin_product(walk);
}

static int end_entry(struct walk *walk)
{
	int err = 0;

	if (walk->weakness->id[0] == '\0') {
		return 0;
	}
	if (walk->weakness->url[0] == '\0') {
		(void)snprintf(walk->weakness->url, sizeof(walk->weakness->url),
		    "https://jvndb.jvn.jp/ja/contents/%.4s/%s.html", walk->weakness->id + 6,
		    walk->weakness->id);
	}
	if (walk->id_count == 0) {
		return walk->on_weakness(walk->context, walk->weakness);
	}
	for (size_t i = 0; err == 0 && i < walk->id_count; i++) {
		memcpy(walk->weakness->id, walk->ids[i], sizeof(walk->weakness->id));
		err = walk->on_weakness(walk->context, walk->weakness);
	}
	return err;
}

/* sec:references of an overview: the CVE stands in an attribute. */
static void take_attributes(struct walk *walk, const char *name)
{
	const char *wanted = is(name, "references") ? "id" : is(name, "cvss") ? "score" : NULL;
	xmlChar *value = NULL;

	if (wanted != NULL) {
		value = xmlTextReaderGetAttribute(walk->reader, (const xmlChar *)wanted);
	}
	if (value != NULL && is(wanted, "id")) {
		add_id(walk, km_bytes_text((const char *)value));
	} else if (value != NULL) {
		take_score(walk, km_bytes_text((const char *)value));
	}
	xmlFree(value);
}

static void on_begin(struct walk *walk, const char *name)
{
	walk->text_size = 0;
	if (is(name, "Vulinfo") || is(name, "item")) {
		begin_entry(walk);
	} else if (is(name, "AffectedItem")) {
		begin_product(walk);
	} else if (is(name, "RelatedItem")) {
		walk->is_in_related = true;
	}
	take_attributes(walk, name);
}

static void take_id(struct walk *walk)
{
	if (walk->is_in_related) {
		add_id(walk, text_of(walk));
	} else if (walk->weakness->id[0] == '\0' && km_weakness_is_id(text_of(walk)) &&
		   km_bytes_has_prefix(text_of(walk), KM_BYTES("JVNDB-"))) {
		(void)km_bytes_copy_text(
		    text_of(walk), walk->weakness->id, sizeof(walk->weakness->id));
	}
}

static void take_product(struct walk *walk, const char *name)
{
	struct km_weakness_range *range = NULL;

	if (is(name, "Name") && !walk->is_in_related) {
		take(walk, walk->product.vendor, sizeof(walk->product.vendor));
	} else if (is(name, "ProductName")) {
		take(walk, walk->product.product, sizeof(walk->product.product));
	} else if (is(name, "Cpe")) {
		take_cpe(walk);
	} else if (is(name, "VersionNumber")) {
		walk->has_versions = true;
		range = add_range(walk);
		if (range != NULL) {
			km_range_words_take(text_of(walk), range);
		}
	} else if (is(name, "cpe")) {
		begin_product(walk);
		take_cpe(walk);
		end_product(walk);
	} else if (is(name, "AffectedItem")) {
		end_product(walk);
	}
}

static int on_end(struct walk *walk, const char *name)
{
	struct km_weakness *weakness = walk->weakness;

	if (is(name, "Vulinfo") || is(name, "item")) {
		return end_entry(walk);
	}
	if (is(name, "VulinfoID") || is(name, "identifier")) {
		take_id(walk);
	} else if (is(name, "Title") || is(name, "title")) {
		if (!walk->is_in_related) {
			take(walk, weakness->title, sizeof(weakness->title));
		}
	} else if (is(name, "link")) {
		take(walk, weakness->url, sizeof(weakness->url));
	} else if (is(name, "Base")) {
		take_score(walk, text_of(walk));
	} else if (is(name, "DateFirstPublished") || is(name, "issued")) {
		take_day(walk);
	} else if (is(name, "RelatedItem")) {
		walk->is_in_related = false;
	} else {
		take_product(walk, name);
	}
	walk->text_size = 0;
	return 0;
}

static void on_text(struct walk *walk)
{
	const char *value = (const char *)xmlTextReaderConstValue(walk->reader);
	size_t size = value == NULL ? 0 : strlen(value);
	size_t room = sizeof(walk->text) - walk->text_size;

	size = size < room ? size : room;
	if (size > 0) {
		memcpy(walk->text + walk->text_size, value, size);
		walk->text_size += size;
	}
}

static int on_node(struct walk *walk)
{
	const char *name = (const char *)xmlTextReaderConstLocalName(walk->reader);

	if (xmlTextReaderDepth(walk->reader) > DEPTH_MAX) {
		(void)snprintf(walk->error, sizeof(walk->error), "elements nest too deep");
		return KM_ERR_FORMAT;
	}
	switch (xmlTextReaderNodeType(walk->reader)) {
	case XML_READER_TYPE_DOCUMENT_TYPE:
	case XML_READER_TYPE_ENTITY_REFERENCE:
		(void)snprintf(walk->error, sizeof(walk->error),
		    "a document type or an entity; lists of MyJVN have none");
		return KM_ERR_FORMAT;
	case XML_READER_TYPE_ELEMENT:
		on_begin(walk, name);
		return xmlTextReaderIsEmptyElement(walk->reader) == 1 ? on_end(walk, name) : 0;
	case XML_READER_TYPE_END_ELEMENT:
		return on_end(walk, name);
	case XML_READER_TYPE_TEXT:
	case XML_READER_TYPE_CDATA:
		on_text(walk);
		return 0;
	default:
		return 0;
	}
}

static void on_xml_error(
    void *context, const char *text, xmlParserSeverities severity, xmlTextReaderLocatorPtr locator)
{
	struct walk *walk = context;
	char clean[100];

	(void)severity;
	if (walk->error[0] == '\0') {
		km_weakness_copy(km_bytes_text(text), clean, sizeof(clean));
		(void)snprintf(walk->error, sizeof(walk->error), "line %d: %s",
		    xmlTextReaderLocatorLineNumber(locator), clean);
	}
}

int km_jvn_list_read(int (*read)(void *context, char *ret_data, int size),
    int (*on_weakness)(void *context, struct km_weakness *weakness), void *context,
    struct km_weakness *weakness, char *ret_error, size_t error_size)
{
	struct walk *walk = calloc(1, sizeof(*walk));
	int more = 1;
	int err = 0;

	if (walk == NULL) {
		return KM_ERR_MEMORY;
	}
	walk->weakness = weakness;
	walk->on_weakness = on_weakness;
	walk->context = context;
	begin_entry(walk);
	walk->reader = xmlReaderForIO(read, NULL, context, NULL, NULL, XML_PARSE_NONET);
	if (walk->reader == NULL) {
		free(walk);
		return KM_ERR_MEMORY;
	}
	xmlTextReaderSetErrorHandler(walk->reader, on_xml_error, walk);
	while (err == 0 && (more = xmlTextReaderRead(walk->reader)) == 1) {
		err = on_node(walk);
	}
	if (err == 0 && more < 0) {
		err = KM_ERR_FORMAT;
	}
	if (err < 0) {
		(void)snprintf(ret_error, error_size, "%s",
		    walk->error[0] != '\0' ? walk->error : km_error_text(err));
	}
	xmlFreeTextReader(walk->reader);
	free(walk);
	return err;
}
