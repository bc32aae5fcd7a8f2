/*
 * `komainu vuln import`: a process of its own reads the foreign lists, shut in, into a new file;
 * this one puts the file in its place when all went well, and looks at the cameras again.
 */
#include "cmd/asking.h"
#include "cmd/programs.h"
#include "cmd/verbs.h"
#include "guard/journal.h"
#include "guard/weaknesses.h"
#include "io/clock.h"
#include "priv/child.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE (KM_STATE_PATH_SIZE + 64)
#define PARTS_MAX 512

struct work {
	struct km_state state;
	char path[PATH_SIZE];     /* of the lists */
	char new_path[PATH_SIZE]; /* what the importer makes */
	int lock;
	char inputs[KM_ARGUMENTS_WORDS_MAX][PATH_MAX];
	struct km_message_part *parts;
	size_t part_count;
	struct km_weakness_file_import import;
};

/* One import at a time; what one that was interrupted has left is in the way. */
static enum km_exit prepare(struct work *work)
{
	char lock_path[PATH_SIZE];

	(void)snprintf(
	    work->path, sizeof(work->path), "%s/%s", work->state.directory, KM_WEAKNESS_FILE_NAME);
	(void)snprintf(work->new_path, sizeof(work->new_path), "%.*s.new", KM_STATE_PATH_SIZE + 40,
	    work->path);
	(void)snprintf(
	    lock_path, sizeof(lock_path), "%.*s.lock", KM_STATE_PATH_SIZE + 40, work->path);
	work->lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (work->lock < 0) {
		return km_verb_fail("%s: %s", lock_path, strerror(errno));
	}
	if (flock(work->lock, LOCK_EX | LOCK_NB) < 0) {
		return km_verb_fail("another import is running");
	}
	if (unlink(work->new_path) < 0 && errno != ENOENT) {
		return km_verb_fail("%s: %s", work->new_path, strerror(errno));
	}
	return KM_EXIT_DONE;
}

static enum km_exit wait_for(struct km_child *child)
{
	struct pollfd waiting = { .fd = child->pidfd, .events = POLLIN };
	struct km_child_end end = { 0 };

	while (poll(&waiting, 1, -1) < 0 && errno == EINTR) {
		;
	}
	if (km_child_reap(child, &end) < 0) {
		return km_verb_fail("the importer cannot be waited for");
	}
	if (end.is_signalled) {
		return km_verb_fail(
		    "the importer was ended by signal %d; nothing was changed", end.number);
	}
	return end.number == 0 ? KM_EXIT_DONE
			       : km_verb_fail("the import failed; nothing was changed");
}

/* Paths are made absolute: the importer begins in "/". */
static enum km_exit take_inputs(struct work *work, const struct km_arguments *arguments)
{
	for (size_t i = 0; i < arguments->word_count; i++) {
		const char *word = arguments->words[i];

		if (strcmp(word, "-") == 0) {
			memcpy(work->inputs[i], "-", 2);
		} else if (realpath(word, work->inputs[i]) == NULL) {
			return km_verb_fail("%s: %s", word, strerror(errno));
		}
	}
	return KM_EXIT_DONE;
}

static enum km_exit read_lists(
    const struct km_verb_context *context, struct work *work, const struct km_arguments *arguments)
{
	char directory[KM_PROGRAMS_PATH_SIZE];
	char program[KM_PROGRAMS_PATH_SIZE + 32];
	bool is_loud = isatty(STDERR_FILENO) == 1 && !context->wants_json;
	const char *words[5 + KM_ARGUMENTS_WORDS_MAX] = { "komainu-importer", work->new_path,
		work->path, is_loud ? "loud" : "quiet" };
	struct km_child child = { .pidfd = -1 };
	const struct km_child_start start = {
		.path = program,
		.arguments = words,
		.channel_fd = STDIN_FILENO,
		.umask = 0077,
	};
	enum km_exit result = take_inputs(work, arguments);

	if (result != KM_EXIT_DONE) {
		return result;
	}
	if (km_programs_find(directory) < 0) {
		return km_verb_fail("komainu-importer is not where komainu is");
	}
	(void)snprintf(program, sizeof(program), "%s/komainu-importer", directory);
	for (size_t i = 0; i < arguments->word_count; i++) {
		words[4 + i] = work->inputs[i];
	}
	if (km_child_start(&start, &child) < 0) {
		return km_verb_fail("%s: %s", program, strerror(errno));
	}
	return wait_for(&child);
}

