#include "proto/depacketize_video.h"

#include <assert.h>
#include <string.h>

#define LENGTH_BYTES 4 /* in front of each NAL unit in a unit */

const struct km_depacketize_codec *km_depacketize_video_codec(const struct km_depacketizer *d)
{
	return d->track.codec == KM_CODEC_H264 ? &km_depacketize_h264 : &km_depacketize_h265;
}

/* --- parameter sets --- */

/* Take over what the sets say, if they are complete. */
static int apply_sets(struct km_depacketizer *d, const struct km_parameter_sets *sets)
{
	struct km_track track = d->track;
	bool is_frame_only = false;
	int err = km_depacketize_video_codec(d)->fill(sets, &track, &is_frame_only);

	if (err < 0) {
		return err;
	}
	d->is_frame_only = is_frame_only;
	if (!km_bytes_is_equal(km_bytes_from(track.config, track.config_size),
		km_bytes_from(d->track.config, d->track.config_size))) {
		d->track = track;
		d->has_new_config = true;
	}
	return 0;
}

/*
 * What the unit brought becomes what is in force. A complete delivery replaces everything, so that
 * sets of a former picture size do not stay on under ids that are no longer used.
 */
static void settle_sets(struct km_depacketizer *d)
{
	int err = 0;

	if (!d->has_incoming) {
		return;
	}
	d->has_incoming = false;
	if (km_parameter_sets_is_equal(&d->sets, &d->incoming)) {
		return;
	}
	err = apply_sets(d, &d->incoming);
	if (err == 0) {
		d->sets = d->incoming;
		return;
	}
	if (err == KM_ERR_STATE) {
		err = km_parameter_sets_merge(&d->sets, &d->incoming);
		if (err == 0) {
			err = apply_sets(d, &d->sets);
		}
	}
	if (err < 0 && err != KM_ERR_STATE) {
		d->oddities |= KM_ODDITY_PARAMETERS_REFUSED;
	}
}

static void take_set(struct km_depacketizer *d, struct km_bytes nal)
{
	if (!d->has_incoming) {
		d->has_incoming = true;
		d->incoming.count = 0;
	}
	if (km_depacketize_video_codec(d)->put(&d->incoming, nal, NULL) < 0) {
		d->oddities |= KM_ODDITY_PARAMETERS_REFUSED;
	}
}

int km_depacketize_video_set(struct km_depacketizer *d, struct km_bytes nal)
{
	bool has_new_config = d->has_new_config;
	int err = km_depacketize_video_codec(d)->put(&d->sets, nal, &d->fault);

	if (err < 0) {
		return err;
	}
	err = apply_sets(d, &d->sets);
	d->has_new_config = has_new_config; /* the caller knows of this change */
	return err == KM_ERR_STATE ? 0 : err;
}

/* --- NAL units --- */

static int add_bytes(struct km_depacketizer *d, struct km_bytes bytes, struct km_buf *unit)
{
	size_t most = d->format.max_unit_bytes;

	if (unit->size > most || bytes.size > most - unit->size) {
		return KM_ERR_LIMIT;
	}
	km_buf_add(unit, bytes);
	return km_buf_error(unit);
}

static int open_nal(struct km_depacketizer *d, struct km_buf *unit)
{
	static const uint8_t no_length[LENGTH_BYTES];
	size_t offset = unit->size;
	int err = add_bytes(d, KM_BYTES_OF(no_length), unit);

	if (err == 0) {
		d->open_offset = offset;
		d->is_open = true;
	}
	return err;
}

/* The NAL unit being written, as far as it has come. */
static struct km_bytes open_view(const struct km_depacketizer *d, const struct km_buf *unit)
{
	assert(d->is_open && unit->size >= d->open_offset + LENGTH_BYTES);
	return km_bytes_after(km_buf_view(unit), d->open_offset + LENGTH_BYTES);
}

/* Take back what was written of the open NAL unit. */
static void drop_nal(struct km_depacketizer *d, struct km_buf *unit)
{
	if (d->is_open) {
		unit->size = d->open_offset;
		d->is_open = false;
	}
}

