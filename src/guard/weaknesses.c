#include "guard/weaknesses.h"

#include "guard/audits.h"
#include "guard/cameras.h"
#include "model/known_cases.h"
#include "model/makers.h"
#include "model/own_products.h"
#include "model/states.h"
#include "store/weakness_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAMERAS_MAX 4096

struct finding {
	const struct km_weakness_device *device;
	struct km_weaknesses_hit *hits;
	size_t count;
};

/* Where a hit goes: on a weaker one of its id, at the end, or in place of the weakest. */
static struct km_weaknesses_hit *place_for(
    struct finding *finding, const char *id, unsigned confidence)
{
	size_t weakest = 0;

	for (size_t i = 0; i < finding->count; i++) {
		if (strcmp(finding->hits[i].id, id) == 0) {
			return finding->hits[i].hit.confidence < confidence ? &finding->hits[i]
									    : NULL;
		}
		if (finding->hits[i].hit.confidence < finding->hits[weakest].hit.confidence) {
			weakest = i;
		}
	}
	if (finding->count < KM_WEAKNESSES_HITS_MAX) {
		return &finding->hits[finding->count++];
	}
	return finding->hits[weakest].hit.confidence < confidence ? &finding->hits[weakest] : NULL;
}

static int on_weakness(void *context, const struct km_weakness *weakness)
{
	struct finding *finding = context;
	struct km_weaknesses_hit *place = NULL;
	struct km_weakness_hit hit;

	if (!km_weakness_match_device(finding->device, weakness, &hit)) {
		return 0;
	}
	place = place_for(finding, weakness->id, hit.confidence);
	if (place != NULL) {
		memset(place, 0, sizeof(*place));
		memcpy(place->id, weakness->id, sizeof(place->id));
		memcpy(place->title, weakness->title, sizeof(place->title));
		memcpy(place->url, weakness->url, sizeof(place->url));
		place->severity_tenths = weakness->severity_tenths;
		place->hit = hit;
	}
	return 0;
}

static int by_confidence(const void *left, const void *right)
{
	const struct km_weaknesses_hit *a = left;
	const struct km_weaknesses_hit *b = right;
	int order = (int)b->hit.confidence - (int)a->hit.confidence;

	return order != 0 ? order : strcmp(b->id, a->id);
}

static int find_known(struct finding *finding)
{
	struct km_weakness_range ranges[16];
	struct km_weakness weakness = { .ranges = ranges, .range_capacity = KM_COUNT(ranges) };

	return km_known_cases_each(&weakness, on_weakness, finding);
}

static int find_in_lists(const char *lists, struct finding *finding)
{
	struct km_weakness_file *file = NULL;
	char maker[KM_MAKERS_NAME_SIZE];
	int err = km_weakness_file_open(lists, &file);

	if (err == KM_ERR_NOT_FOUND) {
		return 0;
	}
	if (err == 0) {
		(void)km_makers_find(finding->device->maker, maker);
		err = km_weakness_file_each(file, maker, on_weakness, finding);
	}
	km_weakness_file_close(file);
	return err;
}

int km_weaknesses_find(const char *lists, const struct km_weakness_device *device,
    struct km_weaknesses_hit *ret_hits, size_t *ret_count)
{
	struct finding finding = { .device = device, .hits = ret_hits };
	int err = 0;

	*ret_count = 0;
	if (device->maker == NULL || device->maker[0] == '\0') {
		return 0;
	}
	err = find_known(&finding);
	if (err == 0) {
		err = find_in_lists(lists, &finding);
	}
	if (err == 0) {
		qsort(ret_hits, finding.count, sizeof(*ret_hits), by_confidence);
		*ret_count = finding.count;
	}
	return err;
}

/* --- facts --- */

/* "known, kev 2026-11-20, nvd 2026-11-21": each list with the day of its newest entry. */
struct listing {
	char text[KM_FACT_VALUE_SIZE];
	int64_t imported_us; /* 0: never */
};

static void on_count(void *context, const struct km_weakness_file_count *count)
{
	struct listing *listing = context;
	size_t length = strlen(listing->text);

	(void)snprintf(listing->text + length, sizeof(listing->text) - length, ", %s %s",
	    km_weakness_source_name(count->source), count->newest);
}

static void list_lists(const char *lists, struct listing *ret_listing)
{
	struct km_weakness_file *file = NULL;
	struct km_weakness_file_import import = { 0 };

	(void)snprintf(ret_listing->text, sizeof(ret_listing->text), "known");
	if (km_weakness_file_open(lists, &file) == 0 &&
	    km_weakness_file_count(file, on_count, ret_listing, &import) < 0) {
		import.unix_us = 0;
	}
	km_weakness_file_close(file);
	ret_listing->imported_us = import.unix_us;
}

