#include "store/clip_movie.h"

#include "base/checked.h"
#include "proto/mp4_movie.h"

#include <stdlib.h>
#include <string.h>

#define SEGMENTS_MAX 20000
#define CHUNKS_MAX   400000

/* A segment that takes part. */
struct part {
	struct km_archive_segment row;
	int64_t place_us; /* of the segment's start on the movie's time line; may be negative */
};

/* A chunk that takes part. */
struct step {
	uint32_t part;
	uint32_t chunk;
	bool is_edge; /* not all of its samples are wanted */
};

enum stage {
	STAGE_HEAD,
	STAGE_MEDIA,
	STAGE_TAIL,
	STAGE_END,
};

struct km_clip_movie {
	struct km_archive *archive;
	struct km_clip_movie_wish wish;
	struct km_tracks tracks;
	struct part *parts;
	size_t part_count;
	size_t part_capacity;
	struct step *steps;
	size_t step_count;
	size_t step_capacity;
	int64_t start_us;
	int64_t end_us;
	/* What the plan counts. */
	struct km_mp4_movie_plan plan[KM_TRACKS_MAX];
	uint64_t media_bytes;
	uint64_t sample_count;
	int64_t timeline_us; /* end of the parts placed so far, on the movie's time line */
	/* Reading. */
	struct km_mp4_movie movie;
	struct km_buf list;
	enum stage stage;
	size_t next_step;
	struct km_segment *segment; /* of open_part */
	size_t open_part;
	struct km_segment_media media;
	bool has_origin[KM_TRACKS_MAX];
	int64_t origin_ticks[KM_TRACKS_MAX]; /* decoding time of the first sample */
	int64_t at_ticks[KM_TRACKS_MAX];     /* where the next sample is decoded */
};

/* --- times --- */

static int64_t to_ticks(const struct km_clip_movie *movie, size_t track, int64_t us)
{
	return km_checked_scale_i64(us, movie->tracks.track[track].clock_hz, 1000000);
}

static int64_t to_us(const struct km_clip_movie *movie, size_t track, int64_t ticks)
{
	return km_checked_scale_i64(ticks, 1000000, movie->tracks.track[track].clock_hz);
}

static bool is_video_sample(
    const struct km_clip_movie *movie, const struct km_segment_sample *sample)
{
	return km_codec_is_video(movie->tracks.track[sample->track].codec);
}

static int64_t label_of(const struct km_clip_movie *movie, const struct part *part,
    const struct km_segment_sample *sample)
{
	return part->row.start_us + to_us(movie, sample->track, sample->ticks);
}

/*
 * How many pictures of the chunk that was read are wanted: all, in the order of decoding, up to the
 * last one that is shown before `to`. So none is kept whose references are not.
 */
static size_t count_pictures(const struct km_clip_movie *movie, const struct part *part)
{
	size_t seen = 0;
	size_t wanted = 0;

	for (size_t i = 0; i < movie->media.count; i++) {
		const struct km_segment_sample *sample = &movie->media.samples[i];

		if (!is_video_sample(movie, sample)) {
			continue;
		}
		seen++;
		if (label_of(movie, part, sample) < movie->wish.to_us) {
			wanted = seen;
		}
	}
	return wanted;
}

/*
 * Whether a sample of an edge chunk is wanted; *pictures counts down those that are left. Audio may
 * not begin before the first picture.
 */
static bool is_wanted(const struct km_clip_movie *movie, const struct part *part,
    const struct km_segment_sample *sample, size_t *pictures)
{
	int64_t label_us = label_of(movie, part, sample);

	if (!is_video_sample(movie, sample)) {
		return label_us >= movie->start_us && label_us < movie->wish.to_us;
	}
	if (*pictures == 0) {
		return false;
	}
	(*pictures)--;
	return true;
}

/* Read a chunk of the open part, and check what the rest relies on. */
static int read_chunk(struct km_clip_movie *movie, size_t number)
{
	const int64_t bound = INT64_MAX / 8;
	int err = km_segment_read(movie->segment, number, &movie->media);

	for (size_t i = 0; err == 0 && i < movie->media.count; i++) {
		const struct km_segment_sample *sample = &movie->media.samples[i];

		if (sample->track >= movie->tracks.count || sample->ticks <= -bound ||
		    sample->ticks >= bound || sample->offset > movie->media.bytes.size ||
		    sample->size > movie->media.bytes.size - sample->offset) {
			err = KM_ERR_FORMAT;
		}
	}
	return err;
}

/* --- segments --- */

