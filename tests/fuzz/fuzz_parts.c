/* sources: base/error.c base/bytes.c guard/parts.c */
#include "guard/parts.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_part parts[] = { { .name = "libssl.so.3" }, { .name = "libc.so.6" },
		{ .name = "" } };
	char package[KM_PARTS_NAME_SIZE];
	char name[KM_PARTS_NAME_SIZE];

	if (km_bytes_copy_text(km_bytes_from(data, size), name, sizeof(name)) == 0) {
		km_parts_guess(name, package);
	}
	km_parts_find(km_bytes_from(data, size), parts, sizeof(parts) / sizeof(parts[0]));
	return 0;
}
