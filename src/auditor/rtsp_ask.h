/*
 * Questions to an RTSP server of the camera: OPTIONS and DESCRIBE, nothing that would set up or
 * play a stream.
 */
#ifndef KM_AUDITOR_RTSP_ASK_H
#define KM_AUDITOR_RTSP_ASK_H

#include "auditor/job.h"
#include "auditor/talk.h"
#include "proto/rtsp.h"

#define KM_RTSP_ASK_BYTES_MAX 32768 /* of an answer */

struct km_rtsp_ask {
	uint16_t port;
	bool is_tls;
	enum km_rtsp_method method;    /* KM_RTSP_OPTIONS or KM_RTSP_DESCRIBE; no other is sent */
	const char *path;              /* "/stream1"; may be empty */
	struct km_bytes authorization; /* the header's value; empty: none */
	/*
	 * NULL: a connection of its own. Else one that is kept for several questions, as a nonce
	 * may be good for its connection alone: opened if it is NULL in there; the caller closes
	 * it.
	 */
	struct km_talk **talk;
	uint32_t cseq; /* of a kept connection: 0, 1, ... */
};

/* Append the URL that km_rtsp_ask_run asks for, as a login's digest needs it. */
void km_rtsp_ask_write_url(
    const struct km_job *job, const struct km_rtsp_ask *ask, struct km_buf *buf);

/*
 * Ask, and read the answer. storage: the caller's, which ret_message points into. Returns 0, an
 * error of auditor/talk, or one of km_rtsp_parse_message; KM_ERR_UNSUPPORTED: another method.
 */
KM_MUST_USE int km_rtsp_ask_run(struct km_job *job, const struct km_rtsp_ask *ask,
    uint8_t storage[static KM_RTSP_ASK_BYTES_MAX], struct km_rtsp_message *ret_message,
    struct km_bytes *ret_raw);

#endif
