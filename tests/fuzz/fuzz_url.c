/* sources: base/error.c base/bytes.c base/buf.c proto/url.c */
#include "proto/url.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was parsed and written must parse to the same again. */
static void write_and_parse(const struct km_url *url)
{
	uint8_t storage[KM_URL_MAX + 16];
	struct km_buf buf = { 0 };
	struct km_url again = { 0 };

	km_buf_init_fixed(&buf, storage, sizeof(storage));
	km_url_write(url, &buf);
	assert(km_buf_error(&buf) == 0);
	if (buf.size <= KM_URL_MAX) {
		assert(km_url_parse(km_buf_view(&buf), &again, NULL) == 0);
		assert(again.port == url->port && again.is_tls == url->is_tls);
		assert(km_bytes_is_equal(again.host, url->host));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t storage[4096];
	struct km_buf buf = { 0 };
	struct km_bytes rest = km_bytes_from(data, size);
	struct km_bytes first = km_bytes_split(&rest, '\n');
	struct km_url url = { 0 };

	km_buf_init_fixed(&buf, storage, sizeof(storage));
	if (km_url_parse(first, &url, NULL) == 0) {
		write_and_parse(&url);
	}
	km_url_write_control(first, rest, &buf);
	km_url_write_base(first, rest, &buf);
	return 0;
}
