#include "proto/mp4_box.h"

#include "base/time.h"

#include <assert.h>

#define EPOCH_1904      INT64_C(2082844800) /* seconds from 1904 to 1970 */
#define SAMPLE_ENTRY_AV 1                   /* data_reference_index */

size_t km_mp4_box_begin(struct km_buf *buf, const char type[static 4])
{
	size_t start = buf->size;

	km_buf_add_u32(buf, 0);
	km_buf_add_data(buf, type, 4);
	return start;
}

size_t km_mp4_box_begin_full(
    struct km_buf *buf, const char type[static 4], unsigned version, uint32_t flags)
{
	size_t start = km_mp4_box_begin(buf, type);

	km_buf_add_u8(buf, version);
	km_buf_add_u24(buf, flags);
	return start;
}

void km_mp4_box_end(struct km_buf *buf, size_t start)
{
	if (km_buf_error(buf) == 0) {
		assert(buf->size - start <= UINT32_MAX);
		km_buf_set_u32(buf, start, (uint32_t)(buf->size - start));
	}
}

void km_mp4_box_empty_table(struct km_buf *buf, const char type[static 4])
{
	size_t start = km_mp4_box_begin_full(buf, type, 0, 0);

	km_buf_add_u32(buf, 0);
	km_mp4_box_end(buf, start);
}

uint64_t km_mp4_box_time(int64_t unix_us)
{
	int64_t seconds = unix_us / KM_TIME_SECOND_US + EPOCH_1904;

	return seconds < 0 ? 0 : (uint64_t)seconds;
}

static void add_zeros(struct km_buf *buf, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		km_buf_add_u8(buf, 0);
	}
}

static void add_unity_matrix(struct km_buf *buf)
{
	static const uint32_t matrix[] = { 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000 };

	for (size_t i = 0; i < KM_COUNT(matrix); i++) {
		km_buf_add_u32(buf, matrix[i]);
	}
}

void km_mp4_box_movie_header(
    struct km_buf *buf, int64_t unix_us, uint64_t duration, uint32_t next_track_id)
{
	size_t start = km_mp4_box_begin_full(buf, "mvhd", 1, 0);

	km_buf_add_u64(buf, km_mp4_box_time(unix_us));
	km_buf_add_u64(buf, km_mp4_box_time(unix_us));
	km_buf_add_u32(buf, KM_MP4_MOVIE_HZ);
	km_buf_add_u64(buf, duration);
	km_buf_add_u32(buf, 0x10000); /* rate 1.0 */
	km_buf_add_u16(buf, 0x100);   /* volume 1.0 */
	add_zeros(buf, 10);
	add_unity_matrix(buf);
	add_zeros(buf, 24);
	km_buf_add_u32(buf, next_track_id);
	km_mp4_box_end(buf, start);
}

static void add_track_header(struct km_buf *buf, const struct km_track *track, uint32_t id,
    const struct km_mp4_box_times *times)
{
	bool is_video = km_codec_is_video(track->codec);
	size_t start = km_mp4_box_begin_full(buf, "tkhd", 1, 3); /* enabled, in the movie */

	km_buf_add_u64(buf, km_mp4_box_time(times->unix_us));
	km_buf_add_u64(buf, km_mp4_box_time(times->unix_us));
	km_buf_add_u32(buf, id);
	km_buf_add_u32(buf, 0);
	km_buf_add_u64(buf, times->delay + times->duration);
	add_zeros(buf, 12); /* reserved, layer, alternate_group */
	km_buf_add_u16(buf, is_video ? 0 : 0x100);
	km_buf_add_u16(buf, 0);
	add_unity_matrix(buf);
	km_buf_add_u32(buf, (uint32_t)track->width << 16);
	km_buf_add_u32(buf, (uint32_t)track->height << 16);
	km_mp4_box_end(buf, start);
}

