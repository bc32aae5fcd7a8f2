#include "writer/gather.h"

#include "base/checked.h"
#include "base/time.h"
#include "model/states.h"

#include <stdlib.h>

#define CHUNK_LEAST_US   (KM_GATHER_CHUNK_US / 2)     /* GOPs shorter than this share one */
#define CHUNK_MOST_US    (KM_GATHER_CHUNK_US * 5 / 4) /* nor waits a longer one for it */
#define WAIT_US          (KM_GATHER_CHUNK_US * 5 / 4) /* slow cameras: after so long in the ring */
#define KEY_WAIT_US      (10 * KM_TIME_SECOND_US) /* [quirk: cameras that never mark a key frame] */
#define RING_DEAD_US     (2 * KM_TIME_SECOND_US)
#define SKIP_MOST_US     KM_TIME_SECOND_US /* labels so far behind the skipped ones end skipping */
#define SETTLE_MOST_US   KM_TIME_SECOND_US /* what labels may be corrected by */
#define RINGS_MAX        4
#define FILL_PERCENT     60
#define ENTRIES_PER_TICK 65536

/* The sample that follows a chunk, which ends the chunk's last one. */
struct follower {
	bool is_known;
	uint8_t track;
	int64_t decode_ticks;
	bool is_key;
	int64_t unix_us;
};

/* What is gathered but not handed on: entries from `begin` up to `end`, all of them samples. */
struct pending {
	struct km_ring_cursor begin;
	struct km_ring_cursor end;
	size_t count;
	uint64_t bytes;
	int64_t first_us; /* label */
	int64_t seen_us;  /* monotonic time at which the first was seen */
	/* The latest of them. */
	struct km_ring_cursor last_begin;
	struct follower last;
	uint64_t last_bytes;
	bool has_video;
	bool begins_with_key; /* its first picture is one */
};

struct waiting_ring {
	struct km_ring *ring;
	uint64_t generation;
};

struct km_gather {
	struct km_recorder *recorder;
	struct km_recorder_stream *stream;
	struct km_gather_room *room;
	struct waiting_ring rings[RINGS_MAX]; /* [0] is being read; oldest first */
	size_t ring_count;
	struct km_ring_cursor cursor; /* the next entry to look at */
	struct pending pending;
	struct km_tracks tracks;
	bool has_tracks;
	bool is_tracks_asked;   /* of the recorder, for this ring */
	bool is_key_awaited;    /* video is of no use before the next key frame */
	int64_t key_awaited_us; /* label since which; INT64_MIN: none seen yet */
	int64_t skip_us; /* samples up to this label are stored already; INT64_MIN: no more */
	int64_t quiet_since_us;                /* monotonic; the ring has given nothing since */
	uint32_t last_duration[KM_TRACKS_MAX]; /* as measured last */
};

int km_gather_create(struct km_recorder *recorder, struct km_recorder_stream *stream,
    struct km_gather_room *room, struct km_gather **ret_gather)
{
	struct km_gather *gather = calloc(1, sizeof(*gather));

	if (gather == NULL) {
		return KM_ERR_MEMORY;
	}
	gather->recorder = recorder;
	gather->stream = stream;
	gather->room = room;
	gather->skip_us = km_recorder_last_us(stream);
	gather->is_key_awaited = true;
	gather->key_awaited_us = INT64_MIN;
	*ret_gather = gather;
	return 0;
}

void km_gather_destroy(struct km_gather *gather)
{
	if (gather == NULL) {
		return;
	}
	for (size_t i = 0; i < gather->ring_count; i++) {
		km_ring_destroy(gather->rings[i].ring);
	}
	free(gather);
}

static struct km_ring *ring_of(const struct km_gather *gather)
{
	return gather->ring_count == 0 ? NULL : gather->rings[0].ring;
}

static bool has_video(const struct km_gather *gather)
{
	return gather->tracks.count > 0 && km_codec_is_video(gather->tracks.track[0].codec);
}

static int64_t decode_ticks(int64_t ticks, int32_t decode_offset_ticks)
{
	return (int64_t)((uint64_t)ticks - (uint64_t)(int64_t)decode_offset_ticks);
}

static void await_key(struct km_gather *gather)
{
	gather->is_key_awaited = true;
	gather->key_awaited_us = INT64_MIN;
}

/* --- rings --- */

/*
 * Where to begin in a ring of which an earlier process may have stored a part: behind the sample
 * with the label that was stored last. Its GOP is in the stored segment, so no key frame is waited
 * for. Without a match, from the oldest on.
 */
