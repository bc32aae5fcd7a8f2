/* /api/v1/cameras: their settings. */
#include "base/text.h"
#include "model/states.h"
#include "model/status_json.h"
#include "web/camera_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX ((size_t)8 * 1024 * 1024)
#define RETAIN_US  (INT64_C(30) * 86400 * 1000000) /* of a camera that says nothing about it */

void km_resource_cameras_list(struct km_call *call);
void km_resource_cameras_show(struct km_call *call);
void km_resource_cameras_add(struct km_call *call);
void km_resource_cameras_change(struct km_call *call);
void km_resource_cameras_drop(struct km_call *call);

static void on_list(struct km_camera_json_status *status)
{
	struct km_json json;

	if (!status->has_system) {
		return;
	}
	km_json_init(&json, ANSWER_MAX);
	km_json_open(&json, NULL, '{');
	km_json_raw(&json, "cameras", km_buf_view(&status->cameras.buf));
	km_json_close(&json, '}');
	km_call_answer_json(status->call, 200, &json);
}

void km_resource_cameras_list(struct km_call *call)
{
	km_camera_json_collect(call, NULL, on_list, NULL);
}

static void on_show(struct km_camera_json_status *status)
{
	struct km_json json;

	if (!status->has_system) {
		return;
	}
	if (!status->is_found) {
		km_call_fail(status->call, 404, "not_found", "there is no such camera");
		return;
	}
	km_json_init(&json, ANSWER_MAX);
	km_status_json_camera(&json, NULL, &status->found);
	km_call_answer_json(status->call, 200, &json);
}

void km_resource_cameras_show(struct km_call *call)
{
	km_camera_json_collect(call, &call->match.camera, on_show, NULL);
}

/* --- adding and changing --- */

/* What the body says, before it becomes a camera_put. */
struct wish {
	struct km_message_camera_put put;
	char transport[16];
	char pin[100];
	int64_t retain_bytes;
	uint8_t allows_basic;
	uint8_t is_enabled;
	bool has_name;
	bool has_url;
	bool has_user;
	bool has_password;
	bool has_transport;
	bool has_basic;
	bool has_pin;
	bool has_retain_us;
	bool has_retain_bytes;
	bool has_enabled;
};

static int refuse(struct km_refusal *ret_refusal, const char *field, const char *text)
{
	(void)snprintf(ret_refusal->field, sizeof(ret_refusal->field), "%s", field);
	(void)snprintf(ret_refusal->text, sizeof(ret_refusal->text), "%s", text);
	return KM_ERR_FORMAT;
}

static int read_transport(struct wish *wish, struct km_refusal *ret_refusal)
{
	static const unsigned values[] = { KM_TRANSPORT_AUTO, KM_TRANSPORT_TCP, KM_TRANSPORT_UDP };

	for (size_t i = 0; i < KM_COUNT(values); i++) {
		if (strcmp(wish->transport, km_states_camera_transport(values[i])) == 0) {
			wish->put.transport = (uint8_t)values[i];
			return 0;
		}
	}
	return refuse(ret_refusal, "transport", "auto, tcp or udp is needed");
}

static int read_pin(struct wish *wish, struct km_refusal *ret_refusal)
{
	struct km_message_camera_put *put = &wish->put;

	put->pin_size = 0;
	if (wish->pin[0] == '\0') {
		return 0;
	}
	if (km_text_parse_hex(km_bytes_text(wish->pin), put->pin, sizeof(put->pin)) < 0) {
		return refuse(ret_refusal, "pin",
		    "the SHA-256 of the camera's certificate is needed: 64 hexadecimal digits");
	}
	put->pin_size = sizeof(put->pin);
	return 0;
}

static int read_wish(
    struct km_bytes body, bool is_new, struct wish *wish, struct km_refusal *ret_refusal)
{
	struct km_message_camera_put *put = &wish->put;
	const struct km_body_field fields[] = {
		{ "name", KM_BODY_TEXT, put->name, sizeof(put->name), is_new, &wish->has_name },
		{ "url", KM_BODY_TEXT, put->url, sizeof(put->url), is_new, &wish->has_url },
		{ "user", KM_BODY_TEXT, put->user, sizeof(put->user), false, &wish->has_user },
		{ "password", KM_BODY_TEXT, put->password, sizeof(put->password), false,
		    &wish->has_password },
		{ "transport", KM_BODY_TEXT, wish->transport, sizeof(wish->transport), false,
		    &wish->has_transport },
		{ "allow_basic", KM_BODY_BOOL, &wish->allows_basic, 0, false, &wish->has_basic },
		{ "pin", KM_BODY_TEXT, wish->pin, sizeof(wish->pin), false, &wish->has_pin },
		{ "retain_us", KM_BODY_I64, &put->retain_us, 0, false, &wish->has_retain_us },
		{ "retain_bytes", KM_BODY_I64, &wish->retain_bytes, 0, false,
		    &wish->has_retain_bytes },
		{ "enabled", KM_BODY_BOOL, &wish->is_enabled, 0, false, &wish->has_enabled },
	};
	int err = km_body_json_read(body, fields, KM_COUNT(fields), ret_refusal);

	if (err == 0 && wish->has_transport) {
		err = read_transport(wish, ret_refusal);
	}
	if (err == 0 && wish->has_pin) {
		err = read_pin(wish, ret_refusal);
	}
	put->has_password = wish->has_password ? 1 : 0;
	put->allows_basic = wish->allows_basic;
	put->is_enabled = wish->is_enabled;
	put->retain_bytes = (uint64_t)wish->retain_bytes;
	return err;
}

