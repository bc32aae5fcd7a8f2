/*
 * Whether a device has a known weakness, how sure that is, and why. Pure.
 *
 * Lists name products in their own ways, leave versions out and use wildcards, so a match is never
 * a yes or no: the confidence (0 to 100) says how much of it is certain, the reason in words what
 * it rests on. From KM_WEAKNESS_MATCH_SHOWN on it is shown unasked.
 */
#ifndef KM_JUDGE_WEAKNESS_MATCH_H
#define KM_JUDGE_WEAKNESS_MATCH_H

#include "model/weakness.h"

#define KM_WEAKNESS_MATCH_SHOWN       70
#define KM_WEAKNESS_MATCH_REASON_SIZE 480

/* What is known of a device; NULL or "" for what is not. */
struct km_weakness_device {
	const char *maker;
	const char *model;
	const char *firmware;
	const char *hardware;
	/* A part of the program instead: `model` is the product, and whoever packs it keeps old
	 * versions repaired (Debian), so that a version number alone proves little. */
	bool is_repaired_by_others;
};

struct km_weakness_hit {
	uint8_t confidence; /* 1 to 100 */
	char reason[KM_WEAKNESS_MATCH_REASON_SIZE];
};

/* Returns whether there is a match at all; else ret_hit is untouched. */
bool km_weakness_match_device(const struct km_weakness_device *device,
    const struct km_weakness *weakness, struct km_weakness_hit *ret_hit);

#endif
