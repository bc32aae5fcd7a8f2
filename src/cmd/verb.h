/*
 * The verbs of `komainu`: one row each in verbs.c, one file per family.
 */
#ifndef KM_CMD_VERB_H
#define KM_CMD_VERB_H

#include "cmd/arguments.h"
#include "guard/journal.h"
#include "guard/state.h"

/* What a verb returns; the numbers are the program's exit status (komainu(1)). */
enum km_exit {
	KM_EXIT_DONE = 0,
	KM_EXIT_FAILED = 1, /* it could not be done; standard error says why */
	KM_EXIT_USAGE = 2,  /* the words of the command are wrong */
	KM_EXIT_FOUND = 3,  /* it was done, and what was checked is not in order */
	KM_EXIT_ABSENT = 4, /* no recorder was set up there, or none is running */
};

/* What stands before the verb. */
struct km_verb_context {
	const char *state_directory;
	struct km_state_key key;
	bool wants_json;
};

struct km_verb {
	const char *name;  /* one or two words */
	const char *usage; /* what follows them */
	const char *text;  /* one line */
	size_t words_min;  /* arguments that are not options */
	size_t words_max;
	const struct km_argument *arguments; /* options; ends with a NULL name */
	enum km_exit (*run)(
	    const struct km_verb_context *context, const struct km_arguments *arguments);
};

/* All verbs, in the order of the help; ends with a NULL name. */
extern const struct km_verb *const km_verbs[];

/* Open the state, or say on standard error why not and return the exit status. */
enum km_exit km_verb_open(const struct km_verb_context *context, struct km_state *ret_state);
enum km_exit km_verb_unlock(const struct km_verb_context *context, struct km_state *ret_state);

/* "komainu: ..." on standard error; returns KM_EXIT_FAILED. */
enum km_exit km_verb_fail(const char *format, ...) KM_PRINTF(1, 2);

/*
 * The journal's entry of what the verb has just done (guard/journal.h). Exit status, and 0 for
 * done: nobody is to believe that a change is written down when it is not.
 */
enum km_exit km_verb_note(const struct km_state *state, enum km_event event,
    const struct km_uuid *camera, const struct km_uuid *account, const char *text, ...)
    KM_PRINTF(5, 6);

/* Tell a running guard to read the database again; none running is fine. */
enum km_exit km_verb_reload(const struct km_state *state);

/* The time that an option must give; exit status, and 0 for done. */
enum km_exit km_verb_take_time(
    const struct km_arguments *arguments, const char *option, int64_t *ret_unix_us);

/* Read a secret: the first line of a file ("-": standard input). Exit status, and 0 for done. */
enum km_exit km_verb_read_secret(const char *path, char *ret_text, size_t size);

/* Write to a new file (never over another one), or to standard output ("-"). */
enum km_exit km_verb_write_text(const char *path, mode_t mode, const char *text);

#endif
