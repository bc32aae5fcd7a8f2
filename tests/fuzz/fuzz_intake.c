/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c io/ring.c proto/aac.c proto/bit_reader.c proto/depacketize.c proto/depacketize_audio.c proto/depacketize_h264.c proto/depacketize_h265.c proto/depacketize_video.c proto/h264.c proto/h265.c proto/oddity.c proto/opus.c proto/parameter_sets.c proto/rtp.c proto/track.c receiver/decode_time.c receiver/intake.c receiver/label_clock.c */
/*
 * A camera that sends what the input says on two tracks: what comes out of the ring must be whole
 * NAL units, in decoding order within a run.
 */
#include "receiver/intake.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#define RING_BYTES  ((size_t)64 * 1024)
#define RING_MAX    ((size_t)1024 * 1024)
#define PAYLOAD_MAX 2000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct reader {
	struct km_ring *ring;
	struct km_ring_cursor cursor;
	bool has_last;
	int64_t last;
};

static void check_video(struct reader *reader, const struct km_ring_entry *entry)
{
	struct km_bytes rest = entry->payload;
	int64_t decoding = entry->ticks - entry->decode_offset_ticks;

	while (rest.size > 0) {
		size_t length = 0;

		assert(rest.size >= 4);
		for (size_t i = 0; i < 4; i++) {
			length = length << 8 | rest.data[i];
		}
		assert(length > 0 && length <= rest.size - 4);
		rest = km_bytes_after(rest, 4 + length);
	}
	if ((entry->flags & KM_RING_NEW_RUN) != 0) {
		reader->has_last = false;
	}
	assert(!reader->has_last || decoding > reader->last);
	reader->has_last = true;
	reader->last = decoding;
}

static void read_all(struct reader *reader)
{
	struct km_ring_entry entry;
	int err = 0;

	while (reader->ring != NULL && err != KM_ERR_AGAIN) {
		err = km_ring_next(reader->ring, &reader->cursor, &entry);
		assert(err == 0 || err == KM_ERR_AGAIN || err == KM_ERR_STALE);
		if (err == 0 && entry.kind == KM_RING_SAMPLE && entry.track == 0) {
			check_video(reader, &entry);
		} else if (err == 0 && entry.kind == KM_RING_TRACKS) {
			struct km_tracks tracks;

			assert(km_tracks_unpack(entry.payload, &tracks) == 0);
		}
	}
}

static void on_ring(void *context, const struct km_ring *ring, uint64_t generation)
{
	struct reader *reader = context;
	int memory_fd = dup(km_ring_memory_fd(ring));
	int event_fd = dup(km_ring_event_fd(ring));

	(void)generation;
	read_all(reader);
	km_ring_destroy(reader->ring);
	reader->ring = NULL;
	if (km_ring_attach(memory_fd, event_fd, &reader->ring) == 0) {
		reader->cursor = km_ring_oldest(reader->ring);
	}
}

static void add(struct km_intake *intake, enum km_codec codec, uint32_t clock_hz)
{
	const struct km_track track = { .codec = codec, .clock_hz = clock_hz, .channels = 1 };
	const struct km_depacketizer_format format = {
		.max_unit_bytes = km_intake_unit_max(intake, km_codec_is_video(codec)),
	};
	struct km_depacketizer depacketizer;

	if (km_depacketizer_init(&depacketizer, &track, &format) == 0) {
		km_intake_add(intake, &depacketizer, 96);
	}
}

struct sender {
	uint32_t timestamp;
	uint16_t sequence;
	int64_t now_us;
};

static void send(
    struct sender *sender, struct km_intake *intake, const uint8_t head[6], struct km_bytes payload)
{
	uint8_t packet[12 + PAYLOAD_MAX];
	uint32_t timestamp = 0;
	uint16_t sequence = 0;

	sender->now_us += (int64_t)head[0] * 1000;
	sender->sequence = (uint16_t)(sender->sequence + 1 + (head[1] & 0x80 ? head[2] : 0));
	sender->timestamp += (uint32_t)(int32_t)(int8_t)head[3] << (head[4] & 0x1f);
	timestamp = sender->timestamp;
	sequence = sender->sequence;
	packet[0] = 0x80;
	packet[1] = (uint8_t)(96 | (head[1] & 0x40 ? 0x80 : 0));
	packet[2] = (uint8_t)(sequence >> 8);
	packet[3] = (uint8_t)sequence;
	for (size_t i = 0; i < 4; i++) {
		packet[4 + i] = (uint8_t)(timestamp >> (24 - 8 * i));
		packet[8 + i] = (uint8_t)(head[1] & 1);
	}
	memcpy(packet + 12, payload.data, payload.size);
	km_intake_packet(
	    intake, head[1] >> 1 & 1, km_bytes_from(packet, 12 + payload.size), sender->now_us);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct km_intake_events events = { .on_ring = on_ring };
	const struct km_intake_settings settings = {
		.ring_bytes_first = RING_BYTES,
		.ring_bytes_max = RING_MAX,
		.tick_us = 200000,
	};
	static struct km_intake intake;
	struct reader reader = { 0 };
	struct sender sender = { .now_us = INT64_C(1700000000000000) };

	if (size == 0) {
		return 0;
	}
	km_intake_init(&intake, &settings, &events, &reader);
	add(&intake, (data[0] & 1) != 0 ? KM_CODEC_H264 : KM_CODEC_H265, 90000);
	add(&intake, (data[0] & 2) != 0 ? KM_CODEC_AAC : KM_CODEC_PCMU, 8000);
	data++;
	size--;
	while (size > 6) {
		size_t bytes = (size_t)data[5] << (data[4] >> 5);
		const uint8_t *payload = data + 6;

		bytes = bytes < size - 6 ? bytes : size - 6;
		bytes = bytes < PAYLOAD_MAX ? bytes : PAYLOAD_MAX;
		send(&sender, &intake, data, km_bytes_from(payload, bytes));
		if ((data[1] & 0x30) == 0x30) {
			km_intake_end(&intake, 1, sender.now_us);
		}
		read_all(&reader);
		data += 6 + bytes;
		size -= 6 + bytes;
	}
	km_intake_finish(&intake);
	read_all(&reader);
	km_ring_destroy(reader.ring);
	return 0;
}
