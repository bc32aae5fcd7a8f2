#include "cmd/asking.h"
#include "cmd/verbs.h"
#include "model/states.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS     500
#define LOOKS_MAX   (8 * 3600 * 1000 / LOOK_MS) /* a night */
#define NUMBERS_MAX 4096

static const struct km_asking_column audit_columns[] = {
	{ "number", "number" },
	{ "camera_name", "camera" },
	{ "state", "state" },
	{ "reason", "reason" },
	{ "asked_unix_us", "asked" },
	{ "ended_unix_us", "ended" },
	{ "stage", "stage" },
	{ "facts", "facts" },
	{ "packets", "packets" },
	{ "text", "text" },
	{ NULL, NULL },
};
static const struct km_asking_view audits_view = {
	.record = KM_MESSAGE_audit, .columns = audit_columns, .none = "no camera was audited yet"
};
static const struct km_asking_column fact_columns[] = {
	{ "camera_name", "camera" },
	{ "kind", "fact" },
	{ "subject", "of" },
	{ "value", "value" },
	{ "source", "source" },
	{ "observed_unix_us", "observed" },
	{ "detail", "seen" },
	{ NULL, NULL },
};
static const struct km_asking_view facts_view = {
	.record = KM_MESSAGE_fact, .columns = fact_columns, .none = "nothing is known of it yet"
};

/* --- waiting for what was begun --- */

struct waiting {
	size_t count;
	int64_t numbers[NUMBERS_MAX];
	size_t running; /* of them, at the last look */
	size_t failed;
	struct km_message_audit shown; /* one that runs */
};

static void on_begun(void *context, enum km_message_kind kind, const void *record)
{
	struct waiting *waiting = context;
	const struct km_message_audit *audit = record;

	if (kind == KM_MESSAGE_audit && waiting->count < NUMBERS_MAX) {
		waiting->numbers[waiting->count++] = audit->number;
	}
}

static bool is_waited_for(const struct waiting *waiting, int64_t number)
{
	for (size_t i = 0; i < waiting->count; i++) {
		if (waiting->numbers[i] == number) {
			return true;
		}
	}
	return false;
}

static void on_looked(void *context, enum km_message_kind kind, const void *record)
{
	struct waiting *waiting = context;
	const struct km_message_audit *audit = record;

	if (kind != KM_MESSAGE_audit || !is_waited_for(waiting, audit->number)) {
		return;
	}
	if (audit->state == KM_AUDIT_WAITING || audit->state == KM_AUDIT_RUNNING) {
		waiting->running++;
		if (audit->state == KM_AUDIT_RUNNING) {
			waiting->shown = *audit;
		}
	} else if (audit->state != KM_AUDIT_DONE) {
		waiting->failed++;
	}
}

static void show_progress(const struct waiting *waiting, bool is_last)
{
	const struct km_message_audit *audit = &waiting->shown;

	if (!isatty(STDERR_FILENO)) {
		return;
	}
	if (is_last) {
		(void)fprintf(stderr, "\r\033[K");
		return;
	}
	(void)fprintf(
	    stderr, "\r\033[K%zu of %zu done", waiting->count - waiting->running, waiting->count);
	if (audit->number != 0) {
		(void)fprintf(stderr, "; %s: %s", audit->camera_name, audit->stage);
	}
	if (audit->total > 0) {
		(void)fprintf(stderr, " %" PRIu32 " of %" PRIu32, audit->done, audit->total);
	}
}

static enum km_exit wait_for(
    const struct km_verb_context *context, const struct km_uuid *camera, struct waiting *waiting)
{
	const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };

	for (unsigned look = 0; look < LOOKS_MAX; look++) {
		struct km_message_audit_list list = { .camera = *camera, .limit = NUMBERS_MAX };
		enum km_exit result = KM_EXIT_DONE;

		waiting->running = 0;
		waiting->failed = 0;
		waiting->shown = (struct km_message_audit){ 0 };
		result =
		    km_asking_each(context, KM_MESSAGE_audit_list, &list, on_looked, waiting, NULL);
		show_progress(waiting, result != KM_EXIT_DONE || waiting->running == 0);
		if (result != KM_EXIT_DONE || waiting->running == 0) {
			return result;
		}
		(void)nanosleep(&pause, NULL);
	}
	return km_verb_fail("it goes on; see komainu audit list");
}

/* --- verbs --- */

