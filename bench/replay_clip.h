/*
 * The clip that the replay server sends: H.264 from a file, cut into RTP once at the start.
 *
 * Each picture is one run of interleaved RTP packets [RFC 2326 10.12, RFC 6184], ready to be sent
 * after channel, sequence number, timestamp and SSRC have been put in.
 */
#ifndef KM_REPLAY_CLIP_H
#define KM_REPLAY_CLIP_H

#include "base/buf.h"

#define KM_REPLAY_CLIP_FRAMES_MAX  4096
#define KM_REPLAY_CLIP_SDP_MAX     2048
#define KM_REPLAY_CLIP_PAYLOAD_MAX 1400

/*
 * A picture can carry the moment at which it was sent in its last bytes, whose place nothing on the
 * way to a viewer looks at: two bytes of mark, then CLOCK_MONOTONIC in microseconds, 7 bits a byte,
 * high bits first, the eighth bit set so that no start code can come about. It cannot be decoded
 * any more; pictures whose last packet is too small go without.
 */
#define KM_REPLAY_CLIP_STAMP_BYTES 12
#define KM_REPLAY_CLIP_STAMP_MARK0 0xa7
#define KM_REPLAY_CLIP_STAMP_MARK1 0xd3

struct km_replay_frame {
	size_t offset; /* into the clip's packets */
	size_t size;
	uint32_t packets;
	uint32_t last_payload; /* bytes of media in its last packet */
};

struct km_replay_clip {
	struct km_buf packets;
	struct km_replay_frame frames[KM_REPLAY_CLIP_FRAMES_MAX];
	uint32_t frame_count;
	uint32_t packet_count;
	size_t frame_size_max;
	char fmtp[KM_REPLAY_CLIP_SDP_MAX]; /* the parameters after "a=fmtp:96 " */
};

/* What to put into a picture's packets before it is sent. */
struct km_replay_patch {
	uint8_t channel;
	uint16_t sequence; /* of the first packet */
	uint32_t timestamp_ticks90k;
	uint32_t ssrc;
	int64_t stamp_us; /* 0: none */
};

/*
 * Read an Annex B file that begins with SPS and PPS and has one slice a picture. Returns 0 or a
 * KM_ERR; ret_clip is to be finished in both cases.
 */
KM_MUST_USE int km_replay_clip_load(const char *path, struct km_replay_clip *ret_clip);

void km_replay_clip_finish(struct km_replay_clip *clip);

/* Copy a picture to ret_data (clip->frame_size_max bytes) and patch it. Returns its size. */
size_t km_replay_clip_write(const struct km_replay_clip *clip, uint32_t frame,
    const struct km_replay_patch *patch, uint8_t *ret_data);

#endif
