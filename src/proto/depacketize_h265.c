#include "proto/depacketize_video.h"

#include "proto/h265.h"

static struct km_depacketize_nal classify(struct km_bytes nal)
{
	unsigned type = km_h265_nal_type(nal);

	return (struct km_depacketize_nal){
		.is_known = type < KM_H265_AP,
		.is_bare = type == KM_H265_END_OF_SEQUENCE || type == KM_H265_END_OF_BITSTREAM,
		.is_slice = km_h265_is_slice(type),
		.is_key = km_h265_is_irap(type),
		.is_first_slice = km_h265_is_first_slice(nal),
		.is_delimiter = type == KM_H265_AUD,
		.is_parameters = type >= KM_H265_VPS && type <= KM_H265_PPS,
		.is_start = type == KM_H265_AUD || type == KM_H265_VPS || type == KM_H265_SPS,
	};
}

static int put(struct km_parameter_sets *sets, struct km_bytes nal, struct km_fault *fault)
{
	unsigned type = km_h265_nal_type(nal);
	struct km_h265_sps sps = { 0 };
	uint8_t id = 0;
	uint8_t sps_id = 0;
	int err = 0;

	if (type == KM_H265_SPS) {
		err = km_h265_parse_sps(nal, &sps, fault);
		id = sps.id;
	} else {
		err = type == KM_H265_VPS ? km_h265_parse_vps(nal, &id)
					  : km_h265_parse_pps(nal, &id, &sps_id);
		if (err < 0) {
			(void)km_fault_set(
			    fault, 0, "ITU-T H.265 7.3.2", "not a readable parameter set", err);
		}
	}
	if (err == 0) {
		err = km_parameter_sets_put(sets, (uint8_t)type, id, nal);
	}
	if (err == KM_ERR_LIMIT) {
		(void)km_fault_set(
		    fault, 0, "ISO 14496-15 8.3.3", "parameter sets take too much room", err);
	}
	return err < 0 ? err : 0;
}

static int fill(
    const struct km_parameter_sets *sets, struct km_track *track, bool *ret_is_frame_only)
{
	int err = km_h265_fill_track(sets, track);

	/* A field is a picture with an access unit of its own here. */
	*ret_is_frame_only = true;
	return err;
}

static void make_header(struct km_bytes payload, uint8_t header[static 2])
{
	header[0] = (uint8_t)((payload.data[0] & 0x81) | (payload.data[2] & 0x3f) << 1);
	header[1] = payload.data[1];
}

static struct km_bytes peek(struct km_bytes payload, uint8_t scratch[static 4])
{
	switch (km_h265_nal_type(payload)) {
	case KM_H265_AP:
		return km_bytes_after(payload, KM_H265_HEADER_BYTES + 2);
	case KM_H265_FU:
		if (payload.size < KM_H265_HEADER_BYTES + 2 || (payload.data[2] & 0x80) == 0) {
			return (struct km_bytes){ 0 };
		}
		make_header(payload, scratch);
		scratch[2] = payload.data[3];
		return km_bytes_from(scratch, KM_H265_HEADER_BYTES + 1);
	default:
		return payload;
	}
}

/* FU [RFC 7798 4.4.3] */
static int add_fragment(struct km_depacketizer *d, struct km_bytes payload, struct km_buf *unit)
{
	struct km_depacketize_fragment fragment = {
		.data = km_bytes_after(payload, KM_H265_HEADER_BYTES + 1),
	};

	if (payload.size < KM_H265_HEADER_BYTES + 1) {
		return km_fault_set(&d->fault, payload.size, "RFC 7798 4.4.3",
		    "a fragment without its FU header", KM_ERR_SHORT);
	}
	make_header(payload, fragment.header);
	fragment.type = payload.data[2] & 0x3f;
	fragment.is_start = (payload.data[2] & 0x80) != 0;
	fragment.is_end = (payload.data[2] & 0x40) != 0;
	return km_depacketize_video_fragment(d, &fragment, unit);
}

static int add(struct km_depacketizer *d, struct km_bytes payload, struct km_buf *unit)
{
	if (payload.size < KM_H265_HEADER_BYTES) {
		return km_fault_set(&d->fault, payload.size, "RFC 7798 4.2",
		    "a payload without its header", KM_ERR_SHORT);
	}
	switch (km_h265_nal_type(payload)) {
	case KM_H265_AP:
		return km_depacketize_video_aggregate(
		    d, km_bytes_after(payload, KM_H265_HEADER_BYTES), KM_H265_HEADER_BYTES, unit);
	case KM_H265_FU:
		return add_fragment(d, payload, unit);
	case KM_H265_PACI:
		return km_fault_set(&d->fault, 0, "RFC 7798 4.4.4",
		    "a PACI packet, which was not agreed on", KM_ERR_UNSUPPORTED);
	default:
		return km_depacketize_video_whole(d, payload, unit);
	}
}

const struct km_depacketize_codec km_depacketize_h265 = {
	.header_bytes = KM_H265_HEADER_BYTES,
	.classify = classify,
	.put = put,
	.fill = fill,
	.peek = peek,
	.add = add,
};
