/*
 * komainu: the command line. `komainu run` is the guard itself.
 */
#include "base/error.h"
#include "cmd/verb.h"
#include "priv/child.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct km_argument globals[] = {
	{ "--state", "DIR", "state directory (default /var/lib/komainu)" },
	{ "--key-file", "FILE", "key file of the root key (default DIR/root.key)" },
	{ "--passphrase-file", "FILE", "file with the passphrase of the root key" },
	{ "--json", NULL, "print JSON" },
	{ "--help", NULL, "print this, or the help of the verb" },
	{ NULL, NULL, NULL },
};

static void print_options(FILE *out, const struct km_argument *table)
{
	for (; table->name != NULL; table++) {
		char left[64];

		(void)snprintf(left, sizeof(left), "%s%s%s", table->name,
		    table->value == NULL ? "" : " ", table->value == NULL ? "" : table->value);
		(void)fprintf(out, "  %-26s %s\n", left, table->text);
	}
}

static void print_help(FILE *out)
{
	(void)fputs("usage: komainu [OPTIONS] VERB ...\n\n", out);
	for (size_t i = 0; km_verbs[i] != NULL; i++) {
		(void)fprintf(out, "  %-18s %s\n", km_verbs[i]->name, km_verbs[i]->text);
	}
	(void)fputs("\n", out);
	print_options(out, globals);
	(void)fputs("\nkomainu VERB --help tells more; komainu(1) has all of it.\n", out);
}

static void print_verb_help(FILE *out, const struct km_verb *verb)
{
	(void)fprintf(
	    out, "usage: komainu [OPTIONS] %s %s\n\n%s\n\n", verb->name, verb->usage, verb->text);
	print_options(out, verb->arguments);
}

/* Whether the words at argv begin with the verb's name; ret_count says how many words that is. */
static bool is_named(const struct km_verb *verb, int argc, char *const argv[], int *ret_count)
{
	struct km_bytes rest = km_bytes_text(verb->name);
	int count = 0;

	while (rest.size > 0) {
		struct km_bytes word = km_bytes_split(&rest, ' ');

		if (count >= argc || !km_bytes_is_equal(word, km_bytes_text(argv[count]))) {
			return false;
		}
		count++;
	}
	*ret_count = count;
	return true;
}

static const struct km_verb *find_verb(int argc, char *const argv[], int *ret_count)
{
	for (size_t i = 0; km_verbs[i] != NULL; i++) {
		if (is_named(km_verbs[i], argc, argv, ret_count)) {
			return km_verbs[i];
		}
	}
	return NULL;
}

/*
 * Global options may stand before the verb or behind it: a row of the verb's own table wins, and
 * the others are taken out here.
 */
static int take_globals(
    int argc, char *argv[], struct km_verb_context *context, bool *ret_wants_help)
{
	const char **values[] = { &context->state_directory, &context->key.key_file,
		&context->key.passphrase_file };
	int kept = 0;

	for (int i = 0; i < argc; i++) {
		size_t row = 0;

		while (globals[row].name != NULL && strcmp(argv[i], globals[row].name) != 0) {
			row++;
		}
		if (globals[row].name == NULL) {
			argv[kept++] = argv[i];
			continue;
		}
		if (globals[row].value == NULL) {
			context->wants_json = context->wants_json || strcmp(argv[i], "--json") == 0;
			*ret_wants_help = *ret_wants_help || strcmp(argv[i], "--help") == 0;
			continue;
		}
		if (i + 1 >= argc) {
			(void)fprintf(
			    stderr, "komainu: %s wants a value: %s\n", argv[i], globals[row].value);
			return -1;
		}
		assert(row < KM_COUNT(values)); /* options with a value come first */
		*values[row] = argv[++i];
	}
	return kept;
}

static enum km_exit run_verb(
    const struct km_verb *verb, const struct km_verb_context *context, int argc, char *const argv[])
{
	struct km_arguments arguments;
	char error[256];

	if (km_arguments_parse(verb->arguments, argc, argv, &arguments, error, sizeof(error)) < 0) {
		(void)fprintf(stderr, "komainu %s: %s\n", verb->name, error);
		print_verb_help(stderr, verb);
		return KM_EXIT_USAGE;
	}
	if (arguments.word_count < verb->words_min || arguments.word_count > verb->words_max) {
		(void)fprintf(stderr, "komainu %s: %s\n", verb->name,
		    arguments.word_count < verb->words_min ? "a word is missing"
							   : "a word too many");
		print_verb_help(stderr, verb);
		return KM_EXIT_USAGE;
	}
	return verb->run(context, &arguments);
}

int main(int argc, char *argv[])
{
	struct km_verb_context context = { .state_directory = "/var/lib/komainu" };
	const struct km_verb *verb = NULL;
	bool wants_help = false;
	int words = 0;
	int count = take_globals(argc - 1, argv + 1, &context, &wants_help);

	/* Most verbs hold the root key, a password, or both. */
	if (km_child_protect() < 0) {
		(void)km_verb_fail("this process cannot be protected: %s", strerror(errno));
		return KM_EXIT_FAILED;
	}
	if (count < 0) {
		return KM_EXIT_USAGE;
	}
	verb = find_verb(count, argv + 1, &words);
	if (verb == NULL && count > 0 && strcmp(argv[1], "help") != 0) {
		(void)fprintf(stderr, "komainu: %s: no such verb\n\n", argv[1]);
		print_help(stderr);
		return KM_EXIT_USAGE;
	}
	if (verb == NULL) {
		print_help(wants_help || count > 0 ? stdout : stderr);
		return wants_help || count > 0 ? KM_EXIT_DONE : KM_EXIT_USAGE;
	}
	if (wants_help) {
		print_verb_help(stdout, verb);
		return KM_EXIT_DONE;
	}
	return (int)run_verb(verb, &context, count - words, argv + 1 + words);
}
