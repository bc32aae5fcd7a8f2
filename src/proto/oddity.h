/*
 * Names for the deviations from the specifications that we meet and tolerate (oddity.tbl), as bits
 * of a mask.
 */
#ifndef KM_PROTO_ODDITY_H
#define KM_PROTO_ODDITY_H

#include <stdint.h>

enum km_oddity {
#define KM_ODDITY(name, bit, text) KM_ODDITY_##name = 1 << (bit),
#include "proto/oddity.tbl"
#undef KM_ODDITY
};

/* Completes "this camera ..."; static, never NULL, also for what is not a single known bit. */
const char *km_oddity_text(uint32_t oddity);

/* "START_CODES": for logs and JSON. Static, never NULL. */
const char *km_oddity_name(uint32_t oddity);

#endif
