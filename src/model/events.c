#include "model/events.h"

const char *km_events_name(unsigned event)
{
	switch (event) {
#define KM_EVENT(number, NAME, name, from, text)                                                   \
	case (number):                                                                             \
		return #name;
#include "model/events.tbl"
#undef KM_EVENT
	default:
		return "unknown";
	}
}

int km_events_find(struct km_bytes name, unsigned *ret_event)
{
#define KM_EVENT(number, NAME, event_name, from, text)                                             \
	if (km_bytes_is_equal(name, KM_BYTES(#event_name))) {                                      \
		*ret_event = (number);                                                             \
		return 0;                                                                          \
	}
#include "model/events.tbl"
#undef KM_EVENT
	return KM_ERR_NOT_FOUND;
}

bool km_events_may_report(unsigned event, enum km_role role)
{
	switch (event) {
#define KM_EVENT(number, NAME, name, from, text)                                                   \
	case (number):                                                                             \
		return ((unsigned)(from) & (unsigned)role) != 0;
#include "model/events.tbl"
#undef KM_EVENT
	default:
		return false;
	}
}

const char *km_events_text(unsigned event)
{
	switch (event) {
#define KM_EVENT(number, NAME, name, from, text)                                                   \
	case (number):                                                                             \
		return text;
#include "model/events.tbl"
#undef KM_EVENT
	default:
		return "an event that this version does not know";
	}
}
