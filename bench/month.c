/*
 * komainu-bench-month: an archive as it is after a month, in minutes. See README.md.
 *
 * Fills the index of a state directory, through src/store, with a row a minute and camera. Most
 * rows have no file. At some places, spread over the month, twelve minutes are there in truth:
 * small pictures in chunks as usual, and pictures of full size around one moment. These moments
 * are printed; a player that goes there finds what it would find in a real archive.
 */
#include "base/time.h"
#include "crypto/random.h"
#include "guard/cameras.h"
#include "guard/state.h"
#include "io/clock.h"
#include "proto/h264.h"
#include "store/index.h"
#include "store/recorder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAMERAS_MAX   256
#define SPOTS_MAX     64 /* per camera */
#define ROWS_MAX      (SPOTS_MAX * 16)
#define DAYS_MAX      400
#define MINUTE_US     INT64_C(60000000)
#define BLOCK_MINUTES 10 /* what the page asks for at a time, aligned */
#define SPOT_MINUTES  (BLOCK_MINUTES + 2)
#define DAY_MINUTES   1440
#define FPS           15
#define GOP           30
#define CLOCK_HZ      90000
#define KEY_BYTES     60000 /* with PLAIN_BYTES: 2 Mbit/s */
#define PLAIN_BYTES   15000
#define SMALL_BYTES   24
#define BATCH_MINUTES 100 /* in one transaction */
#define ROW_BYTES     UINT64_C(15000000)

struct camera {
	struct km_uuid id;
	int64_t spots[SPOTS_MAX]; /* first minute of the archive that is there in truth */
	struct km_index_segment rows[ROWS_MAX];
	size_t row_count;
	size_t row_at;
};

struct month {
	struct km_state state;
	struct km_recorder *recorder;
	struct km_index *index;
	struct camera cameras[CAMERAS_MAX];
	size_t camera_count;
	int64_t first_us; /* start of a UTC day */
	int64_t days;
	int64_t spot_count; /* per camera */
	uint8_t picture[KEY_BYTES];
};

static void fail(const char *what, int err)
{
	(void)fprintf(stderr, "komainu-bench-month: %s: %s\n", what, km_error_text(err));
	exit(1);
}

static void check(const char *what, int err)
{
	if (err < 0) {
		fail(what, err);
	}
}

static int64_t random_below(int64_t limit)
{
	uint64_t number = 0;

	check("random bytes", km_random_fill(&number, sizeof(number)));
	return (int64_t)(number % (uint64_t)limit);
}

static int on_camera(void *context, const struct km_camera *camera)
{
	struct month *month = context;

	if (month->camera_count == CAMERAS_MAX) {
		return KM_ERR_LIMIT;
	}
	month->cameras[month->camera_count++].id = camera->id;
	return 0;
}

/* Nothing is to be recovered before the first segment, so no key is asked for. */
static int find_key(void *context, const struct km_uuid *id, uint8_t ret_key[static 32])
{
	(void)context;
	(void)id;
	(void)ret_key;
	return KM_ERR_NOT_FOUND;
}

static bool is_valid(void *context)
{
	(void)context;
	return true;
}

/* --- what is there in truth --- */

/* 1920x1080, Main profile. */
static void fill_tracks(struct km_tracks *ret_tracks)
{
	static const uint8_t sps[] = { 0x67, 0x4d, 0x40, 0x28, 0xec, 0xa0, 0x3c, 0x01, 0x13, 0xf2,
		0xe0, 0x22, 0x00, 0x00, 0x03, 0x00, 0x02, 0x00, 0x00, 0x03, 0x00, 0x3c, 0x1e, 0x30,
		0x63, 0x2c };
	static const uint8_t pps[] = { 0x68, 0xee, 0x0f, 0x2c, 0x80 };
	struct km_parameter_sets sets = { 0 };

	*ret_tracks = (struct km_tracks){ .count = 1 };
	ret_tracks->track[0].codec = KM_CODEC_H264;
	ret_tracks->track[0].clock_hz = CLOCK_HZ;
	check("SPS", km_parameter_sets_put(&sets, KM_H264_SPS, 0, KM_BYTES_OF(sps)));
	check("PPS", km_parameter_sets_put(&sets, KM_H264_PPS, 0, KM_BYTES_OF(pps)));
	check("parameter sets", km_h264_fill_track(&sets, &ret_tracks->track[0]));
}

