#include "model/states.h"

#include "base/compiler.h"

#include <stddef.h>
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

static const char *find_name(const char *set, unsigned value)
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
	return find_name("camera_state", value);
}

const char *km_states_storage_state(unsigned value)
{
	return find_name("storage_state", value);
}

const char *km_states_camera_transport(unsigned value)
{
	return find_name("camera_transport", value);
}

const char *km_states_gap_reason(unsigned value)
{
	return find_name("gap_reason", value);
}
