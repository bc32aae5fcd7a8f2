/* sources: base/error.c base/bytes.c base/buf.c base/reader.c proto/track.c proto/bit_reader.c proto/parameter_sets.c proto/h264.c */
#include "proto/h264.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input is an SPS; with its first byte changed it is a PPS as well. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t pps[] = { 0x68, 0xce, 0x0f, 0xc8 };
	struct km_bytes nal = km_bytes_from(data, size);
	struct km_parameter_sets sets = { 0 };
	struct km_track track = { .codec = KM_CODEC_H264, .clock_hz = 90000 };
	struct km_h264_sps sps = { 0 };
	struct km_fault fault = { 0 };
	uint8_t id = 0;
	uint8_t sps_id = 0;
	int err = km_h264_parse_sps(nal, &sps, &fault);

	(void)km_h264_is_first_slice(nal);
	if (km_h264_parse_pps(nal, &id, &sps_id) == 0) {
		assert(sps_id < 32);
	}
	if (err < 0) {
		assert(fault.text != NULL && fault.offset <= size);
		return 0;
	}
	assert(sps.width > 0 && sps.height > 0 && sps.id < 32 && sps.fps_milli <= 1000000);
	if (km_parameter_sets_put(&sets, KM_H264_SPS, sps.id, nal) == 1 &&
	    km_parameter_sets_put(&sets, KM_H264_PPS, 0, KM_BYTES_OF(pps)) == 1) {
		err = km_h264_fill_track(&sets, &track);
		assert(err == 0 && track.config_size > size && track.width == sps.width);
	}
	return 0;
}
