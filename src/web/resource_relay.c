/*
 * Routes that only ask the guard (KM_RELAY in routes.tbl): the request's parts, query and body
 * become a message, the answer's records become JSON. The guard checks the right once more.
 */
#include "model/record.h"
#include "web/call.h"

#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX   ((size_t)8 * 1024 * 1024)
#define LISTS_MAX    8
#define QUERY_VALUES 512

void km_resource_relay(struct km_call *call);

struct list {
	const char *name; /* NULL: not used */
	struct km_json json;
};

struct relay {
	struct km_call *call;
	struct list lists[LISTS_MAX];
	size_t count; /* records */
};

/* --- the request --- */

static int refuse(struct km_refusal *ret_refusal, struct km_bytes field, const char *text, int err)
{
	(void)snprintf(ret_refusal->field, sizeof(ret_refusal->field), "%.*s",
	    (int)(field.size < 40 ? field.size : 40), (const char *)field.data);
	(void)snprintf(ret_refusal->text, sizeof(ret_refusal->text), "%s", text);
	return err;
}

static int read_path(struct km_call *call, void *message, struct km_refusal *ret_refusal)
{
	const struct km_route_match *match = &call->match;
	enum km_message_kind kind = match->route->relayed;
	const char *text = NULL;

	for (size_t i = 0; i < match->parameter_count; i++) {
		const struct km_route_parameter *parameter = &match->parameters[i];
		int err =
		    km_record_set_words(kind, message, parameter->name, parameter->value, &text);

		if (err < 0) {
			return refuse(ret_refusal, parameter->name, text, err);
		}
	}
	if (!km_uuid_is_nil(&match->camera)) {
		char camera[KM_UUID_TEXT_SIZE];

		km_uuid_write(&match->camera, camera);
		return km_record_set_text(
		    kind, message, KM_BYTES("camera"), km_bytes_text(camera), &text);
	}
	return 0;
}

static int read_query(struct km_call *call, void *message, struct km_refusal *ret_refusal)
{
	struct km_bytes query = km_bytes_text(km_call_request(call)->query);
	char decoded[QUERY_VALUES];
	const char *text = NULL;

	while (query.size > 0) {
		struct km_bytes value = km_bytes_split(&query, '&');
		struct km_bytes name = km_bytes_split(&value, '=');
		size_t size = 0;
		int err = km_request_decode(value, decoded, sizeof(decoded), &size);

		if (err < 0) {
			return refuse(ret_refusal, name,
			    "percent signs must be followed by two hexadecimal digits", err);
		}
		err = km_record_set_words(
		    call->match.route->relayed, message, name, km_bytes_from(decoded, size), &text);
		if (err < 0) {
			return refuse(ret_refusal, name, text, err);
		}
	}
	return 0;
}

static int read_request(struct km_call *call, void *message, struct km_refusal *ret_refusal)
{
	const struct km_request *request = km_call_request(call);
	int err = read_query(call, message, ret_refusal);

	if (err == 0 && request->body.size > 0) {
		err = km_body_json_read_record(
		    request->body, call->match.route->relayed, message, ret_refusal);
	}
	/* Last, so that neither query nor body says what the path says. */
	return err < 0 ? err : read_path(call, message, ret_refusal);
}

/* --- the answer --- */

static void free_relay(struct relay *relay)
{
	for (size_t i = 0; i < LISTS_MAX; i++) {
		km_json_finish(&relay->lists[i].json);
	}
	free(relay);
}

/* The list of that name, begun if it is new; NULL if there are too many. */
static struct list *find_list(struct relay *relay, const char *name)
{
	for (size_t i = 0; i < LISTS_MAX; i++) {
		struct list *list = &relay->lists[i];

		if (list->name == NULL) {
			list->name = name;
			km_json_init(&list->json, ANSWER_MAX);
			km_json_open(&list->json, NULL, '[');
			return list;
		}
		if (strcmp(list->name, name) == 0) {
			return list;
		}
	}
	return NULL;
}

static void take_record(struct relay *relay, enum km_message_kind kind, const void *record)
{
	bool is_one = relay->call->match.route->list[0] == '\0';
	struct list *list = find_list(relay, is_one ? "" : km_record_list(kind));

	if (list == NULL || (is_one && relay->count > 0)) {
		return;
	}
	km_record_write(&list->json, NULL, kind, record);
	relay->count++;
}

