/*
 * One request on its way through the gate, its handler and the disk.
 *
 * Counted: whoever waits for something on its behalf holds a reference. The client may leave in
 * between: then all answering does nothing, and km_call_request() is NULL. Whoever gives an answer
 * does so once.
 */
#ifndef KM_WEB_CALL_H
#define KM_WEB_CALL_H

#include "web/body_json.h"
#include "web/routes.h"
#include "web/web.h"

struct km_call_account {
	struct km_uuid id;
	char name[64];
	uint8_t role; /* enum km_account_role */
	uint8_t csrf[KM_SECRET_BYTES];
	int64_t expires_us;
	bool needs_factor; /* it can do nothing before it has set up a second factor */
};

struct km_call {
	size_t refs;
	struct km_web *web;
	struct km_exchange *exchange; /* NULL: the client has gone */
	bool is_answered;
	struct km_route_match match;
	struct km_archive_segment segment; /* KM_ACCESS_SEGMENT: its row */
	uint8_t session[KM_SECRET_BYTES];  /* of the cookie, or an API token */
	bool is_bearer;
	struct km_call_account account; /* once the gate has let it through */
	/* Called when the client has gone, or has got all; may be NULL. */
	void (*on_gone)(void *context);
	void *on_gone_context;
};

/* For a new request; one reference, which the exchange holds. NULL: no memory. */
struct km_call *km_call_create(struct km_web *web, struct km_exchange *exchange);
struct km_call *km_call_ref(struct km_call *call);
void km_call_unref(struct km_call *call);

/* NULL once the client has gone. */
const struct km_request *km_call_request(const struct km_call *call);

/* Takes the body. */
void km_call_answer(struct km_call *call, struct km_response *response);

/* Answer with what was written; takes it. A writer in error becomes 503. */
void km_call_answer_json(struct km_call *call, unsigned status, struct km_json *json);

/* The error answer of the API: a code that programs know, and a text for people. */
void km_call_fail(struct km_call *call, unsigned status, const char *code, const char *text);

/* 422 invalid, with the field. */
void km_call_refuse(struct km_call *call, const struct km_refusal *refusal);

/* 429 locked. */
void km_call_fail_locked(struct km_call *call, int64_t retry_after_us, const char *text);

/* The answer that fits a KM_ERR_ code; text may be NULL or empty. */
void km_call_fail_err(struct km_call *call, int err, const char *text);

/* Ask guard on behalf of the call, which is referenced until the last answer. */
KM_MUST_USE int km_call_ask(struct km_call *call, enum km_message_kind kind, void *message,
    km_ask_callback *on_answer, void *context);

/*
 * Do disk work for the call on the work pool: run(job), then done(job) on the loop. On failure it
 * has answered (busy), and neither is called.
 */
KM_MUST_USE int km_call_submit(
    struct km_call *call, void (*run)(void *job), void (*done)(void *job), void *job);

#endif