static int open_part(struct km_clip_movie *movie, size_t number)
{
	uint8_t key[32];
	int err = 0;

	if (movie->segment != NULL && movie->open_part == number) {
		return 0;
	}
	if (movie->segment != NULL) {
		km_segment_close(movie->segment);
		movie->segment = NULL;
	}
	err = movie->wish.find_key(movie->wish.context, &movie->parts[number].row.key, key);
	if (err == 0) {
		err = km_segment_open(
		    movie->archive, &movie->parts[number].row, key, &movie->segment);
	}
	explicit_bzero(key, sizeof(key));
	movie->open_part = number;
	return err;
}

/* Whether one sample description does for both. */
static bool is_same_format(const struct km_tracks *a, const struct km_tracks *b)
{
	if (a->count != b->count) {
		return false;
	}
	for (size_t i = 0; i < a->count && i < KM_TRACKS_MAX; i++) {
		const struct km_track *one = &a->track[i];
		const struct km_track *two = &b->track[i];

		if (one->codec != two->codec || one->clock_hz != two->clock_hz ||
		    one->channels != two->channels || one->config_size != two->config_size ||
		    memcmp(one->config, two->config, one->config_size) != 0) {
			return false;
		}
	}
	return true;
}

static int on_segment(void *context, const struct km_archive_segment *row)
{
	struct km_clip_movie *movie = context;

	if (movie->part_count == SEGMENTS_MAX) {
		return KM_ERR_LIMIT;
	}
	if (movie->part_count == movie->part_capacity) {
		size_t capacity = movie->part_capacity * 2 + 64;
		struct part *parts = reallocarray(movie->parts, capacity, sizeof(*parts));

		if (parts == NULL) {
			return KM_ERR_MEMORY;
		}
		movie->parts = parts;
		movie->part_capacity = capacity;
	}
	movie->parts[movie->part_count++] = (struct part){ .row = *row };
	return 0;
}

/* --- planning --- */

static int add_step(struct km_clip_movie *movie, size_t part, size_t chunk, bool is_edge)
{
	if (movie->step_count == CHUNKS_MAX) {
		return KM_ERR_LIMIT;
	}
	if (movie->step_count == movie->step_capacity) {
		size_t capacity = movie->step_capacity * 2 + 256;
		struct step *steps = reallocarray(movie->steps, capacity, sizeof(*steps));

		if (steps == NULL) {
			return KM_ERR_MEMORY;
		}
		movie->steps = steps;
		movie->step_capacity = capacity;
	}
	movie->steps[movie->step_count++] =
	    (struct step){ (uint32_t)part, (uint32_t)chunk, is_edge };
	return 0;
}

/* Count a chunk that is taken whole: its header says enough. */
static void count_whole(struct km_clip_movie *movie, const struct km_segment_chunk *chunk)
{
	for (size_t i = 0; i < movie->tracks.count; i++) {
		bool is_video = km_codec_is_video(movie->tracks.track[i].codec);

		movie->plan[i].samples += chunk->samples[i];
		movie->sample_count += chunk->samples[i];
		movie->plan[i].keys +=
		    is_video ? (chunk->is_key && chunk->samples[i] > 0 ? 1 : 0) : chunk->samples[i];
	}
	movie->media_bytes += chunk->media_bytes;
}

/* Count an edge: it has to be read. */
static int count_edge(struct km_clip_movie *movie, size_t part, size_t number)
{
	const struct km_segment_chunk *chunk = km_segment_chunk(movie->segment, number);
	bool has_video = false;
	size_t pictures = 0;
	int err = read_chunk(movie, number);

	if (err < 0) {
		return err;
	}
	pictures = count_pictures(movie, &movie->parts[part]);
	for (size_t i = 0; i < movie->media.count; i++) {
		const struct km_segment_sample *sample = &movie->media.samples[i];
		bool is_video = is_video_sample(movie, sample);

		if (!is_wanted(movie, &movie->parts[part], sample, &pictures)) {
			continue;
		}
		movie->plan[sample->track].samples++;
		movie->plan[sample->track].keys +=
		    is_video ? (chunk->is_key && !has_video ? 1 : 0) : 1;
		has_video = has_video || is_video;
		movie->media_bytes += sample->size;
		movie->sample_count++;
	}
	return 0;
}

/* Where the first chunk is: with a key frame, at or before `from`, if there is one. */
static size_t first_chunk(const struct km_clip_movie *movie)
{
	size_t number = km_segment_chunk_at(movie->segment, movie->wish.from_us);

	while (number > 0 && !km_segment_chunk(movie->segment, number)->is_key) {
		number--;
	}
	return number;
}

/*
 * Place a part on the time line: as the labels say, unless the pause before it is long, or the
 * clock was set back.
 */
static void place(struct km_clip_movie *movie, struct part *part, bool is_first)
{
	int64_t distance = 0;

	if (is_first) {
		part->place_us = part->row.start_us - movie->start_us;
		return;
	}
	distance = part->row.start_us - movie->end_us;
	if (distance < -KM_CLIP_MOVIE_PAUSE_US / 4 || distance > KM_CLIP_MOVIE_PAUSE_US) {
		distance = 0;
	}
	part->place_us = movie->timeline_us + distance;
}

