#include "web/live_feed.h"

#include "base/checked.h"
#include "io/ring.h"
#include "proto/mp4_fragment.h"
#include "store/clip.h"

#include <stdlib.h>
#include <string.h>

#define WALK_MAX  1000000           /* entries looked at to find the newest key frame */
#define BATCH_MAX 512               /* entries per turn of the loop */
#define TICK_US   INT64_C(200000)   /* looks at the ring even if nobody signals */
#define AGAIN_US  INT64_C(1000)     /* a batch was not enough */
#define JUMP_US   INT64_C(10000000) /* times that jump by more start a new run */
#define US        INT64_C(1000000)

struct km_live_feed {
	struct km_rounds *rounds;
	const struct km_live_feed_events *events;
	void *context;
	struct km_timer *timer;
	struct km_ring *ring;
	struct km_rounds_entry *watch; /* of the ring's eventfd; NULL: the timer must do */
	struct km_ring_cursor cursor;
	/* What is in it. */
	struct km_tracks packed_tracks; /* as the ring says */
	struct km_tracks playable;
	uint8_t map[KM_TRACKS_MAX];
	bool has_tracks;
	bool are_tracks_wanted; /* asked for */
	bool is_init_due;
	bool needs_key;
	uint32_t sequence;
	/* The time line. */
	bool is_run_due;      /* the next fragment starts a new run */
	int64_t run_media_us; /* where on the time line the run begins */
	int64_t run_first_us; /* its first decoding time, in its own time */
	int64_t end_us;       /* end of all that was sent */
	uint64_t next_ticks[KM_TRACKS_MAX];
	uint32_t duration_ticks[KM_TRACKS_MAX];
};

static void read_ring(struct km_live_feed *feed);

static void on_timer(void *context)
{
	read_ring(context);
}

/* While entries come in time, the timer never fires. */
static void on_event(void *context)
{
	struct km_live_feed *feed = context;

	km_timer_start(feed->timer, TICK_US, TICK_US);
	read_ring(feed);
}

int km_live_feed_create(struct km_loop *loop, struct km_rounds *rounds,
    const struct km_live_feed_events *events, void *context, struct km_live_feed **ret_feed)
{
	struct km_live_feed *feed = calloc(1, sizeof(*feed));
	int err = KM_ERR_MEMORY;

	if (feed == NULL) {
		return err;
	}
	feed->rounds = rounds;
	feed->events = events;
	feed->context = context;
	err = km_timer_create(loop, on_timer, feed, &feed->timer);
	if (err < 0) {
		free(feed);
		return err;
	}
	*ret_feed = feed;
	return 0;
}

void km_live_feed_detach(struct km_live_feed *feed)
{
	km_timer_stop(feed->timer);
	km_rounds_remove(feed->watch);
	km_ring_destroy(feed->ring);
	feed->watch = NULL;
	feed->ring = NULL;
}

bool km_live_feed_is_attached(const struct km_live_feed *feed)
{
	return feed->ring != NULL;
}

void km_live_feed_destroy(struct km_live_feed *feed)
{
	if (feed != NULL) {
		km_live_feed_detach(feed);
		km_timer_destroy(feed->timer);
		free(feed);
	}
}

/* --- tracks --- */

static void take_tracks(struct km_live_feed *feed, const struct km_tracks *tracks)
{
	if (feed->has_tracks && km_tracks_is_equal(&feed->packed_tracks, tracks)) {
		return;
	}
	feed->packed_tracks = *tracks;
	feed->has_tracks = km_clip_playable(tracks, &feed->playable, feed->map) == 0;
	memset(feed->duration_ticks, 0, sizeof(feed->duration_ticks));
	feed->is_init_due = true;
	feed->needs_key = true;
}

void km_live_feed_set_tracks(struct km_live_feed *feed, const struct km_tracks *tracks)
{
	if (!feed->has_tracks) {
		take_tracks(feed, tracks);
	}
}

/* The payload is copied before it is believed. */
static void read_tracks(struct km_live_feed *feed, const struct km_ring_entry *entry)
{
	uint8_t packed[KM_TRACKS_PACKED_MAX];
	struct km_tracks tracks = { 0 };

	if (entry->payload.size > sizeof(packed)) {
		return;
	}
	memcpy(packed, entry->payload.data, entry->payload.size);
	if (km_ring_is_valid(feed->ring, entry->position) &&
	    km_tracks_unpack(km_bytes_from(packed, entry->payload.size), &tracks) == 0) {
		take_tracks(feed, &tracks);
	}
}

/* --- attaching --- */

