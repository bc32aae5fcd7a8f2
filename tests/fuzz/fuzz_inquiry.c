/* sources: proto/inquiry.c base/bytes.c base/buf.c base/error.c base/reader.c base/text.c base/uuid.c base/time.c */
#include "proto/inquiry.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_inquiry_answer answer;

	for (int i = KM_INQUIRY_HIKVISION; i <= KM_INQUIRY_WS_DISCOVERY; i++) {
		if (km_inquiry_parse((enum km_inquiry)i, km_bytes_from(data, size), &answer) == 0) {
			assert(answer.model.size <= size && answer.mac.size <= size);
		}
	}
	return 0;
}