static enum km_exit show_facts(
    const struct km_verb_context *context, const struct km_uuid *camera, const char *kind)
{
	struct km_message_fact_list list = { .camera = *camera };
	enum km_exit result = KM_EXIT_DONE;

	if (kind != NULL) {
		result = km_asking_set(KM_MESSAGE_fact_list, &list, "kind", kind, "--kind");
	}
	return result != KM_EXIT_DONE
		   ? result
		   : km_asking_show(context, KM_MESSAGE_fact_list, &list, &facts_view);
}

static enum km_exit take_camera(const struct km_verb_context *context,
    const struct km_arguments *arguments, struct km_uuid *ret_camera)
{
	bool is_all = km_arguments_has(arguments, "--all");

	if (is_all == (arguments->word_count == 1)) {
		(void)km_verb_fail("a camera's name or --all is wanted, one of them");
		return KM_EXIT_USAGE;
	}
	return is_all ? KM_EXIT_DONE
		      : km_asking_find_camera(context, arguments->words[0], ret_camera);
}

static enum km_exit run_audit(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static struct waiting waiting; /* large; the process carries out one verb */
	struct km_message_audit_begin begin = {
		.is_thorough = km_arguments_has(arguments, "--thorough"),
	};
	struct km_message_audit_list list = { .limit = NUMBERS_MAX };
	enum km_exit result = take_camera(context, arguments, &begin.camera);

	if (result == KM_EXIT_DONE) {
		result = km_asking_each(
		    context, KM_MESSAGE_audit_begin, &begin, on_begun, &waiting, NULL);
	}
	if (result == KM_EXIT_DONE && !km_arguments_has(arguments, "--no-wait")) {
		result = wait_for(context, &begin.camera, &waiting);
	}
	if (result != KM_EXIT_DONE) {
		return result;
	}
	result = km_uuid_is_nil(&begin.camera)
		     ? km_asking_show(context, KM_MESSAGE_audit_list, &list, &audits_view)
		     : show_facts(context, &begin.camera, NULL);
	return result == KM_EXIT_DONE && waiting.failed > 0 ? KM_EXIT_FOUND : result;
}

static const struct km_argument audit_arguments[] = {
	{ "--all", NULL, "every camera" },
	{ "--thorough", NULL, "all TCP ports: about half an hour for each camera" },
	{ "--no-wait", NULL, "begin it, and return" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_audit = {
	.name = "audit",
	.usage = "CAMERA|--all [--thorough] [--no-wait]",
	.text = "look at a camera from outside, ask it what it is, and show what is known of it",
	.words_max = 1,
	.arguments = audit_arguments,
	.run = run_audit,
};

static enum km_exit run_list(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_message_audit_list list = { 0 };
	enum km_exit result = KM_EXIT_DONE;

	if (arguments->word_count == 1) {
		result = km_asking_find_camera(context, arguments->words[0], &list.camera);
	}
	return result != KM_EXIT_DONE
		   ? result
		   : km_asking_show(context, KM_MESSAGE_audit_list, &list, &audits_view);
}

static const struct km_argument no_arguments[] = { { NULL, NULL, NULL } };

const struct km_verb km_verb_audit_list = {
	.name = "audit list",
	.usage = "[CAMERA]",
	.text = "the newest audit of each camera, or the audits of one",
	.words_max = 1,
	.arguments = no_arguments,
	.run = run_list,
};

static enum km_exit run_facts(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_uuid camera = { 0 };
	enum km_exit result = take_camera(context, arguments, &camera);

	return result != KM_EXIT_DONE
		   ? result
		   : show_facts(context, &camera, km_arguments_get(arguments, "--kind"));
}

static const struct km_argument facts_arguments[] = {
	{ "--all", NULL, "of every camera" },
	{ "--kind", "FACT", "only these, as port_open" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_audit_facts = {
	.name = "audit facts",
	.usage = "CAMERA|--all [--kind FACT]",
	.text = "what is known of a camera, from which source and since when",
	.words_max = 1,
	.arguments = facts_arguments,
	.run = run_facts,
};

static enum km_exit run_stop(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_view view = { .record = KM_MESSAGE_audit };
	struct km_message_audit_end end = { 0 };
	enum km_exit result =
	    km_asking_set(KM_MESSAGE_audit_end, &end, "number", arguments->words[0], "NUMBER");

	return result != KM_EXIT_DONE ? result
				      : km_asking_show(context, KM_MESSAGE_audit_end, &end, &view);
}

const struct km_verb km_verb_audit_stop = {
	.name = "audit stop",
	.usage = "NUMBER",
	.text = "stop an audit",
	.words_min = 1,
	.words_max = 1,
	.arguments = no_arguments,
	.run = run_stop,
};
