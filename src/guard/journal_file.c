#include "guard/journal_file.h"

#include "base/error.h"
#include "base/text.h"
#include "base/time.h"

#include <inttypes.h>
#include <string.h>

/* --- writing --- */

static void add_hex(struct km_buf *buf, struct km_bytes view)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t *start = km_buf_grow(buf, 2 * view.size);

	for (size_t i = 0; start != NULL && i < view.size; i++) {
		start[2 * i] = (uint8_t)digits[view.data[i] >> 4];
		start[2 * i + 1] = (uint8_t)digits[view.data[i] & 15];
	}
}

static void add_uuid(struct km_buf *buf, const char *key, const struct km_uuid *uuid)
{
	char text[KM_UUID_TEXT_SIZE];

	if (km_uuid_is_nil(uuid)) {
		km_buf_add_format(buf, ",\"%s\":null", key);
		return;
	}
	km_uuid_write(uuid, text);
	km_buf_add_format(buf, ",\"%s\":\"%s\"", key, text);
}

/* Clean text with the three escapes that it can need; anything else as hexadecimal. */
static void add_text(struct km_buf *buf, struct km_bytes text)
{
	if (!km_text_is_clean_utf8(text)) {
		km_buf_add_text(buf, ",\"text_hex\":\"");
		add_hex(buf, text);
		km_buf_add_u8(buf, '"');
		return;
	}
	km_buf_add_text(buf, ",\"text\":\"");
	for (size_t i = 0; i < text.size; i++) {
		uint8_t byte = text.data[i];

		if (byte == '"' || byte == '\\' || byte == '\t') {
			km_buf_add_u8(buf, '\\');
			byte = byte == '\t' ? 't' : byte;
		}
		km_buf_add_u8(buf, byte);
	}
	km_buf_add_u8(buf, '"');
}

static void add_hex_field(struct km_buf *buf, const char *key, struct km_bytes view)
{
	km_buf_add_format(buf, ",\"%s\":\"", key);
	add_hex(buf, view);
	km_buf_add_u8(buf, '"');
}

static void add_time(struct km_buf *buf, int64_t unix_us)
{
	char time[KM_TIME_TEXT_SIZE];

	km_time_write(unix_us, time);
	km_buf_add_format(buf, ",\"time\":\"%s\"", time);
}

void km_journal_file_write_header(
    struct km_buf *buf, const uint8_t public_key[static KM_SIGNATURE_PUBLIC_BYTES])
{
	km_buf_add_text(buf, "{\"format\":\"komainu journal 1\"");
	add_hex_field(buf, "public_key", km_bytes_from(public_key, KM_SIGNATURE_PUBLIC_BYTES));
	km_buf_add_text(buf, "}\n");
}

void km_journal_file_write_entry(struct km_buf *buf, const struct km_journal_entry *entry)
{
	bool is_known = entry->event >= 0 && entry->event <= UINT16_MAX;

	km_buf_add_format(buf,
	    "{\"entry\":%" PRId64 ",\"unix_us\":%" PRId64 ",\"monotonic_us\":%" PRId64
	    ",\"event\":%" PRId64,
	    entry->number, entry->unix_us, entry->monotonic_us, entry->event);
	add_uuid(buf, "camera", &entry->camera);
	add_uuid(buf, "account", &entry->account);
	add_text(buf, entry->text);
	add_hex_field(buf, "hash", KM_BYTES_OF(entry->hash));
	add_time(buf, entry->unix_us);
	km_buf_add_format(buf, ",\"name\":\"%s\"}\n",
	    km_events_name(is_known ? (unsigned)entry->event : UINT16_MAX));
}

void km_journal_file_write_checkpoint(
    struct km_buf *buf, const struct km_journal_checkpoint *checkpoint)
{
	km_buf_add_format(buf, "{\"checkpoint\":%" PRId64 ",\"unix_us\":%" PRId64,
	    checkpoint->number, checkpoint->unix_us);
	add_hex_field(buf, "hash", KM_BYTES_OF(checkpoint->hash));
	add_hex_field(buf, "signature", KM_BYTES_OF(checkpoint->signature));
	add_time(buf, checkpoint->unix_us);
	km_buf_add_text(buf, "}\n");
}

