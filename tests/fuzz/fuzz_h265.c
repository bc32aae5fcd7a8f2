/* sources: base/error.c base/bytes.c base/buf.c base/reader.c proto/track.c proto/bit_reader.c proto/parameter_sets.c proto/h265.c */
#include "proto/h265.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input is an SPS, VPS or PPS. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_bytes nal = km_bytes_from(data, size);
	struct km_parameter_sets sets = { 0 };
	struct km_track track = { .codec = KM_CODEC_H265, .clock_hz = 90000 };
	struct km_h265_sps sps = { 0 };
	struct km_fault fault = { 0 };
	uint8_t id = 0;
	uint8_t sps_id = 0;
	int err = km_h265_parse_sps(nal, &sps, &fault);

	(void)km_h265_is_first_slice(nal);
	if (km_h265_parse_vps(nal, &id) == 0) {
		assert(id < 16);
	}
	if (km_h265_parse_pps(nal, &id, &sps_id) == 0) {
		assert(id < 64 && sps_id < 16);
	}
	if (err < 0) {
		assert(fault.text != NULL);
		return 0;
	}
	assert(sps.width > 0 && sps.height > 0 && sps.id < 16 && sps.fps_milli <= 1000000);
	if (km_parameter_sets_put(&sets, KM_H265_SPS, sps.id, nal) == 1 &&
	    km_parameter_sets_put(&sets, KM_H265_VPS, 0, KM_BYTES("\x40\x01\x0c")) == 1 &&
	    km_parameter_sets_put(&sets, KM_H265_PPS, 0, KM_BYTES("\x44\x01\xc1")) == 1) {
		err = km_h265_fill_track(&sets, &track);
		assert(err == 0 && track.config_size > size);
		assert(strlen(track.codec_text) < KM_TRACK_CODEC_MAX);
	}
	return 0;
}
