#include "judge/weakness_match.h"

#include "model/makers.h"
#include "proto/cpe.h"
#include "proto/version_text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* How sure a name is, by how it fits. */
#define NAME_EXACT   95
#define NAME_PATTERN 85 /* "DS-2CD2xx2F-I" */
#define NAME_SYSTEM  85 /* the system that all devices of the maker run, as "AXIS OS" */
#define NAME_SERIES  75 /* the list's name begins the model's */
#define NAME_ANY     40 /* any product of the maker */

/* What is taken off, by what is not known of the version. */
#define ALL_VERSIONS     15 /* the list names no version */
#define BUILD_MISSING    12 /* equal but for a build that the device does not tell */
#define VERSION_MISSING  45 /* the device does not tell its own */
#define VERSION_UNLIKE   40 /* they cannot be compared */
#define REPAIRED_PERHAPS 40

/* What one range says of the device. */
struct verdict {
	int confidence; /* 0: it does not fit */
	const struct km_weakness_range *range;
	const char *name_reason;
	const char *version_reason;
};

struct folded {
	char maker[KM_MAKERS_NAME_SIZE];
	char model[KM_WEAKNESS_PRODUCT_SIZE];
	char hardware[KM_WEAKNESS_PRODUCT_SIZE];
	struct km_version_text firmware;
	bool has_firmware;
};

/* --- names --- */

static size_t run_of_x(const char *pattern)
{
	return strspn(pattern, "x");
}

/*
 * A pattern where each x stands for a letter or digit, and a single x between others for 1 to 4 of
 * them, as in "IPC-HX5XXX" for HFW, HDBW... What is left of the model may follow.
 */
static bool fits_pattern(const char *pattern, const char *model, unsigned depth)
{
	while (*pattern != '\0') {
		size_t run = run_of_x(pattern);

		if (run == 1 && pattern[1] != '\0' && depth < 4) {
			for (size_t i = 1; i <= 4 && i <= strlen(model); i++) {
				if (fits_pattern(pattern + 1, model + i, depth + 1)) {
					return true;
				}
			}
			return false;
		}
		if (run > 0 ? strlen(model) < run : *model != *pattern) {
			return false;
		}
		run = run > 0 ? run : 1;
		pattern += run;
		model += run;
	}
	return true;
}

static bool has_digit(const char *text)
{
	return strpbrk(text, "0123456789") != NULL;
}

/* A pattern has a run of x, or a single one before a digit, beside what is fixed. */
static bool is_pattern(const char *product)
{
	const char *x = strchr(product, 'x');

	return has_digit(product) && x != NULL &&
	       (strstr(product, "xx") != NULL || isdigit((unsigned char)x[1]));
}

static void drop_end(char *text, const char *end)
{
	size_t length = strlen(text);
	size_t size = strlen(end);

	if (length > size && strcmp(text + length - size, end) == 0) {
		text[length - size] = '\0';
	}
}

static int judge_model(const char *product, const char *model, const char **ret_reason)
{
	size_t length = strlen(product);

	if (model[0] == '\0' || length < 3) {
		return 0;
	}
	if (strcmp(product, model) == 0) {
		*ret_reason = "the model is named";
		return NAME_EXACT;
	}
	if (is_pattern(product) && fits_pattern(product, model, 0)) {
		*ret_reason = "the model fits the named pattern";
		return NAME_PATTERN;
	}
	if (length >= 4 && has_digit(product) && strncmp(model, product, length) == 0) {
		*ret_reason = "the model's name begins with the named one";
		return NAME_SERIES;
	}
	return 0;
}

/* "axis_os": what all devices of the maker run. */
static bool is_system(const struct folded *device, const char *product, char part)
{
	size_t length = strlen(device->maker);

	return part != 'h' && strncmp(product, device->maker, length) == 0 &&
	       (product[length] == '\0' || strncmp(product + length, "os", 2) == 0);
}

static int judge_name(
    const struct folded *device, const struct km_weakness_range *range, const char **ret_reason)
{
	char vendor[KM_MAKERS_NAME_SIZE];
	char product[KM_WEAKNESS_PRODUCT_SIZE];
	const char *reason = NULL;
	size_t maker = strlen(device->maker);
	int name = 0;
	int other = 0;

	(void)km_makers_find(range->vendor, vendor);
	if (maker == 0 || strcmp(vendor, device->maker) != 0) {
		return 0;
	}
	if (strcmp(range->product, "*") == 0) {
		*ret_reason = "the maker is named, without a model";
		return NAME_ANY;
	}
	(void)km_cpe_fold(range->product, product, sizeof(product));
	drop_end(product, "series");
	if (is_system(device, product, range->part)) {
		*ret_reason = "the system of this maker's devices is named";
		return NAME_SYSTEM;
	}
	/* Makers write their own name before the model: "AXIS P3225-LV". */
	maker = strncmp(product, device->maker, maker) == 0 ? maker : 0;
	name = judge_model(product + maker, device->model, ret_reason);
	other = judge_model(product + maker, device->hardware, &reason);
	if (other > name) {
		*ret_reason = reason;
	}
	return other > name ? other : name;
}

