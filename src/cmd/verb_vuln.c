/*
 * `komainu vuln`: what fits the cameras, what is known of one weakness, which lists there are.
 */
#include "base/time.h"
#include "cmd/verbs.h"
#include "guard/audits.h"
#include "guard/cameras.h"
#include "guard/weaknesses.h"
#include "model/known_cases.h"
#include "model/states.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH_SIZE (KM_STATE_PATH_SIZE + sizeof(KM_WEAKNESS_FILE_NAME) + 1)

static void print_json(json_t *root)
{
	(void)json_dumpf(root, stdout, JSON_INDENT(2));
	(void)fputs("\n", stdout);
	json_decref(root);
}

static void lists_of(const struct km_state *state, char ret_path[static PATH_SIZE])
{
	(void)snprintf(ret_path, PATH_SIZE, "%s/%s", state->directory, KM_WEAKNESS_FILE_NAME);
}

/* --- list: of the cameras, by the facts that are stored --- */

struct listing {
	struct km_database *database;
	const struct km_camera *camera; /* NULL: all, and the recorder itself */
	bool wants_all;                 /* also what is less sure */
	json_t *list;                   /* NULL: print */
	size_t count;
	size_t hidden;
};

static void name_camera(
    struct km_database *database, const struct km_uuid *id, char ret_name[KM_CAMERA_NAME_SIZE])
{
	struct km_camera camera;

	if (km_uuid_is_nil(id)) {
		(void)snprintf(ret_name, KM_CAMERA_NAME_SIZE, "(recorder)");
	} else if (km_cameras_find(database, id, &camera) == 0) {
		memcpy(ret_name, camera.name, KM_CAMERA_NAME_SIZE);
	} else {
		ret_name[0] = '\0';
	}
}

static void tell(struct listing *listing, const char *camera, const char *id, int64_t confidence,
    const char *reason)
{
	if (confidence < KM_WEAKNESS_MATCH_SHOWN && !listing->wants_all) {
		listing->hidden++;
		return;
	}
	listing->count++;
	if (listing->list != NULL) {
		(void)json_array_append_new(
		    listing->list, json_pack("{s:s, s:s, s:I, s:s}", "camera", camera, "id", id,
				       "confidence", (json_int_t)confidence, "reason", reason));
	} else {
		(void)printf("%-20s %-17s %3" PRId64 "  %s\n", camera, id, confidence, reason);
	}
}

static int on_fact(void *context, const struct km_fact *fact)
{
	struct listing *listing = context;
	char name[KM_CAMERA_NAME_SIZE];
	int64_t confidence = 0;

	if (fact->kind != KM_FACT_VULNERABILITY && fact->kind != KM_FACT_SELF_VULNERABILITY) {
		return 0;
	}
	name_camera(listing->database, &fact->camera, name);
	if (name[0] != '\0' && km_facts_number(fact, &confidence) == 0) {
		tell(listing, name, fact->subject, confidence, fact->detail);
	}
	return 0;
}

/* Of a device that the options describe, whatever is registered. */
static enum km_exit list_device(const struct km_verb_context *context,
    const struct km_arguments *arguments, const char *lists, struct listing *listing)
{
	const struct km_weakness_device device = {
		.maker = km_arguments_get(arguments, "--maker"),
		.model = km_arguments_get(arguments, "--model"),
		.firmware = km_arguments_get(arguments, "--firmware"),
		.hardware = km_arguments_get(arguments, "--hardware"),
	};
	struct km_weaknesses_hit *hits = calloc(KM_WEAKNESSES_HITS_MAX, sizeof(*hits));
	size_t count = 0;
	int err = hits == NULL ? KM_ERR_MEMORY : km_weaknesses_find(lists, &device, hits, &count);

	(void)context;
	for (size_t i = 0; i < count; i++) {
		tell(listing, device.model == NULL ? "" : device.model, hits[i].id,
		    hits[i].hit.confidence, hits[i].hit.reason);
	}
	free(hits);
	return err < 0 ? km_verb_fail("%s: %s", lists, km_error_text(err)) : KM_EXIT_DONE;
}