/* [ISO 14496-12 8.6.6] */
static void add_edits(struct km_buf *buf, const struct km_mp4_box_times *times)
{
	size_t start = km_mp4_box_begin(buf, "edts");
	size_t list = km_mp4_box_begin_full(buf, "elst", 1, 0);

	km_buf_add_u32(buf, times->delay > 0 ? 2 : 1);
	if (times->delay > 0) {
		km_buf_add_u64(buf, times->delay);
		km_buf_add_i64(buf, -1); /* an empty edit */
		km_buf_add_u32(buf, 0x10000);
	}
	km_buf_add_u64(buf, times->duration);
	km_buf_add_i64(buf, times->media_start);
	km_buf_add_u32(buf, 0x10000);
	km_mp4_box_end(buf, list);
	km_mp4_box_end(buf, start);
}

static void add_media_header(
    struct km_buf *buf, const struct km_track *track, const struct km_mp4_box_times *times)
{
	bool is_video = km_codec_is_video(track->codec);
	size_t start = km_mp4_box_begin_full(buf, "mdhd", 1, 0);

	km_buf_add_u64(buf, km_mp4_box_time(times->unix_us));
	km_buf_add_u64(buf, km_mp4_box_time(times->unix_us));
	km_buf_add_u32(buf, track->clock_hz);
	km_buf_add_u64(buf, times->media_duration);
	km_buf_add_u16(buf, 0x55c4); /* language: und */
	km_buf_add_u16(buf, 0);
	km_mp4_box_end(buf, start);

	start = km_mp4_box_begin_full(buf, "hdlr", 0, 0);
	km_buf_add_u32(buf, 0);
	km_buf_add_text(buf, is_video ? "vide" : "soun");
	add_zeros(buf, 12);
	km_buf_add_text(buf, is_video ? "video" : "sound");
	km_buf_add_u8(buf, 0);
	km_mp4_box_end(buf, start);
}

/* vmhd or smhd, and a dinf that says: the media is in this file. */
static void add_media_information(struct km_buf *buf, const struct km_track *track)
{
	size_t start = 0;
	size_t inner = 0;
	size_t entry = 0;

	if (km_codec_is_video(track->codec)) {
		start = km_mp4_box_begin_full(buf, "vmhd", 0, 1);
		add_zeros(buf, 8);
	} else {
		start = km_mp4_box_begin_full(buf, "smhd", 0, 0);
		add_zeros(buf, 4);
	}
	km_mp4_box_end(buf, start);
	start = km_mp4_box_begin(buf, "dinf");
	inner = km_mp4_box_begin_full(buf, "dref", 0, 0);
	km_buf_add_u32(buf, 1);
	entry = km_mp4_box_begin_full(buf, "url ", 0, 1);
	km_mp4_box_end(buf, entry);
	km_mp4_box_end(buf, inner);
	km_mp4_box_end(buf, start);
}

static void add_config(struct km_buf *buf, const char type[static 4], const struct km_track *track)
{
	size_t start = km_mp4_box_begin(buf, type);

	km_buf_add_data(buf, track->config, track->config_size);
	km_mp4_box_end(buf, start);
}

/* [ISO 14496-12 12.1.3] */
static void add_visual_entry(struct km_buf *buf, const struct km_track *track)
{
	bool is_h264 = track->codec == KM_CODEC_H264;
	size_t start = km_mp4_box_begin(buf, is_h264 ? "avc1" : "hvc1");

	add_zeros(buf, 6);
	km_buf_add_u16(buf, SAMPLE_ENTRY_AV);
	add_zeros(buf, 16);
	km_buf_add_u16(buf, track->width);
	km_buf_add_u16(buf, track->height);
	km_buf_add_u32(buf, 0x480000); /* 72 dpi, as the standard wants */
	km_buf_add_u32(buf, 0x480000);
	km_buf_add_u32(buf, 0);
	km_buf_add_u16(buf, 1); /* frame_count */
	add_zeros(buf, 32);     /* compressorname */
	km_buf_add_u16(buf, 0x18);
	km_buf_add_u16(buf, 0xffff);
	add_config(buf, is_h264 ? "avcC" : "hvcC", track);
	km_mp4_box_end(buf, start);
}

