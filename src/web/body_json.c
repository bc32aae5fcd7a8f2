#include "web/body_json.h"

#include "base/text.h"

#include <inttypes.h>
#include <jansson.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

/* --- writing --- */

void km_body_json_init(struct km_body_json *json, size_t max)
{
	*json = (struct km_body_json){ 0 };
	km_buf_init(&json->buf, max);
}

void km_body_json_finish(struct km_body_json *json)
{
	km_buf_finish(&json->buf);
}

static void add_unit(struct km_buf *buf, uint8_t byte)
{
	switch (byte) {
	case '"':
		km_buf_add_text(buf, "\\\"");
		break;
	case '\\':
		km_buf_add_text(buf, "\\\\");
		break;
	case '\n':
		km_buf_add_text(buf, "\\n");
		break;
	default:
		if (byte < 0x20 || byte == 0x7f) {
			km_buf_add_format(buf, "\\u%04x", byte);
		} else {
			km_buf_add_u8(buf, byte);
		}
	}
}

/* How many bytes the UTF-8 sequence at the front has; 0 if it is none. */
static size_t sequence_size(struct km_bytes text)
{
	for (size_t size = 1; size <= 4 && size <= text.size; size++) {
		if (text.data[0] < 0x20 || text.data[0] == 0x7f ||
		    km_text_is_clean_utf8(km_bytes_slice(text, 0, size))) {
			return size;
		}
	}
	return 0;
}

static void add_string(struct km_buf *buf, struct km_bytes text)
{
	km_buf_add_u8(buf, '"');
	while (text.size > 0) {
		size_t size = sequence_size(text);

		if (size == 1) {
			add_unit(buf, text.data[0]);
		} else if (size > 1) {
			km_buf_add(buf, km_bytes_slice(text, 0, size));
		} else {
			km_buf_add_text(buf, "\\ufffd");
			size = 1;
		}
		text = km_bytes_after(text, size);
	}
	km_buf_add_u8(buf, '"');
}

static void begin_value(struct km_body_json *json, const char *key)
{
	if (json->needs_comma) {
		km_buf_add_u8(&json->buf, ',');
	}
	json->needs_comma = true;
	if (key != NULL) {
		add_string(&json->buf, km_bytes_text(key));
		km_buf_add_u8(&json->buf, ':');
	}
}

void km_body_json_open(struct km_body_json *json, const char *key, char bracket)
{
	begin_value(json, key);
	km_buf_add_u8(&json->buf, (unsigned char)bracket);
	json->needs_comma = false;
}

void km_body_json_close(struct km_body_json *json, char bracket)
{
	km_buf_add_u8(&json->buf, (unsigned char)bracket);
	json->needs_comma = true;
}

void km_body_json_text(struct km_body_json *json, const char *key, const char *text)
{
	begin_value(json, key);
	add_string(&json->buf, km_bytes_text(text));
}

void km_body_json_i64(struct km_body_json *json, const char *key, int64_t value)
{
	begin_value(json, key);
	km_buf_add_format(&json->buf, "%" PRIi64, value);
}

void km_body_json_u64(struct km_body_json *json, const char *key, uint64_t value)
{
	begin_value(json, key);
	km_buf_add_format(&json->buf, "%" PRIu64, value);
}

void km_body_json_bool(struct km_body_json *json, const char *key, bool value)
{
	begin_value(json, key);
	km_buf_add_text(&json->buf, value ? "true" : "false");
}

void km_body_json_null(struct km_body_json *json, const char *key)
{
	begin_value(json, key);
	km_buf_add_text(&json->buf, "null");
}

void km_body_json_uuid(struct km_body_json *json, const char *key, const struct km_uuid *uuid)
{
	char text[KM_UUID_TEXT_SIZE];

	km_uuid_write(uuid, text);
	km_body_json_text(json, key, text);
}

void km_body_json_raw(struct km_body_json *json, const char *key, struct km_bytes value)
{
	begin_value(json, key);
	km_buf_add(&json->buf, value);
}

/* --- reading --- */

static void free_wiped(void *memory)
{
	if (memory != NULL) {
		explicit_bzero(memory, malloc_usable_size(memory));
		free(memory);
	}
}

