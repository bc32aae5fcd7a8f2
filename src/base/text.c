#include "base/text.h"

#include "base/error.h"

static const char hex_digits[] = "0123456789abcdef";

int km_text_write_hex(struct km_bytes view, char *ret_text, size_t size)
{
	if (view.size >= size / 2 + size % 2 || size == 0) {
		return KM_ERR_LIMIT;
	}
	for (size_t i = 0; i < view.size; i++) {
		ret_text[2 * i] = hex_digits[view.data[i] >> 4];
		ret_text[2 * i + 1] = hex_digits[view.data[i] & 15];
	}
	ret_text[2 * view.size] = '\0';
	return 0;
}

/* Digits of `size` bytes, to ret_data unless that is NULL. */
static int read_hex(struct km_bytes text, uint8_t *ret_data, size_t size)
{
	size_t at = 0;

	for (size_t i = 0; i < size; i++) {
		uint64_t value = 0;

		if (i > 0 && at < text.size && text.data[at] == ':') {
			at++;
		}
		if (text.size - at < 2 ||
		    km_bytes_parse_hex(km_bytes_slice(text, at, 2), UINT8_MAX, &value) < 0) {
			return KM_ERR_FORMAT;
		}
		if (ret_data != NULL) {
			ret_data[i] = (uint8_t)value;
		}
		at += 2;
	}
	return at == text.size ? 0 : KM_ERR_FORMAT;
}

int km_text_parse_hex(struct km_bytes text, uint8_t *ret_data, size_t size)
{
	int err = read_hex(text, NULL, size);

	return err < 0 ? err : read_hex(text, ret_data, size);
}

static const char base64_plain[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void add_base64(struct km_buf *buf, struct km_bytes view, const char *alphabet, bool pads)
{
	for (size_t i = 0; i < view.size; i += 3) {
		size_t count = view.size - i < 3 ? view.size - i : 3;
		uint32_t group = (uint32_t)view.data[i] << 16;

		group |= count > 1 ? (uint32_t)view.data[i + 1] << 8 : 0;
		group |= count > 2 ? view.data[i + 2] : 0;
		for (size_t k = 0; k < 4; k++) {
			if (k <= count) {
				km_buf_add_u8(
				    buf, (unsigned char)alphabet[group >> (18 - 6 * k) & 63]);
			} else if (pads) {
				km_buf_add_u8(buf, '=');
			}
		}
	}
}

void km_text_add_base64(struct km_buf *buf, struct km_bytes view)
{
	add_base64(buf, view, base64_plain, true);
}

void km_text_add_base64url(struct km_buf *buf, struct km_bytes view)
{
	add_base64(buf, view, base64_url, false);
}

/* The 6 bits of a character, or -1. */
static int base64_value(uint8_t byte)
{
	if (byte >= 'A' && byte <= 'Z') {
		return byte - 'A';
	}
	if (byte >= 'a' && byte <= 'z') {
		return byte - 'a' + 26;
	}
	if (byte >= '0' && byte <= '9') {
		return byte - '0' + 52;
	}
	if (byte == '+' || byte == '-') {
		return 62;
	}
	return byte == '/' || byte == '_' ? 63 : -1;
}

static bool is_space(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

int km_text_parse_base64(struct km_bytes text, struct km_buf *buf)
{
	size_t start = buf->size;
	uint32_t bits = 0;
	unsigned count = 0;
	size_t i = 0;

	for (; i < text.size && text.data[i] != '='; i++) {
		int value = base64_value(text.data[i]);

		if (is_space(text.data[i])) {
			continue;
		}
		if (value < 0) {
			goto wrong;
		}
		bits = bits << 6 | (uint32_t)value;
		count += 6;
		if (count >= 8) {
			count -= 8;
			km_buf_add_u8(buf, bits >> count & 0xff);
		}
	}
	for (; i < text.size; i++) {
		if (text.data[i] != '=' && !is_space(text.data[i])) {
			goto wrong;
		}
	}
	if (count == 6) {
		goto wrong;
	}
	return km_buf_error(buf);
wrong:
	buf->size = start;
	return KM_ERR_FORMAT;
}

/* Bytes of the UTF-8 character at the front, 0 if it is not one [RFC 3629 4]. */
static size_t utf8_length(struct km_bytes text)
{
	uint8_t first = text.data[0];
	size_t length = first < 0x80   ? 1
			: first < 0xc2 ? 0
			: first < 0xe0 ? 2
			: first < 0xf0 ? 3
			: first < 0xf5 ? 4
				       : 0;

	if (length == 0 || length > text.size) {
		return 0;
	}
	for (size_t i = 1; i < length; i++) {
		if ((text.data[i] & 0xc0) != 0x80) {
			return 0;
		}
	}
	if ((first == 0xe0 && text.data[1] < 0xa0) || (first == 0xed && text.data[1] > 0x9f) ||
	    (first == 0xf0 && text.data[1] < 0x90) || (first == 0xf4 && text.data[1] > 0x8f)) {
		return 0;
	}
	return length;
}

bool km_text_is_clean_utf8(struct km_bytes text)
{
	while (text.size > 0) {
		size_t length = utf8_length(text);

		if (length == 0 || text.data[0] == 127 ||
		    (text.data[0] < 32 && text.data[0] != '\t')) {
			return false;
		}
		text = km_bytes_after(text, length);
	}
	return true;
}

bool km_text_is_name(struct km_bytes text)
{
	if (text.size < 1 || text.size > 63) {
		return false;
	}
	for (size_t i = 0; i < text.size; i++) {
		uint8_t byte = text.data[i];
		bool is_alnum = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');

		if (!is_alnum && (i == 0 || (byte != '-' && byte != '_' && byte != '.'))) {
			return false;
		}
	}
	return true;
}

void km_text_add_escaped(struct km_buf *buf, struct km_bytes text, size_t most)
{
	size_t count = text.size < most ? text.size : most;

	for (size_t i = 0; i < count; i++) {
		uint8_t byte = text.data[i];

		if (byte >= 32 && byte < 127 && byte != '\\') {
			km_buf_add_u8(buf, byte);
		} else {
			km_buf_add_format(buf, "\\x%02x", byte);
		}
	}
	if (text.size > most) {
		km_buf_add_text(buf, "...");
	}
}
