/*
 * Enumerations that cross process borders (states.tbl), and their names in JSON, logs and the page.
 */
#ifndef KM_MODEL_STATES_H
#define KM_MODEL_STATES_H

#include "base/bytes.h"
#include "base/error.h"

enum km_states {
#define KM_STATE(set, SET, NAME, name, number) KM_##SET##_##NAME = (number),
#include "model/states.tbl"
#undef KM_STATE
};

/* The name ("streaming") of a value in its set; "unknown" for what the set does not have. Static.
 */
const char *km_states_camera_state(unsigned value);
const char *km_states_storage_state(unsigned value);
const char *km_states_camera_transport(unsigned value);
const char *km_states_gap_reason(unsigned value);

/* The same for a set by its name ("severity"). */
const char *km_states_name(const char *set, unsigned value);

/* The value of a name in a set. Returns 0 or KM_ERR_NOT_FOUND. */
KM_MUST_USE int km_states_find(const char *set, struct km_bytes name, unsigned *ret_value);

#endif
