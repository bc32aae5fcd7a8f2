/* sources: base/error.c base/bytes.c cmd/arguments.c */
#include "cmd/arguments.h"

#include "base/error.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const struct km_argument table[] = {
	{ "--user", "NAME", "" },
	{ "--json", NULL, "" },
	{ "-o", "FILE", "" },
	{ 0 },
};

static struct km_arguments arguments;
static char error[120];

#define PARSE(...)                                                                                 \
	parse((char *[]){ __VA_ARGS__ }, (int)(sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *)))

static int parse(char **argv, int argc)
{
	error[0] = '\0';
	return km_arguments_parse(table, argc, argv, &arguments, error, sizeof(error));
}

static void test_forms(void **state)
{
	(void)state;
	assert_int_equal(PARSE("front", "--user", "anna", "--json", "-o=x=y", "back", "-"), 0);
	assert_string_equal(km_arguments_get(&arguments, "--user"), "anna");
	assert_true(km_arguments_has(&arguments, "--json"));
	assert_string_equal(km_arguments_get(&arguments, "-o"), "x=y");
	assert_int_equal(arguments.word_count, 3);
	assert_string_equal(arguments.words[0], "front");
	assert_string_equal(arguments.words[1], "back");
	assert_string_equal(arguments.words[2], "-");
	assert_int_equal(PARSE("--user=", "--", "--json", "--"), 0);
	assert_string_equal(km_arguments_get(&arguments, "--user"), "");
	assert_false(km_arguments_has(&arguments, "--json"));
	assert_int_equal(arguments.word_count, 2);
	assert_string_equal(arguments.words[0], "--json");
	assert_string_equal(arguments.words[1], "--");
	assert_int_equal(PARSE("--user=a", "--user", "b", ""), 0); /* the last one counts */
	assert_string_equal(km_arguments_get(&arguments, "--user"), "b");
	assert_int_equal(arguments.word_count, 1);
}

static void test_nothing(void **state)
{
	(void)state;
	assert_int_equal(km_arguments_parse(table, 0, NULL, &arguments, error, sizeof(error)), 0);
	assert_int_equal(arguments.word_count, 0);
	assert_null(km_arguments_get(&arguments, "--user"));
	assert_false(km_arguments_has(&arguments, "-o"));
}

static void test_refused(void **state)
{
	(void)state;
	assert_int_equal(PARSE("kept"), 0);
	assert_int_equal(PARSE("--nobody"), KM_ERR_FORMAT);
	assert_string_equal(error, "--nobody: no such option here");
	assert_int_equal(PARSE("--nobody=x"), KM_ERR_FORMAT);
	assert_string_equal(error, "--nobody: no such option here");
	assert_int_equal(PARSE("--use", "x"), KM_ERR_FORMAT); /* no abbreviations */
	assert_int_equal(PARSE("--user"), KM_ERR_FORMAT);
	assert_string_equal(error, "--user wants a value: NAME");
	assert_int_equal(PARSE("--json=yes"), KM_ERR_FORMAT);
	assert_string_equal(error, "--json takes no value");
	assert_int_equal(PARSE("1", "2", "3", "4", "5", "6", "7", "8", "nine"), KM_ERR_FORMAT);
	assert_string_equal(error, "nine: too many words");
	assert_int_equal(arguments.word_count, 1); /* untouched */
	assert_string_equal(arguments.words[0], "kept");
}

/* The text is cut, not overrun. */
static void test_long_option(void **state)
{
	char option[400];
	char *argv[] = { option };
	char small[8];

	(void)state;
	memset(option, 'x', sizeof(option));
	memcpy(option, "--", 2);
	option[sizeof(option) - 1] = '\0';
	assert_int_equal(
	    km_arguments_parse(table, 1, argv, &arguments, small, sizeof(small)), KM_ERR_FORMAT);
	assert_string_equal(small, "--xxxxx");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_long_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
