#include "cmd/arguments.h"

#include "base/error.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static size_t find_option(const struct km_argument *table, struct km_bytes name)
{
	size_t i = 0;

	while (table[i].name != NULL && !km_bytes_is_equal(km_bytes_text(table[i].name), name)) {
		i++;
	}
	assert(i < KM_ARGUMENTS_OPTIONS_MAX);
	return i;
}

/* One option at argv[*at]; moves *at over its value. */
static int take_option(int argc, char *const argv[], int *at, struct km_arguments *arguments,
    char *ret_error, size_t error_size)
{
	struct km_bytes rest = km_bytes_text(argv[*at]);
	bool has_equals = km_bytes_find(rest, '=') < rest.size;
	struct km_bytes name = km_bytes_split(&rest, '=');
	size_t place = find_option(arguments->table, name);
	const struct km_argument *option = &arguments->table[place];

	if (option->name == NULL) {
		(void)snprintf(ret_error, error_size, "%.*s: no such option here", (int)name.size,
		    (const char *)name.data);
		return KM_ERR_FORMAT;
	}
	if (option->value == NULL) {
		if (has_equals) {
			(void)snprintf(ret_error, error_size, "%s takes no value", option->name);
			return KM_ERR_FORMAT;
		}
		arguments->values[place] = "";
		return 0;
	}
	if (has_equals) {
		arguments->values[place] = argv[*at] + name.size + 1;
		return 0;
	}
	if (*at + 1 >= argc) {
		(void)snprintf(
		    ret_error, error_size, "%s wants a value: %s", option->name, option->value);
		return KM_ERR_FORMAT;
	}
	*at += 1;
	arguments->values[place] = argv[*at];
	return 0;
}

int km_arguments_parse(const struct km_argument *table, int argc, char *const argv[],
    struct km_arguments *ret_arguments, char *ret_error, size_t error_size)
{
	struct km_arguments arguments = { .table = table };
	bool is_past_options = false;

	for (int i = 0; i < argc; i++) {
		bool is_option = argv[i][0] == '-' && argv[i][1] != '\0' && !is_past_options;

		if (is_option && strcmp(argv[i], "--") == 0) {
			is_past_options = true;
			continue;
		}
		if (is_option) {
			int err = take_option(argc, argv, &i, &arguments, ret_error, error_size);

			if (err < 0) {
				return err;
			}
			continue;
		}
		if (arguments.word_count == KM_ARGUMENTS_WORDS_MAX) {
			(void)snprintf(ret_error, error_size, "%s: too many words", argv[i]);
			return KM_ERR_FORMAT;
		}
		arguments.words[arguments.word_count++] = argv[i];
	}
	*ret_arguments = arguments;
	return 0;
}

const char *km_arguments_get(const struct km_arguments *arguments, const char *name)
{
	size_t place = find_option(arguments->table, km_bytes_text(name));

	assert(arguments->table[place].name != NULL);
	return arguments->values[place];
}

bool km_arguments_has(const struct km_arguments *arguments, const char *name)
{
	return km_arguments_get(arguments, name) != NULL;
}