static void end_list(const struct km_verb_context *context, struct listing *listing)
{
	if (context->wants_json) {
		print_json(json_pack("{s:O, s:I}", "weaknesses", listing->list, "hidden",
		    (json_int_t)listing->hidden));
		return;
	}
	if (listing->count == 0) {
		(void)puts("nothing known fits");
	}
	if (listing->hidden > 0) {
		(void)printf("%zu more are less sure than %d: --all\n", listing->hidden,
		    KM_WEAKNESS_MATCH_SHOWN);
	}
}

static enum km_exit run_list(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_state state = { 0 };
	struct km_camera camera = { 0 };
	bool has_camera = arguments->word_count > 0;
	struct listing listing = {
		.wants_all = km_arguments_has(arguments, "--all"),
		.list = context->wants_json ? json_array() : NULL,
	};
	char lists[PATH_SIZE];
	enum km_exit result = km_verb_open(context, &state);

	listing.database = state.database;
	lists_of(&state, lists);
	if (result == KM_EXIT_DONE && has_camera &&
	    km_cameras_find_name(state.database, km_bytes_text(arguments->words[0]), &camera) < 0) {
		result = km_verb_fail("%s: no camera has this name", arguments->words[0]);
	}
	if (result == KM_EXIT_DONE && km_arguments_has(arguments, "--maker")) {
		result = list_device(context, arguments, lists, &listing);
	} else if (result == KM_EXIT_DONE &&
		   km_audits_each_fact(
		       state.database, has_camera ? &camera.id : NULL, 0, on_fact, &listing) < 0) {
		result = km_verb_fail("the facts cannot be read");
	}
	if (result == KM_EXIT_DONE) {
		end_list(context, &listing);
	}
	json_decref(listing.list);
	km_state_close(&state);
	return result == KM_EXIT_DONE && listing.count > 0 ? KM_EXIT_FOUND : result;
}

/* --- show: one weakness, by all lists --- */

struct showing {
	const char *id;
	json_t *lists;
};

static json_t *range_json(const struct km_weakness_range *range)
{
	const char part[2] = { range->part, '\0' };

	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:b, s:b, s:b, s:b, s:i, s:i}",
	    "part", part, "vendor", range->vendor, "product", range->product, "version",
	    range->version, "from", range->start, "from_excluded",
	    (int)((range->flags & KM_WEAKNESS_START_EXCLUDED) != 0), "to", range->end,
	    "to_included", (int)((range->flags & KM_WEAKNESS_END_INCLUDED) != 0), "affected",
	    (int)((range->flags & KM_WEAKNESS_VULNERABLE) != 0), "repaired",
	    (int)((range->flags & KM_WEAKNESS_UNAFFECTED) != 0), "unclear",
	    (int)((range->flags & KM_WEAKNESS_UNCLEAR) != 0), "configuration",
	    (int)range->configuration, "node", (int)range->node);
}

static int on_weakness(void *context, const struct km_weakness *weakness)
{
	struct showing *showing = context;
	json_t *ranges = NULL;

	if (strcmp(weakness->id, showing->id) != 0) {
		return 0;
	}
	ranges = json_array();
	for (size_t i = 0; i < weakness->range_count; i++) {
		(void)json_array_append_new(ranges, range_json(&weakness->ranges[i]));
	}
	(void)json_array_append_new(showing->lists,
	    json_pack("{s:s, s:s, s:f, s:s, s:s, s:s, s:b, s:o}", "list",
		km_weakness_source_name(weakness->source), "title", weakness->title, "severity",
		weakness->severity_tenths / 10.0, "published", weakness->published,
		"exploited_since", weakness->exploited_since, "url", weakness->url, "cut",
		(int)weakness->is_cut, "products", ranges));
	return 0;
}

