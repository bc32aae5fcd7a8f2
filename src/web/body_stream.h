/*
 * A long body that is read from the disk piece by piece, as fast as the client takes it.
 */
#ifndef KM_WEB_BODY_STREAM_H
#define KM_WEB_BODY_STREAM_H

#include "web/call.h"

struct km_body_source {
	/* On the work pool: append the next bytes, at least one. Returns 0 or an error, which cuts
	 * the connection. */
	int (*read)(void *context, struct km_buf *piece);
	/* On the loop, once, when nothing reads any more. */
	void (*destroy)(void *context);
	void *context;
};

/*
 * Answer the call with `size` bytes of the source, which is destroyed in any case. The response's
 * body fields are set here.
 */
void km_body_stream_answer(struct km_call *call, struct km_response *response, uint64_t size,
    const struct km_body_source *source);

#endif
