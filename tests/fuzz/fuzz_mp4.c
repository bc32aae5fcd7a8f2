/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/time.c proto/track.c proto/bit_reader.c proto/aac.c proto/mp4.c proto/mp4_box.c proto/mp4_fragment.c proto/mp4_movie.c */
#include "base/reader.h"
#include "proto/mp4_fragment.h"
#include "proto/mp4_movie.h"

#include <assert.h>

#define SAMPLES_MAX 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_fragment(const struct km_tracks *tracks, const struct km_mp4_sample *samples,
    const size_t *counts, uint64_t decode_ticks)
{
	struct km_mp4_fragment_track parts[KM_TRACKS_MAX] = { 0 };
	struct km_buf buf;
	int err = 0;

	km_buf_init(&buf, 1 << 20);
	for (size_t i = 0; i < tracks->count; i++) {
		parts[i].samples = samples;
		parts[i].count = counts[i];
		parts[i].decode_ticks = decode_ticks;
		samples += counts[i];
	}
	err = km_mp4_fragment_write(1, parts, tracks->count, &buf);
	assert(err < 0 || buf.size == km_mp4_fragment_bytes(counts, tracks->count));
	km_buf_clear(&buf);
	if (km_mp4_fragment_write_init(tracks, (int64_t)decode_ticks, &buf) == 0) {
		assert(buf.size <= KM_MP4_INIT_MAX);
	}
	km_buf_finish(&buf);
}

static void check_movie(const struct km_tracks *tracks, const struct km_mp4_sample *samples,
    const size_t *counts, int64_t unix_us)
{
	struct km_mp4_movie_plan plan[KM_TRACKS_MAX] = { 0 };
	const struct km_mp4_sample *sample = samples;
	struct km_mp4_movie movie;
	struct km_buf list;
	struct km_buf buf;
	uint64_t media = 0;

	for (size_t t = 0; t < tracks->count; t++) {
		plan[t].samples = counts[t];
		plan[t].delay_us = t == 0 ? 0 : 1000;
		for (size_t i = 0; i < counts[t]; i++, sample++) {
			plan[t].keys += sample->is_key;
			plan[t].has_composition |= sample->composition_ticks != 0;
			media += sample->bytes;
		}
	}
	km_buf_init(&list, SAMPLES_MAX * KM_MP4_MOVIE_LIST_BYTES);
	km_buf_init(&buf, 1 << 20);
	if (km_mp4_movie_init(&movie, tracks, plan, unix_us, media, &list) == 0) {
		sample = samples;
		for (size_t t = 0; t < tracks->count; t++) {
			for (size_t i = 0; i < counts[t]; i++, sample++) {
				int err = km_mp4_movie_add(&movie, t, sample);

				assert(err == 0);
			}
		}
		if (km_mp4_movie_write_head(&movie, &buf) == 0) {
			assert(buf.size == km_mp4_movie_head_bytes());
		}
		if (km_mp4_movie_write_tail(&movie, &buf) == 0) {
			assert(buf.size + media == km_mp4_movie_bytes(&movie));
		}
		assert(km_buf_error(&buf) == 0);
	}
	km_buf_finish(&buf);
	km_buf_finish(&list);
}

/* Packed tracks behind their size, then samples. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct km_mp4_sample samples[SAMPLES_MAX];
	static struct km_tracks tracks;
	struct km_reader reader = km_reader_from(km_bytes_from(data, size));
	struct km_bytes packed = { 0 };
	size_t counts[KM_TRACKS_MAX] = { 0 };
	uint64_t ticks = 0;
	uint16_t packed_size = 0;
	size_t total = 0;

	if (km_reader_u64(&reader, &ticks) < 0 || km_reader_u16(&reader, &packed_size) < 0 ||
	    km_reader_bytes(&reader, packed_size, &packed) < 0 ||
	    km_tracks_unpack(packed, &tracks) < 0) {
		return 0;
	}
	for (size_t t = 0; t < tracks.count; t++) {
		uint8_t count = 0;

		if (km_reader_u8(&reader, &count) < 0) {
			return 0;
		}
		for (counts[t] = 0; counts[t] < count && total < SAMPLES_MAX; counts[t]++) {
			struct km_mp4_sample sample = { 0 };
			uint32_t composition = 0;

			if (km_reader_u32(&reader, &sample.bytes) < 0 ||
			    km_reader_u32(&reader, &sample.duration_ticks) < 0 ||
			    km_reader_u32(&reader, &composition) < 0) {
				break;
			}
			sample.composition_ticks = (int32_t)composition;
			sample.is_key = (sample.bytes & 1) != 0;
			samples[total++] = sample;
		}
	}
	check_fragment(&tracks, samples, counts, ticks);
	check_movie(&tracks, samples, counts, (int64_t)(ticks >> 8));
	return 0;
}
