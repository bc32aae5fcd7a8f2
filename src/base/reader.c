#include "base/reader.h"

#include "base/error.h"

#include <string.h>

struct km_reader km_reader_from(struct km_bytes view)
{
	return (struct km_reader){ .view = view };
}

size_t km_reader_left(const struct km_reader *reader)
{
	return reader->view.size - reader->at;
}

struct km_bytes km_reader_rest(const struct km_reader *reader)
{
	return km_bytes_after(reader->view, reader->at);
}

static int read_big_endian(struct km_reader *reader, size_t count, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (km_reader_left(reader) < count) {
		return KM_ERR_SHORT;
	}
	for (size_t i = 0; i < count; i++) {
		value = value << 8 | reader->view.data[reader->at + i];
	}
	reader->at += count;
	*ret_value = value;
	return 0;
}

int km_reader_u8(struct km_reader *reader, uint8_t *ret_value)
{
	uint64_t value = 0;
	int err = read_big_endian(reader, 1, &value);

	if (err == 0) {
		*ret_value = (uint8_t)value;
	}
	return err;
}

int km_reader_u16(struct km_reader *reader, uint16_t *ret_value)
{
	uint64_t value = 0;
	int err = read_big_endian(reader, 2, &value);

	if (err == 0) {
		*ret_value = (uint16_t)value;
	}
	return err;
}

int km_reader_u24(struct km_reader *reader, uint32_t *ret_value)
{
	uint64_t value = 0;
	int err = read_big_endian(reader, 3, &value);

	if (err == 0) {
		*ret_value = (uint32_t)value;
	}
	return err;
}

int km_reader_u32(struct km_reader *reader, uint32_t *ret_value)
{
	uint64_t value = 0;
	int err = read_big_endian(reader, 4, &value);

	if (err == 0) {
		*ret_value = (uint32_t)value;
	}
	return err;
}

int km_reader_u64(struct km_reader *reader, uint64_t *ret_value)
{
	return read_big_endian(reader, 8, ret_value);
}

int km_reader_i64(struct km_reader *reader, int64_t *ret_value)
{
	uint64_t value = 0;
	int err = read_big_endian(reader, 8, &value);

	if (err == 0) {
		memcpy(ret_value, &value, sizeof(*ret_value));
	}
	return err;
}

int km_reader_skip(struct km_reader *reader, size_t count)
{
	if (km_reader_left(reader) < count) {
		return KM_ERR_SHORT;
	}
	reader->at += count;
	return 0;
}

int km_reader_bytes(struct km_reader *reader, size_t count, struct km_bytes *ret_view)
{
	if (km_reader_left(reader) < count) {
		return KM_ERR_SHORT;
	}
	*ret_view = km_bytes_slice(reader->view, reader->at, count);
	reader->at += count;
	return 0;
}

int km_reader_copy(struct km_reader *reader, void *ret_data, size_t count)
{
	struct km_bytes view = { 0 };
	int err = km_reader_bytes(reader, count, &view);

	if (err == 0 && view.data != NULL) {
		memcpy(ret_data, view.data, count);
	}
	return err;
}

int km_reader_varint(struct km_reader *reader, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 10; i++) {
		uint8_t byte = 0;

		if (i >= km_reader_left(reader)) {
			return KM_ERR_SHORT;
		}
		byte = reader->view.data[reader->at + i];
		if (i == 9 && byte > 1) {
			return KM_ERR_FORMAT;
		}
		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if ((byte & 0x80) == 0) {
			reader->at += i + 1;
			*ret_value = value;
			return 0;
		}
	}
	return KM_ERR_FORMAT;
}

int km_reader_varint_signed(struct km_reader *reader, int64_t *ret_value)
{
	uint64_t raw = 0;
	int err = km_reader_varint(reader, &raw);

	if (err == 0) {
		*ret_value = (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
	}
	return err;
}
