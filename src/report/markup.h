/*
 * Foreign text inside XML and HTML: its meaning taken away, so that it is text and nothing else.
 */
#ifndef KM_REPORT_MARKUP_H
#define KM_REPORT_MARKUP_H

#include "base/buf.h"

/*
 * Append it, for between tags and inside quoted attributes. What XML cannot hold (control
 * characters, what is not UTF-8, U+FFFE) becomes U+FFFD.
 */
void km_markup_add(struct km_buf *out, struct km_bytes text);

#endif
