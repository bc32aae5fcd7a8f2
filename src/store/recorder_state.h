/*
 * What the two halves of the recorder share: recorder.c takes chunks, recorder_sync.c makes them
 * durable and keeps house. Nobody else includes this.
 */
#ifndef KM_STORE_RECORDER_STATE_H
#define KM_STORE_RECORDER_STATE_H

#include "store/recorder.h"
#include "store/retention.h"
#include "store/sync_thread.h"

#define KM_RECORDER_GAPS_MAX  256
#define KM_RECORDER_FILES_MAX 1024 /* segment files that are open or wait for their rows */

/* How far a segment file is written. */
struct km_recorder_mark {
	uint64_t bytes;
	uint64_t video_samples;
	int64_t end_us;
	int64_t last_us; /* label of the latest sample; INT64_MIN: none */
};

/*
 * One segment file, from its first chunk until its last row is committed. A sync makes durable what
 * was marked when it began; what is written meanwhile waits for the next one.
 */
struct km_recorder_file {
	struct km_recorder_file *next;
	struct km_recorder_stream *stream;
	struct km_segment_writer *writer;
	enum km_index_end end;
	bool is_doomed;    /* to be removed: nothing of it counts */
	bool is_dirty;     /* written since it was marked */
	bool is_marked;    /* a sync runs */
	bool has_row;      /* in the index */
	bool is_row_stale; /* the row says less than is on the disk */
	int64_t last_us;   /* label of the latest sample written */
	struct km_recorder_mark marked;
	struct km_recorder_mark synced; /* as of the last good sync */
};

struct km_recorder_key {
	struct km_uuid id;
	int32_t day;
	bool is_set;
	struct km_secret material;
};

struct km_recorder_stream {
	struct km_recorder_stream *next;
	struct km_recorder *recorder;
	struct km_retention_rule rule;
	struct km_recorder_key keys[2];
	struct km_tracks tracks;
	struct km_uuid run;
	struct km_recorder_file *current; /* NULL: the next chunk begins one */
	int64_t base_ticks[KM_TRACKS_MAX];
	int64_t rotate_us; /* label from which on the current segment may end */

	int64_t end_us;  /* of what was appended; INT64_MIN: nothing ever */
	int64_t last_us; /* label of the latest sample appended */
	bool is_marked;  /* as of its files */
	int64_t marked_end_us;
	int64_t marked_last_us;
	int64_t synced_end_us;
	int64_t synced_last_us;
	bool is_rewound;
	bool is_sync_failed;

	bool has_gap; /* a row is due when the next chunk comes */
	unsigned gap_reason;
	uint64_t gap_lost;
	unsigned why_ended; /* as the index has it */

	struct km_recorder_stream_state state;
};

struct km_recorder_gap {
	struct km_uuid camera;
	struct km_archive_gap gap;
	bool is_settled; /* the chunk that ends it is durable; only its row is not written yet */
};

struct km_recorder {
	struct km_recorder_options options;
	struct km_index *index;
	int root;
	struct km_recorder_stream *streams;
	struct km_recorder_file *files;
	size_t file_count;
	struct km_recorder_gap gaps[KM_RECORDER_GAPS_MAX];
	size_t gap_count;
	size_t marked_gap_count;        /* the first ones, whose chunks are marked */
	struct km_sync_thread *syncing; /* NULL: syncs block */
	bool is_syncing;                /* one was begun, and is not finished */
	bool was_failed;                /* when what is marked was marked */
	int synced_fds[2];              /* the file systems of the files and of the index */
	size_t synced_fd_count;
	struct km_buf sealed; /* one chunk in its final form; shared by all */

	int64_t now_us; /* monotonic, as of the last tick */
	int64_t last_sync_us;
	bool is_dirty;
	int64_t next_space_us;
	int64_t next_retention_us;
	int64_t retry_us; /* FULL and FAILED: not before */
	int64_t retry_after_us;
	struct km_recorder_state state;
};

/* Change the state, with its event. error is "" for states that have none. */
void km_recorder_sync_set_state(struct km_recorder *recorder, unsigned state, const char *error);

/*
 * Writing or syncing this file failed: give up what is not surely stored of its stream, so that it
 * is recorded again, into a new segment.
 */
void km_recorder_sync_fail(struct km_recorder_file *file, const char *what);

/* Write the trailer and have the rest done by the next sync. */
void km_recorder_sync_end(struct km_recorder_file *file, enum km_index_end end);

/* Delete the oldest for want of space. False: nothing is left that may be deleted. */
bool km_recorder_sync_make_room(struct km_recorder *recorder, uint64_t bytes);

#endif
