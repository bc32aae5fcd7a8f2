/*
 * What a track of a stream is: what SDP and the parameter sets say, in the form that storing,
 * MP4 and the page need.
 *
 * A plain value without pointers, so that it can be copied, compared and sent between processes.
 */
#ifndef KM_PROTO_TRACK_H
#define KM_PROTO_TRACK_H

#include "base/buf.h"
#include "base/error.h"

#define KM_TRACK_CONFIG_MAX  1024 /* bytes; larger parameter sets than this are refused */
#define KM_TRACK_CODEC_MAX   40   /* the codec's name as in RFC 6381, with the NUL */
#define KM_TRACKS_MAX        4    /* tracks of one stream */
#define KM_TRACKS_PACKED_MAX (1 + KM_TRACKS_MAX * (KM_TRACK_CONFIG_MAX + 64))

enum km_codec {
	KM_CODEC_NONE = 0,
	KM_CODEC_H264 = 1,
	KM_CODEC_H265 = 2,
	KM_CODEC_AAC = 3,
	KM_CODEC_OPUS = 4,
	KM_CODEC_PCMU = 5, /* G.711 mu-law */
	KM_CODEC_PCMA = 6, /* G.711 A-law */
};

struct km_track {
	enum km_codec codec;
	uint32_t clock_hz; /* RTP clock: 90000 for video, the sampling rate for most audio */
	uint16_t width;    /* pixels after cropping; 0 for audio or while unknown */
	uint16_t height;
	uint32_t fps_milli; /* frames per 1000 seconds as the stream claims; 0 if it does not */
	uint8_t channels;   /* audio */
	char codec_text[KM_TRACK_CODEC_MAX]; /* "avc1.64001f"; "" while unknown */
	/*
	 * The decoder's configuration: body of avcC [ISO 14496-15 5.3.3], body of hvcC [ISO
	 * 14496-15 8.3.3], AudioSpecificConfig [ISO 14496-3 1.6.2], or body of dOps [Opus in
	 * ISOBMFF 4.3.2]. Samples are length-prefixed (4 bytes) NAL units, as avcC and hvcC say.
	 */
	uint16_t config_size; /* 0 while unknown, and for G.711 */
	uint8_t config[KM_TRACK_CONFIG_MAX];
};

struct km_tracks {
	uint8_t count; /* the video track, if there is one, comes first */
	struct km_track track[KM_TRACKS_MAX];
};

bool km_codec_is_video(enum km_codec codec);

/* "H.264", "AAC", ...: static, for people and JSON. */
const char *km_codec_name(enum km_codec codec);

bool km_tracks_is_equal(const struct km_tracks *a, const struct km_tracks *b);

/* Our own packed form (rings, messages, segment headers; docs/format.md); at most
 * KM_TRACKS_PACKED_MAX bytes. */
void km_tracks_pack(const struct km_tracks *tracks, struct km_buf *buf);

/* Returns 0, KM_ERR_SHORT, KM_ERR_FORMAT or KM_ERR_RANGE; everything must be consumed. */
KM_MUST_USE int km_tracks_unpack(struct km_bytes packed, struct km_tracks *ret_tracks);

#endif
