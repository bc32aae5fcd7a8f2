#include "proto/depacketize_audio.h"

#include "proto/aac.h"
#include "proto/bit_reader.h"
#include "proto/opus.h"

#include <stdio.h>
#include <string.h>

#define AAC_CLAUSE      "RFC 3640 3.2.1"
#define AAC_FRAMES_MAX  64 /* in one packet; a second of sound has 47 at 48 kHz */
#define SIZE_LENGTH_MAX 16

static int init_aac(struct km_depacketizer *d)
{
	struct km_track *track = &d->track;
	struct km_depacketizer_format *format = &d->format;
	struct km_aac_config config = { 0 };
	struct km_buf buf;
	int err = 0;

	if (track->config_size == 0) {
		d->oddities |= KM_ODDITY_AUDIO_CONFIG_MISSING;
		km_buf_init_fixed(&buf, track->config, sizeof(track->config));
		err = km_aac_write_config(track->clock_hz, track->channels, &buf);
		if (err < 0) {
			return err;
		}
		track->config_size = (uint16_t)buf.size;
	}
	err = km_aac_parse_config(
	    km_bytes_from(track->config, track->config_size), &config, &d->fault);
	if (err < 0) {
		return err == KM_ERR_UNSUPPORTED ? err : KM_ERR_FORMAT;
	}
	if (format->size_length == 0 && format->index_length == 0 &&
	    format->index_delta_length == 0) {
		format->size_length = 13;
		format->index_length = 3;
		format->index_delta_length = 3;
	}
	if (format->size_length == 0 || format->size_length > SIZE_LENGTH_MAX ||
	    format->index_length > SIZE_LENGTH_MAX ||
	    format->index_delta_length > SIZE_LENGTH_MAX) {
		return KM_ERR_RANGE;
	}
	d->frame_ticks =
	    (uint32_t)((uint64_t)config.frame_samples * track->clock_hz / config.rate_hz);
	if (d->frame_ticks == 0) {
		return KM_ERR_RANGE;
	}
	track->channels = config.channels;
	(void)snprintf(
	    track->codec_text, sizeof(track->codec_text), "mp4a.40.%u", config.object_type);
	return 0;
}

int km_depacketize_audio_init(struct km_depacketizer *d)
{
	struct km_track *track = &d->track;
	struct km_buf buf;
	int err = 0;

	switch (track->codec) {
	case KM_CODEC_AAC:
		return init_aac(d);
	case KM_CODEC_OPUS:
		if (track->clock_hz != KM_OPUS_CLOCK_HZ) {
			return KM_ERR_RANGE; /* [RFC 7587 4.1] */
		}
		km_buf_init_fixed(&buf, track->config, sizeof(track->config));
		err = km_opus_write_config(track->channels, &buf);
		track->config_size = (uint16_t)buf.size;
		(void)snprintf(track->codec_text, sizeof(track->codec_text), "opus");
		return err;
	case KM_CODEC_PCMU:
	case KM_CODEC_PCMA:
		track->config_size = 0;
		(void)snprintf(track->codec_text, sizeof(track->codec_text), "%s",
		    track->codec == KM_CODEC_PCMU ? "ulaw" : "alaw");
		return track->channels == 0 ? KM_ERR_RANGE : 0;
	default:
		return KM_ERR_UNSUPPORTED;
	}
}

static int add_bytes(struct km_depacketizer *d, struct km_bytes bytes, struct km_buf *unit)
{
	int err = KM_ERR_LIMIT;

	if (unit->size <= d->format.max_unit_bytes &&
	    bytes.size <= d->format.max_unit_bytes - unit->size) {
		km_buf_add(unit, bytes);
		err = km_buf_error(unit);
	}
	if (err < 0) {
		km_buf_clear(unit);
		(void)km_fault_set(
		    &d->fault, 0, "max_unit_bytes", "the audio frame is larger than allowed", err);
	}
	return err;
}

static unsigned finish_frame(struct km_depacketizer *d, uint32_t timestamp, uint32_t ticks)
{
	d->unit = (struct km_depacketizer_unit){
		.timestamp = timestamp,
		.is_key = true,
		.duration_ticks = ticks,
	};
	return KM_DEPACKETIZER_UNIT_DONE;
}

