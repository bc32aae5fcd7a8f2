/*
 * A camera's ring made into live fragments of MP4: one per access unit, in parcels that all viewers
 * share. The ring's contents are hostile: checked before use, and again after copying.
 */
#ifndef KM_WEB_LIVE_FEED_H
#define KM_WEB_LIVE_FEED_H

#include "io/rounds.h"
#include "proto/track.h"
#include "web/server.h"

struct km_live_feed;

struct km_live_fragment {
	struct km_parcel *parcel; /* borrowed */
	bool is_video;
	bool is_key;      /* playing may begin here */
	int64_t media_us; /* decoding time, since the feed's first fragment */
	int64_t unix_us;  /* label of the moment */
};

/* A callback must not destroy the feed or attach another ring. */
struct km_live_feed_events {
	/* What follows needs a new init segment; the next fragment is a key. */
	void (*on_init)(void *context, const struct km_tracks *playable);
	void (*on_fragment)(void *context, const struct km_live_fragment *fragment);
	/* The ring has ended (0), or is broken; it has been let go. */
	void (*on_end)(void *context, int err);
	/* The ring no longer says what its tracks are: km_live_feed_set_tracks, please. */
	void (*on_tracks_wanted)(void *context);
};

/* loop and rounds are borrowed; the ring's signals come in rounds. Returns 0 or KM_ERR_MEMORY. */
KM_MUST_USE int km_live_feed_create(struct km_loop *loop, struct km_rounds *rounds,
    const struct km_live_feed_events *events, void *context, struct km_live_feed **ret_feed);
void km_live_feed_destroy(struct km_live_feed *feed);

/*
 * Read this ring. Takes the descriptors on success. From its oldest entry where it continues the
 * ring before, else from its newest key frame. Nothing is called before the loop turns.
 * Errors as km_ring_attach, and KM_ERR_MEMORY.
 */
KM_MUST_USE int km_live_feed_attach(
    struct km_live_feed *feed, int memory_fd, int event_fd, bool is_continuation);

/* Let the ring go, if there is one. */
void km_live_feed_detach(struct km_live_feed *feed);

bool km_live_feed_is_attached(const struct km_live_feed *feed);

/* Tracks known from elsewhere; ignored once the ring itself has said them. */
void km_live_feed_set_tracks(struct km_live_feed *feed, const struct km_tracks *tracks);

#endif
