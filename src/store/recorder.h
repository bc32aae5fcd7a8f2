/*
 * The recordings, to write: chunks of samples go into encrypted segment files and the index, in
 * this order: data, sync, names, rows. Used by one thread alone; everything here may block on the
 * disk.
 *
 * A failing or full disk never loses what is stored: writing is refused (KM_ERR_STATE) and tried
 * again by itself; what is not written yet stays with the caller, who has it in a ring.
 */
#ifndef KM_STORE_RECORDER_H
#define KM_STORE_RECORDER_H

#include "store/recovery.h"
#include "store/segment_writer.h"

struct km_recorder;
struct km_recorder_stream;

struct km_recorder_options {
	const char *root;           /* directory of the segment files; must exist */
	const char *index;          /* the index database; made if it is not there */
	int64_t segment_us;         /* wished length of a segment; 0: 60 s */
	uint64_t segment_bytes_max; /* 0: 64 MiB; segments end at key frames, so a little more */
	int64_t sync_us;            /* what was appended is on the disk after so long; 0: 500 ms */
	uint64_t retain_bytes;      /* of all streams together; 0: no limit */
	uint64_t free_bytes_min;    /* delete the oldest when less is free */
	const struct km_disk *disk; /* NULL: the real one */
	bool syncs_aside;           /* on a thread of its own: appending goes on meanwhile */
	km_recovery_find_key *find_key;
	/* Something for the journal (model/events.tbl); camera may be NULL. May be NULL. */
	void (*on_event)(
	    void *context, unsigned event, const struct km_uuid *camera, const char *text);
	void *context; /* of both */
};

/*
 * Recover what an unclean end left, and be ready to record. An index that is damaged is put aside
 * and made anew from the files. Returns 0, KM_ERR_DATABASE, KM_ERR_UNSUPPORTED, KM_ERR_NO_SPACE,
 * KM_ERR_MEMORY or KM_ERR_SYS.
 */
KM_MUST_USE int km_recorder_open(
    const struct km_recorder_options *options, struct km_recorder **ret_recorder);

/* End all segments, sync, free (also all streams). NULL is fine. */
void km_recorder_close(struct km_recorder *recorder);

/* --- streams --- */

/* Add a camera's stream, or change its retention (0: no limit). Returns 0 or an error as above. */
KM_MUST_USE int km_recorder_stream_add(struct km_recorder *recorder, const struct km_uuid *camera,
    int64_t retain_us, uint64_t retain_bytes, struct km_recorder_stream **ret_stream);

/*
 * Whether a data key is wanted: of the day of unix_us, if that is not here, or of the next day when
 * it begins in a few minutes. Recording goes on with the one that is here meanwhile.
 */
bool km_recorder_wants_key(
    const struct km_recorder_stream *stream, int64_t unix_us, int32_t *ret_day);

/* Give a key. Copied; wiped when no longer needed. */
void km_recorder_set_key(struct km_recorder_stream *stream, const struct km_uuid *key, int32_t day,
    const struct km_secret *material);

/* What the samples that follow are. A change begins a new segment. */
void km_recorder_set_tracks(struct km_recorder_stream *stream, const struct km_tracks *tracks);

/* Ticks of what follows do not continue those before: a new segment, whose run is another. */
void km_recorder_new_run(struct km_recorder_stream *stream);

/*
 * Something is missing between what was appended and what will be: a row of the index tells so
 * when the next chunk comes. Implies a new run.
 */
void km_recorder_gap(struct km_recorder_stream *stream, unsigned reason, uint64_t lost);

struct km_recorder_chunk {
	struct km_segment_writer_sample *samples; /* ticks since the run began; changed */
	size_t count;
	int64_t next_us; /* label of the sample after the chunk; INT64_MIN: not known */
	uint32_t last_duration[KM_TRACKS_MAX]; /* ticks, of the last sample of each track */
	bool is_key;                           /* its first video sample is a key frame */
	/* Whether the samples are untouched still: asked after they were encrypted, before they are
	 * written. */
	bool (*is_valid)(void *context);
	void *context;
};

/*
 * Encrypt and write a chunk. Returns 0; KM_ERR_STALE (is_valid said no); KM_ERR_AGAIN (there is no
 * key yet); KM_ERR_STATE (the disk is full or failing: keep it and try again later); KM_ERR_LIMIT
 * (too large: drop it); KM_ERR_FORMAT (samples of unknown tracks); KM_ERR_MEMORY or KM_ERR_CRYPTO.
 */
KM_MUST_USE int km_recorder_append(
    struct km_recorder_stream *stream, struct km_recorder_chunk *chunk);

/*
 * After a failed sync the chunks since the last good one are taken back. True once for each such
 * case: give the samples again that come after ret_last_us (INT64_MIN: all that there are). Until
 * it was asked, nothing is taken.
 */
bool km_recorder_take_rewind(struct km_recorder_stream *stream, int64_t *ret_last_us);

/* Label of the latest sample that was appended, also by an earlier process; INT64_MIN: none. */
int64_t km_recorder_last_us(const struct km_recorder_stream *stream);

/* The tracks of the newest segment. Returns 0, KM_ERR_NOT_FOUND, or why it cannot be read. */
KM_MUST_USE int km_recorder_last_tracks(
    struct km_recorder_stream *stream, struct km_tracks *ret_tracks);

/* --- regular work --- */

/* Sync what is due, delete what is due, try again what failed. Call it a few times a second. */
void km_recorder_tick(struct km_recorder *recorder, int64_t monotonic_us, int64_t unix_us);

/* Do not wait any longer before what failed is tried again. */
void km_recorder_hurry(struct km_recorder *recorder);

/* Sync at once. Returns 0 or why it failed. */
int km_recorder_sync(struct km_recorder *recorder);

struct km_recorder_stream_state {
	uint64_t frames; /* video samples stored since the recorder was opened */
	uint64_t bytes;
	uint64_t gaps;
	uint64_t lost;
	int64_t last_us; /* label of the newest sample that is surely on the disk; INT64_MIN */
	uint64_t kept_bytes;
	int64_t oldest_us; /* INT64_MAX: nothing is kept */
};

struct km_recorder_state {
	unsigned state; /* storage_state in model/states.tbl */
	uint64_t total_bytes;
	uint64_t free_bytes;
	uint64_t kept_bytes;
	char error[128];
};

void km_recorder_stream_describe(
    const struct km_recorder_stream *stream, struct km_recorder_stream_state *ret_state);
void km_recorder_describe(const struct km_recorder *recorder, struct km_recorder_state *ret_state);

/* The reason of a gap that comes about because samples could not be written now. */
unsigned km_recorder_gap_reason(const struct km_recorder *recorder);

#endif
