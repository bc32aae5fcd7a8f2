#include "base/uuid.h"

#include "base/error.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

bool km_uuid_is_equal(const struct km_uuid *a, const struct km_uuid *b)
{
	return memcmp(a->bytes, b->bytes, KM_UUID_BYTES) == 0;
}

bool km_uuid_is_nil(const struct km_uuid *uuid)
{
	static const struct km_uuid nil;

	return km_uuid_is_equal(uuid, &nil);
}

void km_uuid_write(const struct km_uuid *uuid, char ret_text[static KM_UUID_TEXT_SIZE])
{
	const uint8_t *b = uuid->bytes;

	(void)snprintf(ret_text, KM_UUID_TEXT_SIZE,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
	    b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
	    b[15]);
}

int km_uuid_parse(struct km_bytes text, struct km_uuid *ret_uuid)
{
	char digits[2 * KM_UUID_BYTES];
	struct km_uuid uuid = { 0 };
	size_t count = 0;
	int err = 0;

	if (text.size != KM_UUID_TEXT_SIZE - 1) {
		return KM_ERR_FORMAT;
	}
	for (size_t i = 0; i < text.size; i++) {
		bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (is_dash != (text.data[i] == '-')) {
			return KM_ERR_FORMAT;
		}
		if (!is_dash) {
			digits[count++] = (char)text.data[i];
		}
	}
	err = km_text_parse_hex(km_bytes_from(digits, count), uuid.bytes, KM_UUID_BYTES);
	if (err == 0) {
		*ret_uuid = uuid;
	}
	return err;
}

struct km_bytes km_uuid_view(const struct km_uuid *uuid)
{
	return km_bytes_from(uuid->bytes, KM_UUID_BYTES);
}
