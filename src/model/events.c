#include "model/events.h"

const char *km_events_name(unsigned event)
{
	switch (event) {
#define KM_EVENT(number, NAME, name, text)                                                         \
	case (number):                                                                             \
		return #name;
#include "model/events.tbl"
#undef KM_EVENT
	default:
		return "unknown";
	}
}

const char *km_events_text(unsigned event)
{
	switch (event) {
#define KM_EVENT(number, NAME, name, text)                                                         \
	case (number):                                                                             \
		return text;
#include "model/events.tbl"
#undef KM_EVENT
	default:
		return "an event that this version does not know";
	}
}
