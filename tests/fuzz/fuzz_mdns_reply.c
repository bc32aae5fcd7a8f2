/* sources: proto/mdns_reply.c base/bytes.c base/buf.c base/error.c base/reader.c base/text.c base/uuid.c base/time.c */
#include "proto/mdns_reply.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_mdns_reply reply;

	if (km_mdns_reply_parse(km_bytes_from(data, size), &reply) == 0) {
		assert(reply.count <= KM_MDNS_REPLY_NAMES_MAX);
	}
	return 0;
}
