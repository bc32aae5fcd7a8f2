#include "web/body_json.h"

#include "base/text.h"
#include "model/record.h"

#include <jansson.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>

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

/* The one object of a body, to be released; NULL with the refusal. */
static json_t *load(struct km_bytes body, int *ret_err, struct km_refusal *ret_refusal)
{
	json_error_t error;
	json_t *root = NULL;

	if (body.size > KM_REQUEST_BODY_MAX) {
		*ret_err = refuse(ret_refusal, "", "the body is too large", KM_ERR_RANGE);
		return NULL;
	}
	root = json_loadb(
	    (const char *)body.data, body.size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (!json_is_object(root)) {
		json_decref(root);
		*ret_err =
		    refuse(ret_refusal, "", "the body must be one JSON object", KM_ERR_FORMAT);
		return NULL;
	}
	return root;
}

int km_body_json_read(struct km_bytes body, const struct km_body_field *fields, size_t count,
    struct km_refusal *ret_refusal)
{
	int err = 0;
	json_t *root = load(body, &err, ret_refusal);

	if (root != NULL) {
		err = read_members(root, fields, count, ret_refusal);
		json_decref(root);
	}
	return err;
}

static int set_member(enum km_message_kind kind, void *message, struct km_bytes name,
    const json_t *value, const char **ret_text)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		return km_record_set_text(kind, message, name,
		    km_bytes_from(json_string_value(value), json_string_length(value)), ret_text);
	case JSON_INTEGER:
		return km_record_set_number(
		    kind, message, name, json_integer_value(value), ret_text);
	case JSON_TRUE:
	case JSON_FALSE:
		return km_record_set_bool(kind, message, name, json_is_true(value), ret_text);
	case JSON_NULL:
		return 0; /* as it is: zeros */
	default:
		*ret_text = "a text, a whole number, true or false is needed";
		return KM_ERR_FORMAT;
	}
}

int km_body_json_read_record(
    struct km_bytes body, enum km_message_kind kind, void *message, struct km_refusal *ret_refusal)
{
	const char *key = NULL;
	const char *text = NULL;
	json_t *value = NULL;
	int err = 0;
	json_t *root = load(body, &err, ret_refusal);

	json_object_foreach(root, key, value)
	{
		err = set_member(kind, message, km_bytes_text(key), value, &text);
		if (err < 0) {
			err = refuse(
			    ret_refusal, key, text, err == KM_ERR_RANGE ? err : KM_ERR_FORMAT);
			break;
		}
	}
	json_decref(root);
	return err;
}
