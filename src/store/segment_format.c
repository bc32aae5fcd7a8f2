#include "store/segment_format.h"

#include "base/checked.h"
#include "base/reader.h"
#include "crypto/digest.h"

#include <assert.h>

#define HEADER_MAGIC  UINT64_C(0x894b4d530d0a1a0a) /* as PNG's: shows what text transfer breaks */
#define CHUNK_MAGIC   UINT32_C(0x4b4d4348)         /* "KMCH" */
#define TRAILER_MAGIC UINT32_C(0x4b4d5452)         /* "KMTR" */
#define FOOTER_MAGIC  UINT32_C(0x4b4d4654)         /* "KMFT" */

#define HEADER_FIXED_BYTES 90 /* up to the packed tracks */
#define CHUNK_FLAG_KEY     1

#define SAMPLE_KEY         1
#define SAMPLE_DAMAGED     2
#define SAMPLE_TRACK_SHIFT 2

/* First byte of a nonce: which part of the file it is for. */
enum part {
	PART_HEADER = 0,
	PART_CHUNK = 1,
	PART_TRAILER = 2,
};

int km_segment_format_key(const uint8_t data_key[static KM_SECRET_BYTES],
    const struct km_uuid *segment, struct km_secret *ret_key)
{
	return km_digest_hkdf_sha256(km_bytes_from(data_key, KM_SECRET_BYTES),
	    km_uuid_view(segment), KM_BYTES("komainu segment 1"), ret_key->bytes, KM_SECRET_BYTES);
}

static void set_nonce(enum part part, const uint8_t low[static 8], uint8_t *ret_nonce)
{
	memset(ret_nonce, 0, KM_AEAD_NONCE_BYTES);
	ret_nonce[0] = (uint8_t)part;
	memcpy(ret_nonce + KM_AEAD_NONCE_BYTES - 8, low, 8);
}

static void write_u64(uint64_t value, uint8_t ret_bytes[static 8])
{
	for (size_t i = 0; i < 8; i++) {
		ret_bytes[i] = (uint8_t)(value >> (8 * (7 - i)));
	}
}

/* --- header --- */

int km_segment_format_pack_header(
    const struct km_segment_header *header, struct km_aead *aead, struct km_buf *buf)
{
	static const uint8_t zero[8];
	uint8_t nonce[KM_AEAD_NONCE_BYTES];
	size_t start = buf->size;
	uint8_t *tag = NULL;

	km_buf_add_u64(buf, HEADER_MAGIC);
	km_buf_add_u16(buf, KM_SEGMENT_FORMAT_VERSION);
	km_buf_add_u16(buf, 0);
	km_buf_add_u32(buf, 0);
	km_buf_add(buf, km_uuid_view(&header->segment));
	km_buf_add(buf, km_uuid_view(&header->camera));
	km_buf_add(buf, km_uuid_view(&header->key));
	km_buf_add(buf, km_uuid_view(&header->run));
	km_buf_add_i64(buf, header->start_us);
	km_buf_add_u16(buf, 0);
	km_tracks_pack(&header->tracks, buf);
	tag = km_buf_grow(buf, KM_AEAD_TAG_BYTES);
	if (tag == NULL) {
		return km_buf_error(buf);
	}
	km_buf_set_u32(buf, start + 12, (uint32_t)(buf->size - start));
	buf->data[start + 88] =
	    (uint8_t)((buf->size - start - HEADER_FIXED_BYTES - KM_AEAD_TAG_BYTES) >> 8);
	buf->data[start + 89] =
	    (uint8_t)(buf->size - start - HEADER_FIXED_BYTES - KM_AEAD_TAG_BYTES);
	set_nonce(PART_HEADER, zero, nonce);
	return km_aead_seal(aead, nonce,
	    km_bytes_from(buf->data + start, buf->size - start - KM_AEAD_TAG_BYTES),
	    (struct km_bytes){ 0 }, tag);
}

