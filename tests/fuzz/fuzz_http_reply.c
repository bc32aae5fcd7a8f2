/* sources: proto/http_reply.c base/bytes.c base/buf.c base/error.c base/reader.c base/text.c base/uuid.c base/time.c */
#include "proto/http_reply.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_http_reply reply;
	int64_t unix_us = 0;

	if (km_http_reply_parse(km_bytes_from(data, size), &reply) == 0) {
		assert(reply.body.size < size);
		assert(reply.body.data == data + size - reply.body.size);
		assert(reply.status >= 100 && reply.status <= 999);
		assert(reply.header_count <= KM_HTTP_REPLY_HEADERS_MAX);
		assert(km_http_reply_title(reply.body).size <= reply.body.size);
		(void)km_http_reply_find(&reply, "Server", 0);
	}
	(void)km_http_reply_date(km_bytes_from(data, size), &unix_us);
	(void)km_http_reply_title(km_bytes_from(data, size));
	return 0;
}
