#include "store/segment_writer.h"

#include "base/time.h"
#include "crypto/random.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#define DIRECTORY_MODE 0750
#define FILE_MODE      0640

struct km_segment_writer {
	const struct km_disk *disk;
	int root;
	int fd;
	int camera_directory; /* open while its names are not synced; else -1 */
	int day_directory;
	bool is_root_dirty; /* the camera's directory was made */
	struct km_segment_header header;
	struct km_aead *aead;
	uint64_t size;
	uint64_t sequence; /* of the next sealing; also those never written count */
	uint64_t video_samples;
	int64_t end_us;
	struct km_buf table;                            /* packed chunk headers */
	struct km_segment_chunk_header sealed;          /* what was sealed last */
	uint8_t sealed_packed[KM_SEGMENT_CHUNK_HEADER]; /* its header as in the file */
};

static void day_directory_path(const struct km_uuid *camera, int64_t start_us, char *ret_path)
{
	char id[KM_UUID_TEXT_SIZE];
	char day[KM_TIME_TEXT_SIZE];

	km_uuid_write(camera, id);
	km_time_write(start_us, day);
	(void)snprintf(ret_path, KM_SEGMENT_PATH_SIZE, "%s/%.10s", id, day);
}

void km_segment_writer_path(const struct km_uuid *camera, int64_t start_us,
    const struct km_uuid *segment, char ret_path[static KM_SEGMENT_PATH_SIZE])
{
	char directory[KM_SEGMENT_PATH_SIZE];
	char id[KM_UUID_TEXT_SIZE];

	day_directory_path(camera, start_us, directory);
	km_uuid_write(segment, id);
	(void)snprintf(ret_path, KM_SEGMENT_PATH_SIZE, "%.47s/%s.kms", directory, id);
}

static int new_writer(const struct km_disk *disk, const struct km_segment_header *header,
    const uint8_t *data_key, struct km_segment_writer **ret_writer)
{
	struct km_segment_writer *writer = calloc(1, sizeof(*writer));
	struct km_secret key;
	int err = 0;

	if (writer == NULL) {
		return KM_ERR_MEMORY;
	}
	writer->disk = disk;
	writer->root = -1;
	writer->fd = -1;
	writer->camera_directory = -1;
	writer->day_directory = -1;
	writer->header = *header;
	writer->end_us = header->start_us;
	km_buf_init(&writer->table, (size_t)KM_SEGMENT_CHUNKS_MAX * KM_SEGMENT_CHUNK_HEADER);
	err = km_segment_format_key(data_key, &header->segment, &key);
	if (err == 0) {
		err = km_aead_create(key.bytes, &writer->aead);
	}
	km_secret_wipe(&key);
	if (err < 0) {
		km_segment_writer_destroy(writer);
		return err;
	}
	*ret_writer = writer;
	return 0;
}

int km_segment_writer_create(const struct km_disk *disk, int root,
    const struct km_segment_header *header, const uint8_t data_key[static KM_SECRET_BYTES],
    struct km_segment_writer **ret_writer)
{
	struct km_segment_writer *writer = NULL;
	int err = new_writer(disk, header, data_key, &writer);

	if (err == 0) {
		writer->root = root;
		*ret_writer = writer;
	}
	return err;
}

static bool has_video(const struct km_segment_header *header)
{
	return header->tracks.count > 0 && km_codec_is_video(header->tracks.track[0].codec);
}

/* Count a chunk that is in the file now. */
static void count_chunk(
    struct km_segment_writer *writer, const struct km_segment_chunk_header *header)
{
	writer->size += header->chunk.file_bytes;
	writer->end_us = header->chunk.start_us + header->chunk.duration_us;
	if (has_video(&writer->header)) {
		writer->video_samples += header->chunk.samples[0];
	}
}

int km_segment_writer_reopen(const struct km_disk *disk, int fd,
    const struct km_segment_header *header, const uint8_t data_key[static KM_SECRET_BYTES],
    uint64_t size, struct km_bytes table, struct km_segment_writer **ret_writer)
{
	struct km_segment_writer *writer = NULL;
	struct km_segment_chunk_header chunk;
	int err = new_writer(disk, header, data_key, &writer);

	if (err < 0) {
		return err;
	}
	km_buf_add(&writer->table, table);
	err = km_buf_error(&writer->table);
	for (size_t at = 0; err == 0 && at < table.size; at += KM_SEGMENT_CHUNK_HEADER) {
		err = km_segment_format_unpack_chunk(km_bytes_after(table, at), &chunk);
		if (err == 0) {
			count_chunk(writer, &chunk);
		}
	}
	if (err < 0) {
		km_segment_writer_destroy(writer);
		return err;
	}
	writer->size = size;
	writer->fd = fd;
	*ret_writer = writer;
	return 0;
}

