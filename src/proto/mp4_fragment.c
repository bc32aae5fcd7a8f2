#include "proto/mp4_fragment.h"

#include "proto/mp4_box.h"

/* tfhd: offsets count from the moof [ISO 14496-12 8.8.7] */
#define DEFAULT_BASE_IS_MOOF 0x20000
/* trun: data offset; duration, size, flags and composition offset per sample [8.8.8] */
#define RUN_FIELDS (0x001 | 0x100 | 0x200 | 0x400 | 0x800)
/* sample flags [8.8.3.1]: depends on no other; depends on others and is not a sync sample */
#define FLAGS_KEY   0x02000000U
#define FLAGS_OTHER 0x01010000U

#define MOOF_BYTES       24 /* header and mfhd */
#define TRAF_BYTES       64 /* header, tfhd, tfdt, and trun without samples */
#define RUN_SAMPLE_BYTES 16
#define MDAT_BYTES       8

static void add_brands(struct km_buf *buf)
{
	size_t start = km_mp4_box_begin(buf, "ftyp");

	km_buf_add_text(buf, "iso6");
	km_buf_add_u32(buf, 0);
	km_buf_add_text(buf, "iso6mp41");
	km_mp4_box_end(buf, start);
}

static void add_track_defaults(struct km_buf *buf, uint32_t id)
{
	size_t start = km_mp4_box_begin_full(buf, "trex", 0, 0);

	km_buf_add_u32(buf, id);
	km_buf_add_u32(buf, 1); /* the only sample description */
	km_buf_add_u32(buf, 0);
	km_buf_add_u32(buf, 0);
	km_buf_add_u32(buf, 0);
	km_mp4_box_end(buf, start);
}

static void add_empty_tables(struct km_buf *buf)
{
	size_t start = 0;

	km_mp4_box_empty_table(buf, "stts");
	km_mp4_box_empty_table(buf, "stsc");
	start = km_mp4_box_begin_full(buf, "stsz", 0, 0);
	km_buf_add_u32(buf, 0);
	km_buf_add_u32(buf, 0);
	km_mp4_box_end(buf, start);
	km_mp4_box_empty_table(buf, "stco");
}

int km_mp4_fragment_write_init(const struct km_tracks *tracks, int64_t unix_us, struct km_buf *buf)
{
	const struct km_mp4_box_times times = { .unix_us = unix_us };
	int err = km_mp4_check_tracks(tracks);
	size_t movie = 0;
	size_t extends = 0;

	if (err < 0) {
		return err;
	}
	add_brands(buf);
	movie = km_mp4_box_begin(buf, "moov");
	km_mp4_box_movie_header(buf, unix_us, 0, tracks->count + 1U);
	for (uint32_t i = 0; i < tracks->count; i++) {
		struct km_mp4_box_track open =
		    km_mp4_box_open_track(buf, &tracks->track[i], i + 1, &times);

		add_empty_tables(buf);
		km_mp4_box_close_track(buf, &open);
	}
	extends = km_mp4_box_begin(buf, "mvex");
	for (uint32_t i = 0; i < tracks->count; i++) {
		add_track_defaults(buf, i + 1);
	}
	km_mp4_box_end(buf, extends);
	km_mp4_box_end(buf, movie);
	return km_buf_error(buf);
}

uint64_t km_mp4_fragment_bytes(const size_t *counts, size_t track_count)
{
	uint64_t total = MOOF_BYTES + MDAT_BYTES;

	for (size_t i = 0; i < track_count; i++) {
		if (counts[i] > 0) {
			total += TRAF_BYTES + (uint64_t)counts[i] * RUN_SAMPLE_BYTES;
		}
	}
	return total;
}

/* The bytes of all samples; INT32_MAX stands for that many or more, which data offsets cannot. */
static uint64_t count_media(const struct km_mp4_fragment_track *track)
{
	uint64_t total = 0;

	for (size_t i = 0; i < track->count && total < INT32_MAX; i++) {
		total += track->samples[i].bytes;
	}
	return total;
}

static void add_track(struct km_buf *buf, uint32_t id, const struct km_mp4_fragment_track *track,
    uint64_t data_offset)
{
	size_t fragment = km_mp4_box_begin(buf, "traf");
	size_t start = km_mp4_box_begin_full(buf, "tfhd", 0, DEFAULT_BASE_IS_MOOF);

	km_buf_add_u32(buf, id);
	km_mp4_box_end(buf, start);
	start = km_mp4_box_begin_full(buf, "tfdt", 1, 0);
	km_buf_add_u64(buf, track->decode_ticks);
	km_mp4_box_end(buf, start);
	start = km_mp4_box_begin_full(buf, "trun", 1, RUN_FIELDS);
	km_buf_add_u32(buf, (uint32_t)track->count);
	km_buf_add_u32(buf, (uint32_t)data_offset);
	for (size_t i = 0; i < track->count; i++) {
		const struct km_mp4_sample *sample = &track->samples[i];

		km_buf_add_u32(buf, sample->duration_ticks);
		km_buf_add_u32(buf, sample->bytes);
		km_buf_add_u32(buf, sample->is_key ? FLAGS_KEY : FLAGS_OTHER);
		km_buf_add_u32(buf, (uint32_t)sample->composition_ticks);
	}
	km_mp4_box_end(buf, start);
	km_mp4_box_end(buf, fragment);
}

int km_mp4_fragment_write(uint32_t sequence, const struct km_mp4_fragment_track *tracks,
    size_t track_count, struct km_buf *buf)
{
	size_t counts[KM_TRACKS_MAX] = { 0 };
	uint64_t data_offset = 0;
	uint64_t total = 0;
	uint64_t samples = 0;
	size_t start = 0;
	size_t header = 0;

	if (track_count > KM_TRACKS_MAX) {
		return KM_ERR_LIMIT;
	}
	for (size_t i = 0; i < track_count; i++) {
		counts[i] = tracks[i].count;
		samples += counts[i];
		total += count_media(&tracks[i]);
	}
	if (samples == 0) {
		return KM_ERR_STATE;
	}
	if (samples > INT32_MAX / RUN_SAMPLE_BYTES) {
		return KM_ERR_LIMIT;
	}
	data_offset = km_mp4_fragment_bytes(counts, track_count);
	if (data_offset + total >= INT32_MAX) {
		return KM_ERR_LIMIT;
	}
	start = km_mp4_box_begin(buf, "moof");
	header = km_mp4_box_begin_full(buf, "mfhd", 0, 0);
	km_buf_add_u32(buf, sequence);
	km_mp4_box_end(buf, header);
	for (size_t i = 0; i < track_count; i++) {
		if (tracks[i].count > 0) {
			add_track(buf, (uint32_t)i + 1, &tracks[i], data_offset);
			data_offset += count_media(&tracks[i]);
		}
	}
	km_mp4_box_end(buf, start);
	km_buf_add_u32(buf, (uint32_t)(MDAT_BYTES + total));
	km_buf_add_text(buf, "mdat");
	return km_buf_error(buf);
}