int km_segment_format_unpack_header(
    struct km_bytes bytes, struct km_segment_header *ret_header, size_t *ret_size)
{
	struct km_reader reader = km_reader_from(bytes);
	struct km_segment_header header;
	struct km_bytes packed = { 0 };
	uint64_t magic = 0;
	uint32_t size = 0;
	uint16_t version = 0, flags = 0, tracks_bytes = 0;
	int err = 0;

	if (km_reader_u64(&reader, &magic) < 0 || km_reader_u16(&reader, &version) < 0 ||
	    km_reader_u16(&reader, &flags) < 0 || km_reader_u32(&reader, &size) < 0) {
		return KM_ERR_SHORT;
	}
	if (magic != HEADER_MAGIC) {
		return KM_ERR_FORMAT;
	}
	if (version != KM_SEGMENT_FORMAT_VERSION || flags != 0) {
		return KM_ERR_UNSUPPORTED;
	}
	if (km_reader_copy(&reader, header.segment.bytes, KM_UUID_BYTES) < 0 ||
	    km_reader_copy(&reader, header.camera.bytes, KM_UUID_BYTES) < 0 ||
	    km_reader_copy(&reader, header.key.bytes, KM_UUID_BYTES) < 0 ||
	    km_reader_copy(&reader, header.run.bytes, KM_UUID_BYTES) < 0 ||
	    km_reader_i64(&reader, &header.start_us) < 0 ||
	    km_reader_u16(&reader, &tracks_bytes) < 0 ||
	    km_reader_bytes(&reader, tracks_bytes, &packed) < 0 ||
	    km_reader_skip(&reader, KM_AEAD_TAG_BYTES) < 0) {
		return KM_ERR_SHORT;
	}
	if (size != reader.at) {
		return KM_ERR_RANGE;
	}
	err = km_tracks_unpack(packed, &header.tracks);
	if (err < 0) {
		return err;
	}
	*ret_header = header;
	*ret_size = size;
	return 0;
}

int km_segment_format_check_header(struct km_bytes bytes, struct km_aead *aead)
{
	static const uint8_t zero[8];
	uint8_t nonce[KM_AEAD_NONCE_BYTES];
	uint8_t nothing[1];

	if (bytes.size < KM_AEAD_TAG_BYTES) {
		return KM_ERR_SHORT;
	}
	set_nonce(PART_HEADER, zero, nonce);
	return km_aead_open(aead, nonce, km_bytes_slice(bytes, 0, bytes.size - KM_AEAD_TAG_BYTES),
	    km_bytes_after(bytes, bytes.size - KM_AEAD_TAG_BYTES), nothing);
}

/* --- chunks --- */

void km_segment_format_pack_chunk(const struct km_segment_chunk_header *header, struct km_buf *buf)
{
	km_buf_add_u32(buf, CHUNK_MAGIC);
	km_buf_add_u32(buf, header->chunk.file_bytes);
	km_buf_add_u64(buf, header->sequence);
	km_buf_add_i64(buf, header->chunk.start_us);
	km_buf_add_u32(buf, (uint32_t)header->chunk.duration_us);
	km_buf_add_u32(buf, header->last_us);
	km_buf_add_u32(buf, header->chunk.media_bytes);
	km_buf_add_u32(buf, header->index_bytes);
	for (size_t i = 0; i < KM_TRACKS_MAX; i++) {
		km_buf_add_u32(buf, header->chunk.samples[i]);
	}
	km_buf_add_u16(buf, header->chunk.is_key ? CHUNK_FLAG_KEY : 0);
	km_buf_add_u16(buf, 0);
	km_buf_add_u32(buf, 0);
}

