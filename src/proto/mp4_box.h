/*
 * Boxes of MP4 files that several writers need [ISO 14496-12 4.2]. Only for proto/mp4*.c.
 */
#ifndef KM_PROTO_MP4_BOX_H
#define KM_PROTO_MP4_BOX_H

#include "proto/mp4.h"

#define KM_MP4_MOVIE_HZ 90000 /* time scale of mvhd, tkhd and elst */

/* Begin a box, a box with version and flags, and end it: sizes are filled in then. */
size_t km_mp4_box_begin(struct km_buf *buf, const char type[static 4]);
size_t km_mp4_box_begin_full(
    struct km_buf *buf, const char type[static 4], unsigned version, uint32_t flags);
void km_mp4_box_end(struct km_buf *buf, size_t start);

/* Seconds since 1904, as MP4 counts; 0 for moments before. */
uint64_t km_mp4_box_time(int64_t unix_us);

/* mvhd; duration in KM_MP4_MOVIE_HZ. */
void km_mp4_box_movie_header(
    struct km_buf *buf, int64_t unix_us, uint64_t duration, uint32_t next_track_id);

/* What is known of a track's place in time. All 0 for fragmented files. */
struct km_mp4_box_times {
	int64_t unix_us;         /* of the movie's start */
	uint64_t media_duration; /* in the track's clock */
	uint64_t delay;          /* of its first sample, in KM_MP4_MOVIE_HZ */
	uint64_t duration;       /* in KM_MP4_MOVIE_HZ, without delay */
	int64_t media_start;     /* composition time of the first sample shown */
	bool has_edits;          /* write an edit list */
};

/* Boxes left open by km_mp4_box_open_track; sample tables go in between. */
struct km_mp4_box_track {
	size_t start[4];
};

struct km_mp4_box_track km_mp4_box_open_track(struct km_buf *buf, const struct km_track *track,
    uint32_t id, const struct km_mp4_box_times *times);
void km_mp4_box_close_track(struct km_buf *buf, const struct km_mp4_box_track *open);

/* A box whose content is just zero entries: version, flags, 0. */
void km_mp4_box_empty_table(struct km_buf *buf, const char type[static 4]);

#endif
