#include "proto/mp4_movie.h"

#include "base/checked.h"
#include "base/time.h"
#include "proto/mp4_box.h"

#include <assert.h>
#include <string.h>

#define FTYP_BYTES   28
#define MDAT_BYTES   16                /* with a size of 64 bits */
#define SAMPLES_MAX  (UINT32_MAX / 64) /* keeps every box below 4 GiB */
#define MEDIA_MAX    (INT64_MAX / 2)
#define DELAY_MAX_US (366 * KM_TIME_DAY_US)
/* Everything in moov but the rows of the sample tables. */
#define SKELETON_MAX (1024 + KM_TRACKS_MAX * (KM_TRACK_CONFIG_MAX + 1024))

/* One row of the list. */
struct row {
	uint32_t bytes;
	uint32_t duration;
	int32_t composition;
	uint16_t track;
	uint16_t is_key;
};

_Static_assert(sizeof(struct row) == KM_MP4_MOVIE_LIST_BYTES, "as mp4_movie.h says");

int km_mp4_movie_init(struct km_mp4_movie *movie, const struct km_tracks *tracks,
    const struct km_mp4_movie_plan *plan, int64_t unix_us, uint64_t media_bytes,
    struct km_buf *list)
{
	int err = km_mp4_check_tracks(tracks);
	uint64_t samples = 0;

	if (err < 0) {
		return err;
	}
	*movie = (struct km_mp4_movie){
		.tracks = tracks,
		.unix_us = unix_us,
		.media_bytes = media_bytes,
		.list = list,
	};
	for (size_t i = 0; i < tracks->count; i++) {
		if (plan[i].samples > SAMPLES_MAX || plan[i].keys > plan[i].samples ||
		    plan[i].delay_us < 0 || plan[i].delay_us > DELAY_MAX_US) {
			return KM_ERR_RANGE;
		}
		movie->plan[i] = plan[i];
		samples += plan[i].samples;
	}
	if (media_bytes > MEDIA_MAX || samples > SAMPLES_MAX) {
		return KM_ERR_RANGE;
	}
	return samples == 0 ? KM_ERR_STATE : 0;
}

uint64_t km_mp4_movie_head_bytes(void)
{
	return FTYP_BYTES + MDAT_BYTES;
}

uint64_t km_mp4_movie_bytes(const struct km_mp4_movie *movie)
{
	return km_mp4_movie_head_bytes() + movie->media_bytes + km_mp4_movie_tail_bytes(movie);
}

int km_mp4_movie_write_head(const struct km_mp4_movie *movie, struct km_buf *buf)
{
	size_t start = km_mp4_box_begin(buf, "ftyp");

	km_buf_add_text(buf, "isom");
	km_buf_add_u32(buf, 0x200);
	km_buf_add_text(buf, "isomiso2mp41");
	km_mp4_box_end(buf, start);
	km_buf_add_u32(buf, 1); /* the size follows in 64 bits */
	km_buf_add_text(buf, "mdat");
	km_buf_add_u64(buf, MDAT_BYTES + movie->media_bytes);
	return km_buf_error(buf);
}

int km_mp4_movie_add(struct km_mp4_movie *movie, size_t track, const struct km_mp4_sample *sample)
{
	const struct km_mp4_movie_plan *plan = &movie->plan[track];
	bool is_video = km_codec_is_video(movie->tracks->track[track].codec);
	struct row row = {
		.bytes = sample->bytes,
		.duration = sample->duration_ticks,
		.composition = sample->composition_ticks,
		.track = (uint16_t)track,
		.is_key = sample->is_key,
	};
	int64_t shown = 0;
	int err = 0;

	assert(track < movie->tracks->count);
	if (movie->track[track].samples >= plan->samples ||
	    (is_video && sample->is_key && movie->track[track].keys >= plan->keys) ||
	    (sample->composition_ticks != 0 && !plan->has_composition) ||
	    sample->bytes > movie->media_bytes - movie->added_bytes) {
		return KM_ERR_STATE;
	}
	km_buf_add_data(movie->list, &row, sizeof(row));
	err = km_buf_error(movie->list);
	if (err < 0) {
		return err;
	}
	shown = (int64_t)movie->track[track].ticks + sample->composition_ticks;
	if (movie->track[track].samples == 0 || shown < movie->track[track].first_ticks) {
		movie->track[track].first_ticks = shown;
	}
	shown += sample->duration_ticks;
	if (shown > 0 && (uint64_t)shown > movie->track[track].last_ticks) {
		movie->track[track].last_ticks = (uint64_t)shown;
	}
	movie->track[track].samples++;
	movie->track[track].keys += is_video && sample->is_key;
	movie->track[track].ticks += sample->duration_ticks;
	movie->added_bytes += sample->bytes;
	return 0;
}

