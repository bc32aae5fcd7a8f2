#include "proto/bit_reader.h"

#include <assert.h>

struct km_bit_reader km_bit_reader_from(struct km_bytes payload)
{
	return (struct km_bit_reader){ .view = payload };
}

int km_bit_reader_error(const struct km_bit_reader *reader)
{
	return reader->err;
}

static bool has_bits(struct km_bit_reader *reader)
{
	if (reader->err < 0) {
		return false;
	}
	if (reader->left > 0) {
		return true;
	}
	if (reader->zeros == 2 && reader->view.size > 0 && reader->view.data[0] == 3 &&
	    !reader->keeps_all) {
		reader->view = km_bytes_after(reader->view, 1);
		reader->zeros = 0;
	}
	if (reader->view.size == 0) {
		reader->err = KM_ERR_SHORT;
		return false;
	}
	reader->byte = reader->view.data[0];
	reader->left = 8;
	reader->view = km_bytes_after(reader->view, 1);
	if (reader->byte != 0) {
		reader->zeros = 0;
	} else if (reader->zeros < 2) {
		reader->zeros++;
	}
	return true;
}

uint32_t km_bit_reader_bits(struct km_bit_reader *reader, unsigned count)
{
	uint64_t value = 0;

	assert(count <= 32);
	while (count > 0) {
		unsigned taken = 0;

		if (!has_bits(reader)) {
			return 0;
		}
		taken = count < reader->left ? count : reader->left;
		reader->left -= taken;
		count -= taken;
		value =
		    value << taken | ((unsigned)reader->byte >> reader->left & ((1U << taken) - 1));
	}
	return (uint32_t)value;
}

bool km_bit_reader_flag(struct km_bit_reader *reader)
{
	return km_bit_reader_bits(reader, 1) != 0;
}

void km_bit_reader_skip(struct km_bit_reader *reader, size_t count)
{
	while (count > 0 && has_bits(reader)) {
		unsigned taken = count < reader->left ? (unsigned)count : reader->left;

		reader->left -= taken;
		count -= taken;
	}
}

/* 31 leading zeros give values up to 2^32 - 2, the largest that the standards use. */
static uint32_t read_exp_golomb(struct km_bit_reader *reader)
{
	unsigned zeros = 0;
	uint32_t rest = 0;

	while (!km_bit_reader_flag(reader)) {
		if (reader->err < 0) {
			return 0;
		}
		if (++zeros > 31) {
			reader->err = KM_ERR_RANGE;
			return 0;
		}
	}
	rest = km_bit_reader_bits(reader, zeros);
	if (reader->err < 0) {
		return 0;
	}
	return (uint32_t)((UINT64_C(1) << zeros) - 1) + rest;
}

uint32_t km_bit_reader_ue(struct km_bit_reader *reader, uint32_t max)
{
	uint32_t value = read_exp_golomb(reader);

	if (value > max) {
		reader->err = KM_ERR_RANGE;
		return 0;
	}
	return value;
}

int32_t km_bit_reader_se(struct km_bit_reader *reader, int32_t min, int32_t max)
{
	uint32_t code = read_exp_golomb(reader);
	int64_t value = code % 2 == 1 ? (int64_t)(code / 2) + 1 : -(int64_t)(code / 2);

	if (reader->err == 0 && (value < min || value > max)) {
		reader->err = KM_ERR_RANGE;
	}
	return reader->err == 0 ? (int32_t)value : 0;
}
