#include "importer/json_lists.h"

#include "importer/range_words.h"
#include "proto/cpe.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static struct km_bytes text_of(const json_t *value)
{
	return km_bytes_from(json_string_value(value), json_string_length(value));
}

static void take(const json_t *object, const char *name, char *ret_text, size_t size)
{
	km_weakness_copy(text_of(json_object_get(object, name)), ret_text, size);
}

static int take_id(const json_t *object, const char *name, struct km_weakness *weakness)
{
	struct km_bytes id = text_of(json_object_get(object, name));

	if (!km_weakness_is_id(id)) {
		return KM_ERR_FORMAT;
	}
	return km_bytes_copy_text(id, weakness->id, sizeof(weakness->id));
}

/* "2021-09-22T13:15:07.690" to its day. */
static void take_day(const json_t *object, const char *name, char ret_day[KM_WEAKNESS_DATE_SIZE])
{
	struct km_bytes text = text_of(json_object_get(object, name));

	if (text.size >= KM_WEAKNESS_DATE_SIZE - 1 && isdigit(text.data[0])) {
		km_weakness_copy(km_bytes_slice(text, 0, KM_WEAKNESS_DATE_SIZE - 1), ret_day,
		    KM_WEAKNESS_DATE_SIZE);
	}
}

/* The English text of a list of descriptions. */
static void take_description(const json_t *list, struct km_weakness *weakness)
{
	size_t i = 0;
	json_t *entry = NULL;

	json_array_foreach(list, i, entry)
	{
		if (weakness->title[0] == '\0' &&
		    km_bytes_has_prefix(text_of(json_object_get(entry, "lang")), KM_BYTES("en"))) {
			take(entry, "value", weakness->title, sizeof(weakness->title));
		}
	}
}

static void take_score(const json_t *cvss, struct km_weakness *weakness)
{
	double score = json_number_value(json_object_get(cvss, "baseScore"));

	if (score > 0 && score <= 10 && weakness->severity_tenths == 0) {
		weakness->severity_tenths = (uint16_t)(score * 10 + 0.5);
	}
}

/* --- NVD --- */

static void take_match(const json_t *match, struct km_weakness *weakness, unsigned configuration,
    unsigned node, bool needs_all)
{
	const struct {
		const char *name;
		bool is_end;
		unsigned flag;
	} bounds[] = {
		{ "versionStartIncluding", false, 0 },
		{ "versionStartExcluding", false, KM_WEAKNESS_START_EXCLUDED },
		{ "versionEndIncluding", true, KM_WEAKNESS_END_INCLUDED },
		{ "versionEndExcluding", true, 0 },
	};
	struct km_cpe cpe;
	struct km_weakness_range *range = NULL;

	if (km_cpe_parse(text_of(json_object_get(match, "criteria")), &cpe) == 0) {
		range = km_weakness_add(weakness);
	}
	if (range == NULL) {
		return;
	}
	range->configuration = (uint16_t)configuration;
	range->node = (uint16_t)node;
	range->part = cpe.part;
	range->flags = (uint8_t)(needs_all ? KM_WEAKNESS_ALL_NODES : 0);
	if (json_is_true(json_object_get(match, "vulnerable"))) {
		range->flags |= KM_WEAKNESS_VULNERABLE;
	}
	(void)snprintf(range->vendor, sizeof(range->vendor), "%s", cpe.vendor);
	(void)snprintf(range->product, sizeof(range->product), "%s", cpe.product);
	if (strcmp(cpe.version, "*") != 0 && strcmp(cpe.version, "-") != 0) {
		(void)snprintf(range->version, sizeof(range->version), "%s", cpe.version);
	}
	for (size_t i = 0; i < KM_COUNT(bounds); i++) {
		struct km_bytes text = text_of(json_object_get(match, bounds[i].name));

		if (text.size > 0) {
			range->version[0] = '\0';
			range->flags |= (uint8_t)bounds[i].flag;
			km_weakness_copy(
			    text, bounds[i].is_end ? range->end : range->start, sizeof(range->end));
		}
	}
}

static void take_configuration(
    const json_t *configuration, struct km_weakness *weakness, unsigned number)
{
	bool needs_all =
	    km_bytes_is_equal(text_of(json_object_get(configuration, "operator")), KM_BYTES("AND"));
	size_t i = 0;
	size_t k = 0;
	json_t *node = NULL;
	json_t *match = NULL;

	/* A negated part says what must not be there: nothing that we could see. */
	json_array_foreach(json_object_get(configuration, "nodes"), i, node)
	{
		if (json_is_true(json_object_get(node, "negate"))) {
			continue;
		}
		json_array_foreach(json_object_get(node, "cpeMatch"), k, match)
		{
			take_match(match, weakness, number, (unsigned)i & 0xffff, needs_all);
		}
	}
}

