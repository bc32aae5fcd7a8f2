#include "receiver/intake.h"

#include "base/checked.h"
#include "base/time.h"
#include "model/states.h"
#include "proto/oddity.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FORWARD_MAX_S    10 /* a larger jump of timestamps ends the run */
#define VIDEO_BACK_MAX_S 1  /* B pictures of a slow stream */
#define AUDIO_UNIT_MAX   ((size_t)16384)
#define VIDEO_UNIT_MAX   ((size_t)16 << 20)
#define WAITING_MAX      ((size_t)256 * 1024)
#define AUDIO_BUFFER_MAX (AUDIO_UNIT_MAX + (size_t)160 * 1024) /* and room for any packet */
#define RING_BYTES_MIN   ((size_t)1 << 20)
#define RING_SLACK       4096 /* entry headers and alignment */
#define UNIT_ROUNDS_MAX  4096 /* units in one packet; AAC packs many frames */

void km_intake_init(struct km_intake *intake, const struct km_intake_settings *settings,
    const struct km_intake_events *events, void *context)
{
	*intake = (struct km_intake){
		.settings = *settings,
		.events = events,
		.context = context,
	};
	if (intake->settings.ring_bytes_max < RING_BYTES_MIN) {
		intake->settings.ring_bytes_max = RING_BYTES_MIN;
	}
	if (intake->settings.ring_bytes_first > intake->settings.ring_bytes_max) {
		intake->settings.ring_bytes_first = intake->settings.ring_bytes_max;
	}
	km_buf_init(&intake->waiting, WAITING_MAX);
}

void km_intake_reset(struct km_intake *intake)
{
	for (size_t i = 0; i < intake->track_count; i++) {
		km_buf_finish(&intake->track[i].unit);
		intake->track[i] = (struct km_intake_track){ 0 };
	}
	intake->track_count = 0;
	intake->is_reserved = false;
	intake->is_playing = false;
	intake->are_tracks_due = true;
	km_buf_clear(&intake->waiting);
}

void km_intake_finish(struct km_intake *intake)
{
	km_intake_reset(intake);
	km_buf_finish(&intake->waiting);
	km_ring_destroy(intake->ring);
	intake->ring = NULL;
}

size_t km_intake_unit_max(const struct km_intake *intake, bool is_video)
{
	size_t half =
	    intake->settings.ring_bytes_max / 2 - RING_SLACK - km_depacketizer_room(UINT16_MAX);

	if (!is_video) {
		return AUDIO_UNIT_MAX;
	}
	return half < VIDEO_UNIT_MAX ? half : VIDEO_UNIT_MAX;
}

void km_intake_add(
    struct km_intake *intake, const struct km_depacketizer *depacketizer, uint8_t payload_type)
{
	struct km_intake_track *track = &intake->track[intake->track_count];
	int64_t hz = (int64_t)depacketizer->track.clock_hz;
	bool is_video = km_codec_is_video(depacketizer->track.codec);

	*track = (struct km_intake_track){ .payload_type = payload_type };
	track->depacketizer = *depacketizer;
	km_rtp_clock_init(&track->clock, FORWARD_MAX_S * hz, VIDEO_BACK_MAX_S * hz);
	if (!is_video) {
		km_buf_init(&track->unit, AUDIO_BUFFER_MAX);
	}
	intake->track_count++;
}

void km_intake_tracks(const struct km_intake *intake, struct km_tracks *ret_tracks)
{
	*ret_tracks = (struct km_tracks){ .count = (uint8_t)intake->track_count };
	for (size_t i = 0; i < intake->track_count; i++) {
		ret_tracks->track[i] = intake->track[i].depacketizer.track;
	}
}

const struct km_ring *km_intake_ring(const struct km_intake *intake, uint64_t *ret_generation)
{
	*ret_generation = intake->generation;
	return intake->ring;
}

void km_intake_set_watched(struct km_intake *intake, bool is_watched)
{
	intake->is_watched = is_watched;
	if (intake->ring != NULL) {
		km_ring_set_watched(intake->ring, is_watched);
	}
}

/* --- the ring --- */

static int make_ring(struct km_intake *intake, size_t bytes, struct km_ring **ret_ring)
{
	int err = km_ring_create(bytes, ret_ring);

	if (err < 0) {
		intake->has_fault = true;
		return err;
	}
	intake->has_fault = false;
	km_ring_set_watched(*ret_ring, intake->is_watched);
	intake->generation++;
	intake->are_tracks_due = true;
	return 0;
}

