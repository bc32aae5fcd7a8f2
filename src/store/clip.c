#include "store/clip.h"

#include "base/checked.h"
#include "proto/mp4_fragment.h"

#include <stdlib.h>
#include <string.h>

#define FREE_HEADER  8
#define FRAGMENT_MAX ((size_t)256 * 1024 * 1024)
#define NO_FRAGMENT  SIZE_MAX

struct km_clip {
	struct km_segment *segment;
	struct km_archive_segment row;
	struct km_tracks tracks; /* playable */
	uint8_t map[KM_TRACKS_MAX];
	uint64_t *offsets; /* of each fragment, and the end */
	size_t count;
	/* Added to decoding times, so that none is negative: known after the first chunk. */
	bool has_shift;
	int64_t shift_ticks[KM_TRACKS_MAX];
	/* The fragment made last. */
	size_t made;
	struct km_buf bytes;
	struct km_segment_media media;
	struct km_mp4_sample *samples;
	size_t sample_capacity;
};

/* --- what can be played --- */

static bool is_playable(const struct km_track *track)
{
	switch (track->codec) {
	case KM_CODEC_H264:
	case KM_CODEC_H265:
		return track->config_size > 0 && track->codec_text[0] != '\0' && track->width > 0 &&
		       track->height > 0;
	case KM_CODEC_AAC:
	case KM_CODEC_OPUS:
		return track->config_size > 0 && track->codec_text[0] != '\0';
	default:
		return false; /* no browser plays G.711 in MP4 */
	}
}

int km_clip_playable(const struct km_tracks *tracks, struct km_tracks *ret_tracks,
    uint8_t ret_map[static KM_TRACKS_MAX])
{
	struct km_tracks playable = { 0 };
	uint8_t map[KM_TRACKS_MAX];

	memset(map, KM_TRACKS_MAX, sizeof(map));
	for (uint8_t i = 0; i < tracks->count && i < KM_TRACKS_MAX; i++) {
		if (is_playable(&tracks->track[i])) {
			map[i] = playable.count;
			playable.track[playable.count++] = tracks->track[i];
		}
	}
	if (playable.count == 0 || km_mp4_check_tracks(&playable) < 0) {
		return KM_ERR_UNSUPPORTED;
	}
	*ret_tracks = playable;
	memcpy(ret_map, map, sizeof(map));
	return 0;
}

int km_clip_write_mime(const struct km_tracks *playable, struct km_buf *buf)
{
	int err = 0;

	km_buf_add_text(buf, km_codec_is_video(playable->track[0].codec) ? "video/mp4; codecs=\""
									 : "audio/mp4; codecs=\"");
	err = km_mp4_write_codecs(playable, buf);
	km_buf_add_text(buf, "\"");
	return err < 0 ? err : km_buf_error(buf);
}

/* --- the layout --- */

/* The numbers of samples per playable track; whether others are left out. */
static bool count_samples(
    const struct km_clip *clip, const struct km_segment_chunk *chunk, size_t counts[KM_TRACKS_MAX])
{
	bool is_complete = true;

	memset(counts, 0, KM_TRACKS_MAX * sizeof(*counts));
	for (size_t i = 0; i < KM_TRACKS_MAX; i++) {
		if (chunk->samples[i] == 0) {
			continue;
		}
		if (clip->map[i] < KM_TRACKS_MAX) {
			counts[clip->map[i]] = chunk->samples[i];
		} else {
			is_complete = false;
		}
	}
	return is_complete;
}

static bool has_samples(const size_t counts[KM_TRACKS_MAX])
{
	return (counts[0] | counts[1] | counts[2] | counts[3]) != 0;
}

_Static_assert(KM_TRACKS_MAX == 4, "has_samples looks at each");

/* A chunk without playable samples becomes a free box alone. */
static uint64_t fragment_bytes(const struct km_clip *clip, const struct km_segment_chunk *chunk)
{
	size_t counts[KM_TRACKS_MAX];
	bool is_complete = count_samples(clip, chunk, counts);
	uint64_t bytes = chunk->media_bytes;

	if (has_samples(counts)) {
		bytes += km_mp4_fragment_bytes(counts, clip->tracks.count);
	}
	return is_complete ? bytes : bytes + FREE_HEADER;
}

static int lay_out(struct km_clip *clip)
{
	uint64_t offset = 0;

	clip->count = km_segment_chunk_count(clip->segment);
	clip->offsets = calloc(clip->count + 1, sizeof(*clip->offsets));
	if (clip->offsets == NULL) {
		return KM_ERR_MEMORY;
	}
	for (size_t i = 0; i < clip->count; i++) {
		uint64_t bytes = fragment_bytes(clip, km_segment_chunk(clip->segment, i));

		if (bytes > FRAGMENT_MAX) {
			return KM_ERR_RANGE;
		}
		clip->offsets[i] = offset;
		offset += bytes;
	}
	clip->offsets[clip->count] = offset;
	return 0;
}

