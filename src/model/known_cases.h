/*
 * The weaknesses that the program knows without any import (known_cases.tbl).
 */
#ifndef KM_MODEL_KNOWN_CASES_H
#define KM_MODEL_KNOWN_CASES_H

#include "model/weakness.h"

/*
 * Each of the table, in its order. weakness: the caller's, with room for at least 16 ranges. A
 * negative result of on_weakness ends the walk and is returned.
 */
KM_MUST_USE int km_known_cases_each(struct km_weakness *weakness,
    int (*on_weakness)(void *context, const struct km_weakness *weakness), void *context);

#endif