/* --- reading: `rest` moves on over what was taken --- */

static int take(struct km_bytes *rest, struct km_bytes wanted)
{
	if (!km_bytes_has_prefix(*rest, wanted)) {
		return KM_ERR_FORMAT;
	}
	*rest = km_bytes_after(*rest, wanted.size);
	return 0;
}

/* One way of writing each number: no leading zeros, no "-0". */
static int take_number(struct km_bytes *rest, int64_t *ret_number)
{
	struct km_bytes left = *rest;
	bool is_negative = take(&left, KM_BYTES("-")) == 0;
	uint64_t value = 0;
	size_t digits = 0;

	while (digits < left.size && digits < 20 && left.data[digits] >= '0' &&
	       left.data[digits] <= '9') {
		digits++;
	}
	if (digits == 0) {
		return KM_ERR_FORMAT;
	}
	if (km_bytes_parse_u64(km_bytes_slice(left, 0, digits),
		is_negative ? UINT64_C(1) << 63 : (uint64_t)INT64_MAX, &value) < 0 ||
	    (left.data[0] == '0' && (digits > 1 || is_negative))) {
		return KM_ERR_FORMAT;
	}
	*rest = km_bytes_after(left, digits);
	*ret_number = is_negative ? (int64_t)(0 - value) : (int64_t)value;
	return 0;
}

static int take_number_field(struct km_bytes *rest, struct km_bytes key, int64_t *ret_number)
{
	int err = take(rest, key);

	return err < 0 ? err : take_number(rest, ret_number);
}

/* Lower-case digits, as they are written; 255: none. */
static unsigned digit_of(uint8_t byte)
{
	return byte >= '0' && byte <= '9'   ? (unsigned)byte - '0'
	       : byte >= 'a' && byte <= 'f' ? (unsigned)byte - 'a' + 10
					    : 255;
}

static int take_hex(struct km_bytes *rest, uint8_t *ret_data, size_t size)
{
	if (rest->data == NULL || rest->size < 2 * size) {
		return KM_ERR_FORMAT;
	}
	for (size_t i = 0; i < size; i++) {
		unsigned high = digit_of(rest->data[2 * i]);
		unsigned low = digit_of(rest->data[2 * i + 1]);

		if (high > 15 || low > 15) {
			return KM_ERR_FORMAT;
		}
		ret_data[i] = (uint8_t)(high << 4 | low);
	}
	*rest = km_bytes_after(*rest, 2 * size);
	return take(rest, KM_BYTES("\""));
}

static int take_hex_field(
    struct km_bytes *rest, struct km_bytes key, uint8_t *ret_data, size_t size)
{
	int err = take(rest, key);

	return err < 0 ? err : take_hex(rest, ret_data, size);
}

static int take_uuid(struct km_bytes *rest, struct km_bytes key, struct km_uuid *ret_uuid)
{
	struct km_bytes text;

	if (take(rest, key) < 0) {
		return KM_ERR_FORMAT;
	}
	if (take(rest, KM_BYTES("null")) == 0) {
		*ret_uuid = (struct km_uuid){ 0 };
		return 0;
	}
	if (take(rest, KM_BYTES("\"")) < 0) {
		return KM_ERR_FORMAT;
	}
	text = km_bytes_slice(*rest, 0, KM_UUID_TEXT_SIZE - 1);
	if (km_uuid_parse(text, ret_uuid) < 0 || km_uuid_is_nil(ret_uuid)) {
		return KM_ERR_FORMAT;
	}
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] != '-' && digit_of(text.data[i]) > 15) {
			return KM_ERR_FORMAT;
		}
	}
	*rest = km_bytes_after(*rest, KM_UUID_TEXT_SIZE - 1);
	return take(rest, KM_BYTES("\""));
}

