/*
 * One stream of a camera in shared memory: one producer, any number of readers that only read.
 *
 * The receiver creates a ring, writes access units where they will stay, and passes the descriptor
 * on. Readers (writer, web, later analyst) map it read-only, each with a cursor of its own. A slow
 * reader loses its place and is told so (KM_ERR_STALE); it never slows the producer.
 *
 * The map holds a header page and then the data area, which is mapped twice in a row so that every
 * entry is contiguous. Positions count bytes since the ring began and never wrap. The producer
 * first publishes how far it may write (`reserved`), then writes, then publishes the entry
 * (`head`):
 *
 *      positions   reserved - capacity          head            reserved
 *                  |  valid, oldest ... newest  |  being written |
 *
 * A reader that has used bytes in place asks km_ring_is_valid() afterwards: if its entry's position
 * has fallen below reserved - capacity meanwhile, what it read may be torn and is dropped.
 *
 * Contents are hostile to readers (the receiver may be taken over): sizes and positions are checked
 * against the map, kinds and tracks by whoever uses them.
 *
 * Wake-up: an eventfd goes with each ring. The producer signals it after a commit only while it is
 * told that somebody watches live; otherwise readers look on their own tick.
 */
#ifndef KM_IO_RING_H
#define KM_IO_RING_H

#include "base/buf.h"

/* What an entry is. */
enum km_ring_kind {
	KM_RING_TRACKS =
	    1, /* payload: km_tracks_pack; comes first, and again whenever it changes */
	KM_RING_SAMPLE = 2, /* payload: one access unit or audio frame, as it goes into MP4 */
	KM_RING_GAP = 3,    /* payload: one byte, gap_reason in model/states.tbl; media is missing
			       before the next    entry; ticks start a new run */
	KM_RING_END = 4,    /* nothing follows in this ring; payload empty */
};

enum km_ring_flag {
	KM_RING_KEY = 1,     /* a decoder may start here */
	KM_RING_DAMAGED = 2, /* packets of this access unit were lost or refused */
	KM_RING_NEW_RUN = 4, /* ticks of this sample do not continue those before */
};

struct km_ring_entry {
	uint64_t position; /* of the entry in the ring; grows */
	uint64_t
	    serial; /* entries since the ring began, from 0: a jump means entries were missed */
	enum km_ring_kind kind;
	uint8_t track;  /* index into the tracks; 0 for other kinds */
	uint16_t flags; /* enum km_ring_flag */
	int64_t
	    ticks; /* presentation time in the track's clock since the run began; samples only */
	int32_t decode_offset_ticks; /* presentation minus decoding time; 0 without B pictures */
	uint32_t lost;               /* KM_RING_GAP: packets known to be missing; else 0 */
	int64_t unix_us;             /* wall-clock label of the moment */
	struct km_bytes payload;     /* in the map: see km_ring_is_valid */
};

struct km_ring;

/* --- the producer --- */

/*
 * Create a ring whose data area has at least `bytes` bytes (rounded up to whole pages; at least
 * 64 KiB, at most 1 GiB). The descriptors are close-on-exec; the memory is sealed against
 * resizing and against new writable maps.
 * Returns 0, KM_ERR_RANGE, KM_ERR_MEMORY or KM_ERR_SYS.
 */
KM_MUST_USE int km_ring_create(size_t bytes, struct km_ring **ret_ring);

/*
 * Begin an entry, or grow the one begun: at least `bytes` bytes of payload may now be written.
 * Older entries that stand in the way become invalid for readers. Returns where the payload
 * begins (the same address for the whole entry), or NULL if an entry of that size would take more
 * than half of the ring.
 */
uint8_t *km_ring_reserve(struct km_ring *ring, size_t bytes);

/*
 * Publish the entry begun, with payload bytes `size` <= what was reserved. position, serial and
 * payload of `entry` are not looked at.
 */
void km_ring_commit(struct km_ring *ring, const struct km_ring_entry *entry, size_t size);

/* Reserve, copy, commit. Returns 0 or KM_ERR_LIMIT. */
KM_MUST_USE int km_ring_write(
    struct km_ring *ring, const struct km_ring_entry *entry, struct km_bytes payload);

/*
 * While true, km_ring_commit signals the eventfd. Off at first. Nobody resets it, as all who hold
 * the ring share it: readers wait for the next signal (KM_ROUNDS_BY_EVENT), not for its being set.
 */
void km_ring_set_watched(struct km_ring *ring, bool is_watched);

/* --- the readers --- */

/*
 * Map a ring read-only. Takes both descriptors on success (they are closed by km_ring_destroy);
 * on failure they stay the caller's. Checks size, seals and header.
 * Returns 0, KM_ERR_FORMAT, KM_ERR_RANGE or KM_ERR_SYS.
 */
KM_MUST_USE int km_ring_attach(int memory_fd, int event_fd, struct km_ring **ret_ring);

/* A reader's place. Plain value; several may exist per ring. */
struct km_ring_cursor {
	uint64_t position;
	uint64_t serial;
};

/* At the oldest entry that is still there; at the newest end (only what comes from now on). */
struct km_ring_cursor km_ring_oldest(const struct km_ring *ring);
struct km_ring_cursor km_ring_newest(const struct km_ring *ring);

/*
 * The next entry; moves the cursor behind it.
 * Returns 0, KM_ERR_AGAIN (nothing new), KM_ERR_STALE (the place was overwritten: the cursor now is
 * at the oldest entry; the jump in serial tells how many were missed), or KM_ERR_FORMAT (the
 * producer broke the format: give the ring up). A hostile producer never runs dry: bound the loop.
 */
KM_MUST_USE int km_ring_next(
    const struct km_ring *ring, struct km_ring_cursor *cursor, struct km_ring_entry *ret_entry);

/* Whether everything from this position on is still untouched. */
bool km_ring_is_valid(const struct km_ring *ring, uint64_t position);

/* --- both --- */

/* How many bytes the data area has. */
size_t km_ring_capacity(const struct km_ring *ring);

/* Borrowed descriptors, to pass on. */
int km_ring_memory_fd(const struct km_ring *ring);
int km_ring_event_fd(const struct km_ring *ring);

/* Unmap and close. NULL is fine. */
void km_ring_destroy(struct km_ring *ring);

#endif
