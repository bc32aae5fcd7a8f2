/*
 * Two sources that say different things of one camera: what it says against what is seen, or one
 * list against another. Private to judge/.
 */
#ifndef KM_JUDGE_DISAGREEMENTS_H
#define KM_JUDGE_DISAGREEMENTS_H

#include "judge/answers.h"

#define KM_DISAGREEMENTS_MAX 24 /* of one camera; further ones are not told */

/* Find them. Returns how many; they borrow the facts. */
size_t km_disagreements_find(const struct km_uuid *camera, const struct km_fact *facts,
    size_t count, struct km_disagreement ret_list[static KM_DISAGREEMENTS_MAX]);

#endif
