/*
 * The requirements for a procurement specification as a workbook: what a profile makes apply, with
 * columns for the supplier's answer.
 */
#ifndef KM_REPORT_SPEC_SHEET_H
#define KM_REPORT_SPEC_SHEET_H

#include "base/buf.h"

/* profile: bits 1 << enum km_profile_part. Appends to an empty buffer. KM_ERR_LIMIT, KM_ERR_MEMORY.
 */
KM_MUST_USE int km_spec_sheet_write(uint32_t profile, bool is_japanese, struct km_buf *paper);

#endif
