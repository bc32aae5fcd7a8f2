#include "base/bytes.h"

#include "base/error.h"

#include <string.h>

struct km_bytes km_bytes_text(const char *text)
{
	return km_bytes_from(text, text == NULL ? 0 : strlen(text));
}

bool km_bytes_is_equal(struct km_bytes a, struct km_bytes b)
{
	return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static uint8_t to_lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

bool km_bytes_is_equal_nocase(struct km_bytes a, struct km_bytes b)
{
	if (a.size != b.size) {
		return false;
	}
	for (size_t i = 0; i < a.size; i++) {
		if (to_lower(a.data[i]) != to_lower(b.data[i])) {
			return false;
		}
	}
	return true;
}

bool km_bytes_has_prefix(struct km_bytes view, struct km_bytes prefix)
{
	return km_bytes_is_equal(km_bytes_slice(view, 0, prefix.size), prefix);
}

bool km_bytes_has_prefix_nocase(struct km_bytes view, struct km_bytes prefix)
{
	return km_bytes_is_equal_nocase(km_bytes_slice(view, 0, prefix.size), prefix);
}

size_t km_bytes_find(struct km_bytes view, uint8_t byte)
{
	const uint8_t *found = view.size == 0 ? NULL : memchr(view.data, byte, view.size);

	return found == NULL ? view.size : (size_t)(found - view.data);
}

size_t km_bytes_find_seq(struct km_bytes view, struct km_bytes sequence)
{
	const uint8_t *found = NULL;

	if (sequence.size == 0 || sequence.size > view.size) {
		return sequence.size == 0 ? 0 : view.size;
	}
	found = memmem(view.data, view.size, sequence.data, sequence.size);
	return found == NULL ? view.size : (size_t)(found - view.data);
}

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

struct km_bytes km_bytes_trim(struct km_bytes view)
{
	while (view.size > 0 && is_blank(view.data[0])) {
		view = km_bytes_after(view, 1);
	}
	while (view.size > 0 && is_blank(view.data[view.size - 1])) {
		view.size--;
	}
	return view;
}

struct km_bytes km_bytes_split(struct km_bytes *rest, uint8_t separator)
{
	size_t at = km_bytes_find(*rest, separator);
	struct km_bytes part = km_bytes_slice(*rest, 0, at);

	*rest = km_bytes_after(*rest, at + 1);
	return part;
}

struct km_bytes km_bytes_line(struct km_bytes *rest)
{
	struct km_bytes line = km_bytes_split(rest, '\n');

	if (line.size > 0 && line.data[line.size - 1] == '\r') {
		line.size--;
	}
	return line;
}

static int parse_number(struct km_bytes view, unsigned base, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (view.size == 0) {
		return KM_ERR_FORMAT;
	}
	for (size_t i = 0; i < view.size; i++) {
		uint8_t byte = to_lower(view.data[i]);
		unsigned digit = 0;

		if (byte >= '0' && byte <= '9') {
			digit = (unsigned)(byte - '0');
		} else if (base == 16 && byte >= 'a' && byte <= 'f') {
			digit = (unsigned)(byte - 'a') + 10;
		} else {
			return KM_ERR_FORMAT;
		}
		if (value > (UINT64_MAX - digit) / base) {
			return KM_ERR_RANGE;
		}
		value = value * base + digit;
	}
	if (value > max) {
		return KM_ERR_RANGE;
	}
	*ret_value = value;
	return 0;
}

int km_bytes_parse_u64(struct km_bytes view, uint64_t max, uint64_t *ret_value)
{
	return parse_number(view, 10, max, ret_value);
}

int km_bytes_parse_u32(struct km_bytes view, uint32_t max, uint32_t *ret_value)
{
	uint64_t value = 0;
	int err = parse_number(view, 10, max, &value);

	if (err == 0) {
		*ret_value = (uint32_t)value;
	}
	return err;
}

int km_bytes_parse_hex(struct km_bytes view, uint64_t max, uint64_t *ret_value)
{
	return parse_number(view, 16, max, ret_value);
}

int km_bytes_copy_text(struct km_bytes view, char *ret_text, size_t size)
{
	if (size == 0) {
		return KM_ERR_LIMIT;
	}
	ret_text[0] = '\0';
	if (view.size >= size) {
		return KM_ERR_LIMIT;
	}
	if (view.size == 0) {
		return 0;
	}
	if (memchr(view.data, 0, view.size) != NULL) {
		return KM_ERR_FORMAT;
	}
	memcpy(ret_text, view.data, view.size);
	ret_text[view.size] = '\0';
	return 0;
}
