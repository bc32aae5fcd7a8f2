/*
 * Session descriptions as cameras send them [RFC 4566], and the parameters of their formats.
 *
 * Tolerant: lines that are missing (also v= and o=), unknown or malformed are passed over, line
 * ends may be LF, CR LF or CR, and spaces and semicolons may trail. Views point into the text.
 */
#ifndef KM_PROTO_SDP_H
#define KM_PROTO_SDP_H

#include "base/bytes.h"
#include "base/error.h"
#include "proto/track.h"

#define KM_SDP_BYTES_MAX  65536
#define KM_SDP_MEDIAS_MAX 8

enum km_sdp_kind {
	KM_SDP_OTHER,
	KM_SDP_VIDEO,
	KM_SDP_AUDIO,
	KM_SDP_APPLICATION,
};

struct km_sdp_media {
	enum km_sdp_kind kind;
	uint8_t payload_type;     /* the first one that is offered */
	uint8_t channels;         /* audio; 1 if not said */
	bool is_backchannel;      /* a=sendonly: the camera's loudspeaker [ONVIF Streaming 5.3] */
	uint32_t clock_hz;        /* 0 if neither said nor fixed by the payload type */
	uint32_t fps_milli;       /* a=framerate; 0 if not said */
	enum km_codec codec;      /* NONE if it is one that we do not record */
	struct km_bytes encoding; /* as written: "H264" */
	struct km_bytes fmtp;     /* format parameters, without the payload type; may be empty */
	struct km_bytes control;  /* may be empty */
};

struct km_sdp {
	struct km_bytes control; /* of the session; may be empty */
	bool has_version;        /* there was a v= line */
	bool has_origin;         /* there was an o= line */
	unsigned ignored;        /* medias beyond the maximum */
	size_t count;
	struct km_sdp_media media[KM_SDP_MEDIAS_MAX];
};

/*
 * Returns 0, KM_ERR_LIMIT (larger than KM_SDP_BYTES_MAX) or KM_ERR_FORMAT (no media line in it).
 * ret_fault may be NULL.
 */
KM_MUST_USE int km_sdp_parse(
    struct km_bytes text, struct km_sdp *ret_sdp, struct km_fault *ret_fault);

/* A format parameter's value, "" included; data is NULL if it is not there. Names in any case. */
struct km_bytes km_sdp_fmtp(const struct km_sdp_media *media, const char *name);

/* The same as a number. Returns 0, KM_ERR_NOT_FOUND, KM_ERR_FORMAT or KM_ERR_RANGE. */
KM_MUST_USE int km_sdp_fmtp_u32(
    const struct km_sdp_media *media, const char *name, uint32_t max, uint32_t *ret_value);

#endif
