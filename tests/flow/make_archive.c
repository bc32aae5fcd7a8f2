/*
 * Records media from a list into an archive, for tests of playback:
 *
 *     make_archive ROOT INDEX CAMERA START_US SEGMENT_US LIST MEDIA
 *
 * LIST has lines "track CODEC HZ WIDTH HEIGHT CHANNELS CODEC_TEXT CONFIG_HEX" and then
 * "sample TRACK KEY TICKS DECODE_OFFSET DURATION POSITION SIZE", in the order of decoding, and
 * "break SECONDS" where recording pauses; positions are those in the file MEDIA. The data key is
 * the key's UUID twice, as tests/flow/fake_guard.c has it.
 */
#include "base/text.h"
#include "base/time.h"
#include "model/states.h"
#include "store/recorder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLES_MAX  4096
#define CHUNK_MAX_US INT64_C(2000000)

struct maker {
	struct km_recorder *recorder;
	struct km_recorder_stream *stream;
	struct km_tracks tracks;
	bool has_tracks;
	int64_t start_us;
	int64_t run_first_us; /* of the list, where the present run began */
	int64_t pause_us;     /* all breaks so far */
	bool is_run_due;
	FILE *media;
	struct km_segment_writer_sample samples[SAMPLES_MAX];
	uint32_t durations[SAMPLES_MAX];
	size_t count;
};

static void fail(const char *what)
{
	(void)fprintf(stderr, "make_archive: %s\n", what);
	exit(1);
}

static int find_key(void *context, const struct km_uuid *id, uint8_t *ret_key)
{
	(void)context;
	memcpy(ret_key, id->bytes, 16);
	memcpy(ret_key + 16, id->bytes, 16);
	return 0;
}

static bool is_valid(void *context)
{
	(void)context;
	return true;
}

static int64_t list_us(const struct maker *maker, size_t track, int64_t ticks)
{
	return ticks * 1000000 / maker->tracks.track[track].clock_hz;
}

static void flush(struct maker *maker)
{
	struct km_recorder_chunk chunk = { .samples = maker->samples,
		.count = maker->count,
		.next_us = INT64_MIN,
		.is_valid = is_valid };
	bool has_video = false;

	if (maker->count == 0) {
		return;
	}
	for (size_t i = 0; i < maker->count; i++) {
		const struct km_segment_writer_sample *sample = &maker->samples[i];

		chunk.last_duration[sample->track] = maker->durations[i];
		if (sample->track == 0 && !has_video) {
			has_video = true;
			chunk.is_key = sample->is_key;
		}
	}
	if (km_recorder_append(maker->stream, &chunk) < 0) {
		fail("append");
	}
	for (size_t i = 0; i < maker->count; i++) {
		free((void *)(uintptr_t)maker->samples[i].data.data);
	}
	maker->count = 0;
}

static void take_track(struct maker *maker, const char *line)
{
	struct km_track *track = &maker->tracks.track[maker->tracks.count];
	unsigned codec = 0;
	unsigned width = 0;
	unsigned height = 0;
	unsigned channels = 0;
	char config[2 * KM_TRACK_CONFIG_MAX + 1] = "";

	if (sscanf(line, "track %u %u %u %u %u %39s %2048s", &codec, &track->clock_hz, &width,
		&height, &channels, track->codec_text, config) < 6) {
		fail("track line");
	}
	track->codec = (enum km_codec)codec;
	track->width = (uint16_t)width;
	track->height = (uint16_t)height;
	track->channels = (uint8_t)channels;
	track->config_size = (uint16_t)(strlen(config) / 2);
	if (km_text_parse_hex(km_bytes_text(config), track->config, track->config_size) < 0) {
		fail("configuration");
	}
	maker->tracks.count++;
}

static uint8_t *read_media(struct maker *maker, long position, size_t size)
{
	uint8_t *data = malloc(size);

	if (data == NULL || fseek(maker->media, position, SEEK_SET) != 0 ||
	    fread(data, 1, size, maker->media) != size) {
		fail("media");
	}
	return data;
}

static void take_sample(struct maker *maker, const char *line)
{
	struct km_segment_writer_sample sample = { 0 };
	unsigned track = 0;
	unsigned key = 0;
	unsigned duration = 0;
	unsigned long size = 0;
	long position = 0;
	long long ticks = 0;
	int offset = 0;

	if (sscanf(line, "sample %u %u %lld %d %u %ld %lu", &track, &key, &ticks, &offset,
		&duration, &position, &size) != 7 ||
	    track >= maker->tracks.count) {
		fail("sample line");
	}
	if (!maker->has_tracks) {
		maker->has_tracks = true;
		km_recorder_set_tracks(maker->stream, &maker->tracks);
	}
	if ((track == 0 && key != 0) || maker->count == SAMPLES_MAX) {
		flush(maker);
	}
	if (maker->is_run_due) {
		maker->is_run_due = false;
		maker->run_first_us = list_us(maker, track, ticks);
	}
	sample = (struct km_segment_writer_sample){
		.data = km_bytes_from(read_media(maker, position, size), size),
		.ticks =
		    ticks - maker->run_first_us * maker->tracks.track[track].clock_hz / 1000000,
		.unix_us = maker->start_us + maker->pause_us + list_us(maker, track, ticks),
		.decode_offset_ticks = offset,
		.track = (uint8_t)track,
		.is_key = key != 0,
	};
	maker->durations[maker->count] = duration;
	maker->samples[maker->count++] = sample;
}

static void take_line(struct maker *maker, const char *line)
{
	double seconds = 0;

	if (strncmp(line, "track", 5) == 0) {
		take_track(maker, line);
	} else if (strncmp(line, "sample", 6) == 0) {
		take_sample(maker, line);
	} else if (sscanf(line, "break %lf", &seconds) == 1) {
		flush(maker);
		maker->pause_us += (int64_t)(seconds * 1e6);
		maker->is_run_due = true;
		km_recorder_gap(maker->stream, KM_GAP_CAMERA_LOST, 0);
	}
}

int main(int argc, char **argv)
{
	static struct maker maker;
	struct km_recorder_options options = { .find_key = find_key };
	struct km_uuid camera;
	struct km_uuid key = { .bytes = { 0xab, 0xcd } };
	struct km_secret secret;
	char line[4096];
	FILE *list = NULL;

	if (argc != 8 || km_uuid_parse(km_bytes_text(argv[3]), &camera) < 0) {
		fail("usage: ROOT INDEX CAMERA START_US SEGMENT_US LIST MEDIA");
	}
	options.root = argv[1];
	options.index = argv[2];
	maker.start_us = strtoll(argv[4], NULL, 10);
	options.segment_us = strtoll(argv[5], NULL, 10);
	list = fopen(argv[6], "r");
	maker.media = fopen(argv[7], "r");
	maker.is_run_due = true;
	key.bytes[15] = (uint8_t)argv[4][0];
	(void)find_key(NULL, &key, secret.bytes);
	if (list == NULL || maker.media == NULL ||
	    km_recorder_open(&options, &maker.recorder) < 0 ||
	    km_recorder_stream_add(maker.recorder, &camera, 0, 0, &maker.stream) < 0) {
		fail("cannot open");
	}
	km_recorder_set_key(maker.stream, &key, km_time_day(maker.start_us), &secret);
	while (fgets(line, sizeof(line), list) != NULL) {
		take_line(&maker, line);
	}
	flush(&maker);
	(void)km_recorder_sync(maker.recorder);
	km_recorder_close(maker.recorder);
	(void)fclose(list);
	(void)fclose(maker.media);
	return 0;
}
