/*
 * The head of an answer: status line, the security headers that every answer carries, and the
 * answer's own. [IPA b24-1]
 */
#ifndef KM_WEB_SERVER_HEAD_H
#define KM_WEB_SERVER_HEAD_H

#include "web/server.h"

/* Append the head, with the empty line at its end. must_close adds "connection: close". */
void km_server_head_write(
    const struct km_response *response, bool must_close, struct km_buf *headers);

#endif
