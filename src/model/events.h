/*
 * What goes into the journal (events.tbl).
 */
#ifndef KM_MODEL_EVENTS_H
#define KM_MODEL_EVENTS_H

enum km_event {
#define KM_EVENT(number, NAME, name, text) KM_EVENT_##NAME = (number),
#include "model/events.tbl"
#undef KM_EVENT
};

/* "camera_lost"; "unknown". Static. */
const char *km_events_name(unsigned event);

/* A sentence for people; static. */
const char *km_events_text(unsigned event);

#endif
