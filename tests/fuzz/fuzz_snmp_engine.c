/* sources: proto/snmp_engine.c base/bytes.c base/buf.c base/error.c base/reader.c base/text.c base/uuid.c base/time.c */
#include "proto/snmp_engine.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_snmp_engine engine;

	if (km_snmp_engine_parse(km_bytes_from(data, size), &engine) == 0) {
		assert(engine.id.size >= 5 && engine.id.size <= KM_SNMP_ENGINE_ID_MAX);
		assert(engine.mac.size == 0 || engine.mac.size == 6);
	}
	return 0;
}
