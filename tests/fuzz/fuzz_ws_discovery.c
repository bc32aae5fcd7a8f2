/* sources: base/error.c base/bytes.c base/buf.c base/uuid.c base/text.c auditor/soap_reply.c auditor/ws_discovery.c */
/* libraries: xml */
#include "auditor/ws_discovery.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct km_uuid id = { .bytes = { 0x11, 0x22 } };
	struct km_ws_match matches[KM_WS_DISCOVERY_MATCHES_MAX];
	size_t count = 0;
	char text[64] = "";

	if (size < sizeof(text)) {
		memcpy(text, data, size);
		text[size] = '\0';
		size_t before = strlen(text);

		km_ws_discovery_decode(text);
		assert(strlen(text) <= before);
	}
	if (size > 8192 ||
	    km_ws_discovery_read(km_bytes_from(data, size), &id, 1, matches, &count) < 0) {
		return 0;
	}
	assert(count <= KM_WS_DISCOVERY_MATCHES_MAX);
	for (size_t i = 0; i < count; i++) {
		assert(memchr(matches[i].scopes, '\0', sizeof(matches[i].scopes)) != NULL);
		assert(strlen(matches[i].name) < sizeof(matches[i].name));
	}
	return 0;
}
