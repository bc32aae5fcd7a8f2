#include "lab_feed.h"

#include "lab_event.h"
#include "lab_picture.h"

#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>

#define QUEUE_PICTURES_MAX 4 /* an encoder that is later than this misses pictures */
#define RTP_HEADER_BYTES   12
#define FLIPS_MAX          8

struct km_lab_feed {
	struct km_lab_feed_setup setup;
	GstBin *bin;
	GstAppSrc *source;
	GThread *thread;
	GMutex mutex; /* guards is_playing, is_stopping */
	GCond changed;
	bool is_playing;
	bool is_stopping;
	bool was_stalled;
	struct km_lab_picture picture;
	GstVideoInfo info;
	uint32_t own_number;
	_Atomic uint64_t frames;
	GRand *damage; /* used by the payloader's streaming thread only */
};

static int64_t since_first_play_us(const struct km_lab_feed *feed)
{
	int64_t start_us = *feed->setup.first_play_us;

	return start_us ? g_get_monotonic_time() - start_us : 0;
}

static bool is_stalled(const struct km_lab_feed *feed)
{
	const struct km_lab_options *options = feed->setup.options;
	int64_t now_us = since_first_play_us(feed);

	return options->stall_at_us && now_us >= options->stall_at_us &&
	       now_us < options->stall_at_us + options->stall_for_us;
}

static GstPadProbeReturn on_audio(GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
	(void)pad;
	(void)info;
	return is_stalled(user) ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

static void count_packet(struct km_lab_feed *feed, GstBuffer *packet)
{
	struct km_lab_counts *counts = feed->setup.counts;
	uint8_t header[2] = { 0 };

	counts->rtp_packets++;
	counts->rtp_bytes += gst_buffer_get_size(packet);
	if (gst_buffer_extract(packet, 0, header, sizeof(header)) == sizeof(header) &&
	    (header[1] & 0x80)) {
		counts->rtp_frames++;
	}
}

static void flip_bytes(struct km_lab_feed *feed, GstBuffer *packet)
{
	gint32 flips = g_rand_int_range(feed->damage, 1, FLIPS_MAX + 1);
	GstMapInfo map;

	if (!gst_buffer_map(packet, &map, GST_MAP_READWRITE)) {
		return;
	}
	for (gint32 i = 0; i < flips && map.size > RTP_HEADER_BYTES; i++) {
		gint32 at = g_rand_int_range(feed->damage, RTP_HEADER_BYTES, (gint32)map.size);

		map.data[at] ^= (uint8_t)g_rand_int_range(feed->damage, 1, 256);
	}
	gst_buffer_unmap(packet, &map);
}

/* Count a packet and perhaps damage it. False: it is to be dropped. Takes and returns *packet. */
static gboolean pass_packet(GstBuffer **packet, struct km_lab_feed *feed)
{
	int64_t permille = feed->setup.options->damage_permille;

	count_packet(feed, *packet);
	if (permille == 0 || g_rand_int_range(feed->damage, 0, 1000) >= permille) {
		return TRUE;
	}
	feed->setup.counts->damaged++;
	if (g_rand_boolean(feed->damage)) {
		return FALSE;
	}
	*packet = gst_buffer_make_writable(*packet);
	flip_bytes(feed, *packet);
	return TRUE;
}

static gboolean pass_listed(GstBuffer **packet, guint index, gpointer user)
{
	(void)index;
	if (!pass_packet(packet, user)) {
		gst_clear_buffer(packet);
	}
	return TRUE;
}

static GstPadProbeReturn on_video(GstPad *pad, GstPadProbeInfo *info, gpointer user)
{
	(void)pad;
	if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
		GstBufferList *list = gst_buffer_list_make_writable(info->data);

		gst_buffer_list_foreach(list, pass_listed, user);
		info->data = list;
		return gst_buffer_list_length(list) ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
	}
	return pass_packet((GstBuffer **)&info->data, user) ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

static void watch_payloader(
    struct km_lab_feed *feed, const char *name, GstPadProbeCallback callback)
{
	GstElement *payloader = gst_bin_get_by_name(feed->bin, name);
	GstPad *pad = payloader ? gst_element_get_static_pad(payloader, "src") : NULL;

	if (pad) {
		gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST,
		    callback, feed, NULL);
		gst_object_unref(pad);
	}
	g_clear_object(&payloader);
}

