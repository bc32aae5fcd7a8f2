/* sources: base/error.c base/bytes.c base/buf.c base/text.c guard/listeners.c */
#include "guard/listeners.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_listener listener;
	uint64_t inode = 0;

	for (int table = 0; table < KM_LISTENERS_TABLES; table++) {
		struct km_bytes rest = km_bytes_from(data, size);

		while (rest.size > 0) {
			if (km_listeners_parse((enum km_listeners_table)table, km_bytes_line(&rest),
				&listener) == 0) {
				assert(
				    memchr(listener.address, 0, sizeof(listener.address)) != NULL);
			}
		}
	}
	(void)!km_listeners_parse_link(km_bytes_from(data, size), &inode);
	return 0;
}