static void find_place(struct km_gather *gather)
{
	const struct km_ring *ring = ring_of(gather);
	struct km_ring_cursor newest = km_ring_newest(ring);
	struct km_ring_cursor cursor = km_ring_oldest(ring);
	struct km_tracks tracks; /* as of the cursor */
	bool has_tracks = false;

	gather->cursor = cursor;
	if (gather->skip_us == INT64_MIN) {
		return;
	}
	for (unsigned i = 0; i < ENTRIES_PER_TICK * 4 && cursor.position < newest.position; i++) {
		struct km_ring_entry entry;

		if (km_ring_next(ring, &cursor, &entry) < 0) {
			break;
		}
		if (entry.kind == KM_RING_TRACKS) {
			has_tracks = km_tracks_unpack(entry.payload, &tracks) == 0 &&
				     km_ring_is_valid(ring, entry.position);
		}
		if (entry.kind == KM_RING_SAMPLE && entry.unix_us == gather->skip_us) {
			gather->cursor = cursor;
			gather->is_key_awaited = false;
			if (has_tracks) {
				gather->tracks = tracks;
				gather->has_tracks = true;
			}
		}
	}
}

static void start_ring(struct km_gather *gather)
{
	gather->pending = (struct pending){ 0 };
	gather->quiet_since_us = 0;
	gather->has_tracks = false;
	gather->is_tracks_asked = false;
	find_place(gather);
	if (gather->has_tracks) {
		km_recorder_set_tracks(gather->stream, &gather->tracks);
	}
}

static void end_ring(struct km_gather *gather)
{
	if (gather->ring_count == 0) {
		return;
	}
	km_ring_destroy(gather->rings[0].ring);
	gather->ring_count--;
	memmove(
	    &gather->rings[0], &gather->rings[1], gather->ring_count * sizeof(gather->rings[0]));
	gather->pending = (struct pending){ 0 };
	if (gather->ring_count > 0) {
		start_ring(gather);
	}
}

void km_gather_add_ring(struct km_gather *gather, struct km_ring *ring, uint64_t generation)
{
	size_t count = gather->ring_count;

	if (count > 0 && generation <= gather->rings[count - 1].generation) {
		km_ring_destroy(ring);
		return;
	}
	if (count == RINGS_MAX) {
		/* A receiver that makes rings faster than they are read: the one between goes. */
		km_ring_destroy(gather->rings[count - 1].ring);
		gather->ring_count = --count;
	}
	gather->rings[count] = (struct waiting_ring){ .ring = ring, .generation = generation };
	gather->ring_count = count + 1;
	if (count == 0) {
		start_ring(gather);
	}
}

/* --- loss --- */

/* The ring has overwritten what was not handed on. `now` is where it goes on. */
static void lose(struct km_gather *gather, struct km_ring_cursor now)
{
	uint64_t from =
	    gather->pending.count > 0 ? gather->pending.begin.serial : gather->cursor.serial;

	km_recorder_gap(gather->stream, km_recorder_gap_reason(gather->recorder),
	    now.serial > from ? now.serial - from : 1);
	gather->pending = (struct pending){ 0 };
	gather->cursor = now;
	await_key(gather);
}

/* Pending samples that cannot be stored whatever one does. */
static void drop_pending(struct km_gather *gather)
{
	km_recorder_gap(gather->stream, KM_GAP_UNKNOWN, gather->pending.count);
	gather->pending = (struct pending){ 0 };
	await_key(gather);
}

/* --- handing on --- */

struct validity {
	const struct km_ring *ring;
	uint64_t position;
};

static bool is_still_valid(void *context)
{
	const struct validity *validity = context;

	return km_ring_is_valid(validity->ring, validity->position);
}

