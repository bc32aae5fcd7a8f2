/* /api/v1/cameras/{camera}/timeline and /segments: what there is. */
#include "model/states.h"
#include "proto/mp4_fragment.h"
#include "web/listing.h"

#include <stdlib.h>

#define ANSWER_MAX      ((size_t)48 * 1024 * 1024)
#define STRETCHES_MAX   20000
#define GAPS_MAX        20000
#define TIMELINE_MAX_US (INT64_C(400) * 86400 * 1000000)
#define SEGMENTS_MAX_US (INT64_C(86400) * 1000000)
#define MIME_MAX        512

void km_resource_recordings_timeline(struct km_call *call);
void km_resource_recordings_segments(struct km_call *call);

/* --- the timeline --- */

struct timeline {
	struct km_call *call;
	struct km_uuid camera;
	int64_t from_us;
	int64_t to_us;
	int64_t resolution_us;
	struct km_json json;
	struct km_archive_gap gap; /* the one being joined with its neighbours */
	bool has_gap;
	size_t gap_count;
	int err;
};

static int on_stretch(void *context, int64_t start_us, int64_t end_us)
{
	struct timeline *timeline = context;

	km_json_open(&timeline->json, NULL, '[');
	km_json_i64(&timeline->json, NULL, start_us);
	km_json_i64(&timeline->json, NULL, end_us);
	km_json_close(&timeline->json, ']');
	return km_buf_error(&timeline->json.buf);
}

static int flush_gap(struct timeline *timeline)
{
	struct km_json *json = &timeline->json;

	if (!timeline->has_gap) {
		return 0;
	}
	timeline->has_gap = false;
	if (++timeline->gap_count > GAPS_MAX) {
		return KM_ERR_LIMIT;
	}
	km_json_open(json, NULL, '{');
	km_json_i64(json, "from_us", timeline->gap.start_us);
	km_json_i64(json, "to_us", timeline->gap.end_us);
	km_json_text(json, "reason", km_states_gap_reason(timeline->gap.reason));
	km_json_u64(json, "lost", timeline->gap.lost);
	km_json_close(json, '}');
	return km_buf_error(&json->buf);
}

/* Neighbours of one reason that no eye could tell apart are told as one. */
static int on_gap(void *context, const struct km_archive_gap *gap)
{
	struct timeline *timeline = context;
	int err = 0;

	if (timeline->has_gap && gap->reason == timeline->gap.reason &&
	    gap->start_us - timeline->gap.end_us < timeline->resolution_us) {
		if (gap->end_us > timeline->gap.end_us) {
			timeline->gap.end_us = gap->end_us;
		}
		timeline->gap.lost += gap->lost;
		return 0;
	}
	err = flush_gap(timeline);
	timeline->gap = *gap;
	timeline->has_gap = true;
	return err;
}

static int write_timeline(struct timeline *timeline, struct km_archive *archive)
{
	struct km_json *json = &timeline->json;
	int err = 0;

	km_json_open(json, NULL, '{');
	km_json_i64(json, "from_us", timeline->from_us);
	km_json_i64(json, "to_us", timeline->to_us);
	km_json_open(json, "recorded", '[');
	if (archive != NULL) {
		err = km_archive_each_stretch(archive, &timeline->camera, timeline->from_us,
		    timeline->to_us, timeline->resolution_us, STRETCHES_MAX, on_stretch, timeline);
	}
	km_json_close(json, ']');
	km_json_open(json, "gaps", '[');
	if (archive != NULL && err == 0) {
		err = km_archive_each_gap(archive, &timeline->camera, timeline->from_us,
		    timeline->to_us, on_gap, timeline);
	}
	if (err == 0) {
		err = flush_gap(timeline);
	}
	km_json_close(json, ']');
	km_json_close(json, '}');
	return err;
}

static void run_timeline(void *context)
{
	struct timeline *timeline = context;
	struct km_archive_pool *pool = timeline->call->web->archives;
	struct km_archive *archive = NULL;

	timeline->err = km_archive_pool_take(pool, &archive);
	if (timeline->err == KM_ERR_NOT_FOUND) {
		timeline->err = 0; /* nothing was ever recorded */
	}
	if (timeline->err == 0) {
		timeline->err = write_timeline(timeline, archive);
	}
	km_archive_pool_give(pool, archive, timeline->err == KM_ERR_DATABASE);
}

static void done_timeline(void *context)
{
	struct timeline *timeline = context;

	if (timeline->err < 0) {
		km_call_fail_err(timeline->call, timeline->err,
		    timeline->err == KM_ERR_LIMIT
			? "too much for one answer: ask for a shorter time or a coarser resolution"
			: NULL);
		km_json_finish(&timeline->json);
	} else {
		km_call_answer_json(timeline->call, 200, &timeline->json);
	}
	free(timeline);
}

