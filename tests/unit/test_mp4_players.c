/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/time.c proto/track.c proto/bit_reader.c proto/parameter_sets.c proto/oddity.c proto/h264.c proto/h265.c proto/aac.c proto/opus.c proto/depacketize.c proto/depacketize_video.c proto/depacketize_h264.c proto/depacketize_h265.c proto/depacketize_audio.c proto/mp4.c proto/mp4_box.c proto/mp4_fragment.c proto/mp4_movie.c */
/*
 * From RTP to MP4 and into foreign hands: streams made by ffmpeg go through packets, the
 * depacketizer and both kinds of MP4, and ffprobe must count every frame and ffmpeg decode all
 * without a complaint. Needs ffmpeg with libx264, libx265 and libopus.
 */
#include "proto/aac.h"
#include "proto/depacketize.h"
#include "proto/mp4_fragment.h"
#include "proto/mp4_movie.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#define FILE_MAX     (8 << 20)
#define SAMPLES_MAX  1024
#define UNIT_MAX     (1 << 20)
#define PICTURES     60
#define PICTURE_RATE 15
#define FRAGMENT_US  1000000

/* The samples of one track, as the depacketizer gave them. */
struct recording {
	struct km_mp4_sample sample[SAMPLES_MAX];
	size_t offset[SAMPLES_MAX]; /* in media */
	uint32_t timestamp[SAMPLES_MAX];
	size_t count;
	size_t keys;
	struct km_buf media;
};

static char directory[] = "/tmp/km-mp4-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[4][128];
	static unsigned next;
	char *at = path[next++ % 4];

	(void)snprintf(at, sizeof(path[0]), "%s/%s", directory, name);
	return at;
}

/* Run a program; what it says on both outputs is appended to `said`. Returns its exit status. */
static int run(const char *const *arguments, struct km_buf *said)
{
	int ends[2];
	int status = 0;
	pid_t child = 0;
	ssize_t count = 0;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		(void)dup2(ends[1], STDOUT_FILENO);
		(void)dup2(ends[1], STDERR_FILENO);
		(void)execvp(arguments[0], (char *const *)(uintptr_t)arguments);
		_exit(127);
	}
	(void)close(ends[1]);
	do {
		char text[4096];

		count = read(ends[0], text, sizeof(text));
		if (count > 0) {
			km_buf_add_data(said, text, (size_t)count);
		}
	} while (count > 0);
	(void)close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void expect_silence(const char *const *arguments)
{
	struct km_buf said;
	int status = 0;

	km_buf_init(&said, 1 << 20);
	status = run(arguments, &said);
	if (status != 0 || said.size > 0) {
		fail_msg("%s: status %d: %.*s", arguments[0], status, (int)said.size,
		    said.data == NULL ? "" : (const char *)said.data);
	}
	km_buf_finish(&said);
}

static void make_video(const char *codec, const char *name)
{
	const char *const arguments[] = { "ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi",
		"-i", "testsrc2=size=322x242:rate=15:duration=4", "-c:v", codec, "-preset",
		"ultrafast", "-g", "15", "-bf", "0", "-pix_fmt", "yuv420p", "-x265-params",
		"log-level=none", path_of(name), NULL };

	expect_silence(arguments);
}

static void make_audio(const char *codec, const char *format, const char *rate, const char *name)
{
	const char *const arguments[] = { "ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi",
		"-i", "sine=frequency=440:duration=4", "-c:a", codec, "-ar", rate, "-ac", "1",
		"-b:a", "64000", "-f", format, path_of(name), NULL };

	expect_silence(arguments);
}

static void make_opus(const char *name)
{
	const char *const arguments[] = { "ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi",
		"-i", "sine=frequency=440:duration=4", "-c:a", "libopus", "-ar", "48000", "-ac",
		"1", "-b:a", "64000", "-vbr", "off", "-frame_duration", "20", "-map", "0:a", "-f",
		"data", path_of(name), NULL };

	expect_silence(arguments);
}

