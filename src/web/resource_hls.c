/* /api/v1/cameras/{camera}/hls.m3u8: the same media as an HLS playlist [RFC 8216]. */
#include "base/time.h"
#include "web/listing.h"

#include <inttypes.h>
#include <stdlib.h>

#define PLAYLIST_MAX ((size_t)32 * 1024 * 1024)
#define SPAN_MAX_US  (INT64_C(86400) * 1000000)

void km_resource_hls_playlist(struct km_call *call);

struct playlist {
	struct km_listing *listing;
	struct km_buf entries;
	struct km_buf text;
	int64_t longest_us;
	bool has_segment;
	struct km_tracks tracks; /* of the segment before */
	int err;
};

static void write_entry(struct playlist *playlist, const char *id,
    const struct km_clip_fragment *first, uint64_t bytes, int64_t duration_us)
{
	if (duration_us > playlist->longest_us) {
		playlist->longest_us = duration_us;
	}
	km_buf_add_format(&playlist->entries,
	    "#EXTINF:%" PRIi64 ".%06" PRIi64 ",\n#EXT-X-BYTERANGE:%" PRIu64 "@%" PRIu64
	    "\n/api/v1/segments/%s/media.m4s\n",
	    duration_us / 1000000, duration_us % 1000000, bytes, first->offset, id);
}

/* One entry per group of fragments that begins with a key frame. */
static void write_groups(struct playlist *playlist, const char *id, const struct km_clip *clip)
{
	struct km_clip_fragment first = { 0 };
	uint64_t bytes = 0;
	int64_t duration_us = 0;

	for (size_t i = 0; i < km_clip_fragment_count(clip); i++) {
		struct km_clip_fragment fragment = km_clip_fragment_at(clip, i);

		if (bytes > 0 && fragment.is_key) {
			write_entry(playlist, id, &first, bytes, duration_us);
			bytes = 0;
			duration_us = 0;
		}
		if (bytes == 0) {
			first = fragment;
		}
		bytes += fragment.bytes;
		duration_us += fragment.duration_us;
	}
	if (bytes > 0) {
		write_entry(playlist, id, &first, bytes, duration_us);
	}
}

/*
 * Each segment counts its times from its own start, so each begins with a discontinuity. One init
 * segment does as long as the format stays the same: players lose pictures where they have to begin
 * anew.
 */
static int write_segment(
    void *context, const struct km_archive_segment *row, const struct km_clip *clip)
{
	struct playlist *playlist = context;
	const struct km_tracks *tracks = km_clip_tracks(clip);
	char id[KM_UUID_TEXT_SIZE];
	char moment[KM_TIME_TEXT_SIZE];

	if (km_clip_fragment_count(clip) == 0) {
		return 0;
	}
	km_uuid_write(&row->id, id);
	km_time_write(row->start_us, moment);
	if (playlist->has_segment) {
		km_buf_add_text(&playlist->entries, "#EXT-X-DISCONTINUITY\n");
	}
	if (!playlist->has_segment || !km_tracks_is_equal(&playlist->tracks, tracks)) {
		km_buf_add_format(
		    &playlist->entries, "#EXT-X-MAP:URI=\"/api/v1/segments/%s/init.mp4\"\n", id);
		playlist->tracks = *tracks;
	}
	km_buf_add_format(&playlist->entries, "#EXT-X-PROGRAM-DATE-TIME:%s\n", moment);
	playlist->has_segment = true;
	write_groups(playlist, id, clip);
	return km_buf_error(&playlist->entries);
}

static void run_playlist(void *context)
{
	struct playlist *playlist = context;
	struct km_buf *text = &playlist->text;

	km_buf_init(&playlist->entries, PLAYLIST_MAX);
	km_buf_init(text, PLAYLIST_MAX + 4096);
	playlist->err = km_listing_each_clip(playlist->listing, write_segment, playlist);
	km_buf_add_format(text,
	    "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n"
	    "#EXT-X-TARGETDURATION:%" PRIi64 "\n#EXT-X-MEDIA-SEQUENCE:0\n"
	    "#EXT-X-PLAYLIST-TYPE:VOD\n",
	    (playlist->longest_us + 999999) / 1000000 + 1);
	km_buf_add(text, km_buf_view(&playlist->entries));
	km_buf_add_text(text, "#EXT-X-ENDLIST\n");
	if (playlist->err == 0) {
		playlist->err = km_buf_error(text);
	}
}

static void done_playlist(void *context)
{
	struct playlist *playlist = context;
	struct km_call *call = playlist->listing->call;
	struct km_response response = {
		.status = 200,
		.content_type = "application/vnd.apple.mpegurl",
	};

	if (playlist->err < 0) {
		km_call_fail_err(call, playlist->err, NULL);
	} else if (!playlist->has_segment) {
		km_call_fail(call, 404, "not_found", "nothing was recorded in this time");
	} else {
		response.body = playlist->text;
		playlist->text = (struct km_buf){ 0 };
		km_call_answer(call, &response);
	}
	km_buf_finish(&playlist->entries);
	km_buf_finish(&playlist->text);
	km_listing_destroy(playlist->listing);
	free(playlist);
}

static void on_listed(struct km_listing *listing)
{
	struct playlist *playlist = calloc(1, sizeof(*playlist));

	if (playlist == NULL) {
		km_call_fail_err(listing->call, KM_ERR_MEMORY, NULL);
		km_listing_destroy(listing);
		return;
	}
	playlist->listing = listing;
	if (km_call_submit(listing->call, run_playlist, done_playlist, playlist) < 0) {
		km_listing_destroy(listing);
		free(playlist);
	}
}

void km_resource_hls_playlist(struct km_call *call)
{
	static const char *const names[] = { "from", "to", NULL };
	struct km_bytes query = km_bytes_text(km_call_request(call)->query);
	struct km_refusal refusal = { 0 };
	int64_t from_us = 0;
	int64_t to_us = 0;
	int err = km_request_check_query(query, names, &refusal);

	if (err == 0) {
		err = km_request_query_span(query, SPAN_MAX_US, &from_us, &to_us, &refusal);
	}
	if (err < 0) {
		km_call_refuse(call, &refusal);
		return;
	}
	km_listing_start(call, from_us, to_us, on_listed, NULL);
}
