#include "store/segment.h"

#include "store/disk.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/stat.h>

#define TAIL_BYTES 8192 /* most trailers fit in: one read instead of two */

struct km_segment {
	int fd;
	struct km_segment_header header;
	struct km_aead *aead;
	struct km_segment_chunk *chunks;
	size_t chunk_count;
	size_t chunk_capacity;
	struct km_buf table; /* packed chunk headers */
	struct km_segment_file file;
	uint64_t header_bytes;
};

static int read_header(
    int fd, struct km_segment_header *ret_header, uint8_t *ret_bytes, size_t *ret_size)
{
	size_t count = 0;
	int err = km_disk_read(fd, ret_bytes, KM_SEGMENT_HEADER_MAX, 0, &count);

	if (err == 0) {
		err = km_segment_format_unpack_header(
		    km_bytes_from(ret_bytes, count), ret_header, ret_size);
	}
	/* The tag and the chunk layout vouch for what is there: all else is a broken format. */
	return err == KM_ERR_SHORT || err == KM_ERR_RANGE ? KM_ERR_FORMAT : err;
}

int km_segment_peek(int fd, struct km_segment_header *ret_header)
{
	uint8_t bytes[KM_SEGMENT_HEADER_MAX];
	size_t size = 0;

	return read_header(fd, ret_header, bytes, &size);
}

/* --- the list of chunks --- */

static int add_chunk(struct km_segment *segment, struct km_bytes packed)
{
	struct km_segment_chunk_header header;
	uint64_t video_samples = segment->file.video_samples;
	int64_t last_us = 0;
	int err = km_segment_format_unpack_chunk(packed, &header);

	if (err < 0) {
		return KM_ERR_FORMAT;
	}
	if (segment->chunk_count >= KM_SEGMENT_CHUNKS_MAX) {
		return KM_ERR_LIMIT;
	}
	if (segment->chunk_count == segment->chunk_capacity) {
		size_t capacity = segment->chunk_capacity == 0 ? 128 : segment->chunk_capacity * 2;
		struct km_segment_chunk *chunks =
		    realloc(segment->chunks, capacity * sizeof(*chunks));

		if (chunks == NULL) {
			return KM_ERR_MEMORY;
		}
		segment->chunks = chunks;
		segment->chunk_capacity = capacity;
	}
	km_buf_add(&segment->table, km_bytes_slice(packed, 0, KM_SEGMENT_CHUNK_HEADER));
	if (km_buf_error(&segment->table) < 0) {
		return km_buf_error(&segment->table);
	}
	if (segment->header.tracks.count > 0 &&
	    km_codec_is_video(segment->header.tracks.track[0].codec)) {
		video_samples += header.chunk.samples[0];
	}
	last_us = header.chunk.start_us + header.last_us;
	header.chunk.offset = segment->file.good_bytes;
	segment->chunks[segment->chunk_count++] = header.chunk;
	segment->file.good_bytes += header.chunk.file_bytes;
	segment->file.video_samples = video_samples;
	segment->file.end_us = header.chunk.start_us + header.chunk.duration_us;
	segment->file.last_us = last_us > segment->file.last_us ? last_us : segment->file.last_us;
	return 0;
}

/* Header by header, until the first that is not whole. */
static int walk_chunks(struct km_segment *segment, uint64_t limit)
{
	for (size_t i = 0; i < KM_SEGMENT_CHUNKS_MAX; i++) {
		uint8_t packed[KM_SEGMENT_CHUNK_HEADER];
		struct km_segment_chunk_header header;
		size_t count = 0;
		int err = km_disk_read(
		    segment->fd, packed, sizeof(packed), segment->file.good_bytes, &count);

		if (err < 0) {
			return err;
		}
		if (km_segment_format_unpack_chunk(km_bytes_from(packed, count), &header) < 0 ||
		    segment->file.good_bytes + header.chunk.file_bytes > limit) {
			break;
		}
		err = add_chunk(segment, KM_BYTES_OF(packed));
		if (err < 0) {
			return err;
		}
	}
	return 0;
}

