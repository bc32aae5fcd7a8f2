/* sources: base/error.c base/bytes.c base/buf.c base/text.c proto/cpe.c proto/version_text.c proto/json_split.c model/weakness.c model/makers.c importer/range_words.c importer/json_lists.c judge/weakness_match.c */
/* libraries: jansson */
#include "importer/json_lists.h"
#include "judge/weakness_match.h"
#include "proto/json_split.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct km_weakness_range ranges[64];

/* What was read is matched, too: with a device that the lists speak of. */
static int on_record(void *context, struct km_bytes record)
{
	static const struct km_weakness_device device = {
		.maker = "Hikvision", .model = "DS-2CD2032F-I", .firmware = "V5.4.0 build 160530"
	};
	struct km_weakness weakness = { .ranges = ranges, .range_capacity = KM_COUNT(ranges) };
	struct km_weakness_hit hit;

	(void)context;
	if (km_json_lists_parse(record, &weakness) == 0 &&
	    km_weakness_match_device(&device, &weakness, &hit) &&
	    (hit.confidence < 1 || hit.confidence > 100)) {
		abort();
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_json_split split;
	struct km_buf record;
	size_t half = size / 2;

	km_buf_init(&record, 65536);
	km_json_split_init(&split, &record);
	if (km_json_split_feed(&split, km_bytes_from(data, half), on_record, NULL) == 0 &&
	    km_json_split_feed(&split, km_bytes_from(data + half, size - half), on_record, NULL) ==
		0) {
		(void)!km_json_split_end(&split);
	}
	km_buf_finish(&record);
	return 0;
}
