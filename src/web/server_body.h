/*
 * What is still to be sent of an answer's body: static bytes, or pieces that are pushed.
 */
#ifndef KM_WEB_SERVER_BODY_H
#define KM_WEB_SERVER_BODY_H

#include "base/buf.h"

#define KM_SERVER_BODY_PIECES_MAX 2 /* one leaves while the next is made */

/* A plain struct, zeroed at first. */
struct km_server_body {
	uint64_t left; /* bytes not taken yet, pushed or to come */
	struct km_bytes fixed;
	struct {
		struct km_buf bytes;
		size_t sent;
	} pieces[KM_SERVER_BODY_PIECES_MAX];
	size_t piece_count;
};

/* Take the bytes of a piece, which is left empty. There must be room, and no more than is left. */
void km_server_body_push(struct km_server_body *body, struct km_buf *piece);

/* Whether another piece may be pushed, and is to come. */
bool km_server_body_wants(const struct km_server_body *body);

/* Copy out at most `size` of the next bytes. Returns how many; 0: nothing is here now. */
size_t km_server_body_take(struct km_server_body *body, uint8_t *to, size_t size);

void km_server_body_finish(struct km_server_body *body);

#endif
