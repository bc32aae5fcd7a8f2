/* sources: base/error.c base/bytes.c base/buf.c base/cidr.c */
#include "base/cidr.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was parsed and written must parse to the same again, and holds its own address. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct km_cidr_list list;
	uint8_t storage[512];
	struct km_buf error = { 0 };

	km_buf_init_fixed(&error, storage, sizeof(storage));
	list.count = 0;
	(void)km_cidr_parse_list(km_bytes_from(data, size), &list, &error);
	for (size_t i = 0; i < list.count; i++) {
		char text[KM_CIDR_TEXT_SIZE];
		struct km_cidr again = { 0 };

		km_cidr_write(&list.blocks[i], text);
		assert(km_cidr_parse(km_bytes_text(text), &again, NULL) == 0);
		assert(memcmp(&again, &list.blocks[i], sizeof(again)) == 0);
		assert(km_cidr_has(&again, again.address) ==
		       !(again.bits < 96 && km_cidr_parse_address(KM_BYTES("::"), storage) == 0 &&
			   memcmp(again.address, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0));
	}
	return 0;
}