static int write_tracks_to(struct km_intake *intake, struct km_ring *ring)
{
	const struct km_ring_entry entry = { .kind = KM_RING_TRACKS };
	struct km_tracks tracks;
	struct km_buf packed = { 0 };
	int err = 0;

	km_intake_tracks(intake, &tracks);
	km_buf_init(&packed, KM_TRACKS_PACKED_MAX);
	km_tracks_pack(&tracks, &packed);
	err = km_buf_error(&packed);
	if (err == 0) {
		err = km_ring_write(ring, &entry, km_buf_view(&packed));
	}
	km_buf_finish(&packed);
	intake->since_tracks_bytes = 0;
	return err;
}

static int move_unit(struct km_buf *unit, struct km_ring *ring)
{
	uint8_t *to = km_ring_reserve(ring, unit->size);
	size_t size = unit->size;

	if (to == NULL) {
		return KM_ERR_LIMIT;
	}
	memcpy(to, unit->data, size);
	km_buf_init_fixed(unit, to, size);
	unit->size = size;
	return 0;
}

/*
 * Go on in a ring of one and a half times the size, or more if `needed` bytes of payload want it.
 * The unit begun moves along. Returns 0, KM_ERR_LIMIT at the maximum, or what creating returned:
 * then the present ring stays.
 */
static int grow_ring(struct km_intake *intake, size_t needed)
{
	struct km_ring *old = intake->ring;
	struct km_ring *ring = NULL;
	struct km_buf *unit = &intake->track[0].unit;
	size_t bytes = km_ring_capacity(old) / 2 * 3;
	const struct km_ring_entry end = { .kind = KM_RING_END };
	int err = 0;

	while (bytes / 2 < needed + RING_SLACK && bytes < intake->settings.ring_bytes_max) {
		bytes *= 2;
	}
	if (bytes > intake->settings.ring_bytes_max) {
		bytes = intake->settings.ring_bytes_max;
	}
	if (bytes <= km_ring_capacity(old) || bytes / 2 < needed + RING_SLACK) {
		return KM_ERR_LIMIT;
	}
	err = make_ring(intake, bytes, &ring);
	if (err < 0) {
		return err;
	}
	err = write_tracks_to(intake, ring);
	if (err == 0 && intake->is_reserved) {
		err = move_unit(unit, ring);
	}
	if (err == 0) {
		err = km_ring_write(old, &end, km_bytes_from(NULL, 0));
	}
	if (err < 0) {
		km_ring_destroy(ring);
		return err;
	}
	intake->ring = ring;
	intake->are_tracks_due = false;
	intake->gop_bytes = 0;
	intake->events->on_ring(intake->context, ring, intake->generation);
	km_ring_destroy(old);
	return 0;
}

static int need_ring(struct km_intake *intake)
{
	int err = 0;

	if (intake->ring != NULL) {
		return 0;
	}
	err = make_ring(intake, intake->settings.ring_bytes_first, &intake->ring);
	if (err == 0) {
		intake->events->on_ring(intake->context, intake->ring, intake->generation);
	}
	return err;
}

/* Place the video unit so that it has room for `room` more bytes. */
static int place_unit(struct km_intake *intake, struct km_buf *unit, size_t room)
{
	size_t held = intake->is_reserved ? unit->size : 0;
	uint8_t *at = km_ring_reserve(intake->ring, held + room);

	while (at == NULL) {
		int err = grow_ring(intake, held + room);

		if (err < 0) {
			return err;
		}
		at = km_ring_reserve(intake->ring, held + room);
	}
	km_buf_init_fixed(unit, at, held + room);
	unit->size = held;
	intake->is_reserved = true;
	return 0;
}

/*
 * Write something while a video unit is being built, which is put aside meanwhile. Rare. On
 * KM_ERR_MEMORY nothing was written.
 */
static int write_aside(struct km_intake *intake,
    int (*write)(struct km_intake *intake, const struct km_ring_entry *entry),
    const struct km_ring_entry *entry)
{
	struct km_buf *unit = &intake->track[0].unit;
	size_t held = intake->is_reserved ? unit->size : 0;
	uint8_t *copy = NULL;
	uint8_t *at = NULL;
	int err = 0;

	if (held > 0) {
		copy = malloc(held);
		if (copy == NULL) {
			return KM_ERR_MEMORY;
		}
		memcpy(copy, unit->data, held);
	}
	err = write(intake, entry);
	intake->is_reserved = false;
	if (held > 0) {
		at = km_ring_reserve(intake->ring, held);
		assert(at != NULL); /* it had place in this ring before */
		memcpy(at, copy, held);
		km_buf_init_fixed(unit, at, held);
		unit->size = held;
		intake->is_reserved = true;
	}
	free(copy);
	return err;
}

