/*
 * What goes into the journal (events.tbl).
 */
#ifndef KM_MODEL_EVENTS_H
#define KM_MODEL_EVENTS_H

#include "base/bytes.h"
#include "base/error.h"
#include "model/roles.h"

#include <stdbool.h>

enum km_event {
#define KM_EVENT(number, NAME, name, from, text) KM_EVENT_##NAME = (number),
#include "model/events.tbl"
#undef KM_EVENT
};

/* "camera_lost"; "unknown". Static. */
const char *km_events_name(unsigned event);

/* The number of a name. Returns 0 or KM_ERR_NOT_FOUND. */
KM_MUST_USE int km_events_find(struct km_bytes name, unsigned *ret_event);

/* Whether the role may report it; false for numbers that are in no table. */
bool km_events_may_report(unsigned event, enum km_role role);

/* A sentence for people; static. */
const char *km_events_text(unsigned event);

#endif
