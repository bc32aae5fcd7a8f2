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