/* Read the pending entries once more, now into the room. Returns 0, KM_ERR_STALE, KM_ERR_FORMAT. */
static int collect(struct km_gather *gather, size_t *ret_count)
{
	const struct pending *pending = &gather->pending;
	struct km_ring_cursor cursor = pending->begin;
	size_t count = 0;

	while (cursor.position < pending->end.position) {
		struct km_ring_entry entry;
		int err = km_ring_next(ring_of(gather), &cursor, &entry);

		if (err < 0) {
			return err == KM_ERR_AGAIN ? KM_ERR_FORMAT : err;
		}
		if (entry.kind == KM_RING_TRACKS) {
			continue; /* said again, the same: other ones end a chunk */
		}
		if (entry.kind != KM_RING_SAMPLE || count == KM_GATHER_SAMPLES_MAX ||
		    entry.track >= gather->tracks.count) {
			return KM_ERR_FORMAT; /* it was another entry when we first looked */
		}
		gather->room->samples[count++] = (struct km_segment_writer_sample){
			.data = entry.payload,
			.ticks = entry.ticks,
			.unix_us = entry.unix_us,
			.decode_offset_ticks = entry.decode_offset_ticks,
			.track = entry.track,
			.is_key = (entry.flags & KM_RING_KEY) != 0,
			.is_damaged = (entry.flags & KM_RING_DAMAGED) != 0,
		};
	}
	*ret_count = count;
	return count == 0 ? KM_ERR_FORMAT : 0;
}

static uint32_t duration_between(int64_t from_ticks, int64_t to_ticks)
{
	int64_t ticks = 0;

	if (__builtin_sub_overflow(to_ticks, from_ticks, &ticks) || ticks < 0) {
		return 0; /* [quirk: cameras whose timestamps go backwards] */
	}
	return ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks;
}

/*
 * How long the last sample of each track lasts: until the follower, if that is of the same track;
 * else as long as the one before it.
 */
static void measure(struct km_gather *gather, size_t count, const struct follower *follower)
{
	const struct km_segment_writer_sample *last[KM_TRACKS_MAX] = { 0 };
	const struct km_segment_writer_sample *before[KM_TRACKS_MAX] = { 0 };

	for (size_t i = 0; i < count; i++) {
		const struct km_segment_writer_sample *sample = &gather->room->samples[i];

		before[sample->track] = last[sample->track];
		last[sample->track] = sample;
	}
	for (size_t i = 0; i < gather->tracks.count; i++) {
		int64_t ticks = 0;

		if (last[i] == NULL) {
			continue;
		}
		ticks = decode_ticks(last[i]->ticks, last[i]->decode_offset_ticks);
		if (follower->is_known && follower->track == i) {
			gather->last_duration[i] = duration_between(ticks, follower->decode_ticks);
		} else if (before[i] != NULL) {
			gather->last_duration[i] = duration_between(
			    decode_ticks(before[i]->ticks, before[i]->decode_offset_ticks), ticks);
		}
	}
}

/*
 * In the first seconds of a run labels are learnt: each less delayed picture moves all that follow
 * to an earlier moment. So within a chunk the last label of a track knows best, and the others
 * follow it by their ticks; a run that is looked at later then begins with the right moment.
 */
static void settle_labels(struct km_gather *gather, size_t count)
{
	const struct km_segment_writer_sample *last[KM_TRACKS_MAX] = { 0 };

	for (size_t i = count; i > 0; i--) {
		struct km_segment_writer_sample *sample = &gather->room->samples[i - 1];
		const struct km_segment_writer_sample *known = last[sample->track];
		int64_t hz = gather->tracks.track[sample->track].clock_hz;
		int64_t unix_us = 0;

		if (known == NULL) {
			last[sample->track] = sample;
			continue;
		}
		unix_us = known->unix_us -
			  km_checked_scale_i64(
			      duration_between(sample->ticks, known->ticks), KM_TIME_SECOND_US, hz);
		if (unix_us < sample->unix_us && sample->unix_us - unix_us < SETTLE_MOST_US) {
			sample->unix_us = unix_us;
		}
	}
}

static bool begins_with_key(const struct km_gather *gather, size_t count)
{
	if (!has_video(gather)) {
		return true;
	}
	for (size_t i = 0; i < count; i++) {
		if (gather->room->samples[i].track == 0) {
			return gather->room->samples[i].is_key;
		}
	}
	return false;
}

/*
 * Hand on the pending chunk. False: it must wait (no key, disk full or failing), and so must all
 * that follows.
 */
static bool hand_on(struct km_gather *gather, const struct follower *follower)
{
	struct validity validity = { .ring = ring_of(gather),
		.position = gather->pending.begin.position };
	struct km_recorder_chunk chunk = { .samples = gather->room->samples,
		.next_us = follower->is_known ? follower->unix_us : INT64_MIN,
		.is_valid = is_still_valid,
		.context = &validity };
	int err = 0;

	if (gather->pending.count == 0) {
		return true;
	}
	err = collect(gather, &chunk.count);
	if (err == 0) {
		measure(gather, chunk.count, follower);
		settle_labels(gather, chunk.count);
		memcpy(chunk.last_duration, gather->last_duration, sizeof(chunk.last_duration));
		chunk.is_key = begins_with_key(gather, chunk.count);
		err = km_recorder_append(gather->stream, &chunk);
	}
	switch (err) {
	case 0:
		gather->pending = (struct pending){ 0 };
		return true;
	case KM_ERR_STALE:
		lose(gather, km_ring_oldest(ring_of(gather)));
		return false;
	case KM_ERR_LIMIT:
	case KM_ERR_FORMAT:
		drop_pending(gather);
		return true;
	default:
		return false;
	}
}