/* --- sealing --- */

static struct km_segment_chunk_header chunk_header(
    const struct km_segment_writer *writer, const struct km_segment_writer_chunk *chunk)
{
	struct km_segment_chunk_header header = {
		.chunk.start_us = chunk->samples[0].unix_us,
		.chunk.duration_us = chunk->duration_us < 0            ? 0
				     : chunk->duration_us > UINT32_MAX ? UINT32_MAX
								       : chunk->duration_us,
		.chunk.is_key = chunk->is_key,
		.sequence = writer->sequence,
	};
	int64_t last_us = 0;

	for (size_t i = 0; i < chunk->count; i++) {
		int64_t after_us = chunk->samples[i].unix_us - header.chunk.start_us;

		header.chunk.samples[chunk->samples[i].track]++;
		last_us = after_us > last_us ? after_us : last_us;
	}
	header.last_us = last_us > UINT32_MAX ? UINT32_MAX : (uint32_t)last_us;
	return header;
}

static void add_index(const struct km_segment_writer_chunk *chunk, struct km_buf *buf)
{
	struct km_segment_index_state state;

	km_segment_format_index_begin(&state, chunk->last_duration, buf);
	for (size_t i = 0; i < chunk->count; i++) {
		const struct km_segment_writer_sample *from = &chunk->samples[i];
		struct km_segment_sample sample = {
			.track = from->track,
			.is_key = from->is_key,
			.ticks = from->ticks,
			.decode_offset_ticks = from->decode_offset_ticks,
			.size = (uint32_t)from->data.size,
		};

		km_segment_format_index_add(&state, &sample, from->is_damaged, buf);
	}
}

/* Encrypt index (in place) and samples (from where they lie) behind the header at `start`. */
static int encrypt(struct km_segment_writer *writer, const struct km_segment_writer_chunk *chunk,
    size_t start, struct km_buf *sealed)
{
	uint8_t nonce[KM_AEAD_NONCE_BYTES];
	uint8_t associated[KM_SEGMENT_CHUNK_ASSOCIATED];
	uint8_t *to = sealed->data + start + KM_SEGMENT_CHUNK_HEADER;
	uint64_t offset = writer->size + start;
	int err = 0;

	km_segment_format_chunk_nonce(writer->sequence, nonce);
	km_segment_format_chunk_associated(
	    &writer->header.segment, offset, writer->sealed_packed, associated);
	err = km_aead_begin(writer->aead, nonce, KM_BYTES_OF(associated));
	if (err == 0) {
		err =
		    km_aead_update(writer->aead, km_bytes_from(to, writer->sealed.index_bytes), to);
		to += writer->sealed.index_bytes;
	}
	for (size_t i = 0; err == 0 && i < chunk->count; i++) {
		err = km_aead_update(writer->aead, chunk->samples[i].data, to);
		to += chunk->samples[i].data.size;
	}
	return err < 0 ? err : km_aead_finish(writer->aead, to);
}

/* Sum of the samples, or more than any chunk may have. */
static size_t media_bytes(const struct km_segment_writer_chunk *chunk)
{
	size_t bytes = 0;

	for (size_t i = 0; i < chunk->count && bytes <= KM_SEGMENT_CHUNK_MAX; i++) {
		size_t size = chunk->samples[i].data.size;

		bytes += size > KM_SEGMENT_CHUNK_MAX ? (size_t)KM_SEGMENT_CHUNK_MAX + 1 : size;
	}
	return bytes;
}

