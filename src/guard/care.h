/*
 * Turns what the journal says into alarms (model/alarm_rules.tbl), and looks at what no event
 * tells: clocks, duties, most cameras lost at once. [IPA a04-1..4, g01-1, g03-1]
 *
 * Alarms follow the journal with a position of their own that is stored with them, so that none is
 * missed or made twice, whoever wrote the entry and whatever was restarted in between.
 */
#ifndef KM_GUARD_CARE_H
#define KM_GUARD_CARE_H

#include "guard/hub.h"

struct km_care;

/* Begins to follow the journal. At the very first start, from its end. */
KM_MUST_USE int km_care_create(struct km_hub *hub, struct km_care **ret_care);
void km_care_destroy(struct km_care *care);

/* Look now instead of at the next tick: after what somebody did through a request. */
void km_care_look(struct km_care *care);

/* Whether alarms of this kind are over by themselves. */
bool km_care_clears_itself(unsigned kind);

#endif
