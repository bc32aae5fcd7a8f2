/*
 * What the guard knows of the recorder itself, as facts for the judge: settings, certificate,
 * listeners, journal, duties, alarms, clock. [IPA a02-1, a04-4, b, g] Private to guard/.
 */
#ifndef KM_GUARD_SELF_FACTS_H
#define KM_GUARD_SELF_FACTS_H

#include "guard/hub.h"
#include "model/facts.h"

#define KM_SELF_FACTS_MAX 65536

/* A list that grows. Zeroed at first; km_self_facts_finish frees it. */
struct km_self_facts {
	struct km_fact *facts;
	size_t count;
	size_t capacity;
	int err; /* 0, KM_ERR_MEMORY or KM_ERR_LIMIT: then nothing is added any more */
};

void km_self_facts_finish(struct km_self_facts *list);

/* Add a copy. */
void km_self_facts_add(struct km_self_facts *list, const struct km_fact *fact);

/* Of the recorder: camera nil, source RECORDER, observed now. */
KM_MUST_USE int km_self_facts_gather(
    struct km_hub *hub, int64_t now_us, struct km_self_facts *list);

/* What the recorder knows of a camera: how it takes its video, and the camera's clock. */
KM_MUST_USE int km_self_facts_gather_camera(struct km_hub *hub, const struct km_hub_camera *camera,
    int64_t now_us, struct km_self_facts *list);

#endif