static struct km_bytes load(const char *name)
{
	static uint8_t content[FILE_MAX];
	int fd = open(path_of(name), O_RDONLY | O_CLOEXEC);
	ssize_t size = 0;

	assert_true(fd >= 0);
	size = read(fd, content, sizeof(content));
	assert_true(size > 0 && size < FILE_MAX);
	(void)close(fd);
	return km_bytes_from(content, (size_t)size);
}

static void save(const char *name, struct km_bytes content)
{
	int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, content.data, content.size), content.size);
	(void)close(fd);
}

/* --- through packets --- */

static void push(struct km_depacketizer *d, struct km_bytes payload, uint32_t timestamp,
    bool marker, struct recording *recording)
{
	static uint8_t storage[UNIT_MAX];
	static size_t size;
	struct km_rtp_packet packet = {
		.payload = payload,
		.timestamp = timestamp,
		.marker = marker,
	};
	unsigned result = KM_DEPACKETIZER_AGAIN;

	while ((result & KM_DEPACKETIZER_AGAIN) != 0) {
		size_t i = recording->count;
		struct km_buf unit;

		km_buf_init_fixed(&unit, storage, sizeof(storage));
		unit.size = size;
		assert_int_equal(km_depacketizer_push(d, &packet, false, &unit, &result), 0);
		size = unit.size;
		if ((result & KM_DEPACKETIZER_UNIT_DONE) == 0) {
			continue;
		}
		assert_true(i < SAMPLES_MAX);
		assert_false(d->unit.is_damaged);
		recording->offset[i] = recording->media.size;
		recording->timestamp[i] = d->unit.timestamp;
		recording->sample[i] = (struct km_mp4_sample){
			.bytes = (uint32_t)unit.size,
			.duration_ticks = d->unit.duration_ticks,
			.is_key = d->unit.is_key,
		};
		recording->keys += d->unit.is_key;
		recording->count++;
		km_buf_add(&recording->media, km_buf_view(&unit));
		size = 0;
	}
}

static void send_nal(struct km_depacketizer *d, struct km_bytes nal, uint32_t timestamp,
    bool marker, struct recording *recording)
{
	size_t header = d->track.codec == KM_CODEC_H264 ? 1 : 2;
	struct km_bytes rest = km_bytes_after(nal, header);
	bool is_start = true;

	if (nal.size <= 1400) {
		push(d, nal, timestamp, marker, recording);
		return;
	}
	while (rest.size > 0) {
		uint8_t payload[1500];
		size_t size = rest.size < 1300 ? rest.size : 1300;
		unsigned flags = (is_start ? 0x80U : 0) | (size == rest.size ? 0x40U : 0);

		if (header == 1) {
			payload[0] = (uint8_t)((nal.data[0] & 0xe0) | 28);
			payload[1] = (uint8_t)((nal.data[0] & 0x1f) | flags);
		} else {
			payload[0] = (uint8_t)((nal.data[0] & 0x81) | 49 << 1);
			payload[1] = nal.data[1];
			payload[2] = (uint8_t)((nal.data[0] >> 1 & 0x3f) | flags);
		}
		memcpy(payload + header + 1, rest.data, size);
		rest = km_bytes_after(rest, size);
		push(d, km_bytes_from(payload, header + 1 + size), timestamp,
		    marker && rest.size == 0, recording);
		is_start = false;
	}
}