/* Tell the encoder the size that is due now, if it is another than before. */
static void update_size(struct km_lab_feed *feed)
{
	const struct km_lab_options *options = feed->setup.options;
	bool is_changed =
	    options->resolution_at_us && since_first_play_us(feed) >= options->resolution_at_us;
	int width = (int)(is_changed ? options->resolution_width : options->width);
	int height = (int)(is_changed ? options->resolution_height : options->height);
	GstCaps *caps = NULL;

	if (feed->info.width == width && feed->info.height == height) {
		return;
	}
	gst_video_info_set_format(&feed->info, GST_VIDEO_FORMAT_I420, (guint)width, (guint)height);
	feed->info.fps_n = (int)options->fps;
	feed->info.fps_d = 1;
	caps = gst_video_info_to_caps(&feed->info);
	gst_app_src_set_caps(feed->source, caps);
	gst_caps_unref(caps);
	if (feed->frames > 0) {
		km_lab_event_print("resolution", ",\"mount\":\"%s\",\"width\":%d,\"height\":%d",
		    feed->setup.path, width, height);
	}
}

static void update_pattern(struct km_lab_feed *feed)
{
	const struct km_lab_options *options = feed->setup.options;

	if (options->pattern_at_us && since_first_play_us(feed) >= options->pattern_at_us) {
		km_lab_picture_set_pattern(
		    &feed->picture, (enum km_lab_pattern)options->pattern_then);
	}
}

static void draw(struct km_lab_feed *feed, GstBuffer *buffer)
{
	uint32_t number =
	    feed->setup.next_number ? (*feed->setup.next_number)++ : feed->own_number++;
	struct km_lab_stamp stamp = {
		.number = number,
		.wall_unix_us = g_get_real_time(),
		.title = feed->setup.path + 1,
	};
	struct km_lab_canvas canvas = { .width = feed->info.width, .height = feed->info.height };
	GstVideoFrame frame;

	if (!gst_video_frame_map(&frame, &feed->info, buffer, GST_MAP_WRITE)) {
		return;
	}
	for (guint plane = 0; plane < 3; plane++) {
		canvas.planes[plane] = GST_VIDEO_FRAME_PLANE_DATA(&frame, plane);
		canvas.strides[plane] = GST_VIDEO_FRAME_PLANE_STRIDE(&frame, plane);
	}
	km_lab_picture_draw(&feed->picture, &canvas, &stamp);
	gst_video_frame_unmap(&frame);
}

static void push_picture(struct km_lab_feed *feed, GstClockTime pts)
{
	GstBuffer *buffer = NULL;

	if (gst_app_src_get_current_level_bytes(feed->source) >
	    QUEUE_PICTURES_MAX * feed->info.size) {
		feed->setup.counts->skipped++;
		return;
	}
	update_size(feed);
	update_pattern(feed);
	buffer = gst_buffer_new_allocate(NULL, feed->info.size, NULL);
	draw(feed, buffer);
	GST_BUFFER_PTS(buffer) = pts;
	GST_BUFFER_DURATION(buffer) = GST_SECOND / (GstClockTime)feed->setup.options->fps;
	feed->frames++;
	feed->setup.counts->frames++;
	gst_app_src_push_buffer(feed->source, buffer);
}

static GstClockTime running_time(struct km_lab_feed *feed)
{
	GstClock *clock = gst_element_get_clock(GST_ELEMENT(feed->source));
	GstClockTime now = 0;

	if (clock) {
		now = gst_clock_get_time(clock) -
		      gst_element_get_base_time(GST_ELEMENT(feed->source));
		gst_object_unref(clock);
	}
	return now;
}

static void end_stream(struct km_lab_feed *feed)
{
	GstElement *audio = gst_bin_get_by_name(feed->bin, "audio");

	km_lab_event_print("eos", ",\"mount\":\"%s\",\"frames\":%" G_GUINT64_FORMAT,
	    feed->setup.path, feed->frames);
	gst_app_src_end_of_stream(feed->source);
	if (feed->setup.on_complete) {
		g_idle_add(feed->setup.on_complete, feed->setup.context);
	}
	if (audio) {
		gst_element_send_event(audio, gst_event_new_eos());
		gst_object_unref(audio);
	}
}