/* The new file gets the owner of the directory, so that the recorder can read it. */
static enum km_exit put_in_place(struct work *work)
{
	int directory = open(work->state.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int file = open(work->new_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat what;
	bool is_done = directory >= 0 && file >= 0 && fstat(directory, &what) == 0 &&
		       fchmod(file, 0600) == 0 &&
		       (geteuid() == what.st_uid || fchown(file, what.st_uid, what.st_gid) == 0) &&
		       fsync(file) == 0 && rename(work->new_path, work->path) == 0 &&
		       fsync(directory) == 0;
	int error = errno;

	if (file >= 0) {
		(void)close(file);
	}
	if (directory >= 0) {
		(void)close(directory);
	}
	return is_done ? KM_EXIT_DONE : km_verb_fail("%s: %s", work->path, strerror(error));
}

/* --- what follows from it --- */

static void on_count(void *context, const struct km_weakness_file_count *count)
{
	(void)context;
	(void)count;
}

static enum km_exit count_lists(struct work *work)
{
	struct km_weakness_file *file = NULL;
	int err = km_weakness_file_open(work->path, &file);

	if (err == 0) {
		err = km_weakness_file_count(file, on_count, NULL, &work->import);
	}
	km_weakness_file_close(file);
	return err < 0 ? km_verb_fail("%s: %s", work->path, km_error_text(err)) : KM_EXIT_DONE;
}

static void on_part(void *context, enum km_message_kind kind, const void *record)
{
	struct work *work = context;

	if (kind == KM_MESSAGE_part && work->part_count < PARTS_MAX) {
		memcpy(&work->parts[work->part_count++], record, sizeof(*work->parts));
	}
}

/* The parts are known while the recorder runs; else they are looked at by the next import. */
static int look_at_parts(const struct km_verb_context *context, struct work *work)
{
	struct km_message_part_list list = { 0 };

	work->parts = calloc(PARTS_MAX, sizeof(*work->parts));
	if (work->parts == NULL) {
		return KM_ERR_MEMORY;
	}
	if (km_asking_each(context, KM_MESSAGE_part_list, &list, on_part, work, NULL) !=
		KM_EXIT_DONE ||
	    work->part_count == 0) {
		(void)fprintf(stderr, "komainu: the recorder's own parts were not compared\n");
		return 0;
	}
	return km_weaknesses_look_at_parts(
	    work->state.database, work->path, work->parts, work->part_count, km_clock_unix_us());
}

static enum km_exit look_again(const struct km_verb_context *context, struct work *work)
{
	int err = km_weaknesses_look_at_all(work->state.database, work->path, km_clock_unix_us());

	if (err == 0) {
		err = look_at_parts(context, work);
	}
	if (err < 0) {
		return km_verb_fail(
		    "the lists are imported, but the cameras were not compared with them: %s",
		    km_error_text(err));
	}
	km_journal_note(work->state.database, KM_EVENT_WEAKNESSES_IMPORTED, NULL, NULL,
	    "%" PRIu64 " records, %" PRIu64 " kept, %" PRIu64 " cannot be read (command line)",
	    work->import.records, work->import.kept, work->import.broken);
	return KM_EXIT_DONE;
}

static void say(const struct km_verb_context *context, const struct work *work)
{
	const struct km_weakness_file_import *import = &work->import;

	(void)printf(context->wants_json ? "{\"files\": %" PRIu64 ", \"bytes\": %" PRIu64
					   ", \"records\": %" PRIu64 ", \"kept\": %" PRIu64
					   ", \"strange\": %" PRIu64 ", \"broken\": %" PRIu64 "}\n"
					 : "%" PRIu64 " files, %" PRIu64 " bytes: %" PRIu64
					   " records, %" PRIu64
					   " may concern a device and were kept, "
					   "%" PRIu64 " other objects, %" PRIu64 " unreadable\n",
	    import->files, import->bytes, import->records, import->kept, import->strange,
	    import->broken);
}

static enum km_exit run_import(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct work *work = calloc(1, sizeof(*work));
	enum km_exit result = KM_EXIT_FAILED;

	if (work == NULL) {
		return km_verb_fail("%s", km_error_text(KM_ERR_MEMORY));
	}
	work->lock = -1;
	result = km_verb_open(context, &work->state);
	if (result == KM_EXIT_DONE) {
		result = prepare(work);
	}
	if (result == KM_EXIT_DONE) {
		result = read_lists(context, work, arguments);
		if (result == KM_EXIT_DONE) {
			result = put_in_place(work);
		}
		if (result != KM_EXIT_DONE) {
			(void)unlink(work->new_path);
		}
	}
	if (result == KM_EXIT_DONE) {
		result = count_lists(work);
	}
	if (result == KM_EXIT_DONE) {
		result = look_again(context, work);
	}
	if (result == KM_EXIT_DONE) {
		say(context, work);
	}
	if (work->lock >= 0) {
		(void)close(work->lock);
	}
	km_state_close(&work->state);
	free(work->parts);
	free(work);
	return result;
}

static const struct km_argument no_arguments[] = { { NULL, NULL, NULL } };

const struct km_verb km_verb_vuln_import = {
	.name = "vuln import",
	.usage = "FILE|FOLDER|-...",
	.text = "take in lists of known weaknesses: NVD 2.0, CVE List v5, KEV, MyJVN",
	.words_min = 1,
	.words_max = KM_ARGUMENTS_WORDS_MAX,
	.arguments = no_arguments,
	.run = run_import,
};
