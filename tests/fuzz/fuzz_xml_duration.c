/* sources: auditor/xml_duration.c base/bytes.c base/error.c */
#include "auditor/xml_duration.h"

#include "base/time.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int64_t span_us = km_xml_duration_parse(km_bytes_from(data, size));

	assert(span_us >= 0 && span_us % KM_TIME_SECOND_US == 0);
	assert(span_us <= 100000 * (KM_TIME_HOUR_US + KM_TIME_MINUTE_US + KM_TIME_SECOND_US));
	return 0;
}
