/* sources: base/error.c base/bytes.c base/buf.c base/text.c proto/digest_auth.c */
#include "proto/digest_auth.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int hash(bool is_sha256, const struct km_bytes *parts, size_t count, uint8_t *ret_digest)
{
	size_t total = 0;

	for (size_t i = 0; i < count; i++) {
		total += parts[i].size;
	}
	memset(ret_digest, (int)(total & 0xff), is_sha256 ? 32 : 16);
	return 0;
}

/* Two headers, apart by a NUL; the rest of the second is the user's name too. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_bytes values[2] = { 0 };
	struct km_bytes rest = km_bytes_from(data, size);
	struct km_digest_auth auth;
	struct km_digest_auth_login login = { .hash = hash };
	uint8_t storage[4096];
	struct km_buf buf = { 0 };

	values[0] = km_bytes_split(&rest, 0);
	values[1] = rest;
	login.user = rest;
	login.password = values[0];
	if (km_digest_auth_choose(values, 2, true, &auth) == 0) {
		km_buf_init_fixed(&buf, storage, sizeof(storage));
		(void)km_digest_auth_write(&auth, &login, &buf);
	}
	return 0;
}
