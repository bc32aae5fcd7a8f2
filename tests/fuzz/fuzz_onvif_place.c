/* sources: base/error.c base/bytes.c base/buf.c auditor/onvif_place.c */
#include "auditor/onvif_place.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_bytes url = km_bytes_from(data, size);
	struct km_onvif_place place;
	char path[64];

	if (km_onvif_place_holds_secret(url, KM_BYTES("swordfish"))) {
		assert(km_onvif_place_may_log_in(url, KM_BYTES("swordfish")));
	}
	if (km_onvif_place_write_path(url, KM_BYTES("swordfish"), path, sizeof(path)) == 0) {
		assert(strlen(path) < sizeof(path) && path[0] == '/');
		assert(strstr(path, "swordfish") == NULL);
	}
	if (km_onvif_place_parse(url, &place) < 0) {
		return 0;
	}
	assert(place.host[0] != '\0' && place.port > 0 && place.path[0] == '/');
	assert(strpbrk(place.path, " \r\n\t") == NULL);
	return 0;
}