static size_t count_rows(const struct km_buf *list)
{
	return list->size / sizeof(struct row);
}

static struct row get_row(const struct km_buf *list, size_t index)
{
	struct row row;

	memcpy(&row, list->data + index * sizeof(row), sizeof(row));
	return row;
}

/* How the tables differ: what a row adds to each of them. */
static void add_duration(struct km_buf *buf, const struct row *row, uint64_t offset)
{
	(void)offset;
	km_buf_add_u32(buf, 1);
	km_buf_add_u32(buf, row->duration);
}

static void add_composition(struct km_buf *buf, const struct row *row, uint64_t offset)
{
	(void)offset;
	km_buf_add_u32(buf, 1);
	km_buf_add_u32(buf, (uint32_t)row->composition);
}

static void add_size(struct km_buf *buf, const struct row *row, uint64_t offset)
{
	(void)offset;
	km_buf_add_u32(buf, row->bytes);
}

static void add_offset(struct km_buf *buf, const struct row *row, uint64_t offset)
{
	(void)row;
	km_buf_add_u64(buf, offset);
}

/* Add a row of a table for each sample of this track. */
static void add_rows(struct km_buf *buf, const struct km_buf *list, size_t track,
    void (*add)(struct km_buf *buf, const struct row *row, uint64_t offset))
{
	uint64_t offset = km_mp4_movie_head_bytes();

	for (size_t i = 0; i < count_rows(list); i++) {
		struct row row = get_row(list, i);

		if (row.track == track) {
			add(buf, &row, offset);
		}
		offset += row.bytes;
	}
}

/* stss [ISO 14496-12 8.6.2]: the numbers of the key samples, from 1. */
static void add_keys(struct km_buf *buf, const struct km_buf *list, size_t track)
{
	uint32_t number = 0;

	for (size_t i = 0; i < count_rows(list); i++) {
		struct row row = get_row(list, i);

		if (row.track != track) {
			continue;
		}
		number++;
		if (row.is_key != 0) {
			km_buf_add_u32(buf, number);
		}
	}
}

static void add_tables(
    struct km_buf *buf, const struct km_mp4_movie *movie, const struct km_buf *list, size_t track)
{
	const struct km_mp4_movie_plan *plan = &movie->plan[track];
	uint32_t samples = (uint32_t)plan->samples;
	size_t start = km_mp4_box_begin_full(buf, "stts", 0, 0);

	km_buf_add_u32(buf, samples);
	add_rows(buf, list, track, add_duration);
	km_mp4_box_end(buf, start);
	if (plan->has_composition) {
		start = km_mp4_box_begin_full(buf, "ctts", 1, 0);
		km_buf_add_u32(buf, samples);
		add_rows(buf, list, track, add_composition);
		km_mp4_box_end(buf, start);
	}
	if (km_codec_is_video(movie->tracks->track[track].codec)) {
		start = km_mp4_box_begin_full(buf, "stss", 0, 0);
		km_buf_add_u32(buf, (uint32_t)plan->keys);
		add_keys(buf, list, track);
		km_mp4_box_end(buf, start);
	}
	start = km_mp4_box_begin_full(buf, "stsc", 0, 0);
	km_buf_add_u32(buf, 1);
	km_buf_add_u32(buf, 1); /* from the first chunk on */
	km_buf_add_u32(buf, 1); /* one sample in each */
	km_buf_add_u32(buf, 1); /* by the only sample description */
	km_mp4_box_end(buf, start);
	start = km_mp4_box_begin_full(buf, "stsz", 0, 0);
	km_buf_add_u32(buf, 0);
	km_buf_add_u32(buf, samples);
	add_rows(buf, list, track, add_size);
	km_mp4_box_end(buf, start);
	start = km_mp4_box_begin_full(buf, "co64", 0, 0);
	km_buf_add_u32(buf, samples);
	add_rows(buf, list, track, add_offset);
	km_mp4_box_end(buf, start);
}

static struct km_mp4_box_times get_times(const struct km_mp4_movie *movie, size_t track)
{
	uint32_t clock_hz = movie->tracks->track[track].clock_hz;
	/* A negative media time would mean an empty edit. */
	int64_t first = movie->track[track].first_ticks > 0 ? movie->track[track].first_ticks : 0;
	int64_t shown = (int64_t)movie->track[track].last_ticks - first;

