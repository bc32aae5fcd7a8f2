/* sources: base/error.c base/bytes.c base/buf.c base/text.c proto/cpe.c proto/version_text.c model/weakness.c model/makers.c judge/weakness_match.c */
#include "judge/weakness_match.h"
#include "proto/cpe.h"
#include "proto/version_text.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(struct km_bytes *rest, char *ret_text, size_t size)
{
	km_weakness_copy(km_bytes_split(rest, '\n'), ret_text, size);
}

/* Comparing must give the mirror image of comparing the other way round. */
static void compare(const char *a, const char *b)
{
	struct km_version_text left;
	struct km_version_text right;
	enum km_version_order order = KM_VERSION_UNSURE;
	enum km_version_order back = KM_VERSION_UNSURE;

	if (km_version_text_parse(a, &left) < 0 || km_version_text_parse(b, &right) < 0) {
		return;
	}
	order = km_version_text_compare(&left, &right);
	back = km_version_text_compare(&right, &left);
	if ((order == KM_VERSION_LESS) != (back == KM_VERSION_GREATER) ||
	    (order == KM_VERSION_EQUAL) != (back == KM_VERSION_EQUAL) ||
	    (order == KM_VERSION_ALIKE) != (back == KM_VERSION_ALIKE)) {
		abort();
	}
}

/* Lines: the device, then one range after the other. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_weakness_range ranges[8];
	struct km_weakness weakness = { .ranges = ranges, .range_capacity = KM_COUNT(ranges) };
	char texts[4][128];
	const struct km_weakness_device device = {
		.maker = texts[0], .model = texts[1], .firmware = texts[2], .hardware = texts[3]
	};
	struct km_bytes rest = km_bytes_from(data, size);
	struct km_weakness_hit hit;
	struct km_cpe cpe;

	(void)!km_cpe_parse(rest, &cpe);
	for (size_t i = 0; i < 4; i++) {
		take(&rest, texts[i], sizeof(texts[i]));
	}
	compare(texts[2], texts[3]);
	while (rest.size > 0) {
		struct km_weakness_range *range = km_weakness_add(&weakness);

		if (range == NULL) {
			break;
		}
		range->flags = rest.data[0];
		range->part = "aoh*"[rest.data[0] & 3];
		range->configuration = (uint16_t)(weakness.range_count / 3);
		range->node = (uint16_t)(weakness.range_count & 1);
		rest = km_bytes_after(rest, 1);
		take(&rest, range->vendor, sizeof(range->vendor));
		take(&rest, range->product, sizeof(range->product));
		take(&rest, range->version, sizeof(range->version));
		take(&rest, range->start, sizeof(range->start));
		take(&rest, range->end, sizeof(range->end));
	}
	if (km_weakness_match_device(&device, &weakness, &hit) &&
	    (hit.confidence < 1 || hit.confidence > 100)) {
		abort();
	}
	return 0;
}
