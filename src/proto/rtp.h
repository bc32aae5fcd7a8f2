/*
 * RTP packets [RFC 3550 5.1], their order and their clock.
 *
 * Nothing here keeps a packet: views point into what was given. km_rtp_sequence says what is
 * missing, km_rtp_clock makes the 32-bit timestamps of one source into a line that does not wrap.
 * For UDP, where packets overtake one another, proto/rtp_reorder comes in between.
 */
#ifndef KM_PROTO_RTP_H
#define KM_PROTO_RTP_H

#include "base/bytes.h"
#include "base/error.h"

#define KM_RTP_HEADER_BYTES 12

struct km_rtp_packet {
	struct km_bytes payload; /* without header, CSRCs, extension and padding; may be empty */
	uint32_t timestamp;
	uint32_t ssrc;
	uint16_t sequence;
	uint8_t payload_type; /* 0 to 127 */
	bool marker;
};

/*
 * Whether these bytes, received where RTP and RTCP share one port or channel, are RTCP
 * [RFC 5761 4].
 */
bool km_rtp_is_rtcp(struct km_bytes packet);

/*
 * One packet. ret_fault may be NULL. Returns 0, KM_ERR_SHORT or KM_ERR_FORMAT; then nothing of the
 * packet may be used.
 */
KM_MUST_USE int km_rtp_parse(
    struct km_bytes packet, struct km_rtp_packet *ret_packet, struct km_fault *ret_fault);

/* How a packet stands to those before it. */
enum km_rtp_order {
	KM_RTP_NEXT,    /* the one expected, or the first of all */
	KM_RTP_LOST,    /* packets before it are missing: see `missing` */
	KM_RTP_OLD,     /* a duplicate, or it came after its place was given up: drop it */
	KM_RTP_RESTART, /* another source, or a jump too far to be loss: a new sequence begins */
};

/* Receiving side of one source [RFC 3550 A.1]. Zeroed at the start. */
struct km_rtp_sequence {
	bool is_started;
	bool has_candidate; /* `candidate` may be the second packet of a restarted sequence */
	uint16_t next;      /* expected */
	uint16_t candidate; /* RFC 3550's bad_seq: two in a row there are a restart */
	uint32_t ssrc;
	uint32_t cycles;         /* times the 16 bits wrapped, in the upper half */
	uint32_t first_extended; /* extended number with which this sequence began */
	uint32_t missing;        /* packets between the last and this one, after KM_RTP_LOST */
	uint64_t received;       /* packets accepted, over all restarts */
	uint64_t lost;           /* packets that never came */
	uint64_t old;            /* duplicates and late ones, dropped */
};

/*
 * Count one packet, in the order in which they are used. A jump forward of less than 3000, or back
 * of less than 100, belongs to the sequence [RFC 3550 A.1]; on any other jump the packet is
 * KM_RTP_OLD until a second one follows it in order, which is KM_RTP_RESTART.
 */
enum km_rtp_order km_rtp_sequence_push(
    struct km_rtp_sequence *sequence, const struct km_rtp_packet *packet);

/* The highest number received with its cycles, as receiver reports want it [RFC 3550 6.4.1]. */
uint32_t km_rtp_sequence_highest(const struct km_rtp_sequence *sequence);

/*
 * The clock of one source. max_forward_ticks and max_backward_ticks say which jump between two
 * packets is still believed; both below 2^31.
 */
struct km_rtp_clock {
	bool is_started;
	uint32_t last;
	int64_t ticks; /* `last`, unwrapped; the first timestamp is 0 */
	int64_t max_forward_ticks;
	int64_t max_backward_ticks;
};

void km_rtp_clock_init(
    struct km_rtp_clock *clock, int64_t max_forward_ticks, int64_t max_backward_ticks);

/*
 * Ticks since the first timestamp. Returns 0, or KM_ERR_RANGE for a jump that is not believed: then
 * the clock has not moved, and the caller either drops the packet or begins again with
 * km_rtp_clock_init.
 */
KM_MUST_USE int km_rtp_clock_push(
    struct km_rtp_clock *clock, uint32_t timestamp, int64_t *ret_ticks);

#endif
