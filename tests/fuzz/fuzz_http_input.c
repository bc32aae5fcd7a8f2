/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/time.c base/uuid.c model/messages.c model/record.c model/states.c web/request.c web/routes.c base/json.c web/body_json.c */
/* libraries: jansson */
/*
 * What strangers send to the HTTPS server: path, query, Range, Cookie, Origin, JSON body; one line
 * each, the body is the rest.
 */
#include "model/record.h"
#include "web/body_json.h"
#include "web/routes.h"

#include <stdlib.h>
#include <string.h>

#define KM_ROUTE(method, pattern, access, right, csrf, handler)                                    \
	void km_resource_##handler(struct km_call *call);                                          \
	void km_resource_##handler(struct km_call *call)                                           \
	{                                                                                          \
		(void)call;                                                                        \
	}
#include "web/routes.tbl"

void km_resource_relay(struct km_call *call);
void km_resource_relay(struct km_call *call)
{
	(void)call;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_query(struct km_bytes query)
{
	static const char *const names[] = { "from", "to", "resolution", NULL };
	struct km_refusal refusal = { 0 };
	int64_t from_us = 0;
	int64_t to_us = 0;

	if (km_request_check_query(query, names, &refusal) == 0 &&
	    km_request_query_span(query, 1000, &from_us, &to_us, &refusal) == 0 &&
	    (from_us >= to_us || to_us - from_us > 1000)) {
		abort();
	}
}

static void try_range(struct km_bytes range)
{
	static const uint64_t sizes[] = { 0, 1, 100, UINT64_MAX };

	for (size_t i = 0; i < KM_COUNT(sizes); i++) {
		uint64_t first = 0;
		uint64_t count = 0;

		if (km_request_range(range, sizes[i], &first, &count) == KM_RANGE_PART &&
		    (count == 0 || first >= sizes[i] || count > sizes[i] - first)) {
			abort();
		}
	}
}

/* A request of each kind of field; what was taken can be written. */
static void try_record(struct km_bytes body, struct km_bytes query)
{
	struct km_message_camera_put put = { 0 };
	struct km_message_alarm alarm = { 0 };
	struct km_refusal refusal = { 0 };
	struct km_json json;
	char decoded[64];
	const char *text = NULL;
	size_t size = 0;

	km_json_init(&json, (size_t)1 << 20);
	if (km_body_json_read_record(body, KM_MESSAGE_camera_put, &put, &refusal) == 0) {
		km_record_write(&json, NULL, KM_MESSAGE_camera_put, &put);
	}
	if (km_body_json_read_record(body, KM_MESSAGE_alarm, &alarm, &refusal) == 0) {
		km_record_write(&json, NULL, KM_MESSAGE_alarm, &alarm);
	}
	if (km_buf_error(&json.buf) < 0) {
		abort();
	}
	km_json_finish(&json);
	if (km_request_decode(query, decoded, sizeof(decoded), &size) == 0 &&
	    km_record_set_words(KM_MESSAGE_alarm, &alarm, KM_BYTES("camera_name"),
		km_bytes_from(decoded, size), &text) == 0 &&
	    strlen(alarm.camera_name) != size) {
		abort();
	}
}

static void try_body(struct km_bytes body)
{
	char name[64];
	uint8_t flag = 0;
	int64_t number = 0;
	const struct km_body_field fields[] = {
		{ "name", KM_BODY_TEXT, name, sizeof(name), true, NULL },
		{ "enabled", KM_BODY_BOOL, &flag, 0, false, NULL },
		{ "retain_us", KM_BODY_I64, &number, 0, false, NULL },
	};
	struct km_refusal refusal = { 0 };
	struct km_json json;

	if (km_body_json_read(body, fields, KM_COUNT(fields), &refusal) == 0 &&
	    (strlen(name) >= sizeof(name) || number < 0 || flag > 1)) {
		abort();
	}
	/* Whatever is written as a text can be read again. */
	km_json_init(&json, (size_t)1 << 20);
	km_json_open(&json, NULL, '{');
	km_json_text(&json, "name", refusal.field);
	km_json_close(&json, '}');
	if (km_body_json_read(km_buf_view(&json.buf), fields, 1, &refusal) < 0) {
		abort();
	}
	km_json_finish(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_bytes rest = km_bytes_from(data, size);
	struct km_bytes path = km_bytes_line(&rest);
	struct km_bytes query = km_bytes_line(&rest);
	struct km_bytes range = km_bytes_line(&rest);
	struct km_bytes cookie = km_bytes_line(&rest);
	struct km_bytes origin = km_bytes_line(&rest);
	struct km_bytes host = km_bytes_line(&rest);
	struct km_route_match match;
	uint8_t token[KM_REQUEST_TOKEN_BYTES];
	char allowed[64];

	for (int method = KM_METHOD_GET; method <= KM_METHOD_OTHER; method++) {
		(void)!km_routes_find((enum km_method)method, path, &match, allowed);
	}
	try_query(query);
	try_range(range);
	(void)!km_request_session(cookie, token);
	if (km_request_is_same_origin(origin, host) && host.size == 0) {
		abort();
	}
	(void)km_request_has_etag(range, cookie);
	try_body(rest);
	try_record(rest, query);
	return 0;
}