	return (struct km_mp4_box_times){
		.unix_us = movie->unix_us,
		.media_duration = movie->track[track].ticks,
		.delay = (uint64_t)km_checked_scale_i64(
		    movie->plan[track].delay_us, KM_MP4_MOVIE_HZ, KM_TIME_SECOND_US),
		.duration = (uint64_t)km_checked_scale_i64(
		    shown > 0 ? shown : 0, KM_MP4_MOVIE_HZ, clock_hz),
		.media_start = first,
		.has_edits = true,
	};
}

/* The start as text, where players show it: a comment in the list of iTunes metadata. */
static void add_comment(struct km_buf *buf, int64_t unix_us)
{
	char text[KM_TIME_TEXT_SIZE];
	size_t user = km_mp4_box_begin(buf, "udta");
	size_t meta = km_mp4_box_begin_full(buf, "meta", 0, 0);
	size_t list = 0;
	size_t item = 0;
	size_t start = km_mp4_box_begin_full(buf, "hdlr", 0, 0);

	km_time_write(unix_us, text);
	km_buf_add_u32(buf, 0);
	km_buf_add_text(buf, "mdirappl");
	km_buf_add_u64(buf, 0);
	km_buf_add_u8(buf, 0);
	km_mp4_box_end(buf, start);
	list = km_mp4_box_begin(buf, "ilst");
	item = km_mp4_box_begin(buf, "\251cmt");
	start = km_mp4_box_begin(buf, "data");
	km_buf_add_u32(buf, 1); /* UTF-8 */
	km_buf_add_u32(buf, 0);
	km_buf_add_text(buf, "begins ");
	km_buf_add_text(buf, text);
	km_mp4_box_end(buf, start);
	km_mp4_box_end(buf, item);
	km_mp4_box_end(buf, list);
	km_mp4_box_end(buf, meta);
	km_mp4_box_end(buf, user);
}

/* moov, with the rows of this list. */
static void add_movie(
    struct km_buf *buf, const struct km_mp4_movie *movie, const struct km_buf *list)
{
	uint64_t duration = 0;
	size_t start = km_mp4_box_begin(buf, "moov");

	for (size_t i = 0; i < movie->tracks->count; i++) {
		struct km_mp4_box_times times = get_times(movie, i);

		if (times.delay + times.duration > duration) {
			duration = times.delay + times.duration;
		}
	}
	km_mp4_box_movie_header(buf, movie->unix_us, duration, movie->tracks->count + 1U);
	for (uint32_t i = 0; i < movie->tracks->count; i++) {
		struct km_mp4_box_times times = get_times(movie, i);
		struct km_mp4_box_track open;

		if (movie->plan[i].samples == 0) {
			continue;
		}
		open = km_mp4_box_open_track(buf, &movie->tracks->track[i], i + 1, &times);
		add_tables(buf, movie, list, i);
		km_mp4_box_close_track(buf, &open);
	}
	add_comment(buf, movie->unix_us);
	km_mp4_box_end(buf, start);
}

uint64_t km_mp4_movie_tail_bytes(const struct km_mp4_movie *movie)
{
	uint8_t skeleton[SKELETON_MAX];
	const struct km_buf no_rows = { 0 };
	struct km_buf buf;
	uint64_t total = 0;

	km_buf_init_fixed(&buf, skeleton, sizeof(skeleton));
	add_movie(&buf, movie, &no_rows);
	assert(km_buf_error(&buf) == 0);
	total = buf.size;
	for (size_t i = 0; i < movie->tracks->count; i++) {
		const struct km_mp4_movie_plan *plan = &movie->plan[i];
		bool is_video = km_codec_is_video(movie->tracks->track[i].codec);

		/* Rows of stts, stsz and co64; of ctts; of stss. */
		total += plan->samples * (8 + 4 + 8);
		total += plan->has_composition ? plan->samples * 8 : 0;
		total += is_video ? plan->keys * 4 : 0;
	}
	return total;
}

int km_mp4_movie_write_tail(const struct km_mp4_movie *movie, struct km_buf *buf)
{
	for (size_t i = 0; i < movie->tracks->count; i++) {
		bool is_video = km_codec_is_video(movie->tracks->track[i].codec);

		if (movie->track[i].samples != movie->plan[i].samples ||
		    (is_video && movie->track[i].keys != movie->plan[i].keys)) {
			return KM_ERR_STATE;
		}
	}
	if (movie->added_bytes != movie->media_bytes) {
		return KM_ERR_STATE;
	}
	add_movie(buf, movie, movie->list);
	return km_buf_error(buf);
}