/* Go to the newest key frame; the last tracks before it are noted on the way. */
static void find_start(struct km_live_feed *feed)
{
	struct km_ring_cursor at = km_ring_oldest(feed->ring);
	struct km_ring_entry entry = { 0 };

	feed->cursor = at;
	for (int i = 0; i < WALK_MAX; i++) {
		struct km_ring_cursor before = at;
		int err = km_ring_next(feed->ring, &at, &entry);

		if (err == KM_ERR_STALE) {
			feed->cursor = at;
			continue;
		}
		if (err < 0) {
			return;
		}
		if (entry.kind == KM_RING_TRACKS) {
			read_tracks(feed, &entry);
		} else if (entry.kind == KM_RING_SAMPLE && entry.track == 0 &&
			   (entry.flags & KM_RING_KEY) != 0) {
			feed->cursor = before;
		}
	}
}

int km_live_feed_attach(
    struct km_live_feed *feed, int memory_fd, int event_fd, bool is_continuation)
{
	struct km_ring *ring = NULL;
	int err = km_ring_attach(memory_fd, event_fd, &ring);

	if (err < 0) {
		return err;
	}
	km_live_feed_detach(feed);
	feed->ring = ring;
	/* By event: nothing that the producer does with the descriptor can keep us busy. */
	if (km_rounds_add(
		feed->rounds, event_fd, KM_ROUNDS_BY_EVENT, on_event, feed, &feed->watch) < 0) {
		feed->watch = NULL;
	}
	feed->are_tracks_wanted = false;
	if (is_continuation) {
		feed->cursor = km_ring_oldest(ring);
	} else {
		feed->has_tracks = false;
		feed->needs_key = true;
		feed->is_run_due = true;
		find_start(feed);
	}
	km_timer_start(feed->timer, 0, TICK_US);
	return 0;
}

/* --- fragments --- */

static uint32_t default_duration(const struct km_track *track)
{
	switch (track->codec) {
	case KM_CODEC_AAC:
		return 1024;
	case KM_CODEC_OPUS:
		return track->clock_hz / 50;
	default:
		return track->fps_milli > 0
			   ? (uint32_t)((uint64_t)track->clock_hz * 1000 / track->fps_milli)
			   : track->clock_hz / 25;
	}
}

/*
 * Where the sample is decoded on the time line. Returns false if it must be left out: it would go
 * back in time.
 */
static bool place(struct km_live_feed *feed, uint8_t track, const struct km_ring_entry *entry,
    uint64_t *ret_ticks)
{
	int64_t hz = feed->playable.track[track].clock_hz;
	int64_t own = entry->ticks - entry->decode_offset_ticks;
	int64_t own_us = km_checked_scale_i64(own, US, hz);
	int64_t media_us = own_us - feed->run_first_us + feed->run_media_us;
	int64_t ticks = 0;

	if (feed->is_run_due || media_us > feed->end_us + JUMP_US ||
	    media_us < feed->end_us - JUMP_US) {
		feed->is_run_due = false;
		feed->run_media_us = feed->end_us;
		feed->run_first_us = own_us;
	}
	ticks = km_checked_scale_i64(feed->run_media_us, hz, US) +
		(own - km_checked_scale_i64(feed->run_first_us, hz, US));
	if (ticks < 0 || (uint64_t)ticks + 1 < feed->next_ticks[track]) {
		/* A late start of the other track, or a stamp that went back. */
		if (feed->duration_ticks[track] == 0 || ticks < 0 ||
		    (uint64_t)ticks + feed->duration_ticks[track] <= feed->next_ticks[track]) {
			return false;
		}
	}
	*ret_ticks = (uint64_t)ticks;
	return true;
}

/* How long the sample lasts is known only when the next one comes: as long as the one before. */
static uint32_t guess_duration(struct km_live_feed *feed, uint8_t track, uint64_t ticks)
{
	uint32_t hz = feed->playable.track[track].clock_hz;
	uint64_t started = feed->next_ticks[track] - feed->duration_ticks[track];
	uint64_t distance = ticks - started;

	if (feed->duration_ticks[track] == 0) {
		return default_duration(&feed->playable.track[track]);
	}
	return distance > 0 && distance < 2 * (uint64_t)hz ? (uint32_t)distance
							   : feed->duration_ticks[track];
}

