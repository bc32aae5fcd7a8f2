#include "cmd/asking.h"
#include "cmd/verbs.h"

#include "base/time.h"
#include "io/clock.h"
#include "model/states.h"
#include "model/status_json.h"

#include <stdio.h>
#include <string.h>

#define JSON_MAX       ((size_t)16 * 1024 * 1024)
#define ENDS_SOON_DAYS 14 /* a certificate that we renew ourselves never gets so far */

/* What comes back, and whether everything is in order: what the exit status says. */
struct collecting {
	bool wants_json;
	bool is_in_order;
	struct km_message_status_system system;
	struct km_json cameras;
	struct km_json roles;
	struct km_json listeners;
	struct km_json parts;
};

/* --- for people --- */

static void print_camera(const struct km_message_status_camera *camera)
{
	(void)printf("%-20s %-10s received %llu  stored %llu frames  gaps %llu  lost %llu %s%s\n",
	    camera->name, km_states_camera_state(camera->state),
	    (unsigned long long)camera->frames_received, (unsigned long long)camera->frames_stored,
	    (unsigned long long)camera->gaps, (unsigned long long)camera->lost,
	    camera->error[0] == '\0' ? "" : "- ", camera->error);
}

static void print_system(const struct km_message_status_system *system)
{
	char until[KM_TIME_TEXT_SIZE];

	(void)printf("Komainu %s, storage %s, %llu MiB free%s%s\n", system->version,
	    km_states_storage_state(system->storage),
	    (unsigned long long)(system->free_bytes >> 20),
	    system->storage_error[0] == '\0' ? "" : ": ", system->storage_error);
	if (system->journal != KM_JOURNAL_OK) {
		(void)printf("journal %s: %s\n", km_states_name("journal_state", system->journal),
		    system->journal_error);
	}
	if (system->certificate_until_unix_us != 0) {
		int64_t days =
		    (system->certificate_until_unix_us - km_clock_unix_us()) / KM_TIME_DAY_US;

		km_time_write(system->certificate_until_unix_us, until);
		(void)printf("certificate (%s) until %.10s, %lld days left\n",
		    km_states_name("certificate_origin", system->certificate_origin), until,
		    (long long)(days < 0 ? 0 : days));
	}
	if (system->is_clock_kept) {
		(void)printf("clock kept right, to %lld ms\n",
		    (long long)(system->clock_error_us / 1000 + 1));
	} else {
		(void)printf("clock: nothing keeps it right (chrony does, with rtcsync)\n");
	}
	if (system->unexpected_listeners > 0) {
		(void)printf("%u sockets listen that should not: komainu status --listeners\n",
		    system->unexpected_listeners);
	}
}

static void print_listener(const struct km_message_listener *listener)
{
	(void)printf("%-5s %-28s %-9s %-11s %s\n", listener->protocol, listener->address,
	    listener->role, km_states_name("listener_verdict", listener->verdict),
	    listener->reason);
}

static void print_part(const struct km_message_part *part)
{
	if (strcmp(part->name, part->program) == 0) {
		(void)printf("%s %s\n", part->name, part->version);
		return;
	}
	(void)printf("  %-30s %-12s %s %s\n", part->name,
	    part->version[0] == '\0' ? "-" : part->version, part->package, part->package_version);
}

/* --- what comes --- */

static void take_system(
    struct collecting *collecting, const struct km_message_status_system *system)
{
	bool ends = system->certificate_until_unix_us != 0 &&
		    system->certificate_until_unix_us - km_clock_unix_us() <
			ENDS_SOON_DAYS * KM_TIME_DAY_US;

	collecting->system = *system;
	collecting->is_in_order =
	    collecting->is_in_order && system->storage == KM_STORAGE_OK &&
	    (system->journal == KM_JOURNAL_OK || system->journal == KM_JOURNAL_CHECKING) &&
	    system->unexpected_listeners == 0 && !ends;
	if (!collecting->wants_json) {
		print_system(system);
	}
}

static void take_camera(
    struct collecting *collecting, const struct km_message_status_camera *camera)
{
	collecting->is_in_order = collecting->is_in_order &&
				  (!camera->is_enabled || camera->state == KM_CAMERA_STREAMING);
	if (!collecting->wants_json) {
		print_camera(camera);
	}
	km_status_json_camera(&collecting->cameras, NULL, camera);
}

