/*
 * Enumerations that cross process borders (states.tbl), and their names in JSON, logs and the page.
 */
#ifndef KM_MODEL_STATES_H
#define KM_MODEL_STATES_H

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

#endif