/* One packet, one unit. */
static int push_whole(struct km_depacketizer *d, const struct km_rtp_packet *packet, uint32_t ticks,
    struct km_buf *unit, unsigned *ret_result)
{
	int err = add_bytes(d, packet->payload, unit);

	if (err == 0) {
		*ret_result = finish_frame(d, packet->timestamp, ticks);
	}
	return err;
}

/* Where a frame lies in an AAC packet. */
struct aac_frame {
	uint32_t size;        /* as its AU header says */
	struct km_bytes data; /* shorter than size if the frame is fragmented */
	bool is_only;
	bool is_last;
	bool is_interleaved;
};

/* Find frame `wanted` [RFC 3640 3.2.1]; KM_ERR_NOT_FOUND if there are fewer. */
static int find_frame(struct km_depacketizer *d, struct km_bytes payload, unsigned wanted,
    struct aac_frame *ret_frame)
{
	const struct km_depacketizer_format *format = &d->format;
	size_t header_bits = 0;
	size_t first_bits = (size_t)format->size_length + format->index_length;
	size_t next_bits = (size_t)format->size_length + format->index_delta_length;
	size_t offset = 0;
	size_t count = 0;
	struct km_bit_reader reader;
	struct aac_frame frame = { 0 };

	if (payload.size >= 2) {
		header_bits = (size_t)payload.data[0] << 8 | payload.data[1];
	}
	if (payload.size < 2 || (header_bits + 7) / 8 > payload.size - 2) {
		return km_fault_set(
		    &d->fault, 0, AAC_CLAUSE, "AU headers end too early", KM_ERR_SHORT);
	}
	if (header_bits < first_bits) {
		return KM_ERR_NOT_FOUND;
	}
	count = 1 + (header_bits - first_bits) / next_bits;
	if (count > AAC_FRAMES_MAX) {
		return km_fault_set(
		    &d->fault, 0, AAC_CLAUSE, "more than 64 frames in a packet", KM_ERR_FORMAT);
	}
	if (wanted >= count) {
		return KM_ERR_NOT_FOUND;
	}
	reader = km_bit_reader_from(km_bytes_slice(payload, 2, (header_bits + 7) / 8));
	reader.keeps_all = true;
	for (unsigned i = 0; i <= wanted; i++) {
		uint32_t index = 0;

		offset += frame.size;
		frame.size = km_bit_reader_bits(&reader, format->size_length);
		index = km_bit_reader_bits(
		    &reader, i == 0 ? format->index_length : format->index_delta_length);
		frame.is_interleaved = i > 0 && index != 0;
	}
	payload = km_bytes_after(payload, 2 + (header_bits + 7) / 8);
	frame.data = km_bytes_slice(payload, offset, frame.size);
	frame.is_only = count == 1;
	frame.is_last = wanted == count - 1;
	d->oddities |=
	    frame.is_last && payload.size > offset + frame.size ? KM_ODDITY_TRAILING_BYTES : 0;
	*ret_frame = frame;
	return 0;
}

static void drop_fragments(struct km_depacketizer *d, struct km_buf *unit)
{
	km_buf_clear(unit);
	d->is_open = false;
}

/*
 * A fragment: the only frame of the packet, and larger than it. All fragments of a frame carry its
 * whole size and its timestamp; only the last has the marker [RFC 3640 3.1]. So after a loss one
 * cannot tell the first from a later one, and the frame is given up.
 */
static int push_fragment(struct km_depacketizer *d, const struct km_rtp_packet *packet,
    const struct aac_frame *frame, bool is_after_loss, struct km_buf *unit, unsigned *ret_result)
{
	unsigned result = 0;
	int err = 0;

	if (is_after_loss || (d->is_skipping && d->skipped == packet->timestamp)) {
		d->is_skipping = true;
		d->skipped = packet->timestamp;
		*ret_result = 0;
		return 0;
	}
	d->is_skipping = false;
	if (!d->is_open) {
		d->is_open = true;
		d->open_size = frame->size;
		d->building.timestamp = packet->timestamp;
	}
	if (frame->size != d->open_size || unit->size + frame->data.size > d->open_size) {
		drop_fragments(d, unit);
		return km_fault_set(&d->fault, 2, "RFC 3640 3.2.3.1",
		    "fragments do not add up to their frame", KM_ERR_FORMAT);
	}
	err = add_bytes(d, frame->data, unit);
	if (err < 0) {
		d->is_open = false;
		d->is_skipping = true;
		d->skipped = packet->timestamp;
		return err;
	}
	if (unit->size == d->open_size) {
		d->is_open = false;
		result = finish_frame(d, packet->timestamp, d->frame_ticks);
	}
	*ret_result = result;
	return 0;
}

