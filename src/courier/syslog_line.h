/*
 * A notice as a syslog message [RFC 5424], framed for TLS [RFC 5425 4.3].
 */
#ifndef KM_COURIER_SYSLOG_LINE_H
#define KM_COURIER_SYSLOG_LINE_H

#include "courier/post.h"

#define KM_SYSLOG_LINE_MAX 2048 /* bytes that every receiver must take [RFC 5425 4.3.1] */

/*
 * Append the frame: the length, a space, the message; its text is cut, where a character ends, so
 * that it does not become longer than KM_SYSLOG_LINE_MAX.
 */
KM_MUST_USE int km_syslog_line_write(const struct km_message_courier_notice *notice,
    unsigned language, const char *host_name, struct km_buf *buf);

/* Append a PARAM-VALUE: '"', '\' and ']' escaped [RFC 5424 6.3.3], control characters as spaces. */
void km_syslog_line_add_value(struct km_buf *buf, const char *text);

#endif
