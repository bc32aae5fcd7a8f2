/*
 * RTP payloads of one track to access units and audio frames, in the form in which they are stored
 * and go into MP4: H.264 [RFC 6184], H.265 [RFC 7798], AAC [RFC 3640], Opus [RFC 7587] and G.711
 * [RFC 3551 4.5.14].
 *
 * The caller places the struct and brings the memory of the unit: nothing is allocated, and payload
 * bytes are copied once, from the packet to where the unit will stay. Packets come in the order of
 * their sequence numbers, without duplicates. A typical caller:
 *
 *      do {
 *              place the unit so that it has room for km_depacketizer_room(payload size) more;
 *              err = km_depacketizer_push(d, packet, is_after_loss, &unit, &result);
 *              if (err < 0) { count it, tell d->fault; unit may have been cleared; break; }
 *              if (result & KM_DEPACKETIZER_PARAMETERS_CHANGED) { announce d->track; }
 *              if (result & KM_DEPACKETIZER_UNIT_DONE) { publish unit by d->unit; clear it; }
 *      } while (result & KM_DEPACKETIZER_AGAIN);
 *
 * Video units are NAL units with 4-byte lengths in front, all of them and in the order received:
 * parameter sets and SEI stay in, byte for byte, so that signatures made by the camera stay valid.
 */
#ifndef KM_PROTO_DEPACKETIZE_H
#define KM_PROTO_DEPACKETIZE_H

#include "base/buf.h"
#include "base/error.h"
#include "proto/oddity.h"
#include "proto/parameter_sets.h"
#include "proto/rtp.h"
#include "proto/track.h"

/* Bits of the result of a push. */
enum km_depacketizer_result {
	/* The unit is complete and described by d->unit. The next push needs an empty one. */
	KM_DEPACKETIZER_UNIT_DONE = 1,
	/* The packet is not used up: push the same one again, with the same is_after_loss. */
	KM_DEPACKETIZER_AGAIN = 2,
	/*
	 * d->track has a new configuration, which holds for the unit that is being built (or is
	 * done by this push) and all later ones. Raised as early as possible: usually the unit
	 * holds only the parameter sets, and can be moved behind the announcement at little cost.
	 */
	KM_DEPACKETIZER_PARAMETERS_CHANGED = 4,
};

/* What the session description says about the payload. */
struct km_depacketizer_format {
	size_t max_unit_bytes; /* larger units are dropped; > 0 */
	/* AU headers of AAC [RFC 3640 4.1]; all 0 means AAC-hbr (13, 3, 3). At most 16 each. */
	uint8_t size_length;
	uint8_t index_length;
	uint8_t index_delta_length;
};

/* A complete unit. */
struct km_depacketizer_unit {
	uint32_t timestamp;      /* RTP, of the picture or of this very audio frame */
	bool is_key;             /* IDR or IRAP picture; always true for audio */
	bool is_damaged;         /* some of its packets were lost or refused */
	unsigned nal_count;      /* 0 for audio */
	uint32_t duration_ticks; /* audio: in the track's clock; 0 for video */
};

struct km_depacketizer {
	/* For the caller to read: */
	struct km_track track;            /* as given, plus what the stream said since */
	struct km_depacketizer_unit unit; /* valid after KM_DEPACKETIZER_UNIT_DONE */
	uint32_t oddities;                /* enum km_oddity bits met since init */
	struct km_fault fault;            /* after a negative result; offset is in the payload */

	/* Private: */
	struct km_depacketizer_format format;
	struct km_depacketizer_unit building;
	bool is_started;               /* building describes a unit */
	bool is_skipping;              /* that unit was given up: wait for the next */
	bool has_slice;                /* the unit has picture data */
	bool is_open;                  /* a NAL unit or AAC frame is being written */
	size_t open_offset;            /* where in the unit it begins, with its length */
	uint8_t open_type;             /* NAL unit type that its fragments carry */
	bool has_marked;               /* the last unit was ended by a marker ... */
	uint32_t marked;               /* ... at this timestamp */
	bool is_marker_ignored;        /* the camera sets it inside pictures */
	bool is_frame_only;            /* the SPS rules out that two pictures share a timestamp */
	bool has_incoming;             /* the unit brought parameter sets */
	bool has_new_config;           /* track changed, not told yet */
	unsigned next_frame;           /* AAC: frames of the packet that were given out */
	uint32_t skipped;              /* AAC: timestamp of a frame that was given up */
	uint32_t open_size;            /* AAC: size that the fragmented frame will have */
	uint32_t frame_ticks;          /* AAC: length of a frame */
	struct km_parameter_sets sets; /* in force */
	struct km_parameter_sets incoming; /* of this unit */
};

/*
 * Prepare for a track: codec, clock_hz (90000 for video) and, for audio, channels must be set. AAC
 * takes its AudioSpecificConfig from track->config; without one, AAC-LC is assumed. config and
 * codec_text of the other audio codecs are filled in. Interleaved H.264 (packetization-mode 2) and
 * H.265 with decoding order numbers (sprop-max-don-diff > 0) cannot be read: refuse them before.
 * Returns 0, KM_ERR_UNSUPPORTED (codec), KM_ERR_RANGE (clock, format) or KM_ERR_FORMAT (config).
 */
KM_MUST_USE int km_depacketizer_init(struct km_depacketizer *d, const struct km_track *track,
    const struct km_depacketizer_format *format);

/*
 * Parameter sets from the session description [RFC 6184 8.1] [RFC 7798 7.1], decoded from base64,
 * one NAL unit each with its header; any may be empty (vps is, for H.264). May be called again for
 * more. Parameter sets in the stream override them later. Updates d->track as soon as there is one
 * of each type.
 * Returns 0, or KM_ERR_FORMAT, KM_ERR_SHORT, KM_ERR_RANGE, KM_ERR_UNSUPPORTED or KM_ERR_LIMIT with
 * d->fault set; the good sets are kept then.
 */
KM_MUST_USE int km_depacketizer_set_parameters(
    struct km_depacketizer *d, struct km_bytes sps, struct km_bytes pps, struct km_bytes vps);

/* How many bytes a push may add to the unit, at most, for a payload of this size. */
size_t km_depacketizer_room(size_t payload_bytes);

/*
 * Take one packet. `unit` is a fixed buffer with room for km_depacketizer_room() more bytes, which
 * between pushes may be moved and enlarged (size and contents kept); it is empty at the first push
 * and after each unit that was done. is_after_loss says that packets directly before this one are
 * missing.
 *
 * Returns 0 and the result bits. Negative results concern this packet only, which is used up; go on
 * with the next one:
 *      KM_ERR_SHORT, KM_ERR_FORMAT      malformed; the unit being built counts as damaged
 *      KM_ERR_UNSUPPORTED               STAP-B, MTAP, FU-B [RFC 6184 5.7], PACI [RFC 7798 4.4.4]
 *      KM_ERR_LIMIT                     the unit would exceed its maximum or its room: it was
 *                                       cleared, and the rest of it will be skipped in silence
 */
KM_MUST_USE int km_depacketizer_push(struct km_depacketizer *d, const struct km_rtp_packet *packet,
    bool is_after_loss, struct km_buf *unit, unsigned *ret_result);

/*
 * The stream ended or paused: the unit begun will get no more packets. Gives
 * KM_DEPACKETIZER_UNIT_DONE if it has picture data, damaged because its end is not known; else 0,
 * and the unit was cleared. Parameter sets stay; the next packet begins a unit.
 */
void km_depacketizer_flush(struct km_depacketizer *d, struct km_buf *unit, unsigned *ret_result);

#endif
