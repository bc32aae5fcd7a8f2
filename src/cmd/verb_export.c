#include "cmd/verbs.h"

#include "base/time.h"
#include "guard/cameras.h"
#include "guard/journal.h"
#include "io/clock.h"
#include "store/clip_movie.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PIECE_BYTES     ((size_t)1 << 20)
#define PIECE_MAX_BYTES ((size_t)256 << 20) /* a chunk is never divided */
#define PROGRESS_US     (KM_TIME_SECOND_US / 4)

struct work {
	struct km_state state;
	struct km_uuid camera;
	struct km_archive *archive;
	struct km_clip_movie *movie;
	struct km_clip_movie_found found;
	bool wants_progress;
};

static int find_key(void *context, const struct km_uuid *id, uint8_t ret_key[static 32])
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

static enum km_exit explain_plan(int err, const char *name, const struct km_clip_movie_found *found)
{
	char moment[KM_TIME_TEXT_SIZE];

	switch (err) {
	case 0:
		return KM_EXIT_DONE;
	case KM_ERR_NOT_FOUND:
		return km_verb_fail("%s: nothing was recorded in that time", name);
	case KM_ERR_UNSUPPORTED:
		km_time_write(found->change_us, moment);
		return km_verb_fail(
		    "%s: the camera's format changes at %s; export up to there (--to %s) "
		    "and from there on",
		    name, moment, moment);
	case KM_ERR_LIMIT:
		return km_verb_fail("%s: too long for one file; take a shorter time", name);
	default:
		return km_verb_fail("%s: %s", name, km_error_text(err));
	}
}

static enum km_exit plan(struct work *work, const char *name, int64_t from_us, int64_t to_us)
{
	struct km_camera camera;
	struct km_clip_movie_wish wish = {
		.from_us = from_us, .to_us = to_us, .find_key = find_key
	};
	int err = km_cameras_find_name_ever(work->state.database, km_bytes_text(name), &camera);

	if (err < 0) {
		return km_verb_fail("%s: no camera has this name", name);
	}
	err = km_archive_open(work->state.recordings, work->state.index, &work->archive);
	if (err < 0) {
		return km_verb_fail("%s: %s", work->state.index,
		    err == KM_ERR_NOT_FOUND ? "nothing was recorded yet" : km_error_text(err));
	}
	wish.camera = camera.id;
	work->camera = camera.id;
	wish.context = work;
	err = km_clip_movie_plan(work->archive, &wish, &work->movie, &work->found);
	return explain_plan(err, name, &work->found);
}

static void show_progress(const struct work *work, uint64_t done, int64_t began_us)
{
	uint64_t total = km_clip_movie_bytes(work->movie);
	int64_t taken_us = km_clock_monotonic_us() - began_us;
	double rate = taken_us == 0 ? 0.0 : (double)done / (double)taken_us;
	double left_s = rate > 0 ? (double)(total - done) / rate / 1e6 : 0.0;

	(void)fprintf(stderr, "\r%5.1f %%  %llu of %llu MiB  %.0f MB/s  %.0f s left   ",
	    total == 0 ? 100.0 : 100.0 * (double)done / (double)total,
	    (unsigned long long)(done >> 20), (unsigned long long)(total >> 20), rate, left_s);
}

static int write_all(int fd, struct km_bytes bytes)
{
	while (bytes.size > 0) {
		ssize_t count = write(fd, bytes.data, bytes.size);

		if (count < 0 && errno != EINTR) {
			return KM_ERR_SYS;
		}
		bytes = km_bytes_after(bytes, count < 0 ? 0 : (size_t)count);
	}
	return 0;
}

static int copy(const struct work *work, int fd)
{
	struct km_buf piece;
	uint64_t done = 0;
	int64_t began_us = km_clock_monotonic_us();
	int64_t shown_us = began_us;
	int err = 0;

	km_buf_init(&piece, PIECE_MAX_BYTES);
	do {
		km_buf_clear(&piece);
		err = km_clip_movie_read(work->movie, PIECE_BYTES, &piece);
		if (err == 0) {
			err = write_all(fd, km_buf_view(&piece));
		}
		done += piece.size;
		if (work->wants_progress && km_clock_monotonic_us() - shown_us > PROGRESS_US) {
			shown_us = km_clock_monotonic_us();
			show_progress(work, done, began_us);
		}
	} while (err == 0 && piece.size > 0);
	if (work->wants_progress && shown_us != began_us) {
		(void)fputs("\n", stderr);
	}
	km_buf_finish(&piece);
	return err;
}

