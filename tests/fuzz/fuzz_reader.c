/* sources: base/error.c base/bytes.c base/buf.c base/reader.c */
/*
 * A program of reads over the rest of the input: the place never leaves the view, a read that fails
 * does not move, numbers come back as they were written.
 */
#include "base/buf.h"
#include "base/error.h"
#include "base/reader.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_varints(struct km_reader *reader, bool is_signed)
{
	uint8_t storage[10];
	struct km_buf buf;
	struct km_reader back;
	uint64_t value = 0;
	uint64_t again = 0;
	int64_t number = 0;
	int64_t number_again = 0;
	int err =
	    is_signed ? km_reader_varint_signed(reader, &number) : km_reader_varint(reader, &value);

	km_buf_init_fixed(&buf, storage, sizeof(storage));
	if (is_signed) {
		km_buf_add_varint_signed(&buf, number);
	} else {
		km_buf_add_varint(&buf, value);
	}
	back = km_reader_from(km_buf_view(&buf));
	assert((is_signed ? km_reader_varint_signed(&back, &number_again)
			  : km_reader_varint(&back, &again)) == 0);
	assert(value == again && number == number_again && km_reader_left(&back) == 0);
	return err;
}

static int read_one(struct km_reader *reader, uint8_t what)
{
	uint8_t copy[256];
	struct km_bytes view = { 0 };
	uint16_t u16 = 0;
	uint32_t u32 = 0;
	uint64_t u64 = 0;
	int64_t i64 = 0;

	switch (what % 10) {
	case 0:
		return km_reader_u8(reader, copy);
	case 1:
		return km_reader_u16(reader, &u16);
	case 2:
		return km_reader_u24(reader, &u32);
	case 3:
		return km_reader_u32(reader, &u32);
	case 4:
		return km_reader_u64(reader, &u64);
	case 5:
		return km_reader_i64(reader, &i64);
	case 6:
		return km_reader_skip(reader, what);
	case 7:
		return km_reader_bytes(reader, what, &view);
	case 8:
		return km_reader_copy(reader, copy, what);
	default:
		return read_varints(reader, what >= 128);
	}
}

static void split(struct km_bytes view)
{
	size_t total = 0;

	for (struct km_bytes rest = view; rest.size > 0;) {
		size_t before = rest.size;
		struct km_bytes part = km_bytes_split(&rest, ',');

		assert(part.size <= before && rest.size < before);
		total += before - rest.size;
		(void)km_bytes_trim(part);
	}
	assert(total == view.size);
	for (struct km_bytes rest = view; rest.size > 0;) {
		struct km_bytes line = km_bytes_line(&rest);

		assert(km_bytes_find(line, '\n') == line.size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t steps = size / 2;
	struct km_bytes view = km_bytes_from(data + steps, size - steps);
	struct km_reader reader = km_reader_from(view);

	for (size_t i = 0; i < steps; i++) {
		size_t before = reader.at;
		int err = read_one(&reader, data[i]);

		assert(reader.at >= before && reader.at <= view.size);
		assert(err == 0 || reader.at == before);
		assert(km_reader_left(&reader) == km_reader_rest(&reader).size);
	}
	split(view);
	assert(km_bytes_find_seq(view, km_bytes_slice(view, view.size / 2, 3)) <= view.size / 2 ||
	       view.size == 0);
	return 0;
}