static bool is_chunk_plausible(const struct km_segment_chunk_header *header)
{
	const struct km_segment_chunk *chunk = &header->chunk;
	uint64_t parts = (uint64_t)KM_SEGMENT_CHUNK_HEADER + header->index_bytes +
			 chunk->media_bytes + KM_AEAD_TAG_BYTES;
	uint64_t samples = 0;

	for (size_t i = 0; i < KM_TRACKS_MAX; i++) {
		samples += chunk->samples[i];
	}
	/* With labels inside +-2^62 no later sum or difference of two of them overflows. */
	return parts == chunk->file_bytes && parts <= KM_SEGMENT_CHUNK_MAX && samples > 0 &&
	       samples <= KM_SEGMENT_SAMPLES_MAX && chunk->start_us > -(INT64_C(1) << 62) &&
	       chunk->start_us < (INT64_C(1) << 62);
}

int km_segment_format_unpack_chunk(
    struct km_bytes bytes, struct km_segment_chunk_header *ret_header)
{
	struct km_reader reader = km_reader_from(bytes);
	struct km_segment_chunk_header header = { 0 };
	struct km_segment_chunk *chunk = &header.chunk;
	uint32_t magic = 0, duration_us = 0, zero32 = 0;
	uint16_t flags = 0, zero16 = 0;

	if (km_reader_u32(&reader, &magic) < 0 || km_reader_u32(&reader, &chunk->file_bytes) < 0 ||
	    km_reader_u64(&reader, &header.sequence) < 0 ||
	    km_reader_i64(&reader, &chunk->start_us) < 0 ||
	    km_reader_u32(&reader, &duration_us) < 0 ||
	    km_reader_u32(&reader, &header.last_us) < 0 ||
	    km_reader_u32(&reader, &chunk->media_bytes) < 0 ||
	    km_reader_u32(&reader, &header.index_bytes) < 0) {
		return KM_ERR_SHORT;
	}
	for (size_t i = 0; i < KM_TRACKS_MAX; i++) {
		if (km_reader_u32(&reader, &chunk->samples[i]) < 0) {
			return KM_ERR_SHORT;
		}
	}
	if (km_reader_u16(&reader, &flags) < 0 || km_reader_u16(&reader, &zero16) < 0 ||
	    km_reader_u32(&reader, &zero32) < 0) {
		return KM_ERR_SHORT;
	}
	if (magic != CHUNK_MAGIC || (flags & ~CHUNK_FLAG_KEY) != 0 || zero16 != 0 || zero32 != 0) {
		return KM_ERR_FORMAT;
	}
	chunk->duration_us = duration_us;
	chunk->is_key = (flags & CHUNK_FLAG_KEY) != 0;
	if (!is_chunk_plausible(&header)) {
		return KM_ERR_RANGE;
	}
	*ret_header = header;
	return 0;
}

void km_segment_format_chunk_nonce(uint64_t sequence, uint8_t ret_nonce[static KM_AEAD_NONCE_BYTES])
{
	uint8_t low[8];

	write_u64(sequence, low);
	set_nonce(PART_CHUNK, low, ret_nonce);
}

void km_segment_format_chunk_associated(const struct km_uuid *segment, uint64_t offset,
    const uint8_t packed[static KM_SEGMENT_CHUNK_HEADER],
    uint8_t ret_associated[static KM_SEGMENT_CHUNK_ASSOCIATED])
{
	memcpy(ret_associated, segment->bytes, KM_UUID_BYTES);
	write_u64(offset, ret_associated + KM_UUID_BYTES);
	memcpy(ret_associated + KM_UUID_BYTES + 8, packed, KM_SEGMENT_CHUNK_HEADER);
}

/* --- the sample index --- */

void km_segment_format_index_begin(struct km_segment_index_state *state,
    const uint32_t last_duration[static KM_TRACKS_MAX], struct km_buf *buf)
{
	*state = (struct km_segment_index_state){ 0 };
	for (size_t i = 0; i < KM_TRACKS_MAX; i++) {
		km_buf_add_varint(buf, last_duration[i]);
	}
}