static void close_nal(struct km_depacketizer *d, struct km_buf *unit)
{
	const struct km_depacketize_codec *codec = km_depacketize_video_codec(d);
	struct km_bytes nal = open_view(d, unit);
	struct km_depacketize_nal kind = codec->classify(nal);

	if (nal.size < codec->header_bytes || (nal.size == codec->header_bytes && !kind.is_bare)) {
		d->oddities |= KM_ODDITY_EMPTY_NAL;
		drop_nal(d, unit);
		return;
	}
	if (!kind.is_known) {
		d->oddities |= KM_ODDITY_UNKNOWN_NAL;
		drop_nal(d, unit);
		return;
	}
	km_buf_set_u32(unit, d->open_offset, (uint32_t)nal.size);
	d->is_open = false;
	d->building.nal_count++;
	if (kind.is_parameters) {
		take_set(d, nal);
	}
	if (kind.is_slice) {
		settle_sets(d);
		d->has_slice = true;
		d->building.is_key = d->building.is_key || kind.is_key;
		if (d->track.config_size == 0) {
			d->oddities |= KM_ODDITY_PARAMETERS_MISSING;
		}
	}
}

/* How many zero bytes, up to 2, the open NAL unit ends with. */
static size_t count_zeros(struct km_bytes nal)
{
	size_t count = 0;

	while (count < 2 && count < nal.size && nal.data[nal.size - 1 - count] == 0) {
		count++;
	}
	return count;
}

/* Whether two zero bytes stand before data[at]; `zeros` of them came before data. */
static bool has_two_zeros(const uint8_t *data, size_t at, size_t zeros)
{
	if (at >= 2) {
		return data[at - 1] == 0 && data[at - 2] == 0;
	}
	return at == 1 ? data[0] == 0 && zeros >= 1 : zeros >= 2;
}

/*
 * The offset of the 1 in a start code 00 00 01, `zeros` zero bytes having come before; bytes.size
 * if there is none. Emulation prevention keeps that sequence out of NAL units. Looking for the 1
 * is one pass of memchr, which stops at about one byte in 256.
 */
static size_t find_start_code(struct km_bytes bytes, size_t zeros)
{
	size_t at = 0;

	while (at < bytes.size) {
		const uint8_t *found = memchr(bytes.data + at, 1, bytes.size - at);

		if (found == NULL) {
			break;
		}
		at = (size_t)(found - bytes.data);
		if (has_two_zeros(bytes.data, at, zeros)) {
			return at;
		}
		at++;
	}
	return bytes.size;
}

/* The open NAL unit ends before a start code, whose zeros were taken for its own. */
static int cut_nal(struct km_depacketizer *d, struct km_buf *unit)
{
	d->oddities |= KM_ODDITY_START_CODES;
	while (open_view(d, unit).size > 0 && unit->data[unit->size - 1] == 0) {
		unit->size--;
	}
	if (open_view(d, unit).size == 0) {
		drop_nal(d, unit);
	} else {
		close_nal(d, unit);
	}
	return open_nal(d, unit);
}

/* Append to the open NAL unit. */
static int append(struct km_depacketizer *d, struct km_bytes bytes, struct km_buf *unit)
{
	while (bytes.size > 0) {
		size_t at = find_start_code(bytes, count_zeros(open_view(d, unit)));
		int err = add_bytes(d, km_bytes_slice(bytes, 0, at), unit);

		if (err == 0 && at < bytes.size) {
			err = cut_nal(d, unit);
		}
		if (err < 0) {
			return err;
		}
		bytes = km_bytes_after(bytes, at + 1);
	}
	return 0;
}

/* A NAL unit begins although the last fragment of the one before was not flagged as such. */
static void end_fragments(struct km_depacketizer *d, struct km_buf *unit)
{
	if (d->is_open) {
		d->oddities |= KM_ODDITY_FRAGMENT_END_MISSING;
		close_nal(d, unit);
	}
}

int km_depacketize_video_whole(struct km_depacketizer *d, struct km_bytes nal, struct km_buf *unit)
{
	int err = 0;

	end_fragments(d, unit);
	err = open_nal(d, unit);
	if (err == 0) {
		err = append(d, nal, unit);
	}
	if (err == 0) {
		close_nal(d, unit);
	}
	return err;
}

int km_depacketize_video_fragment(
    struct km_depacketizer *d, const struct km_depacketize_fragment *fragment, struct km_buf *unit)
{
	size_t header_bytes = km_depacketize_video_codec(d)->header_bytes;
	int err = 0;

	if (fragment->is_start) {
		d->oddities |= fragment->is_end ? KM_ODDITY_FRAGMENT_START_AND_END : 0;
		end_fragments(d, unit);
		err = open_nal(d, unit);
		if (err == 0) {
			err = add_bytes(d, km_bytes_from(fragment->header, header_bytes), unit);
		}
		if (err < 0) {
			return err;
		}
		d->open_type = fragment->type;
	} else if (!d->is_open) {
		/* Without a loss before, the camera never sent the start. */
		d->oddities |= d->building.is_damaged ? 0 : KM_ODDITY_FRAGMENT_START_MISSING;
		d->building.is_damaged = true;
		return 0;
	} else if (fragment->type != d->open_type) {
		d->oddities |= KM_ODDITY_FRAGMENT_TYPE_CHANGED;
	}
	d->oddities |= fragment->data.size == 0 ? KM_ODDITY_EMPTY_FRAGMENT : 0;
	err = append(d, fragment->data, unit);
	if (err == 0 && fragment->is_end) {
		close_nal(d, unit);
	}
	return err;
}