int km_segment_writer_seal(struct km_segment_writer *writer,
    const struct km_segment_writer_chunk *chunk, struct km_buf *sealed)
{
	struct km_segment_chunk_header header = { 0 };
	struct km_buf packed;
	size_t bytes = media_bytes(chunk);
	size_t index_most = KM_TRACKS_MAX * 10 + chunk->count * KM_SEGMENT_INDEX_ENTRY_MAX;
	size_t start = 0;
	int err = 0;

	assert(chunk->count > 0 && chunk->count <= KM_SEGMENT_SAMPLES_MAX);
	if (bytes + index_most + KM_SEGMENT_CHUNK_HEADER + KM_AEAD_TAG_BYTES >
		KM_SEGMENT_CHUNK_MAX ||
	    writer->size > KM_SEGMENT_FILE_MAX ||
	    writer->table.size + KM_SEGMENT_CHUNK_HEADER > writer->table.max) {
		return KM_ERR_LIMIT;
	}
	header = chunk_header(writer, chunk);
	km_buf_clear(sealed);
	if (writer->size == 0) {
		err = km_segment_format_pack_header(&writer->header, writer->aead, sealed);
		if (err < 0) {
			return err;
		}
	}
	start = sealed->size;
	/* One growth: no byte is moved afterwards. */
	err = km_buf_reserve(
	    sealed, KM_SEGMENT_CHUNK_HEADER + index_most + bytes + KM_AEAD_TAG_BYTES);
	if (err < 0) {
		return err;
	}
	(void)km_buf_grow(sealed, KM_SEGMENT_CHUNK_HEADER);
	add_index(chunk, sealed);
	header.index_bytes = (uint32_t)(sealed->size - start - KM_SEGMENT_CHUNK_HEADER);
	header.chunk.media_bytes = (uint32_t)bytes;
	(void)km_buf_grow(sealed, bytes + KM_AEAD_TAG_BYTES);
	header.chunk.file_bytes = (uint32_t)(sealed->size - start);
	km_buf_init_fixed(&packed, writer->sealed_packed, sizeof(writer->sealed_packed));
	km_segment_format_pack_chunk(&header, &packed);
	memcpy(sealed->data + start, writer->sealed_packed, KM_SEGMENT_CHUNK_HEADER);
	writer->sealed = header;
	err = encrypt(writer, chunk, start, sealed);
	writer->sequence++;
	return err < 0 ? err : km_buf_error(sealed);
}

/* --- the file --- */

static int make_directory(struct km_segment_writer *writer, const char *path, bool *ret_is_new)
{
	const struct km_disk *disk = writer->disk;

	*ret_is_new = disk->mkdirat(disk->context, writer->root, path, DIRECTORY_MODE) == 0;
	if (!*ret_is_new && errno != EEXIST) {
		return km_disk_is_full(errno) ? KM_ERR_NO_SPACE : KM_ERR_SYS;
	}
	return 0;
}

static int open_directory(struct km_segment_writer *writer, const char *path, int *ret_fd)
{
	const struct km_disk *disk = writer->disk;
	int fd = disk->openat(disk->context, writer->root, path, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0) {
		return KM_ERR_SYS;
	}
	*ret_fd = fd;
	return 0;
}

static int make_directories(struct km_segment_writer *writer)
{
	char path[KM_SEGMENT_PATH_SIZE];
	bool is_new = false;
	int err = 0;

	km_uuid_write(&writer->header.camera, path);
	err = make_directory(writer, path, &is_new);
	writer->is_root_dirty = writer->is_root_dirty || is_new;
	if (err == 0 && writer->camera_directory < 0) {
		err = open_directory(writer, path, &writer->camera_directory);
	}
	if (err < 0) {
		return err;
	}
	day_directory_path(&writer->header.camera, writer->header.start_us, path);
	err = make_directory(writer, path, &is_new);
	if (err == 0 && writer->day_directory < 0) {
		err = open_directory(writer, path, &writer->day_directory);
	}
	return err;
}

static int make_file(struct km_segment_writer *writer)
{
	const struct km_disk *disk = writer->disk;
	char path[KM_SEGMENT_PATH_SIZE];
	int err = make_directories(writer);

	if (err < 0) {
		return err;
	}
	km_segment_writer_path(
	    &writer->header.camera, writer->header.start_us, &writer->header.segment, path);
	writer->fd =
	    disk->openat(disk->context, writer->root, path, O_RDWR | O_CREAT | O_EXCL, FILE_MODE);
	if (writer->fd < 0) {
		return km_disk_is_full(errno) ? KM_ERR_NO_SPACE : KM_ERR_SYS;
	}
	return 0;
}