/* Two's complement arithmetic: what a hostile index does not get right is only its own loss. */
static int64_t wrap_add(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

static int64_t wrap_sub(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a - (uint64_t)b);
}

void km_segment_format_index_add(struct km_segment_index_state *state,
    const struct km_segment_sample *sample, bool is_damaged, struct km_buf *buf)
{
	size_t track = sample->track;

	assert(track < KM_TRACKS_MAX);
	km_buf_add_varint(buf, (uint64_t)track << SAMPLE_TRACK_SHIFT |
				   (is_damaged ? SAMPLE_DAMAGED : 0) |
				   (sample->is_key ? SAMPLE_KEY : 0));
	km_buf_add_varint(buf, sample->size);
	km_buf_add_varint_signed(buf, wrap_sub(sample->ticks, state->ticks[track]));
	km_buf_add_varint_signed(
	    buf, (int64_t)sample->decode_offset_ticks - state->decode_offset[track]);
	state->ticks[track] = sample->ticks;
	state->decode_offset[track] = sample->decode_offset_ticks;
}

static int unpack_sample(struct km_reader *reader, struct km_segment_index_state *state,
    struct km_segment_sample *ret_sample)
{
	uint64_t flags = 0, size = 0;
	int64_t ticks = 0, offset = 0;
	size_t track = 0;

	if (km_reader_varint(reader, &flags) < 0 || km_reader_varint(reader, &size) < 0 ||
	    km_reader_varint_signed(reader, &ticks) < 0 ||
	    km_reader_varint_signed(reader, &offset) < 0) {
		return KM_ERR_FORMAT;
	}
	track = flags >> SAMPLE_TRACK_SHIFT;
	if (flags >> SAMPLE_TRACK_SHIFT >= KM_TRACKS_MAX || size > KM_SEGMENT_CHUNK_MAX) {
		return KM_ERR_RANGE;
	}
	state->ticks[track] = wrap_add(state->ticks[track], ticks);
	offset = wrap_add(state->decode_offset[track], offset);
	if (offset < INT32_MIN || offset > INT32_MAX) {
		return KM_ERR_RANGE;
	}
	state->decode_offset[track] = (int32_t)offset;
	*ret_sample = (struct km_segment_sample){
		.track = (uint8_t)track,
		.is_key = (flags & SAMPLE_KEY) != 0,
		.ticks = state->ticks[track],
		.decode_offset_ticks = (int32_t)offset,
		.size = (uint32_t)size,
	};
	return 0;
}

static int64_t decode_ticks(const struct km_segment_sample *sample)
{
	return wrap_sub(sample->ticks, sample->decode_offset_ticks);
}

/* Backwards, so that the next sample of each track is at hand. */
static void set_durations(struct km_segment_sample *samples, size_t count,
    const uint32_t last_duration[static KM_TRACKS_MAX])
{
	const struct km_segment_sample *next[KM_TRACKS_MAX] = { 0 };

	for (size_t i = count; i > 0; i--) {
		struct km_segment_sample *sample = &samples[i - 1];
		const struct km_segment_sample *after = next[sample->track];

		if (after == NULL) {
			sample->duration_ticks = last_duration[sample->track];
		} else {
			int64_t ticks = wrap_sub(decode_ticks(after), decode_ticks(sample));

			/* [quirk: cameras whose timestamps go backwards] */
			sample->duration_ticks = ticks < 0            ? 0
						 : ticks > UINT32_MAX ? UINT32_MAX
								      : (uint32_t)ticks;
		}
		next[sample->track] = sample;
	}
}

