/*
 * A request out of the HTTP library's tables. Together with server.c the only source that knows
 * libwebsockets.
 */
#ifndef KM_WEB_SERVER_READ_H
#define KM_WEB_SERVER_READ_H

#include "web/request.h"

struct lws;

/*
 * Fill in all but peer and body; ret_body_bytes is how many bytes of body follow. Returns 0 or the
 * HTTP status to refuse with.
 */
KM_MUST_USE unsigned km_server_read(
    struct lws *wsi, struct km_request *ret_request, uint64_t *ret_body_bytes);

#endif
