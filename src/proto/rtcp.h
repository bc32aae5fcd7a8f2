/*
 * RTCP compound packets [RFC 3550 6]: what a camera says about its clock, and the receiver reports
 * that some cameras want to see before they go on sending.
 */
#ifndef KM_PROTO_RTCP_H
#define KM_PROTO_RTCP_H

#include "base/buf.h"
#include "base/error.h"

#define KM_RTCP_REPORT_MAX 128 /* bytes that km_rtcp_write_report appends at most */

enum km_rtcp_kind {
	KM_RTCP_OTHER, /* reports, descriptions and types that tell us nothing */
	KM_RTCP_SENDER_REPORT,
	KM_RTCP_BYE,
};

struct km_rtcp_packet {
	enum km_rtcp_kind kind;
	uint32_t ssrc;      /* of the sender; for BYE the first source that leaves; else 0 */
	uint64_t ntp;       /* sender report: seconds since 1900 in 32.32 fixed point */
	uint32_t timestamp; /* sender report: the same moment in the RTP clock */
};

/*
 * Cut the first packet off a compound: *rest moves behind it. Loop while rest->size > 0. The order
 * of the packets is not checked (cameras send BYE or SDES alone [quirk: many]).
 * Returns 0, KM_ERR_SHORT or KM_ERR_FORMAT: then the rest of the compound is useless.
 */
KM_MUST_USE int km_rtcp_parse(
    struct km_bytes *rest, struct km_rtcp_packet *ret_packet, struct km_fault *ret_fault);

/* NTP time as Unix time in microseconds; 0 if the camera has no clock (ntp is 0). */
int64_t km_rtcp_ntp_to_unix_us(uint64_t ntp);

/* One reception report block [RFC 3550 6.4.1]. */
struct km_rtcp_report {
	uint32_t ssrc;              /* ours */
	uint32_t source;            /* the camera's */
	uint8_t fraction_lost;      /* of 256, since the last report */
	uint32_t lost;              /* in all; 24 bits are sent */
	uint32_t highest;           /* km_rtp_sequence_highest */
	uint32_t jitter;            /* in ticks; 0 where arrival times are not looked at */
	uint32_t last_sender_ntp;   /* the middle 32 bits of the last report's ntp; 0: none yet */
	uint32_t since_last_report; /* in 1/65536 s */
};

/*
 * Append a compound of RR and SDES with the CNAME `name` (at most 63 bytes are used): the least
 * that may be sent [RFC 3550 6.1].
 */
void km_rtcp_write_report(
    const struct km_rtcp_report *report, const char *name, struct km_buf *buf);

#endif