/* Into a new file under another name first: what has the final name is whole. */
static enum km_exit write_file(const struct work *work, const char *path)
{
	char part[4096];
	int length = snprintf(part, sizeof(part), "%s.part", path);
	int fd = -1;
	int err = 0;

	if (length < 0 || (size_t)length >= sizeof(part)) {
		return km_verb_fail("%s: the name is too long", path);
	}
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		return km_verb_fail("%s: %s", part, strerror(errno));
	}
	err = copy(work, fd);
	if (err == 0 && (fsync(fd) < 0 || rename(part, path) < 0)) {
		err = KM_ERR_SYS;
	}
	if (err < 0) {
		enum km_exit result = km_verb_fail(
		    "%s: %s", path, err == KM_ERR_SYS ? strerror(errno) : km_error_text(err));

		(void)unlink(part);
		(void)close(fd);
		return result;
	}
	(void)close(fd);
	return KM_EXIT_DONE;
}

static void tell(const struct km_verb_context *context, const struct work *work, const char *path)
{
	char start[KM_TIME_TEXT_SIZE];
	char end[KM_TIME_TEXT_SIZE];
	unsigned long long bytes = (unsigned long long)km_clip_movie_bytes(work->movie);

	km_time_write(work->found.start_us, start);
	km_time_write(work->found.end_us, end);
	if (context->wants_json) {
		(void)printf(
		    "{\"from\": \"%s\", \"to\": \"%s\", \"from_us\": %lld, \"to_us\": %lld, "
		    "\"bytes\": %llu}\n",
		    start, end, (long long)work->found.start_us, (long long)work->found.end_us,
		    bytes);
	} else {
		(void)printf("%s: %s to %s, %llu bytes\n", path, start, end, bytes);
	}
}

/* First: no picture leaves of which the journal does not say so. */
static enum km_exit note(const struct work *work, const char *name)
{
	int err = km_journal_note(work->state.database, KM_EVENT_EXPORTED, &work->camera, NULL,
	    "%s to a file (command line)", name);

	return err < 0 ? km_verb_fail("nothing was exported, as the journal cannot be written: %s",
			     km_error_text(err))
		       : KM_EXIT_DONE;
}

static enum km_exit run_export(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	const char *name = arguments->words[0];
	const char *path = km_arguments_get(arguments, "-o");
	struct work work = { .wants_progress = isatty(STDERR_FILENO) == 1 && !context->wants_json };
	int64_t from_us = 0;
	int64_t to_us = 0;
	enum km_exit result = km_verb_take_time(arguments, "--from", &from_us);

	if (result == KM_EXIT_DONE) {
		result = km_verb_take_time(arguments, "--to", &to_us);
	}
	if (result == KM_EXIT_DONE && (path == NULL || from_us >= to_us)) {
		(void)km_verb_fail(
		    path == NULL ? "-o FILE is wanted" : "--to must be after --from");
		return KM_EXIT_USAGE;
	}
	if (result == KM_EXIT_DONE) {
		result = km_verb_unlock(context, &work.state);
	}
	if (result == KM_EXIT_DONE) {
		result = plan(&work, name, from_us, to_us);
	}
	if (result == KM_EXIT_DONE) {
		result = note(&work, name);
	}
	if (result == KM_EXIT_DONE) {
		result = write_file(&work, path);
	}
	if (result == KM_EXIT_DONE) {
		tell(context, &work, path);
	}
	km_clip_movie_destroy(work.movie);
	km_archive_close(work.archive);
	km_state_close(&work.state);
	return result;
}

static const struct km_argument export_arguments[] = {
	{ "--from", "TIME", "2026-11-22T08:30:00, with Z or an offset, or @SECONDS" },
	{ "--to", "TIME", "the same" },
	{ "-o", "FILE", "where to; an existing file is replaced when the new one is whole" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_export = {
	.name = "export",
	.usage = "CAMERA --from TIME --to TIME -o FILE",
	.text = "write recordings as an MP4 file",
	.words_min = 1,
	.words_max = 1,
	.arguments = export_arguments,
	.run = run_export,
};
