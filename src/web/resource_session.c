/* /api/v1/hello, /setup, /session: who is there. */
#include "base/text.h"
#include "io/clock.h"
#include "web/call.h"

#include <stdio.h>
#include <string.h>

#define ANSWER_MAX 4096

void km_resource_session_hello(struct km_call *call);
void km_resource_session_setup(struct km_call *call);
void km_resource_session_login(struct km_call *call);
void km_resource_session_show(struct km_call *call);
void km_resource_session_logout(struct km_call *call);

static void answer_hello(struct km_call *call)
{
	struct km_json json;

	km_json_init(&json, ANSWER_MAX);
	km_json_open(&json, NULL, '{');
	km_json_text(&json, "product", "komainu");
	km_json_text(&json, "version", call->web->version);
	km_json_bool(&json, "setup_required", !call->web->is_setup_done);
	km_json_close(&json, '}');
	km_call_answer_json(call, 200, &json);
}

static void on_hello(void *context, const struct km_ask_answer *answer)
{
	struct km_call *call = context;
	struct km_web *web = call->web;

	if (answer->err == 0 && answer->kind == KM_MESSAGE_status_system) {
		const struct km_message_status_system *system = answer->message;

		memcpy(web->version, system->version, sizeof(web->version));
		web->is_setup_done = system->is_setup_done != 0;
	}
	if (!answer->is_last) {
		return;
	}
	if (answer->err < 0) {
		km_call_fail_err(call, answer->err, "the recorder is busy: try again");
	} else {
		answer_hello(call);
	}
}

void km_resource_session_hello(struct km_call *call)
{
	struct km_message_status_get message = { 0 };

	/* Asked by anybody, so guard is troubled only until there is an administrator. */
	if (call->web->is_setup_done) {
		answer_hello(call);
		return;
	}
	if (km_call_ask(call, KM_MESSAGE_status_get, &message, on_hello, call) < 0) {
		km_call_fail(call, 503, "busy", "the recorder is busy: try again");
	}
}

static void write_session(struct km_json *json, const struct km_call_account *account)
{
	char csrf[2 * KM_SECRET_BYTES + 1];

	(void)km_text_write_hex(KM_BYTES_OF(account->csrf), csrf, sizeof(csrf));
	km_json_init(json, ANSWER_MAX);
	km_json_open(json, NULL, '{');
	km_json_open(json, "account", '{');
	km_json_uuid(json, "id", &account->id);
	km_json_text(json, "name", account->name);
	km_json_text(json, "role", km_rights_role_name((enum km_account_role)account->role));
	km_json_close(json, '}');
	km_json_text(json, "csrf", csrf);
	km_json_bool(json, "needs_second_factor", account->needs_factor);
	km_json_i64(json, "expires_us", account->expires_us);
	km_json_i64(json, "now_us", km_clock_unix_us());
	km_json_close(json, '}');
}

void km_resource_session_show(struct km_call *call)
{
	struct km_json json;

	write_session(&json, &call->account);
	km_call_answer_json(call, 200, &json);
}

static void fail_login(struct km_call *call, const struct km_message_session_reply *reply)
{
	switch (reply->err) {
	case KM_ERR_AUTH:
		if (reply->needs_code) {
			km_call_fail(call, 401, "second_factor_needed", reply->text);
			break;
		}
		/* The same words for a wrong name and a wrong password. [IPA a05-1] */
		km_call_fail(call, 401, "login_failed", "the name or the password is wrong");
		break;
	case KM_ERR_LOCKED:
		km_call_fail_locked(call, reply->retry_after_us,
		    reply->text[0] != '\0' ? reply->text : "too many failed logins: wait");
		break;
	default:
		km_call_fail_err(call, reply->err, reply->text);
		break;
	}
}

static void answer_login(struct km_call *call, const struct km_message_session_reply *reply)
{
	struct km_response response = { .status = 200, .content_type = "application/json" };
	struct km_call_account account = {
		.id = reply->account,
		.role = reply->role,
		.expires_us = reply->expires_unix_us,
		.needs_factor = reply->needs_factor != 0,
	};
	struct km_json json;
	char token[2 * KM_SECRET_BYTES + 1];
	char cookie[192];

	memcpy(account.name, reply->name, sizeof(account.name));
	memcpy(account.csrf, reply->csrf, sizeof(account.csrf));
	(void)km_text_write_hex(
	    km_bytes_from(reply->session, reply->session_size), token, sizeof(token));
	(void)snprintf(cookie, sizeof(cookie),
	    KM_REQUEST_COOKIE_NAME "=%s; Path=/; Secure; HttpOnly; SameSite=Strict", token);
	write_session(&json, &account);
	response.body = json.buf;
	response.headers[0].name = "set-cookie:";
	response.headers[0].value = cookie;
	response.header_count = 1;
	km_call_answer(call, &response);
	explicit_bzero(token, sizeof(token));
	explicit_bzero(cookie, sizeof(cookie));
	explicit_bzero(&account, sizeof(account));
}