int km_clip_create(
    struct km_segment *segment, const struct km_archive_segment *row, struct km_clip **ret_clip)
{
	struct km_clip *clip = calloc(1, sizeof(*clip));
	int err = KM_ERR_MEMORY;

	if (clip == NULL) {
		return err;
	}
	clip->segment = segment;
	clip->row = *row;
	clip->made = NO_FRAGMENT;
	km_buf_init(&clip->bytes, FRAGMENT_MAX);
	err = km_clip_playable(km_segment_tracks(segment), &clip->tracks, clip->map);
	if (err == 0) {
		err = lay_out(clip);
	}
	if (err < 0) {
		clip->segment = NULL; /* stays the caller's */
		km_clip_destroy(clip);
		return err;
	}
	*ret_clip = clip;
	return 0;
}

void km_clip_destroy(struct km_clip *clip)
{
	if (clip == NULL) {
		return;
	}
	if (clip->segment != NULL) {
		km_segment_close(clip->segment);
	}
	km_segment_media_finish(&clip->media);
	km_buf_finish(&clip->bytes);
	free(clip->samples);
	free(clip->offsets);
	free(clip);
}

const struct km_tracks *km_clip_tracks(const struct km_clip *clip)
{
	return &clip->tracks;
}

int km_clip_write_init(const struct km_clip *clip, struct km_buf *buf)
{
	return km_mp4_fragment_write_init(&clip->tracks, clip->row.start_us, buf);
}

uint64_t km_clip_media_bytes(const struct km_clip *clip)
{
	return clip->offsets[clip->count];
}

size_t km_clip_fragment_count(const struct km_clip *clip)
{
	return clip->count;
}

struct km_clip_fragment km_clip_fragment_at(const struct km_clip *clip, size_t number)
{
	const struct km_segment_chunk *chunk = km_segment_chunk(clip->segment, number);

	return (struct km_clip_fragment){
		.offset = clip->offsets[number],
		.bytes = clip->offsets[number + 1] - clip->offsets[number],
		.start_us = chunk->start_us,
		.duration_us = chunk->duration_us,
		.is_key = chunk->is_key,
	};
}

/* --- the bytes of a fragment --- */

static int64_t decode_ticks(const struct km_segment_sample *sample)
{
	int64_t ticks = 0;

	return km_checked_add_i64(sample->ticks, -(int64_t)sample->decode_offset_ticks, &ticks)
		   ? ticks
		   : sample->ticks;
}

/*
 * With B pictures the first picture is decoded before it is shown, that is before the segment's
 * start: then all decoding times are moved later by as much. Presentation times stay.
 */
static int find_shift(struct km_clip *clip)
{
	int err = 0;

	if (clip->has_shift) {
		return 0;
	}
	err = km_segment_read(clip->segment, 0, &clip->media);
	if (err < 0) {
		return err;
	}
	for (size_t i = 0; i < clip->media.count; i++) {
		const struct km_segment_sample *sample = &clip->media.samples[i];
		int64_t early = -decode_ticks(sample);

		if (sample->track < KM_TRACKS_MAX && early > clip->shift_ticks[sample->track]) {
			clip->shift_ticks[sample->track] = early;
		}
	}
	clip->has_shift = true;
	return 0;
}

/* Whether the chunk holds what its header promised: sizes were told from that. */
static int check_media(const struct km_clip *clip, const struct km_segment_chunk *chunk)
{
	uint32_t counts[KM_TRACKS_MAX] = { 0 };
	uint64_t bytes = 0;

	for (size_t i = 0; i < clip->media.count; i++) {
		const struct km_segment_sample *sample = &clip->media.samples[i];

		if (sample->track >= KM_TRACKS_MAX || sample->offset > clip->media.bytes.size ||
		    sample->size > clip->media.bytes.size - sample->offset) {
			return KM_ERR_FORMAT;
		}
		counts[sample->track]++;
		bytes += sample->size;
	}
	return bytes == chunk->media_bytes && memcmp(counts, chunk->samples, sizeof(counts)) == 0
		   ? 0
		   : KM_ERR_FORMAT;
}

static int make_room(struct km_clip *clip, size_t count)
{
	struct km_mp4_sample *samples = NULL;

	if (count <= clip->sample_capacity) {
		return 0;
	}
	samples = reallocarray(clip->samples, count, sizeof(*samples));
	if (samples == NULL) {
		return KM_ERR_MEMORY;
	}
	clip->samples = samples;
	clip->sample_capacity = count;
	return 0;
}

/*
 * Fill one track's part. Decoding times in a fragment follow from the durations alone, so
 * composition is what leads from there to the true presentation time.
 */
static struct km_mp4_fragment_track fill_track(
    struct km_clip *clip, uint8_t track, struct km_mp4_sample *samples)
{
	struct km_mp4_fragment_track part = { .samples = samples };
	int64_t at = 0;