/* Descriptors of an AAC stream [ISO 14496-1 7.2.6] [ISO 14496-14 5.6]; all fit one length byte. */
static void add_esds(struct km_buf *buf, const struct km_track *track)
{
	unsigned specific = track->config_size;
	size_t start = km_mp4_box_begin_full(buf, "esds", 0, 0);

	km_buf_add_u8(buf, 3); /* ES_Descriptor */
	km_buf_add_u8(buf, 3 + 2 + 13 + 2 + specific + 3);
	km_buf_add_u16(buf, 0); /* ES_ID */
	km_buf_add_u8(buf, 0);
	km_buf_add_u8(buf, 4); /* DecoderConfigDescriptor */
	km_buf_add_u8(buf, 13 + 2 + specific);
	km_buf_add_u8(buf, 0x40); /* MPEG-4 audio */
	km_buf_add_u8(buf, 0x15); /* an audio stream */
	add_zeros(buf, 11);       /* sizes and rates are not known */
	km_buf_add_u8(buf, 5);    /* DecoderSpecificInfo */
	km_buf_add_u8(buf, specific);
	km_buf_add_data(buf, track->config, specific);
	km_buf_add_u8(buf, 6); /* SLConfigDescriptor */
	km_buf_add_u8(buf, 1);
	km_buf_add_u8(buf, 2);
	km_mp4_box_end(buf, start);
}

/* [ISO 14496-12 12.2.3] */
static void add_audio_entry(struct km_buf *buf, const struct km_track *track)
{
	const char *type = "mp4a";
	size_t start = 0;

	if (track->codec != KM_CODEC_AAC) {
		type = track->codec == KM_CODEC_OPUS   ? "Opus"
		       : track->codec == KM_CODEC_PCMU ? "ulaw"
						       : "alaw";
	}
	start = km_mp4_box_begin(buf, type);
	add_zeros(buf, 6);
	km_buf_add_u16(buf, SAMPLE_ENTRY_AV);
	add_zeros(buf, 8);
	km_buf_add_u16(buf, track->channels);
	km_buf_add_u16(buf, 16); /* samplesize */
	km_buf_add_u32(buf, 0);
	/* 16.16; rates that do not fit are left to the configuration. */
	km_buf_add_u32(buf, track->clock_hz <= UINT16_MAX ? track->clock_hz << 16 : 0);
	if (track->codec == KM_CODEC_AAC) {
		add_esds(buf, track);
	} else if (track->codec == KM_CODEC_OPUS) {
		add_config(buf, "dOps", track);
	}
	km_mp4_box_end(buf, start);
}

struct km_mp4_box_track km_mp4_box_open_track(struct km_buf *buf, const struct km_track *track,
    uint32_t id, const struct km_mp4_box_times *times)
{
	struct km_mp4_box_track open = { 0 };
	size_t entries = 0;

	open.start[0] = km_mp4_box_begin(buf, "trak");
	add_track_header(buf, track, id, times);
	if (times->has_edits) {
		add_edits(buf, times);
	}
	open.start[1] = km_mp4_box_begin(buf, "mdia");
	add_media_header(buf, track, times);
	open.start[2] = km_mp4_box_begin(buf, "minf");
	add_media_information(buf, track);
	open.start[3] = km_mp4_box_begin(buf, "stbl");
	entries = km_mp4_box_begin_full(buf, "stsd", 0, 0);
	km_buf_add_u32(buf, 1);
	if (km_codec_is_video(track->codec)) {
		add_visual_entry(buf, track);
	} else {
		add_audio_entry(buf, track);
	}
	km_mp4_box_end(buf, entries);
	return open;
}

void km_mp4_box_close_track(struct km_buf *buf, const struct km_mp4_box_track *open)
{
	for (size_t i = KM_COUNT(open->start); i > 0; i--) {
		km_mp4_box_end(buf, open->start[i - 1]);
	}
}