int km_segment_format_unpack_index(struct km_bytes index,
    const struct km_segment_chunk_header *header, struct km_segment_sample *ret_samples,
    size_t count)
{
	struct km_reader reader = km_reader_from(index);
	struct km_segment_index_state state = { 0 };
	uint32_t last_duration[KM_TRACKS_MAX];
	uint32_t found[KM_TRACKS_MAX] = { 0 };
	uint64_t media_bytes = 0;

	for (size_t i = 0; i < KM_TRACKS_MAX; i++) {
		uint64_t ticks = 0;

		if (km_reader_varint(&reader, &ticks) < 0) {
			return KM_ERR_FORMAT;
		}
		if (ticks > UINT32_MAX) {
			return KM_ERR_RANGE;
		}
		last_duration[i] = (uint32_t)ticks;
	}
	for (size_t i = 0; i < count; i++) {
		int err = unpack_sample(&reader, &state, &ret_samples[i]);

		if (err < 0) {
			return err;
		}
		if (media_bytes + ret_samples[i].size > header->chunk.media_bytes) {
			return KM_ERR_RANGE;
		}
		ret_samples[i].offset = (uint32_t)media_bytes;
		media_bytes += ret_samples[i].size;
		found[ret_samples[i].track]++;
	}
	if (km_reader_left(&reader) != 0 || media_bytes != header->chunk.media_bytes ||
	    memcmp(found, header->chunk.samples, sizeof(found)) != 0) {
		return KM_ERR_RANGE;
	}
	set_durations(ret_samples, count, last_duration);
	return 0;
}

/* --- trailer --- */

/* Tag over the trailer up to it; `bytes` begins at the trailer and ends in front of the tag. */
static void trailer_associated(
    const struct km_uuid *segment, uint64_t offset, struct km_bytes bytes, struct km_buf *buf)
{
	km_buf_add(buf, km_uuid_view(segment));
	km_buf_add_u64(buf, offset);
	km_buf_add(buf, bytes);
}

int km_segment_format_pack_trailer(const struct km_segment_trailer *trailer,
    const struct km_uuid *segment, uint64_t offset, struct km_bytes table, struct km_aead *aead,
    struct km_buf *buf)
{
	size_t start = buf->size;
	size_t size = KM_SEGMENT_TRAILER_HEADER + table.size + KM_AEAD_TAG_BYTES;
	uint8_t nonce[KM_AEAD_NONCE_BYTES];
	struct km_buf associated;
	uint8_t *tag = NULL;
	int err = 0;

	km_buf_add_u32(buf, TRAILER_MAGIC);
	km_buf_add_u32(buf, (uint32_t)(size + KM_SEGMENT_FOOTER));
	km_buf_add_data(buf, trailer->nonce, sizeof(trailer->nonce));
	km_buf_add_u32(buf, trailer->chunk_count);
	km_buf_add_u32(buf, 0);
	km_buf_add_u64(buf, trailer->video_samples);
	km_buf_add_i64(buf, trailer->end_us);
	km_buf_add(buf, table);
	if (km_buf_error(buf) < 0) {
		return km_buf_error(buf);
	}
	km_buf_init(&associated, KM_UUID_BYTES + 8 + size);
	trailer_associated(
	    segment, offset, km_bytes_from(buf->data + start, buf->size - start), &associated);
	err = km_buf_error(&associated);
	tag = km_buf_grow(buf, KM_AEAD_TAG_BYTES);
	if (err < 0 || tag == NULL) {
		err = err < 0 ? err : km_buf_error(buf);
		goto out;
	}
	set_nonce(PART_TRAILER, trailer->nonce, nonce);
	err = km_aead_seal(aead, nonce, km_buf_view(&associated), (struct km_bytes){ 0 }, tag);
	km_buf_add_u64(buf, offset);
	km_buf_add_u32(buf, (uint32_t)(size + KM_SEGMENT_FOOTER));
	km_buf_add_u32(buf, FOOTER_MAGIC);
	if (err == 0) {
		err = km_buf_error(buf);
	}
out:
	km_buf_finish(&associated);
	return err;
}

