/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/time.c base/uuid.c crypto/aead.c crypto/digest.c crypto/random.c crypto/secret.c proto/track.c store/disk.c store/segment.c store/segment_format.c store/segment_writer.c */
/* libraries: crypto */
/*
 * A segment file of any bytes: it is opened, all its chunks are read. So that the fuzzer gets past
 * the tags, the first byte of the input chooses: arbitrary bytes, or a valid file in which a few
 * are changed, or a valid file around an arbitrary sample index.
 */
#include "store/segment.h"
#include "store/segment_writer.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static const uint8_t key[KM_SECRET_BYTES] = { 7 };

static struct km_segment_header make_header(void)
{
	return (struct km_segment_header){ .segment = { { 1 } },
		.camera = { { 2 } },
		.key = { { 3 } },
		.run = { { 4 } },
		.start_us = 1700000000000000,
		.tracks = { .count = 2,
		    .track = { { .codec = KM_CODEC_H264, .clock_hz = 90000 },
			{ .codec = KM_CODEC_AAC, .clock_hz = 48000 } } } };
}

static int append(void *context, int fd, struct km_bytes bytes)
{
	(void)context;
	return write(fd, bytes.data, bytes.size) == (ssize_t)bytes.size ? 0 : -1;
}

/* A whole file of three chunks and a trailer. */
static void write_valid(int fd)
{
	struct km_segment_header header = make_header();
	struct km_segment_writer *writer = NULL;
	uint8_t media[64] = { 9 };
	struct km_segment_writer_sample samples[5];
	struct km_segment_writer_chunk chunk = {
		.samples = samples, .count = 5, .duration_us = 1000000, .is_key = true
	};
	struct km_buf sealed;

	km_buf_init(&sealed, 1 << 20);
	for (size_t i = 0; i < 5; i++) {
		samples[i] = (struct km_segment_writer_sample){
			.data = km_bytes_from(media, 10 * i),
			.ticks = (int64_t)i * 6000,
			.unix_us = header.start_us + (int64_t)i * 66667,
			.track = i % 2,
			.is_key = i == 0,
		};
	}
	if (km_segment_writer_reopen(
		km_disk_system(), dup(fd), &header, key, 0, (struct km_bytes){ 0 }, &writer) < 0) {
		abort();
	}
	for (int i = 0; i < 3; i++) {
		if (km_segment_writer_seal(writer, &chunk, &sealed) < 0 ||
		    km_segment_writer_write(writer, km_buf_view(&sealed)) < 0) {
			abort();
		}
	}
	if (km_segment_writer_close(writer, &sealed) < 0) {
		abort();
	}
	km_segment_writer_destroy(writer);
	km_buf_finish(&sealed);
}

/* Each three bytes of the input: where, and what is added there. */
static void change(int fd, struct km_bytes input)
{
	off_t size = lseek(fd, 0, SEEK_END);

	for (size_t i = 0; i + 2 < input.size && i < 30; i += 3) {
		off_t at = (input.data[i] << 8 | input.data[i + 1]) % size;
		uint8_t byte = 0;

		if (pread(fd, &byte, 1, at) == 1) {
			byte = (uint8_t)(byte + input.data[i + 2]);
			(void)!pwrite(fd, &byte, 1, at);
		}
	}
	if (input.size % 3 == 1) {
		(void)!ftruncate(fd, size * input.data[input.size - 1] / 255);
	}
}

/* A file whose single chunk is sealed well and has the input as index and samples. */
static void write_around(int fd, struct km_bytes input)
{
	struct km_segment_header header = make_header();
	struct km_segment_chunk_header chunk = { .chunk.start_us = header.start_us,
		.chunk.is_key = true };
	struct km_secret segment_key;
	struct km_aead *aead = NULL;
	uint8_t nonce[KM_AEAD_NONCE_BYTES];
	uint8_t associated[KM_SEGMENT_CHUNK_ASSOCIATED];
	struct km_buf file;
	size_t start = 0;
	uint8_t *to = NULL;

	if (input.size < 5) {
		return;
	}
	for (size_t i = 0; i < 4; i++) {
		chunk.chunk.samples[i] = input.data[i] % 16;
	}
	chunk.index_bytes = (uint32_t)(input.data[4] % (input.size - 4));
	chunk.chunk.media_bytes = (uint32_t)(input.size - 5) - chunk.index_bytes;
	chunk.chunk.file_bytes = (uint32_t)(input.size - 5 + 64 + 16);
	km_buf_init(&file, 1 << 20);
	if (km_segment_format_key(key, &header.segment, &segment_key) < 0 ||
	    km_aead_create(segment_key.bytes, &aead) < 0 ||
	    km_segment_format_pack_header(&header, aead, &file) < 0) {
		abort();
	}
	start = file.size;
	km_segment_format_pack_chunk(&chunk, &file);
	km_segment_format_chunk_nonce(0, nonce);
	km_segment_format_chunk_associated(&header.segment, start, file.data + start, associated);
	to = km_buf_grow(&file, input.size - 5 + 16);
	if (to == NULL ||
	    km_aead_seal(aead, nonce, KM_BYTES_OF(associated), km_bytes_after(input, 5), to) < 0) {
		abort();
	}
	(void)append(NULL, fd, km_buf_view(&file));
	km_aead_destroy(aead);
	km_buf_finish(&file);
}

static void read_everything(struct km_segment *segment)
{
	struct km_segment_media media = { 0 };

	for (size_t i = 0; i < km_segment_chunk_count(segment); i++) {
		if (km_segment_read(segment, i, &media) < 0) {
			continue;
		}
		for (size_t s = 0; s < media.count; s++) {
			if ((uint64_t)media.samples[s].offset + media.samples[s].size >
				media.bytes.size ||
			    media.samples[s].track >= km_segment_tracks(segment)->count) {
				abort();
			}
		}
	}
	(void)km_segment_chunk_at(segment, 1700000000500000);
	(void)!km_segment_cut_bad(segment, 0, &media);
	km_segment_media_finish(&media);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_bytes input = km_bytes_from(data, size);
	struct km_segment_header header;
	struct km_segment *segment = NULL;
	int fd = memfd_create("segment", MFD_CLOEXEC);

	if (fd < 0 || size == 0) {
		(void)close(fd);
		return 0;
	}
	input = km_bytes_after(input, 1);
	switch (data[0] % 3) {
	case 0:
		(void)append(NULL, fd, input);
		break;
	case 1:
		write_valid(fd);
		change(fd, input);
		break;
	default:
		write_around(fd, input);
		break;
	}
	(void)!km_segment_peek(fd, &header);
	if (km_segment_open_fd(fd, NULL, UINT64_MAX, key, &segment) == 0) {
		read_everything(segment);
		km_segment_close(segment);
	} else {
		(void)close(fd);
	}
	return 0;
}