static void take_nvd_scores(const json_t *metrics, struct km_weakness *weakness)
{
	static const char *const names[] = { "cvssMetricV40", "cvssMetricV31", "cvssMetricV30",
		"cvssMetricV2" };

	for (size_t i = 0; i < KM_COUNT(names); i++) {
		take_score(json_object_get(
			       json_array_get(json_object_get(metrics, names[i]), 0), "cvssData"),
		    weakness);
	}
}

static int parse_nvd(const json_t *cve, struct km_weakness *weakness)
{
	size_t i = 0;
	json_t *configuration = NULL;

	weakness->source = KM_WEAKNESS_NVD;
	if (take_id(cve, "id", weakness) < 0) {
		return KM_ERR_FORMAT;
	}
	if (km_bytes_is_equal(text_of(json_object_get(cve, "vulnStatus")), KM_BYTES("Rejected"))) {
		return 0;
	}
	take_day(cve, "published", weakness->published);
	take_day(cve, "cisaExploitAdd", weakness->exploited_since);
	take_description(json_object_get(cve, "descriptions"), weakness);
	take_nvd_scores(json_object_get(cve, "metrics"), weakness);
	(void)snprintf(weakness->url, sizeof(weakness->url), "https://nvd.nist.gov/vuln/detail/%s",
	    weakness->id);
	json_array_foreach(json_object_get(cve, "configurations"), i, configuration)
	{
		take_configuration(configuration, weakness, (unsigned)i & 0xffff);
	}
	return 0;
}

/* --- CVE List v5 --- */

static bool is_status(const json_t *object, const char *name, const char *status)
{
	return km_bytes_is_equal(text_of(json_object_get(object, name)), km_bytes_text(status));
}

/* Vendor and product of a range: as named, or, where they are not, of the first CPE. */
static bool name_product(const json_t *affected, struct km_weakness_range *range)
{
	struct km_cpe cpe;

	range->part = '*';
	take(affected, "vendor", range->vendor, sizeof(range->vendor));
	take(affected, "product", range->product, sizeof(range->product));
	if (km_cpe_parse(text_of(json_array_get(json_object_get(affected, "cpes"), 0)), &cpe) ==
	    0) {
		range->part = cpe.part;
		(void)snprintf(range->vendor, sizeof(range->vendor), "%s", cpe.vendor);
		(void)snprintf(range->product, sizeof(range->product), "%s", cpe.product);
	}
	if (range->product[0] == '\0' || strcasecmp(range->product, "n/a") == 0 ||
	    strcasecmp(range->product, "unknown") == 0) {
		(void)snprintf(range->product, sizeof(range->product), "*");
	}
	return range->vendor[0] != '\0' && strcasecmp(range->vendor, "n/a") != 0;
}

static void take_version(const json_t *version, struct km_weakness_range *range)
{
	struct km_bytes text = text_of(json_object_get(version, "version"));
	struct km_bytes below = text_of(json_object_get(version, "lessThan"));
	struct km_bytes up_to = text_of(json_object_get(version, "lessThanOrEqual"));

	if (is_status(version, "versionType", "git")) {
		range->flags |= KM_WEAKNESS_UNCLEAR;
		return;
	}
	km_range_words_take(text, range);
	if (below.size == 0 && up_to.size == 0) {
		return;
	}
	/* With an upper end, what was an exact version is the lower one. */
	if (range->version[0] != '\0') {
		memcpy(range->start, range->version, sizeof(range->start));
		range->version[0] = '\0';
	}
	range->flags &= (uint8_t)~KM_WEAKNESS_UNCLEAR;
	if (below.size == 0) {
		range->flags |= KM_WEAKNESS_END_INCLUDED;
		below = up_to;
	}
	if (!km_bytes_is_equal(below, KM_BYTES("*"))) {
		km_weakness_copy(below, range->end, sizeof(range->end));
	}
}

static void add_range(const json_t *affected, const json_t *version, bool is_affected,
    unsigned number, struct km_weakness *weakness)
{
	struct km_weakness_range *range = km_weakness_add(weakness);

	if (range == NULL) {
		return;
	}
	range->configuration = (uint16_t)number;
	range->flags = (uint8_t)(is_affected ? KM_WEAKNESS_VULNERABLE : KM_WEAKNESS_UNAFFECTED);
	if (!name_product(affected, range)) {
		weakness->range_count--;
		return;
	}
	if (version != NULL) {
		take_version(version, range);
	}
}

static void take_affected(const json_t *affected, unsigned number, struct km_weakness *weakness)
{
	bool has_affected = false;
	size_t i = 0;
	json_t *version = NULL;

	json_array_foreach(json_object_get(affected, "versions"), i, version)
	{
		bool is_affected = is_status(version, "status", "affected");

		if (is_affected || is_status(version, "status", "unaffected")) {
			add_range(affected, version, is_affected, number, weakness);
		}
		has_affected = has_affected || is_affected;
	}
	if (!has_affected && is_status(affected, "defaultStatus", "affected")) {
		add_range(affected, NULL, true, number, weakness);
	}
}

