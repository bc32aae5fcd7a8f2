#include "store_stage.h"

#include "base/reader.h"
#include "store/archive.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

const uint8_t stage_key[KM_SECRET_BYTES] = { 1, 2, 3, 4, 5, 6, 7, 8 };
static const struct km_uuid key_id = { .bytes = { 0xee, 1 } };

/* --- the disk --- */

static bool fails(struct stage_disk *disk, const char *name, int fd)
{
	if (disk->on_call != NULL) {
		disk->on_call(disk->context, name, fd);
	}
	disk->calls++;
	if (disk->fail_at == 0 || disk->calls < disk->fail_at ||
	    disk->calls >= disk->fail_at + disk->fail_count) {
		return false;
	}
	errno = disk->error;
	return disk->error != 0;
}

static bool is_short(const struct stage_disk *disk)
{
	return disk->error == 0 && disk->fail_at != 0 && disk->calls >= disk->fail_at &&
	       disk->calls < disk->fail_at + disk->fail_count;
}

static const struct km_disk *real(void)
{
	return km_disk_system();
}

static int disk_openat(void *context, int directory, const char *path, int flags, mode_t mode)
{
	return fails(context, "openat", -1) ? -1
					    : real()->openat(NULL, directory, path, flags, mode);
}

static int disk_mkdirat(void *context, int directory, const char *path, mode_t mode)
{
	return fails(context, "mkdirat", -1) ? -1 : real()->mkdirat(NULL, directory, path, mode);
}

static ssize_t disk_pwrite(void *context, int fd, const void *data, size_t size, off_t offset)
{
	if (fails(context, "pwrite", fd)) {
		if (((struct stage_disk *)context)->is_dead) {
			return -1;
		}
		/* A real disk may have taken a part before it failed. */
		(void)!real()->pwrite(NULL, fd, data, size / 3, offset);
		errno = ((struct stage_disk *)context)->error;
		return -1;
	}
	if (is_short(context) && size > 1) {
		size /= 2;
	}
	return real()->pwrite(NULL, fd, data, size, offset);
}

static int disk_ftruncate(void *context, int fd, off_t size)
{
	return fails(context, "ftruncate", fd) ? -1 : real()->ftruncate(NULL, fd, size);
}

static int disk_fdatasync(void *context, int fd)
{
	return fails(context, "fdatasync", fd) ? -1 : 0;
}

static int disk_fsync(void *context, int fd)
{
	return fails(context, "fsync", fd) ? -1 : 0;
}

static int disk_syncfs(void *context, int fd)
{
	return fails(context, "syncfs", fd) ? -1 : 0;
}

static int disk_unlinkat(void *context, int directory, const char *path, int flags)
{
	return fails(context, "unlinkat", -1) ? -1 : real()->unlinkat(NULL, directory, path, flags);
}

static int disk_renameat(void *context, int directory, const char *from, const char *to)
{
	return fails(context, "renameat", -1) ? -1 : real()->renameat(NULL, directory, from, to);
}

static int disk_space(void *context, int fd, uint64_t *ret_total, uint64_t *ret_free)
{
	struct stage_disk *disk = context;
	int result = real()->space(NULL, fd, ret_total, ret_free);

	if (disk->free_bytes != 0) {
		*ret_free = disk->free_bytes;
	}
	return result;
}

/* --- the stage --- */

void stage_init(struct stage *stage)
{
	*stage = (struct stage){ .camera = { .bytes = { 0xca, 7 } },
		.segment_us = 4000000,
		.has_keys = true,
		.now_us = 1000000,
		.disk.disk = { .openat = disk_openat,
		    .mkdirat = disk_mkdirat,
		    .pwrite = disk_pwrite,
		    .ftruncate = disk_ftruncate,
		    .fdatasync = disk_fdatasync,
		    .fsync = disk_fsync,
		    .syncfs = disk_syncfs,
		    .unlinkat = disk_unlinkat,
		    .renameat = disk_renameat,
		    .space = disk_space } };
	stage->disk.disk.context = &stage->disk;
	(void)snprintf(stage->directory, sizeof(stage->directory), "/tmp/km-store-XXXXXX");
	if (mkdtemp(stage->directory) == NULL) {
		abort();
	}
	(void)snprintf(stage->root, sizeof(stage->root), "%s/root", stage->directory);
	(void)snprintf(stage->index, sizeof(stage->index), "%s/index.db", stage->directory);
	if (mkdir(stage->root, 0700) < 0) {
		abort();
	}
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status;
	(void)kind;
	(void)walk;
	return remove(path);
}

