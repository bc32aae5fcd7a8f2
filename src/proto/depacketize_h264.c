#include "proto/depacketize_video.h"

#include "proto/h264.h"

static struct km_depacketize_nal classify(struct km_bytes nal)
{
	unsigned type = km_h264_nal_type(nal);

	return (struct km_depacketize_nal){
		.is_known = type >= KM_H264_SLICE && type < KM_H264_STAP_A,
		.is_bare = type == KM_H264_END_OF_SEQUENCE || type == KM_H264_END_OF_STREAM,
		.is_slice = km_h264_is_slice(type),
		.is_key = type == KM_H264_IDR,
		.is_first_slice = km_h264_is_first_slice(nal),
		.is_delimiter = type == KM_H264_AUD,
		.is_parameters = type == KM_H264_SPS || type == KM_H264_PPS,
		.is_start = type == KM_H264_AUD || type == KM_H264_SPS,
	};
}

static int put(struct km_parameter_sets *sets, struct km_bytes nal, struct km_fault *fault)
{
	unsigned type = km_h264_nal_type(nal);
	struct km_h264_sps sps = { 0 };
	uint8_t id = 0;
	uint8_t sps_id = 0;
	int err = 0;

	if (type == KM_H264_SPS) {
		err = km_h264_parse_sps(nal, &sps, fault);
		id = sps.id;
	} else {
		err = km_h264_parse_pps(nal, &id, &sps_id);
		if (err < 0) {
			(void)km_fault_set(
			    fault, 0, "ITU-T H.264 7.3.2.2", "not a readable PPS", err);
		}
	}
	if (err == 0) {
		err = km_parameter_sets_put(sets, (uint8_t)type, id, nal);
	}
	if (err == KM_ERR_LIMIT) {
		(void)km_fault_set(
		    fault, 0, "ISO 14496-15 5.3.3", "parameter sets take too much room", err);
	}
	return err < 0 ? err : 0;
}

static int fill(
    const struct km_parameter_sets *sets, struct km_track *track, bool *ret_is_frame_only)
{
	struct km_bytes nals[KM_PARAMETER_SETS_MAX];
	struct km_h264_sps sps = { 0 };
	int err = km_h264_fill_track(sets, track);

	if (err == 0 && km_parameter_sets_list(sets, KM_H264_SPS, nals) > 0) {
		err = km_h264_parse_sps(nals[0], &sps, NULL);
		*ret_is_frame_only = sps.is_frame_only;
	}
	return err;
}

static uint8_t fragment_header(struct km_bytes payload)
{
	return (uint8_t)((payload.data[0] & 0xe0) | (payload.data[1] & 0x1f));
}

static struct km_bytes peek(struct km_bytes payload, uint8_t scratch[static 4])
{
	switch (km_h264_nal_type(payload)) {
	case KM_H264_STAP_A:
		return km_bytes_after(payload, 3);
	case KM_H264_FU_A:
		if (payload.size < 3 || (payload.data[1] & 0x80) == 0) {
			return (struct km_bytes){ 0 };
		}
		scratch[0] = fragment_header(payload);
		scratch[1] = payload.data[2];
		return km_bytes_from(scratch, 2);
	default:
		return payload;
	}
}

/* FU-A [RFC 6184 5.8] */
static int add_fragment(struct km_depacketizer *d, struct km_bytes payload, struct km_buf *unit)
{
	struct km_depacketize_fragment fragment = { .data = km_bytes_after(payload, 2) };

	if (payload.size < 2) {
		return km_fault_set(&d->fault, payload.size, "RFC 6184 5.8",
		    "a fragment without its FU header", KM_ERR_SHORT);
	}
	fragment.header[0] = fragment_header(payload);
	fragment.type = payload.data[1] & 0x1f;
	fragment.is_start = (payload.data[1] & 0x80) != 0;
	fragment.is_end = (payload.data[1] & 0x40) != 0;
	return km_depacketize_video_fragment(d, &fragment, unit);
}

static int add(struct km_depacketizer *d, struct km_bytes payload, struct km_buf *unit)
{
	unsigned type = km_h264_nal_type(payload);

	if (type == KM_H264_STAP_A) {
		return km_depacketize_video_aggregate(d, km_bytes_after(payload, 1), 1, unit);
	}
	if (type == KM_H264_FU_A) {
		return add_fragment(d, payload, unit);
	}
	if ((type >= KM_H264_STAP_B && type <= KM_H264_MTAP24) || type == KM_H264_FU_B) {
		return km_fault_set(&d->fault, 0, "RFC 6184 5.4",
		    "a packet type of the interleaved mode, which was not agreed on",
		    KM_ERR_UNSUPPORTED);
	}
	return km_depacketize_video_whole(d, payload, unit);
}

const struct km_depacketize_codec km_depacketize_h264 = {
	.header_bytes = 1,
	.classify = classify,
	.put = put,
	.fill = fill,
	.peek = peek,
	.add = add,
};
