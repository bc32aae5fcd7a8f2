/*
 * The bytes of a segment file, version 1 (docs/format.md): its parts packed and unpacked. Pure: no
 * files here, and nothing of what is unpacked is trusted before its tag was checked.
 *
 *   header | chunk | chunk | ... | trailer
 *
 * While a segment is being written there is no trailer. Each part is authenticated with
 * AES-256-GCM under the segment's key, and bound to its segment and its place in the file.
 */
#ifndef KM_STORE_SEGMENT_FORMAT_H
#define KM_STORE_SEGMENT_FORMAT_H

#include "base/uuid.h"
#include "crypto/aead.h"
#include "crypto/secret.h"
#include "proto/track.h"
#include "store/archive.h"

#define KM_SEGMENT_FORMAT_VERSION 1

/* Sizes in bytes. */
#define KM_SEGMENT_HEADER_MAX     (100 + KM_TRACKS_PACKED_MAX + KM_AEAD_TAG_BYTES)
#define KM_SEGMENT_CHUNK_HEADER   64
#define KM_SEGMENT_TRAILER_HEADER 40
#define KM_SEGMENT_FOOTER         16
#define KM_SEGMENT_CHUNK_MAX      (96 * 1024 * 1024) /* a whole chunk */
#define KM_SEGMENT_SAMPLES_MAX    16384              /* in one chunk, all tracks together */
#define KM_SEGMENT_CHUNKS_MAX     65536              /* in one segment */
#define KM_SEGMENT_FILE_MAX       (UINT64_C(1) << 40)

/* What a sample takes in the index at most: five varints. */
#define KM_SEGMENT_INDEX_ENTRY_MAX 50

struct km_segment_header {
	struct km_uuid segment;
	struct km_uuid camera;
	struct km_uuid key; /* of the data key */
	struct km_uuid run; /* segments of one run follow each other without a break */
	int64_t start_us;   /* label of the first sample */
	struct km_tracks tracks;
};

/* What a chunk header says besides struct km_segment_chunk. */
struct km_segment_chunk_header {
	struct km_segment_chunk chunk; /* its offset is not in the file: set by the caller */
	uint64_t sequence;             /* grows from chunk to chunk; never used twice */
	uint32_t index_bytes;
	uint32_t last_us; /* label of the last sample, after start_us */
};

struct km_segment_trailer {
	uint8_t nonce[8];
	uint32_t chunk_count;
	uint64_t video_samples;
	int64_t end_us;
};

/* The key of one segment. Returns 0 or KM_ERR_CRYPTO. */
KM_MUST_USE int km_segment_format_key(const uint8_t data_key[static KM_SECRET_BYTES],
    const struct km_uuid *segment, struct km_secret *ret_key);

/* --- header --- */

/* Append the header with its tag. Returns 0, KM_ERR_CRYPTO or an error of buf. */
KM_MUST_USE int km_segment_format_pack_header(
    const struct km_segment_header *header, struct km_aead *aead, struct km_buf *buf);

/*
 * Unpack from the beginning of a file; `bytes` may go on behind the header. ret_size: of the header
 * with its tag. Returns 0, KM_ERR_SHORT, KM_ERR_FORMAT, KM_ERR_RANGE or KM_ERR_UNSUPPORTED.
 */
KM_MUST_USE int km_segment_format_unpack_header(
    struct km_bytes bytes, struct km_segment_header *ret_header, size_t *ret_size);

/* Check the tag; `bytes` is the header with its tag, no more. Returns 0, KM_ERR_AUTH, ... */
KM_MUST_USE int km_segment_format_check_header(struct km_bytes bytes, struct km_aead *aead);

/* --- chunks --- */

/* Exactly KM_SEGMENT_CHUNK_HEADER bytes. */
void km_segment_format_pack_chunk(const struct km_segment_chunk_header *header, struct km_buf *buf);

/* Returns 0, KM_ERR_SHORT, KM_ERR_FORMAT, or KM_ERR_RANGE for sizes that do not fit together. */
KM_MUST_USE int km_segment_format_unpack_chunk(
    struct km_bytes bytes, struct km_segment_chunk_header *ret_header);

/* Nonce and associated data of a chunk at this offset. `packed` is its header as in the file. */
#define KM_SEGMENT_CHUNK_ASSOCIATED (KM_UUID_BYTES + 8 + KM_SEGMENT_CHUNK_HEADER)
void km_segment_format_chunk_nonce(
    uint64_t sequence, uint8_t ret_nonce[static KM_AEAD_NONCE_BYTES]);
void km_segment_format_chunk_associated(const struct km_uuid *segment, uint64_t offset,
    const uint8_t packed[static KM_SEGMENT_CHUNK_HEADER],
    uint8_t ret_associated[static KM_SEGMENT_CHUNK_ASSOCIATED]);

/*
 * The sample index: for each track the length of its last sample, then the samples. The durations
 * of all other samples follow from the next decoding time, and so are not stored.
 */
struct km_segment_index_state {
	int64_t ticks[KM_TRACKS_MAX];
	int32_t decode_offset[KM_TRACKS_MAX];
};
void km_segment_format_index_begin(struct km_segment_index_state *state,
    const uint32_t last_duration[static KM_TRACKS_MAX], struct km_buf *buf);
void km_segment_format_index_add(struct km_segment_index_state *state,
    const struct km_segment_sample *sample, bool is_damaged, struct km_buf *buf);

/*
 * Fill ret_samples, an array with room for the chunk's samples. Returns 0, KM_ERR_SHORT,
 * KM_ERR_FORMAT or KM_ERR_RANGE (it does not match the header).
 */
KM_MUST_USE int km_segment_format_unpack_index(struct km_bytes index,
    const struct km_segment_chunk_header *header, struct km_segment_sample *ret_samples,
    size_t count);

/* --- trailer --- */

/*
 * Append trailer, chunk table (the packed chunk headers one after another), tag and footer, to
 * stand at `offset` in the file. Returns 0, KM_ERR_CRYPTO or an error of buf.
 */
KM_MUST_USE int km_segment_format_pack_trailer(const struct km_segment_trailer *trailer,
    const struct km_uuid *segment, uint64_t offset, struct km_bytes table, struct km_aead *aead,
    struct km_buf *buf);

/* The last KM_SEGMENT_FOOTER bytes of a file. Returns 0, KM_ERR_SHORT or KM_ERR_FORMAT. */
KM_MUST_USE int km_segment_format_unpack_footer(
    struct km_bytes bytes, uint64_t file_bytes, uint64_t *ret_offset, size_t *ret_bytes);

/*
 * The whole trailer. ret_table is a view into bytes. With aead NULL the tag is not checked.
 * Returns 0, KM_ERR_SHORT, KM_ERR_FORMAT or KM_ERR_AUTH.
 */
KM_MUST_USE int km_segment_format_unpack_trailer(struct km_bytes bytes,
    const struct km_uuid *segment, uint64_t offset, struct km_aead *aead,
    struct km_segment_trailer *ret_trailer, struct km_bytes *ret_table);

#endif
