/* sources: base/error.c base/bytes.c base/buf.c base/reader.c proto/track.c */
#include "proto/track.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct km_tracks tracks;
	static struct km_tracks again;
	uint8_t storage[KM_TRACKS_PACKED_MAX];
	struct km_buf buf;

	if (km_tracks_unpack(km_bytes_from(data, size), &tracks) < 0) {
		return 0;
	}
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	km_tracks_pack(&tracks, &buf);
	assert(km_buf_error(&buf) == 0);
	assert(km_bytes_is_equal(km_buf_view(&buf), km_bytes_from(data, size)));
	assert(km_tracks_unpack(km_buf_view(&buf), &again) == 0);
	assert(km_tracks_is_equal(&tracks, &again));
	return 0;
}
