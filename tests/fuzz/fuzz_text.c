/* sources: base/error.c base/bytes.c base/buf.c base/text.c base/time.c base/uuid.c */
/*
 * Base64, hexadecimal, UTF-8, times, spans and UUIDs: what parses is written and parses to the
 * same.
 */
#include "base/error.h"
#include "base/text.h"
#include "base/time.h"
#include "base/uuid.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_base64(struct km_bytes text)
{
	static uint8_t storages[4][8192];
	struct km_buf bufs[4];

	for (size_t i = 0; i < 4; i++) {
		km_buf_init_fixed(&bufs[i], storages[i], sizeof(storages[i]));
	}
	if (km_text_parse_base64(text, &bufs[0]) == 0) {
		km_text_add_base64(&bufs[1], km_buf_view(&bufs[0]));
		assert(km_text_parse_base64(km_buf_view(&bufs[1]), &bufs[2]) == 0);
		assert(km_bytes_is_equal(km_buf_view(&bufs[0]), km_buf_view(&bufs[2])));
	} else {
		assert(bufs[0].size == 0);
	}
	km_buf_clear(&bufs[3]);
	km_buf_clear(&bufs[2]);
	km_text_add_base64url(&bufs[3], text);
	assert(km_text_parse_base64(km_buf_view(&bufs[3]), &bufs[2]) == 0);
	assert(km_bytes_is_equal(km_buf_view(&bufs[2]), text));
}

static void try_hex(struct km_bytes text)
{
	uint8_t data[16];
	char written[33];

	for (size_t size = 0; size <= sizeof(data); size++) {
		uint8_t again[16];

		if (km_text_parse_hex(text, data, size) == 0) {
			assert(km_text_write_hex(
				   km_bytes_from(data, size), written, sizeof(written)) == 0);
			assert(km_text_parse_hex(km_bytes_text(written), again, size) == 0);
			assert(memcmp(data, again, size) == 0);
		}
	}
}

static void try_times(struct km_bytes text)
{
	char written[KM_TIME_TEXT_SIZE];
	int64_t unix_us = 0;
	int64_t again = 0;

	if (km_time_parse(text, 9 * KM_TIME_HOUR_US, &unix_us) == 0) {
		km_time_write(unix_us, written);
		assert(km_time_parse(km_bytes_text(written), INT64_MIN, &again) == 0);
		/* An offset can lead out of the years that can be written. */
		assert(again == unix_us || again - unix_us <= KM_TIME_DAY_US ||
		       unix_us - again <= KM_TIME_DAY_US);
		(void)km_time_day(unix_us);
	}
	if (km_time_parse_span(text, &unix_us) == 0) {
		assert(unix_us >= 0);
	}
	if (text.size >= sizeof(unix_us)) {
		memcpy(&unix_us, text.data, sizeof(unix_us));
		km_time_write(unix_us, written);
		assert(km_time_parse(km_bytes_text(written), INT64_MIN, &again) == 0);
		assert(km_time_day(unix_us) <= 106751991 && km_time_day(unix_us) >= -106751992);
	}
}

static void try_uuid(struct km_bytes text)
{
	char written[KM_UUID_TEXT_SIZE];
	struct km_uuid uuid;
	struct km_uuid again;

	if (km_uuid_parse(text, &uuid) == 0) {
		km_uuid_write(&uuid, written);
		assert(km_bytes_is_equal_nocase(text, km_bytes_text(written)));
		assert(km_uuid_parse(km_bytes_text(written), &again) == 0);
		assert(km_uuid_is_equal(&uuid, &again));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t storage[16384];
	struct km_bytes text = km_bytes_from(data, size > 4000 ? 4000 : size);
	struct km_buf buf;

	try_base64(text);
	try_hex(text);
	try_times(text);
	try_uuid(text);
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	km_text_add_escaped(&buf, text, 1000);
	assert(km_buf_error(&buf) == 0 && km_text_is_clean_utf8(km_buf_view(&buf)));
	if (km_text_is_name(text)) {
		assert(km_text_is_clean_utf8(text) && km_bytes_find(text, '/') == text.size);
	}
	return 0;
}
