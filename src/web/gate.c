#include "web/gate.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

void km_resource_live_watch(struct km_call *call);

int km_gate_ask(struct km_web *web, const uint8_t session[static KM_SECRET_BYTES], bool is_bearer,
    const char *peer, enum km_right right, const struct km_uuid *camera, km_ask_callback *on_answer,
    void *context)
{
	struct km_message_session_check message = {
		.session_size = KM_SECRET_BYTES,
		.is_bearer = is_bearer,
		.right = (uint8_t)right,
		.camera = *camera,
	};
	int err = 0;

	memcpy(message.session, session, KM_SECRET_BYTES);
	(void)snprintf(message.address, sizeof(message.address), "%s", peer);
	err = km_ask_put(web->ask, KM_MESSAGE_session_check, &message, on_answer, context);
	explicit_bzero(&message, sizeof(message));
	return err;
}

int km_gate_verdict(const struct km_ask_answer *answer)
{
	const struct km_message_session_reply *reply = answer->message;

	if (answer->err < 0) {
		return answer->err;
	}
	if (answer->kind != KM_MESSAGE_session_reply) {
		return KM_ERR_AGAIN;
	}
	if (reply->err == 0 && reply->csrf_size != KM_SECRET_BYTES) {
		return KM_ERR_AGAIN;
	}
	return reply->err <= 0 ? reply->err : KM_ERR_AGAIN;
}

/* [IPA b24-2] the header must repeat the session's token. */
static bool has_csrf(const struct km_request *request, const struct km_call_account *account)
{
	struct km_secret token = { 0 };
	struct km_bytes text = km_bytes_text(request->csrf);
	bool is_right =
	    text.size == 2 * sizeof(token.bytes) &&
	    km_text_parse_hex(text, token.bytes, sizeof(token.bytes)) == 0 &&
	    km_secret_is_equal_bytes(KM_BYTES_OF(token.bytes), KM_BYTES_OF(account->csrf));

	km_secret_wipe(&token);
	return is_right;
}

static const char *const no_segment_text = "there is no such segment: it may have been deleted";

static void fail_unknown(struct km_call *call)
{
	if (call->is_bearer) {
		km_call_fail(call, 401, "not_logged_in",
		    "the token is unknown, over, or revoked, or its owner is disabled");
	} else {
		km_call_fail(call, 401, "not_logged_in", "log in first");
	}
}

static void on_verdict(void *context, const struct km_ask_answer *answer)
{
	struct km_call *call = context;
	const struct km_request *request = km_call_request(call);
	const struct km_message_session_reply *reply = answer->message;
	int err = km_gate_verdict(answer);

	if (request == NULL) {
		return;
	}
	if (err == KM_ERR_AUTH) {
		fail_unknown(call);
		return;
	}
	if (err == KM_ERR_DENIED && call->match.route->access == KM_ACCESS_SEGMENT) {
		km_call_fail_err(call, KM_ERR_NOT_FOUND, no_segment_text);
		return;
	}
	if (err == KM_ERR_LOCKED) {
		km_call_fail_locked(call, reply->retry_after_us, reply->text);
		return;
	}
	if (err < 0) {
		km_call_fail_err(call, err,
		    answer->err == 0 && reply != NULL && answer->kind == KM_MESSAGE_session_reply
			? reply->text
			: "the recorder is busy");
		return;
	}
	call->account.id = reply->account;
	call->account.role = reply->role;
	call->account.expires_us = reply->expires_unix_us;
	call->account.needs_factor = reply->needs_factor != 0;
	memcpy(call->account.name, reply->name, sizeof(call->account.name));
	memcpy(call->account.csrf, reply->csrf, sizeof(call->account.csrf));
	if (call->match.route->needs_csrf && !call->is_bearer &&
	    !has_csrf(request, &call->account)) {
		km_call_fail(call, 403, "csrf",
		    "the header X-Komainu-CSRF is missing or not that of this session");
		return;
	}
	call->match.route->handle(call);
}

static void ask_guard(struct km_call *call, const struct km_uuid *camera)
{
	struct km_message_session_check message = {
		.session_size = KM_SECRET_BYTES,
		.is_bearer = call->is_bearer,
		.right = (uint8_t)call->match.route->right,
		.camera = *camera,
	};
	int err = 0;

	memcpy(message.session, call->session, KM_SECRET_BYTES);
	(void)snprintf(message.address, sizeof(message.address), "%s", km_call_request(call)->peer);
	err = km_call_ask(call, KM_MESSAGE_session_check, &message, on_verdict, call);
	explicit_bzero(&message, sizeof(message));
	if (err < 0) {
		km_call_fail(call, 503, "busy", "the recorder is busy: try again");
	}
}

/* --- the camera of a segment --- */

struct lookup {
	struct km_call *call;
	struct km_archive_segment row;
	int err;
};

static void run_lookup(void *context)
{
	struct lookup *lookup = context;
	struct km_archive_pool *pool = lookup->call->web->archives;
	struct km_archive *archive = NULL;

	lookup->err = km_archive_pool_take(pool, &archive);
	if (lookup->err == 0) {
		lookup->err = km_archive_find(archive, &lookup->call->match.segment, &lookup->row);
		km_archive_pool_give(
		    pool, archive, lookup->err < 0 && lookup->err != KM_ERR_NOT_FOUND);
	}
}