static int write_tracks(struct km_intake *intake, const struct km_ring_entry *entry)
{
	int err = write_tracks_to(intake, intake->ring);

	(void)entry;
	intake->are_tracks_due = err < 0;
	return err;
}

static int write_gap(struct km_intake *intake, const struct km_ring_entry *entry)
{
	return km_ring_write(intake->ring, entry, entry->payload);
}

/* Forget the unit begun, and have the depacketizer do the same. */
static void drop_unit(struct km_intake_track *track)
{
	unsigned result = 0;

	km_depacketizer_flush(&track->depacketizer, &track->unit, &result);
	km_buf_clear(&track->unit);
}

/* --- runs --- */

void km_intake_end(struct km_intake *intake, unsigned reason, int64_t unix_us)
{
	const uint8_t payload = (uint8_t)reason;
	const struct km_ring_entry entry = {
		.kind = KM_RING_GAP,
		.unix_us = unix_us,
		.payload = km_bytes_from(&payload, 1),
	};

	intake->is_playing = false;
	intake->end_reason = 0;
	km_buf_clear(&intake->waiting);
	for (size_t i = 0; i < intake->track_count; i++) {
		intake->track[i].is_in_run = false;
	}
	if (intake->was_run && intake->ring != NULL) {
		if (write_aside(intake, write_gap, &entry) < 0) {
			return; /* out of memory: the next end writes it */
		}
	}
	intake->was_run = false;
}

void km_intake_end_at_key(struct km_intake *intake, unsigned reason)
{
	if (intake->is_playing) {
		intake->end_reason = reason;
	}
}

static int64_t to_us(const struct km_intake_track *track, int64_t ticks)
{
	return km_checked_scale_i64(
	    ticks, KM_TIME_SECOND_US, (int64_t)track->depacketizer.track.clock_hz);
}

bool km_intake_label(
    const struct km_intake *intake, size_t track_index, uint32_t timestamp, int64_t *ret_unix_us)
{
	const struct km_intake_track *track = &intake->track[track_index];
	int64_t ticks = 0;

	if (!intake->is_playing || track_index >= intake->track_count || !track->is_in_run ||
	    !track->clock.is_started) {
		return false;
	}
	ticks = track->base_ticks + track->clock.ticks + (int32_t)(timestamp - track->clock.last);
	*ret_unix_us = km_label_clock_at(&intake->label, to_us(track, ticks));
	return true;
}

/* The track that gives the run its clock: video, or audio where there is no video. */
static bool is_leading(const struct km_intake *intake, const struct km_intake_track *track)
{
	return track == &intake->track[0];
}

static void begin_run(struct km_intake *intake, struct km_intake_track *track)
{
	for (size_t i = 0; i < intake->track_count; i++) {
		intake->track[i].is_in_run = false;
		intake->track[i].has_last = false;
	}
	intake->is_playing = true;
	intake->is_run_new = true;
	track->is_in_run = true;
	track->base_ticks = 0;
	km_rtp_clock_init(
	    &track->clock, track->clock.max_forward_ticks, track->clock.max_backward_ticks);
	km_decode_time_begin(&track->decode);
	km_label_clock_begin(&intake->label, intake->settings.tick_us);
}

/* Where a track that is not the leading one joins the run: by when it arrives. */
static void join_run(
    struct km_intake *intake, struct km_intake_track *track, int64_t arrival_unix_us)
{
	int64_t media_us = arrival_unix_us - km_label_clock_at(&intake->label, 0);
	int64_t ticks = km_checked_scale_i64(
	    media_us, (int64_t)track->depacketizer.track.clock_hz, KM_TIME_SECOND_US);

	if (track->has_last && ticks <= track->last_ticks) {
		ticks = track->last_ticks + 1;
	}
	track->base_ticks = ticks;
	track->is_in_run = true;
	km_rtp_clock_init(
	    &track->clock, track->clock.max_forward_ticks, track->clock.max_backward_ticks);
}

/*
 * The time of a unit that is done, in the run's ticks. False: the unit is not to be written.
 */
