#include "receiver/offer.h"

#include "base/text.h"
#include "proto/h264.h"

#include <string.h>

#define NAL_MAX          KM_PARAMETER_SETS_BYTES_MAX
#define SETS_MAX         8 /* in one sprop list */
#define DEFAULT_VIDEO_HZ 90000
#define ENCODING_MAX     24

static bool is_wanted(const struct km_sdp_media *media, enum km_sdp_kind kind)
{
	return media->kind == kind && media->codec != KM_CODEC_NONE && !media->is_backchannel &&
	       km_codec_is_video(media->codec) == (kind == KM_SDP_VIDEO);
}

size_t km_offer_choose(const struct km_sdp *sdp, size_t ret_chosen[static KM_TRACKS_MAX])
{
	static const enum km_sdp_kind kinds[] = { KM_SDP_VIDEO, KM_SDP_AUDIO };
	size_t count = 0;

	for (size_t kind = 0; kind < KM_COUNT(kinds); kind++) {
		for (size_t i = 0; i < sdp->count; i++) {
			if (is_wanted(&sdp->media[i], kinds[kind])) {
				ret_chosen[count++] = i;
				break;
			}
		}
	}
	return count;
}

void km_offer_list(const struct km_sdp *sdp, struct km_buf *buf)
{
	for (size_t i = 0; i < sdp->count; i++) {
		if (sdp->media[i].encoding.size > 0) {
			km_buf_add_text(buf, buf->size > 0 ? ", " : "");
			km_text_add_escaped(buf, sdp->media[i].encoding, ENCODING_MAX);
		}
	}
}

/* A set that is refused is no failure here: the stream itself brings it as well. */
static void put(
    struct km_depacketizer *d, struct km_bytes sps, struct km_bytes pps, struct km_bytes vps)
{
	int err = km_depacketizer_set_parameters(d, sps, pps, vps);

	(void)err;
}

static const struct km_bytes none = { 0 };

static void put_vps(struct km_depacketizer *d, struct km_bytes nal)
{
	put(d, none, none, nal);
}

static void put_sps(struct km_depacketizer *d, struct km_bytes nal)
{
	put(d, nal, none, none);
}

static void put_pps(struct km_depacketizer *d, struct km_bytes nal)
{
	put(d, none, nal, none);
}

/* H.264 lists them together. */
static void put_h264(struct km_depacketizer *d, struct km_bytes nal)
{
	if (km_h264_nal_type(nal) == KM_H264_SPS) {
		put_sps(d, nal);
	} else if (km_h264_nal_type(nal) == KM_H264_PPS) {
		put_pps(d, nal);
	}
}

/* Each set of a comma-separated list of base64 [RFC 6184 8.1] [RFC 7798 7.1]. */
static void each_set(struct km_depacketizer *d, struct km_bytes list,
    void (*put_one)(struct km_depacketizer *d, struct km_bytes nal))
{
	for (unsigned i = 0; list.size > 0 && i < SETS_MAX; i++) {
		uint8_t storage[NAL_MAX];
		struct km_buf nal = { 0 };

		km_buf_init_fixed(&nal, storage, sizeof(storage));
		if (km_text_parse_base64(km_bytes_split(&list, ','), &nal) == 0 &&
		    km_buf_error(&nal) == 0 && nal.size > 0) {
			put_one(d, km_buf_view(&nal));
		}
	}
}

static void put_parameters(struct km_depacketizer *d, const struct km_sdp_media *media)
{
	if (media->codec == KM_CODEC_H264) {
		each_set(d, km_sdp_fmtp(media, "sprop-parameter-sets"), put_h264);
	} else if (media->codec == KM_CODEC_H265) {
		each_set(d, km_sdp_fmtp(media, "sprop-vps"), put_vps);
		each_set(d, km_sdp_fmtp(media, "sprop-sps"), put_sps);
		each_set(d, km_sdp_fmtp(media, "sprop-pps"), put_pps);
	}
}

static bool is_interleaved(const struct km_sdp_media *media)
{
	uint32_t value = 0;

	if (media->codec == KM_CODEC_H264) {
		return km_sdp_fmtp_u32(media, "packetization-mode", UINT32_MAX, &value) == 0 &&
		       value == 2;
	}
	return media->codec == KM_CODEC_H265 &&
	       km_sdp_fmtp_u32(media, "sprop-max-don-diff", UINT32_MAX, &value) == 0 && value > 0;
}

static uint8_t length_of(const struct km_sdp_media *media, const char *name)
{
	uint32_t value = 0;

	return km_sdp_fmtp_u32(media, name, 16, &value) == 0 ? (uint8_t)value : 0;
}

static void put_audio_config(const struct km_sdp_media *media, struct km_track *track)
{
	struct km_bytes config = km_sdp_fmtp(media, "config");

	if (config.size >= 4 && config.size % 2 == 0 && config.size / 2 <= KM_TRACK_CONFIG_MAX &&
	    km_text_parse_hex(config, track->config, config.size / 2) == 0) {
		track->config_size = (uint16_t)(config.size / 2);
	}
}

int km_offer_prepare(const struct km_sdp_media *media, size_t max_unit_bytes,
    struct km_depacketizer *ret_depacketizer)
{
	struct km_depacketizer_format format = { .max_unit_bytes = max_unit_bytes };
	struct km_track track = {
		.codec = media->codec,
		.clock_hz = media->clock_hz,
		.channels = media->kind == KM_SDP_AUDIO ? media->channels : 0,
		.fps_milli = media->fps_milli,
	};
	int err = 0;

	if (is_interleaved(media)) {
		return KM_ERR_UNSUPPORTED;
	}
	if (media->kind == KM_SDP_VIDEO) {
		track.clock_hz = DEFAULT_VIDEO_HZ; /* fixed for both codecs [RFC 6184 8.2.1] */
	}
	if (media->codec == KM_CODEC_AAC) {
		put_audio_config(media, &track);
		format.size_length = length_of(media, "sizelength");
		format.index_length = length_of(media, "indexlength");
		format.index_delta_length = length_of(media, "indexdeltalength");
	}
	err = km_depacketizer_init(ret_depacketizer, &track, &format);
	if (err == KM_ERR_FORMAT && track.config_size > 0) {
		track.config_size = 0; /* [quirk: unreadable AAC config]: AAC-LC is assumed */
		err = km_depacketizer_init(ret_depacketizer, &track, &format);
	}
	if (err == 0) {
		put_parameters(ret_depacketizer, media);
	}
	return err;
}