int km_depacketize_video_aggregate(
    struct km_depacketizer *d, struct km_bytes units, size_t offset, struct km_buf *unit)
{
	while (units.size >= 2) {
		size_t size = (size_t)units.data[0] << 8 | units.data[1];
		int err = 0;

		units = km_bytes_after(units, 2);
		offset += 2;
		if (size > units.size) {
			return km_fault_set(&d->fault, offset, "RFC 6184 5.7.1, RFC 7798 4.4.2",
			    "a NAL unit is longer than the packet", KM_ERR_FORMAT);
		}
		if (size == 0) {
			d->oddities |= KM_ODDITY_EMPTY_NAL;
			continue;
		}
		err = km_depacketize_video_whole(d, km_bytes_slice(units, 0, size), unit);
		if (err < 0) {
			return err;
		}
		units = km_bytes_after(units, size);
		offset += size;
	}
	d->oddities |= units.size > 0 ? KM_ODDITY_TRAILING_BYTES : 0;
	return 0;
}

/* --- access units --- */

static void forget_unit(struct km_depacketizer *d, struct km_buf *unit)
{
	settle_sets(d);
	km_buf_clear(unit);
	d->building = (struct km_depacketizer_unit){ 0 };
	d->is_started = false;
	d->is_skipping = false;
	d->is_open = false;
	d->has_slice = false;
}

static unsigned finish_unit(struct km_depacketizer *d)
{
	unsigned result = KM_DEPACKETIZER_UNIT_DONE;

	settle_sets(d);
	if (d->has_new_config) {
		result |= KM_DEPACKETIZER_PARAMETERS_CHANGED;
		d->has_new_config = false;
	}
	d->unit = d->building;
	d->building = (struct km_depacketizer_unit){ 0 };
	d->is_started = false;
	d->has_slice = false;
	d->has_marked = false;
	return result;
}

/* Whether the payload begins with a start code [ITU-T H.264 B.1.1], of 3 or 4 bytes. */
static bool has_start_code(struct km_bytes payload)
{
	if (payload.size == 0 || payload.data[0] != 0) {
		return false; /* nearly always */
	}
	return km_bytes_has_prefix(payload, KM_BYTES("\0\0\1")) ||
	       km_bytes_has_prefix(payload, KM_BYTES("\0\0\0\1"));
}

/* What begins in this packet; all false if nothing does. */
static struct km_depacketize_nal peek(const struct km_depacketizer *d, struct km_bytes payload)
{
	const struct km_depacketize_codec *codec = km_depacketize_video_codec(d);
	uint8_t scratch[4] = { 0 };
	struct km_bytes nal = { 0 };

	if (has_start_code(payload)) {
		nal = km_bytes_after(payload, km_bytes_find(payload, 1) + 1);
	} else if (payload.size > 0) {
		nal = codec->peek(payload, scratch);
	}
	if (nal.size < codec->header_bytes) {
		return (struct km_depacketize_nal){ 0 };
	}
	return codec->classify(nal);
}

/*
 * The packet has another timestamp than the unit being built. Returns the result bits if that ends
 * a unit, or 0 if the packet continues or begins one.
 */
static unsigned leave_unit(struct km_depacketizer *d, const struct km_rtp_packet *packet,
    bool is_after_loss, struct km_buf *unit)
{
	if (d->is_open && is_after_loss) {
		drop_nal(d, unit);
	}
	d->building.is_damaged = d->building.is_damaged || is_after_loss;
	end_fragments(d, unit);
	if (d->has_slice) {
		return finish_unit(d) | KM_DEPACKETIZER_AGAIN;
	}
	if (d->building.is_damaged || d->is_skipping || unit->size == 0) {
		forget_unit(d, unit);
		return 0;
	}
	/* [quirk: parameter sets and SEI sent ahead, with a time of their own] */
	d->oddities |= KM_ODDITY_TIMESTAMP_WITHOUT_PICTURE;
	d->building.timestamp = packet->timestamp;
	return 0;
}

