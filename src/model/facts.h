/*
 * Facts (facts.tbl): what was seen of a camera, or of the recorder, once. Whoever gathers them
 * judges nothing; whoever judges (judge/) reads nothing else.
 */
#ifndef KM_MODEL_FACTS_H
#define KM_MODEL_FACTS_H

#include "base/bytes.h"
#include "base/error.h"
#include "base/uuid.h"

#include <stdbool.h>

#define KM_FACT_SUBJECT_SIZE 128
#define KM_FACT_VALUE_SIZE   512
#define KM_FACT_DETAIL_SIZE  512
#define KM_FACT_PROOF_BYTES  32

/*
 * What the ledger of tried logins calls the random account of an audit: each is another one, and a
 * camera that counts failed logins, not accounts, counts them all.
 */
#define KM_FACT_CONTROL_ACCOUNT "control"

enum km_fact_kind {
#define KM_FACT(number, NAME, name, shape, from, text) KM_FACT_##NAME = (number),
#include "model/facts.tbl"
#undef KM_FACT
};

enum km_fact_shape {
	KM_FACT_SHAPE_YES_NO,
	KM_FACT_SHAPE_NUMBER,
	KM_FACT_SHAPE_TIME,
	KM_FACT_SHAPE_TEXT,
	KM_FACT_SHAPE_WORD,
};

/*
 * One of it for a camera, kind, subject and source. Sources (fact_source in states.tbl) are kept
 * apart, so that two that disagree are seen to.
 */
struct km_fact {
	struct km_uuid camera; /* nil: the recorder itself */
	uint16_t kind;         /* enum km_fact_kind */
	uint8_t source;        /* fact_source in states.tbl */
	bool is_known;         /* false: it was tried; `detail` says why it is not known */
	bool has_proof;
	char subject[KM_FACT_SUBJECT_SIZE];
	char value[KM_FACT_VALUE_SIZE];     /* in the shape of its kind; empty if it is not known */
	char detail[KM_FACT_DETAIL_SIZE];   /* what was seen, for people; never a secret */
	uint8_t proof[KM_FACT_PROOF_BYTES]; /* SHA-256 of the raw reply */
	int64_t observed_unix_us;
};

/* "port_open"; "unknown" for no kind of ours. Static. */
const char *km_facts_name(unsigned kind);

/* The sentence of the table, its subject in brackets. Static. */
const char *km_facts_text(unsigned kind);

/* Returns 0 or KM_ERR_NOT_FOUND. */
KM_MUST_USE int km_facts_find(struct km_bytes name, enum km_fact_kind *ret_kind);

/*
 * Whether kind, source and value fit the table, and all texts are UTF-8 without control characters:
 * they end up in pages, papers and terminals. 0, KM_ERR_NOT_FOUND or KM_ERR_FORMAT.
 */
KM_MUST_USE int km_facts_check(const struct km_fact *fact);

/* Whether the camera, or a look at it, tells facts of this kind; else only people, lists and the
 * recorder know it. */
bool km_facts_is_from_camera(unsigned kind);

/* The value as a number: of NUMBER and TIME; YES_NO as 1 and 0. KM_ERR_FORMAT, KM_ERR_STATE (not
 * known). */
KM_MUST_USE int km_facts_number(const struct km_fact *fact, int64_t *ret_number);

bool km_facts_is_yes(const struct km_fact *fact); /* known, and yes */
bool km_facts_is_no(const struct km_fact *fact);  /* known, and no */

#endif