/* --- the trailer --- */

static int use_trailer(struct km_segment *segment, struct km_bytes bytes, uint64_t offset)
{
	struct km_segment_trailer trailer;
	struct km_bytes table = { 0 };
	int err = km_segment_format_unpack_trailer(
	    bytes, &segment->header.segment, offset, segment->aead, &trailer, &table);

	for (size_t at = 0; err == 0 && at < table.size; at += KM_SEGMENT_CHUNK_HEADER) {
		err = add_chunk(segment, km_bytes_after(table, at));
	}
	if (err == 0 && segment->file.good_bytes != offset) {
		err = KM_ERR_FORMAT;
	}
	if (err == 0) {
		segment->file.has_trailer = true;
	}
	return err == KM_ERR_SHORT ? KM_ERR_FORMAT : err;
}

static void forget_chunks(struct km_segment *segment)
{
	segment->chunk_count = 0;
	km_buf_clear(&segment->table);
	segment->file.good_bytes = segment->header_bytes;
	segment->file.video_samples = 0;
	segment->file.end_us = segment->header.start_us;
	segment->file.last_us = segment->header.start_us;
}

/* Returns 0, KM_ERR_NOT_FOUND without a trailer that may be used, or why reading failed. */
static int read_trailer(struct km_segment *segment)
{
	uint64_t file_bytes = segment->file.file_bytes;
	size_t want = file_bytes < TAIL_BYTES ? (size_t)file_bytes : TAIL_BYTES;
	struct km_buf tail;
	uint64_t offset = 0;
	size_t bytes = 0;
	size_t count = 0;
	int err = 0;

	km_buf_init(&tail, KM_SEGMENT_TRAILER_HEADER + KM_AEAD_TAG_BYTES + KM_SEGMENT_FOOTER +
			       (size_t)KM_SEGMENT_CHUNKS_MAX * KM_SEGMENT_CHUNK_HEADER);
	for (int round = 0; round < 2 && err == 0; round++) {
		uint8_t *to = NULL;

		km_buf_clear(&tail);
		to = km_buf_grow(&tail, want);
		err = to == NULL ? KM_ERR_MEMORY
				 : km_disk_read(segment->fd, to, want, file_bytes - want, &count);
		if (err == 0 &&
		    (count != want ||
			km_segment_format_unpack_footer(
			    km_bytes_after(km_buf_view(&tail),
				want < KM_SEGMENT_FOOTER ? want : want - KM_SEGMENT_FOOTER),
			    file_bytes, &offset, &bytes) < 0)) {
			err = KM_ERR_NOT_FOUND;
		}
		if (bytes <= want) {
			break;
		}
		want = bytes;
	}
	if (err == 0) {
		err =
		    use_trailer(segment, km_bytes_after(km_buf_view(&tail), want - bytes), offset);
		err = err == KM_ERR_FORMAT || err == KM_ERR_AUTH ? KM_ERR_NOT_FOUND : err;
	}
	km_buf_finish(&tail);
	return err;
}

/* --- opening --- */

static int check_header(
    struct km_segment *segment, const struct km_uuid *id, const uint8_t key[static KM_SECRET_BYTES])
{
	uint8_t bytes[KM_SEGMENT_HEADER_MAX];
	struct km_secret segment_key;
	size_t size = 0;
	int err = read_header(segment->fd, &segment->header, bytes, &size);

	if (err < 0) {
		return err;
	}
	if (id != NULL && !km_uuid_is_equal(id, &segment->header.segment)) {
		return KM_ERR_FORMAT;
	}
	err = km_segment_format_key(key, &segment->header.segment, &segment_key);
	if (err == 0) {
		err = km_aead_create(segment_key.bytes, &segment->aead);
	}
	km_secret_wipe(&segment_key);
	if (err == 0) {
		err = km_segment_format_check_header(km_bytes_from(bytes, size), segment->aead);
	}
	segment->header_bytes = size;
	segment->file.start_us = segment->header.start_us;
	return err;
}

