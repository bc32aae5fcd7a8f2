/* sources: base/error.c base/bytes.c proto/service_url.c */
#include "proto/service_url.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_bytes text = km_bytes_from(data, size);
	struct km_service_url url = { 0 };
	struct km_fault fault = { 0 };

	if (km_service_url_parse(text, &url, &fault) < 0) {
		assert(fault.text != NULL);
		return 0;
	}
	assert(url.host[0] != '\0' && url.port > 0);
	assert(url.path.size < size);
	assert(km_bytes_find(text, '@') == size || km_bytes_find(url.path, '@') < url.path.size);
	return 0;
}