/* Begin or continue a unit with this packet. Returns result bits as leave_unit. */
static unsigned enter_unit(struct km_depacketizer *d, const struct km_rtp_packet *packet,
    bool is_after_loss, struct km_buf *unit)
{
	struct km_depacketize_nal first = peek(d, packet->payload);

	if (is_after_loss && d->is_open) {
		drop_nal(d, unit);
	}
	if (d->is_started) {
		d->building.is_damaged = d->building.is_damaged || is_after_loss;
		if (d->has_slice && d->is_frame_only && (first.is_start || first.is_first_slice)) {
			/* [quirk: cameras whose clock stands still, without markers] */
			d->oddities |= KM_ODDITY_TIMESTAMP_REPEATED;
			end_fragments(d, unit);
			return finish_unit(d) | KM_DEPACKETIZER_AGAIN;
		}
	} else {
		assert(unit->size == 0);
		d->is_started = true;
		d->building.timestamp = packet->timestamp;
		d->building.is_damaged = is_after_loss && !first.is_delimiter;
		if (d->has_marked && d->marked == packet->timestamp && !is_after_loss &&
		    first.is_slice && !first.is_first_slice) {
			/* [quirk: the marker is set on each slice, or on each packet] */
			d->oddities |= KM_ODDITY_MARKER_IN_PICTURE;
			d->is_marker_ignored = true;
			d->building.is_damaged = true;
		}
		d->has_marked = false;
	}
	if (first.is_slice && !d->is_skipping) {
		settle_sets(d);
		if (d->has_new_config) {
			d->has_new_config = false;
			return KM_DEPACKETIZER_PARAMETERS_CHANGED | KM_DEPACKETIZER_AGAIN;
		}
	}
	return 0;
}

static int add_payload(struct km_depacketizer *d, struct km_bytes payload, struct km_buf *unit)
{
	if (payload.size == 0) {
		d->oddities |= KM_ODDITY_EMPTY_PACKET;
		return 0;
	}
	if (has_start_code(payload)) {
		return km_depacketize_video_whole(d, payload, unit);
	}
	return km_depacketize_video_codec(d)->add(d, payload, unit);
}

/* The marker bit of a packet that was taken. Returns the result bits. */
static unsigned take_marker(struct km_depacketizer *d, uint32_t timestamp, struct km_buf *unit)
{
	unsigned result = 0;

	if (d->is_open) {
		/* Either the marker or the missing end flag is wrong; what comes next will show. */
		d->oddities |= KM_ODDITY_MARKER_IN_FRAGMENT;
		return 0;
	}
	if (!d->has_slice) {
		if (d->building.is_damaged) {
			forget_unit(d, unit);
		} else if (unit->size > 0) {
			/* [quirk: the marker is set on SEI or parameter sets] */
			d->oddities |= KM_ODDITY_MARKER_WITHOUT_PICTURE;
		}
		return 0;
	}
	if (d->is_marker_ignored) {
		return 0;
	}
	result = finish_unit(d);
	d->has_marked = true;
	d->marked = timestamp;
	return result;
}

int km_depacketize_video_push(struct km_depacketizer *d, const struct km_rtp_packet *packet,
    bool is_after_loss, struct km_buf *unit, unsigned *ret_result)
{
	unsigned result = 0;
	int err = 0;

	if (d->is_started && packet->timestamp != d->building.timestamp) {
		result = leave_unit(d, packet, is_after_loss, unit);
	}
	if (result == 0) {
		result = enter_unit(d, packet, is_after_loss, unit);
	}
	if (result != 0) {
		*ret_result = result;
		return 0;
	}
	if (d->is_skipping) {
		if (packet->marker && !d->is_marker_ignored) {
			forget_unit(d, unit);
		}
		*ret_result = 0;
		return 0;
	}
	err = add_payload(d, packet->payload, unit);
	if (err == KM_ERR_LIMIT) {
		(void)km_fault_set(
		    &d->fault, 0, "max_unit_bytes", "the access unit is larger than allowed", err);
		forget_unit(d, unit);
		d->is_started = true;
		d->is_skipping = true;
		d->building.timestamp = packet->timestamp;
		return err;
	}
	if (err < 0) {
		d->building.is_damaged = true;
		return err;
	}
	if (packet->marker) {
		result = take_marker(d, packet->timestamp, unit);
	}
	if (d->has_slice && d->has_new_config) {
		d->has_new_config = false;
		result |= KM_DEPACKETIZER_PARAMETERS_CHANGED;
	}
	*ret_result = result;
	return 0;
}

void km_depacketize_video_flush(
    struct km_depacketizer *d, struct km_buf *unit, unsigned *ret_result)
{
	drop_nal(d, unit);
	d->building.is_damaged = true;
	if (d->has_slice) {
		*ret_result = finish_unit(d);
		return;
	}
	forget_unit(d, unit);
	d->has_marked = false;
	*ret_result = 0;
}
