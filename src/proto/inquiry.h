/*
 * The questions "who is there?" that set-up tools of makers send before any login, and what
 * devices answer: Hikvision's (UDP 37020, XML), Dahua's (UDP 37810, JSON behind 32 bytes), and
 * WS-Discovery [WS-Discovery 1.1 5]. [IPA a11-3]
 *
 * These protocols can also set addresses and passwords; only the inquiry is written here.
 * Answers are searched for a few named values, not parsed as XML or JSON: they come from anybody.
 */
#ifndef KM_PROTO_INQUIRY_H
#define KM_PROTO_INQUIRY_H

#include "base/buf.h"
#include "base/error.h"
#include "base/uuid.h"

enum km_inquiry {
	KM_INQUIRY_HIKVISION,
	KM_INQUIRY_DAHUA,
	KM_INQUIRY_WS_DISCOVERY,
};

/* Views into the answer; empty where it does not say. */
struct km_inquiry_answer {
	struct km_bytes model;
	struct km_bytes firmware;
	struct km_bytes serial;
	struct km_bytes mac;
	struct km_bytes activated; /* "true": its first password was set */
};

/* Append the question. id: a fresh one for each. The buffer's error is the caller's to read. */
void km_inquiry_write(enum km_inquiry inquiry, const struct km_uuid *id, struct km_buf *buf);

/* Returns 0 or KM_ERR_FORMAT: not an answer to this question. */
KM_MUST_USE int km_inquiry_parse(
    enum km_inquiry inquiry, struct km_bytes input, struct km_inquiry_answer *ret_answer);

#endif