/* Of setup and of login. */
static void on_login(void *context, const struct km_ask_answer *answer)
{
	struct km_call *call = context;
	const struct km_message_session_reply *reply = answer->message;

	if (answer->err < 0) {
		km_call_fail_err(call, answer->err, "the recorder is busy: try again");
	} else if (answer->kind != KM_MESSAGE_session_reply) {
		km_call_fail(call, 503, "busy", "the recorder is busy: try again");
	} else if (reply->err != 0) {
		fail_login(call, reply);
	} else if (reply->session_size != KM_SECRET_BYTES || reply->csrf_size != KM_SECRET_BYTES) {
		km_call_fail(call, 503, "busy", "the recorder gave no session");
	} else {
		call->web->is_setup_done = true;
		answer_login(call, reply);
	}
}

void km_resource_session_setup(struct km_call *call)
{
	struct km_message_setup message = { 0 };
	struct km_refusal refusal = { 0 };
	const struct km_body_field fields[] = {
		{ "token", KM_BODY_TEXT, message.token, sizeof(message.token), true, NULL },
		{ "name", KM_BODY_TEXT, message.name, sizeof(message.name), true, NULL },
		{ "password", KM_BODY_TEXT, message.password, sizeof(message.password), true,
		    NULL },
	};
	const struct km_request *request = km_call_request(call);

	if (km_body_json_read(request->body, fields, KM_COUNT(fields), &refusal) < 0) {
		km_call_refuse(call, &refusal);
	} else {
		(void)snprintf(message.address, sizeof(message.address), "%s", request->peer);
		(void)snprintf(message.program, sizeof(message.program), "%s", request->program);
		if (km_call_ask(call, KM_MESSAGE_setup, &message, on_login, call) < 0) {
			km_call_fail(call, 503, "busy", "the recorder is busy: try again");
		}
	}
	km_messages_wipe(KM_MESSAGE_setup, &message);
}

void km_resource_session_login(struct km_call *call)
{
	struct km_message_login message = { 0 };
	struct km_refusal refusal = { 0 };
	const struct km_body_field fields[] = {
		{ "name", KM_BODY_TEXT, message.name, sizeof(message.name), true, NULL },
		{ "password", KM_BODY_TEXT, message.password, sizeof(message.password), true,
		    NULL },
		{ "code", KM_BODY_TEXT, message.code, sizeof(message.code), false, NULL },
	};
	const struct km_request *request = km_call_request(call);

	if (km_body_json_read(request->body, fields, KM_COUNT(fields), &refusal) < 0) {
		km_call_refuse(call, &refusal);
	} else {
		(void)snprintf(message.address, sizeof(message.address), "%s", request->peer);
		(void)snprintf(message.program, sizeof(message.program), "%s", request->program);
		if (km_call_ask(call, KM_MESSAGE_login, &message, on_login, call) < 0) {
			km_call_fail(call, 503, "busy", "the recorder is busy: try again");
		}
	}
	km_messages_wipe(KM_MESSAGE_login, &message);
}

static void on_logout(void *context, const struct km_ask_answer *answer)
{
	struct km_call *call = context;
	struct km_response response = {
		.status = 204,
		.headers = { { "set-cookie:", KM_REQUEST_COOKIE_NAME
		    "=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0" } },
		.header_count = 1,
	};

	if (answer->err < 0) {
		km_call_fail_err(call, answer->err, "the recorder is busy: try again");
		return;
	}
	km_keys_forget(call->web->keys, KM_BYTES_OF(call->session));
	km_call_answer(call, &response);
}

void km_resource_session_logout(struct km_call *call)
{
	struct km_message_logout message = { .session_size = KM_SECRET_BYTES };

	memcpy(message.session, call->session, KM_SECRET_BYTES);
	if (km_call_ask(call, KM_MESSAGE_logout, &message, on_logout, call) < 0) {
		km_call_fail(call, 503, "busy", "the recorder is busy: try again");
	}
	explicit_bzero(&message, sizeof(message));
}
