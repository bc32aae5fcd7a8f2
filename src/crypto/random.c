#include "crypto/random.h"

#include "base/error.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

int km_random_fill(void *ret_data, size_t size)
{
	uint8_t *data = ret_data;
	size_t done = 0;

	while (done < size) {
		ssize_t count = getrandom(data + done, size - done, 0);

		if (count < 0 && errno == EINTR) {
			continue;
		}
		if (count <= 0) {
			memset(data, 0, size);
			return KM_ERR_SYS;
		}
		done += (size_t)count;
	}
	return 0;
}

int km_random_uuid(struct km_uuid *ret_uuid)
{
	struct km_uuid uuid;
	int err = km_random_fill(uuid.bytes, sizeof(uuid.bytes));

	if (err < 0) {
		return err;
	}
	uuid.bytes[6] = (uint8_t)((uuid.bytes[6] & 0x0f) | 0x40);
	uuid.bytes[8] = (uint8_t)((uuid.bytes[8] & 0x3f) | 0x80);
	*ret_uuid = uuid;
	return 0;
}