static int find_chunks(struct km_segment *segment, uint64_t limit)
{
	struct stat status;
	int err = KM_ERR_NOT_FOUND;

	if (fstat(segment->fd, &status) < 0) {
		return KM_ERR_SYS;
	}
	segment->file.file_bytes = status.st_size < 0 ? 0 : (uint64_t)status.st_size;
	if (limit > segment->file.file_bytes) {
		limit = segment->file.file_bytes;
	}
	forget_chunks(segment);
	if (limit == segment->file.file_bytes) {
		err = read_trailer(segment);
	}
	if (err == KM_ERR_NOT_FOUND) {
		forget_chunks(segment);
		err = walk_chunks(segment, limit);
	}
	return err;
}

int km_segment_open_fd(int fd, const struct km_uuid *id, uint64_t limit,
    const uint8_t key[static KM_SECRET_BYTES], struct km_segment **ret_segment)
{
	struct km_segment *segment = calloc(1, sizeof(*segment));
	int err = 0;

	if (segment == NULL) {
		return KM_ERR_MEMORY;
	}
	segment->fd = fd;
	km_buf_init(&segment->table, (size_t)KM_SEGMENT_CHUNKS_MAX * KM_SEGMENT_CHUNK_HEADER);
	err = check_header(segment, id, key);
	if (err == 0) {
		err = find_chunks(segment, limit);
	}
	if (err < 0) {
		segment->fd = -1; /* stays the caller's */
		km_segment_close(segment);
		return err;
	}
	*ret_segment = segment;
	return 0;
}

void km_segment_close(struct km_segment *segment)
{
	if (segment == NULL) {
		return;
	}
	if (segment->fd >= 0) {
		(void)close(segment->fd);
	}
	km_aead_destroy(segment->aead);
	km_buf_finish(&segment->table);
	free(segment->chunks);
	free(segment);
}

/* --- what is in it --- */

const struct km_segment_header *km_segment_header(const struct km_segment *segment)
{
	return &segment->header;
}

void km_segment_describe(const struct km_segment *segment, struct km_segment_file *ret_file)
{
	*ret_file = segment->file;
}

struct km_bytes km_segment_table(const struct km_segment *segment)
{
	return km_buf_view(&segment->table);
}

const struct km_tracks *km_segment_tracks(const struct km_segment *segment)
{
	return &segment->header.tracks;
}

size_t km_segment_chunk_count(const struct km_segment *segment)
{
	return segment->chunk_count;
}

const struct km_segment_chunk *km_segment_chunk(const struct km_segment *segment, size_t number)
{
	assert(number < segment->chunk_count);
	return &segment->chunks[number];
}