/* Sleep until then or until the state changes. Returns whether to go on feeding. */
static bool wait_until(struct km_lab_feed *feed, int64_t monotonic_us)
{
	bool is_running = false;

	g_mutex_lock(&feed->mutex);
	while (feed->is_playing && !feed->is_stopping &&
	       g_cond_wait_until(&feed->changed, &feed->mutex, monotonic_us)) {
	}
	is_running = feed->is_playing && !feed->is_stopping;
	g_mutex_unlock(&feed->mutex);
	return is_running;
}

/* Sleep until playing. Returns false when it is over. */
static bool wait_for_play(struct km_lab_feed *feed)
{
	bool is_playing = false;

	g_mutex_lock(&feed->mutex);
	while (!feed->is_playing && !feed->is_stopping) {
		g_cond_wait(&feed->changed, &feed->mutex);
	}
	is_playing = !feed->is_stopping;
	g_mutex_unlock(&feed->mutex);
	return is_playing;
}

static bool is_complete(const struct km_lab_feed *feed)
{
	int64_t limit = feed->setup.options->frames;

	return limit > 0 && feed->frames >= (uint64_t)limit;
}

static void report_stall(struct km_lab_feed *feed, bool is_now)
{
	if (is_now != feed->was_stalled) {
		km_lab_event_print(
		    is_now ? "stall" : "stall-end", ",\"mount\":\"%s\"", feed->setup.path);
	}
	feed->was_stalled = is_now;
}

/* Feed on a grid of 1/fps from now on, until paused, stopped or complete. */
static void feed_while_playing(struct km_lab_feed *feed)
{
	int64_t fps = feed->setup.options->fps;
	int64_t start_us = g_get_monotonic_time();
	GstClockTime start_pts = running_time(feed);

	for (int64_t i = 1; !is_complete(feed); i++) {
		if (!wait_until(feed, start_us + i * G_USEC_PER_SEC / fps)) {
			return;
		}
		report_stall(feed, is_stalled(feed));
		if (!feed->was_stalled) {
			push_picture(
			    feed, start_pts + (GstClockTime)i * GST_SECOND / (GstClockTime)fps);
		}
	}
	end_stream(feed);
}

static gpointer run(gpointer user)
{
	struct km_lab_feed *feed = user;

	push_picture(feed, 0);
	while (wait_for_play(feed)) {
		feed_while_playing(feed);
		if (is_complete(feed)) {
			break;
		}
	}
	return NULL;
}

struct km_lab_feed *km_lab_feed_create(const struct km_lab_feed_setup *setup, GstBin *bin)
{
	struct km_lab_feed *feed = g_new0(struct km_lab_feed, 1);

	feed->setup = *setup;
	feed->bin = gst_object_ref(bin);
	feed->source = GST_APP_SRC(gst_bin_get_by_name(bin, "video"));
	feed->damage = g_rand_new_with_seed((guint32)setup->options->seed);
	g_mutex_init(&feed->mutex);
	g_cond_init(&feed->changed);
	gst_video_info_init(&feed->info);
	km_lab_picture_init(&feed->picture, (enum km_lab_pattern)setup->options->pattern,
	    (uint32_t)setup->options->seed);
	watch_payloader(feed, "pay0", on_video);
	watch_payloader(feed, "pay1", on_audio);
	feed->thread = g_thread_new("feed", run, feed);
	return feed;
}

void km_lab_feed_set_playing(struct km_lab_feed *feed, bool is_playing)
{
	g_mutex_lock(&feed->mutex);
	feed->is_playing = is_playing;
	g_cond_signal(&feed->changed);
	g_mutex_unlock(&feed->mutex);
}

uint64_t km_lab_feed_count(const struct km_lab_feed *feed)
{
	return feed->frames;
}

void km_lab_feed_destroy(struct km_lab_feed *feed)
{
	if (!feed) {
		return;
	}
	g_mutex_lock(&feed->mutex);
	feed->is_stopping = true;
	g_cond_signal(&feed->changed);
	g_mutex_unlock(&feed->mutex);
	g_thread_join(feed->thread);
	gst_object_unref(feed->source);
	gst_object_unref(feed->bin);
	g_rand_free(feed->damage);
	g_mutex_clear(&feed->mutex);
	g_cond_clear(&feed->changed);
	g_free(feed);
}