static int plan_chunks(struct km_clip_movie *movie, size_t number, bool is_first)
{
	struct part *part = &movie->parts[number];
	size_t count = km_segment_chunk_count(movie->segment);
	int64_t last_us = part->row.start_us;
	int err = 0;

	for (size_t i = is_first ? first_chunk(movie) : 0; err == 0 && i < count; i++) {
		const struct km_segment_chunk *chunk = km_segment_chunk(movie->segment, i);
		int64_t end_us = chunk->start_us + chunk->duration_us;
		bool is_edge = movie->step_count == 0 || end_us > movie->wish.to_us;

		if (chunk->start_us >= movie->wish.to_us) {
			break;
		}
		if (movie->step_count == 0) {
			movie->start_us = chunk->start_us;
			place(movie, part, true);
		}
		err = add_step(movie, number, i, is_edge);
		if (err == 0 && is_edge) {
			err = count_edge(movie, number, i);
		} else if (err == 0) {
			count_whole(movie, chunk);
		}
		last_us = end_us < movie->wish.to_us ? end_us : movie->wish.to_us;
	}
	movie->timeline_us = part->place_us + (last_us - part->row.start_us);
	movie->end_us = last_us;
	return err == 0 && movie->sample_count > KM_CLIP_MOVIE_SAMPLES_MAX ? KM_ERR_LIMIT : err;
}

static int plan_part(
    struct km_clip_movie *movie, size_t number, struct km_clip_movie_found *ret_found)
{
	struct part *part = &movie->parts[number];
	bool is_first = movie->step_count == 0;
	int err = open_part(movie, number);

	if (err == KM_ERR_NOT_FOUND && !is_first) {
		return 0; /* deleted since the index was read */
	}
	if (err < 0) {
		return err == KM_ERR_NOT_FOUND ? 0 : err;
	}
	if (is_first) {
		movie->tracks = *km_segment_tracks(movie->segment);
	} else if (!is_same_format(&movie->tracks, km_segment_tracks(movie->segment))) {
		ret_found->change_us = part->row.start_us;
		return KM_ERR_UNSUPPORTED;
	} else {
		place(movie, part, false);
	}
	return plan_chunks(movie, number, is_first);
}

/*
 * When the first sample of each track is shown: from the chunks at the beginning, where audio and
 * video both come soon.
 */
static int plan_delays(struct km_clip_movie *movie)
{
	bool is_known[KM_TRACKS_MAX] = { false };
	size_t known = 0;
	int err = 0;

	for (size_t i = 0; i < movie->tracks.count; i++) {
		is_known[i] =
		    movie->plan[i].samples == 0 || km_codec_is_video(movie->tracks.track[i].codec);
		known += is_known[i] ? 1 : 0;
	}
	for (size_t step = 0; err == 0 && known < movie->tracks.count && step < movie->step_count;
	     step++) {
		const struct part *part = &movie->parts[movie->steps[step].part];

		err = open_part(movie, movie->steps[step].part);
		if (err == 0) {
			err = read_chunk(movie, movie->steps[step].chunk);
		}
		for (size_t i = 0; err == 0 && i < movie->media.count; i++) {
			const struct km_segment_sample *sample = &movie->media.samples[i];
			size_t none = 0;
			int64_t delay = 0;

			if (is_known[sample->track] ||
			    (movie->steps[step].is_edge &&
				!is_wanted(movie, part, sample, &none))) {
				continue;
			}
			delay = part->place_us + to_us(movie, sample->track, sample->ticks);
			movie->plan[sample->track].delay_us = delay > 0 ? delay : 0;
			is_known[sample->track] = true;
			known++;
		}
	}
	return err;
}

static int plan_all(struct km_clip_movie *movie, struct km_clip_movie_found *ret_found)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < movie->part_count; i++) {
		err = plan_part(movie, i, ret_found);
	}
	if (err < 0) {
		return err;
	}
	if (movie->sample_count == 0) {
		return KM_ERR_NOT_FOUND;
	}
	for (size_t i = 0; i < movie->tracks.count; i++) {
		/* Not known before all was read; a table that says nothing new does no harm. */
		movie->plan[i].has_composition = true;
	}
	err = plan_delays(movie);
	if (err < 0) {
		return err;
	}
	km_buf_init(&movie->list, (size_t)movie->sample_count * KM_MP4_MOVIE_LIST_BYTES);
	return km_mp4_movie_init(&movie->movie, &movie->tracks, movie->plan, movie->start_us,
	    movie->media_bytes, &movie->list);
}

