/*
 * The words of a command line: options from a table, and the rest in order.
 */
#ifndef KM_CMD_ARGUMENTS_H
#define KM_CMD_ARGUMENTS_H

#include "base/bytes.h"

#define KM_ARGUMENTS_WORDS_MAX   8
#define KM_ARGUMENTS_OPTIONS_MAX 24

struct km_argument {
	const char *name;  /* "--user", or "-o" */
	const char *value; /* what its value is called in the help; NULL: it has none */
	const char *text;
};

struct km_arguments {
	const struct km_argument *table;
	const char
	    *values[KM_ARGUMENTS_OPTIONS_MAX]; /* by place in the table; "" for one without value */
	const char *words[KM_ARGUMENTS_WORDS_MAX];
	size_t word_count;
};

/*
 * Take argv[0..argc) apart. "--name value", "--name=value", "--" ends the options. On failure
 * ret_error says which word is wrong and what would be right. Returns 0 or KM_ERR_FORMAT.
 */
KM_MUST_USE int km_arguments_parse(const struct km_argument *table, int argc, char *const argv[],
    struct km_arguments *ret_arguments, char *ret_error, size_t error_size);

/* The value of an option; NULL if it was not given. The name must be in the table. */
const char *km_arguments_get(const struct km_arguments *arguments, const char *name);

bool km_arguments_has(const struct km_arguments *arguments, const char *name);

#endif