void km_body_json_wipe_memory(void)
{
	json_set_alloc_funcs(malloc, free_wiped);
}

static int refuse(struct km_refusal *ret_refusal, const char *field, const char *text, int err)
{
	struct km_buf shown;

	km_buf_init_fixed(&shown, ret_refusal->field, sizeof(ret_refusal->field) - 1);
	km_text_add_escaped(&shown, km_bytes_text(field), 40);
	ret_refusal->field[shown.size] = '\0';
	(void)snprintf(ret_refusal->text, sizeof(ret_refusal->text), "%s", text);
	return err;
}

static int read_text(
    const struct km_body_field *field, const json_t *value, struct km_refusal *ret_refusal)
{
	struct km_bytes text = { 0 };
	char words[96];

	if (!json_is_string(value)) {
		return refuse(ret_refusal, field->name, "a text is needed", KM_ERR_FORMAT);
	}
	text = km_bytes_from(json_string_value(value), json_string_length(value));
	if (!km_text_is_clean_utf8(text)) {
		return refuse(ret_refusal, field->name,
		    "control characters are not taken in this text", KM_ERR_FORMAT);
	}
	if (km_bytes_copy_text(text, field->to, field->size) < 0) {
		(void)snprintf(
		    words, sizeof(words), "at most %zu bytes of UTF-8 are taken", field->size - 1);
		return refuse(ret_refusal, field->name, words, KM_ERR_RANGE);
	}
	return 0;
}

static int read_field(
    const struct km_body_field *field, const json_t *value, struct km_refusal *ret_refusal)
{
	int64_t number = 0;
	uint8_t flag = 0;

	switch (field->kind) {
	case KM_BODY_TEXT:
		return read_text(field, value, ret_refusal);
	case KM_BODY_BOOL:
		if (!json_is_boolean(value)) {
			return refuse(
			    ret_refusal, field->name, "true or false is needed", KM_ERR_FORMAT);
		}
		flag = json_is_true(value) ? 1 : 0;
		memcpy(field->to, &flag, sizeof(flag));
		return 0;
	case KM_BODY_I64:
	default:
		if (!json_is_integer(value)) {
			return refuse(
			    ret_refusal, field->name, "a whole number is needed", KM_ERR_FORMAT);
		}
		number = json_integer_value(value);
		if (number < 0) {
			return refuse(
			    ret_refusal, field->name, "it must not be negative", KM_ERR_RANGE);
		}
		memcpy(field->to, &number, sizeof(number));
		return 0;
	}
}

static const struct km_body_field *find_field(
    const struct km_body_field *fields, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(fields[i].name, name) == 0) {
			return &fields[i];
		}
	}
	return NULL;
}

static int read_members(
    json_t *root, const struct km_body_field *fields, size_t count, struct km_refusal *ret_refusal)
{
	const char *key = NULL;
	json_t *value = NULL;

	json_object_foreach(root, key, value)
	{
		const struct km_body_field *field = find_field(fields, count, key);
		int err = 0;

		if (field == NULL) {
			return refuse(
			    ret_refusal, key, "this member is not known here", KM_ERR_FORMAT);
		}
		err = read_field(field, value, ret_refusal);
		if (err < 0) {
			return err;
		}
		if (field->is_given != NULL) {
			*field->is_given = true;
		}
	}
	for (size_t i = 0; i < count; i++) {
		if (fields[i].is_needed && json_object_get(root, fields[i].name) == NULL) {
			return refuse(
			    ret_refusal, fields[i].name, "this member is missing", KM_ERR_FORMAT);
		}
	}
	return 0;
}

int km_body_json_read(struct km_bytes body, const struct km_body_field *fields, size_t count,
    struct km_refusal *ret_refusal)
{
	json_error_t error;
	json_t *root = NULL;
	int err = 0;

	if (body.size > KM_REQUEST_BODY_MAX) {
		return refuse(ret_refusal, "", "the body is too large", KM_ERR_RANGE);
	}
	root = json_loadb(
	    (const char *)body.data, body.size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (!json_is_object(root)) {
		json_decref(root);
		return refuse(ret_refusal, "", "the body must be one JSON object", KM_ERR_FORMAT);
	}
	err = read_members(root, fields, count, ret_refusal);
	json_decref(root);
	return err;
}
