/*
 * RTSP 1.0 [RFC 2326]: reads what a camera sends on its connection, writes what we send.
 *
 * On one connection come, in any order: answers to us, requests of the camera, RTP and RTCP packets
 * framed by `$` [RFC 2326 10.12], and, from some cameras, garbage. km_rtsp_look tells which comes
 * next; the other functions take it off the front. Views point into the input; nothing allocates.
 */
#ifndef KM_PROTO_RTSP_H
#define KM_PROTO_RTSP_H

#include "base/buf.h"
#include "base/error.h"

#define KM_RTSP_LINE_MAX    4096  /* bytes of one header line */
#define KM_RTSP_HEAD_MAX    16384 /* bytes of first line and headers */
#define KM_RTSP_HEADERS_MAX 48
#define KM_RTSP_FRAME_MAX   (4 + 65535)

enum km_rtsp_method {
	KM_RTSP_UNKNOWN = 0,
	KM_RTSP_OPTIONS,
	KM_RTSP_DESCRIBE,
	KM_RTSP_SETUP,
	KM_RTSP_PLAY,
	KM_RTSP_PAUSE,
	KM_RTSP_GET_PARAMETER,
	KM_RTSP_SET_PARAMETER,
	KM_RTSP_TEARDOWN,
	KM_RTSP_ANNOUNCE,
	KM_RTSP_REDIRECT,
};

/* What comes next in the input. */
enum km_rtsp_next {
	KM_RTSP_NEXT_MORE,    /* too little to tell */
	KM_RTSP_NEXT_BLANK,   /* a CR or LF between messages: skip one byte */
	KM_RTSP_NEXT_FRAME,   /* km_rtsp_parse_frame */
	KM_RTSP_NEXT_MESSAGE, /* km_rtsp_parse_message */
	KM_RTSP_NEXT_GARBAGE, /* km_rtsp_resync */
};

enum km_rtsp_next km_rtsp_look(struct km_bytes input);

struct km_rtsp_frame {
	uint8_t channel;
	struct km_bytes payload;
};

/* Returns 0 with the bytes to take off, or KM_ERR_SHORT while it is not complete. */
KM_MUST_USE int km_rtsp_parse_frame(
    struct km_bytes input, struct km_rtsp_frame *ret_frame, size_t *ret_consumed);

struct km_rtsp_header {
	struct km_bytes name;
	struct km_bytes value; /* trimmed; a folded one still has its line ends */
};

struct km_rtsp_message {
	bool is_request;            /* of the camera; else an answer to us */
	uint16_t status;            /* of an answer: 100 to 999 */
	enum km_rtsp_method method; /* of a request */
	struct km_bytes reason;     /* of an answer, or the URL of a request */
	struct km_bytes body;
	size_t header_count;
	struct km_rtsp_header header[KM_RTSP_HEADERS_MAX];
};

/*
 * A whole message, whose body may have body_max bytes. Lines may end with LF alone.
 * Returns 0, KM_ERR_SHORT while it is not complete, KM_ERR_FORMAT, or KM_ERR_LIMIT (a line, the
 * headers or the body are too large: the connection is of no more use).
 */
KM_MUST_USE int km_rtsp_parse_message(struct km_bytes input, size_t body_max,
    struct km_rtsp_message *ret_message, size_t *ret_consumed, struct km_fault *ret_fault);

/*
 * How many bytes to drop, at least 1, to reach something that looks like a message or like a frame
 * of a channel in `channels` (bit n: channel n, n < 32); input.size if there is none.
 */
size_t km_rtsp_resync(struct km_bytes input, uint32_t channels);

/* --- headers --- */

/* The header's value; data is NULL if it is missing. Of several the `nth` (from 0). */
struct km_bytes km_rtsp_header(
    const struct km_rtsp_message *message, const char *name, unsigned nth);

/* Returns 0, KM_ERR_NOT_FOUND, KM_ERR_FORMAT or KM_ERR_RANGE; so do the next ones. */
KM_MUST_USE int km_rtsp_cseq(const struct km_rtsp_message *message, uint32_t *ret_cseq);

/* timeout is in seconds, 60 if the camera does not say [RFC 2326 12.37]; clamped to 10..3600. */
KM_MUST_USE int km_rtsp_session(
    const struct km_rtsp_message *message, struct km_bytes *ret_id, uint32_t *ret_timeout);

struct km_rtsp_transport {
	bool is_tcp;
	bool is_multicast;
	bool has_interleaved;
	bool has_client_port;
	bool has_server_port;
	bool has_ssrc;
	uint8_t interleaved[2];  /* RTP, RTCP channel */
	uint16_t client_port[2]; /* RTP, RTCP; also "port" of multicast */
	uint16_t server_port[2];
	uint32_t ssrc;
	struct km_bytes source; /* the address that sends; empty if not said */
	struct km_bytes destination;
};

/* [RFC 2326 12.39] Parameters that are unknown or malformed are passed over. */
KM_MUST_USE int km_rtsp_transport(
    const struct km_rtsp_message *message, struct km_rtsp_transport *ret_transport);

struct km_rtsp_rtp_info {
	struct km_bytes url;
	bool has_sequence;
	bool has_timestamp;
	uint16_t sequence;
	uint32_t timestamp;
};

/*
 * Cut the next stream off the value of RTP-Info [RFC 2326 12.33]; false when nothing is left. What
 * is malformed counts as not said. The values are often wrong [quirk: seq=0, rtptime=0].
 */
bool km_rtsp_rtp_info(struct km_bytes *rest, struct km_rtsp_rtp_info *ret_info);

/* The methods named in Public (or Allow) as a set of bits 1 << enum km_rtsp_method. */
uint32_t km_rtsp_public(const struct km_rtsp_message *message);

/* --- what we send --- */

struct km_rtsp_request {
	enum km_rtsp_method method;
	uint32_t cseq;
	struct km_bytes url;
	/* Each of these may be empty, and is left out then. */
	struct km_bytes session;
	struct km_bytes authorization;
	struct km_bytes transport;
	struct km_bytes range;
};

/* Returns 0, KM_ERR_FORMAT (a value holds a control character), or the buffer's error. */
KM_MUST_USE int km_rtsp_write_request(const struct km_rtsp_request *request, struct km_buf *buf);

/* Answer a request of the camera. */
KM_MUST_USE int km_rtsp_write_response(uint32_t cseq, unsigned status, struct km_buf *buf);

/* The value of Transport for interleaved channels, or for UDP ports, first and first + 1. */
void km_rtsp_write_transport(bool is_tcp, unsigned first, struct km_buf *buf);

/* "SETUP"; static. */
const char *km_rtsp_method_name(enum km_rtsp_method method);

#endif
