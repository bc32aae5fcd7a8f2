/*
 * The gate: every request passes here, and nothing is served before guard has said yes to this
 * session (or API token), this right and this camera. [IPA a03-2, a04-1]
 *
 * With a token no CSRF header is needed, as no browser sends one by itself, and no cookie is made.
 * A camera that was not granted gives 403 on all its routes, whether it exists or not; its segments
 * give 404, as those that do not exist.
 */
#ifndef KM_WEB_GATE_H
#define KM_WEB_GATE_H

#include "web/call.h"

/* km_server_events.on_request; context is the struct km_web. */
void km_gate_on_request(void *context, struct km_exchange *exchange);

/* km_server_events.on_socket_asked: path, Origin and cookie; the right is asked for afterwards. */
unsigned km_gate_on_socket_asked(void *context, const struct km_request *request);

/*
 * Ask whether a session or token may; answered by session_reply. `context` lives until then.
 * Returns 0 or what asking returned.
 */
KM_MUST_USE int km_gate_ask(struct km_web *web, const uint8_t session[static KM_SECRET_BYTES],
    bool is_bearer, const char *peer, enum km_right right, const struct km_uuid *camera,
    km_ask_callback *on_answer, void *context);

/* 0, or why not: the error of the answer, or KM_ERR_AGAIN where the answer makes no sense. */
int km_gate_verdict(const struct km_ask_answer *answer);

#endif