/* One second, from picture `first` of the spot on. */
static void append_chunk(struct month *month, struct km_recorder_stream *stream, int64_t start_us,
    int64_t first, bool is_full)
{
	struct km_segment_writer_sample samples[FPS];
	struct km_recorder_chunk chunk = { .samples = samples,
		.count = FPS,
		.next_us = start_us + (first + FPS) * KM_TIME_SECOND_US / FPS,
		.last_duration = { CLOCK_HZ / FPS },
		.is_key = first % GOP == 0,
		.is_valid = is_valid };

	for (int64_t i = 0; i < FPS; i++) {
		bool is_key = (first + i) % GOP == 0;
		size_t size = !is_full ? SMALL_BYTES : is_key ? KEY_BYTES : PLAIN_BYTES;

		samples[i] = (struct km_segment_writer_sample){
			.data = km_bytes_from(month->picture, size),
			.ticks = (first + i) * CLOCK_HZ / FPS,
			.unix_us = start_us + (first + i) * KM_TIME_SECOND_US / FPS,
			.is_key = is_key,
		};
	}
	check("appending", km_recorder_append(stream, &chunk));
}

static void make_spot(struct month *month, struct camera *camera, struct km_recorder_stream *stream,
    int64_t first_minute)
{
	int64_t start_us = month->first_us + first_minute * MINUTE_US;
	int64_t seconds = SPOT_MINUTES * 60;
	/* In the aligned block, which begins after the first minute. */
	int64_t moment = 60 + random_below(BLOCK_MINUTES * 60 - 4);
	int64_t full = moment / 2 * 2;
	struct km_vault_key key = { 0 };
	struct km_secret material;
	char text[KM_UUID_TEXT_SIZE];

	check("key", km_vault_day_key(month->state.vault, &camera->id, km_time_day(start_us),
			 km_clock_unix_us(), &key));
	memcpy(material.bytes, key.material, sizeof(material.bytes));
	km_recorder_set_key(stream, &key.id, key.day, &material);
	km_recorder_new_run(stream);
	for (int64_t second = 0; second < seconds; second++) {
		bool is_full = second >= full && second < full + 4;

		append_chunk(month, stream, start_us, second * FPS, is_full);
	}
	km_uuid_write(&camera->id, text);
	(void)printf(
	    "{\"event\":\"spot\",\"camera\":\"%s\",\"moment_us\":%lld,\"block_us\":%lld}\n", text,
	    (long long)(start_us + moment * KM_TIME_SECOND_US + random_below(KM_TIME_SECOND_US)),
	    (long long)(start_us + MINUTE_US));
}

/* In the order of time: each in a stretch of the month of its own, and within one day. */
static void make_spots(struct month *month, struct camera *camera, const struct km_tracks *tracks)
{
	struct km_recorder_stream *stream = NULL;

	check("stream", km_recorder_stream_add(month->recorder, &camera->id, 0, 0, &stream));
	km_recorder_set_tracks(stream, tracks);
	for (int64_t i = 0; i < month->spot_count; i++) {
		int64_t first_day = month->days * i / month->spot_count;
		int64_t end_day = month->days * (i + 1) / month->spot_count;
		int64_t day = first_day + random_below(end_day - first_day);
		int64_t block = 1 + random_below(DAY_MINUTES / BLOCK_MINUTES - 2);

		camera->spots[i] = day * DAY_MINUTES + block * BLOCK_MINUTES - 1;
		make_spot(month, camera, stream, camera->spots[i]);
	}
	check("syncing", km_recorder_sync(month->recorder));
}

static void make_media(struct month *month)
{
	struct km_recorder_options options = {
		.root = month->state.recordings,
		.index = month->state.index,
		.find_key = find_key,
	};
	struct km_tracks tracks;

	fill_tracks(&tracks);
	check("random bytes", km_random_fill(month->picture, sizeof(month->picture)));
	check("recorder", km_recorder_open(&options, &month->recorder));
	for (size_t i = 0; i < month->camera_count; i++) {
		make_spots(month, &month->cameras[i], &tracks);
	}
	km_recorder_close(month->recorder);
}