static bool place_in_time(struct km_intake *intake, struct km_intake_track *track,
    int64_t arrival_unix_us, int64_t *ret_ticks)
{
	const struct km_depacketizer_unit *unit = &track->depacketizer.unit;
	int64_t ticks = 0;

	if (is_leading(intake, track)) {
		if (track->is_in_run &&
		    km_rtp_clock_push(&track->clock, unit->timestamp, &ticks) < 0) {
			intake->oddities |= KM_ODDITY_TIME_JUMPED;
			km_intake_end(intake, KM_GAP_MEDIA_JUMP, arrival_unix_us);
		}
		if (intake->end_reason != 0 && unit->is_key) {
			km_intake_end(intake, intake->end_reason, arrival_unix_us);
		}
		if (!track->is_in_run) {
			if (!unit->is_key) {
				return false;
			}
			begin_run(intake, track);
			if (km_rtp_clock_push(&track->clock, unit->timestamp, &ticks) < 0) {
				return false;
			}
		}
		/* Leading pictures of an open GOP show before the key frame that began the run. */
		*ret_ticks = ticks;
		return ticks >= 0;
	}
	if (!intake->is_playing) {
		return false;
	}
	if (track->is_in_run && km_rtp_clock_push(&track->clock, unit->timestamp, &ticks) < 0) {
		intake->oddities |= KM_ODDITY_TIME_JUMPED;
		track->is_in_run = false;
	}
	if (!track->is_in_run) {
		join_run(intake, track, arrival_unix_us);
		if (km_rtp_clock_push(&track->clock, unit->timestamp, &ticks) < 0) {
			return false;
		}
	}
	*ret_ticks = track->base_ticks + ticks;
	return *ret_ticks >= 0;
}

/* --- units --- */

/* Audio that waited for the video unit to be done. */
static void write_waiting(struct km_intake *intake)
{
	struct km_bytes rest = km_buf_view(&intake->waiting);

	while (rest.size > 0) {
		struct km_ring_entry entry;
		size_t size = 0;

		memcpy(&entry, rest.data, sizeof(entry));
		size = entry.payload.size;
		rest = km_bytes_after(rest, sizeof(entry));
		if (km_ring_write(intake->ring, &entry, km_bytes_slice(rest, 0, size)) < 0) {
			intake->damaged++;
		}
		rest = km_bytes_after(rest, size);
	}
	km_buf_clear(&intake->waiting);
}

static void publish_video(
    struct km_intake *intake, struct km_intake_track *track, struct km_ring_entry *entry)
{
	size_t size = track->unit.size;

	if ((entry->flags & KM_RING_KEY) != 0) {
		intake->gop_bytes = 0;
	}
	intake->gop_bytes += size;
	km_ring_commit(intake->ring, entry, size);
	intake->is_reserved = false;
	track->unit = (struct km_buf){ 0 };
	intake->frames++;
	intake->last_unix_us = entry->unix_us;
	if (intake->first_unix_us == 0) {
		intake->first_unix_us = entry->unix_us;
	}
	/* Said again from time to time, for readers that come or come back later. */
	intake->since_tracks_bytes += size;
	if (intake->since_tracks_bytes > km_ring_capacity(intake->ring) / 4) {
		intake->are_tracks_due = true;
	}
	write_waiting(intake);
	/* A reader that is two GOPs behind must still find its place. */
	if (intake->gop_bytes > km_ring_capacity(intake->ring) / 5 * 2) {
		int err = grow_ring(intake, 0);

		if (err < 0) {
			intake->gop_bytes = 0; /* as large as it may be: ask again in a while */
		}
	}
}

static void publish_audio(
    struct km_intake *intake, struct km_intake_track *track, struct km_ring_entry *entry)
{
	struct km_bytes payload = km_buf_view(&track->unit);

	if (!intake->is_reserved || intake->track[0].unit.size == 0) {
		intake->is_reserved = false;
		intake->damaged += km_ring_write(intake->ring, entry, payload) < 0;
		return;
	}
	entry->payload.size = payload.size;
	if (km_buf_reserve(&intake->waiting, sizeof(*entry) + payload.size) < 0) {
		km_buf_clear(&intake->waiting);
		intake->damaged++;
		return;
	}
	km_buf_add_data(&intake->waiting, entry, sizeof(*entry));
	km_buf_add(&intake->waiting, payload);
}

static void publish(
    struct km_intake *intake, struct km_intake_track *track, int64_t arrival_unix_us)
{
	const struct km_depacketizer_unit *unit = &track->depacketizer.unit;
	bool is_video = km_codec_is_video(track->depacketizer.track.codec);
	struct km_ring_entry entry = {
		.kind = KM_RING_SAMPLE,
		.track = (uint8_t)(track - intake->track),
	};
	int64_t ticks = 0;

