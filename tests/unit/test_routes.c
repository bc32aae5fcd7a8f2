/* sources: base/error.c base/bytes.c base/buf.c base/text.c base/uuid.c web/request.c web/routes.c */
/*
 * What is not in the table is not served.
 */
#include "web/routes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define KM_ROUTE(method, pattern, access, right, csrf, handler)                                    \
	void km_resource_##handler(struct km_call *call);                                          \
	void km_resource_##handler(struct km_call *call)                                           \
	{                                                                                          \
		(void)call;                                                                        \
	}
#include "web/routes.tbl"
#undef KM_ROUTE

void km_resource_relay(struct km_call *call);
void km_resource_relay(struct km_call *call)
{
	(void)call;
}

#define ID "00000000-0000-0000-0000-00000000000a"

static int find(enum km_method method, const char *path, struct km_route_match *match)
{
	char allowed[64];

	return km_routes_find(method, km_bytes_text(path), match, allowed);
}

static void paths_find_their_handlers(void **state)
{
	struct km_route_match match;

	(void)state;
	assert_int_equal(find(KM_METHOD_GET, "/", &match), 0);
	assert_ptr_equal(match.route->handle, km_resource_assets_page);
	assert_int_equal(find(KM_METHOD_HEAD, "/assets/app-1.js", &match), 0);
	assert_ptr_equal(match.route->handle, km_resource_assets_file);
	assert_int_equal(find(KM_METHOD_PATCH, "/api/v1/cameras/" ID, &match), 0);
	assert_ptr_equal(match.route->handle, km_resource_cameras_change);
	assert_int_equal(match.camera.bytes[15], 10);
	assert_true(match.route->needs_csrf);
	assert_int_equal(find(KM_METHOD_GET, "/api/v1/cameras/" ID "/timeline", &match), 0);
	assert_int_equal(match.route->right, KM_RIGHT_PLAYBACK);
	assert_int_equal(match.route->access, KM_ACCESS_CAMERA);
	assert_int_equal(find(KM_METHOD_GET, "/api/v1/segments/" ID "/init.mp4", &match), 0);
	assert_int_equal(match.segment.bytes[15], 10);
}

static void other_paths_find_nothing(void **state)
{
	static const char *const paths[] = { "", "//", "/api", "/api/v1", "/api/v1/",
		"/api/v2/hello", "/api/v1/hello/", "/api/v1/hello/x", "api/v1/hello",
		"/api/v1/cameras/", "/api/v1/cameras/x", "/api/v1/cameras/" ID "/",
		"/api/v1/cameras//timeline", "/assets", "/assets/", "/index.html",
		"/api/v1/cameras/" ID "0/timeline", "*", "/*" };
	struct km_route_match match;

	(void)state;
	for (size_t i = 0; i < KM_COUNT(paths); i++) {
		assert_int_equal(find(KM_METHOD_GET, paths[i], &match), KM_ERR_NOT_FOUND);
	}
}

static void other_methods_are_told(void **state)
{
	struct km_route_match match;
	char allowed[64];

	(void)state;
	assert_int_equal(
	    km_routes_find(KM_METHOD_POST, KM_BYTES("/api/v1/cameras/" ID), &match, allowed),
	    KM_ERR_UNSUPPORTED);
	assert_string_equal(allowed, "GET, HEAD, PATCH, DELETE");
	assert_int_equal(
	    km_routes_find(KM_METHOD_OTHER, KM_BYTES("/"), &match, allowed), KM_ERR_UNSUPPORTED);
	assert_string_equal(allowed, "GET, HEAD");
}

/* [IPA a03-2] */
static void each_row_is_guarded(void **state)
{
	static const char *const open[] = { "/api/v1/hello", "/api/v1/setup", "/api/v1/session",
		"/", "/favicon.svg", "/assets/*", "/metrics" /* by a token of its own */ };
	size_t count = 0;
	const struct km_route *routes = km_routes_all(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		bool is_open = false;

		for (size_t j = 0; j < KM_COUNT(open); j++) {
			is_open = is_open || strcmp(open[j], routes[i].pattern) == 0;
		}
		assert_true(routes[i].access != KM_ACCESS_PUBLIC || is_open);
		if (routes[i].method != KM_METHOD_GET && routes[i].access != KM_ACCESS_PUBLIC) {
			assert_true(routes[i].needs_csrf);
		}
		if (strstr(routes[i].pattern, "{segment}") != NULL) {
			assert_int_equal(routes[i].access, KM_ACCESS_SEGMENT);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_find_their_handlers),
		cmocka_unit_test(other_paths_find_nothing),
		cmocka_unit_test(other_methods_are_told),
		cmocka_unit_test(each_row_is_guarded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
