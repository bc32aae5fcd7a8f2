#include "proto/cpe.h"

#include "base/buf.h"

#include <ctype.h>
#include <string.h>

static bool is_hex(uint8_t byte)
{
	return isxdigit(byte) != 0;
}

static unsigned hex_of(uint8_t byte)
{
	return byte <= '9' ? byte - (unsigned)'0' : (byte | 0x20U) - 'a' + 10;
}

/* The next field of a formatted string, where "\:" is no end; with its escapes. */
static struct km_bytes next_field(struct km_bytes *rest)
{
	struct km_bytes field = *rest;
	size_t at = 0;

	while (at < rest->size && rest->data[at] != ':') {
		at += rest->data[at] == '\\' ? 2 : 1;
	}
	field.size = at < rest->size ? at : rest->size;
	*rest = km_bytes_after(*rest, at + 1);
	return field;
}

/* Take the escapes of either form out: "\x" and "%xx". */
static int take(struct km_bytes field, char *ret_text, size_t size)
{
	size_t length = 0;

	for (size_t i = 0; i < field.size; i++) {
		uint8_t byte = field.data[i];

		if (byte == '\\' && i + 1 < field.size) {
			byte = field.data[++i];
		} else if (byte == '%' && i + 2 < field.size && is_hex(field.data[i + 1]) &&
			   is_hex(field.data[i + 2])) {
			byte =
			    (uint8_t)(hex_of(field.data[i + 1]) << 4 | hex_of(field.data[i + 2]));
			i += 2;
		}
		if (byte < ' ' || byte == 127) {
			return KM_ERR_FORMAT;
		}
		if (length + 1 >= size) {
			return KM_ERR_LIMIT;
		}
		ret_text[length++] = (char)byte;
	}
	ret_text[length] = '\0';
	return 0;
}

static bool says_nothing(struct km_bytes field)
{
	return field.size == 0 ||
	       (field.size == 1 && (field.data[0] == '*' || field.data[0] == '-'));
}

/* Version and update as one text. */
static int take_version(struct km_bytes version, struct km_bytes update, struct km_cpe *cpe)
{
	size_t length = 0;
	int err = take(version, cpe->version, sizeof(cpe->version));

	if (err < 0 || says_nothing(update)) {
		return err;
	}
	length = strlen(cpe->version);
	if (length <= 1 && says_nothing(version)) {
		length = 0;
	} else if (length + 2 < sizeof(cpe->version)) {
		cpe->version[length++] = ' ';
	}
	return take(update, cpe->version + length, sizeof(cpe->version) - length);
}

int km_cpe_parse(struct km_bytes text, struct km_cpe *ret_cpe)
{
	const struct km_bytes kinds = KM_BYTES("aoh*");
	struct km_cpe cpe = { 0 };
	struct km_bytes part;
	struct km_bytes vendor;
	struct km_bytes product;
	struct km_bytes version;
	int err = 0;

	if (km_bytes_has_prefix_nocase(text, KM_BYTES("cpe:2.3:"))) {
		text = km_bytes_after(text, 8);
	} else if (km_bytes_has_prefix_nocase(text, KM_BYTES("cpe:/"))) {
		text = km_bytes_after(text, 5);
	} else {
		return KM_ERR_FORMAT;
	}
	part = next_field(&text);
	vendor = next_field(&text);
	product = next_field(&text);
	version = next_field(&text);
	if (part.size != 1 || km_bytes_find(kinds, part.data[0]) == kinds.size ||
	    vendor.size == 0) {
		return KM_ERR_FORMAT;
	}
	cpe.part = (char)part.data[0];
	err = take(vendor, cpe.vendor, sizeof(cpe.vendor));
	if (err == 0) {
		err = take(
		    product.size == 0 ? KM_BYTES("*") : product, cpe.product, sizeof(cpe.product));
	}
	if (err == 0) {
		err = take_version(
		    version.size == 0 ? KM_BYTES("*") : version, next_field(&text), &cpe);
	}
	if (err == 0) {
		*ret_cpe = cpe;
	}
	return err;
}

size_t km_cpe_fold(const char *text, char *ret_text, size_t size)
{
	static const char last_word[] = "firmware";
	const size_t word = sizeof(last_word) - 1;
	size_t length = 0;

	for (; *text != '\0' && length + 1 < size; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte >= 0x80 || isalnum(byte)) {
			ret_text[length++] = (char)(byte < 0x80 ? tolower(byte) : byte);
		}
	}
	if (length > word && memcmp(ret_text + length - word, last_word, word) == 0) {
		length -= word;
	}
	ret_text[length] = '\0';
	return length;
}
