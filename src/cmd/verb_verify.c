#include "cmd/verbs.h"

#include "base/time.h"
#include "guard/cameras.h"
#include "guard/journal.h"
#include "io/clock.h"
#include "store/verify.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRESS_US   (KM_TIME_SECOND_US / 4)
#define PROBLEMS_KEPT 10000 /* in JSON; all are counted */

struct work {
	struct km_state state;
	json_t *problems; /* NULL: print them */
	bool wants_progress;
	int64_t began_us;
	int64_t shown_us;
};

static int find_key(
    void *context, const struct km_uuid *id, uint8_t ret_key[static KM_SECRET_BYTES])
{
	struct work *work = context;
	struct km_vault_key key = { 0 };
	int err = km_vault_find_key(work->state.vault, id, &key);

	if (err == 0) {
		memcpy(ret_key, key.material, sizeof(key.material));
	}
	explicit_bzero(&key, sizeof(key));
	return err;
}

static void on_problem(void *context, const char *path, uint64_t offset, const char *text)
{
	struct work *work = context;

	if (work->problems == NULL) {
		(void)printf("%s: at %llu: %s\n", path, (unsigned long long)offset, text);
	} else if (json_array_size(work->problems) < PROBLEMS_KEPT) {
		(void)json_array_append_new(
		    work->problems, json_pack("{s:s, s:I, s:s}", "file", path, "offset",
					(json_int_t)offset, "text", text));
	}
}

static bool on_progress(void *context, const struct km_verify_result *so_far)
{
	struct work *work = context;
	int64_t now_us = km_clock_monotonic_us();
	double taken_s = (double)(now_us - work->began_us) / 1e6;

	if (work->wants_progress && now_us - work->shown_us > PROGRESS_US) {
		work->shown_us = now_us;
		(void)fprintf(stderr, "\r%llu segments  %llu MiB  %.0f MiB/s  %llu problems   ",
		    (unsigned long long)so_far->segments, (unsigned long long)(so_far->bytes >> 20),
		    (double)(so_far->bytes >> 20) / taken_s, (unsigned long long)so_far->problems);
	}
	return true;
}

static void tell(const struct km_verb_context *context, struct work *work, int64_t journal_entries,
    bool is_journal_whole, const struct km_verify_result *result)
{
	json_t *root = NULL;

	if (work->wants_progress && work->shown_us != 0) {
		(void)fputs("\n", stderr);
	}
	if (!context->wants_json) {
		(void)printf("%llu segments, %llu chunks, %llu pictures and sounds, %llu bytes: "
			     "%llu problems",
		    (unsigned long long)result->segments, (unsigned long long)result->chunks,
		    (unsigned long long)result->samples, (unsigned long long)result->bytes,
		    (unsigned long long)result->problems);
		(void)printf(result->unchecked == 0 ? "\n" : ", %llu segments without a key\n",
		    (unsigned long long)result->unchecked);
		(void)printf("journal: %lld entries hold together%s\n", (long long)journal_entries,
		    is_journal_whole ? "" : "; THE NEXT ONE DOES NOT FIT: it was changed");
		return;
	}
	root = json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:O, s:{s:b, s:I}}", "ok",
	    result->problems == 0 && is_journal_whole, "segments", (json_int_t)result->segments,
	    "chunks", (json_int_t)result->chunks, "samples", (json_int_t)result->samples, "bytes",
	    (json_int_t)result->bytes, "unchecked", (json_int_t)result->unchecked, "problems",
	    work->problems, "journal", "ok", (int)is_journal_whole, "entries",
	    (json_int_t)journal_entries);
	(void)json_dumpf(root, stdout, JSON_INDENT(2));
	(void)fputs("\n", stdout);
	json_decref(root);
}

static enum km_exit verify(
    const struct km_verb_context *context, struct work *work, const struct km_uuid *camera)
{
	struct km_verify_result result = { 0 };
	const struct km_verify_options options = {
		.root = work->state.recordings,
		.index = work->state.index,
		.camera = *camera,
		.from_us = INT64_MIN,
		.to_us = INT64_MAX,
		.find_key = find_key,
		.on_problem = on_problem,
		.on_progress = on_progress,
		.context = work,
	};
	int64_t journal_entries = 0;
	bool is_journal_whole = km_journal_verify(work->state.database, &journal_entries) == 0;
	int err = km_verify_run(&options, &result);

	if (err < 0) {
		return km_verb_fail("%s: %s", work->state.index,
		    err == KM_ERR_NOT_FOUND ? "nothing was recorded yet" : km_error_text(err));
	}
	tell(context, work, journal_entries, is_journal_whole, &result);
	return result.problems == 0 && is_journal_whole ? KM_EXIT_DONE : KM_EXIT_FOUND;
}

static enum km_exit run_verify(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct work work = {
		.wants_progress = isatty(STDERR_FILENO) == 1 && !context->wants_json,
		.began_us = km_clock_monotonic_us(),
		.problems = context->wants_json ? json_array() : NULL,
	};
	struct km_camera camera = { 0 };
	enum km_exit result = km_verb_unlock(context, &work.state);

	if (result == KM_EXIT_DONE && arguments->word_count > 0 &&
	    km_cameras_find_name_ever(
		work.state.database, km_bytes_text(arguments->words[0]), &camera) < 0) {
		result = km_verb_fail("%s: no camera has this name", arguments->words[0]);
	}
	if (result == KM_EXIT_DONE) {
		result = verify(context, &work, &camera.id);
	}
	json_decref(work.problems);
	km_state_close(&work.state);
	return result;
}

static const struct km_argument no_arguments[] = { { NULL, NULL, NULL } };

const struct km_verb km_verb_verify = {
	.name = "verify",
	.usage = "[CAMERA]",
	.text = "check every chunk, the index against the files, and the journal",
	.words_max = 1,
	.arguments = no_arguments,
	.run = run_verify,
};
