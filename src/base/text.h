/*
 * Bytes as text and back: hexadecimal [RFC 4648 8], base64 [RFC 4648 4, 5], UTF-8 checks.
 */
#ifndef KM_BASE_TEXT_H
#define KM_BASE_TEXT_H

#include "base/buf.h"

/* Lower-case hexadecimal with a NUL: ret_text needs 2 * view.size + 1 bytes, else KM_ERR_LIMIT. */
int km_text_write_hex(struct km_bytes view, char *ret_text, size_t size);

/*
 * Exactly `size` bytes from 2 * size hexadecimal digits of either case. `:` between pairs is
 * skipped, as fingerprints are often written with it. KM_ERR_FORMAT otherwise.
 */
KM_MUST_USE int km_text_parse_hex(struct km_bytes text, uint8_t *ret_data, size_t size);

/* Append as base64 with padding. */
void km_text_add_base64(struct km_buf *buf, struct km_bytes view);

/* The same in the alphabet for URLs and cookies, without padding. */
void km_text_add_base64url(struct km_buf *buf, struct km_bytes view);

/*
 * Append what the base64 text stands for: both alphabets, padding optional, white space skipped
 * (SDP writers fold it). KM_ERR_FORMAT leaves buf as it was.
 */
KM_MUST_USE int km_text_parse_base64(struct km_bytes text, struct km_buf *buf);

/* Whether it is UTF-8 [RFC 3629] without control characters (0-31, 127) other than a tab. */
bool km_text_is_clean_utf8(struct km_bytes text);

/*
 * Whether it may name a camera, an account or a role: 1 to 63 of a-z, 0-9, '-', '_', '.', the first
 * one a letter or a digit. Such names are safe in paths, URLs and logs.
 */
bool km_text_is_name(struct km_bytes text);

/*
 * Append foreign text for a log line: what is not printable ASCII becomes \xNN, and after `most`
 * bytes comes "...".
 */
void km_text_add_escaped(struct km_buf *buf, struct km_bytes text, size_t most);

#endif
