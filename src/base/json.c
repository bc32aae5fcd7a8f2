#include "base/json.h"

#include "base/text.h"

#include <inttypes.h>

void km_json_init(struct km_json *json, size_t max)
{
	*json = (struct km_json){ 0 };
	km_buf_init(&json->buf, max);
}

void km_json_finish(struct km_json *json)
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

static void begin_value(struct km_json *json, const char *key)
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

void km_json_open(struct km_json *json, const char *key, char bracket)
{
	begin_value(json, key);
	km_buf_add_u8(&json->buf, (unsigned char)bracket);
	json->needs_comma = false;
}

void km_json_close(struct km_json *json, char bracket)
{
	km_buf_add_u8(&json->buf, (unsigned char)bracket);
	json->needs_comma = true;
}

void km_json_text(struct km_json *json, const char *key, const char *text)
{
	begin_value(json, key);
	add_string(&json->buf, km_bytes_text(text));
}

void km_json_i64(struct km_json *json, const char *key, int64_t value)
{
	begin_value(json, key);
	km_buf_add_format(&json->buf, "%" PRIi64, value);
}

void km_json_u64(struct km_json *json, const char *key, uint64_t value)
{
	begin_value(json, key);
	km_buf_add_format(&json->buf, "%" PRIu64, value);
}

void km_json_bool(struct km_json *json, const char *key, bool value)
{
	begin_value(json, key);
	km_buf_add_text(&json->buf, value ? "true" : "false");
}

void km_json_null(struct km_json *json, const char *key)
{
	begin_value(json, key);
	km_buf_add_text(&json->buf, "null");
}

void km_json_uuid(struct km_json *json, const char *key, const struct km_uuid *uuid)
{
	char text[KM_UUID_TEXT_SIZE];

	km_uuid_write(uuid, text);
	km_json_text(json, key, text);
}

void km_json_raw(struct km_json *json, const char *key, struct km_bytes value)
{
	begin_value(json, key);
	km_buf_add(&json->buf, value);
}
