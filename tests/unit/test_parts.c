/* sources: base/error.c base/bytes.c base/buf.c base/json.c base/text.c base/time.c base/uuid.c guard/parts.c model/cyclonedx.c priv/loaded.c */
/* libraries: uv */
#include "guard/parts.h"
#include "model/cyclonedx.h"
#include "priv/loaded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include <cmocka.h>

static void test_guess(void **state)
{
	static const struct {
		const char *object;
		const char *package;
	} pairs[] = {
		{ "libuv.so.1", "libuv1" },
		{ "libssl.so.3", "libssl3" },
		{ "libcrypto.so.3", "libssl3" },
		{ "libsqlite3.so.0", "libsqlite3-0" },
		{ "libyaml-0.so.2", "libyaml-0-2" },
		{ "libc.so.6", "libc6" },
		{ "libgcc_s.so.1", "libgcc-s1" },
		{ "ld-linux-x86-64.so.2", "libc6" },
		{ "libnotversioned.so", "" },
		{ "something", "" },
		{ "", "" },
	};
	char package[KM_PARTS_NAME_SIZE];
	char longest[300];

	(void)state;
	for (size_t i = 0; i < KM_COUNT(pairs); i++) {
		km_parts_guess(pairs[i].object, package);
		assert_string_equal(package, pairs[i].package);
	}
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "lib", 3);
	memcpy(longest + 280, ".so.1", 6);
	km_parts_guess(longest, package);
	assert_string_equal(package, "");
}

static void test_find(void **state)
{
	struct km_part parts[] = { { .name = "libuv.so.1" }, { .name = "libgone.so.1" },
		{ .name = "libssl.so.3" }, { .name = "libc.so.6" } };

	(void)state;
	km_parts_find(
	    KM_BYTES("Package: libuv1\nStatus: install ok installed\nArchitecture: "
		     "amd64\nVersion: 1.44.2-1\n\n"
		     "Package: libgone1\nStatus: deinstall ok config-files\nVersion: 1\n\n"
		     "Package: libssl3t64\nDescription: has\n lines: with\n Package: "
		     "libc6\nStatus: install ok installed\nVersion: 3.5\n\n"
		     "Package: libc6-dev\nStatus: install ok installed\nVersion: 9"),
	    parts, KM_COUNT(parts));
	assert_string_equal(parts[0].version, "1.44.2-1");
	assert_string_equal(parts[0].architecture, "amd64");
	assert_string_equal(parts[1].version, "");
	assert_string_equal(parts[2].package, "libssl3t64");
	assert_string_equal(parts[3].package, "");
}

static void test_loaded(void **state)
{
	char text[4096];
	char small[64];
	char wanted[64];

	(void)state;
	/* This test is linked with libuv, which tells its version. */
	(void)snprintf(wanted, sizeof(wanted), "libuv.so.1 %s\n", uv_version_string());
	km_loaded_write(text, sizeof(text));
	assert_non_null(strstr(text, wanted));
	assert_non_null(strstr(text, "libc.so.6 2."));
	km_loaded_write(small, sizeof(small));
	assert_true(strlen(small) < sizeof(small));
	assert_memory_equal(small, text, strlen(small));
}

static void test_cyclonedx(void **state)
{
	const struct km_message_part parts[] = {
		{ .program = "komainu", .name = "komainu", .version = "0.1.0" },
		{ .program = "komainu",
		    .name = "libuv.so.1",
		    .version = "1.44.2",
		    .package = "libuv1",
		    .package_version = "1:1.44.2-1+deb12u1~x",
		    .architecture = "amd64" },
		{ .program = "komainu-web", .name = "komainu-web", .version = "0.1.0" },
		{ .program = "komainu-web", .name = "libuv.so.1", .version = "1.44.2" },
	};
	const struct km_uuid serial = { .bytes = { 1 } };
	struct km_json json;
	const char *first = NULL;

	(void)state;
	km_json_init(&json, 65536);
	km_cyclonedx_write(&json, parts, KM_COUNT(parts), &serial, 0);
	km_buf_add_u8(&json.buf, 0);
	assert_int_equal(km_buf_error(&json.buf), 0);
	first = strstr((const char *)json.buf.data,
	    "\"purl\":\"pkg:deb/debian/libuv1@1%3A1.44.2-1%2Bdeb12u1~x?arch=amd64\"");
	assert_non_null(first);
	/* Once as a component, twice as a dependency. */
	assert_null(strstr(first + 1, "\"bom-ref\":\"library:libuv.so.1\""));
	assert_non_null(strstr(first, "{\"ref\":\"program:komainu-web\",\"dependsOn\":[\"library:"
				      "libuv.so.1\"]}"));
	km_json_finish(&json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guess),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_loaded),
		cmocka_unit_test(test_cyclonedx),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