/* --- the index --- */

static int on_row(void *context, const struct km_index_segment *row)
{
	struct camera *camera = context;

	if (camera->row_count == ROWS_MAX) {
		return KM_ERR_LIMIT;
	}
	camera->rows[camera->row_count++] = *row;
	return 0;
}

static bool is_there(const struct month *month, const struct camera *camera, int64_t minute)
{
	for (int64_t i = 0; i < month->spot_count; i++) {
		if (minute >= camera->spots[i] && minute < camera->spots[i] + SPOT_MINUTES) {
			return true;
		}
	}
	return false;
}

/*
 * Rows lie in the table in the order in which they came: those that are there in truth are put in
 * anew when it is their turn, so that they have the neighbours that they would have.
 */
static void add_minute(struct month *month, struct camera *camera, int64_t minute)
{
	int64_t start_us = month->first_us + minute * MINUTE_US;
	struct km_index_segment row = { .camera = camera->id,
		.start_us = start_us,
		.end_us = start_us + MINUTE_US,
		.last_us = start_us + MINUTE_US - KM_TIME_SECOND_US / FPS,
		.bytes = ROW_BYTES,
		.video_samples = 60 * FPS,
		.end = KM_INDEX_ROTATED };

	while (camera->row_at < camera->row_count &&
	       camera->rows[camera->row_at].start_us < start_us + MINUTE_US) {
		const struct km_index_segment *real = &camera->rows[camera->row_at++];

		check("row", km_index_drop_segment(month->index, &real->id));
		check("row", km_index_add_segment(month->index, real));
	}
	if (!is_there(month, camera, minute)) {
		check("random bytes", km_random_uuid(&row.id));
		check("random bytes", km_random_uuid(&row.key));
		check("row", km_index_add_segment(month->index, &row));
	}
}

static void make_rows(struct month *month)
{
	int64_t minutes = month->days * DAY_MINUTES;

	check("index", km_index_open(month->state.index, false, &month->index));
	for (size_t i = 0; i < month->camera_count; i++) {
		check("rows", km_index_each_segment(month->index, &month->cameras[i].id,
				  INT64_MIN / 2, INT64_MAX / 2, on_row, &month->cameras[i]));
	}
	for (int64_t minute = 0; minute < minutes; minute++) {
		if (minute % BATCH_MINUTES == 0) {
			check("transaction", km_index_begin(month->index, false));
		}
		for (size_t i = 0; i < month->camera_count; i++) {
			add_minute(month, &month->cameras[i], minute);
		}
		if (minute % BATCH_MINUTES == BATCH_MINUTES - 1 || minute == minutes - 1) {
			check("transaction", km_index_commit(month->index));
		}
	}
	km_index_close(month->index);
	(void)printf("{\"event\":\"end\",\"rows\":%lld}\n",
	    (long long)minutes * (long long)month->camera_count);
}

int main(int argc, char **argv)
{
	static struct month month;
	struct km_state_key no_key = { 0 };
	struct km_buf error;

	if (argc != 4) {
		(void)fprintf(stderr, "komainu-bench-month STATE DAYS SPOTS: STATE is a state "
				      "directory with cameras and nothing recorded\n");
		return 2;
	}
	month.days = strtoll(argv[2], NULL, 10);
	month.spot_count = strtoll(argv[3], NULL, 10);
	if (month.days < 1 || month.days > DAYS_MAX || month.spot_count < 1 ||
	    month.spot_count > SPOTS_MAX || month.spot_count > month.days) {
		(void)fprintf(stderr, "DAYS is 1 to %d, SPOTS 1 to %d and no more than DAYS\n",
		    DAYS_MAX, SPOTS_MAX);
		return 2;
	}
	km_buf_init(&error, 4096);
	check("state directory", km_state_open(argv[1], &month.state, &error));
	check("root key", km_state_unlock(&month.state, &no_key, &error));
	check("cameras", km_cameras_each(month.state.database, on_camera, &month));
	month.first_us =
	    (int64_t)(km_time_day(km_clock_unix_us()) - month.days) * DAY_MINUTES * MINUTE_US;
	make_media(&month);
	make_rows(&month);
	km_state_close(&month.state);
	km_buf_finish(&error);
	return 0;
}
