#include "model/states.h"

#include <string.h>

static const struct state {
	const char *set;
	const char *name;
	unsigned value;
} states[] = {
#define KM_STATE(set, SET, NAME, name, number) { #set, #name, (number) },
#include "model/states.tbl"
#undef KM_STATE
};

const char *km_states_name(const char *set, unsigned value)
{
	for (size_t i = 0; i < KM_COUNT(states); i++) {
		if (states[i].value == value && strcmp(states[i].set, set) == 0) {
			return states[i].name;
		}
	}
	return "unknown";
}

const char *km_states_camera_state(unsigned value)
{
	return km_states_name("camera_state", value);
}

const char *km_states_storage_state(unsigned value)
{
	return km_states_name("storage_state", value);
}

const char *km_states_camera_transport(unsigned value)
{
	return km_states_name("camera_transport", value);
}

const char *km_states_gap_reason(unsigned value)
{
	return km_states_name("gap_reason", value);
}

int km_states_find(const char *set, struct km_bytes name, unsigned *ret_value)
{
	for (size_t i = 0; i < KM_COUNT(states); i++) {
		if (strcmp(states[i].set, set) == 0 &&
		    km_bytes_is_equal(km_bytes_text(states[i].name), name)) {
			*ret_value = states[i].value;
			return 0;
		}
	}
	return KM_ERR_NOT_FOUND;
}
