#include "lab_mount.h"

#include "lab_event.h"
#include "lab_feed.h"
#include "lab_launch.h"

#include <gst/video/video.h>

#define FEED_KEY "komainu-lab-feed"

struct km_lab_mount {
	const struct km_lab_options *options;
	const char *path;
	const _Atomic int64_t *first_play_us;
	struct km_lab_counts counts;
	_Atomic uint32_t next_number;
	GstRTSPMountPoints *points;
};

struct km_lab_mount *km_lab_mount_create(
    const struct km_lab_options *options, const char *path, const _Atomic int64_t *first_play_us)
{
	struct km_lab_mount *mount = g_new0(struct km_lab_mount, 1);

	mount->options = options;
	mount->path = path;
	mount->first_play_us = first_play_us;
	return mount;
}

void km_lab_mount_destroy(struct km_lab_mount *mount)
{
	g_free(mount);
}

static void on_new_state(GstRTSPMedia *media, gint state, gpointer user)
{
	struct km_lab_feed *feed = g_object_get_data(G_OBJECT(media), FEED_KEY);

	(void)user;
	if (feed) {
		km_lab_feed_set_playing(feed, state == GST_STATE_PLAYING);
	}
}

static void on_unprepared(GstRTSPMedia *media, gpointer user)
{
	(void)user;
	g_object_set_data(G_OBJECT(media), FEED_KEY, NULL);
}

/*
 * A camera sends a picture when it has it. Left alone, the server would hold pictures back by the
 * latency of the slowest branch, the sound, and the clock in them would be old when they leave.
 */
static void on_prepared(GstRTSPMedia *media, gpointer user)
{
	GstElement *bin = gst_rtsp_media_get_element(media);
	GstObject *pipeline = gst_object_get_parent(GST_OBJECT(bin));

	(void)user;
	if (GST_IS_PIPELINE(pipeline)) {
		gst_pipeline_set_latency(GST_PIPELINE(pipeline), 0);
	}
	g_clear_object(&pipeline);
	gst_object_unref(bin);
}

static void destroy_feed(gpointer feed)
{
	km_lab_feed_destroy(feed);
}

/* What has sent all its pictures is not there any more: who asks again gets 404. */
static gboolean on_complete(gpointer user)
{
	struct km_lab_mount *mount = user;

	gst_rtsp_mount_points_remove_factory(mount->points, mount->path);
	return G_SOURCE_REMOVE;
}

static void on_media_configure(GstRTSPMediaFactory *factory, GstRTSPMedia *media, gpointer user)
{
	struct km_lab_mount *mount = user;
	GstElement *bin = gst_rtsp_media_get_element(media);
	struct km_lab_feed_setup setup = {
		.options = mount->options,
		.path = mount->path,
		.first_play_us = mount->first_play_us,
		.counts = &mount->counts,
		.next_number = mount->options->is_own_media ? NULL : &mount->next_number,
		.on_complete = mount->options->is_own_media ? NULL : on_complete,
		.context = mount,
	};

	(void)factory;
	g_object_set_data_full(
	    G_OBJECT(media), FEED_KEY, km_lab_feed_create(&setup, GST_BIN(bin)), destroy_feed);
	g_signal_connect(media, "new-state", G_CALLBACK(on_new_state), NULL);
	g_signal_connect(media, "prepared", G_CALLBACK(on_prepared), NULL);
	g_signal_connect(media, "unprepared", G_CALLBACK(on_unprepared), NULL);
	gst_object_unref(bin);
}

void km_lab_mount_attach(struct km_lab_mount *mount, GstRTSPMountPoints *points)
{
	GstRTSPMediaFactory *factory = gst_rtsp_media_factory_new();
	char *launch = km_lab_launch_write(mount->options);

	gst_rtsp_media_factory_set_launch(factory, launch);
	gst_rtsp_media_factory_set_shared(factory, !mount->options->is_own_media);
	gst_rtsp_media_factory_set_latency(factory, 0);
	gst_rtsp_media_factory_add_role(factory, "viewer", GST_RTSP_PERM_MEDIA_FACTORY_ACCESS,
	    G_TYPE_BOOLEAN, TRUE, GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, G_TYPE_BOOLEAN, TRUE,
	    NULL);
	g_signal_connect(factory, "media-configure", G_CALLBACK(on_media_configure), mount);
	gst_rtsp_mount_points_add_factory(points, mount->path, factory);
	mount->points = points;
	g_free(launch);
}

void km_lab_mount_force_key(GstRTSPMedia *media)
{
	struct km_lab_feed *feed = g_object_get_data(G_OBJECT(media), FEED_KEY);
	GstElement *bin = gst_rtsp_media_get_element(media);
	GstElement *payloader = gst_bin_get_by_name(GST_BIN(bin), "pay0");
	GstPad *sink = payloader ? gst_element_get_static_pad(payloader, "sink") : NULL;

	if (sink && feed && km_lab_feed_count(feed) > 1) {
		gst_pad_push_event(sink,
		    gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
	}
	g_clear_object(&sink);
	g_clear_object(&payloader);
	gst_object_unref(bin);
}

void km_lab_mount_report(struct km_lab_mount *mount, const char *name)
{
	const struct km_lab_counts *counts = &mount->counts;

	km_lab_event_print(name,
	    ",\"mount\":\"%s\",\"frames\":%" G_GUINT64_FORMAT ",\"rtp_frames\":%" G_GUINT64_FORMAT
	    ",\"rtp_packets\":%" G_GUINT64_FORMAT ",\"rtp_bytes\":%" G_GUINT64_FORMAT
	    ",\"skipped\":%" G_GUINT64_FORMAT ",\"damaged\":%" G_GUINT64_FORMAT,
	    mount->path, counts->frames, counts->rtp_frames, counts->rtp_packets, counts->rtp_bytes,
	    counts->skipped, counts->damaged);
}
