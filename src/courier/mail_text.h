/*
 * A delivery as a mail [RFC 5322, RFC 2045, RFC 2047]: one notice, or a digest of many.
 *
 * Header lines hold ASCII of our own making, checked addresses and encoded words, so that nothing
 * in a notice can begin another header.
 */
#ifndef KM_COURIER_MAIL_TEXT_H
#define KM_COURIER_MAIL_TEXT_H

#include "courier/post.h"

#define KM_MAIL_TEXT_MAX 524288 /* bytes of a digest of the largest notices */

/*
 * Append the mail, with CRLF line ends. now_unix_us: its Date. Returns 0, KM_ERR_FORMAT (an address
 * that would break a header) or buf's error.
 */
KM_MUST_USE int km_mail_text_write(
    const struct km_post *post, int64_t now_unix_us, struct km_buf *buf);

/* Append "Name: text" as encoded words [RFC 2047 2], folded, with CRLF. The name is ours, short. */
void km_mail_text_add_header(struct km_buf *buf, const char *name, struct km_bytes text);

/* Append "Sun, 22 Nov 2026 21:52:14 +0000" [RFC 5322 3.3]. */
void km_mail_text_add_date(struct km_buf *buf, int64_t unix_us);

#endif
