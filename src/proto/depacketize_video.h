/*
 * The part of depacketizing that H.264 and H.265 share: building NAL units into an access unit, its
 * boundaries, and the parameter sets in force. Only for proto/depacketize*.c.
 */
#ifndef KM_PROTO_DEPACKETIZE_VIDEO_H
#define KM_PROTO_DEPACKETIZE_VIDEO_H

#include "proto/depacketize.h"

#define KM_DEPACKETIZE_HEADER_MAX 2 /* bytes of a NAL unit header */

/* What a NAL unit means for the access unit that it is in. */
struct km_depacketize_nal {
	bool is_known; /* of a type that belongs into a stream */
	bool is_bare;  /* may consist of its header only */
	bool is_slice;
	bool is_key;
	bool is_first_slice; /* the first of its picture */
	bool is_delimiter;   /* AUD: certainly the first of its unit */
	bool is_parameters;  /* VPS, SPS or PPS */
	bool is_start;       /* AUD, VPS or SPS: comes before picture data only */
};

/* How the two codecs differ. */
struct km_depacketize_codec {
	size_t header_bytes; /* of a NAL unit */
	struct km_depacketize_nal (*classify)(struct km_bytes nal);
	/* Hold a parameter set in `sets`. */
	int (*put)(struct km_parameter_sets *sets, struct km_bytes nal, struct km_fault *fault);
	/* Fill the track from the sets; KM_ERR_STATE if some are missing. */
	int (*fill)(
	    const struct km_parameter_sets *sets, struct km_track *track, bool *ret_is_frame_only);
	/*
	 * The first NAL unit that begins in this payload, shortened to what the packet has of it;
	 * empty if it only continues one. For a fragment, `scratch` takes header and first bytes.
	 */
	struct km_bytes (*peek)(struct km_bytes payload, uint8_t scratch[static 4]);
	/* Add the payload, which is not empty and does not begin with a start code. */
	int (*add)(struct km_depacketizer *d, struct km_bytes payload, struct km_buf *unit);
};

extern const struct km_depacketize_codec km_depacketize_h264;
extern const struct km_depacketize_codec km_depacketize_h265;

/* The row of the track's codec; only for video. */
const struct km_depacketize_codec *km_depacketize_video_codec(const struct km_depacketizer *d);

/* --- for the codecs' add --- */

/* Add a whole NAL unit, or several if there are start codes inside. Returns 0 or KM_ERR_LIMIT. */
KM_MUST_USE int km_depacketize_video_whole(
    struct km_depacketizer *d, struct km_bytes nal, struct km_buf *unit);

/* One fragment of a NAL unit [RFC 6184 5.8] [RFC 7798 4.4.3]. */
struct km_depacketize_fragment {
	uint8_t header[KM_DEPACKETIZE_HEADER_MAX]; /* that the whole unit will have */
	uint8_t type;
	bool is_start;
	bool is_end;
	struct km_bytes data;
};

KM_MUST_USE int km_depacketize_video_fragment(
    struct km_depacketizer *d, const struct km_depacketize_fragment *fragment, struct km_buf *unit);

/* NAL units with 16-bit sizes in front [RFC 6184 5.7.1] [RFC 7798 4.4.2]; offset is for faults. */
KM_MUST_USE int km_depacketize_video_aggregate(
    struct km_depacketizer *d, struct km_bytes units, size_t offset, struct km_buf *unit);

/* --- for depacketize.c --- */

KM_MUST_USE int km_depacketize_video_push(struct km_depacketizer *d,
    const struct km_rtp_packet *packet, bool is_after_loss, struct km_buf *unit,
    unsigned *ret_result);
void km_depacketize_video_flush(
    struct km_depacketizer *d, struct km_buf *unit, unsigned *ret_result);
KM_MUST_USE int km_depacketize_video_set(struct km_depacketizer *d, struct km_bytes nal);

#endif
