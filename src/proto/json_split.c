#include "proto/json_split.h"

#include "base/error.h"

#include <string.h>

static const char list_name[] = "vulnerabilities";

void km_json_split_init(struct km_json_split *split, struct km_buf *record)
{
	memset(split, 0, sizeof(*split));
	split->record = record;
}

static void keep(struct km_json_split *split, uint8_t byte)
{
	if (split->is_in_record) {
		km_buf_add_u8(split->record, byte);
	}
}

static void in_string(struct km_json_split *split, uint8_t byte)
{
	keep(split, byte);
	if (split->is_escaped) {
		split->is_escaped = false;
	} else if (byte == '\\') {
		split->is_escaped = true;
	} else if (byte == '"') {
		split->is_in_string = false;
		if (split->depth == 1) {
			split->is_list_name = split->name_size == sizeof(list_name) - 1 &&
					      memcmp(split->name, list_name, split->name_size) == 0;
		}
		return;
	}
	if (split->depth == 1 && split->name_size < sizeof(split->name)) {
		split->name[split->name_size++] = (char)byte;
	}
}

static int open_bracket(struct km_json_split *split, uint8_t byte)
{
	bool is_list = byte == '[' &&
		       (split->depth == 0 ||
			   (split->depth == 1 && split->is_list_name && split->brackets[0] == '{'));

	if (split->depth == KM_JSON_SPLIT_DEPTH_MAX) {
		return KM_ERR_LIMIT;
	}
	if (is_list && split->record_depth == 0) {
		/* The outermost object is a list's frame, and no record. */
		split->is_in_record = false;
		km_buf_clear(split->record);
		split->record_depth = split->depth + 1;
	} else if (byte == '{' && split->depth == split->record_depth && !split->is_in_record) {
		split->is_in_record = true;
	}
	split->brackets[split->depth++] = byte;
	keep(split, byte);
	split->is_list_name = false;
	return 0;
}

static int close_bracket(struct km_json_split *split, uint8_t byte,
    int (*on_record)(void *context, struct km_bytes record), void *context)
{
	int err = 0;

	if (split->depth == 0 || split->brackets[split->depth - 1] != (byte == '}' ? '{' : '[')) {
		return KM_ERR_FORMAT;
	}
	split->depth--;
	keep(split, byte);
	if (split->is_in_record && split->depth == split->record_depth) {
		split->is_in_record = false;
		err = km_buf_error(split->record);
		if (err == 0) {
			err = on_record(context, km_buf_view(split->record));
		}
		km_buf_clear(split->record);
	}
	if (split->depth < split->record_depth) {
		split->record_depth = 0;
	}
	return err;
}

static int take(struct km_json_split *split, uint8_t byte,
    int (*on_record)(void *context, struct km_bytes record), void *context)
{
	if (split->is_in_string) {
		in_string(split, byte);
		return 0;
	}
	switch (byte) {
	case '"':
		split->is_in_string = true;
		split->name_size = 0;
		keep(split, byte);
		return 0;
	case '{':
	case '[':
		return open_bracket(split, byte);
	case '}':
	case ']':
		return close_bracket(split, byte, on_record, context);
	default:
		keep(split, byte);
		return 0;
	}
}

int km_json_split_feed(struct km_json_split *split, struct km_bytes data,
    int (*on_record)(void *context, struct km_bytes record), void *context)
{
	for (size_t i = 0; i < data.size; i++, split->offset++) {
		int err = take(split, data.data[i], on_record, context);

		if (err == 0) {
			err = km_buf_error(split->record);
		}
		if (err < 0) {
			return err;
		}
	}
	return 0;
}

int km_json_split_end(const struct km_json_split *split)
{
	return split->depth > 0 || split->is_in_string ? KM_ERR_SHORT : 0;
}
