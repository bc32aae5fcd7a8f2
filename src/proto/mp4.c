#include "proto/mp4.h"

#include "proto/aac.h"

int km_mp4_write_codecs(const struct km_tracks *tracks, struct km_buf *buf)
{
	for (size_t i = 0; i < tracks->count; i++) {
		if (tracks->track[i].codec_text[0] == '\0') {
			return KM_ERR_STATE;
		}
	}
	for (size_t i = 0; i < tracks->count; i++) {
		km_buf_add_text(buf, i > 0 ? "," : "");
		km_buf_add_text(buf, tracks->track[i].codec_text);
	}
	return km_buf_error(buf);
}

int km_mp4_check_tracks(const struct km_tracks *tracks)
{
	if (tracks->count == 0) {
		return KM_ERR_STATE;
	}
	if (tracks->count > KM_TRACKS_MAX) {
		return KM_ERR_RANGE;
	}
	for (size_t i = 0; i < tracks->count; i++) {
		const struct km_track *track = &tracks->track[i];
		bool is_video = km_codec_is_video(track->codec);
		bool has_config = track->codec != KM_CODEC_PCMU && track->codec != KM_CODEC_PCMA;
		size_t most =
		    track->codec == KM_CODEC_AAC ? KM_AAC_CONFIG_MAX : KM_TRACK_CONFIG_MAX;

		if ((has_config && track->config_size == 0) ||
		    (is_video && (track->width == 0 || track->height == 0))) {
			return KM_ERR_STATE;
		}
		if (track->codec == KM_CODEC_NONE || track->clock_hz == 0 ||
		    track->config_size > most) {
			return KM_ERR_RANGE;
		}
	}
	return 0;
}