/* --- entries --- */

static const struct follower nobody = { .is_known = false };

static bool take_tracks(struct km_gather *gather, const struct km_ring_entry *entry)
{
	struct km_tracks tracks;
	int err = km_tracks_unpack(entry->payload, &tracks);

	if (!km_ring_is_valid(ring_of(gather), entry->position)) {
		return true; /* torn; the next read says so */
	}
	if (err < 0 || (gather->has_tracks && km_tracks_is_equal(&tracks, &gather->tracks))) {
		return true;
	}
	if (!hand_on(gather, &nobody)) {
		return false;
	}
	gather->tracks = tracks;
	gather->has_tracks = true;
	memset(gather->last_duration, 0, sizeof(gather->last_duration));
	km_recorder_set_tracks(gather->stream, &tracks);
	return true;
}

static bool take_gap(struct km_gather *gather, const struct km_ring_entry *entry)
{
	unsigned reason = KM_GAP_UNKNOWN;

	if (!hand_on(gather, &nobody)) {
		return false;
	}
	if (entry->payload.size >= 1) {
		reason = entry->payload.data[0];
		reason = reason > KM_GAP_DAMAGED ? KM_GAP_UNKNOWN : reason;
	}
	gather->skip_us = INT64_MIN;
	km_recorder_gap(gather->stream, reason, entry->lost);
	await_key(gather);
	return true;
}

/* A ring whose first entries are gone does not tell its tracks: most likely the last ones. */
static bool need_tracks(struct km_gather *gather)
{
	if (!gather->has_tracks && !gather->is_tracks_asked) {
		gather->is_tracks_asked = true;
		if (km_recorder_last_tracks(gather->stream, &gather->tracks) == 0) {
			gather->has_tracks = true;
			km_recorder_set_tracks(gather->stream, &gather->tracks);
		}
	}
	return gather->has_tracks;
}

/* Whether this sample is stored already. */
static bool is_skipped(struct km_gather *gather, const struct km_ring_entry *entry)
{
	if (gather->skip_us == INT64_MIN) {
		return false;
	}
	if ((entry->flags & KM_RING_NEW_RUN) != 0 && entry->unix_us < gather->skip_us) {
		gather->skip_us = INT64_MIN; /* the clock went back */
		return false;
	}
	if (entry->unix_us > gather->skip_us + SKIP_MOST_US) {
		gather->skip_us = INT64_MIN;
		return false;
	}
	return entry->unix_us <= gather->skip_us;
}

/* Whether it is of use while a key frame is awaited. */
static bool is_awaited(struct km_gather *gather, const struct km_ring_entry *entry)
{
	bool is_key = (entry->flags & KM_RING_KEY) != 0;

	if (!gather->is_key_awaited) {
		return true;
	}
	if (gather->key_awaited_us == INT64_MIN) {
		gather->key_awaited_us = entry->unix_us;
	}
	if (!has_video(gather) || (entry->track == 0 && is_key) ||
	    entry->unix_us - gather->key_awaited_us > KEY_WAIT_US) {
		gather->is_key_awaited = false;
		return true;
	}
	return false;
}

static struct follower follower_from(const struct km_ring_entry *entry)
{
	return (struct follower){ .is_known = (entry->flags & KM_RING_NEW_RUN) == 0,
		.is_key = (entry->flags & KM_RING_KEY) != 0,
		.track = entry->track,
		.decode_ticks = decode_ticks(entry->ticks, entry->decode_offset_ticks),
		.unix_us = entry->unix_us };
}