/* An elementary stream in which every picture is one slice. */
static void record_video(struct km_depacketizer *d, struct km_bytes stream, struct recording *r)
{
	static const uint8_t start_code[] = { 0, 0, 1 };
	uint32_t timestamp = 0xfffffff0U;

	stream = km_bytes_after(stream, km_bytes_find_seq(stream, KM_BYTES_OF(start_code)) + 3);
	while (stream.size > 0) {
		size_t size = km_bytes_find_seq(stream, KM_BYTES_OF(start_code));
		struct km_bytes nal = km_bytes_slice(stream, 0, size);
		bool is_slice = false;

		while (size < stream.size && nal.size > 0 && nal.data[nal.size - 1] == 0) {
			nal.size--;
		}
		is_slice = d->track.codec == KM_CODEC_H264
			       ? (nal.data[0] & 0x1f) == 1 || (nal.data[0] & 0x1f) == 5
			       : (nal.data[0] >> 1 & 0x3f) < 32;
		send_nal(d, nal, timestamp, is_slice, r);
		timestamp += is_slice ? 90000 / PICTURE_RATE : 0;
		stream = km_bytes_after(stream, size + 3);
	}
	for (size_t i = 0; i < r->count; i++) {
		r->sample[i].duration_ticks = 90000 / PICTURE_RATE;
	}
	assert_int_equal(r->count, PICTURES);
	assert_int_equal(r->keys, PICTURES / PICTURE_RATE);
}

/* ADTS frames, two to a packet. */
static void record_aac(struct km_depacketizer *d, struct km_bytes stream, struct recording *r)
{
	uint32_t timestamp = 7;

	while (stream.size > 0) {
		uint8_t payload[4096] = { 0, 32 };
		size_t at = 6;

		for (size_t i = 0; i < 2; i++) {
			size_t size = stream.size < 7
					  ? 0
					  : (size_t)(stream.data[3] & 3) << 11 |
						(size_t)stream.data[4] << 3 | stream.data[5] >> 5;

			if (size == 0) {
				payload[1] = 16;
				memmove(payload + 4, payload + 6, at - 6);
				at -= 2;
				break;
			}
			size -= 7;
			payload[2 + 2 * i] = (uint8_t)(size >> 5);
			payload[3 + 2 * i] = (uint8_t)(size << 3);
			memcpy(payload + at, stream.data + 7, size);
			at += size;
			stream = km_bytes_after(stream, size + 7);
		}
		push(d, km_bytes_from(payload, at), timestamp, true, r);
		timestamp += 2048;
	}
}

/* Packets of constant size. */
static void record_plain(struct km_depacketizer *d, struct km_bytes stream, size_t size,
    uint32_t ticks, struct recording *r)
{
	uint32_t timestamp = 0;

	for (; stream.size > 0; stream = km_bytes_after(stream, size)) {
		push(d, km_bytes_slice(stream, 0, size), timestamp, true, r);
		timestamp += ticks;
	}
}

static void begin(struct km_depacketizer *d, enum km_codec codec, uint32_t clock_hz)
{
	struct km_track track = { .codec = codec, .clock_hz = clock_hz, .channels = 1 };
	struct km_depacketizer_format format = { .max_unit_bytes = UNIT_MAX };

	assert_int_equal(km_depacketizer_init(d, &track, &format), 0);
}

/* --- into MP4 --- */

static uint64_t ticks_until(const struct recording *recording, size_t end)
{
	uint64_t ticks = 0;

	for (size_t i = 0; i < end; i++) {
		ticks += recording->sample[i].duration_ticks;
	}
	return ticks;
}

/* One fragment for each second. */
static void write_fragments(
    const struct km_tracks *tracks, const struct recording *recordings, struct km_buf *file)
{
	size_t next[KM_TRACKS_MAX] = { 0 };

	assert_int_equal(km_mp4_fragment_write_init(tracks, 1700000000000000, file), 0);
	assert_true(file->size <= KM_MP4_INIT_MAX);
	for (uint32_t sequence = 1; sequence < 10; sequence++) {
		struct km_mp4_fragment_track parts[KM_TRACKS_MAX] = { 0 };
		size_t counts[KM_TRACKS_MAX] = { 0 };
		size_t start = file->size;
		size_t total = 0;

		for (size_t t = 0; t < tracks->count; t++) {
			const struct recording *r = &recordings[t];
			size_t end = next[t];

			while (
			    end < r->count &&
			    ticks_until(r, end) < (uint64_t)sequence * tracks->track[t].clock_hz) {
				end++;
			}
			parts[t] = (struct km_mp4_fragment_track){
				.samples = r->sample + next[t],
				.count = end - next[t],
				.decode_ticks = ticks_until(r, next[t]),
			};
			counts[t] = end - next[t];
			total += counts[t];
			next[t] = end;
		}
		if (total == 0) {
			break;
		}
		assert_int_equal(km_mp4_fragment_write(sequence, parts, tracks->count, file), 0);
		assert_int_equal(file->size - start, km_mp4_fragment_bytes(counts, tracks->count));
		for (size_t t = 0; t < tracks->count; t++) {
			for (size_t i = next[t] - counts[t]; i < next[t]; i++) {
				km_buf_add(file,
				    km_bytes_slice(km_buf_view(&recordings[t].media),
					recordings[t].offset[i], recordings[t].sample[i].bytes));
			}
		}
	}
	for (size_t t = 0; t < tracks->count; t++) {
		assert_int_equal(next[t], recordings[t].count);
	}
}

