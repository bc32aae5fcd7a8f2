#include "web/routes.h"

#include "base/buf.h"

#define KM_ROUTE(method, pattern, access, right, csrf, handler)                                    \
	void km_resource_##handler(struct km_call *call);
#include "web/routes.tbl"

void km_resource_relay(struct km_call *call);

/* The right of a request, as a constant (requests.tbl). */
enum {
#define KM_REQUEST(message, RIGHT, text) RIGHT_OF_##message = KM_RIGHT_##RIGHT,
#include "model/requests.tbl"
#undef KM_REQUEST
};

static const struct km_route routes[] = {
#define KM_ROUTE(method, pattern, access, right, csrf, handler)                                    \
	{ KM_METHOD_##method, pattern, KM_ACCESS_##access, KM_RIGHT_##right, (csrf) != 0,          \
		km_resource_##handler, KM_MESSAGE_done, NULL },
#define KM_RELAY(method, pattern, message, list)                                                   \
	{ KM_METHOD_##method, pattern, KM_ACCESS_SESSION, (enum km_right)RIGHT_OF_##message,       \
		KM_METHOD_##method != KM_METHOD_GET, km_resource_relay, KM_MESSAGE_##message,      \
		list },
#include "web/routes.tbl"
};

const struct km_route *km_routes_all(size_t *ret_count)
{
	*ret_count = KM_COUNT(routes);
	return routes;
}

static bool match_part(struct km_bytes wanted, struct km_bytes part, struct km_route_match *match)
{
	if (km_bytes_is_equal(wanted, KM_BYTES("{camera}"))) {
		return km_uuid_parse(part, &match->camera) == 0;
	}
	if (km_bytes_is_equal(wanted, KM_BYTES("{segment}"))) {
		return km_uuid_parse(part, &match->segment) == 0;
	}
	if (wanted.size > 2 && wanted.data[0] == '{' && part.size > 0 &&
	    match->parameter_count < KM_ROUTE_PARAMETERS_MAX) {
		match->parameters[match->parameter_count++] = (struct km_route_parameter){
			.name = km_bytes_slice(wanted, 1, wanted.size - 2),
			.value = part,
		};
		return true;
	}
	return km_bytes_is_equal(wanted, part);
}

static bool match_path(
    const struct km_route *route, struct km_bytes path, struct km_route_match *ret_match)
{
	struct km_bytes pattern = km_bytes_text(route->pattern);
	struct km_route_match match = { .route = route };

	while (pattern.size > 0 && path.size > 0) {
		/* "a" and "a/" differ: the separator of the part before must be on both sides. */
		bool is_last = km_bytes_find(pattern, '/') == pattern.size;
		bool is_path_last = km_bytes_find(path, '/') == path.size;
		struct km_bytes wanted = km_bytes_split(&pattern, '/');

		if (km_bytes_is_equal(wanted, KM_BYTES("*"))) {
			match.rest = path;
			*ret_match = match;
			return true;
		}
		if (is_last != is_path_last ||
		    !match_part(wanted, km_bytes_split(&path, '/'), &match)) {
			return false;
		}
	}
	if (pattern.size > 0 || path.size > 0) {
		return false;
	}
	*ret_match = match;
	return true;
}

int km_routes_find(enum km_method method, struct km_bytes path, struct km_route_match *ret_match,
    char ret_allowed[static 64])
{
	enum km_method wanted = method == KM_METHOD_HEAD ? KM_METHOD_GET : method;
	struct km_route_match match = { 0 };
	struct km_buf allowed;

	km_buf_init_fixed(&allowed, ret_allowed, 63);
	for (size_t i = 0; i < KM_COUNT(routes); i++) {
		if (!match_path(&routes[i], path, &match)) {
			continue;
		}
		if (routes[i].method == wanted) {
			*ret_match = match;
			return 0;
		}
		km_buf_add_text(&allowed, allowed.size > 0 ? ", " : "");
		km_buf_add_text(&allowed, km_request_method_name(routes[i].method));
		km_buf_add_text(&allowed, routes[i].method == KM_METHOD_GET ? ", HEAD" : "");
	}
	ret_allowed[allowed.size] = '\0';
	return allowed.size > 0 ? KM_ERR_UNSUPPORTED : KM_ERR_NOT_FOUND;
}
