/*
 * Reads the bits of an RBSP, the payload of a NAL unit, and leaves out the emulation prevention
 * bytes on the way [ITU-T H.264 7.3.1] [ITU-T H.265 7.3.1.1]. No copy, no allocation. Plain bits
 * (an AudioSpecificConfig) are read with keeps_all set.
 *
 * A read that fails sets `err` and gives 0, and so do all later ones. So a parser may read a whole
 * row of fields and look at km_bit_reader_error() once, as long as no loop or index depends on a
 * value that was not bounded.
 */
#ifndef KM_PROTO_BIT_READER_H
#define KM_PROTO_BIT_READER_H

#include "base/bytes.h"
#include "base/error.h"

struct km_bit_reader {
	struct km_bytes view; /* what comes after the current byte */
	unsigned zeros;       /* how many zero bytes were taken last, at most 2 */
	uint8_t byte;         /* the current byte */
	unsigned left;        /* its bits not read yet, 0 to 8 */
	bool keeps_all;       /* there are no emulation prevention bytes */
	int err;              /* 0, KM_ERR_SHORT or KM_ERR_RANGE */
};

/* From the first byte behind the NAL unit header. */
struct km_bit_reader km_bit_reader_from(struct km_bytes payload);

/* 0, or the first error. */
KM_MUST_USE int km_bit_reader_error(const struct km_bit_reader *reader);

/* An unsigned number of count bits, 0 to 32, most significant first: u(n). */
uint32_t km_bit_reader_bits(struct km_bit_reader *reader, unsigned count);

/* One bit: u(1). */
bool km_bit_reader_flag(struct km_bit_reader *reader);

void km_bit_reader_skip(struct km_bit_reader *reader, size_t count);

/*
 * An Exp-Golomb number [ITU-T H.264 9.1], ue(v) or se(v). One that is above max, or not between min
 * and max, is KM_ERR_RANGE and gives 0.
 */
uint32_t km_bit_reader_ue(struct km_bit_reader *reader, uint32_t max);
int32_t km_bit_reader_se(struct km_bit_reader *reader, int32_t min, int32_t max);

#endif
