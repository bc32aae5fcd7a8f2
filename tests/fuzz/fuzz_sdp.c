/* sources: base/error.c base/bytes.c proto/sdp.c */
#include "proto/sdp.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "sprop-parameter-sets", "config", "sizelength",
		"mode" };
	struct km_sdp sdp;
	uint32_t value = 0;

	if (km_sdp_parse(km_bytes_from(data, size), &sdp, NULL) < 0) {
		return 0;
	}
	assert(sdp.count > 0 && sdp.count <= KM_SDP_MEDIAS_MAX);
	for (size_t i = 0; i < sdp.count; i++) {
		for (size_t j = 0; j < KM_COUNT(names); j++) {
			(void)km_sdp_fmtp_u32(&sdp.media[i], names[j], 16, &value);
		}
	}
	return 0;
}
