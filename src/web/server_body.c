#include "web/server_body.h"

#include <assert.h>
#include <string.h>

static uint64_t waiting(const struct km_server_body *body)
{
	uint64_t bytes = body->fixed.size;

	for (size_t i = 0; i < body->piece_count; i++) {
		bytes += body->pieces[i].bytes.size - body->pieces[i].sent;
	}
	return bytes;
}

void km_server_body_push(struct km_server_body *body, struct km_buf *piece)
{
	assert(body->piece_count < KM_SERVER_BODY_PIECES_MAX);
	assert(piece->size > 0 && waiting(body) + piece->size <= body->left);
	body->pieces[body->piece_count].bytes = *piece;
	body->pieces[body->piece_count++].sent = 0;
	*piece = (struct km_buf){ 0 };
}

bool km_server_body_wants(const struct km_server_body *body)
{
	return body->piece_count < KM_SERVER_BODY_PIECES_MAX && waiting(body) < body->left;
}

static void drop_first(struct km_server_body *body)
{
	km_buf_finish(&body->pieces[0].bytes);
	body->piece_count--;
	memmove(&body->pieces[0], &body->pieces[1], body->piece_count * sizeof(body->pieces[0]));
}

size_t km_server_body_take(struct km_server_body *body, uint8_t *to, size_t size)
{
	struct km_bytes next = body->fixed;

	if (next.size == 0 && body->piece_count > 0) {
		next = km_bytes_after(km_buf_view(&body->pieces[0].bytes), body->pieces[0].sent);
	}
	next = km_bytes_slice(next, 0, size);
	if (next.size == 0) {
		return 0;
	}
	memcpy(to, next.data, next.size);
	body->left -= next.size;
	if (body->fixed.size > 0) {
		body->fixed = km_bytes_after(body->fixed, next.size);
		return next.size;
	}
	body->pieces[0].sent += next.size;
	if (body->pieces[0].sent == body->pieces[0].bytes.size) {
		drop_first(body);
	}
	return next.size;
}

void km_server_body_finish(struct km_server_body *body)
{
	while (body->piece_count > 0) {
		drop_first(body);
	}
	body->left = 0;
}