int km_clip_movie_plan(struct km_archive *archive, const struct km_clip_movie_wish *wish,
    struct km_clip_movie **ret_movie, struct km_clip_movie_found *ret_found)
{
	struct km_clip_movie *movie = calloc(1, sizeof(*movie));
	int err = KM_ERR_MEMORY;

	*ret_found = (struct km_clip_movie_found){ 0 };
	if (movie == NULL) {
		return err;
	}
	movie->archive = archive;
	movie->wish = *wish;
	err = km_archive_each_segment(
	    archive, &wish->camera, wish->from_us, wish->to_us, on_segment, movie);
	if (err == 0) {
		err = plan_all(movie, ret_found);
	}
	ret_found->start_us = movie->start_us;
	ret_found->end_us = movie->end_us;
	if (err < 0) {
		km_clip_movie_destroy(movie);
		return err;
	}
	*ret_movie = movie;
	return 0;
}

void km_clip_movie_destroy(struct km_clip_movie *movie)
{
	if (movie == NULL) {
		return;
	}
	if (movie->segment != NULL) {
		km_segment_close(movie->segment);
	}
	km_segment_media_finish(&movie->media);
	km_buf_finish(&movie->list);
	free(movie->parts);
	free(movie->steps);
	free(movie);
}

uint64_t km_clip_movie_bytes(const struct km_clip_movie *movie)
{
	return km_mp4_movie_bytes(&movie->movie);
}

/* --- reading --- */

/*
 * Note one sample. Each ends where its successor is due by the labels, so that small jumps between
 * segments correct themselves and sound and picture stay together.
 */
static int note_sample(struct km_clip_movie *movie, const struct part *part,
    const struct km_segment_sample *sample, bool is_key)
{
	size_t track = sample->track;
	int64_t shown = to_ticks(movie, track, part->place_us) + sample->ticks;
	int64_t decoded = shown - sample->decode_offset_ticks;
	int64_t duration = 0;
	int64_t composition = 0;

	if (!movie->has_origin[track]) {
		movie->has_origin[track] = true;
		movie->origin_ticks[track] = decoded;
	}
	shown -= movie->origin_ticks[track];
	decoded -= movie->origin_ticks[track];
	duration = decoded + sample->duration_ticks - movie->at_ticks[track];
	duration = duration > 0 ? duration : 1;
	composition = shown - movie->at_ticks[track];
	if (duration > UINT32_MAX || composition > INT32_MAX || composition < INT32_MIN) {
		return KM_ERR_FORMAT;
	}
	movie->at_ticks[track] += duration;
	return km_mp4_movie_add(&movie->movie, track,
	    &(struct km_mp4_sample){ .bytes = sample->size,
		.duration_ticks = (uint32_t)duration,
		.composition_ticks = (int32_t)composition,
		.is_key = is_key });
}

static int read_step(struct km_clip_movie *movie, struct km_buf *buf)
{
	const struct step *step = &movie->steps[movie->next_step];
	const struct part *part = &movie->parts[step->part];
	bool has_video = false;
	size_t pictures = 0;
	int err = open_part(movie, step->part);

	if (err == 0) {
		err = read_chunk(movie, step->chunk);
	}
	if (err == 0) {
		pictures = count_pictures(movie, part);
	}
	for (size_t i = 0; err == 0 && i < movie->media.count; i++) {
		const struct km_segment_sample *sample = &movie->media.samples[i];
		bool is_video = is_video_sample(movie, sample);

		if (step->is_edge && !is_wanted(movie, part, sample, &pictures)) {
			continue;
		}
		/* As the plan counted: one key frame, at the front of a key chunk. */
		err = note_sample(movie, part, sample,
		    !is_video ||
			(!has_video && km_segment_chunk(movie->segment, step->chunk)->is_key));
		has_video = has_video || is_video;
		km_buf_add_data(buf, movie->media.bytes.data + sample->offset, sample->size);
	}
	movie->next_step++;
	return err < 0 ? err : km_buf_error(buf);
}

int km_clip_movie_read(struct km_clip_movie *movie, size_t most, struct km_buf *buf)
{
	size_t begin = buf->size;
	int err = 0;

	while (err == 0 && movie->stage != STAGE_END && buf->size - begin < most) {
		switch (movie->stage) {
		case STAGE_HEAD:
			err = km_mp4_movie_write_head(&movie->movie, buf);
			movie->stage = STAGE_MEDIA;
			break;
		case STAGE_MEDIA:
			if (movie->next_step == movie->step_count) {
				movie->stage = STAGE_TAIL;
			} else {
				err = read_step(movie, buf);
			}
			break;
		case STAGE_TAIL:
			err = km_mp4_movie_write_tail(&movie->movie, buf);
			movie->stage = STAGE_END;
			break;
		case STAGE_END:
		default:
			break;
		}
	}
	return err;
}
