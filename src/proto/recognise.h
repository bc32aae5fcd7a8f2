/*
 * Which protocol speaks on a port: from its greeting, or from what it answers to one small,
 * well-formed question. The port's number plays no part in it.
 *
 * Pure: questions are static bytes, answers are views. Nothing here logs in anywhere.
 */
#ifndef KM_PROTO_RECOGNISE_H
#define KM_PROTO_RECOGNISE_H

#include "base/bytes.h"
#include "base/error.h"

enum km_protocol {
#define KM_PROTOCOL(NAME, name) KM_PROTOCOL_##NAME,
#include "proto/protocols.tbl"
#undef KM_PROTOCOL
	KM_PROTOCOL_COUNT
};

enum km_question {
	KM_QUESTION_NONE, /* wait for a greeting */
	KM_QUESTION_HTTP,
	KM_QUESTION_TLS,
	KM_QUESTION_RTSP,
	KM_QUESTION_REDIS,
	KM_QUESTION_MEMCACHED,
	KM_QUESTION_POSTGRESQL,
	KM_QUESTION_MONGODB,
	KM_QUESTION_MQTT,
	KM_QUESTION_COUNT
};

/* Whether it serves somebody who has not logged in. */
enum km_recognise_access {
	KM_RECOGNISE_UNSAID,
	KM_RECOGNISE_OPEN,
	KM_RECOGNISE_LOCKED,
};

struct km_recognised {
	enum km_protocol protocol;
	enum km_recognise_access access;
	struct km_bytes banner; /* what it calls itself: a piece of the input, one line; or empty */
};

/* "http"; "unknown" for what the table does not have. Static. */
const char *km_recognise_name(enum km_protocol protocol);

/* What to send; empty for KM_QUESTION_NONE. Static. */
struct km_bytes km_recognise_question(enum km_question question);

/*
 * What answered with these first bytes. Returns 0, KM_ERR_SHORT (too little so far) or
 * KM_ERR_NOT_FOUND (nothing that we know).
 */
KM_MUST_USE int km_recognise_answer(
    enum km_question question, struct km_bytes input, struct km_recognised *ret_recognised);

#endif
