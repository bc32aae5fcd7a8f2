/* sources: base/error.c base/bytes.c base/buf.c judge/port_set.c */
/* What a fact says about ports: read, written, and read again as the same. */
#include "judge/port_set.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct km_port_set first;
	static struct km_port_set second;
	static char text[65536 * 7];
	struct km_buf buf;

	memset(&first, 0, sizeof(first));
	memset(&second, 0, sizeof(second));
	(void)!km_port_set_add(&first, km_bytes_from(data, size));
	km_buf_init_fixed(&buf, text, sizeof(text));
	km_port_set_write(&first, &buf);
	assert(km_buf_error(&buf) == 0);
	assert(km_port_set_add(&second, km_buf_view(&buf)) == 0);
	assert(memcmp(&first, &second, sizeof(first)) == 0);
	return 0;
}
