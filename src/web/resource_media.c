/* /api/v1/segments/{segment}/init.mp4 and /media.m4s: the bytes that browsers play. */
#include "proto/mp4_fragment.h"
#include "store/clip.h"
#include "web/body_stream.h"
#include "web/key_chain.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define PIECE_BYTES ((uint64_t)512 * 1024)

void km_resource_media_init(struct km_call *call);
void km_resource_media_fragments(struct km_call *call);

struct media {
	struct km_call *call;
	struct km_key_chain keys;
	struct km_clip *clip;
	bool is_init;
	struct km_buf init;
	uint64_t at;   /* the next byte */
	uint64_t left; /* bytes to read */
	int err;
};

static void destroy(void *context)
{
	struct media *media = context;
	struct km_call *call = media->call;

	km_key_chain_wipe(&media->keys);
	km_clip_destroy(media->clip);
	km_buf_finish(&media->init);
	free(media);
	km_call_unref(call);
}

static void run_open(void *context)
{
	struct media *media = context;
	const struct km_archive_segment *row = &media->call->segment;
	const struct km_secret *key = km_key_chain_find(&media->keys, &row->key);
	struct km_archive_pool *pool = media->call->web->archives;
	struct km_archive *archive = NULL;
	struct km_segment *segment = NULL;

	if (key == NULL) {
		media->err = KM_ERR_NOT_FOUND;
		return;
	}
	media->err = km_archive_pool_take(pool, &archive);
	if (media->err == 0) {
		media->err = km_segment_open(archive, row, key->bytes, &segment);
		km_archive_pool_give(pool, archive, false);
	}
	if (media->err < 0) {
		return;
	}
	media->err = km_clip_create(segment, row, &media->clip);
	if (media->err < 0) {
		km_segment_close(segment);
	} else if (media->is_init) {
		km_buf_init(&media->init, KM_MP4_INIT_MAX);
		media->err = km_clip_write_init(media->clip, &media->init);
	}
}

static int read_piece(void *context, struct km_buf *piece)
{
	struct media *media = context;
	size_t size = (size_t)(media->left < PIECE_BYTES ? media->left : PIECE_BYTES);
	int err = km_clip_read(media->clip, media->at, size, piece);

	media->at += size;
	media->left -= size;
	return err;
}

static void add_header(struct km_response *response, const char *name, const char *value)
{
	response->headers[response->header_count].name = name;
	response->headers[response->header_count++].value = value;
}

/* Fill in what part of the file the request wants, and the headers that say so. */
static void apply_range(struct media *media, uint64_t whole, const char *etag,
    struct km_response *response, char *range, size_t range_size)
{
	const struct km_request *request = km_call_request(media->call);
	bool is_other = request->if_range[0] != '\0' &&
			!km_bytes_is_equal(km_bytes_text(request->if_range), km_bytes_text(etag));
	enum km_range_kind kind = KM_RANGE_WHOLE;

	media->at = 0;
	media->left = whole;
	if (!is_other) {
		kind = km_request_range(
		    km_bytes_text(request->range), whole, &media->at, &media->left);
	}
	if (kind == KM_RANGE_PART) {
		response->status = 206;
		(void)snprintf(range, range_size, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64,
		    media->at, media->at + media->left - 1, whole);
		add_header(response, "content-range:", range);
	} else if (kind == KM_RANGE_OUTSIDE) {
		response->status = 416;
		(void)snprintf(range, range_size, "bytes */%" PRIu64, whole);
		add_header(response, "content-range:", range);
	}
}

static void answer(struct media *media)
{
	uint64_t whole = media->is_init ? media->init.size : km_clip_media_bytes(media->clip);
	struct km_response response = { .status = 200, .content_type = "video/mp4" };
	struct km_body_source source = { read_piece, destroy, media };
	char id[KM_UUID_TEXT_SIZE];
	char etag[80];
	char range[96];

	/* A segment that is still being written only grows at its end: what was served stays. */
	km_uuid_write(&media->call->segment.id, id);
	(void)snprintf(etag, sizeof(etag), "\"%s-%" PRIu64 "\"", id, whole);
	add_header(&response, "accept-ranges:", "bytes");
	add_header(&response, "etag:", etag);
	apply_range(media, whole, etag, &response, range, sizeof(range));
	if (media->is_init && response.status != 416) {
		response.cache_control = "private, max-age=31536000, immutable";
		km_buf_init(&response.body, KM_MP4_INIT_MAX);
		km_buf_add(&response.body, km_bytes_slice(km_buf_view(&media->init),
					       (size_t)media->at, (size_t)media->left));
	} else if (response.status != 416 && whole > 0) {
		km_body_stream_answer(media->call, &response, media->left, &source);
		return;
	}
	km_call_answer(media->call, &response);
	destroy(media);
}

static void done_open(void *context)
{
	struct media *media = context;

	if (km_call_request(media->call) == NULL) {
		destroy(media);
	} else if (media->err < 0) {
		km_call_fail_err(media->call,
		    media->err == KM_ERR_AUTH || media->err == KM_ERR_FORMAT ? KM_ERR_SYS
									     : media->err,
		    km_error_text(media->err));
		destroy(media);
	} else {
		answer(media);
	}
}

static void on_keys(void *context, int err)
{
	struct media *media = context;

	if (err == KM_ERR_AUTH) {
		km_call_fail(media->call, 401, "not_logged_in", "log in first");
	} else if (err < 0) {
		km_call_fail_err(media->call, err, NULL);
	} else if (km_call_submit(media->call, run_open, done_open, media) == 0) {
		return;
	}
	destroy(media);
}

static void serve(struct km_call *call, bool is_init)
{
	struct media *media = calloc(1, sizeof(*media));

	if (media == NULL || km_key_chain_add(&media->keys, &call->segment.key) < 0) {
		free(media);
		km_call_fail_err(call, KM_ERR_MEMORY, NULL);
		return;
	}
	media->call = km_call_ref(call);
	media->is_init = is_init;
	km_key_chain_fetch(&media->keys, call, &call->segment.camera, on_keys, media);
}

void km_resource_media_init(struct km_call *call)
{
	serve(call, true);
}

void km_resource_media_fragments(struct km_call *call)
{
	serve(call, false);
}
