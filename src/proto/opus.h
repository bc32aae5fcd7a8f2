/*
 * Opus packets [RFC 6716 3] and their description in MP4 (Opus in ISOBMFF 4.3.2).
 */
#ifndef KM_PROTO_OPUS_H
#define KM_PROTO_OPUS_H

#include "base/buf.h"
#include "base/error.h"

#define KM_OPUS_CLOCK_HZ  48000
#define KM_OPUS_TICKS_MAX 5760 /* 120 ms, the longest packet */

/*
 * How long a packet plays, in samples of 48 kHz. Returns 0, KM_ERR_SHORT, or KM_ERR_FORMAT (no
 * frames, or more than 120 ms of them).
 */
KM_MUST_USE int km_opus_packet_ticks(struct km_bytes packet, uint32_t *ret_ticks);

/*
 * Append the body of dOps: channels 1 or 2, nothing to skip at the start, as it suits a stream that
 * was joined somewhere. Returns 0, KM_ERR_RANGE, or the error of the buffer.
 */
KM_MUST_USE int km_opus_write_config(uint8_t channels, struct km_buf *buf);

#endif
