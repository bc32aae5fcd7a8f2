/*
 * Whom a device looks like the work of, from what its services showed (makers.tbl). Pure.
 *
 * What it shows may be a lie or another's part: the result is a likeness, apart from what the
 * device claims over ONVIF, and nothing is said where the signs are weak or contradict each other.
 */
#ifndef KM_AUDITOR_LIKENESS_H
#define KM_AUDITOR_LIKENESS_H

#include "auditor/sightings.h"

struct km_likeness {
	const char *maker; /* static; NULL: unknown */
	unsigned weight;   /* the sum of its signs */
	char model[64];    /* empty: unknown */
	char reason[256];  /* the signs, or why nothing is said; for people */
};

void km_likeness_weigh(const struct km_sightings *sightings, struct km_likeness *ret_likeness);

/* The table's name for what a device claims as its maker, which holds it as a word ("HIKVISION",
 * "AXIS Communications AB"). Static; NULL: not in the table. */
const char *km_likeness_name(const char *claimed);

#endif