void stage_finish(struct stage *stage)
{
	stage->disk.fail_at = 0;
	stage_close(stage);
	(void)nftw(stage->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static int find_key(void *context, const struct km_uuid *key, uint8_t *ret_key)
{
	const struct stage *stage = context;

	if (!stage->has_keys || !km_uuid_is_equal(key, &key_id)) {
		return KM_ERR_NOT_FOUND;
	}
	memcpy(ret_key, stage_key, KM_SECRET_BYTES);
	return 0;
}

static void on_event(void *context, unsigned event, const struct km_uuid *camera, const char *text)
{
	struct stage *stage = context;

	(void)camera;
	(void)text;
	stage->events[event % 64]++;
}

struct km_tracks stage_tracks(void)
{
	return (struct km_tracks){ .count = 1,
		.track[0] = { .codec = KM_CODEC_H264,
		    .clock_hz = 90000,
		    .width = 640,
		    .height = 360,
		    .codec_text = "avc1.64001f",
		    .config_size = 4,
		    .config = { 1, 0x64, 0, 0x1f } } };
}

int stage_open(struct stage *stage)
{
	struct km_recorder_options options = { .root = stage->root,
		.index = stage->index,
		.segment_us = stage->segment_us,
		.free_bytes_min = stage->free_bytes_min,
		.syncs_aside = stage->syncs_aside,
		.disk = &stage->disk.disk,
		.find_key = find_key,
		.on_event = on_event,
		.context = stage };
	struct km_secret key;
	struct km_tracks tracks = stage_tracks();
	int err = km_recorder_open(&options, &stage->recorder);
	int32_t day = 0;

	if (err < 0) {
		stage->recorder = NULL;
		return err;
	}
	err = km_recorder_stream_add(
	    stage->recorder, &stage->camera, stage->retain_us, stage->retain_bytes, &stage->stream);
	if (err < 0) {
		return err;
	}
	memcpy(key.bytes, stage_key, sizeof(key.bytes));
	if (km_recorder_wants_key(stage->stream, STAGE_START_US, &day)) {
		km_recorder_set_key(stage->stream, &key_id, day, &key);
	}
	km_recorder_set_tracks(stage->stream, &tracks);
	return 0;
}

void stage_close(struct stage *stage)
{
	km_recorder_close(stage->recorder);
	stage->recorder = NULL;
}

/* --- frames --- */

static size_t frame_bytes(unsigned number)
{
	return number % STAGE_GOP == 0 ? STAGE_FRAME_MAX : 60 + number * 37 % 500;
}

static void fill_frame(unsigned number, uint8_t *ret_frame)
{
	uint64_t state = (uint64_t)(number + 1) * UINT64_C(0x9e3779b97f4a7c15);

	for (size_t i = 0; i < frame_bytes(number); i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		ret_frame[i] = (uint8_t)state;
	}
	for (size_t i = 0; i < 4; i++) {
		ret_frame[i] = (uint8_t)(number >> (8 * (3 - i)));
	}
}

int64_t stage_frame_us(unsigned number)
{
	return STAGE_START_US + number * STAGE_FRAME_US;
}

static int give_chunk(struct stage *stage, unsigned begin, unsigned end)
{
	static uint8_t frames[STAGE_CHUNK * 2][STAGE_FRAME_MAX];
	struct km_segment_writer_sample samples[STAGE_CHUNK * 2];
	struct km_recorder_chunk chunk = { .samples = samples,
		.count = end - begin,
		.next_us = stage_frame_us(end),
		.last_duration = { 6000 },
		.is_key = begin % STAGE_GOP == 0 };

	for (unsigned i = begin; i < end; i++) {
		fill_frame(i, frames[i - begin]);
		samples[i - begin] = (struct km_segment_writer_sample){
			.data = km_bytes_from(frames[i - begin], frame_bytes(i)),
			.ticks = (int64_t)i * 6000,
			.unix_us = stage_frame_us(i),
			.is_key = i % STAGE_GOP == 0,
		};
	}
	return km_recorder_append(stage->stream, &chunk);
}

void stage_pass(struct stage *stage, unsigned ticks)
{
	for (unsigned i = 0; i < ticks; i++) {
		stage->now_us += 250000;
		km_recorder_tick(stage->recorder, stage->now_us, stage_frame_us(stage->next_frame));
	}
}

static void rewind_if_needed(struct stage *stage)
{
	int64_t last_us = INT64_MIN;

	if (km_recorder_take_rewind(stage->stream, &last_us)) {
		stage->next_frame =
		    last_us == INT64_MIN
			? 0
			: (unsigned)((last_us - STAGE_START_US) / STAGE_FRAME_US) + 1;
	}
}

unsigned stage_record(struct stage *stage, unsigned end, unsigned ticks)
{
	for (unsigned tick = 0; tick < ticks; tick++) {
		rewind_if_needed(stage);
		for (int i = 0; i < 4 && stage->next_frame < end; i++) {
			unsigned begin = stage->next_frame;
			unsigned limit = begin + STAGE_CHUNK;
			unsigned key = begin - begin % STAGE_GOP + STAGE_GOP;

			limit = limit > key ? key : limit;
			limit = limit > end ? end : limit;
			if (give_chunk(stage, begin, limit) < 0) {
				break;
			}
			stage->next_frame = limit;
		}
		stage_pass(stage, 1);
	}
	rewind_if_needed(stage);
	return stage->next_frame;
}

size_t stage_frame(unsigned number, uint8_t ret_frame[static STAGE_FRAME_MAX])
{
	fill_frame(number, ret_frame);
	return frame_bytes(number);
}

void stage_abandon(struct stage *stage)
{
	struct stage_disk before = stage->disk;

	/* Closing frees the memory, while no call reaches the disk. */
	stage->disk.fail_at = 1;
	stage->disk.calls = 1;
	stage->disk.fail_count = UINT32_MAX / 2;
	stage->disk.error = EIO;
	stage->disk.is_dead = true;
	stage_close(stage);
	stage->disk = before;
}

/* --- reading --- */

struct check {
	struct km_archive *archive;
	struct stage_found found;
	int err;
};

static int check_sample(struct check *check, struct km_bytes data)
{
	uint8_t expected[STAGE_FRAME_MAX];
	struct km_reader reader = km_reader_from(data);
	uint32_t number = 0;

	if (km_reader_u32(&reader, &number) < 0 || data.size != frame_bytes(number)) {
		return KM_ERR_FORMAT;
	}
	fill_frame(number, expected);
	if (memcmp(expected, data.data, data.size) != 0) {
		return KM_ERR_FORMAT;
	}
	if (check->found.frames == 0) {
		check->found.first = number;
	} else if (number <= check->found.last) {
		check->found.duplicates++;
	} else {
		check->found.holes += number - check->found.last - 1;
	}
	check->found.last = number;
	check->found.frames++;
	return 0;
}

static int check_chunks(struct check *check, struct km_segment *segment)
{
	struct km_segment_media media = { 0 };
	int err = 0;

	for (size_t i = 0; err == 0 && i < km_segment_chunk_count(segment); i++) {
		err = km_segment_read(segment, i, &media);
		for (size_t s = 0; err == 0 && s < media.count; s++) {
			err = check_sample(
			    check, km_bytes_slice(km_buf_view(&media.bytes),
				       media.samples[s].offset, media.samples[s].size));
			if (err == 0 && media.samples[s].duration_ticks != 6000) {
				err = KM_ERR_RANGE;
			}
			check->found.hidden_keys +=
			    check->found.last % STAGE_GOP == 0 &&
			    (s > 0 || !km_segment_chunk(segment, i)->is_key);
		}
	}
	km_segment_media_finish(&media);
	return err;
}

static int on_segment(void *context, const struct km_archive_segment *row)
{
	struct check *check = context;
	struct km_segment *segment = NULL;
	int err = km_segment_open(check->archive, row, stage_key, &segment);

	check->found.segments++;
	check->found.open_segments += row->is_open;
	check->found.bytes += row->file_bytes;
	if (err == 0) {
		err = check_chunks(check, segment);
	}
	km_segment_close(segment);
	return err;
}

static int on_gap(void *context, const struct km_archive_gap *gap)
{
	struct check *check = context;

	check->found.gaps++;
	check->found.gap_reason = gap->reason;
	return 0;
}

int stage_check(struct stage *stage, struct stage_found *ret_found)
{
	struct check check = { 0 };
	int err = km_archive_open(stage->root, stage->index, &check.archive);

	if (err == 0) {
		err = km_archive_each_segment(
		    check.archive, &stage->camera, INT64_MIN, INT64_MAX, on_segment, &check);
		if (err == 0) {
			err = km_archive_each_gap(
			    check.archive, &stage->camera, INT64_MIN, INT64_MAX, on_gap, &check);
		}
		km_archive_close(check.archive);
	}
	*ret_found = check.found;
	return err;
}