void km_resource_recordings_timeline(struct km_call *call)
{
	static const char *const names[] = { "from", "to", "resolution", NULL };
	struct km_bytes query = km_bytes_text(km_call_request(call)->query);
	struct km_refusal refusal = { 0 };
	struct timeline *timeline = calloc(1, sizeof(*timeline));
	int err = KM_ERR_MEMORY;

	if (timeline == NULL) {
		km_call_fail_err(call, err, NULL);
		return;
	}
	timeline->call = call;
	timeline->camera = call->match.camera;
	err = km_request_check_query(query, names, &refusal);
	if (err == 0) {
		err = km_request_query_span(
		    query, TIMELINE_MAX_US, &timeline->from_us, &timeline->to_us, &refusal);
	}
	if (err == 0) {
		err = km_request_query_i64(
		    query, "resolution", 0, TIMELINE_MAX_US, &timeline->resolution_us, &refusal);
		if (err == KM_ERR_NOT_FOUND) {
			/* About one part per pixel of a wide screen. */
			timeline->resolution_us = (timeline->to_us - timeline->from_us) / 4000;
			err = 0;
		}
	}
	if (err < 0) {
		km_call_refuse(call, &refusal);
		free(timeline);
		return;
	}
	km_json_init(&timeline->json, ANSWER_MAX);
	if (km_call_submit(call, run_timeline, done_timeline, timeline) < 0) {
		free(timeline);
	}
}

/* --- segments --- */

struct segments {
	struct km_listing *listing;
	struct km_json json;
	int err;
};

static void write_chunks(struct km_json *json, const struct km_clip *clip)
{
	km_json_open(json, "chunks", '[');
	for (size_t i = 0; i < km_clip_fragment_count(clip); i++) {
		struct km_clip_fragment fragment = km_clip_fragment_at(clip, i);

		km_json_open(json, NULL, '[');
		km_json_u64(json, NULL, fragment.offset);
		km_json_u64(json, NULL, fragment.bytes);
		km_json_i64(json, NULL, fragment.start_us);
		km_json_i64(json, NULL, fragment.duration_us);
		km_json_i64(json, NULL, fragment.is_key ? 1 : 0);
		km_json_close(json, ']');
	}
	km_json_close(json, ']');
}

static int write_segment(
    void *context, const struct km_archive_segment *row, const struct km_clip *clip)
{
	struct segments *segments = context;
	struct km_json *json = &segments->json;
	const struct km_track *first = &km_clip_tracks(clip)->track[0];
	struct km_buf text;
	int err = 0;

	km_buf_init(&text, KM_MP4_INIT_MAX + MIME_MAX);
	km_json_open(json, NULL, '{');
	km_json_uuid(json, "id", &row->id);
	km_json_i64(json, "start_us", row->start_us);
	km_json_i64(json, "end_us", row->end_us);
	km_json_bool(json, "open", row->is_open);
	err = km_clip_write_mime(km_clip_tracks(clip), &text);
	km_buf_add_u8(&text, '\0');
	km_json_text(json, "mime", err == 0 ? (const char *)text.data : "");
	km_json_i64(json, "width", first->width);
	km_json_i64(json, "height", first->height);
	km_buf_clear(&text);
	if (err == 0) {
		err = km_clip_write_init(clip, &text);
	}
	km_json_u64(json, "init_bytes", text.size);
	km_json_u64(json, "media_bytes", km_clip_media_bytes(clip));
	write_chunks(json, clip);
	km_json_close(json, '}');
	km_buf_finish(&text);
	return err < 0 ? err : km_buf_error(&json->buf);
}

static void run_segments(void *context)
{
	struct segments *segments = context;
	struct km_json *json = &segments->json;

	km_json_init(json, ANSWER_MAX);
	km_json_open(json, NULL, '{');
	km_json_open(json, "segments", '[');
	segments->err = km_listing_each_clip(segments->listing, write_segment, segments);
	km_json_close(json, ']');
	km_json_close(json, '}');
}

static void done_segments(void *context)
{
	struct segments *segments = context;

	if (segments->err < 0) {
		km_call_fail_err(segments->listing->call, segments->err, NULL);
		km_json_finish(&segments->json);
	} else {
		km_call_answer_json(segments->listing->call, 200, &segments->json);
	}
	km_listing_destroy(segments->listing);
	free(segments);
}

static void on_listed(struct km_listing *listing)
{
	struct segments *segments = calloc(1, sizeof(*segments));

	if (segments == NULL) {
		km_call_fail_err(listing->call, KM_ERR_MEMORY, NULL);
		km_listing_destroy(listing);
		return;
	}
	segments->listing = listing;
	if (km_call_submit(listing->call, run_segments, done_segments, segments) < 0) {
		km_listing_destroy(listing);
		free(segments);
	}
}

void km_resource_recordings_segments(struct km_call *call)
{
	static const char *const names[] = { "from", "to", NULL };
	struct km_bytes query = km_bytes_text(km_call_request(call)->query);
	struct km_refusal refusal = { 0 };
	int64_t from_us = 0;
	int64_t to_us = 0;
	int err = km_request_check_query(query, names, &refusal);

	if (err == 0) {
		err = km_request_query_span(query, SEGMENTS_MAX_US, &from_us, &to_us, &refusal);
	}
	if (err < 0) {
		km_call_refuse(call, &refusal);
		return;
	}
	km_listing_start(call, from_us, to_us, on_listed, NULL);
}