static void take_container(const json_t *container, unsigned *number, struct km_weakness *weakness)
{
	static const char *const scores[] = { "cvssV4_0", "cvssV3_1", "cvssV3_0", "cvssV2_0" };
	size_t i = 0;
	json_t *entry = NULL;

	json_array_foreach(json_object_get(container, "affected"), i, entry)
	{
		take_affected(entry, (*number)++ & 0xffff, weakness);
	}
	json_array_foreach(json_object_get(container, "metrics"), i, entry)
	{
		for (size_t k = 0; k < KM_COUNT(scores); k++) {
			take_score(json_object_get(entry, scores[k]), weakness);
		}
	}
	if (weakness->title[0] == '\0') {
		take(container, "title", weakness->title, sizeof(weakness->title));
	}
	take_description(json_object_get(container, "descriptions"), weakness);
}

static int parse_cve(const json_t *record, const json_t *metadata, struct km_weakness *weakness)
{
	const json_t *containers = json_object_get(record, "containers");
	unsigned number = 0;
	size_t i = 0;
	json_t *container = NULL;

	weakness->source = KM_WEAKNESS_CVE;
	if (take_id(metadata, "cveId", weakness) < 0) {
		return KM_ERR_FORMAT;
	}
	if (is_status(metadata, "state", "REJECTED")) {
		return 0;
	}
	take_day(metadata, "datePublished", weakness->published);
	(void)snprintf(weakness->url, sizeof(weakness->url), "https://www.cve.org/CVERecord?id=%s",
	    weakness->id);
	take_container(json_object_get(containers, "cna"), &number, weakness);
	json_array_foreach(json_object_get(containers, "adp"), i, container)
	{
		take_container(container, &number, weakness);
	}
	return 0;
}

/* --- KEV --- */

static void add_exploited(const char *vendor, struct km_bytes product, struct km_weakness *weakness)
{
	struct km_weakness_range *range = km_weakness_add(weakness);

	if (range != NULL) {
		range->part = '*';
		range->flags = KM_WEAKNESS_VULNERABLE | KM_WEAKNESS_UNCLEAR;
		km_weakness_copy(km_bytes_text(vendor), range->vendor, sizeof(range->vendor));
		km_weakness_copy(product, range->product, sizeof(range->product));
	}
}

/* KEV names products in prose: "DCS-2530L and DCS-2670L Devices". Words with a digit are models. */
static int parse_kev(const json_t *record, struct km_weakness *weakness)
{
	char vendor[KM_WEAKNESS_VENDOR_SIZE];
	struct km_bytes words = text_of(json_object_get(record, "product"));

	weakness->source = KM_WEAKNESS_KEV;
	if (take_id(record, "cveID", weakness) < 0) {
		return KM_ERR_FORMAT;
	}
	take_day(record, "dateAdded", weakness->exploited_since);
	take_day(record, "dateAdded", weakness->published);
	take(record, "vulnerabilityName", weakness->title, sizeof(weakness->title));
	take(record, "vendorProject", vendor, sizeof(vendor));
	(void)snprintf(weakness->url, sizeof(weakness->url),
	    "https://www.cisa.gov/known-exploited-vulnerabilities-catalog?search_api_fulltext=%s",
	    weakness->id);
	while (words.size > 0) {
		struct km_bytes word = km_bytes_split(&words, ' ');
		bool has_digit = false;

		while (word.size > 0 && !isalnum(word.data[word.size - 1]) &&
		       word.data[word.size - 1] < 0x80) {
			word.size--;
		}
		for (size_t i = 0; i < word.size; i++) {
			has_digit = has_digit || isdigit(word.data[i]);
		}
		if (has_digit && word.size >= 3) {
			add_exploited(vendor, word, weakness);
		}
	}
	if (weakness->range_count == 0) {
		add_exploited(vendor, KM_BYTES("*"), weakness);
	}
	return 0;
}

int km_json_lists_parse(struct km_bytes record, struct km_weakness *weakness)
{
	json_t *root =
	    json_loadb((const char *)record.data, record.size, JSON_REJECT_DUPLICATES, NULL);
	const json_t *nvd = json_object_get(root, "cve");
	const json_t *metadata = json_object_get(root, "cveMetadata");
	int err = KM_ERR_NOT_FOUND;

	km_weakness_clear(weakness);
	if (root == NULL) {
		return KM_ERR_FORMAT;
	}
	if (json_is_object(nvd)) {
		err = parse_nvd(nvd, weakness);
	} else if (json_is_object(metadata)) {
		err = parse_cve(root, metadata, weakness);
	} else if (json_is_string(json_object_get(root, "cveID"))) {
		err = parse_kev(root, weakness);
	}
	json_decref(root);
	return err;
}