/* --- versions --- */

enum bound { AT_LEAST, ABOVE, AT_MOST, BELOW };

/* Whether the device's version keeps within a bound: 1 yes, 0 no, -1 it cannot be told. */
static int keeps(const struct folded *device, const char *text, enum bound bound, bool *is_vague)
{
	struct km_version_text limit;
	enum km_version_order order = KM_VERSION_UNSURE;

	if (km_version_text_parse(text, &limit) < 0) {
		return -1;
	}
	order = km_version_text_compare(&device->firmware, &limit);
	if (order == KM_VERSION_ALIKE && limit.build == 0) {
		order = KM_VERSION_EQUAL;
	}
	switch (order) {
	case KM_VERSION_LESS:
		return bound == AT_MOST || bound == BELOW;
	case KM_VERSION_GREATER:
		return bound == AT_LEAST || bound == ABOVE;
	case KM_VERSION_EQUAL:
		return bound == AT_LEAST || bound == AT_MOST;
	case KM_VERSION_ALIKE:
		*is_vague = true;
		return 1;
	default:
		return -1;
	}
}

static bool names_version(const struct km_weakness_range *range)
{
	return range->version[0] != '\0' || range->start[0] != '\0' || range->end[0] != '\0';
}

/* As keeps, for all bounds of a range. */
static int keeps_all(
    const struct folded *device, const struct km_weakness_range *range, bool *is_vague)
{
	const struct {
		const char *text;
		enum bound bound;
	} bounds[] = {
		{ range->version, AT_LEAST },
		{ range->version, AT_MOST },
		{ range->start, (range->flags & KM_WEAKNESS_START_EXCLUDED) ? ABOVE : AT_LEAST },
		{ range->end, (range->flags & KM_WEAKNESS_END_INCLUDED) ? AT_MOST : BELOW },
	};
	int result = 1;

	for (size_t i = 0; i < KM_COUNT(bounds); i++) {
		int kept = bounds[i].text[0] == '\0'
			       ? 1
			       : keeps(device, bounds[i].text, bounds[i].bound, is_vague);

		if (kept == 0) {
			return 0;
		}
		result = kept < 0 ? kept : result;
	}
	return result;
}

/* Returns what is to be taken off, or -1: the version is outside. */
static int judge_version(
    const struct folded *device, const struct km_weakness_range *range, const char **ret_reason)
{
	bool is_vague = false;
	int kept = 0;

	if ((range->flags & KM_WEAKNESS_UNCLEAR) != 0) {
		*ret_reason = "the list's words for the versions are not understood";
		return VERSION_UNLIKE;
	}
	if (!names_version(range)) {
		*ret_reason = "the list names no version";
		return ALL_VERSIONS;
	}
	if (!device->has_firmware) {
		*ret_reason = "the running version is not known";
		return VERSION_MISSING;
	}
	kept = keeps_all(device, range, &is_vague);
	if (kept == 0) {
		return -1;
	}
	*ret_reason = kept < 0   ? "the versions cannot be compared"
		      : is_vague ? "the version is that of the limit, its build is not told"
				 : "the version is in the range";
	return kept < 0 ? VERSION_UNLIKE : is_vague ? BUILD_MISSING : 0;
}

/* --- ranges, nodes, configurations --- */

static struct verdict judge_range(
    const struct folded *device, const struct km_weakness_range *range)
{
	struct verdict verdict = { .range = range, .name_reason = "", .version_reason = "" };
	int off = 0;

	verdict.confidence = judge_name(device, range, &verdict.name_reason);
	if (verdict.confidence > 0 && (range->flags & KM_WEAKNESS_VULNERABLE) != 0) {
		off = judge_version(device, range, &verdict.version_reason);
		verdict.confidence = off < 0                    ? 0
				     : verdict.confidence > off ? verdict.confidence - off
								: 1;
	}
	return verdict;
}

/* The best of a node's ranges, beginning at *at, which moves behind the node. */
static struct verdict judge_node(
    const struct folded *device, const struct km_weakness *weakness, size_t *at)
{
	const struct km_weakness_range *first = &weakness->ranges[*at];
	struct verdict best = { .range = first };

	for (; *at < weakness->range_count; (*at)++) {
		const struct km_weakness_range *range = &weakness->ranges[*at];
		struct verdict verdict;

		if (range->configuration != first->configuration || range->node != first->node) {
			break;
		}
		if ((range->flags & KM_WEAKNESS_UNAFFECTED) != 0) {
			continue;
		}
		verdict = judge_range(device, range);
		if (verdict.confidence > best.confidence) {
			best = verdict;
		}
	}
	return best;
}