/* What the wish leaves open stays as it is. */
static void fill_from(struct wish *wish, const struct km_message_status_camera *now)
{
	struct km_message_camera_put *put = &wish->put;

	put->camera = now->camera;
	if (!wish->has_name) {
		memcpy(put->name, now->name, sizeof(put->name));
	}
	if (!wish->has_url) {
		memcpy(put->url, now->url, sizeof(put->url));
	}
	if (!wish->has_user) {
		memcpy(put->user, now->user, sizeof(put->user));
	}
	put->transport = wish->has_transport ? put->transport : now->wished_transport;
	put->allows_basic = wish->has_basic ? put->allows_basic : now->allows_basic;
	if (!wish->has_pin) {
		put->pin_size = now->pin_size;
		memcpy(put->pin, now->pin, sizeof(put->pin));
	}
	put->retain_us = wish->has_retain_us ? put->retain_us : now->retain_us;
	put->retain_bytes = wish->has_retain_bytes ? put->retain_bytes : now->retain_bytes;
	put->is_enabled = wish->has_enabled ? put->is_enabled : now->is_enabled;
}

static void free_wish(struct wish *wish)
{
	explicit_bzero(wish, sizeof(*wish));
	free(wish);
}

/* The wish of a call; NULL if the call was answered instead. */
static struct wish *wish_of(struct km_call *call, bool is_new)
{
	struct km_refusal refusal = { 0 };
	struct wish *wish = calloc(1, sizeof(*wish));

	if (wish == NULL) {
		km_call_fail_err(call, KM_ERR_MEMORY, NULL);
		return NULL;
	}
	if (read_wish(km_call_request(call)->body, is_new, wish, &refusal) < 0) {
		km_call_refuse(call, &refusal);
		free_wish(wish);
		return NULL;
	}
	wish->put.session_size = KM_SECRET_BYTES;
	memcpy(wish->put.session, call->session, KM_SECRET_BYTES);
	return wish;
}

/* 0, or the failure that has been answered. */
static int check_done(struct km_call *call, const struct km_ask_answer *answer)
{
	const struct km_message_done *done = answer->message;

	if (answer->err < 0) {
		km_call_fail_err(call, answer->err, "the recorder is busy: try again");
		return answer->err;
	}
	if (answer->kind != KM_MESSAGE_done) {
		km_call_fail(call, 503, "busy", "the recorder is busy: try again");
		return KM_ERR_AGAIN;
	}
	if (done->err == KM_ERR_AUTH) {
		km_call_fail(call, 401, "not_logged_in", "log in first");
	} else if (done->err != 0) {
		km_call_fail_err(call, done->err, done->text);
	}
	return done->err;
}

static void on_added(void *context, const struct km_ask_answer *answer)
{
	struct km_call *call = context;
	const struct km_message_done *done = answer->message;
	struct km_json json;

	if (check_done(call, answer) != 0) {
		return;
	}
	km_json_init(&json, ANSWER_MAX);
	km_json_open(&json, NULL, '{');
	km_json_uuid(&json, "id", &done->camera);
	km_json_close(&json, '}');
	km_call_answer_json(call, 201, &json);
}

void km_resource_cameras_add(struct km_call *call)
{
	struct wish *wish = wish_of(call, true);

	if (wish == NULL) {
		return;
	}
	wish->put.is_enabled = wish->has_enabled ? wish->put.is_enabled : 1;
	wish->put.retain_us = wish->has_retain_us ? wish->put.retain_us : RETAIN_US;
	if (km_call_ask(call, KM_MESSAGE_camera_put, &wish->put, on_added, call) < 0) {
		km_call_fail(call, 503, "busy", "the recorder is busy: try again");
	}
	free_wish(wish);
}

static void on_changed(void *context, const struct km_ask_answer *answer)
{
	struct km_call *call = context;

	if (check_done(call, answer) == 0) {
		km_camera_json_collect(call, &call->match.camera, on_show, NULL);
	}
}

static void on_current(struct km_camera_json_status *status)
{
	struct wish *wish = status->context;

	if (status->has_system && !status->is_found) {
		km_call_fail(status->call, 404, "not_found", "there is no such camera");
	} else if (status->has_system) {
		fill_from(wish, &status->found);
		if (km_call_ask(status->call, KM_MESSAGE_camera_put, &wish->put, on_changed,
			status->call) < 0) {
			km_call_fail(status->call, 503, "busy", "the recorder is busy: try again");
		}
	}
	free_wish(wish);
}

void km_resource_cameras_change(struct km_call *call)
{
	struct wish *wish = wish_of(call, false);

	if (wish != NULL) {
		km_camera_json_collect(call, &call->match.camera, on_current, wish);
	}
}

static void on_dropped(void *context, const struct km_ask_answer *answer)
{
	struct km_call *call = context;
	struct km_response response = { .status = 204 };

	if (check_done(call, answer) == 0) {
		km_call_answer(call, &response);
	}
}

void km_resource_cameras_drop(struct km_call *call)
{
	struct km_message_camera_drop message = {
		.session_size = KM_SECRET_BYTES,
		.camera = call->match.camera,
	};

	memcpy(message.session, call->session, KM_SECRET_BYTES);
	if (km_call_ask(call, KM_MESSAGE_camera_drop, &message, on_dropped, call) < 0) {
		km_call_fail(call, 503, "busy", "the recorder is busy: try again");
	}
	explicit_bzero(&message, sizeof(message));
}
