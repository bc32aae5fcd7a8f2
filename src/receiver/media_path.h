/*
 * The way of media from the connection of a session to its intake: interleaved channels or UDP
 * ports, RTCP beside each, and the receiver reports that some cameras insist on.
 */
#ifndef KM_RECEIVER_MEDIA_PATH_H
#define KM_RECEIVER_MEDIA_PATH_H

#include "io/loop.h"
#include "io/udp.h"
#include "proto/rtp_reorder.h"
#include "proto/rtsp.h"
#include "receiver/intake.h"

#define KM_MEDIA_PATH_SCRATCH_BYTES ((size_t)262144) /* given by the owner, for all cameras */

struct km_media_path_track {
	bool is_used;
	uint8_t rtp_channel;
	uint8_t rtcp_channel;
	struct km_udp_pair udp; /* -1, -1 without UDP */
	struct km_address peer; /* UDP: of the camera, with its RTP port if it told one */
	uint16_t peer_rtcp_port;
	struct km_rtp_reorder reorder;
	uint8_t *reorder_storage; /* UDP only */
	struct km_watch *watch;   /* UDP only */
	uint32_t last_sender_ntp; /* middle bits of the last sender report */
	int64_t last_sender_us;   /* when it came; monotonic */
	uint64_t reported_received;
	uint64_t reported_lost;
};

struct km_media_path {
	/* For the owner to read: */
	uint64_t packets;        /* RTP packets handed on */
	int64_t last_media_us;   /* monotonic, as of the drain */
	int64_t clock_offset_us; /* the camera's clock minus ours; INT64_MIN: not known */
	bool has_bye;            /* the camera said goodbye since the last RTP packet */
	uint32_t oddities;

	/* Private: */
	struct km_intake *intake;
	bool is_udp;
	uint32_t ssrc; /* ours, for reports */
	size_t track_count;
	struct km_media_path_track track[KM_TRACKS_MAX];
};

/* intake is borrowed. */
void km_media_path_init(struct km_media_path *path, struct km_intake *intake, bool is_udp);

/* Close what is open. */
void km_media_path_finish(struct km_media_path *path);

/* Open ports for the next track, on this local address. */
KM_MUST_USE int km_media_path_open(struct km_media_path *path, size_t track,
    const struct km_address *local, int receive_buffer_bytes, uint16_t *ret_port);

/* SETUP of a track was answered; peer is the camera's address (of the RTSP connection). */
KM_MUST_USE int km_media_path_set(struct km_media_path *path, size_t track,
    const struct km_rtsp_transport *transport, const struct km_address *peer);

/* Bits of the channels in use, for km_rtsp_resync. */
uint32_t km_media_path_channels(const struct km_media_path *path);

/* An interleaved frame came. */
void km_media_path_frame(struct km_media_path *path, const struct km_rtsp_frame *frame,
    int64_t now_us, int64_t now_unix_us);

/* UDP: take what waits, into scratch (KM_MEDIA_PATH_SCRATCH_BYTES). */
void km_media_path_drain(
    struct km_media_path *path, uint8_t *scratch, int64_t now_us, int64_t now_unix_us);

/* UDP: let arriving packets of RTP call on_ready, or not. Returns 0 or negative. */
KM_MUST_USE int km_media_path_watch(struct km_media_path *path, struct km_loop *loop,
    void (*on_ready)(void *context, unsigned events), void *context, bool is_on);

/*
 * Receiver reports of all tracks: sent at once over UDP, else appended to `out` as interleaved
 * frames.
 */
void km_media_path_report(struct km_media_path *path, int64_t now_us, struct km_buf *out);

#endif
