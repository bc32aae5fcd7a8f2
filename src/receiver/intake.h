/*
 * From RTP packets of one camera into its ring: order, loss, access units, runs, times, labels.
 *
 * Payload bytes are copied once, from the packet into the ring reservation where the access unit
 * will stay. Audio that comes while a video unit is being built waits in a small queue, since a
 * ring builds one entry at a time.
 *
 * A run begins with a key frame (tick 0) and ends when the clocks no longer belong together: on
 * km_intake_end, on a jump of the camera's timestamps, on a restart of its numbering, on a step of
 * our wall clock. What comes before the first key frame is dropped.
 */
#ifndef KM_RECEIVER_INTAKE_H
#define KM_RECEIVER_INTAKE_H

#include "io/ring.h"
#include "proto/depacketize.h"
#include "proto/rtp.h"
#include "receiver/decode_time.h"
#include "receiver/label_clock.h"

struct km_intake_track {
	struct km_depacketizer depacketizer;
	struct km_rtp_sequence sequence;
	struct km_rtp_clock clock;
	struct km_decode_time decode;
	struct km_buf unit; /* video: over the ring reservation; audio: on the heap */
	bool is_in_run;     /* clock and base_ticks belong to the present run */
	bool has_last;
	int64_t base_ticks; /* added to the clock's ticks */
	int64_t last_ticks; /* of the last unit */
	uint8_t payload_type;
	bool is_in_band;     /* the stream itself told the configuration */
	bool is_type_learnt; /* payload_type is the one that came, not the one announced */
};

struct km_intake_settings {
	size_t ring_bytes_first;
	size_t ring_bytes_max;
	int64_t tick_us;
};

struct km_intake_events {
	/* A new ring is to be told of. Borrowed. */
	void (*on_ring)(void *context, const struct km_ring *ring, uint64_t generation);
};

struct km_intake {
	/* For the owner to read: */
	uint64_t frames;  /* video units put into the ring */
	uint64_t bytes;   /* of all units */
	uint64_t lost;    /* RTP packets */
	uint64_t damaged; /* units */
	/* Labels of the first picture since the last outage and of the latest; 0: none. */
	int64_t first_unix_us;
	int64_t last_unix_us;
	uint32_t oddities;
	bool has_fault;  /* the ring could not be made: nothing is received */
	bool is_playing; /* a run is going on */

	/* Private: */
	const struct km_intake_events *events;
	void *context;
	struct km_intake_settings settings;
	struct km_ring *ring;
	uint64_t generation;
	bool is_watched;
	bool are_tracks_due; /* a KM_RING_TRACKS entry must come before the next sample */
	bool is_run_new;     /* the next sample begins a run */
	unsigned end_reason; /* the run ends in front of the next key frame; 0: it goes on */
	bool was_run;        /* samples were written since the last gap */
	bool is_reserved;    /* the video unit lies in a reservation */
	size_t gop_bytes;
	size_t since_tracks_bytes; /* media in this ring since its last KM_RING_TRACKS */
	size_t track_count;
	struct km_label_clock label;
	struct km_buf waiting; /* audio entries, each a header and its payload */
	struct km_intake_track track[KM_TRACKS_MAX];
};

/* The ring is made by the first session. events and context must outlive it. */
void km_intake_init(struct km_intake *intake, const struct km_intake_settings *settings,
    const struct km_intake_events *events, void *context);

void km_intake_finish(struct km_intake *intake);

/* A new session: forget the tracks of the last one. Statistics and ring stay. */
void km_intake_reset(struct km_intake *intake);

/* Add a track, video first; its depacketizer is prepared already (and copied). */
void km_intake_add(
    struct km_intake *intake, const struct km_depacketizer *depacketizer, uint8_t payload_type);

/* The largest unit that the settings allow: for km_offer_prepare. */
size_t km_intake_unit_max(const struct km_intake *intake, bool is_video);

/* An RTP packet of a track (< the number added), which came at this time of the wall clock. */
void km_intake_packet(
    struct km_intake *intake, size_t track_index, struct km_bytes bytes, int64_t arrival_unix_us);

/*
 * The run ends here: media is missing from unix_us on, for this reason (gap_reason in
 * model/states.tbl). Does nothing if none was going on.
 */
void km_intake_end(struct km_intake *intake, unsigned reason, int64_t unix_us);

/*
 * The same, but in front of the next key frame, so that no picture is missing: for a run that must
 * end although all goes well (the wall clock was moved). Until then labels follow the old clock.
 */
void km_intake_end_at_key(struct km_intake *intake, unsigned reason);

/*
 * The label of an RTP timestamp near the present one: what a sender report is compared with. False
 * while no run is going on.
 */
bool km_intake_label(
    const struct km_intake *intake, size_t track, uint32_t timestamp, int64_t *ret_unix_us);

/* Somebody watches live: readers are woken by each entry. */
void km_intake_set_watched(struct km_intake *intake, bool is_watched);

/* The ring that is in use, to tell of it again; NULL if there is none yet. */
const struct km_ring *km_intake_ring(const struct km_intake *intake, uint64_t *ret_generation);

/* What is known of the tracks so far. */
void km_intake_tracks(const struct km_intake *intake, struct km_tracks *ret_tracks);

#endif