/* Samples of the tracks in turns. */
static void write_movie(
    const struct km_tracks *tracks, const struct recording *recordings, struct km_buf *file)
{
	struct km_mp4_movie_plan plan[KM_TRACKS_MAX] = { 0 };
	struct km_mp4_movie movie;
	struct km_buf list;
	uint64_t media = 0;
	uint64_t expected = 0;

	km_buf_init(&list, (size_t)KM_TRACKS_MAX * SAMPLES_MAX * KM_MP4_MOVIE_LIST_BYTES);
	for (size_t t = 0; t < tracks->count; t++) {
		plan[t].samples = recordings[t].count;
		plan[t].keys = recordings[t].keys;
		plan[t].delay_us = t == 1 ? 250000 : 0;
		media += recordings[t].media.size;
	}
	assert_int_equal(
	    km_mp4_movie_init(&movie, tracks, plan, 1700000000123456, media, &list), 0);
	expected = km_mp4_movie_bytes(&movie);
	assert_int_equal(km_mp4_movie_write_head(&movie, file), 0);
	assert_int_equal(file->size, km_mp4_movie_head_bytes());
	for (size_t i = 0; i < SAMPLES_MAX; i++) {
		for (size_t t = 0; t < tracks->count; t++) {
			const struct recording *r = &recordings[t];

			if (i < r->count) {
				assert_int_equal(km_mp4_movie_add(&movie, t, &r->sample[i]), 0);
				km_buf_add(file, km_bytes_slice(km_buf_view(&r->media),
						     r->offset[i], r->sample[i].bytes));
			}
		}
	}
	assert_int_equal(km_mp4_movie_write_tail(&movie, file), 0);
	assert_int_equal(file->size, expected);
	km_buf_finish(&list);
}

/* ffprobe counts the frames of each track, ffmpeg decodes all, and neither complains. */
static void expect_playable(const char *name, const struct km_tracks *tracks,
    const struct recording *recordings, const char *const *codecs)
{
	/* That the layout of G.711's channels is a guess is always worth a warning to ffmpeg. */
	const char *level = tracks->track[1].config_size == 0 ? "error" : "warning";
	const char *const probe[] = { "ffprobe", "-v", "error", "-count_packets", "-show_entries",
		"stream=codec_name,nb_read_packets", "-of", "csv=p=0", path_of(name), NULL };
	const char *const decode[] = { "ffmpeg", "-v", level, "-nostdin", "-xerror", "-i",
		path_of(name), "-map", "0", "-f", "null", "-", NULL };
	struct km_buf said;
	struct km_buf expected;

	km_buf_init(&said, 1 << 16);
	km_buf_init(&expected, 1 << 16);
	assert_int_equal(run(probe, &said), 0);
	for (size_t t = 0; t < tracks->count; t++) {
		km_buf_add_format(&expected, "%s,%zu\n", codecs[t], recordings[t].count);
	}
	if (!km_bytes_is_equal(km_buf_view(&said), km_buf_view(&expected))) {
		fail_msg("%s: %.*s instead of %.*s", name, (int)said.size, (char *)said.data,
		    (int)expected.size, (char *)expected.data);
	}
	expect_silence(decode);
	km_buf_finish(&said);
	km_buf_finish(&expected);
}