size_t km_segment_chunk_at(const struct km_segment *segment, int64_t unix_us)
{
	size_t low = 0;
	size_t high = segment->chunk_count;

	/* Invariant: chunks below low start at or before unix_us, those from high on later. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (segment->chunks[middle].start_us <= unix_us) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return low == 0 ? 0 : low - 1;
}

/* --- media --- */

static int reserve_samples(struct km_segment_media *media, size_t count)
{
	struct km_segment_sample *samples = NULL;

	if (count <= media->capacity) {
		return 0;
	}
	samples = realloc(media->samples, count * sizeof(*samples));
	if (samples == NULL) {
		return KM_ERR_MEMORY;
	}
	media->samples = samples;
	media->capacity = count;
	return 0;
}

static int unpack_media(struct km_segment *segment, const struct km_segment_chunk_header *header,
    struct km_segment_media *media)
{
	size_t count = 0;
	int err = 0;

	for (size_t i = 0; i < KM_TRACKS_MAX; i++) {
		count += header->chunk.samples[i];
		if (i >= segment->header.tracks.count && header->chunk.samples[i] > 0) {
			return KM_ERR_FORMAT;
		}
	}
	err = reserve_samples(media, count);
	if (err < 0) {
		return err;
	}
	err = km_segment_format_unpack_index(km_bytes_slice(km_buf_view(&media->bytes),
						 KM_SEGMENT_CHUNK_HEADER, header->index_bytes),
	    header, media->samples, count);
	if (err < 0) {
		return KM_ERR_FORMAT;
	}
	media->count = count;
	km_buf_consume(&media->bytes, KM_SEGMENT_CHUNK_HEADER + header->index_bytes);
	media->bytes.size = header->chunk.media_bytes; /* without the room of the tag */
	return 0;
}

int km_segment_read(struct km_segment *segment, size_t chunk, struct km_segment_media *media)
{
	const struct km_segment_chunk *place = &segment->chunks[chunk];
	struct km_segment_chunk_header header = { 0 };
	uint8_t associated[KM_SEGMENT_CHUNK_ASSOCIATED];
	uint8_t nonce[KM_AEAD_NONCE_BYTES];
	struct km_bytes sealed = { 0 };
	const uint8_t *packed = NULL;
	uint8_t *to = NULL;
	size_t count = 0;
	int err = 0;

	assert(chunk < segment->chunk_count);
	media->count = 0;
	media->bytes.max = KM_SEGMENT_CHUNK_MAX;
	km_buf_clear(&media->bytes);
	to = km_buf_grow(&media->bytes, place->file_bytes);
	if (to == NULL) {
		return KM_ERR_MEMORY;
	}
	err = km_disk_read(segment->fd, to, place->file_bytes, place->offset, &count);
	if (err == 0 && count != place->file_bytes) {
		err = KM_ERR_SHORT;
	}
	/* The header is that of the table; what the file says there must be the same bytes. */
	packed = segment->table.data + chunk * KM_SEGMENT_CHUNK_HEADER;
	if (err == 0 && memcmp(packed, to, KM_SEGMENT_CHUNK_HEADER) != 0) {
		err = KM_ERR_AUTH;
	}
	if (err == 0) {
		err = km_segment_format_unpack_chunk(
		    km_bytes_from(packed, KM_SEGMENT_CHUNK_HEADER), &header);
	}
	if (err < 0) {
		km_buf_clear(&media->bytes);
		return err;
	}
	km_segment_format_chunk_nonce(header.sequence, nonce);
	km_segment_format_chunk_associated(
	    &segment->header.segment, place->offset, packed, associated);
	sealed = km_bytes_after(km_buf_view(&media->bytes), KM_SEGMENT_CHUNK_HEADER);
	err = km_aead_open(
	    segment->aead, nonce, KM_BYTES_OF(associated), sealed, to + KM_SEGMENT_CHUNK_HEADER);
	if (err == 0) {
		err = unpack_media(segment, &header, media);
	}
	if (err < 0) {
		km_buf_clear(&media->bytes);
	}
	return err;
}

void km_segment_media_finish(struct km_segment_media *media)
{
	km_buf_wipe(&media->bytes);
	free(media->samples);
	*media = (struct km_segment_media){ 0 };
}

int km_segment_cut_bad(struct km_segment *segment, size_t first, struct km_segment_media *media)
{
	size_t before = segment->chunk_count;
	struct km_buf kept;
	size_t good = first < before ? first : before;
	int err = 0;

	while (good < before) {
		err = km_segment_read(segment, good, media);
		if (err == KM_ERR_MEMORY || err == KM_ERR_SYS) {
			return err;
		}
		if (err < 0) {
			break;
		}
		good++;
	}
	if (good == before) {
		return 0;
	}
	km_buf_init(&kept, segment->table.max);
	km_buf_add(
	    &kept, km_bytes_slice(km_segment_table(segment), 0, good * KM_SEGMENT_CHUNK_HEADER));
	err = km_buf_error(&kept);
	forget_chunks(segment);
	for (size_t at = 0; err == 0 && at < kept.size; at += KM_SEGMENT_CHUNK_HEADER) {
		err = add_chunk(segment, km_bytes_after(km_buf_view(&kept), at));
	}
	km_buf_finish(&kept);
	segment->file.has_trailer = false;
	return err < 0 ? err : (int)(before - good);
}