	if (!place_in_time(intake, track, arrival_unix_us, &ticks)) {
		km_buf_clear(&track->unit);
		return;
	}
	/* A run that is about to end keeps the clock that it had. */
	if (is_leading(intake, track) && intake->end_reason == 0) {
		km_label_clock_observe(&intake->label, to_us(track, ticks), arrival_unix_us);
	}
	entry.ticks = ticks;
	entry.unix_us = km_label_clock_at(&intake->label, to_us(track, ticks));
	entry.flags =
	    (uint16_t)((unit->is_key ? KM_RING_KEY : 0) | (unit->is_damaged ? KM_RING_DAMAGED : 0) |
		       (intake->is_run_new ? KM_RING_NEW_RUN : 0));
	if (is_video) {
		entry.decode_offset_ticks =
		    (int32_t)(ticks - km_decode_time_push(&track->decode, ticks));
	}
	if (intake->are_tracks_due && write_aside(intake, write_tracks, NULL) < 0) {
		km_buf_clear(&track->unit);
		return;
	}
	intake->is_run_new = false;
	intake->was_run = true;
	track->has_last = true;
	track->last_ticks = ticks;
	intake->damaged += unit->is_damaged;
	intake->bytes += track->unit.size;
	if (is_video) {
		publish_video(intake, track, &entry);
	} else {
		publish_audio(intake, track, &entry);
		km_buf_clear(&track->unit);
	}
}

/* Make the unit fit for one more push of this packet. */
static int make_room(struct km_intake *intake, struct km_intake_track *track, size_t payload_bytes)
{
	size_t room = km_depacketizer_room(payload_bytes);

	if (km_codec_is_video(track->depacketizer.track.codec)) {
		return place_unit(intake, &track->unit, room);
	}
	return km_buf_reserve(&track->unit, room);
}

static void use_packet(struct km_intake *intake, struct km_intake_track *track,
    const struct km_rtp_packet *packet, bool is_after_loss, int64_t arrival_unix_us)
{
	unsigned result = KM_DEPACKETIZER_AGAIN;

	for (unsigned round = 0; (result & KM_DEPACKETIZER_AGAIN) != 0 && round < UNIT_ROUNDS_MAX;
	     round++) {
		int err = make_room(intake, track, packet->payload.size);

		if (err < 0) {
			drop_unit(track);
			break;
		}
		err = km_depacketizer_push(
		    &track->depacketizer, packet, is_after_loss, &track->unit, &result);
		if (err < 0) {
			break;
		}
		if ((result & KM_DEPACKETIZER_PARAMETERS_CHANGED) != 0) {
			intake->are_tracks_due = true;
			track->is_in_band = true;
		}
		if ((result & KM_DEPACKETIZER_UNIT_DONE) != 0) {
			publish(intake, track, arrival_unix_us);
		}
	}
	intake->oddities |= track->depacketizer.oddities;
}

/* [quirk: another payload type than the description says] One is learnt, others are dropped. */
static bool is_our_type(struct km_intake_track *track, uint8_t payload_type)
{
	if (payload_type == track->payload_type) {
		return true;
	}
	if (track->is_type_learnt || track->sequence.received > 0) {
		return false;
	}
	track->is_type_learnt = true;
	track->payload_type = payload_type;
	return true;
}

void km_intake_packet(
    struct km_intake *intake, size_t track_index, struct km_bytes bytes, int64_t arrival_unix_us)
{
	struct km_intake_track *track = &intake->track[track_index];
	struct km_rtp_packet packet = { 0 };
	enum km_rtp_order order = KM_RTP_NEXT;

	if (track_index >= intake->track_count || km_rtp_parse(bytes, &packet, NULL) < 0 ||
	    !is_our_type(track, packet.payload_type)) {
		return;
	}
	if (need_ring(intake) < 0) {
		return;
	}
	order = km_rtp_sequence_push(&track->sequence, &packet);
	if (order == KM_RTP_OLD) {
		return;
	}
	if (order == KM_RTP_LOST) {
		intake->lost += track->sequence.missing;
	} else if (order == KM_RTP_RESTART) {
		intake->oddities |= KM_ODDITY_SEQUENCE_RESTARTED;
		drop_unit(track);
		track->is_in_run = false;
		if (is_leading(intake, track)) {
			km_intake_end(intake, KM_GAP_MEDIA_JUMP, arrival_unix_us);
		}
	}
	use_packet(intake, track, &packet, order != KM_RTP_NEXT, arrival_unix_us);
}
