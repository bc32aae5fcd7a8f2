/*
 * Walks through bytes from outside, front to back. Every read can fail and moves nothing then.
 *
 * Numbers are big-endian, as in every network format that we read; the two little-endian
 * exceptions have names of their own. No read allocates.
 */
#ifndef KM_BASE_READER_H
#define KM_BASE_READER_H

#include "base/bytes.h"

struct km_reader {
	struct km_bytes view;
	size_t at; /* 0 <= at <= view.size */
};

struct km_reader km_reader_from(struct km_bytes view);

size_t km_reader_left(const struct km_reader *reader);

/* All that was not read yet; does not move. */
struct km_bytes km_reader_rest(const struct km_reader *reader);

/* Each returns 0 or KM_ERR_SHORT. */
KM_MUST_USE int km_reader_u8(struct km_reader *reader, uint8_t *ret_value);
KM_MUST_USE int km_reader_u16(struct km_reader *reader, uint16_t *ret_value);
KM_MUST_USE int km_reader_u24(struct km_reader *reader, uint32_t *ret_value);
KM_MUST_USE int km_reader_u32(struct km_reader *reader, uint32_t *ret_value);
KM_MUST_USE int km_reader_u64(struct km_reader *reader, uint64_t *ret_value);
KM_MUST_USE int km_reader_i64(struct km_reader *reader, int64_t *ret_value);
KM_MUST_USE int km_reader_skip(struct km_reader *reader, size_t count);

/* A view of the next count bytes, which points into the reader's own view. */
KM_MUST_USE int km_reader_bytes(struct km_reader *reader, size_t count, struct km_bytes *ret_view);

/* Copy the next count bytes. */
KM_MUST_USE int km_reader_copy(struct km_reader *reader, void *ret_data, size_t count);

/*
 * Variable-length numbers: 7 bits a byte, low bits first, high bit set on all but the last; signed
 * ones in zig-zag. KM_ERR_FORMAT for more than 10 bytes or more than 64 bits.
 */
KM_MUST_USE int km_reader_varint(struct km_reader *reader, uint64_t *ret_value);
KM_MUST_USE int km_reader_varint_signed(struct km_reader *reader, int64_t *ret_value);

#endif