/* Whether the pending chunk is complete in front of this sample. */
static bool ends_chunk(const struct km_gather *gather, const struct km_ring_entry *entry)
{
	const struct pending *pending = &gather->pending;
	int64_t span_us = entry->unix_us - pending->first_us;
	bool is_video_key =
	    has_video(gather) && entry->track == 0 && (entry->flags & KM_RING_KEY) != 0;
	/* One can begin to play only where a chunk begins with a key frame. */
	bool hides_key = is_video_key && pending->has_video && !pending->begins_with_key;

	return hides_key || (is_video_key && span_us >= CHUNK_LEAST_US) ||
	       span_us >= CHUNK_MOST_US || span_us < -CHUNK_MOST_US ||
	       pending->count >= KM_GATHER_SAMPLES_MAX ||
	       pending->bytes + entry->payload.size > KM_GATHER_CHUNK_BYTES_MAX;
}

static bool is_acceptable(const struct km_gather *gather, const struct km_ring_entry *entry)
{
	const int64_t most_us = INT64_C(1) << 61;

	return entry->track < gather->tracks.count &&
	       entry->payload.size <= KM_GATHER_SAMPLE_BYTES_MAX && entry->unix_us < most_us &&
	       entry->unix_us > -most_us;
}

/* `before` is the cursor at this entry, `after` the one behind it. */
static bool take_sample(struct km_gather *gather, const struct km_ring_entry *entry,
    struct km_ring_cursor before, struct km_ring_cursor after, int64_t monotonic_us)
{
	struct pending *pending = &gather->pending;
	struct follower follower = follower_from(entry);
	bool is_new_run = (entry->flags & KM_RING_NEW_RUN) != 0;

	if (is_new_run && !hand_on(gather, &nobody)) {
		return false;
	}
	if (is_new_run) {
		km_recorder_new_run(gather->stream);
		await_key(gather);
	}
	if (!need_tracks(gather) || !is_acceptable(gather, entry)) {
		if (!hand_on(gather, &nobody)) {
			return false;
		}
		km_recorder_gap(gather->stream, KM_GAP_UNKNOWN, 1);
		await_key(gather);
		return true;
	}
	if (is_skipped(gather, entry) || !is_awaited(gather, entry)) {
		return hand_on(gather, &nobody);
	}
	if (pending->count > 0 && ends_chunk(gather, entry) && !hand_on(gather, &follower)) {
		return false;
	}
	if (pending->count == 0) {
		*pending = (struct pending){
			.begin = before, .first_us = entry->unix_us, .seen_us = monotonic_us
		};
	}
	if (entry->track == 0 && !pending->has_video) {
		pending->has_video = true;
		pending->begins_with_key = follower.is_key;
	}
	pending->end = after;
	pending->count++;
	pending->bytes += entry->payload.size;
	pending->last_begin = before;
	pending->last = follower;
	pending->last_bytes = entry->payload.size;
	return true;
}

/* --- ticks --- */

enum step {
	STEP_MORE,
	STEP_QUIET,   /* nothing new */
	STEP_BLOCKED, /* the recorder does not take any more now */
	STEP_ENDED,   /* this ring */
};

static enum step take_entry(struct km_gather *gather, int64_t monotonic_us)
{
	struct km_ring_cursor before = gather->cursor;
	struct km_ring_cursor after = before;
	struct km_ring_entry entry;
	bool is_taken = false;
	int err = km_ring_next(ring_of(gather), &after, &entry);

	switch (err) {
	case 0:
		break;
	case KM_ERR_AGAIN:
		return STEP_QUIET;
	case KM_ERR_STALE:
		lose(gather, after);
		return STEP_MORE;
	default:
		(void)hand_on(gather, &nobody);
		km_recorder_gap(gather->stream, KM_GAP_UNKNOWN, 0);
		await_key(gather);
		return STEP_ENDED;
	}
	switch (entry.kind) {
	case KM_RING_TRACKS:
		is_taken = take_tracks(gather, &entry);
		break;
	case KM_RING_SAMPLE:
		is_taken = take_sample(gather, &entry, before, after, monotonic_us);
		break;
	case KM_RING_GAP:
		is_taken = take_gap(gather, &entry);
		break;
	case KM_RING_END:
		return hand_on(gather, &nobody) ? STEP_ENDED : STEP_BLOCKED;
	default:
		is_taken = true; /* a kind of later times */
		break;
	}
	if (is_taken) {
		gather->cursor = after;
		return STEP_MORE;
	}
	return STEP_BLOCKED;
}

/*
 * All but the latest sample, which tells how long the one before it lasts, and becomes the first of
 * the next chunk.
 */
