#include "base/buf.h"

#include "base/checked.h"
#include "base/error.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES 256

void km_buf_init(struct km_buf *buf, size_t max)
{
	*buf = (struct km_buf){ .max = max };
}

void km_buf_init_fixed(struct km_buf *buf, void *storage, size_t size)
{
	*buf = (struct km_buf){ .data = storage, .capacity = size, .max = size, .is_fixed = true };
}

void km_buf_finish(struct km_buf *buf)
{
	if (!buf->is_fixed) {
		free(buf->data);
	}
	*buf = (struct km_buf){ 0 };
}

void km_buf_wipe(struct km_buf *buf)
{
	if (buf->data != NULL) {
		explicit_bzero(buf->data, buf->capacity);
	}
	km_buf_finish(buf);
}

void km_buf_clear(struct km_buf *buf)
{
	buf->size = 0;
	buf->err = 0;
}

struct km_bytes km_buf_view(const struct km_buf *buf)
{
	return km_bytes_from(buf->data, buf->size);
}

int km_buf_error(const struct km_buf *buf)
{
	return buf->err;
}

static size_t next_capacity(const struct km_buf *buf, size_t needed)
{
	size_t capacity = buf->capacity < FIRST_BYTES ? FIRST_BYTES : buf->capacity;

	while (capacity < needed && capacity <= buf->max / 2) {
		capacity *= 2;
	}
	if (capacity < needed || capacity > buf->max) {
		capacity = buf->max;
	}
	return capacity;
}

int km_buf_reserve(struct km_buf *buf, size_t count)
{
	size_t needed = 0;
	size_t capacity = 0;
	uint8_t *data = NULL;

	if (buf->err < 0) {
		return buf->err;
	}
	if (!km_checked_add_size(buf->size, count, &needed) || needed > buf->max) {
		buf->err = KM_ERR_LIMIT;
		return buf->err;
	}
	if (needed <= buf->capacity) {
		return 0;
	}
	capacity = next_capacity(buf, needed);
	data = realloc(buf->data, capacity);
	if (data == NULL) {
		buf->err = KM_ERR_MEMORY;
		return buf->err;
	}
	buf->data = data;
	buf->capacity = capacity;
	return 0;
}

uint8_t *km_buf_grow(struct km_buf *buf, size_t count)
{
	uint8_t *start = NULL;

	if (km_buf_reserve(buf, count) < 0 || buf->data == NULL) {
		return NULL;
	}
	start = buf->data + buf->size;
	buf->size += count;
	return start;
}

void km_buf_add(struct km_buf *buf, struct km_bytes view)
{
	uint8_t *start = view.size == 0 ? NULL : km_buf_grow(buf, view.size);

	if (start != NULL) {
		memcpy(start, view.data, view.size);
	}
}

void km_buf_add_data(struct km_buf *buf, const void *data, size_t size)
{
	km_buf_add(buf, km_bytes_from(data, size));
}

void km_buf_add_text(struct km_buf *buf, const char *text)
{
	km_buf_add(buf, km_bytes_text(text));
}

void km_buf_add_format(struct km_buf *buf, const char *format, ...)
{
	va_list args;
	va_list again;
	int length = 0;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	/* One byte more for the NUL that vsnprintf insists on; it is not counted afterwards. */
	if (length >= 0 && km_buf_grow(buf, (size_t)length + 1) != NULL) {
		char *end = (char *)buf->data + buf->size - (size_t)length - 1;

		(void)vsnprintf(end, (size_t)length + 1, format, again);
		buf->size--;
	}
	va_end(again);
	va_end(args);
}

static void add_big_endian(struct km_buf *buf, uint64_t value, size_t count)
{
	uint8_t *start = km_buf_grow(buf, count);

	for (size_t i = 0; start != NULL && i < count; i++) {
		start[i] = (uint8_t)(value >> (8 * (count - 1 - i)));
	}
}

void km_buf_add_u8(struct km_buf *buf, unsigned value)
{
	add_big_endian(buf, value, 1);
}

void km_buf_add_u16(struct km_buf *buf, unsigned value)
{
	add_big_endian(buf, value, 2);
}

void km_buf_add_u24(struct km_buf *buf, uint32_t value)
{
	add_big_endian(buf, value, 3);
}

void km_buf_add_u32(struct km_buf *buf, uint32_t value)
{
	add_big_endian(buf, value, 4);
}

void km_buf_add_u64(struct km_buf *buf, uint64_t value)
{
	add_big_endian(buf, value, 8);
}

void km_buf_add_i64(struct km_buf *buf, int64_t value)
{
	add_big_endian(buf, (uint64_t)value, 8);
}

void km_buf_add_varint(struct km_buf *buf, uint64_t value)
{
	while (value >= 0x80) {
		km_buf_add_u8(buf, (unsigned)(value & 0x7f) | 0x80U);
		value >>= 7;
	}
	km_buf_add_u8(buf, (unsigned)value);
}

void km_buf_add_varint_signed(struct km_buf *buf, int64_t value)
{
	km_buf_add_varint(buf, ((uint64_t)value << 1) ^ (value < 0 ? UINT64_MAX : 0));
}

void km_buf_set_u32(struct km_buf *buf, size_t offset, uint32_t value)
{
	if (buf->err < 0) {
		return;
	}
	assert(buf->size >= 4 && offset <= buf->size - 4);
	for (size_t i = 0; i < 4; i++) {
		buf->data[offset + i] = (uint8_t)(value >> (8 * (3 - i)));
	}
}

void km_buf_consume(struct km_buf *buf, size_t count)
{
	if (count >= buf->size) {
		buf->size = 0;
		return;
	}
	memmove(buf->data, buf->data + count, buf->size - count);
	buf->size -= count;
}
