/* /api/v1/cameras/{camera}/export.mp4: recordings as a file to keep. [IPA a07-1] */
#include "base/time.h"
#include "io/clock.h"
#include "model/events.h"
#include "store/clip_movie.h"
#include "web/body_stream.h"
#include "web/listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPAN_MAX_US (INT64_C(2) * 86400 * 1000000)
#define PIECE_BYTES ((size_t)1024 * 1024)
#define EXPORTS_MAX 4 /* at a time: each keeps its sample tables in memory */

void km_resource_export_movie(struct km_call *call);

struct export
{
	struct km_listing *listing;
	struct km_archive *archive;
	struct km_clip_movie *movie;
	struct km_clip_movie_found found;
	int err;
};

static void destroy(void *context)
{
	struct export *export = context;
	struct km_web *web = export->listing->call->web;

	web->exports--;
	km_clip_movie_destroy(export->movie);
	km_archive_pool_give(web->archives, export->archive, false);
	km_listing_destroy(export->listing);
	free(export);
}

static int find_key(void *context, const struct km_uuid *key, uint8_t ret_key[static 32])
{
	struct export *export = context;
	const struct km_secret *secret = km_key_chain_find(&export->listing->keys, key);

	if (secret == NULL) {
		return KM_ERR_NOT_FOUND;
	}
	memcpy(ret_key, secret->bytes, KM_SECRET_BYTES);
	return 0;
}

static void run_plan(void *context)
{
	struct export *export = context;
	const struct km_clip_movie_wish wish = {
		.camera = export->listing->camera,
		.from_us = export->listing->from_us,
		.to_us = export->listing->to_us,
		.find_key = find_key,
		.context = export,
	};

	export->err = km_archive_pool_take(export->listing->call->web->archives, &export->archive);
	if (export->err == 0) {
		export->err =
		    km_clip_movie_plan(export->archive, &wish, &export->movie, &export->found);
	}
}

static int read_piece(void *context, struct km_buf *piece)
{
	struct export *export = context;

	return km_clip_movie_read(export->movie, PIECE_BYTES, piece);
}

static void fail(struct export *export)
{
	struct km_call *call = export->listing->call;
	struct km_refusal refusal = { .field = "to" };
	char moment[KM_TIME_TEXT_SIZE];

	switch (export->err) {
	case KM_ERR_UNSUPPORTED:
		km_time_write(export->found.change_us, moment);
		(void)snprintf(refusal.text, sizeof(refusal.text),
		    "the camera changed its picture format at %s (%lld): export up to there, and "
		    "from there, as two files",
		    moment, (long long)export->found.change_us);
		km_call_refuse(call, &refusal);
		break;
	case KM_ERR_LIMIT:
		(void)snprintf(refusal.text, sizeof(refusal.text),
		    "too many pictures for one file: ask for a shorter time");
		km_call_refuse(call, &refusal);
		break;
	case KM_ERR_NOT_FOUND:
		km_call_fail(call, 404, "not_found", "nothing was recorded in this time");
		break;
	default:
		km_call_fail(call, 500, "storage", km_error_text(export->err));
		break;
	}
}

/* Taking recordings out is written down. */
static void report(struct export *export)
{
	struct km_call *call = export->listing->call;
	struct km_message_event event = {
		.event = KM_EVENT_EXPORTED,
		.camera = export->listing->camera,
		.unix_us = km_clock_unix_us(),
		.session_size = sizeof(event.session),
	};
	uint8_t storage[1024];
	struct km_buf packed;
	char from[KM_TIME_TEXT_SIZE];
	char to[KM_TIME_TEXT_SIZE];

	km_time_write(export->found.start_us, from);
	km_time_write(export->found.end_us, to);
	memcpy(event.session, call->session, sizeof(event.session));
	(void)snprintf(event.text, sizeof(event.text), "%s to %s, by %s from %s, %llu bytes", from,
	    to, call->account.name, km_call_request(call)->peer,
	    (unsigned long long)km_clip_movie_bytes(export->movie));
	km_buf_init_fixed(&packed, storage, sizeof(storage));
	if (km_messages_pack_event(&event, &packed) == 0) {
		/* What a channel does not take is lost: it is closing, and web ends with it. */
		(void)km_role_process_send_packed(call->web->process, km_buf_view(&packed));
	}
	explicit_bzero(&event, sizeof(event));
	explicit_bzero(storage, sizeof(storage));
}

/* "2026-11-22T01:02:03.000004Z" as a part of a file name: "20261122T010203Z". */
static void write_stamp(int64_t unix_us, char ret_text[static KM_TIME_TEXT_SIZE])
{
	char text[KM_TIME_TEXT_SIZE];
	size_t size = 0;

	km_time_write(unix_us, text);
	for (size_t i = 0; text[i] != '\0' && text[i] != '.'; i++) {
		if (text[i] != '-' && text[i] != ':') {
			ret_text[size++] = text[i];
		}
	}
	ret_text[size++] = 'Z';
	ret_text[size] = '\0';
}

static void done_plan(void *context)
{
	struct export *export = context;
	struct km_call *call = export->listing->call;
	struct km_response response = { .status = 200, .content_type = "video/mp4" };
	struct km_body_source source = { read_piece, destroy, export };
	char disposition[160];
	char from[KM_TIME_TEXT_SIZE];
	char to[KM_TIME_TEXT_SIZE];

	if (export->err < 0 || km_call_request(call) == NULL) {
		if (export->err < 0) {
			fail(export);
		}
		destroy(export);
		return;
	}
	write_stamp(export->found.start_us, from);
	write_stamp(export->found.end_us, to);
	(void)snprintf(disposition, sizeof(disposition),
	    "attachment; filename=\"komainu-%s-%s.mp4\"", from, to);
	response.headers[0].name = "content-disposition:";
	response.headers[0].value = disposition;
	response.header_count = 1;
	if (km_call_request(call)->method == KM_METHOD_GET) {
		report(export);
	}
	km_body_stream_answer(call, &response, km_clip_movie_bytes(export->movie), &source);
}

static void on_listed(struct km_listing *listing)
{
	struct km_web *web = listing->call->web;
	struct export *export = NULL;

	if (web->exports < EXPORTS_MAX) {
		export = calloc(1, sizeof(*export));
	}
	if (export == NULL) {
		km_call_fail(listing->call, 503, "busy",
		    "other exports are under way: try again when they are done");
		km_listing_destroy(listing);
		return;
	}
	export->listing = listing;
	web->exports++;
	if (km_call_submit(listing->call, run_plan, done_plan, export) < 0) {
		destroy(export);
	}
}

void km_resource_export_movie(struct km_call *call)
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
