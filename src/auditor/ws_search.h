/*
 * Looking for cameras on the local networks by WS-Discovery: multicast that reaches the neighbours
 * only. Sent when a person asks for it, and never by an audit.
 */
#ifndef KM_AUDITOR_WS_SEARCH_H
#define KM_AUDITOR_WS_SEARCH_H

#include "auditor/ws_discovery.h"
#include "io/address.h"

#include <stdatomic.h>

#define KM_WS_SEARCH_DEVICES_MAX 256

struct km_ws_device {
	struct km_ws_match match;
	struct km_address sender; /* who really answered */
};

struct km_ws_search {
	char interface[16]; /* only there; empty: everywhere but loopback */
	int64_t span_us;
	const atomic_bool *is_cancelled;
	/* results */
	size_t interface_count; /* addresses that were asked from */
	size_t broken_count;    /* answers that make no sense */
	size_t count;
	struct km_ws_device devices[KM_WS_SEARCH_DEVICES_MAX];
};

/*
 * Blocks for span_us. 0, KM_ERR_NOT_FOUND (no such interface, or none that can multicast),
 * KM_ERR_CLOSED, KM_ERR_SYS, KM_ERR_MEMORY.
 */
KM_MUST_USE int km_ws_search_run(struct km_ws_search *search);

#endif
