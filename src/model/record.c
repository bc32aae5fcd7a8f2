#include "model/record.h"

#include "base/text.h"
#include "base/time.h"
#include "model/states.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* --- one table per message --- */

#define KIND_u8   KM_RECORD_U8
#define KIND_u16  KM_RECORD_U16
#define KIND_u32  KM_RECORD_U32
#define KIND_u64  KM_RECORD_U64
#define KIND_i32  KM_RECORD_I32
#define KIND_i64  KM_RECORD_I64
#define KIND_uuid KM_RECORD_UUID

#define KM_MESSAGE(number, name, from, to, fds)                                                    \
	static const struct km_record_field *fields_of_##name(size_t *ret_count)                   \
	{                                                                                          \
		typedef struct km_message_##name self;                                             \
		static const struct km_record_field fields[] = {
#define KM_FIELD(type, name)  { #name, KIND_##type, NULL, offsetof(self, name), 0 },
#define KM_ENUM(set, name)    { #name, KM_RECORD_ENUM, #set, offsetof(self, name), 0 },
#define KM_TEXT(name, size)   { #name, KM_RECORD_TEXT, NULL, offsetof(self, name), (size) },
#define KM_SECRET(name, size) { #name, KM_RECORD_SECRET, NULL, offsetof(self, name), (size) },
#define KM_BLOB(name, size)                                                                        \
	{ #name "_size", KM_RECORD_U32, NULL, offsetof(self, name##_size), 0 },                    \
	    { #name, KM_RECORD_BLOB, NULL, offsetof(self, name), (size) },
#define KM_MESSAGE_END(name)                                                                       \
	}                                                                                          \
	;                                                                                          \
	*ret_count = KM_COUNT(fields);                                                             \
	return fields;                                                                             \
	}
#include "model/messages.tbl"

static const struct {
	enum km_message_kind kind;
	const char *list;
	const struct km_record_field *(*fields)(size_t *ret_count);
} kinds[] = {
#define KM_MESSAGE(number, name, from, to, fds) { KM_MESSAGE_##name, NULL, fields_of_##name },
#define KM_RECORD(number, name, list, from, to) { KM_MESSAGE_##name, #list, fields_of_##name },
#include "model/messages.tbl"
};

const struct km_record_field *km_record_fields(enum km_message_kind kind, size_t *ret_count)
{
	*ret_count = 0;
	for (size_t i = 0; i < KM_COUNT(kinds); i++) {
		if (kinds[i].kind == kind) {
			return kinds[i].fields(ret_count);
		}
	}
	return NULL;
}

const char *km_record_list(enum km_message_kind kind)
{
	for (size_t i = 0; i < KM_COUNT(kinds); i++) {
		if (kinds[i].kind == kind) {
			return kinds[i].list;
		}
	}
	return NULL;
}

/* --- what the names mean --- */

static bool begins_with(const char *name, const char *front)
{
	return strncmp(name, front, strlen(front)) == 0;
}

static bool is_boolean(const struct km_record_field *field)
{
	return field->kind == KM_RECORD_U8 &&
	       (begins_with(field->name, "is_") || begins_with(field->name, "has_") ||
		   begins_with(field->name, "may_") || begins_with(field->name, "allows_"));
}

/* Where "unix_" is in "since_unix_us"; NULL: it is no time of day. */
static const char *find_unix(const struct km_record_field *field)
{
	const char *found = field->kind == KM_RECORD_I64 ? strstr(field->name, "unix_us") : NULL;

	return found != NULL && strcmp(found, "unix_us") == 0 ? found : NULL;
}

/* A blob's size goes with the blob. */
static bool is_blob_size(const struct km_record_field *field)
{
	const struct km_record_field *next = field + 1;
	size_t size = strlen(field->name);

	return field->kind == KM_RECORD_U32 && size > 5 &&
	       strcmp(field->name + size - 5, "_size") == 0 && next->kind == KM_RECORD_BLOB &&
	       strncmp(next->name, field->name, size - 5) == 0;
}

static bool is_inner(
    const struct km_record_field *fields, size_t count, const struct km_record_field *field)
{
	bool is_last = field == fields + count - 1;

	return field->kind == KM_RECORD_SECRET || strcmp(field->name, "request") == 0 ||
	       strcmp(field->name, "session") == 0 || (!is_last && is_blob_size(field));
}

const char *km_record_name(const struct km_record_field *field, char buffer[KM_RECORD_NAME_SIZE])
{
	const char *found = find_unix(field);

	if (found == NULL) {
		return field->name;
	}
	(void)snprintf(buffer, KM_RECORD_NAME_SIZE, "%.*s%s", (int)(found - field->name),
	    field->name, found + strlen("unix_"));
	return buffer;
}

/* --- out --- */

static const void *at(const struct km_record_field *field, const void *message)
{
	return (const uint8_t *)message + field->offset;
}

static int64_t signed_of(const struct km_record_field *field, const void *message)
{
	int64_t wide = 0;
	int32_t narrow = 0;

	if (field->kind == KM_RECORD_I64) {
		memcpy(&wide, at(field, message), sizeof(wide));
		return wide;
	}
	memcpy(&narrow, at(field, message), sizeof(narrow));
	return narrow;
}

static uint64_t unsigned_of(const struct km_record_field *field, const void *message)
{
	uint64_t wide = 0;
	uint32_t middle = 0;
	uint16_t narrow = 0;

	switch (field->kind) {
	case KM_RECORD_U64:
		memcpy(&wide, at(field, message), sizeof(wide));
		return wide;
	case KM_RECORD_U32:
		memcpy(&middle, at(field, message), sizeof(middle));
		return middle;
	case KM_RECORD_U16:
		memcpy(&narrow, at(field, message), sizeof(narrow));
		return narrow;
	default:
		return *(const uint8_t *)at(field, message);
	}
}

static void write_blob(
    struct km_json *json, const char *key, const struct km_record_field *field, const void *message)
{
	struct km_buf text;
	uint64_t size = unsigned_of(field - 1, message);

	km_buf_init(&text, 2 * field->size + 1);
	for (uint64_t i = 0; i < size && i < field->size; i++) {
		km_buf_add_format(&text, "%02x", ((const uint8_t *)at(field, message))[i]);
	}
	km_buf_add_u8(&text, 0);
	km_json_text(json, key, km_buf_error(&text) < 0 ? "" : (const char *)text.data);
	km_buf_finish(&text);
}

static void write_field(
    struct km_json *json, const char *key, const struct km_record_field *field, const void *message)
{
	struct km_uuid uuid;

	switch (field->kind) {
	case KM_RECORD_UUID:
		memcpy(&uuid, at(field, message), sizeof(uuid));
		if (km_uuid_is_nil(&uuid)) {
			km_json_null(json, key);
		} else {
			km_json_uuid(json, key, &uuid);
		}
		break;
	case KM_RECORD_ENUM:
		km_json_text(
		    json, key, km_states_name(field->set, (unsigned)unsigned_of(field, message)));
		break;
	case KM_RECORD_TEXT:
		km_json_text(json, key, at(field, message));
		break;
	case KM_RECORD_BLOB:
		write_blob(json, key, field, message);
		break;
	case KM_RECORD_I32:
	case KM_RECORD_I64:
		if (find_unix(field) != NULL && signed_of(field, message) == 0) {
			km_json_null(json, key);
		} else {
			km_json_i64(json, key, signed_of(field, message));
		}
		break;
	case KM_RECORD_SECRET:
		break;
	default:
		if (is_boolean(field)) {
			km_json_bool(json, key, unsigned_of(field, message) != 0);
		} else {
			km_json_u64(json, key, unsigned_of(field, message));
		}
		break;
	}
}

void km_record_write(
    struct km_json *json, const char *key, enum km_message_kind kind, const void *message)
{
	char buffer[KM_RECORD_NAME_SIZE];
	size_t count = 0;
	const struct km_record_field *fields = km_record_fields(kind, &count);

	km_json_open(json, key, '{');
	for (size_t i = 0; i < count; i++) {
		if (!is_inner(fields, count, &fields[i])) {
			write_field(json, km_record_name(&fields[i], buffer), &fields[i], message);
		}
	}
	km_json_close(json, '}');
}

void km_record_say(
    const struct km_record_field *field, const void *message, char *ret_text, size_t size)
{
	struct km_uuid uuid;
	char words[KM_TIME_TEXT_SIZE + KM_UUID_TEXT_SIZE] = "";

	switch (field->kind) {
	case KM_RECORD_UUID:
		memcpy(&uuid, at(field, message), sizeof(uuid));
		if (!km_uuid_is_nil(&uuid)) {
			km_uuid_write(&uuid, words);
		}
		break;
	case KM_RECORD_ENUM:
		(void)snprintf(words, sizeof(words), "%s",
		    km_states_name(field->set, (unsigned)unsigned_of(field, message)));
		break;
	case KM_RECORD_TEXT:
		(void)snprintf(ret_text, size, "%s", (const char *)at(field, message));
		return;
	case KM_RECORD_I32:
	case KM_RECORD_I64:
		if (find_unix(field) == NULL) {
			(void)snprintf(words, sizeof(words), "%" PRId64, signed_of(field, message));
		} else if (signed_of(field, message) != 0) {
			km_time_write(signed_of(field, message), words);
		}
		break;
	case KM_RECORD_SECRET:
	case KM_RECORD_BLOB:
		break;
	default:
		if (is_boolean(field)) {
			(void)snprintf(words, sizeof(words), "%s",
			    unsigned_of(field, message) != 0 ? "yes" : "no");
		} else {
			(void)snprintf(
			    words, sizeof(words), "%" PRIu64, unsigned_of(field, message));
		}
		break;
	}
	(void)snprintf(ret_text, size, "%s", words);
}

/* --- in --- */

static const struct km_record_field *find_field(enum km_message_kind kind, struct km_bytes name)
{
	char buffer[KM_RECORD_NAME_SIZE];
	size_t count = 0;
	const struct km_record_field *fields = km_record_fields(kind, &count);

	for (size_t i = 0; i < count; i++) {
		bool is_ours =
		    fields[i].kind != KM_RECORD_SECRET && is_inner(fields, count, &fields[i]);

		if (!is_ours &&
		    km_bytes_is_equal(km_bytes_text(km_record_name(&fields[i], buffer)), name)) {
			return &fields[i];
		}
	}
	return NULL;
}

static int fail(int err, const char *text, const char **ret_text)
{
	*ret_text = text;
	return err;
}

static int set_unsigned(
    const struct km_record_field *field, void *message, uint64_t value, const char **ret_text)
{
	static const uint64_t most[] = { [KM_RECORD_U8] = UINT8_MAX,
		[KM_RECORD_U16] = UINT16_MAX,
		[KM_RECORD_U32] = UINT32_MAX,
		[KM_RECORD_U64] = UINT64_MAX };
	uint8_t *to = (uint8_t *)message + field->offset;
	uint32_t middle = (uint32_t)value;
	uint16_t narrow = (uint16_t)value;

	if (value > most[field->kind]) {
		return fail(KM_ERR_RANGE, "this number is too large", ret_text);
	}
	if (field->kind == KM_RECORD_U64) {
		memcpy(to, &value, sizeof(value));
	} else if (field->kind == KM_RECORD_U32) {
		memcpy(to, &middle, sizeof(middle));
	} else if (field->kind == KM_RECORD_U16) {
		memcpy(to, &narrow, sizeof(narrow));
	} else {
		*to = (uint8_t)value;
	}
	return 0;
}

static int put_number(
    const struct km_record_field *field, void *message, int64_t value, const char **ret_text)
{
	uint8_t *to = (uint8_t *)message + field->offset;
	int32_t narrow = (int32_t)value;

	switch (field->kind) {
	case KM_RECORD_I64:
		memcpy(to, &value, sizeof(value));
		return 0;
	case KM_RECORD_I32:
		if (value < INT32_MIN || value > INT32_MAX) {
			return fail(KM_ERR_RANGE, "this number is too large", ret_text);
		}
		memcpy(to, &narrow, sizeof(narrow));
		return 0;
	case KM_RECORD_U8:
	case KM_RECORD_U16:
	case KM_RECORD_U32:
	case KM_RECORD_U64:
		if (is_boolean(field)) {
			return fail(KM_ERR_FORMAT, "true or false is needed", ret_text);
		}
		if (value < 0) {
			return fail(KM_ERR_RANGE, "it must not be negative", ret_text);
		}
		return set_unsigned(field, message, (uint64_t)value, ret_text);
	default:
		return fail(KM_ERR_FORMAT, "a text is needed", ret_text);
	}
}

static int put_blob(const struct km_record_field *field, void *message, struct km_bytes value,
    const char **ret_text)
{
	uint8_t *to = (uint8_t *)message + field->offset;
	uint32_t size = (uint32_t)(value.size / 2);

	if (value.size % 2 != 0 || size > field->size || km_text_parse_hex(value, to, size) < 0) {
		return fail(
		    KM_ERR_FORMAT, "hexadecimal digits of the right number are needed", ret_text);
	}
	memcpy((uint8_t *)message + field[-1].offset, &size, sizeof(size));
	return 0;
}

static int put_text(const struct km_record_field *field, void *message, struct km_bytes value,
    const char **ret_text)
{
	uint8_t *to = (uint8_t *)message + field->offset;
	struct km_uuid uuid = { 0 };
	unsigned number = 0;

	switch (field->kind) {
	case KM_RECORD_TEXT:
	case KM_RECORD_SECRET:
		for (struct km_bytes rest = value; rest.size > 0;) {
			if (!km_text_is_clean_utf8(km_bytes_line(&rest))) {
				return fail(KM_ERR_FORMAT,
				    "control characters are not taken in this text", ret_text);
			}
		}
		if (km_bytes_copy_text(value, (char *)to, field->size) < 0) {
			return fail(KM_ERR_RANGE, "this text is too long", ret_text);
		}
		return 0;
	case KM_RECORD_UUID:
		if (value.size > 0 && km_uuid_parse(value, &uuid) < 0) {
			return fail(KM_ERR_FORMAT, "an id (UUID) is needed", ret_text);
		}
		memcpy(to, &uuid, sizeof(uuid));
		return 0;
	case KM_RECORD_ENUM:
		if (km_states_find(field->set, value, &number) < 0) {
			return fail(
			    KM_ERR_FORMAT, "this word is not one of those known here", ret_text);
		}
		*to = (uint8_t)number;
		return 0;
	case KM_RECORD_BLOB:
		return put_blob(field, message, value, ret_text);
	default:
		return fail(KM_ERR_FORMAT,
		    is_boolean(field) ? "true or false is needed" : "a whole number is needed",
		    ret_text);
	}
}

static int put_bool(
    const struct km_record_field *field, void *message, bool value, const char **ret_text)
{
	if (!is_boolean(field)) {
		return fail(KM_ERR_FORMAT, "true and false mean nothing here", ret_text);
	}
	*((uint8_t *)message + field->offset) = value ? 1 : 0;
	return 0;
}

static const char *const unknown_text = "this member is not known here";

int km_record_set_text(enum km_message_kind kind, void *message, struct km_bytes name,
    struct km_bytes value, const char **ret_text)
{
	const struct km_record_field *field = find_field(kind, name);

	return field == NULL ? fail(KM_ERR_NOT_FOUND, unknown_text, ret_text)
			     : put_text(field, message, value, ret_text);
}

int km_record_set_number(enum km_message_kind kind, void *message, struct km_bytes name,
    int64_t value, const char **ret_text)
{
	const struct km_record_field *field = find_field(kind, name);

	return field == NULL ? fail(KM_ERR_NOT_FOUND, unknown_text, ret_text)
			     : put_number(field, message, value, ret_text);
}

int km_record_set_bool(enum km_message_kind kind, void *message, struct km_bytes name, bool value,
    const char **ret_text)
{
	const struct km_record_field *field = find_field(kind, name);

	return field == NULL ? fail(KM_ERR_NOT_FOUND, unknown_text, ret_text)
			     : put_bool(field, message, value, ret_text);
}

int km_record_set_words(enum km_message_kind kind, void *message, struct km_bytes name,
    struct km_bytes value, const char **ret_text)
{
	const struct km_record_field *field = find_field(kind, name);
	uint64_t number = 0;

	if (field == NULL) {
		return fail(KM_ERR_NOT_FOUND, unknown_text, ret_text);
	}
	if (is_boolean(field)) {
		bool is_true = km_bytes_is_equal(value, KM_BYTES("true"));

		if (!is_true && !km_bytes_is_equal(value, KM_BYTES("false"))) {
			return fail(KM_ERR_FORMAT, "true or false is needed", ret_text);
		}
		return put_bool(field, message, is_true, ret_text);
	}
	if (field->kind > KM_RECORD_I64) {
		return put_text(field, message, value, ret_text);
	}
	if (km_bytes_parse_u64(value, INT64_MAX, &number) < 0) {
		return fail(KM_ERR_FORMAT, "a whole number is needed", ret_text);
	}
	return put_number(field, message, (int64_t)number, ret_text);
}