/* A version that the list calls repaired settles it. */
static bool is_unaffected(const struct folded *device, const struct km_weakness *weakness)
{
	for (size_t i = 0; i < weakness->range_count; i++) {
		const struct km_weakness_range *range = &weakness->ranges[i];
		const char *reason = NULL;

		if ((range->flags & KM_WEAKNESS_UNAFFECTED) != 0 && device->has_firmware &&
		    names_version(range) && judge_name(device, range, &reason) >= NAME_SERIES &&
		    judge_version(device, range, &reason) == 0) {
			return true;
		}
	}
	return false;
}

/*
 * A configuration, beginning at *at. Firmware AND hardware: both must be there, and the vulnerable
 * one tells which versions.
 */
static struct verdict judge_configuration(
    const struct folded *device, const struct km_weakness *weakness, size_t *at)
{
	unsigned configuration = weakness->ranges[*at].configuration;
	struct verdict result = { 0 };
	bool is_missing = false;

	while (
	    *at < weakness->range_count && weakness->ranges[*at].configuration == configuration) {
		unsigned flags = weakness->ranges[*at].flags;
		struct verdict node = judge_node(device, weakness, at);

		is_missing =
		    is_missing || ((flags & KM_WEAKNESS_ALL_NODES) != 0 && node.confidence == 0);
		if ((node.range->flags & KM_WEAKNESS_VULNERABLE) != 0 &&
		    node.confidence > result.confidence) {
			result = node;
		}
	}
	if (is_missing) {
		result.confidence = 0;
	}
	return result;
}

static void fold_device(const struct km_weakness_device *device, struct folded *ret_folded)
{
	char model[KM_WEAKNESS_PRODUCT_SIZE];
	size_t maker = 0;

	memset(ret_folded, 0, sizeof(*ret_folded));
	if (device->maker != NULL) {
		(void)km_makers_find(device->maker, ret_folded->maker);
	}
	(void)km_cpe_fold(device->model == NULL ? "" : device->model, model, sizeof(model));
	maker = strlen(ret_folded->maker);
	maker = strncmp(model, ret_folded->maker, maker) == 0 && model[maker] != '\0' ? maker : 0;
	(void)snprintf(ret_folded->model, sizeof(ret_folded->model), "%s", model + maker);
	(void)km_cpe_fold(device->hardware == NULL ? "" : device->hardware, ret_folded->hardware,
	    sizeof(ret_folded->hardware));
	ret_folded->has_firmware =
	    device->firmware != NULL &&
	    km_version_text_parse(device->firmware, &ret_folded->firmware) == 0;
}

static void write_range(const struct km_weakness_range *range, char *ret_text, size_t size)
{
	bool has_start = range->start[0] != '\0';
	bool has_end = range->end[0] != '\0';
	bool includes_end = (range->flags & KM_WEAKNESS_END_INCLUDED) != 0;

	if (range->version[0] != '\0') {
		(void)snprintf(ret_text, size, "%s", range->version);
	} else if (!has_start && !has_end) {
		(void)snprintf(ret_text, size, "any");
	} else {
		(void)snprintf(ret_text, size, "%s%s%s%s%s", has_start ? "from " : "", range->start,
		    has_start && has_end ? " " : "",
		    !has_end       ? ""
		    : includes_end ? "up to "
				   : "before ",
		    range->end);
	}
}

static void explain(const struct km_weakness_device *device, const struct km_weakness *weakness,
    const struct verdict *verdict, char ret_reason[static KM_WEAKNESS_MATCH_REASON_SIZE])
{
	char range[2 * KM_WEAKNESS_VERSION_SIZE + 32];
	bool has_firmware = device->firmware != NULL && device->firmware[0] != '\0';

	write_range(verdict->range, range, sizeof(range));
	(void)snprintf(ret_reason, KM_WEAKNESS_MATCH_REASON_SIZE,
	    "%s: %s (%.60s %.80s); %s (%.140s)%s%.60s%s%s%s",
	    km_weakness_source_name(weakness->source), verdict->name_reason, verdict->range->vendor,
	    verdict->range->product, verdict->version_reason, range,
	    has_firmware ? "; it runs " : "", has_firmware ? device->firmware : "",
	    device->is_repaired_by_others ? "; its packager may have repaired it already" : "",
	    weakness->exploited_since[0] != '\0' ? "; exploited, in KEV since " : "",
	    weakness->exploited_since);
}

bool km_weakness_match_device(const struct km_weakness_device *device,
    const struct km_weakness *weakness, struct km_weakness_hit *ret_hit)
{
	struct folded folded;
	struct verdict best = { 0 };
	size_t at = 0;

	fold_device(device, &folded);
	if (is_unaffected(&folded, weakness)) {
		return false;
	}
	while (at < weakness->range_count) {
		struct verdict verdict = judge_configuration(&folded, weakness, &at);

		if (verdict.confidence > best.confidence) {
			best = verdict;
		}
	}
	if (best.confidence <= 0) {
		return false;
	}
	if (device->is_repaired_by_others) {
		best.confidence -= REPAIRED_PERHAPS;
	}
	ret_hit->confidence = (uint8_t)(best.confidence > 1 ? best.confidence : 1);
	explain(device, weakness, &best, ret_hit->reason);
	return true;
}