static struct km_parcel *make_parcel(struct km_live_feed *feed, uint8_t track,
    const struct km_ring_entry *entry, uint64_t ticks, uint32_t duration)
{
	const struct km_mp4_sample sample = {
		.bytes = (uint32_t)entry->payload.size,
		.duration_ticks = duration,
		.composition_ticks = entry->decode_offset_ticks,
		.is_key = (entry->flags & KM_RING_KEY) != 0 || track != 0,
	};
	struct km_mp4_fragment_track parts[KM_TRACKS_MAX] = { 0 };
	size_t counts[KM_TRACKS_MAX] = { 0 };
	struct km_parcel *parcel = NULL;
	struct km_buf buf;

	counts[track] = 1;
	parts[track] = (struct km_mp4_fragment_track){ &sample, 1, ticks };
	parcel = km_parcel_create(
	    (size_t)km_mp4_fragment_bytes(counts, feed->playable.count) + entry->payload.size,
	    false);
	if (parcel == NULL) {
		return NULL;
	}
	km_buf_init_fixed(&buf, parcel->data, parcel->capacity);
	if (km_mp4_fragment_write(++feed->sequence, parts, feed->playable.count, &buf) == 0) {
		km_buf_add(&buf, entry->payload);
	}
	parcel->size = buf.size;
	/* It may have been overwritten while it was copied. */
	if (km_buf_error(&buf) < 0 || parcel->size != parcel->capacity ||
	    !km_ring_is_valid(feed->ring, entry->position)) {
		km_parcel_unref(parcel);
		return NULL;
	}
	return parcel;
}

static void send_sample(struct km_live_feed *feed, uint8_t track, const struct km_ring_entry *entry)
{
	uint32_t hz = feed->playable.track[track].clock_hz;
	struct km_live_fragment fragment = {
		.is_video = km_codec_is_video(feed->playable.track[track].codec),
		.is_key = track == 0 && (entry->flags & KM_RING_KEY) != 0,
		.unix_us = entry->unix_us,
	};
	uint64_t ticks = 0;
	uint32_t duration = 0;

	if (!place(feed, track, entry, &ticks)) {
		return;
	}
	duration = guess_duration(feed, track, ticks);
	fragment.parcel = make_parcel(feed, track, entry, ticks, duration);
	if (fragment.parcel == NULL) {
		feed->needs_key = true;
		return;
	}
	feed->duration_ticks[track] = duration;
	feed->next_ticks[track] = ticks + duration;
	fragment.media_us = km_checked_scale_i64((int64_t)ticks, US, hz);
	if (fragment.media_us + km_checked_scale_i64(duration, US, hz) > feed->end_us) {
		feed->end_us = fragment.media_us + km_checked_scale_i64(duration, US, hz);
	}
	feed->events->on_fragment(feed->context, &fragment);
	km_parcel_unref(fragment.parcel);
}

static void take_sample(struct km_live_feed *feed, const struct km_ring_entry *entry)
{
	const int64_t bound = INT64_MAX / 8;
	uint8_t track = KM_TRACKS_MAX;

	if ((entry->flags & KM_RING_NEW_RUN) != 0) {
		feed->is_run_due = true;
	}
	if (!feed->has_tracks) {
		if (!feed->are_tracks_wanted) {
			feed->are_tracks_wanted = true;
			feed->events->on_tracks_wanted(feed->context);
		}
		return;
	}
	if (entry->track < KM_TRACKS_MAX) {
		track = feed->map[entry->track];
	}
	if (track == KM_TRACKS_MAX || entry->payload.size == 0 || entry->ticks > bound ||
	    entry->ticks < -bound) {
		return;
	}
	if (feed->needs_key) {
		if (track != 0 || (entry->flags & KM_RING_KEY) == 0) {
			return;
		}
		feed->needs_key = false;
		if (feed->is_init_due) {
			feed->is_init_due = false;
			feed->events->on_init(feed->context, &feed->playable);
		}
	}
	send_sample(feed, track, entry);
}

static void end_ring(struct km_live_feed *feed, int err)
{
	km_live_feed_detach(feed);
	feed->events->on_end(feed->context, err);
}

/* One entry. Returns false when there is nothing to read any more. */
static bool read_entry(struct km_live_feed *feed)
{
	struct km_ring_entry entry = { 0 };
	int err = km_ring_next(feed->ring, &feed->cursor, &entry);

	if (err == KM_ERR_AGAIN) {
		return false;
	}
	if (err == KM_ERR_STALE) {
		feed->needs_key = true;
		return true;
	}
	if (err < 0) {
		end_ring(feed, err);
		return false;
	}
	switch (entry.kind) {
	case KM_RING_TRACKS:
		read_tracks(feed, &entry);
		break;
	case KM_RING_SAMPLE:
		take_sample(feed, &entry);
		break;
	case KM_RING_GAP:
		feed->is_run_due = true;
		break;
	case KM_RING_END:
	default:
		end_ring(feed, 0);
		return false;
	}
	return true;
}

static void read_ring(struct km_live_feed *feed)
{
	for (int i = 0; feed->ring != NULL && i < BATCH_MAX; i++) {
		if (!read_entry(feed)) {
			return;
		}
	}
	if (feed->ring != NULL) {
		km_timer_start(feed->timer, AGAIN_US, TICK_US);
	}
}
