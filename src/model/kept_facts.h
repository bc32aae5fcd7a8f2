/*
 * Which facts a snapshot of a camera keeps, and how they are compared (kept_facts.tbl).
 */
#ifndef KM_MODEL_KEPT_FACTS_H
#define KM_MODEL_KEPT_FACTS_H

#include "model/facts.h"

enum km_kept_compared {
	KM_KEPT_CHANGES, /* values that are known in both */
	KM_KEPT_SUBJECT, /* besides, subjects that one of them lacks */
	KM_KEPT_VALUE,   /* the set of values */
};

struct km_kept_fact {
	uint16_t kind; /* enum km_fact_kind */
	uint8_t theme; /* kept_theme in states.tbl */
	uint8_t compared;
	uint16_t looked; /* known if the list of this kind was read at all */
};

/* The row of a kind; NULL: it is not kept. Static. */
const struct km_kept_fact *km_kept_facts_find(unsigned kind);

/*
 * Whether a snapshot keeps it: its kind is kept, and the camera said it, or it was seen from
 * outside. What people entered is no setting of the camera.
 */
bool km_kept_facts_is_kept(const struct km_fact *fact);

#endif
