/*
 * The replay server's side of RTSP [RFC 2326]: one request in, one answer out. No I/O.
 */
#ifndef KM_REPLAY_RTSP_H
#define KM_REPLAY_RTSP_H

#include "base/buf.h"

enum km_replay_step {
	KM_REPLAY_STEP_NONE,
	KM_REPLAY_STEP_PLAY,
	KM_REPLAY_STEP_PAUSE,
	KM_REPLAY_STEP_CLOSE,
};

/* What the server knows before the request, and what the request has told it. */
struct km_replay_dialog {
	const char *fmtp;
	uint32_t camera_count;
	uint32_t session;
	uint32_t camera; /* set by DESCRIBE and SETUP */
	uint8_t channel; /* set by SETUP: RTP; RTCP is the next one */
	bool is_set_up;
	enum km_replay_step step; /* what is to be done after the answer */
};

/*
 * Take one request or one interleaved frame off the front of *view. Returns the bytes used, 0 if
 * there is no whole one yet. The answer, if any, is appended.
 */
size_t km_replay_rtsp_take(
    struct km_bytes view, struct km_replay_dialog *dialog, struct km_buf *answer);

#endif