static int push_frame(struct km_depacketizer *d, const struct km_rtp_packet *packet,
    const struct aac_frame *frame, struct km_buf *unit, unsigned *ret_result)
{
	size_t adts = km_aac_adts_bytes(frame->data);
	uint32_t timestamp = packet->timestamp + d->next_frame * d->frame_ticks;
	unsigned result = 0;
	int err = 0;

	d->next_frame = frame->is_last ? 0 : d->next_frame + 1;
	if (frame->is_interleaved) {
		d->oddities |= KM_ODDITY_AUDIO_INTERLEAVED;
		d->next_frame = 0;
		return km_fault_set(&d->fault, 2, "RFC 3640 3.2.3.2",
		    "interleaved frames, which were not agreed on", KM_ERR_UNSUPPORTED);
	}
	if (frame->data.size < frame->size) {
		d->next_frame = 0;
		return km_fault_set(&d->fault, packet->payload.size, AAC_CLAUSE,
		    "a frame is longer than its packet", KM_ERR_FORMAT);
	}
	d->oddities |= adts > 0 ? KM_ODDITY_ADTS : 0;
	if (frame->size == 0) {
		d->oddities |= KM_ODDITY_EMPTY_NAL;
	} else {
		err = add_bytes(d, km_bytes_after(frame->data, adts), unit);
		if (err < 0) {
			d->next_frame = 0;
			return err;
		}
		result = finish_frame(d, timestamp, d->frame_ticks);
	}
	*ret_result = result | (frame->is_last ? 0U : (unsigned)KM_DEPACKETIZER_AGAIN);
	return 0;
}

static int push_aac(struct km_depacketizer *d, const struct km_rtp_packet *packet,
    bool is_after_loss, struct km_buf *unit, unsigned *ret_result)
{
	struct aac_frame frame = { 0 };
	int err = 0;

	if (d->is_open && (is_after_loss || packet->timestamp != d->building.timestamp)) {
		d->oddities |= is_after_loss ? 0 : KM_ODDITY_FRAGMENT_END_MISSING;
		drop_fragments(d, unit);
	}
	err = find_frame(d, packet->payload, d->next_frame, &frame);
	if (err == 0 && frame.is_only && (d->is_open || frame.data.size < frame.size)) {
		return push_fragment(d, packet, &frame, is_after_loss, unit, ret_result);
	}
	if (d->is_open) {
		drop_fragments(d, unit);
	}
	if (err < 0) {
		d->next_frame = 0;
		if (err == KM_ERR_NOT_FOUND) {
			d->oddities |= KM_ODDITY_EMPTY_PACKET;
			*ret_result = 0;
			err = 0;
		}
		return err;
	}
	return push_frame(d, packet, &frame, unit, ret_result);
}

int km_depacketize_audio_push(struct km_depacketizer *d, const struct km_rtp_packet *packet,
    bool is_after_loss, struct km_buf *unit, unsigned *ret_result)
{
	uint32_t ticks = 0;
	int err = 0;

	if (packet->payload.size == 0) {
		d->oddities |= KM_ODDITY_EMPTY_PACKET;
		*ret_result = 0;
		return 0;
	}
	switch (d->track.codec) {
	case KM_CODEC_AAC:
		return push_aac(d, packet, is_after_loss, unit, ret_result);
	case KM_CODEC_OPUS:
		err = km_opus_packet_ticks(packet->payload, &ticks);
		if (err < 0) {
			return km_fault_set(
			    &d->fault, 0, "RFC 6716 3.1", "not an Opus packet", err);
		}
		return push_whole(d, packet, ticks, unit, ret_result);
	default:
		ticks = (uint32_t)(packet->payload.size / d->track.channels);
		return push_whole(d, packet, ticks, unit, ret_result);
	}
}