static const char *text_in(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

static void print_products(const json_t *list)
{
	size_t i = 0;
	json_t *range = NULL;

	json_array_foreach(json_object_get(list, "products"), i, range)
	{
		const char *from = text_in(range, "from");
		const char *to = text_in(range, "to");

		(void)printf("    %s%s %s  %s%s%s%s%s%s%s\n",
		    json_is_true(json_object_get(range, "affected"))   ? ""
		    : json_is_true(json_object_get(range, "repaired")) ? "repaired: "
								       : "on: ",
		    text_in(range, "vendor"), text_in(range, "product"), text_in(range, "version"),
		    from[0] == '\0' ? "" : "from ", from,
		    to[0] == '\0'                                         ? ""
		    : json_is_true(json_object_get(range, "to_included")) ? " up to "
									  : " before ",
		    to,
		    from[0] == '\0' && to[0] == '\0' && text_in(range, "version")[0] == '\0'
			? "any version"
			: "",
		    json_is_true(json_object_get(range, "unclear")) ? " (versions unclear)" : "");
	}
}

static void print_lists(const char *id, const json_t *lists)
{
	size_t i = 0;
	json_t *list = NULL;

	(void)printf("%s\n", id);
	json_array_foreach(lists, i, list)
	{
		const char *since = text_in(list, "exploited_since");

		(void)printf("  %s  %s  %.1f%s%s\n    %s\n    %s\n", text_in(list, "list"),
		    text_in(list, "published"),
		    json_number_value(json_object_get(list, "severity")),
		    since[0] == '\0' ? "" : "  exploited since ", since, text_in(list, "title"),
		    text_in(list, "url"));
		print_products(list);
	}
}

static int find_everywhere(const char *path, struct showing *showing)
{
	struct km_weakness_range ranges[16];
	struct km_weakness known = { .ranges = ranges, .range_capacity = KM_COUNT(ranges) };
	struct km_weakness_file *file = NULL;
	int err = km_known_cases_each(&known, on_weakness, showing);

	if (err == 0) {
		err = km_weakness_file_open(path, &file);
	}
	if (err == 0) {
		err = km_weakness_file_find(file, showing->id, on_weakness, showing);
	}
	km_weakness_file_close(file);
	return err == KM_ERR_NOT_FOUND ? 0 : err;
}

static enum km_exit run_show(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_state state = { 0 };
	struct showing showing = { .id = arguments->words[0], .lists = json_array() };
	char path[PATH_SIZE];
	enum km_exit result = km_verb_open(context, &state);
	int err = 0;

	if (result == KM_EXIT_DONE) {
		lists_of(&state, path);
		err = find_everywhere(path, &showing);
		if (err < 0) {
			result = km_verb_fail("%s: %s", path, km_error_text(err));
		} else if (json_array_size(showing.lists) == 0) {
			(void)km_verb_fail("%s: in none of the lists that are here", showing.id);
			result = KM_EXIT_ABSENT;
		}
	}
	if (result == KM_EXIT_DONE && context->wants_json) {
		print_json(json_pack("{s:s, s:O}", "id", showing.id, "lists", showing.lists));
	} else if (result == KM_EXIT_DONE) {
		print_lists(showing.id, showing.lists);
	}
	json_decref(showing.lists);
	km_state_close(&state);
	return result;
}

/* --- status --- */

static void on_count(void *context, const struct km_weakness_file_count *count)
{
	(void)json_array_append_new(context,
	    json_pack("{s:s, s:I, s:I, s:s}", "list", km_weakness_source_name(count->source),
		"weaknesses", (json_int_t)count->weaknesses, "products", (json_int_t)count->ranges,
		"newest", count->newest));
}

static int count_known(void *context, const struct km_weakness *weakness)
{
	struct km_weakness_file_count *count = context;

	count->weaknesses++;
	count->ranges += (int64_t)weakness->range_count;
	if (strcmp(weakness->published, count->newest) > 0) {
		memcpy(count->newest, weakness->published, sizeof(count->newest));
	}
	return 0;
}

static void print_status(const json_t *lists, const struct km_weakness_file_import *import)
{
	char time[KM_TIME_TEXT_SIZE];
	size_t i = 0;
	json_t *list = NULL;

	json_array_foreach(lists, i, list)
	{
		(void)printf("%-6s %8lld weaknesses %9lld products  newest %s\n",
		    text_in(list, "list"),
		    (long long)json_integer_value(json_object_get(list, "weaknesses")),
		    (long long)json_integer_value(json_object_get(list, "products")),
		    text_in(list, "newest"));
	}
	if (import->unix_us == 0) {
		(void)puts("nothing was imported yet: komainu vuln import, see komainu(1)");
		return;
	}
	km_time_write(import->unix_us, time);
	(void)printf("imported %s: %" PRIu64 " records, %" PRIu64 " kept, %" PRIu64
		     " cannot be read, %" PRIu64 " are of other kinds\n",
	    time, import->records, import->kept, import->broken, import->strange);
}

static enum km_exit run_status(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_weakness_range ranges[16];
	struct km_weakness weakness = { .ranges = ranges, .range_capacity = KM_COUNT(ranges) };
	struct km_weakness_file_count known = { .source = KM_WEAKNESS_KNOWN };
	struct km_weakness_file_import import = { 0 };
	struct km_weakness_file *file = NULL;
	struct km_state state = { 0 };
	json_t *lists = json_array();
	char path[PATH_SIZE];
	enum km_exit result = km_verb_open(context, &state);
	int err = km_known_cases_each(&weakness, count_known, &known);

	(void)arguments;
	on_count(lists, &known);
	lists_of(&state, path);
	if (result == KM_EXIT_DONE && err == 0) {
		err = km_weakness_file_open(path, &file);
		err = err == 0 ? km_weakness_file_count(file, on_count, lists, &import)
		      : err == KM_ERR_NOT_FOUND ? 0
						: err;
	}
	if (result == KM_EXIT_DONE && err < 0) {
		result = km_verb_fail("%s: %s", path, km_error_text(err));
	}
	if (result == KM_EXIT_DONE && context->wants_json) {
		print_json(json_pack("{s:O, s:I, s:I, s:I, s:I, s:I}", "lists", lists,
		    "imported_unix_us", (json_int_t)import.unix_us, "records",
		    (json_int_t)import.records, "kept", (json_int_t)import.kept, "broken",
		    (json_int_t)import.broken, "strange", (json_int_t)import.strange));
	} else if (result == KM_EXIT_DONE) {
		print_status(lists, &import);
	}
	json_decref(lists);
	km_weakness_file_close(file);
	km_state_close(&state);
	return result;
}

static const struct km_argument no_arguments[] = { { NULL, NULL, NULL } };

static const struct km_argument list_arguments[] = {
	{ "--all", NULL, "also what is less sure than 70" },
	{ "--maker", "NAME", "of a device that is described here, registered or not" },
	{ "--model", "NAME", "its model" },
	{ "--firmware", "VERSION", "its firmware" },
	{ "--hardware", "ID", "its hardware" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_vuln_list = {
	.name = "vuln list",
	.usage = "[CAMERA] [--all] | --maker NAME --model NAME [--firmware VERSION]",
	.text = "known weaknesses that fit the cameras, how surely, and why",
	.words_max = 1,
	.arguments = list_arguments,
	.run = run_list,
};

const struct km_verb km_verb_vuln_show = {
	.name = "vuln show",
	.usage = "ID",
	.text = "what the lists say of one weakness, as CVE-2021-36260",
	.words_min = 1,
	.words_max = 1,
	.arguments = no_arguments,
	.run = run_show,
};

const struct km_verb km_verb_vuln_status = {
	.name = "vuln status",
	.usage = "",
	.text = "which lists of weaknesses are here, and how old they are",
	.arguments = no_arguments,
	.run = run_status,
};
