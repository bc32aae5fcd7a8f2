#include "proto/sdp.h"

#define FPS_MAX 1000

/* Names of rtpmap [RFC 6184, 7798, 3640, 7587, 3551]. */
static const struct {
	const char *encoding;
	enum km_codec codec;
	uint32_t clock_hz; /* if it is not said */
} codecs[] = {
	{ "H264", KM_CODEC_H264, 90000 },
	{ "H265", KM_CODEC_H265, 90000 },
	{ "HEVC", KM_CODEC_H265, 90000 },
	{ "MPEG4-GENERIC", KM_CODEC_AAC, 0 },
	{ "OPUS", KM_CODEC_OPUS, 48000 },
	{ "PCMU", KM_CODEC_PCMU, 8000 },
	{ "PCMA", KM_CODEC_PCMA, 8000 },
};

static bool is_word(struct km_bytes view, const char *word)
{
	return km_bytes_is_equal_nocase(view, km_bytes_text(word));
}

static void set_encoding(struct km_sdp_media *media, struct km_bytes encoding)
{
	media->encoding = encoding;
	for (size_t i = 0; i < KM_COUNT(codecs); i++) {
		if (is_word(encoding, codecs[i].encoding)) {
			media->codec = codecs[i].codec;
			if (media->clock_hz == 0) {
				media->clock_hz = codecs[i].clock_hz;
			}
		}
	}
}

/* Payload types that need no rtpmap [RFC 3551 6]. */
static void set_static_type(struct km_sdp_media *media)
{
	switch (media->payload_type) {
	case 0:
		set_encoding(media, KM_BYTES("PCMU"));
		break;
	case 8:
		set_encoding(media, KM_BYTES("PCMA"));
		break;
	case 26:
		media->encoding = KM_BYTES("JPEG");
		media->clock_hz = 90000;
		break;
	default:
		break;
	}
}

static enum km_sdp_kind kind_from(struct km_bytes word)
{
	if (is_word(word, "video")) {
		return KM_SDP_VIDEO;
	}
	if (is_word(word, "audio")) {
		return KM_SDP_AUDIO;
	}
	return is_word(word, "application") ? KM_SDP_APPLICATION : KM_SDP_OTHER;
}

/* The next word of a line; runs of spaces count as one. */
static struct km_bytes next_word(struct km_bytes *rest)
{
	*rest = km_bytes_trim(*rest);
	return km_bytes_split(rest, ' ');
}

/* m=<media> <port> <proto> <fmt> ... [RFC 4566 5.14] */
static struct km_sdp_media *begin_media(struct km_sdp *sdp, struct km_bytes value)
{
	struct km_sdp_media *media = NULL;
	struct km_bytes format = { 0 };
	uint32_t payload_type = 0;

	if (sdp->count == KM_SDP_MEDIAS_MAX) {
		sdp->ignored++;
		return NULL;
	}
	media = &sdp->media[sdp->count++];
	*media = (struct km_sdp_media){ .kind = kind_from(next_word(&value)), .channels = 1 };
	(void)next_word(&value);
	(void)next_word(&value);
	format = next_word(&value);
	if (km_bytes_parse_u32(format, 127, &payload_type) < 0) {
		media->kind = KM_SDP_OTHER;
		return media;
	}
	media->payload_type = (uint8_t)payload_type;
	set_static_type(media);
	return media;
}

/* Cut "<payload type> " off the front; whether it is the one of this media. */
static bool is_of_media(const struct km_sdp_media *media, struct km_bytes *value)
{
	uint32_t payload_type = 0;

	return km_bytes_parse_u32(next_word(value), 127, &payload_type) == 0 &&
	       payload_type == media->payload_type;
}

/* a=rtpmap:<type> <encoding>/<clock>[/<channels>] [RFC 4566 6] */
static void add_rtpmap(struct km_sdp_media *media, struct km_bytes value)
{
	struct km_bytes encoding = { 0 };
	struct km_bytes clock = { 0 };
	uint32_t clock_hz = 0;
	uint32_t channels = 0;

	if (!is_of_media(media, &value)) {
		return;
	}
	value = km_bytes_trim(value);
	encoding = km_bytes_trim(km_bytes_split(&value, '/'));
	clock = km_bytes_trim(km_bytes_split(&value, '/'));
	if (km_bytes_parse_u32(clock, 1000000, &clock_hz) == 0) {
		media->clock_hz = clock_hz;
	}
	if (km_bytes_parse_u32(km_bytes_trim(value), 32, &channels) == 0 && channels > 0) {
		media->channels = (uint8_t)channels;
	}
	media->codec = KM_CODEC_NONE;
	set_encoding(media, encoding);
}