int km_segment_writer_write(struct km_segment_writer *writer, struct km_bytes sealed)
{
	int err = writer->fd < 0 ? make_file(writer) : 0;

	if (err == 0) {
		err =
		    km_disk_write(writer->disk, writer->fd, sealed.data, sealed.size, writer->size);
	}
	if (err < 0) {
		return err;
	}
	km_buf_add_data(&writer->table, writer->sealed_packed, KM_SEGMENT_CHUNK_HEADER);
	writer->size += sealed.size - writer->sealed.chunk.file_bytes; /* the header, if any */
	count_chunk(writer, &writer->sealed);
	return km_buf_error(&writer->table);
}

int km_segment_writer_close(struct km_segment_writer *writer, struct km_buf *scratch)
{
	struct km_segment_trailer trailer = {
		.chunk_count = (uint32_t)(writer->table.size / KM_SEGMENT_CHUNK_HEADER),
		.video_samples = writer->video_samples,
		.end_us = writer->end_us,
	};
	int err = km_random_fill(trailer.nonce, sizeof(trailer.nonce));

	assert(writer->fd >= 0);
	km_buf_clear(scratch);
	if (err == 0) {
		err = km_segment_format_pack_trailer(&trailer, &writer->header.segment,
		    writer->size, km_buf_view(&writer->table), writer->aead, scratch);
	}
	if (err == 0) {
		err = km_disk_write(
		    writer->disk, writer->fd, scratch->data, scratch->size, writer->size);
	}
	if (err == 0) {
		writer->size += scratch->size;
	}
	return err;
}

static void close_directory(int *fd)
{
	if (*fd >= 0) {
		(void)close(*fd);
		*fd = -1;
	}
}

static int sync_directory(struct km_segment_writer *writer, int *fd)
{
	if (*fd >= 0 && writer->disk->fsync(writer->disk->context, *fd) < 0) {
		return KM_ERR_SYS;
	}
	close_directory(fd);
	return 0;
}

int km_segment_writer_sync(struct km_segment_writer *writer)
{
	const struct km_disk *disk = writer->disk;
	int err = 0;

	if (writer->fd < 0 || disk->fdatasync(disk->context, writer->fd) < 0) {
		return KM_ERR_SYS;
	}
	err = sync_directory(writer, &writer->day_directory);
	if (err == 0) {
		err = sync_directory(writer, &writer->camera_directory);
	}
	if (err == 0 && writer->is_root_dirty) {
		if (disk->fsync(disk->context, writer->root) < 0) {
			return KM_ERR_SYS;
		}
		writer->is_root_dirty = false;
	}
	return err;
}

void km_segment_writer_set_synced(struct km_segment_writer *writer)
{
	close_directory(&writer->day_directory);
	close_directory(&writer->camera_directory);
	writer->is_root_dirty = false;
}

int km_segment_writer_fd(const struct km_segment_writer *writer)
{
	return writer->fd;
}

const struct km_segment_header *km_segment_writer_header(const struct km_segment_writer *writer)
{
	return &writer->header;
}

uint64_t km_segment_writer_bytes(const struct km_segment_writer *writer)
{
	return writer->size;
}

uint64_t km_segment_writer_video_samples(const struct km_segment_writer *writer)
{
	return writer->video_samples;
}

int64_t km_segment_writer_end_us(const struct km_segment_writer *writer)
{
	return writer->end_us;
}

size_t km_segment_writer_chunks(const struct km_segment_writer *writer)
{
	return writer->table.size / KM_SEGMENT_CHUNK_HEADER;
}

void km_segment_writer_cut(struct km_segment_writer *writer, uint64_t size)
{
	if (writer->fd >= 0) {
		(void)writer->disk->ftruncate(writer->disk->context, writer->fd, (off_t)size);
	}
}

int km_segment_writer_unlink(struct km_segment_writer *writer)
{
	char path[KM_SEGMENT_PATH_SIZE];

	if (writer->fd < 0 || writer->root < 0) {
		return 0;
	}
	km_segment_writer_path(
	    &writer->header.camera, writer->header.start_us, &writer->header.segment, path);
	if (writer->disk->unlinkat(writer->disk->context, writer->root, path, 0) < 0 &&
	    errno != ENOENT) {
		return KM_ERR_SYS;
	}
	return 0;
}

void km_segment_writer_destroy(struct km_segment_writer *writer)
{
	if (writer == NULL) {
		return;
	}
	if (writer->fd >= 0) {
		(void)close(writer->fd);
	}
	close_directory(&writer->day_directory);
	close_directory(&writer->camera_directory);
	km_aead_destroy(writer->aead);
	km_buf_finish(&writer->table);
	free(writer);
}
