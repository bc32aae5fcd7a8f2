/*
 * The thread that draws the pictures of one media and hands them to its encoder in real time.
 */
#ifndef KM_LAB_FEED_H
#define KM_LAB_FEED_H

#include "lab_options.h"

#include <gst/gst.h>

/* Written by feeds and their pad probes, read by anyone. */
struct km_lab_counts {
	_Atomic uint64_t frames;      /* pictures handed to the encoder */
	_Atomic uint64_t rtp_frames;  /* RTP packets with the marker bit, before damage */
	_Atomic uint64_t rtp_packets; /* video, before damage */
	_Atomic uint64_t rtp_bytes;
	_Atomic uint64_t skipped; /* pictures not made because the encoder was late */
	_Atomic uint64_t damaged; /* packets dropped or with bytes flipped */
};

struct km_lab_feed_setup {
	const struct km_lab_options *options;
	const char *path;
	const _Atomic int64_t *first_play_us; /* monotonic; 0 before the first PLAY */
	struct km_lab_counts *counts;
	_Atomic uint32_t *next_number; /* shared by successive media; NULL: count from 0 */
	GSourceFunc on_complete;       /* from the main loop, after the last of --frames; or NULL */
	gpointer context;              /* of it */
};

struct km_lab_feed;

/* The setup's pointers must outlive the feed. Pushes the first picture at once, then waits. */
struct km_lab_feed *km_lab_feed_create(const struct km_lab_feed_setup *setup, GstBin *bin);

/* Stops and joins the thread. */
void km_lab_feed_destroy(struct km_lab_feed *feed);

/* Pictures handed to the encoder so far. From any thread. */
uint64_t km_lab_feed_count(const struct km_lab_feed *feed);

/* Pictures are made only while playing. */
void km_lab_feed_set_playing(struct km_lab_feed *feed, bool is_playing);

#endif