/* An escaped character behind its backslash; 0: none that is written. */
static uint8_t unescape(uint8_t byte)
{
	return byte == 't' ? '\t' : byte == '"' || byte == '\\' ? byte : 0;
}

static int take_clean_text(struct km_bytes *rest, struct km_buf *text)
{
	size_t at = 0;
	size_t copied = 0;

	while (at < rest->size && rest->data[at] != '"') {
		uint8_t byte = rest->data[at];

		if (byte == '\t') {
			return KM_ERR_FORMAT;
		}
		if (byte == '\\') {
			km_buf_add(text, km_bytes_slice(*rest, copied, at - copied));
			at++;
			km_buf_add_u8(text, at < rest->size ? unescape(rest->data[at]) : 0);
			copied = at + 1;
		}
		at++;
	}
	km_buf_add(text, km_bytes_slice(*rest, copied, at - copied));
	*rest = km_bytes_after(*rest, at);
	if (km_buf_error(text) < 0 || !km_text_is_clean_utf8(km_buf_view(text))) {
		return KM_ERR_FORMAT;
	}
	return take(rest, KM_BYTES("\""));
}

static int take_text(struct km_bytes *rest, struct km_journal_line *line)
{
	struct km_buf text;
	size_t size = 0;
	int err = 0;

	km_buf_init_fixed(&text, line->text_storage, sizeof(line->text_storage) - 1);
	if (take(rest, KM_BYTES(",\"text\":\"")) == 0) {
		err = take_clean_text(rest, &text);
		line->entry.text = km_buf_view(&text);
		return err;
	}
	err = take(rest, KM_BYTES(",\"text_hex\":\""));
	size = km_bytes_find(*rest, '"') / 2;
	if (err == 0 && size >= sizeof(line->text_storage)) {
		err = KM_ERR_FORMAT;
	}
	if (err == 0) {
		err = take_hex(rest, (uint8_t *)line->text_storage, size);
	}
	line->entry.text = km_bytes_from(line->text_storage, size);
	return err == 0 && km_text_is_clean_utf8(line->entry.text) ? KM_ERR_FORMAT : err;
}

/* Whether it looks just as a time is written: "2026-11-22T01:02:03.000004Z". */
static bool is_written_time(struct km_bytes text)
{
	static const char shape[] = "0000-00-00T00:00:00.000000Z";

	for (size_t i = 0; i < text.size; i++) {
		bool is_digit = text.data[i] >= '0' && text.data[i] <= '9';

		if (shape[i] == '0' ? !is_digit : text.data[i] != (uint8_t)shape[i]) {
			return false;
		}
	}
	return text.size == sizeof(shape) - 1;
}

/* What is there for people must say the same as what is hashed. */
static int take_time(struct km_bytes *rest, int64_t unix_us)
{
	char written[KM_TIME_TEXT_SIZE];
	struct km_bytes text;
	int64_t said_us = 0;

	if (take(rest, KM_BYTES(",\"time\":\"")) < 0) {
		return KM_ERR_FORMAT;
	}
	text = km_bytes_slice(*rest, 0, KM_TIME_TEXT_SIZE - 1);
	if (!is_written_time(text) || km_time_parse(text, INT64_MIN, &said_us) < 0 ||
	    said_us != unix_us) {
		/* Times that have no text of their own are written as the nearest that has. */
		km_time_write(unix_us, written);
		if (!km_bytes_is_equal(text, km_bytes_text(written))) {
			return KM_ERR_FORMAT;
		}
	}
	*rest = km_bytes_after(*rest, text.size);
	return take(rest, KM_BYTES("\""));
}