static void hand_on_most(struct km_gather *gather, int64_t monotonic_us)
{
	struct pending *pending = &gather->pending;
	struct pending rest = { .begin = pending->last_begin,
		.end = pending->end,
		.count = 1,
		.bytes = pending->last_bytes,
		.first_us = pending->last.unix_us,
		.seen_us = monotonic_us,
		.last_begin = pending->last_begin,
		.last = pending->last,
		.last_bytes = pending->last_bytes,
		.has_video = pending->last.track == 0,
		.begins_with_key = pending->last.track == 0 && pending->last.is_key };
	struct follower follower = pending->last;
	struct pending whole = *pending;

	follower.is_known = true;
	pending->end = pending->last_begin;
	pending->count--;
	if (hand_on(gather, &follower)) {
		gather->pending = gather->is_key_awaited ? (struct pending){ 0 } : rest;
	} else if (pending->count > 0) {
		*pending = whole; /* blocked: the same again at the next tick */
	}
}

/* The chunk that waits for its end: long enough, or for long enough, or too much of the ring. */
static void hand_on_due(struct km_gather *gather, int64_t monotonic_us)
{
	const struct pending *pending = &gather->pending;
	uint64_t unread = 0;

	if (gather->ring_count == 0 || pending->count == 0) {
		return;
	}
	unread = km_ring_newest(ring_of(gather)).position - pending->begin.position;
	if (pending->last.unix_us - pending->first_us >= KM_GATHER_CHUNK_US && pending->count > 1) {
		hand_on_most(gather, monotonic_us);
	} else if (monotonic_us - pending->seen_us >= WAIT_US ||
		   unread > km_ring_capacity(ring_of(gather)) / 100 * FILL_PERCENT) {
		(void)hand_on(gather, &nobody);
	}
}

/* A producer that died without ending its ring: there is another ring, and this one is quiet. */
static bool is_dead(struct km_gather *gather, int64_t monotonic_us)
{
	if (gather->quiet_since_us == 0) {
		gather->quiet_since_us = monotonic_us;
	}
	return gather->ring_count > 1 && monotonic_us - gather->quiet_since_us > RING_DEAD_US;
}

static enum step take_entries(struct km_gather *gather, int64_t monotonic_us)
{
	enum step step = STEP_MORE;

	for (unsigned i = 0; i < ENTRIES_PER_TICK && step == STEP_MORE; i++) {
		step = take_entry(gather, monotonic_us);
		if (step == STEP_MORE) {
			gather->quiet_since_us = 0;
		}
	}
	return step;
}

/* After a failed sync: begin again behind what is surely stored, as after a restart. */
static void rewind_if_needed(struct km_gather *gather)
{
	int64_t last_us = INT64_MIN;

	if (!km_recorder_take_rewind(gather->stream, &last_us) || ring_of(gather) == NULL) {
		return;
	}
	gather->skip_us = last_us;
	gather->pending = (struct pending){ 0 };
	await_key(gather);
	find_place(gather);
}

void km_gather_tick(struct km_gather *gather, int64_t monotonic_us)
{
	rewind_if_needed(gather);
	for (size_t i = 0; i < RINGS_MAX && gather->ring_count > 0; i++) {
		enum step step = take_entries(gather, monotonic_us);

		if (step == STEP_QUIET && is_dead(gather, monotonic_us) &&
		    hand_on(gather, &nobody)) {
			km_recorder_gap(gather->stream, KM_GAP_RECORDER_DOWN, 0);
			await_key(gather);
			step = STEP_ENDED;
		}
		if (step != STEP_ENDED) {
			break;
		}
		end_ring(gather);
	}
	hand_on_due(gather, monotonic_us);
}

bool km_gather_flush(struct km_gather *gather, int64_t monotonic_us)
{
	km_gather_tick(gather, monotonic_us);
	while (gather->ring_count > 0) {
		if (take_entries(gather, monotonic_us) == STEP_BLOCKED ||
		    !hand_on(gather, &nobody)) {
			return false;
		}
		if (gather->ring_count == 1) {
			break;
		}
		end_ring(gather);
	}
	return true;
}

void km_gather_stop(struct km_gather *gather, int64_t monotonic_us)
{
	(void)km_gather_flush(gather, monotonic_us);
	gather->pending = (struct pending){ 0 };
	for (size_t i = 0; i < gather->ring_count; i++) {
		km_ring_destroy(gather->rings[i].ring);
	}
	gather->ring_count = 0;
	gather->skip_us = km_recorder_last_us(gather->stream);
	km_recorder_gap(gather->stream, KM_GAP_CAMERA_OFF, 0);
	await_key(gather);
}
