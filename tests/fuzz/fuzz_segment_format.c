/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/uuid.c base/text.c crypto/aead.c crypto/digest.c crypto/secret.c crypto/random.c proto/track.c store/segment_format.c */
/* libraries: crypto */
/*
 * The unpackers of segment files on bytes that no tag protects: header, chunk header, sample index,
 * footer and trailer. What is unpacked must pack to the same bytes.
 */
#include "store/segment_format.h"

#include <stdlib.h>

static void try_index(struct km_bytes input)
{
	static struct km_segment_sample samples[256];
	struct km_segment_chunk_header header = { 0 };
	size_t count = 0;

	if (input.size < 8) {
		return;
	}
	for (size_t i = 0; i < KM_TRACKS_MAX; i++) {
		header.chunk.samples[i] = input.data[i] % 64;
		count += header.chunk.samples[i];
	}
	header.chunk.media_bytes = (uint32_t)(input.data[4] << 8 | input.data[5]);
	if (km_segment_format_unpack_index(km_bytes_after(input, 6), &header, samples, count) ==
	    0) {
		for (size_t i = 0; i < count; i++) {
			if (samples[i].offset + samples[i].size > header.chunk.media_bytes) {
				abort();
			}
		}
	}
}

static void try_chunk(struct km_bytes input)
{
	struct km_segment_chunk_header header;
	uint8_t storage[KM_SEGMENT_CHUNK_HEADER];
	struct km_buf packed;

	if (km_segment_format_unpack_chunk(input, &header) < 0) {
		return;
	}
	km_buf_init_fixed(&packed, storage, sizeof(storage));
	km_segment_format_pack_chunk(&header, &packed);
	if (km_buf_error(&packed) < 0 || memcmp(storage, input.data, sizeof(storage)) != 0) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_bytes input = km_bytes_from(data, size);
	struct km_segment_header header;
	struct km_segment_trailer trailer;
	struct km_uuid segment = { { 1 } };
	struct km_bytes table = { 0 };
	uint64_t offset = 0;
	size_t bytes = 0;

	if (km_segment_format_unpack_header(input, &header, &bytes) == 0 && bytes > size) {
		abort();
	}
	try_chunk(input);
	try_index(input);
	if (km_segment_format_unpack_footer(input, size, &offset, &bytes) == 0 &&
	    offset + bytes != size) {
		abort();
	}
	if (km_segment_format_unpack_trailer(input, &segment, 0, NULL, &trailer, &table) == 0 &&
	    table.size != (size_t)trailer.chunk_count * KM_SEGMENT_CHUNK_HEADER) {
		abort();
	}
	return 0;
}
