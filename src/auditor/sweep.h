/*
 * Many TCP ports of one device: connect, and close again at once. Several connections are
 * outstanding at a time, while each leaves through the gate (auditor/egress) at its pace.
 */
#ifndef KM_AUDITOR_SWEEP_H
#define KM_AUDITOR_SWEEP_H

#include "auditor/egress.h"

enum km_sweep_result {
	KM_SWEEP_SILENT,      /* no answer in time: nothing is known */
	KM_SWEEP_CLOSED,      /* refused */
	KM_SWEEP_OPEN,        /* connected */
	KM_SWEEP_UNREACHABLE, /* the network says that it cannot be reached */
};

struct km_sweep {
	struct km_egress *egress;
	struct km_address address; /* its port does not matter */
	int64_t patience_us;       /* for each connection */
	/* The i-th port of the list, once each. Not called for what was left when cancelled. */
	void (*on_port)(void *context, uint16_t port, enum km_sweep_result result);
	void *context;
};

/*
 * Try each port once. Returns 0, KM_ERR_CLOSED (cancelled), KM_ERR_DENIED, or KM_ERR_SYS (no
 * sockets).
 */
KM_MUST_USE int km_sweep_run(struct km_sweep *sweep, const uint16_t *ports, size_t count);

#endif
