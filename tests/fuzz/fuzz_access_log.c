/* sources: auditor/access_log.c base/buf.c base/bytes.c base/error.c base/reader.c base/text.c */
#include "auditor/access_log.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_bytes text = km_bytes_from(data, size);
	struct km_bytes password = km_bytes_split(&text, '\n');
	struct km_access_log log = km_access_log_read(text, password);

	assert(log.timed_lines <= log.lines && log.lines <= text.size);
	assert((!log.has_login && !log.has_failure) || log.lines > 0);
	assert(!log.has_secret || password.size >= 5);
	if (password.size >= 5 && km_bytes_find_seq(text, password) < text.size) {
		assert(log.has_secret);
	}
	return 0;
}