/* "25", "29.97": whole and at most 3 digits of the fraction [RFC 4566 6]. */
static void add_framerate(struct km_sdp_media *media, struct km_bytes value)
{
	struct km_bytes whole_text = km_bytes_trim(km_bytes_split(&value, '.'));
	struct km_bytes fraction = km_bytes_slice(km_bytes_trim(value), 0, 3);
	uint32_t whole = 0;
	uint32_t milli = 0;

	if (km_bytes_parse_u32(whole_text, FPS_MAX, &whole) < 0) {
		return;
	}
	if (km_bytes_parse_u32(fraction, 999, &milli) == 0) {
		for (size_t i = fraction.size; i < 3; i++) {
			milli *= 10;
		}
	}
	media->fps_milli = whole * 1000 + milli;
}

static void add_attribute(struct km_sdp *sdp, struct km_sdp_media *media, struct km_bytes value)
{
	struct km_bytes name = km_bytes_trim(km_bytes_split(&value, ':'));

	value = km_bytes_trim(value);
	if (is_word(name, "control")) {
		*(media == NULL ? &sdp->control : &media->control) = value;
	} else if (media == NULL) {
		return;
	} else if (is_word(name, "rtpmap")) {
		add_rtpmap(media, value);
	} else if (is_word(name, "fmtp")) {
		if (is_of_media(media, &value)) {
			media->fmtp = km_bytes_trim(value);
		}
	} else if (is_word(name, "framerate")) {
		add_framerate(media, value);
	} else if (is_word(name, "sendonly")) {
		media->is_backchannel = true;
	}
}

/* The next line; also where only CRs end them. */
static struct km_bytes next_line(struct km_bytes *rest)
{
	size_t at = 0;
	struct km_bytes line = { 0 };

	while (at < rest->size && rest->data[at] != '\r' && rest->data[at] != '\n') {
		at++;
	}
	line = km_bytes_slice(*rest, 0, at);
	*rest = km_bytes_after(*rest, at + 1);
	return km_bytes_trim(line);
}

int km_sdp_parse(struct km_bytes text, struct km_sdp *ret_sdp, struct km_fault *ret_fault)
{
	struct km_bytes rest = text;
	struct km_sdp_media *media = NULL;
	bool is_media_ignored = false;

	if (text.size > KM_SDP_BYTES_MAX) {
		return km_fault_set(ret_fault, KM_SDP_BYTES_MAX, "RFC 4566 5",
		    "the session description is larger than 64 KiB", KM_ERR_LIMIT);
	}
	*ret_sdp = (struct km_sdp){ 0 };
	while (rest.size > 0) {
		struct km_bytes line = next_line(&rest);
		struct km_bytes value = km_bytes_trim(km_bytes_after(line, 2));

		if (line.size < 2 || line.data[1] != '=') {
			continue;
		}
		if (line.data[0] == 'm') {
			media = begin_media(ret_sdp, value);
			is_media_ignored = media == NULL;
		} else if (line.data[0] == 'a' && !is_media_ignored) {
			add_attribute(ret_sdp, media, value);
		} else if (line.data[0] == 'v') {
			ret_sdp->has_version = true;
		} else if (line.data[0] == 'o') {
			ret_sdp->has_origin = true;
		}
	}
	if (ret_sdp->count == 0) {
		return km_fault_set(ret_fault, text.size, "RFC 4566 5.14",
		    "the session description offers no media", KM_ERR_FORMAT);
	}
	return 0;
}

struct km_bytes km_sdp_fmtp(const struct km_sdp_media *media, const char *name)
{
	struct km_bytes rest = media->fmtp;

	while (rest.size > 0) {
		struct km_bytes value = km_bytes_split(&rest, ';');
		struct km_bytes found = km_bytes_trim(km_bytes_split(&value, '='));

		if (is_word(found, name)) {
			value = km_bytes_trim(value);
			/* Never NULL, so that "there, but empty" can be told from "not there". */
			return value.data != NULL ? value : KM_BYTES("");
		}
	}
	return km_bytes_from(NULL, 0);
}

int km_sdp_fmtp_u32(
    const struct km_sdp_media *media, const char *name, uint32_t max, uint32_t *ret_value)
{
	struct km_bytes value = km_sdp_fmtp(media, name);

	if (value.data == NULL) {
		return KM_ERR_NOT_FOUND;
	}
	return km_bytes_parse_u32(value, max, ret_value);
}
