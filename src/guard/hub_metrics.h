/*
 * Figures for monitoring, for who has an API token with the right for them. Private to guard/.
 */
#ifndef KM_GUARD_HUB_METRICS_H
#define KM_GUARD_HUB_METRICS_H

#include "guard/hub.h"

/* Setting in the database: SHA-256 of the token that earlier versions made for this alone. */
#define KM_HUB_METRICS_SETTING "metrics_token"

/* Answers web; wipes the token. */
void km_hub_metrics_get(struct km_hub *hub, struct km_message_metrics_get *get);

#endif