int km_segment_format_unpack_footer(
    struct km_bytes bytes, uint64_t file_bytes, uint64_t *ret_offset, size_t *ret_bytes)
{
	struct km_reader reader = km_reader_from(bytes);
	uint64_t offset = 0;
	uint32_t size = 0, magic = 0;

	if (km_reader_u64(&reader, &offset) < 0 || km_reader_u32(&reader, &size) < 0 ||
	    km_reader_u32(&reader, &magic) < 0) {
		return KM_ERR_SHORT;
	}
	if (magic != FOOTER_MAGIC || offset > file_bytes || size != file_bytes - offset ||
	    size < KM_SEGMENT_TRAILER_HEADER + KM_AEAD_TAG_BYTES + KM_SEGMENT_FOOTER ||
	    size > KM_SEGMENT_TRAILER_HEADER + KM_AEAD_TAG_BYTES + KM_SEGMENT_FOOTER +
		       KM_SEGMENT_CHUNKS_MAX * KM_SEGMENT_CHUNK_HEADER) {
		return KM_ERR_FORMAT;
	}
	*ret_offset = offset;
	*ret_bytes = size;
	return 0;
}

static int check_trailer(struct km_bytes bytes, const struct km_uuid *segment, uint64_t offset,
    const struct km_segment_trailer *trailer, struct km_aead *aead)
{
	size_t size = bytes.size - KM_SEGMENT_FOOTER - KM_AEAD_TAG_BYTES;
	uint8_t nonce[KM_AEAD_NONCE_BYTES];
	uint8_t nothing[1];
	struct km_buf associated;
	int err = 0;

	km_buf_init(&associated, KM_UUID_BYTES + 8 + size);
	trailer_associated(segment, offset, km_bytes_slice(bytes, 0, size), &associated);
	set_nonce(PART_TRAILER, trailer->nonce, nonce);
	err = km_buf_error(&associated);
	if (err == 0) {
		err = km_aead_open(aead, nonce, km_buf_view(&associated),
		    km_bytes_slice(bytes, size, KM_AEAD_TAG_BYTES), nothing);
	}
	km_buf_finish(&associated);
	return err;
}

int km_segment_format_unpack_trailer(struct km_bytes bytes, const struct km_uuid *segment,
    uint64_t offset, struct km_aead *aead, struct km_segment_trailer *ret_trailer,
    struct km_bytes *ret_table)
{
	struct km_reader reader = km_reader_from(bytes);
	struct km_segment_trailer trailer;
	struct km_bytes table = { 0 };
	uint32_t magic = 0, size = 0, zero = 0;
	int err = 0;

	if (km_reader_u32(&reader, &magic) < 0 || km_reader_u32(&reader, &size) < 0 ||
	    km_reader_copy(&reader, trailer.nonce, sizeof(trailer.nonce)) < 0 ||
	    km_reader_u32(&reader, &trailer.chunk_count) < 0 || km_reader_u32(&reader, &zero) < 0 ||
	    km_reader_u64(&reader, &trailer.video_samples) < 0 ||
	    km_reader_i64(&reader, &trailer.end_us) < 0) {
		return KM_ERR_SHORT;
	}
	if (magic != TRAILER_MAGIC || zero != 0 || size != bytes.size ||
	    trailer.chunk_count > KM_SEGMENT_CHUNKS_MAX ||
	    (size_t)trailer.chunk_count * KM_SEGMENT_CHUNK_HEADER + KM_AEAD_TAG_BYTES +
		    KM_SEGMENT_FOOTER !=
		km_reader_left(&reader)) {
		return KM_ERR_FORMAT;
	}
	table = km_bytes_slice(bytes, KM_SEGMENT_TRAILER_HEADER,
	    (size_t)trailer.chunk_count * KM_SEGMENT_CHUNK_HEADER);
	err = aead == NULL ? 0 : check_trailer(bytes, segment, offset, &trailer, aead);
	if (err < 0) {
		return err;
	}
	*ret_trailer = trailer;
	*ret_table = table;
	return 0;
}