/*
 * What it was compared with; or why it was not. The program's own list is no comparison: it names a
 * few known cases. A comparison is as old as the lists, however often it is done again.
 */
static int put_compared(struct km_database *database, const struct km_uuid *camera,
    const struct listing *listing, const char *why_not, int64_t now_us)
{
	struct km_fact fact = {
		.camera = *camera,
		.kind = KM_FACT_WEAKNESSES_COMPARED,
		.source = KM_FROM_IMPORT,
		.observed_unix_us = now_us,
	};

	if (why_not == NULL && listing->imported_us == 0) {
		why_not = "nothing was imported: only the program's own list was used";
	}
	if (why_not == NULL) {
		fact.is_known = true;
		fact.observed_unix_us =
		    listing->imported_us < now_us ? listing->imported_us : now_us;
		memcpy(fact.value, listing->text, sizeof(fact.value));
	} else {
		(void)snprintf(fact.detail, sizeof(fact.detail), "%s", why_not);
	}
	return km_audits_put_fact(database, &fact);
}

static int put_hits(struct km_database *database, const struct km_uuid *camera,
    enum km_fact_kind kind, const struct km_weaknesses_hit *hits, size_t count, int64_t now_us)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < count; i++) {
		struct km_fact fact = {
			.camera = *camera,
			.kind = (uint16_t)kind,
			.source = KM_FROM_IMPORT,
			.is_known = true,
			.observed_unix_us = now_us,
		};

		if (hits[i].hit.confidence < KM_WEAKNESSES_KEPT_FROM) {
			continue;
		}
		(void)snprintf(fact.subject, sizeof(fact.subject), "%s", hits[i].id);
		(void)snprintf(fact.value, sizeof(fact.value), "%u", hits[i].hit.confidence);
		km_weakness_copy(
		    km_bytes_text(hits[i].hit.reason), fact.detail, sizeof(fact.detail));
		err = km_audits_put_fact(database, &fact);
	}
	return err;
}

/* What is known of a camera's make: what it says itself before what it looks like. */
struct make {
	char maker[KM_FACT_VALUE_SIZE];
	char model[KM_FACT_VALUE_SIZE];
	char firmware[KM_FACT_VALUE_SIZE];
	char hardware[KM_FACT_VALUE_SIZE];
};

static int on_fact(void *context, const struct km_fact *fact)
{
	struct make *make = context;
	char *to = fact->kind == KM_FACT_MAKER      ? make->maker
		   : fact->kind == KM_FACT_MODEL    ? make->model
		   : fact->kind == KM_FACT_FIRMWARE ? make->firmware
		   : fact->kind == KM_FACT_HARDWARE ? make->hardware
						    : NULL;

	if (to != NULL && fact->is_known &&
	    (to[0] == '\0' || fact->source == KM_FROM_ONVIF || fact->source == KM_FROM_PERSON)) {
		memcpy(to, fact->value, KM_FACT_VALUE_SIZE);
	}
	return 0;
}

/* What a camera was compared with, and what came out; worked out before anything is written. */
struct comparison {
	struct listing listing;
	const char *why_not; /* NULL: it was */
	size_t count;
	struct km_weaknesses_hit hits[KM_WEAKNESSES_HITS_MAX];
};

static int compare(const char *lists, const struct make *make, struct comparison *comparison)
{
	const struct km_weakness_device device = {
		.maker = make->maker,
		.model = make->model,
		.firmware = make->firmware,
		.hardware = make->hardware,
	};

	comparison->why_not = make->maker[0] == '\0'   ? "its maker is not known"
			      : make->model[0] == '\0' ? "its model is not known"
						       : NULL;
	list_lists(lists, &comparison->listing);
	return km_weaknesses_find(lists, &device, comparison->hits, &comparison->count);
}

static int replace(struct km_database *database, const struct km_uuid *camera,
    const struct comparison *comparison, int64_t now_us)
{
	int err = km_audits_drop_facts(database, camera, KM_FACT_VULNERABILITY, KM_FROM_IMPORT);

	if (err == 0) {
		err = put_hits(database, camera, KM_FACT_VULNERABILITY, comparison->hits,
		    comparison->count, now_us);
	}
	return err < 0 ? err
		       : put_compared(
			     database, camera, &comparison->listing, comparison->why_not, now_us);
}

/* In a transaction of its own, unless there is one. */
static int end(struct km_database *database, bool is_own, int err)
{
	if (is_own && err == 0) {
		err = km_database_exec(database, "COMMIT");
	}
	if (is_own && err < 0) {
		km_database_undo(database);
	}
	return err;
}

static int replace_whole(struct km_database *database, const struct km_uuid *camera,
    const struct comparison *comparison, int64_t now_us)
{
	bool is_own = !km_database_is_in_transaction(database);
	int err = is_own ? km_database_exec(database, "BEGIN IMMEDIATE") : 0;

	return err < 0 ? err : end(database, is_own, replace(database, camera, comparison, now_us));
}

