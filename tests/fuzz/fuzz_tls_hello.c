/* sources: proto/tls_hello.c base/bytes.c base/buf.c base/error.c base/reader.c base/text.c base/uuid.c base/time.c */
#include "proto/tls_hello.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_tls_hello_answer answer;

	(void)km_tls_hello_parse(km_bytes_from(data, size), &answer);
	return 0;
}