static void answer_lists(struct relay *relay)
{
	struct km_json json;

	(void)find_list(relay, relay->call->match.route->list); /* also if it is empty */
	km_json_init(&json, ANSWER_MAX);
	km_json_open(&json, NULL, '{');
	for (size_t i = 0; i < LISTS_MAX && relay->lists[i].name != NULL; i++) {
		struct km_json *list = &relay->lists[i].json;

		km_json_close(list, ']');
		if (km_buf_error(&list->buf) < 0) {
			km_json_finish(&json);
			km_call_fail(
			    relay->call, 503, "busy", "the answer became too large: ask for less");
			return;
		}
		km_json_raw(&json, relay->lists[i].name, km_buf_view(&list->buf));
	}
	km_json_close(&json, '}');
	km_call_answer_json(relay->call, 200, &json);
}

static void answer_one(struct relay *relay)
{
	struct km_response response = { .status = 204 };
	struct km_bytes object = km_buf_view(&relay->lists[0].json.buf);
	struct km_json json;

	if (relay->count == 0) {
		km_call_answer(relay->call, &response);
		return;
	}
	km_json_init(&json, ANSWER_MAX);
	km_json_raw(&json, NULL, km_bytes_after(object, 1)); /* without the bracket */
	km_call_answer_json(relay->call, 200, &json);
}

static void answer_id(struct relay *relay, const struct km_uuid *id)
{
	struct km_json json;

	km_json_init(&json, ANSWER_MAX);
	km_json_open(&json, NULL, '{');
	km_json_uuid(&json, "id", id);
	km_json_close(&json, '}');
	km_call_answer_json(relay->call, 201, &json);
}

static void answer(struct relay *relay, const struct km_message_done *done)
{
	const char *list = relay->call->match.route->list;

	if (done->err == KM_ERR_AUTH) {
		km_call_fail(relay->call, 401, "not_logged_in", "log in first");
	} else if (done->err != 0) {
		km_call_fail_err(relay->call, done->err, done->text);
	} else if (strcmp(list, "id") == 0) {
		answer_id(relay, &done->camera);
	} else if (list[0] == '\0') {
		answer_one(relay);
	} else {
		answer_lists(relay);
	}
}

static void on_answer(void *context, const struct km_ask_answer *given)
{
	struct relay *relay = context;

	if (given->err == 0 && !given->is_last) {
		take_record(relay, given->kind, given->message);
		return;
	}
	if (given->err < 0) {
		km_call_fail_err(relay->call, given->err, "the recorder is busy: try again");
	} else if (given->kind != KM_MESSAGE_done) {
		km_call_fail(relay->call, 503, "busy", "the recorder is busy: try again");
	} else {
		answer(relay, given->message);
	}
	free_relay(relay);
}

static void put_session(struct km_call *call, void *message)
{
	uint32_t size = KM_SECRET_BYTES;
	size_t count = 0;
	const struct km_record_field *fields = km_record_fields(call->match.route->relayed, &count);

	/* request, session_size, session: the guard's build asserts it of every request. */
	memcpy((uint8_t *)message + fields[1].offset, &size, sizeof(size));
	memcpy((uint8_t *)message + fields[2].offset, call->session, KM_SECRET_BYTES);
}

void km_resource_relay(struct km_call *call)
{
	enum km_message_kind kind = call->match.route->relayed;
	struct km_refusal refusal = { 0 };
	struct relay *relay = calloc(1, sizeof(*relay));
	void *message = calloc(1, km_messages_struct_bytes(kind));

	if (relay == NULL || message == NULL) {
		km_call_fail_err(call, KM_ERR_MEMORY, NULL);
		goto out;
	}
	relay->call = call;
	if (read_request(call, message, &refusal) < 0) {
		km_call_refuse(call, &refusal);
		goto out;
	}
	put_session(call, message);
	if (km_call_ask(call, kind, message, on_answer, relay) < 0) {
		km_call_fail(call, 503, "busy", "the recorder is busy: try again");
		goto out;
	}
	relay = NULL;
out:
	if (relay != NULL) {
		free_relay(relay);
	}
	if (message != NULL) {
		explicit_bzero(message, km_messages_struct_bytes(kind));
	}
	free(message);
}
