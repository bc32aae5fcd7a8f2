/*
 * One camera's rings to chunks: reads entries from a cursor of its own and hands whole chunks to
 * the recorder, straight out of the ring.
 *
 * The ring is the buffer: an entry is looked at once when it comes and once more when its chunk is
 * complete, and nothing is kept in between but positions. A chunk is complete when the next key
 * frame is there, or after 0.5 s or so. What the disk does not take now stays in the ring; when
 * the ring overwrites it, a gap row says so.
 *
 * For the storage thread alone. Ring contents are hostile: sizes, tracks and labels are checked
 * here or by the recorder.
 */
#ifndef KM_WRITER_GATHER_H
#define KM_WRITER_GATHER_H

#include "io/ring.h"
#include "store/recorder.h"

#define KM_GATHER_CHUNK_US        INT64_C(500000) /* wished length of a chunk */
#define KM_GATHER_SAMPLES_MAX     4096            /* in one chunk */
#define KM_GATHER_CHUNK_BYTES_MAX (16 * 1024 * 1024)
#define KM_GATHER_SAMPLE_BYTES_MAX                                                                 \
	(32 * 1024 * 1024) /* one access unit; larger ones are dropped                             \
			    */

/* Room for the samples of one chunk, shared by all streams of a thread. */
struct km_gather_room {
	struct km_segment_writer_sample samples[KM_GATHER_SAMPLES_MAX];
};

struct km_gather;

/* `stream` and `room` must outlive it. Returns 0 or KM_ERR_MEMORY. */
KM_MUST_USE int km_gather_create(struct km_recorder *recorder, struct km_recorder_stream *stream,
    struct km_gather_room *room, struct km_gather **ret_gather);

/* NULL is fine; what was not handed on is forgotten. */
void km_gather_destroy(struct km_gather *gather);

/*
 * Another ring, taken. It is read when the present one has ended, or has given nothing for a while
 * (its producer died). Rings that are not newer are destroyed.
 */
void km_gather_add_ring(struct km_gather *gather, struct km_ring *ring, uint64_t generation);

/* Take what is there, and hand on what is complete. */
void km_gather_tick(struct km_gather *gather, int64_t monotonic_us);

/* Hand on everything, complete or not. False: not all of it was taken. */
bool km_gather_flush(struct km_gather *gather, int64_t monotonic_us);

/* Forget the rings: the camera is switched off. */
void km_gather_stop(struct km_gather *gather, int64_t monotonic_us);

#endif
