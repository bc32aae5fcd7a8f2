#include "depacketize_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct depacketize_bench bench;

uint32_t bench_random(uint32_t limit)
{
	bench.random ^= bench.random << 13;
	bench.random ^= bench.random >> 17;
	bench.random ^= bench.random << 5;
	return bench.random % limit;
}

void bench_begin(enum km_codec codec, uint32_t seed)
{
	struct km_track track = { .codec = codec, .clock_hz = 90000 };
	struct km_depacketizer_format format = { .max_unit_bytes = BENCH_UNIT_BYTES };

	memset(&bench, 0, sizeof(bench));
	bench.random = seed * 2654435761U + 1;
	if (codec == KM_CODEC_AAC) {
		static const uint8_t config[] = { 0x12, 0x10 }; /* LC, 44100 Hz, stereo */

		track.clock_hz = 44100;
		memcpy(track.config, config, sizeof(config));
		track.config_size = sizeof(config);
	} else if (!km_codec_is_video(codec)) {
		track.clock_hz = codec == KM_CODEC_OPUS ? 48000 : 8000;
		track.channels = 1;
	}
	assert_int_equal(km_depacketizer_init(&bench.d, &track, &format), 0);
}

uint8_t *bench_take(size_t size)
{
	uint8_t *start = bench.store + bench.used;

	assert_true(size <= sizeof(bench.store) - bench.used);
	bench.used += size;
	return start;
}

void bench_send(const void *payload, size_t size, uint32_t timestamp, bool marker)
{
	uint8_t *copy = bench_take(size);

	assert_true(bench.packet_count < BENCH_PACKETS_MAX);
	if (size > 0) {
		memcpy(copy, payload, size);
	}
	bench.packet[bench.packet_count++] = (struct km_rtp_packet){
		.payload = km_bytes_from(copy, size),
		.timestamp = timestamp,
		.marker = marker,
	};
}

/* Push one packet as the header says; the unit moves before each push. */
static void push(const struct km_rtp_packet *packet, bool is_after_loss, size_t *unit_size)
{
	unsigned result = KM_DEPACKETIZER_AGAIN;
	unsigned rounds = 0;

	while ((result & KM_DEPACKETIZER_AGAIN) != 0) {
		struct km_buf unit;
		size_t room = *unit_size + km_depacketizer_room(packet->payload.size);

		assert_true(++rounds < 100);
		assert_true(room <= BENCH_UNIT_BYTES);
		memcpy(bench.unit[!bench.unit_index], bench.unit[bench.unit_index], *unit_size);
		memset(bench.unit[bench.unit_index], 0xee, *unit_size);
		bench.unit_index = !bench.unit_index;
		km_buf_init_fixed(&unit, bench.unit[bench.unit_index], room);
		unit.size = *unit_size;
		result = 0;
		bench.last_error =
		    km_depacketizer_push(&bench.d, packet, is_after_loss, &unit, &result);
		if (bench.last_error < 0) {
			bench.errors++;
			assert_int_equal(result, 0);
			assert_non_null(bench.d.fault.text);
		}
		bench.changes += (result & KM_DEPACKETIZER_PARAMETERS_CHANGED) != 0;
		if ((result & KM_DEPACKETIZER_UNIT_DONE) != 0) {
			uint8_t *copy = bench.received_store + bench.received_used;

			assert_true(bench.received_count < BENCH_UNITS_MAX);
			memcpy(copy, unit.data, unit.size);
			bench.received_used += unit.size;
			bench.received[bench.received_count] = km_bytes_from(copy, unit.size);
			bench.info[bench.received_count++] = bench.d.unit;
			unit.size = 0;
		}
		*unit_size = unit.size;
	}
}

void bench_run(bool (*drop)(size_t index))
{
	size_t unit_size = 0;
	bool is_after_loss = false;

	for (size_t i = 0; i < bench.packet_count; i++) {
		if (drop != NULL && drop(i)) {
			is_after_loss = true;
			continue;
		}
		push(&bench.packet[i], is_after_loss, &unit_size);
		is_after_loss = false;
	}
}
