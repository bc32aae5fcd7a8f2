/* sources: base/error.c base/bytes.c base/buf.c base/text.c proto/cpe.c proto/version_text.c model/weakness.c importer/range_words.c importer/jvn_list.c */
/* libraries: xml */
#include "importer/jvn_list.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct km_weakness_range ranges[64];

static int on_read(void *context, char *ret_data, int size)
{
	struct km_bytes *rest = context;
	size_t count = rest->size < (size_t)size ? rest->size : (size_t)size;

	if (count > 0) {
		memcpy(ret_data, rest->data, count);
	}
	*rest = km_bytes_after(*rest, count);
	return (int)count;
}

static int on_weakness(void *context, struct km_weakness *weakness)
{
	(void)context;
	if (!km_weakness_is_id(km_bytes_text(weakness->id))) {
		abort();
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_weakness weakness = { .ranges = ranges, .range_capacity = KM_COUNT(ranges) };
	struct km_bytes rest = km_bytes_from(data, size);
	char error[200];

	(void)!km_jvn_list_read(on_read, on_weakness, &rest, &weakness, error, sizeof(error));
	return 0;
}