int km_weaknesses_look(
    struct km_database *database, const char *lists, const struct km_uuid *camera, int64_t now_us)
{
	struct comparison *comparison = calloc(1, sizeof(*comparison));
	struct make make = { 0 };
	int err = comparison == NULL ? KM_ERR_MEMORY : 0;

	if (err == 0) {
		err = km_audits_each_fact(database, camera, 0, on_fact, &make);
	}
	if (err == 0) {
		err = compare(lists, &make, comparison);
	}
	if (err == 0) {
		err = replace_whole(database, camera, comparison, now_us);
	}
	free(comparison);
	return err;
}

struct ids {
	struct km_uuid *ids;
	size_t count;
};

static int on_camera(void *context, const struct km_camera *camera)
{
	struct ids *ids = context;

	if (ids->count < CAMERAS_MAX) {
		ids->ids[ids->count++] = camera->id;
	}
	return 0;
}

int km_weaknesses_look_at_all(struct km_database *database, const char *lists, int64_t now_us)
{
	struct ids ids = { .ids = calloc(CAMERAS_MAX, sizeof(*ids.ids)) };
	int err = ids.ids == NULL ? KM_ERR_MEMORY : km_cameras_each(database, on_camera, &ids);

	for (size_t i = 0; err == 0 && i < ids.count; i++) {
		err = km_weaknesses_look(database, lists, &ids.ids[i], now_us);
	}
	free(ids.ids);
	return err;
}

/* --- the recorder's own parts --- */

/* "1:3.0.17-1~deb12u2" to "3.0.17". */
static void cut_version(const char *version, char *ret_text, size_t size)
{
	const char *colon = strchr(version, ':');
	char *end = NULL;

	(void)snprintf(ret_text, size, "%s", colon == NULL ? version : colon + 1);
	end = strrchr(ret_text, '-');
	if (end != NULL) {
		*end = '\0';
	}
	end = strpbrk(ret_text, "+~");
	if (end != NULL) {
		*end = '\0';
	}
}

static int look_at_part(struct km_database *database, const char *lists,
    const struct km_message_part *part, const struct km_own_product *product,
    struct km_weaknesses_hit *hits, int64_t now_us)
{
	static const struct km_uuid self;
	char version[64];
	const struct km_weakness_device device = {
		.maker = product->vendor,
		.model = product->product,
		.firmware = version,
		.is_repaired_by_others = true,
	};
	size_t count = 0;
	int err = 0;

	cut_version(part->package_version, version, sizeof(version));
	err = km_weaknesses_find(lists, &device, hits, &count);
	return err == 0 ? put_hits(database, &self, KM_FACT_SELF_VULNERABILITY, hits, count, now_us)
			: err;
}

static bool was_seen(const struct km_message_part *parts, size_t count, const char *package)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(parts[i].package, package) == 0) {
			return true;
		}
	}
	return false;
}

static int look_at_parts(struct km_database *database, const char *lists,
    const struct km_message_part *parts, size_t count, struct km_weaknesses_hit *hits,
    int64_t now_us)
{
	size_t product_count = 0;
	const struct km_own_product *products = km_own_products(&product_count);
	int err = 0;

	for (size_t i = 0; err == 0 && i < count; i++) {
		if (parts[i].package[0] == '\0' || was_seen(parts, i, parts[i].package)) {
			continue;
		}
		for (size_t k = 0; err == 0 && k < product_count; k++) {
			if (km_own_products_is_package(&products[k], parts[i].package)) {
				err = look_at_part(
				    database, lists, &parts[i], &products[k], hits, now_us);
			}
		}
	}
	return err;
}

int km_weaknesses_look_at_parts(struct km_database *database, const char *lists,
    const struct km_message_part *parts, size_t count, int64_t now_us)
{
	static const struct km_uuid self;
	struct km_weaknesses_hit *hits = calloc(KM_WEAKNESSES_HITS_MAX, sizeof(*hits));
	bool is_own = !km_database_is_in_transaction(database);
	struct listing listing;
	int err = hits == NULL ? KM_ERR_MEMORY : 0;

	list_lists(lists, &listing);
	if (err == 0 && is_own) {
		err = km_database_exec(database, "BEGIN IMMEDIATE");
		is_own = err == 0;
	}
	if (err == 0) {
		err = km_audits_drop_facts(
		    database, &self, KM_FACT_SELF_VULNERABILITY, KM_FROM_IMPORT);
	}
	if (err == 0) {
		err = look_at_parts(database, lists, parts, count, hits, now_us);
	}
	if (err == 0) {
		err = put_compared(database, &self, &listing, NULL, now_us);
	}
	err = end(database, is_own, err);
	free(hits);
	return err;
}
