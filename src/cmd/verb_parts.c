#include "cmd/asking.h"
#include "cmd/verbs.h"
#include "crypto/random.h"
#include "io/clock.h"
#include "model/cyclonedx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTS_MAX 512
#define JSON_MAX  ((size_t)4 * 1024 * 1024)

struct collecting {
	struct km_message_part *parts;
	size_t count;
};

static void on_part(void *context, enum km_message_kind kind, const void *record)
{
	struct collecting *collecting = context;

	if (kind == KM_MESSAGE_part && collecting->count < PARTS_MAX) {
		memcpy(
		    &collecting->parts[collecting->count++], record, sizeof(collecting->parts[0]));
	}
}

static enum km_exit run_parts(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_message_part_list list = { 0 };
	struct collecting collecting = { .parts = calloc(PARTS_MAX, sizeof(*collecting.parts)) };
	struct km_uuid serial;
	struct km_json json;
	enum km_exit result = KM_EXIT_DONE;

	(void)arguments;
	if (collecting.parts == NULL || km_random_uuid(&serial) < 0) {
		result = km_verb_fail("%s", km_error_text(KM_ERR_MEMORY));
	}
	if (result == KM_EXIT_DONE) {
		result = km_asking_each(
		    context, KM_MESSAGE_part_list, &list, on_part, &collecting, NULL);
	}
	if (result == KM_EXIT_DONE) {
		km_json_init(&json, JSON_MAX);
		km_cyclonedx_write(
		    &json, collecting.parts, collecting.count, &serial, km_clock_unix_us());
		(void)printf("%.*s\n", (int)json.buf.size, (const char *)json.buf.data);
		km_json_finish(&json);
	}
	free(collecting.parts);
	return result;
}

static const struct km_argument no_arguments[] = { { NULL, NULL, NULL } };

const struct km_verb km_verb_parts = {
	.name = "parts",
	.usage = "",
	.text = "the programs and libraries of the running recorder as CycloneDX JSON",
	.arguments = no_arguments,
	.run = run_parts,
};
