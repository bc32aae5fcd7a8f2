/*
 * What a live viewer is told in words beside the pictures: messages of JSON. Each is NULL without
 * memory; the caller unrefs it.
 */
#ifndef KM_WEB_LIVE_TEXT_H
#define KM_WEB_LIVE_TEXT_H

#include "proto/track.h"
#include "web/parcel.h"

/* There are no pictures now: the camera's state, and what is wrong (may be empty). */
struct km_parcel *km_live_text_waiting(const char *state, const char *error);

/* The wall-clock time of a moment of the media. */
struct km_parcel *km_live_text_label(int64_t unix_us, int64_t media_us);

/* So many frames were left out for a viewer who is too slow. */
struct km_parcel *km_live_text_skipped(uint64_t frames);

/* What the init segment that follows is. */
struct km_parcel *km_live_text_init(const struct km_tracks *tracks);

#endif
