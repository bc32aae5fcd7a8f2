#include "lab_launch.h"

#include <glib.h>

static const char *const audio_parts[] = {
	[KM_LAB_AUDIO_NONE] = "",
	[KM_LAB_AUDIO_AAC] = "audio/x-raw,rate=16000,channels=1 ! voaacenc bitrate=32000 "
			     "! rtpmp4gpay name=pay1 pt=97",
	[KM_LAB_AUDIO_PCMU] = "audio/x-raw,rate=8000,channels=1 ! mulawenc "
			      "! rtppcmupay name=pay1 pt=0",
	[KM_LAB_AUDIO_PCMA] = "audio/x-raw,rate=8000,channels=1 ! alawenc "
			      "! rtppcmapay name=pay1 pt=8",
	[KM_LAB_AUDIO_OPUS] = "audio/x-raw,rate=48000,channels=1 ! opusenc bitrate=32000 "
			      "! rtpopuspay name=pay1 pt=97",
};

/* One slice a picture, no reordering, key frames only where --gop puts them. */
static void add_video(GString *text, const struct km_lab_options *options)
{
	int gop = (int)options->gop_frames;
	int kbit = (int)options->bitrate_kbit;

	switch ((enum km_lab_codec)options->codec) {
	case KM_LAB_CODEC_H264:
		g_string_append_printf(text,
		    "x264enc tune=zerolatency speed-preset=superfast bframes=0 threads=1 "
		    "sliced-threads=false key-int-max=%d bitrate=%d option-string=scenecut=0 "
		    "! video/x-h264,profile=main ! rtph264pay name=pay0 pt=96 config-interval=-1",
		    gop, kbit);
		break;
	case KM_LAB_CODEC_H265:
		g_string_append_printf(text,
		    "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=%d bitrate=%d "
		    "option-string=bframes=0:scenecut=0:open-gop=0:pools=1:frame-threads=1:"
		    "log-level=none "
		    "! video/x-h265,profile=main ! rtph265pay name=pay0 pt=96 config-interval=-1",
		    gop, kbit);
		break;
	case KM_LAB_CODEC_MJPEG:
		g_string_append(text, "jpegenc quality=85 ! rtpjpegpay name=pay0 pt=26");
		break;
	}
}

char *km_lab_launch_write(const struct km_lab_options *options)
{
	GString *text = g_string_new("( appsrc name=video is-live=true format=time ! ");

	add_video(text, options);
	if (options->audio != KM_LAB_AUDIO_NONE) {
		g_string_append_printf(text,
		    " audiotestsrc name=audio is-live=true wave=ticks ! queue leaky=downstream "
		    "max-size-buffers=0 max-size-bytes=0 max-size-time=200000000 ! audioconvert ! "
		    "%s",
		    audio_parts[options->audio]);
	}
	g_string_append(text, " )");
	return g_string_free(text, FALSE);
}
