/*
 * A plain MP4 file for keeping [ISO 14496-12]: ftyp and mdat first, the samples in the order in
 * which they are given, moov at the end. So it can be sent while it is read, and its whole size is
 * known from the numbers of samples.
 *
 * One sample is one chunk: a few bytes more in the tables, and any interleaving is possible.
 */
#ifndef KM_PROTO_MP4_MOVIE_H
#define KM_PROTO_MP4_MOVIE_H

#include "proto/mp4.h"

#define KM_MP4_MOVIE_LIST_BYTES 16 /* per sample, in the list */

/* What is known of a track's samples before they are read. */
struct km_mp4_movie_plan {
	uint64_t samples;     /* 0 leaves the track out */
	uint64_t keys;        /* key samples among them; not looked at for audio */
	int64_t delay_us;     /* when its first sample is shown, after the movie's start; >= 0 */
	bool has_composition; /* some sample has composition_ticks other than 0 */
};

struct km_mp4_movie {
	const struct km_tracks *tracks;
	struct km_mp4_movie_plan plan[KM_TRACKS_MAX];
	int64_t unix_us;
	uint64_t media_bytes;
	/* Private: */
	struct km_buf *list;
	uint64_t added_bytes;
	struct {
		uint64_t samples;
		uint64_t keys;
		uint64_t ticks;      /* sum of the durations */
		int64_t first_ticks; /* composition time of the first sample shown */
		uint64_t last_ticks; /* end of the last */
	} track[KM_TRACKS_MAX];
};

/*
 * Prepare. tracks and list must outlive the movie; list is an empty buffer that may grow to
 * KM_MP4_MOVIE_LIST_BYTES for each sample. plan has a row for each track. unix_us is the moment at
 * which the movie begins; it becomes the creation time and, to the microsecond, the comment.
 * media_bytes is the sum of the sizes of all samples.
 * Returns 0, an error of km_mp4_check_tracks, KM_ERR_STATE (no samples planned) or KM_ERR_RANGE
 * (a delay or a number that no file could have).
 */
KM_MUST_USE int km_mp4_movie_init(struct km_mp4_movie *movie, const struct km_tracks *tracks,
    const struct km_mp4_movie_plan *plan, int64_t unix_us, uint64_t media_bytes,
    struct km_buf *list);

/* The size of the whole file. */
uint64_t km_mp4_movie_bytes(const struct km_mp4_movie *movie);

/* The size of what comes before and after the samples. */
uint64_t km_mp4_movie_head_bytes(void);
uint64_t km_mp4_movie_tail_bytes(const struct km_mp4_movie *movie);

/* Append what comes before the samples. Returns 0 or the error of the buffer. */
KM_MUST_USE int km_mp4_movie_write_head(const struct km_mp4_movie *movie, struct km_buf *buf);

/*
 * Note the next sample; the caller writes its bytes. Returns 0, KM_ERR_STATE (it does not agree
 * with the plan), or the error of the list.
 */
KM_MUST_USE int km_mp4_movie_add(
    struct km_mp4_movie *movie, size_t track, const struct km_mp4_sample *sample);

/*
 * Append what comes after the samples. Returns 0, KM_ERR_STATE (there were fewer samples or bytes
 * than planned), or the error of the buffer.
 */
KM_MUST_USE int km_mp4_movie_write_tail(const struct km_mp4_movie *movie, struct km_buf *buf);

#endif
