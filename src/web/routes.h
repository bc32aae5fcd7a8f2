/*
 * Which request goes where, and what right it needs (routes.tbl).
 */
#ifndef KM_WEB_ROUTES_H
#define KM_WEB_ROUTES_H

#include "model/messages.h"
#include "model/rights.h"
#include "web/request.h"

struct km_call;

enum km_access {
	KM_ACCESS_PUBLIC,
	KM_ACCESS_SESSION,
	KM_ACCESS_CAMERA,
	KM_ACCESS_SEGMENT,
};

struct km_route {
	enum km_method method;
	const char *pattern;
	enum km_access access;
	enum km_right right;
	bool needs_csrf;
	void (*handle)(struct km_call *call);
	enum km_message_kind relayed; /* what handle asks of the guard, if it is the relay */
	const char *list;             /* array of the relayed answer; "": one object, or none */
};

/* A part of the path that stood for {name}. */
struct km_route_parameter {
	struct km_bytes name;
	struct km_bytes value; /* points into the path */
};

#define KM_ROUTE_PARAMETERS_MAX 3

/* What the pattern's parameters were; nil and empty where it has none. */
struct km_route_match {
	const struct km_route *route;
	struct km_uuid camera;
	struct km_uuid segment;
	struct km_route_parameter parameters[KM_ROUTE_PARAMETERS_MAX];
	size_t parameter_count;
	struct km_bytes rest; /* what stood for "*"; points into the path */
};

/* The rows, for tests. */
const struct km_route *km_routes_all(size_t *ret_count);

/*
 * Find the row for a request. HEAD finds GET rows.
 * Returns 0, KM_ERR_NOT_FOUND, or KM_ERR_UNSUPPORTED: the path exists, but not for this method;
 * then ret_allowed (at least 64 bytes) lists the methods for the Allow header.
 */
KM_MUST_USE int km_routes_find(enum km_method method, struct km_bytes path,
    struct km_route_match *ret_match, char ret_allowed[static 64]);

#endif
