/* sources: base/error.c base/bytes.c base/buf.c base/reader.c proto/track.c proto/bit_reader.c proto/parameter_sets.c proto/oddity.c proto/h264.c proto/h265.c proto/aac.c proto/opus.c proto/depacketize.c proto/depacketize_video.c proto/depacketize_h264.c proto/depacketize_h265.c proto/depacketize_audio.c */
#include "base/reader.h"
#include "proto/depacketize.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define UNIT_MAX 4000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* NAL units with their lengths, and nothing else; and none with a start code inside. */
static void check_unit(const struct km_depacketizer *d, struct km_bytes unit)
{
	unsigned count = 0;

	if (!km_codec_is_video(d->track.codec)) {
		assert(d->unit.duration_ticks > 0 || d->track.channels > 1);
		return;
	}
	while (unit.size > 0) {
		struct km_reader reader = km_reader_from(unit);
		struct km_bytes nal = { 0 };
		uint32_t length = 0;

		if (km_reader_u32(&reader, &length) < 0 ||
		    km_reader_bytes(&reader, length, &nal) < 0) {
			abort();
		}
		assert(nal.size > 0);
		assert(km_bytes_find_seq(nal, KM_BYTES("\0\0\1")) == nal.size);
		unit = km_reader_rest(&reader);
		count++;
	}
	assert(count == d->unit.nal_count && count > 0);
}

/* Give one packet, with the unit in new memory of exactly the room that is promised to do. */
static void push(struct km_depacketizer *d, const struct km_rtp_packet *packet, bool is_after_loss,
    struct km_bytes *kept)
{
	unsigned result = KM_DEPACKETIZER_AGAIN;

	for (unsigned i = 0; (result & KM_DEPACKETIZER_AGAIN) != 0; i++) {
		size_t room = kept->size + km_depacketizer_room(packet->payload.size);
		uint8_t *storage = malloc(room);
		struct km_buf unit;
		int err = 0;

		assert(storage != NULL && i < 200);
		km_buf_init_fixed(&unit, storage, room);
		km_buf_add(&unit, *kept);
		free((void *)(uintptr_t)kept->data);
		result = 0;
		err = km_depacketizer_push(d, packet, is_after_loss, &unit, &result);
		assert(err == 0 || (result == 0 && d->fault.text != NULL));
		assert(err != KM_ERR_LIMIT || unit.size == 0);
		assert(unit.size <= UNIT_MAX && unit.err == 0);
		if ((result & KM_DEPACKETIZER_UNIT_DONE) != 0) {
			check_unit(d, km_buf_view(&unit));
			unit.size = 0;
		}
		*kept = km_bytes_from(storage, unit.size);
	}
}

/* First the codec and the format, then packets: flags, step of time, length, payload. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct km_depacketizer d;
	struct km_reader reader = km_reader_from(km_bytes_from(data, size));
	struct km_depacketizer_format format = { .max_unit_bytes = UNIT_MAX };
	struct km_track track = { .clock_hz = 90000, .channels = 1 };
	struct km_rtp_packet packet = { 0 };
	struct km_bytes kept = { 0 };
	uint8_t codec = 0;
	uint8_t flags = 0;
	uint8_t length = 0;

	if (km_reader_u8(&reader, &codec) < 0) {
		return 0;
	}
	track.codec = (enum km_codec)(codec % 7);
	if (!km_codec_is_video(track.codec)) {
		track.clock_hz = 48000;
	}
	if ((codec & 0x80) != 0 && (km_reader_u8(&reader, &format.size_length) < 0 ||
				       km_reader_u8(&reader, &format.index_length) < 0 ||
				       km_reader_u8(&reader, &format.index_delta_length) < 0)) {
		return 0;
	}
	if (km_depacketizer_init(&d, &track, &format) < 0) {
		return 0;
	}
	while (km_reader_u8(&reader, &flags) == 0 && km_reader_u8(&reader, &length) == 0) {
		packet.payload = km_bytes_slice(km_reader_rest(&reader), 0, length);
		(void)km_reader_skip(&reader, packet.payload.size);
		packet.timestamp += flags >> 4;
		packet.marker = (flags & 1) != 0;
		packet.sequence++;
		if ((flags & 8) != 0) {
			(void)km_depacketizer_set_parameters(
			    &d, packet.payload, packet.payload, packet.payload);
			continue;
		}
		push(&d, &packet, (flags & 2) != 0, &kept);
	}
	free((void *)(uintptr_t)kept.data);
	return 0;
}
