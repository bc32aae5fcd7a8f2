/* sources: proto/recognise.c base/bytes.c base/buf.c base/error.c base/reader.c base/text.c base/uuid.c base/time.c */
#include "proto/recognise.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_recognised recognised;

	for (int i = 0; i < KM_QUESTION_COUNT; i++) {
		if (km_recognise_answer(
			(enum km_question)i, km_bytes_from(data, size), &recognised) == 0) {
			assert(recognised.protocol < KM_PROTOCOL_COUNT);
			assert(recognised.banner.size <= size);
		}
	}
	return 0;
}
