/* sources: base/error.c base/bytes.c base/buf.c base/text.c priv/log.c */
/* libraries: jansson */
#include "base/error.h"
#include "priv/log.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int64_t fake_us;

static int64_t fake_clock(void)
{
	return fake_us;
}

struct fixture {
	int fds[2];
	struct km_log *log;
	char text[16384];
};

static int set_up_as(void **state, bool is_json)
{
	static struct fixture fixture;
	struct km_log_options options = {
		.role = "receiver", .level = KM_LOG_INFO, .is_json = is_json, .clock_us = fake_clock
	};

	fake_us = 1000;
	assert_int_equal(pipe2(fixture.fds, O_NONBLOCK | O_CLOEXEC), 0);
	options.fd = fixture.fds[1];
	assert_int_equal(km_log_create(&options, &fixture.log), 0);
	*state = &fixture;
	return 0;
}

static int set_up(void **state)
{
	return set_up_as(state, false);
}

static int set_up_json(void **state)
{
	return set_up_as(state, true);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	km_log_destroy(fixture->log);
	km_log_destroy(NULL);
	(void)close(fixture->fds[0]);
	(void)close(fixture->fds[1]);
	return 0;
}

static const char *output(struct fixture *fixture)
{
	ssize_t got = read(fixture->fds[0], fixture->text, sizeof(fixture->text) - 1);

	fixture->text[got < 0 ? 0 : got] = '\0';
	return fixture->text;
}

static void text_line(void **state)
{
	struct fixture *fixture = *state;

	errno = ECONNREFUSED;
	KM_LOG(fixture->log, KM_LOG_WARNING, "camera-lost", km_log_text("camera", "front-door"),
	    km_log_error("why", KM_ERR_SYS), km_log_error("also", KM_ERR_LIMIT),
	    km_log_number("wait_us", -4), (struct km_log_field){ 0 }, km_log_text("empty", NULL));
	assert_int_equal(errno, ECONNREFUSED);
	assert_string_equal(output(fixture),
	    "<4>receiver: camera-lost camera=front-door why=ECONNREFUSED also=LIMIT wait_us=-4 "
	    "empty=\"\"\n");
	KM_LOG_EVENT(fixture->log, KM_LOG_NOTICE, "started");
	assert_string_equal(output(fixture), "<5>receiver: started\n");
	KM_LOG_EVENT(fixture->log, KM_LOG_DEBUG, "detail");
	assert_string_equal(output(fixture), "");
	km_log_set_level(fixture->log, KM_LOG_DEBUG);
	KM_LOG_EVENT(fixture->log, KM_LOG_DEBUG, "detail");
	assert_string_equal(output(fixture), "<7>receiver: detail\n");
}

/* A camera's text cannot begin a line, forge a field or move the terminal's cursor. */
static void foreign_text_is_escaped(void **state)
{
	struct fixture *fixture = *state;

	KM_LOG(fixture->log, KM_LOG_WARNING, "answer",
	    km_log_bytes("text", KM_BYTES("a\n<3>b: c\x1b[2J \"x\" k=v \\ \xe3\x81\x82\0")));
	assert_string_equal(output(fixture),
	    "<4>receiver: answer text=\"a\\x0a<3>b: c\\x1b[2J \\x22x\\x22 k=v \\x5c "
	    "\\xe3\\x81\\x82\\x00\"\n");
}

static void json_is_json(void **state)
{
	struct fixture *fixture = *state;
	json_t *line = NULL;
	const char *text = NULL;

	KM_LOG(fixture->log, KM_LOG_ERROR, "answer",
	    km_log_bytes("text", KM_BYTES("a\n\"\\\x01\xff")), km_log_number("n", INT64_MIN),
	    km_log_error("err", KM_ERR_AUTH));
	text = output(fixture);
	assert_memory_equal(text, "<3>{", 4);
	line = json_loads(text + 3, 0, NULL);
	assert_non_null(line);
	assert_string_equal(json_string_value(json_object_get(line, "role")), "receiver");
	assert_string_equal(json_string_value(json_object_get(line, "level")), "error");
	assert_string_equal(
	    json_string_value(json_object_get(line, "text")), "a\\x0a\"\\x5c\\x01\\xff");
	assert_true(json_integer_value(json_object_get(line, "n")) == INT64_MIN);
	assert_string_equal(json_string_value(json_object_get(line, "err")), "AUTH");
	json_decref(line);
}

static unsigned count_lines(const char *text)
{
	unsigned count = 0;

	for (; *text != '\0'; text++) {
		count += *text == '\n';
	}
	return count;
}

static void repeat(struct fixture *fixture, unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		KM_LOG(fixture->log, KM_LOG_WARNING, "loss", km_log_number("i", i));
	}
}

static void repeats_are_counted(void **state)
{
	struct fixture *fixture = *state;

	repeat(fixture, 1000);
	assert_int_equal(count_lines(output(fixture)), KM_LOG_BURST);
	/* Another place is not held back. */
	KM_LOG_EVENT(fixture->log, KM_LOG_WARNING, "other");
	assert_int_equal(count_lines(output(fixture)), 1);
	fake_us += KM_LOG_WINDOW_US;
	repeat(fixture, 1);
	assert_string_equal(output(fixture), "<4>receiver: loss repeated=995 i=0\n");
	repeat(fixture, 10);
	(void)output(fixture);
	km_log_flush(fixture->log);
	assert_string_equal(output(fixture), "");
	fake_us += KM_LOG_WINDOW_US;
	km_log_flush(fixture->log);
	assert_string_equal(output(fixture), "<4>receiver: loss repeated=6\n");
	km_log_flush(fixture->log);
	assert_string_equal(output(fixture), "");
}

static void long_lines_are_cut_whole(void **state)
{
	struct fixture *fixture = *state;
	static char big[5000];
	const char *text = NULL;
	json_t *line = NULL;

	memset(big, '\n', sizeof(big) - 1);
	KM_LOG(fixture->log, KM_LOG_WARNING, "big", km_log_text("a", big), km_log_text("b", big),
	    km_log_text("c", big));
	text = output(fixture);
	assert_true(strlen(text) <= KM_LOG_LINE_MAX);
	line = json_loads(text + 3, 0, NULL);
	assert_non_null(line);
	assert_non_null(json_object_get(line, "a"));
	assert_null(json_object_get(line, "c"));
	assert_int_equal(json_integer_value(json_object_get(line, "cut")), 1);
	json_decref(line);
}

static void many_places_forget_the_quiet(void **state)
{
	struct fixture *fixture = *state;

	repeat(fixture, 7);
	(void)output(fixture);
	for (int line = 1; line <= KM_LOG_PLACES_MAX; line++) {
		fake_us++;
		km_log_write(fixture->log, "elsewhere.c", line, KM_LOG_INFO, "x", NULL, 0);
	}
	/* The first place lost its slot, but not its count. */
	assert_non_null(strstr(output(fixture), "loss repeated=2\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(text_line, set_up, tear_down),
		cmocka_unit_test_setup_teardown(foreign_text_is_escaped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(json_is_json, set_up_json, tear_down),
		cmocka_unit_test_setup_teardown(repeats_are_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(long_lines_are_cut_whole, set_up_json, tear_down),
		cmocka_unit_test_setup_teardown(many_places_forget_the_quiet, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
