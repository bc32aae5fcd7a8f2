/* sources: base/error.c base/bytes.c base/buf.c proto/bit_reader.c proto/aac.c proto/opus.c */
#include "proto/aac.h"
#include "proto/opus.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input is an AudioSpecificConfig, an AAC frame and an Opus packet at once. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_bytes input = km_bytes_from(data, size);
	struct km_aac_config config = { 0 };
	struct km_fault fault = { 0 };
	uint32_t ticks = 0;

	if (km_aac_parse_config(input, &config, &fault) == 0) {
		assert(config.channels >= 1 && config.channels <= 8 && config.rate_hz > 0);
		assert(config.frame_samples == 1024 || config.frame_samples == 960);
	} else {
		assert(fault.text != NULL);
	}
	assert(km_aac_adts_bytes(input) <= size);
	if (km_opus_packet_ticks(input, &ticks) == 0) {
		assert(ticks > 0 && ticks <= KM_OPUS_TICKS_MAX);
	}
	return 0;
}