	for (size_t i = 0; i < clip->media.count; i++) {
		const struct km_segment_sample *sample = &clip->media.samples[i];
		int64_t composition = 0;

		if (sample->track != track) {
			continue;
		}
		if (part.count == 0) {
			at = decode_ticks(sample) + clip->shift_ticks[track];
			at = at > 0 ? at : 0;
			part.decode_ticks = (uint64_t)at;
		}
		composition = sample->ticks - at;
		if (composition > INT32_MAX || composition < INT32_MIN) {
			composition = 0;
		}
		samples[part.count++] = (struct km_mp4_sample){
			.bytes = sample->size,
			.duration_ticks = sample->duration_ticks,
			.composition_ticks = (int32_t)composition,
			.is_key = sample->is_key,
		};
		at += sample->duration_ticks;
	}
	return part;
}

static void add_media(struct km_clip *clip, uint8_t track)
{
	for (size_t i = 0; i < clip->media.count; i++) {
		const struct km_segment_sample *sample = &clip->media.samples[i];

		if (sample->track == track) {
			km_buf_add_data(
			    &clip->bytes, clip->media.bytes.data + sample->offset, sample->size);
		}
	}
}

static int write_playable(struct km_clip *clip, size_t number)
{
	struct km_mp4_fragment_track parts[KM_TRACKS_MAX] = { 0 };
	size_t used = 0;
	int err = make_room(clip, clip->media.count);

	if (err < 0) {
		return err;
	}
	for (uint8_t i = 0; i < KM_TRACKS_MAX; i++) {
		if (clip->map[i] < KM_TRACKS_MAX) {
			parts[clip->map[i]] = fill_track(clip, i, clip->samples + used);
			used += parts[clip->map[i]].count;
		}
	}
	if (used == 0) {
		return 0;
	}
	err =
	    km_mp4_fragment_write((uint32_t)(number + 1), parts, clip->tracks.count, &clip->bytes);
	for (uint8_t i = 0; err == 0 && i < KM_TRACKS_MAX; i++) {
		if (clip->map[i] < KM_TRACKS_MAX) {
			add_media(clip, i);
		}
	}
	return err;
}

/* Cover what is left out with a free box [ISO 14496-12 8.1.2]. */
static int fill_up(struct km_clip *clip, uint64_t wanted)
{
	size_t left = 0;
	uint8_t *rest = NULL;

	if (km_buf_error(&clip->bytes) < 0) {
		return km_buf_error(&clip->bytes);
	}
	if (clip->bytes.size == wanted) {
		return 0;
	}
	if (clip->bytes.size + FREE_HEADER > wanted) {
		return KM_ERR_FORMAT;
	}
	left = (size_t)wanted - clip->bytes.size;
	km_buf_add_u32(&clip->bytes, (uint32_t)left);
	km_buf_add_text(&clip->bytes, "free");
	rest = km_buf_grow(&clip->bytes, left - FREE_HEADER);
	if (rest == NULL) {
		return km_buf_error(&clip->bytes);
	}
	memset(rest, 0, left - FREE_HEADER);
	return 0;
}

static int make_fragment(struct km_clip *clip, size_t number)
{
	int err = 0;

	if (clip->made == number) {
		return 0;
	}
	clip->made = NO_FRAGMENT;
	km_buf_clear(&clip->bytes);
	err = find_shift(clip);
	if (err == 0) {
		err = km_segment_read(clip->segment, number, &clip->media);
	}
	if (err == 0) {
		err = check_media(clip, km_segment_chunk(clip->segment, number));
	}
	if (err == 0) {
		err = write_playable(clip, number);
	}
	if (err == 0) {
		err = fill_up(clip, clip->offsets[number + 1] - clip->offsets[number]);
	}
	if (err == 0) {
		clip->made = number;
	}
	return err;
}

/* The fragment that holds this byte of the media file. */
static size_t find_fragment(const struct km_clip *clip, uint64_t offset)
{
	size_t low = 0;
	size_t high = clip->count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (clip->offsets[middle] <= offset) {
			low = middle;
		} else {
			high = middle;
		}
	}
	return low;
}

int km_clip_read(struct km_clip *clip, uint64_t offset, size_t count, struct km_buf *buf)
{
	uint64_t end = km_clip_media_bytes(clip);

	if (offset > end || count > end - offset) {
		return KM_ERR_RANGE;
	}
	while (count > 0) {
		size_t number = find_fragment(clip, offset);
		struct km_bytes part = { 0 };
		int err = make_fragment(clip, number);

		if (err < 0) {
			return err;
		}
		part = km_bytes_slice(
		    km_buf_view(&clip->bytes), (size_t)(offset - clip->offsets[number]), count);
		if (part.size == 0) {
			return KM_ERR_FORMAT;
		}
		km_buf_add(buf, part);
		offset += part.size;
		count -= part.size;
	}
	return km_buf_error(buf);
}
