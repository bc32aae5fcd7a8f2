#include "proto/depacketize.h"

#include "proto/depacketize_audio.h"
#include "proto/depacketize_video.h"

#define VIDEO_CLOCK_HZ 90000 /* [RFC 6184 8.2.1] [RFC 7798 7.1] */

int km_depacketizer_init(struct km_depacketizer *d, const struct km_track *track,
    const struct km_depacketizer_format *format)
{
	*d = (struct km_depacketizer){ .track = *track, .format = *format };
	if (format->max_unit_bytes == 0 || format->max_unit_bytes > INT32_MAX ||
	    track->clock_hz == 0 || track->config_size > KM_TRACK_CONFIG_MAX) {
		return KM_ERR_RANGE;
	}
	if (!km_codec_is_video(track->codec)) {
		return km_depacketize_audio_init(d);
	}
	return track->clock_hz == VIDEO_CLOCK_HZ ? 0 : KM_ERR_RANGE;
}

int km_depacketizer_set_parameters(
    struct km_depacketizer *d, struct km_bytes sps, struct km_bytes pps, struct km_bytes vps)
{
	const struct km_bytes nals[] = { vps, sps, pps };
	int result = 0;

	if (!km_codec_is_video(d->track.codec)) {
		return KM_ERR_UNSUPPORTED;
	}
	for (size_t i = 0; i < KM_COUNT(nals); i++) {
		int err = nals[i].size == 0 ? 0 : km_depacketize_video_set(d, nals[i]);

		result = err < 0 ? err : result;
	}
	return result;
}

/*
 * Lengths grow from the 2 bytes of an aggregate, or the 3 of a start code, to 4; the smallest NAL
 * unit has 1 byte. So a payload less than doubles, and one length stands in front of it.
 */
size_t km_depacketizer_room(size_t payload_bytes)
{
	return 2 * payload_bytes + 16;
}

int km_depacketizer_push(struct km_depacketizer *d, const struct km_rtp_packet *packet,
    bool is_after_loss, struct km_buf *unit, unsigned *ret_result)
{
	if (km_codec_is_video(d->track.codec)) {
		return km_depacketize_video_push(d, packet, is_after_loss, unit, ret_result);
	}
	return km_depacketize_audio_push(d, packet, is_after_loss, unit, ret_result);
}

void km_depacketizer_flush(struct km_depacketizer *d, struct km_buf *unit, unsigned *ret_result)
{
	if (km_codec_is_video(d->track.codec)) {
		km_depacketize_video_flush(d, unit, ret_result);
		return;
	}
	km_buf_clear(unit);
	d->is_open = false;
	d->next_frame = 0;
	*ret_result = 0;
}