/* A segment that is not there is told to those only who have a session. */
static void on_no_segment(void *context, const struct km_ask_answer *answer)
{
	struct km_call *call = context;
	int err = km_gate_verdict(answer);

	if (err == KM_ERR_AUTH) {
		fail_unknown(call);
	} else if (err < 0 && err != KM_ERR_DENIED) {
		km_call_fail_err(call, err, NULL);
	} else {
		km_call_fail_err(call, KM_ERR_NOT_FOUND, no_segment_text);
	}
}

static void done_lookup(void *context)
{
	struct lookup *lookup = context;
	struct km_call *call = lookup->call;
	struct km_message_session_check message = {
		.session_size = KM_SECRET_BYTES,
		.is_bearer = call->is_bearer,
		.right = KM_RIGHT_SESSION,
	};

	if (km_call_request(call) == NULL) {
		goto out;
	}
	if (lookup->err == 0) {
		call->segment = lookup->row;
		ask_guard(call, &call->segment.camera);
	} else if (lookup->err == KM_ERR_NOT_FOUND) {
		memcpy(message.session, call->session, KM_SECRET_BYTES);
		(void)snprintf(
		    message.address, sizeof(message.address), "%s", km_call_request(call)->peer);
		if (km_call_ask(call, KM_MESSAGE_session_check, &message, on_no_segment, call) <
		    0) {
			km_call_fail(call, 503, "busy", "the recorder is busy: try again");
		}
	} else {
		km_call_fail(call, 500, "storage", km_error_text(lookup->err));
	}
out:
	explicit_bzero(&message, sizeof(message));
	free(lookup);
}

static void find_segment(struct km_call *call)
{
	struct lookup *lookup = calloc(1, sizeof(*lookup));

	if (lookup == NULL) {
		km_call_fail_err(call, KM_ERR_MEMORY, NULL);
		return;
	}
	lookup->call = call;
	if (km_call_submit(call, run_lookup, done_lookup, lookup) < 0) {
		free(lookup);
	}
}

/* --- the way in --- */

/*
 * What changes something must come from our own page: browsers name the page's origin, programs
 * name none. A body must be declared as JSON, which a form of a foreign page cannot do.
 */
static bool is_own(struct km_call *call, const struct km_request *request)
{
	struct km_bytes type = km_bytes_text(request->content_type);

	if (request->method == KM_METHOD_GET || request->method == KM_METHOD_HEAD) {
		return true;
	}
	if (request->origin[0] != '\0' && !km_request_is_same_origin(km_bytes_text(request->origin),
					      km_bytes_text(request->host))) {
		km_call_fail(call, 403, "csrf", "this request comes from another site");
		return false;
	}
	if (request->body.size > 0 &&
	    !km_bytes_is_equal_nocase(
		km_bytes_trim(km_bytes_split(&type, ';')), KM_BYTES("application/json"))) {
		km_call_fail(call, 400, "invalid", "Content-Type must be application/json");
		return false;
	}
	return true;
}

static void fail_method(struct km_call *call, const char *allowed)
{
	struct km_response response = {
		.status = 405,
		.content_type = "application/json",
		.headers = { { "allow:", allowed } },
		.header_count = 1,
		.fixed = KM_BYTES("{\"error\":{\"code\":\"not_found\",\"message\":"
				  "\"this method is not served here\"}}"),
	};

	km_call_answer(call, &response);
}

static void enter(struct km_call *call)
{
	static const struct km_uuid nobody;

	if (call->match.route->access == KM_ACCESS_PUBLIC) {
		call->match.route->handle(call);
		return;
	}
	if (km_request_credential(km_call_request(call), call->session, &call->is_bearer) < 0) {
		fail_unknown(call);
		return;
	}
	switch (call->match.route->access) {
	case KM_ACCESS_SEGMENT:
		find_segment(call);
		break;
	case KM_ACCESS_CAMERA:
		ask_guard(call, &call->match.camera);
		break;
	case KM_ACCESS_SESSION:
	default:
		ask_guard(call, &nobody);
		break;
	}
}

void km_gate_on_request(void *context, struct km_exchange *exchange)
{
	struct km_web *web = context;
	struct km_call *call = km_call_create(web, exchange);
	const struct km_request *request = km_server_exchange_request(exchange);
	char allowed[64];
	int err = 0;

	if (call == NULL) {
		km_server_exchange_abort(exchange);
		return;
	}
	(void)km_call_ref(call); /* while we are in here */
	err = km_routes_find(request->method, km_bytes_text(request->path), &call->match, allowed);
	if (err == KM_ERR_UNSUPPORTED) {
		fail_method(call, allowed);
	} else if (err < 0) {
		km_call_fail(call, 404, "not_found", "there is nothing at this path");
	} else if (is_own(call, request)) {
		enter(call);
	}
	km_call_unref(call);
}

unsigned km_gate_on_socket_asked(void *context, const struct km_request *request)
{
	struct km_route_match match;
	uint8_t session[KM_SECRET_BYTES];
	char allowed[64];
	bool is_bearer = false;
	int err = 0;

	(void)context;
	if (km_routes_find(request->method, km_bytes_text(request->path), &match, allowed) < 0 ||
	    match.route->handle != km_resource_live_watch) {
		return 404;
	}
	err = km_request_credential(request, session, &is_bearer);
	explicit_bzero(session, sizeof(session));
	if (err < 0) {
		return 401;
	}
	/* The same-origin policy does not hold for WebSockets: this check is all there is. Programs
	 * with a token name no origin; a browser does always. */
	if ((!is_bearer || request->origin[0] != '\0') &&
	    !km_request_is_same_origin(
		km_bytes_text(request->origin), km_bytes_text(request->host))) {
		return 403;
	}
	return 0;
}
