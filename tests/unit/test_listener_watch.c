/* sources: guard/listener_watch.c */
/* libraries: */
#include "guard/listener_watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct gone {
	char names[4][KM_LISTENER_WATCH_NAME_SIZE];
	size_t count;
};

static void on_gone(void *context, const char *name)
{
	struct gone *gone = context;

	assert_true(gone->count < 4);
	(void)snprintf(gone->names[gone->count++], KM_LISTENER_WATCH_NAME_SIZE, "%s", name);
}

/* Told of once when it appears, once when it has gone, and again when it comes back. */
static void each_is_told_once(void **state)
{
	static struct km_listener_watch watch;
	struct gone gone = { 0 };

	(void)state;
	for (int look = 0; look < 3; look++) {
		km_listener_watch_begin(&watch);
		assert_int_equal(km_listener_watch_see(&watch, "tcp/0.0.0.0:23"), look == 0);
		assert_int_equal(km_listener_watch_see(&watch, "udp/[::]:69"), look == 0);
		assert_false(km_listener_watch_see(&watch, "udp/[::]:69"));
		km_listener_watch_end(&watch, on_gone, &gone);
		assert_int_equal(gone.count, 0);
	}
	for (int look = 0; look < 2; look++) {
		km_listener_watch_begin(&watch);
		assert_false(km_listener_watch_see(&watch, "udp/[::]:69"));
		km_listener_watch_end(&watch, on_gone, &gone);
		assert_int_equal(gone.count, 1);
		assert_string_equal(gone.names[0], "tcp/0.0.0.0:23");
	}
	km_listener_watch_begin(&watch);
	assert_true(km_listener_watch_see(&watch, "tcp/0.0.0.0:23"));
	km_listener_watch_end(&watch, on_gone, &gone);
	assert_int_equal(gone.count, 2);
	assert_string_equal(gone.names[1], "udp/[::]:69");
}

static void too_many_are_left_out(void **state)
{
	static struct km_listener_watch watch;
	struct gone gone = { 0 };
	char name[KM_LISTENER_WATCH_NAME_SIZE];

	(void)state;
	km_listener_watch_begin(&watch);
	for (int port = 0; port < KM_LISTENER_WATCH_MAX; port++) {
		(void)snprintf(name, sizeof(name), "tcp/0.0.0.0:%d", port);
		assert_true(km_listener_watch_see(&watch, name));
	}
	assert_false(km_listener_watch_see(&watch, "tcp/0.0.0.0:64"));
	km_listener_watch_end(&watch, on_gone, &gone);
	assert_int_equal(gone.count, 0);
}

static void a_name_is_one_word(void **state)
{
	char name[KM_LISTENER_WATCH_NAME_SIZE];
	char path[400];

	(void)state;
	km_listener_watch_name("unix", "/run/a b c.sock", name);
	assert_string_equal(name, "unix//run/a_b_c.sock");
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	km_listener_watch_name("unix", path, name);
	assert_int_equal(strlen(name), sizeof(name) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_told_once),
		cmocka_unit_test(too_many_are_left_out),
		cmocka_unit_test(a_name_is_one_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
