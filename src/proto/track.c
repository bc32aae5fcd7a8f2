#include "proto/track.h"

#include "base/reader.h"

#include <string.h>

bool km_codec_is_video(enum km_codec codec)
{
	return codec == KM_CODEC_H264 || codec == KM_CODEC_H265;
}

const char *km_codec_name(enum km_codec codec)
{
	switch (codec) {
	case KM_CODEC_H264:
		return "H.264";
	case KM_CODEC_H265:
		return "H.265";
	case KM_CODEC_AAC:
		return "AAC";
	case KM_CODEC_OPUS:
		return "Opus";
	case KM_CODEC_PCMU:
		return "G.711 mu-law";
	case KM_CODEC_PCMA:
		return "G.711 A-law";
	case KM_CODEC_NONE:
		break;
	}
	return "none";
}

static bool is_track_equal(const struct km_track *a, const struct km_track *b)
{
	return a->codec == b->codec && a->clock_hz == b->clock_hz && a->width == b->width &&
	       a->height == b->height && a->channels == b->channels &&
	       strcmp(a->codec_text, b->codec_text) == 0 &&
	       km_bytes_is_equal(km_bytes_from(a->config, a->config_size),
		   km_bytes_from(b->config, b->config_size));
}

bool km_tracks_is_equal(const struct km_tracks *a, const struct km_tracks *b)
{
	if (a->count != b->count) {
		return false;
	}
	for (size_t i = 0; i < a->count; i++) {
		if (!is_track_equal(&a->track[i], &b->track[i])) {
			return false;
		}
	}
	return true;
}

void km_tracks_pack(const struct km_tracks *tracks, struct km_buf *buf)
{
	km_buf_add_u8(buf, tracks->count);
	for (size_t i = 0; i < tracks->count; i++) {
		const struct km_track *track = &tracks->track[i];
		struct km_bytes codec_text = km_bytes_text(track->codec_text);

		km_buf_add_u8(buf, track->codec);
		km_buf_add_u32(buf, track->clock_hz);
		km_buf_add_u16(buf, track->width);
		km_buf_add_u16(buf, track->height);
		km_buf_add_u32(buf, track->fps_milli);
		km_buf_add_u8(buf, track->channels);
		km_buf_add_u8(buf, (unsigned)codec_text.size);
		km_buf_add(buf, codec_text);
		km_buf_add_u16(buf, track->config_size);
		km_buf_add_data(buf, track->config, track->config_size);
	}
}

static int unpack_codec_text(struct km_reader *reader, struct km_track *track)
{
	struct km_bytes text = { 0 };
	uint8_t size = 0;

	if (km_reader_u8(reader, &size) < 0 || km_reader_bytes(reader, size, &text) < 0) {
		return KM_ERR_SHORT;
	}
	if (text.size >= sizeof(track->codec_text)) {
		return KM_ERR_RANGE;
	}
	/* It ends in logs and JSON, and the receiver that sends it faces the cameras. */
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < 0x21 || text.data[i] > 0x7e) {
			return KM_ERR_FORMAT;
		}
	}
	return km_bytes_copy_text(text, track->codec_text, sizeof(track->codec_text));
}

static int unpack_track(struct km_reader *reader, struct km_track *track)
{
	uint8_t codec = 0;
	int err = 0;

	if (km_reader_u8(reader, &codec) < 0 || km_reader_u32(reader, &track->clock_hz) < 0 ||
	    km_reader_u16(reader, &track->width) < 0 || km_reader_u16(reader, &track->height) < 0 ||
	    km_reader_u32(reader, &track->fps_milli) < 0 ||
	    km_reader_u8(reader, &track->channels) < 0) {
		return KM_ERR_SHORT;
	}
	if (codec == KM_CODEC_NONE || codec > KM_CODEC_PCMA || track->clock_hz == 0) {
		return KM_ERR_RANGE;
	}
	track->codec = (enum km_codec)codec;
	err = unpack_codec_text(reader, track);
	if (err < 0) {
		return err;
	}
	if (km_reader_u16(reader, &track->config_size) < 0) {
		return KM_ERR_SHORT;
	}
	if (track->config_size > KM_TRACK_CONFIG_MAX) {
		return KM_ERR_RANGE;
	}
	return km_reader_copy(reader, track->config, track->config_size);
}

int km_tracks_unpack(struct km_bytes packed, struct km_tracks *ret_tracks)
{
	struct km_reader reader = km_reader_from(packed);
	struct km_tracks tracks = { 0 };

	if (km_reader_u8(&reader, &tracks.count) < 0) {
		return KM_ERR_SHORT;
	}
	if (tracks.count > KM_TRACKS_MAX) {
		return KM_ERR_RANGE;
	}
	for (size_t i = 0; i < tracks.count; i++) {
		int err = unpack_track(&reader, &tracks.track[i]);

		if (err < 0) {
			return err;
		}
	}
	if (km_reader_left(&reader) != 0) {
		return KM_ERR_FORMAT;
	}
	*ret_tracks = tracks;
	return 0;
}