/* A name that this version does not know may be one of a newer version. */
static int take_name(struct km_bytes *rest, int64_t event)
{
	static const char unknown[] = "unknown";
	const char *name =
	    event >= 0 && event < UINT16_MAX ? km_events_name((unsigned)event) : unknown;
	struct km_bytes found;

	if (take(rest, KM_BYTES(",\"name\":\"")) < 0) {
		return KM_ERR_FORMAT;
	}
	found = km_bytes_slice(*rest, 0, km_bytes_find(*rest, '"'));
	if (strcmp(name, unknown) == 0 ? !km_text_is_name(found)
				       : !km_bytes_is_equal(found, km_bytes_text(name))) {
		return KM_ERR_FORMAT;
	}
	*rest = km_bytes_after(*rest, found.size);
	return take(rest, KM_BYTES("\""));
}

static int take_end(struct km_bytes *rest)
{
	int err = take(rest, KM_BYTES("}"));

	return err == 0 && rest->size > 0 ? KM_ERR_FORMAT : err;
}

static int parse_entry(struct km_bytes rest, struct km_journal_line *line)
{
	struct km_journal_entry *entry = &line->entry;

	if (take_number_field(&rest, KM_BYTES(",\"unix_us\":"), &entry->unix_us) < 0 ||
	    take_number_field(&rest, KM_BYTES(",\"monotonic_us\":"), &entry->monotonic_us) < 0 ||
	    take_number_field(&rest, KM_BYTES(",\"event\":"), &entry->event) < 0 ||
	    take_uuid(&rest, KM_BYTES(",\"camera\":"), &entry->camera) < 0 ||
	    take_uuid(&rest, KM_BYTES(",\"account\":"), &entry->account) < 0 ||
	    take_text(&rest, line) < 0 ||
	    take_hex_field(&rest, KM_BYTES(",\"hash\":\""), entry->hash, sizeof(entry->hash)) < 0 ||
	    take_time(&rest, entry->unix_us) < 0 || take_name(&rest, entry->event) < 0) {
		return KM_ERR_FORMAT;
	}
	return take_end(&rest);
}

static int parse_checkpoint(struct km_bytes rest, struct km_journal_checkpoint *checkpoint)
{
	if (take_number_field(&rest, KM_BYTES(",\"unix_us\":"), &checkpoint->unix_us) < 0 ||
	    take_hex_field(
		&rest, KM_BYTES(",\"hash\":\""), checkpoint->hash, sizeof(checkpoint->hash)) < 0 ||
	    take_hex_field(&rest, KM_BYTES(",\"signature\":\""), checkpoint->signature,
		sizeof(checkpoint->signature)) < 0 ||
	    take_time(&rest, checkpoint->unix_us) < 0) {
		return KM_ERR_FORMAT;
	}
	return take_end(&rest);
}

int km_journal_file_parse(
    struct km_bytes line, struct km_journal_line *ret_line, int64_t *ret_number)
{
	struct km_bytes rest = line;
	int64_t number = 0;

	*ret_number = 0;
	if (line.size > KM_JOURNAL_FILE_LINE_MAX) {
		return KM_ERR_FORMAT;
	}
	if (take(&rest, KM_BYTES("{\"entry\":")) == 0) {
		ret_line->kind = KM_JOURNAL_LINE_ENTRY;
		if (take_number(&rest, &number) < 0) {
			return KM_ERR_FORMAT;
		}
		*ret_number = number;
		ret_line->entry.number = number;
		return parse_entry(rest, ret_line);
	}
	if (take(&rest, KM_BYTES("{\"checkpoint\":")) == 0) {
		ret_line->kind = KM_JOURNAL_LINE_CHECKPOINT;
		if (take_number(&rest, &number) < 0) {
			return KM_ERR_FORMAT;
		}
		*ret_number = number;
		ret_line->checkpoint.number = number;
		return parse_checkpoint(rest, &ret_line->checkpoint);
	}
	ret_line->kind = KM_JOURNAL_LINE_HEADER;
	if (take(&rest, KM_BYTES("{\"format\":\"komainu journal 1\"")) < 0 ||
	    take_hex_field(&rest, KM_BYTES(",\"public_key\":\""), ret_line->public_key,
		sizeof(ret_line->public_key)) < 0) {
		return KM_ERR_FORMAT;
	}
	return take_end(&rest);
}
