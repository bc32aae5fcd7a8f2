/*
 * Questions of the command line to the running guard (model/requests.tbl), and their answers as a
 * table or as JSON.
 */
#ifndef KM_CMD_ASKING_H
#define KM_CMD_ASKING_H

#include "cmd/verb.h"
#include "model/record.h"

/* A column of the table. */
struct km_asking_column {
	const char *field; /* of the record, as in messages.tbl */
	const char *title;
};

/* How the answer is shown. */
struct km_asking_view {
	enum km_message_kind record; /* the rows of the table; others are in JSON only */
	const struct km_asking_column
	    *columns;     /* ends with a NULL field; NULL: nothing is printed */
	const char *none; /* printed if there is no row; may be NULL */
};

/*
 * Ask, and print the answer: with --json { "LIST": [...], ... }, one array per kind of record, and
 * "id" if something was made. `message` is a struct of that kind; its request is set here.
 * Returns KM_EXIT_DONE; KM_EXIT_ABSENT if no recorder runs there or what was asked for does not
 * exist, KM_EXIT_FAILED otherwise, said on standard error.
 */
enum km_exit km_asking_show(const struct km_verb_context *context, enum km_message_kind kind,
    void *message, const struct km_asking_view *view);

/*
 * Ask, and give each record to on_record (may be NULL). ret_done may be NULL. Errors as above.
 */
enum km_exit km_asking_each(const struct km_verb_context *context, enum km_message_kind kind,
    void *message, void (*on_record)(void *context, enum km_message_kind kind, const void *record),
    void *record_context, struct km_message_done *ret_done);

/* An option and the field of the request, by its name in JSON, that its value sets. */
struct km_asking_option {
	const char *option; /* NULL ends a table */
	const char *field;
};

/*
 * Set a field of the request from a word; `what` names the word in the error ("NUMBER", "--note").
 * Returns KM_EXIT_DONE, or KM_EXIT_USAGE, said on standard error.
 */
enum km_exit km_asking_set(enum km_message_kind kind, void *message, const char *field,
    const char *word, const char *what);

/* The same for each option of the table that was given. */
enum km_exit km_asking_fill(enum km_message_kind kind, void *message,
    const struct km_arguments *arguments, const struct km_asking_option *options);

/* The camera of that name, asked of the running guard; errors as above. */
enum km_exit km_asking_find_camera(
    const struct km_verb_context *context, const char *name, struct km_uuid *ret_id);

#endif