static void take_listener(struct collecting *collecting, const struct km_message_listener *listener)
{
	collecting->is_in_order =
	    collecting->is_in_order && listener->verdict != KM_LISTENER_UNEXPECTED;
	if (!collecting->wants_json) {
		print_listener(listener);
	}
	km_record_write(&collecting->listeners, NULL, KM_MESSAGE_listener, listener);
}

static void on_record(void *context, enum km_message_kind kind, const void *record)
{
	struct collecting *collecting = context;

	switch ((int)kind) {
	case KM_MESSAGE_status_system:
		take_system(collecting, record);
		break;
	case KM_MESSAGE_status_camera:
		take_camera(collecting, record);
		break;
	case KM_MESSAGE_status_role:
		km_status_json_role(&collecting->roles, NULL, record);
		break;
	case KM_MESSAGE_listener:
		take_listener(collecting, record);
		break;
	case KM_MESSAGE_part:
		if (!collecting->wants_json) {
			print_part(record);
		}
		km_record_write(&collecting->parts, NULL, KM_MESSAGE_part, record);
		break;
	default:
		break;
	}
}

static void print_json(struct collecting *collecting, bool has_listeners, bool has_parts)
{
	struct km_json json;

	km_json_init(&json, JSON_MAX);
	km_json_open(&json, NULL, '{');
	km_status_json_system(&json, &collecting->system, km_clock_unix_us());
	km_json_raw(&json, "cameras", km_buf_view(&collecting->cameras.buf));
	km_json_raw(&json, "roles", km_buf_view(&collecting->roles.buf));
	if (has_listeners) {
		km_json_raw(&json, "listeners", km_buf_view(&collecting->listeners.buf));
	}
	if (has_parts) {
		km_json_raw(&json, "parts", km_buf_view(&collecting->parts.buf));
	}
	km_json_close(&json, '}');
	(void)printf("%.*s\n", (int)json.buf.size, (const char *)json.buf.data);
	km_json_finish(&json);
}

static enum km_exit run_status(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct collecting collecting = { .wants_json = context->wants_json, .is_in_order = true };
	struct km_json *const lists[] = { &collecting.cameras, &collecting.roles,
		&collecting.listeners, &collecting.parts };
	struct km_message_status_get get = { 0 };
	struct km_message_listener_list listener_list = { 0 };
	struct km_message_part_list part_list = { 0 };
	bool has_listeners = km_arguments_has(arguments, "--listeners");
	bool has_parts = km_arguments_has(arguments, "--versions");
	enum km_exit result = KM_EXIT_DONE;

	for (size_t i = 0; i < KM_COUNT(lists); i++) {
		km_json_init(lists[i], JSON_MAX);
		km_json_open(lists[i], NULL, '[');
	}
	result = km_asking_each(context, KM_MESSAGE_status_get, &get, on_record, &collecting, NULL);
	if (result == KM_EXIT_DONE && has_listeners) {
		result = km_asking_each(context, KM_MESSAGE_listener_list, &listener_list,
		    on_record, &collecting, NULL);
	}
	if (result == KM_EXIT_DONE && has_parts) {
		result = km_asking_each(
		    context, KM_MESSAGE_part_list, &part_list, on_record, &collecting, NULL);
	}
	for (size_t i = 0; i < KM_COUNT(lists); i++) {
		km_json_close(lists[i], ']');
	}
	if (result == KM_EXIT_DONE && context->wants_json) {
		print_json(&collecting, has_listeners, has_parts);
	}
	for (size_t i = 0; i < KM_COUNT(lists); i++) {
		km_json_finish(lists[i]);
	}
	return result == KM_EXIT_DONE && !collecting.is_in_order ? KM_EXIT_FOUND : result;
}

static const struct km_argument status_arguments[] = {
	{ "--listeners", NULL, "each socket that the recorder listens on, and why" },
	{ "--versions", NULL, "each program, and the libraries that it runs with" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_status = {
	.name = "status",
	.usage = "[--listeners] [--versions]",
	.text = "how the running recorder does (exit status 3: something is not in order)",
	.arguments = status_arguments,
	.run = run_status,
};