static void check(const char *name, const struct km_tracks *tracks,
    const struct recording *recordings, const char *const *codecs)
{
	struct km_buf file;
	char fragments[64];
	char movie[64];

	(void)snprintf(fragments, sizeof(fragments), "%s-fragments.mp4", name);
	(void)snprintf(movie, sizeof(movie), "%s-movie.mp4", name);
	km_buf_init(&file, FILE_MAX);
	write_fragments(tracks, recordings, &file);
	save(fragments, km_buf_view(&file));
	expect_playable(fragments, tracks, recordings, codecs);
	km_buf_clear(&file);
	write_movie(tracks, recordings, &file);
	save(movie, km_buf_view(&file));
	expect_playable(movie, tracks, recordings, codecs);
	km_buf_finish(&file);
}

static struct recording recordings[2];

static void record_pair(enum km_codec video, enum km_codec audio, uint32_t audio_hz,
    const char *name, const char *const *codecs)
{
	struct km_depacketizer d[2];
	struct km_tracks tracks = { .count = 2 };

	memset(recordings, 0, sizeof(recordings));
	km_buf_init(&recordings[0].media, FILE_MAX);
	km_buf_init(&recordings[1].media, FILE_MAX);
	begin(&d[0], video, 90000);
	begin(&d[1], audio, audio_hz);
	if (video == KM_CODEC_H264) {
		make_video("libx264", "v.h264");
		record_video(&d[0], load("v.h264"), &recordings[0]);
	} else {
		make_video("libx265", "v.h265");
		record_video(&d[0], load("v.h265"), &recordings[0]);
	}
	if (audio == KM_CODEC_AAC) {
		make_audio("aac", "adts", "44100", "a.aac");
		record_aac(&d[1], load("a.aac"), &recordings[1]);
	} else if (audio == KM_CODEC_OPUS) {
		make_opus("a.opus");
		record_plain(&d[1], load("a.opus"), 160, 960, &recordings[1]);
	} else if (audio == KM_CODEC_PCMU) {
		make_audio("pcm_mulaw", "mulaw", "8000", "a.ulaw");
		record_plain(&d[1], load("a.ulaw"), 160, 160, &recordings[1]);
	} else {
		make_audio("pcm_alaw", "alaw", "8000", "a.alaw");
		record_plain(&d[1], load("a.alaw"), 160, 160, &recordings[1]);
	}
	tracks.track[0] = d[0].track;
	tracks.track[1] = d[1].track;
	assert_int_equal(tracks.track[0].width, 322);
	assert_int_equal(tracks.track[0].height, 242);
	assert_int_equal(tracks.track[0].fps_milli, 15000);
	check(name, &tracks, recordings, codecs);
	km_buf_finish(&recordings[0].media);
	km_buf_finish(&recordings[1].media);
}

static void test_h264_aac(void **state)
{
	(void)state;
	record_pair(
	    KM_CODEC_H264, KM_CODEC_AAC, 44100, "h264-aac", (const char *const[]){ "h264", "aac" });
}

static void test_h265_opus(void **state)
{
	(void)state;
	record_pair(KM_CODEC_H265, KM_CODEC_OPUS, 48000, "h265-opus",
	    (const char *const[]){ "hevc", "opus" });
}

static void test_h264_g711(void **state)
{
	(void)state;
	record_pair(KM_CODEC_H264, KM_CODEC_PCMU, 8000, "h264-ulaw",
	    (const char *const[]){ "h264", "pcm_mulaw" });
	record_pair(KM_CODEC_H264, KM_CODEC_PCMA, 8000, "h264-alaw",
	    (const char *const[]){ "h264", "pcm_alaw" });
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(directory) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	const char *const arguments[] = { "rm", "-r", "--", directory, NULL };

	(void)state;
	expect_silence(arguments);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_h264_aac),
		cmocka_unit_test(test_h265_opus),
		cmocka_unit_test(test_h264_g711),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
