#include "web/body_stream.h"

#include <stdlib.h>

#define PIECE_MAX ((size_t)256 * 1024 * 1024) /* one chunk at most, see store/clip */

struct stream {
	struct km_call *call;
	struct km_body_source source;
	uint64_t left; /* bytes not read yet */
	bool is_busy;  /* a thread is reading */
	struct km_buf piece;
	int err;
};

static void destroy(struct stream *stream)
{
	struct km_call *call = stream->call;

	call->on_gone = NULL;
	stream->source.destroy(stream->source.context);
	km_buf_finish(&stream->piece);
	free(stream);
	km_call_unref(call);
}

/* The client has gone, or has everything. */
static void on_gone(void *context)
{
	struct stream *stream = context;

	if (!stream->is_busy) {
		destroy(stream);
	}
}

static void run_read(void *context)
{
	struct stream *stream = context;

	km_buf_init(&stream->piece, PIECE_MAX);
	stream->err = stream->source.read(stream->source.context, &stream->piece);
	if (stream->err == 0) {
		stream->err = km_buf_error(&stream->piece);
	}
	if (stream->err == 0 && (stream->piece.size == 0 || stream->piece.size > stream->left)) {
		stream->err = KM_ERR_FORMAT;
	}
}

static void done_read(void *context)
{
	struct stream *stream = context;

	stream->is_busy = false;
	if (stream->call->exchange == NULL) {
		destroy(stream);
		return;
	}
	if (stream->err < 0) {
		km_server_exchange_abort(stream->call->exchange);
		return;
	}
	stream->left -= stream->piece.size;
	km_server_exchange_push(stream->call->exchange, &stream->piece);
}

static void on_wanted(void *context)
{
	struct stream *stream = context;

	if (stream->is_busy || stream->left == 0) {
		return;
	}
	stream->is_busy = true;
	if (km_call_submit(stream->call, run_read, done_read, stream) < 0) {
		stream->is_busy = false;
		km_server_exchange_abort(stream->call->exchange);
	}
}

void km_body_stream_answer(struct km_call *call, struct km_response *response, uint64_t size,
    const struct km_body_source *source)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (stream == NULL || call->exchange == NULL) {
		free(stream);
		source->destroy(source->context);
		km_call_fail_err(call, KM_ERR_MEMORY, NULL);
		return;
	}
	stream->call = km_call_ref(call);
	stream->source = *source;
	stream->left = size;
	call->on_gone = on_gone;
	call->on_gone_context = stream;
	response->is_pushed = true;
	response->size = size;
	response->on_wanted = on_wanted;
	response->on_wanted_context = stream;
	km_call_answer(call, response);
}
